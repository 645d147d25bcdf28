SELECT
  DATE_TRUNC('MONTH', "d""; DROP TABLE x --")::DATE AS "month",
  "it's" AS "key_1",
  "ünï.cödé [/b]" AS "sum_1",
  ("d""; DROP TABLE x --" IS NULL AND "ünï.cödé [/b]" IS NULL AND COALESCE(TRIM("it's", :1), '') = '') AS "blank"
FROM "DB"."S"."T"
WHERE ("d""; DROP TABLE x --" >= TO_DATE('2024-02-01', 'YYYY-MM-DD')
  AND "d""; DROP TABLE x --" < TO_DATE('2024-03-01', 'YYYY-MM-DD'))
  OR "d""; DROP TABLE x --" IS NULL
-- :1 = '\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
