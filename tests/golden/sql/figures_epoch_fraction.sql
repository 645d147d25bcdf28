SELECT
  "month" AS "month",
  "blank_row" AS "blank",
  SUM("size") AS "rows",
  SUM("bad_date") AS "bad",
  COUNT(*) AS "groups",
  SUM("sum_1") AS "sum_1"
FROM (
SELECT
  "month" AS "month",
  "blank_row" AS "blank_row",
  COUNT(*) AS "size",
  COUNT("bad_date") AS "bad_date",
  SUM("sum_1") AS "sum_1"
FROM (
SELECT
  DATE_TRUNC('MONTH', TO_TIMESTAMP_NTZ(IFF(FLOOR("AMOUNT") BETWEEN :1 AND :2, FLOOR("AMOUNT"), NULL), 0))::DATE AS "month",
  "TS" AS "sum_1",
  ("TS" IS NULL AND "AMOUNT" IS NULL) AS "blank_row",
  IFF(FLOOR("AMOUNT") BETWEEN :1 AND :2, NULL, "AMOUNT"::VARCHAR) AS "bad_date"
FROM "DB"."S"."T" AT(STATEMENT => '01b2c3d4-0000-1111-0000-000000000001')
)
GROUP BY "month", "blank_row"
)
GROUP BY "month", "blank_row"
-- :1 = -62135596800
-- :2 = 253402300799
