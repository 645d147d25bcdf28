SELECT
  "month" AS "month",
  "blank_row" AS "blank",
  SUM("size") AS "rows",
  COUNT(*) AS "groups",
  SUM("sum_1") AS "sum_1",
  SUM("sum_2") AS "sum_2",
  SUM("sum_3") AS "sum_3",
  SUM("sum_4"::FLOAT) AS "sum_4",
  SUM("sum_5"::FLOAT) AS "sum_5",
  SUM("abs_4") AS "abs_4",
  SUM("abs_5") AS "abs_5"
FROM (
SELECT
  "month" AS "month",
  "blank_row" AS "blank_row",
  COUNT(*) AS "size",
  SUM("sum_1") AS "sum_1",
  SUM("sum_2") AS "sum_2",
  SUM("sum_3") AS "sum_3",
  SUM("sum_4") AS "sum_4",
  SUM("sum_5") AS "sum_5",
  SUM(ABS("sum_4"::FLOAT)) AS "abs_4",
  SUM(ABS("sum_5"::FLOAT)) AS "abs_5"
FROM (
SELECT
  DATE_TRUNC('MONTH', "day")::DATE AS "month",
  "txt" AS "key_1",
  "ok" AS "key_2",
  DATEDIFF('NANOSECOND', TIME_FROM_PARTS(0, 0, 0), "t") AS "key_3",
  "ntz3" AS "key_4",
  DATE_PART(EPOCH_SECOND, DATE_TRUNC('SECOND', "ntz9")) * 1000000000 + DATE_PART(NANOSECOND, "ntz9") AS "key_5",
  "ltz" AS "key_6",
  DATE_PART(EPOCH_SECOND, DATE_TRUNC('SECOND', "tz")) * 1000000000 + DATE_PART(NANOSECOND, "tz") AS "key_7",
  "bin" AS "key_8",
  IFF(CONTAINS(TO_JSON("v"), 'undefined'), REPLACE(REPLACE(REGEXP_REPLACE(TO_JSON("v"), $$("([^"\\]|\\.)*"|undefined)$$, $$\1$$ || CHR(1)), 'undefined' || CHR(1), 'null'), CHR(1), ''), TO_JSON("v")) AS "key_9",
  IFF(CONTAINS(TO_JSON("o"), 'undefined'), REPLACE(REPLACE(REGEXP_REPLACE(TO_JSON("o"), $$("([^"\\]|\\.)*"|undefined)$$, $$\1$$ || CHR(1)), 'undefined' || CHR(1), 'null'), CHR(1), ''), TO_JSON("o")) AS "key_10",
  IFF(CONTAINS(TO_JSON("a"), 'undefined'), REPLACE(REPLACE(REGEXP_REPLACE(TO_JSON("a"), $$("([^"\\]|\\.)*"|undefined)$$, $$\1$$ || CHR(1)), 'undefined' || CHR(1), 'null'), CHR(1), ''), TO_JSON("a")) AS "key_11",
  TO_JSON("vec"::ARRAY) AS "key_12",
  TO_JSON(ST_ASGEOJSON("geo")) AS "key_13",
  "odd ""one"""::VARCHAR AS "key_14",
  "n" AS "sum_1",
  "big" AS "sum_2",
  "money" AS "sum_3",
  "f" AS "sum_4",
  "df"::FLOAT AS "sum_5",
  ("day" IS NULL AND "n" IS NULL AND "big" IS NULL AND "money" IS NULL AND "f" IS NULL AND "df" IS NULL AND "ok" IS NULL AND "t" IS NULL AND "ntz3" IS NULL AND "ntz9" IS NULL AND "ltz" IS NULL AND "tz" IS NULL AND "bin" IS NULL AND "o" IS NULL AND "a" IS NULL AND "vec" IS NULL AND "geo" IS NULL AND "odd ""one""" IS NULL AND COALESCE(TRIM("txt", :1), '') = '' AND COALESCE(IS_NULL_VALUE("v"), TRUE)) AS "blank_row"
FROM "DB"."S"."T" AT(STATEMENT => '01b2c3d4-0000-1111-0000-000000000001')
)
GROUP BY "month", "blank_row", "key_1", "key_2", "key_3", "key_4", "key_5", "key_6", "key_7", "key_8", "key_9", "key_10", "key_11", "key_12", "key_13", "key_14"
)
GROUP BY "month", "blank_row"
-- :1 = '\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
