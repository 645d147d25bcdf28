SELECT
  "month" AS "month",
  "blank" AS "blank",
  SUM("size") AS "rows",
  SUM("bad") AS "bad",
  COUNT(*) AS "groups",
  COUNT_IF("size" = 1) AS "single",
  SUM("sum_1") AS "sum_1"
FROM (
SELECT
  "month" AS "month",
  "blank" AS "blank",
  COUNT(*) AS "size",
  COUNT("bad") AS "bad",
  SUM("sum_1") AS "sum_1"
FROM (
SELECT
  DATE_TRUNC('MONTH', TO_TIMESTAMP_NTZ(IFF(FLOOR("AMOUNT") BETWEEN :1 AND :2, FLOOR("AMOUNT"), NULL), 0))::DATE AS "month",
  "TS" AS "sum_1",
  ("TS" IS NULL AND "AMOUNT" IS NULL) AS "blank",
  IFF(FLOOR("AMOUNT") BETWEEN :1 AND :2, NULL, "AMOUNT"::VARCHAR) AS "bad"
FROM "DB"."S"."T"
LIMIT 100000
)
GROUP BY "month", "blank"
)
GROUP BY "month", "blank"
-- :1 = -62135596800
-- :2 = 253402300799
