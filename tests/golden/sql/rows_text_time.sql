SELECT
  DATE_TRUNC('MONTH', IFF(REGEXP_LIKE(TRIM("DOB", :1), :2, 'i'), TRY_TO_DATE(REGEXP_REPLACE(TRIM("DOB", :1), :3, :4, 1, 1, 'i'), 'YYYY-MM-DD'), NULL))::DATE AS "month",
  "AREA" AS "sum_1",
  ("AREA" IS NULL AND COALESCE(TRIM("DOB", :1), '') = '') AS "blank",
  IFF(COALESCE(TRIM("DOB", :1), '') = '' OR IFF(REGEXP_LIKE(TRIM("DOB", :1), :2, 'i'), TRY_TO_DATE(REGEXP_REPLACE(TRIM("DOB", :1), :3, :4, 1, 1, 'i'), 'YYYY-MM-DD'), NULL) IS NOT NULL, NULL, LEFT("DOB", 100)) AS "bad"
FROM "DB"."S"."T"
-- :1 = '\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
-- :2 = '([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)-(0?[1-9]|1[0-2])-(0?[1-9]|[12][0-9]|3[01]) +([01]?[0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]'
-- :3 = '^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2}) +[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}$'
-- :4 = '\\1-\\2-\\3'
