SELECT
  GROUPING("month") = 1 AS "total",
  "month" AS "month",
  "key_1" AS "key_1",
  SUM("sum_1") AS "sum_1",
  SUM(ABS("sum_1")) AS "magnitude_1",
  COUNT_IF(NOT "blank_row") AS "rows",
  COUNT_IF("blank_row") AS "blank",
  0 AS "bad"
FROM (
SELECT
  DATE_TRUNC('MONTH', "d""; DROP TABLE x --")::DATE AS "month",
  "it's" AS "key_1",
  "ünï.cödé [/b]" AS "sum_1",
  ("d""; DROP TABLE x --" IS NULL AND "ünï.cödé [/b]" IS NULL AND COALESCE(TRIM("it's", :1), '') = '') AS "blank_row"
FROM "DB"."S"."T"
)
GROUP BY GROUPING SETS (("month", "key_1"), ())
HAVING GROUPING("month") = 1 OR COUNT_IF(NOT "blank_row") > 0
ORDER BY "total" DESC, "month" NULLS LAST, "key_1" NULLS LAST
-- :1 = '\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
