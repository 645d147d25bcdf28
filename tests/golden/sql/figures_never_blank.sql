SELECT
  "month" AS "month",
  SUM("size") AS "rows",
  COUNT(*) AS "groups",
  SUM("sum_1") AS "sum_1"
FROM (
SELECT
  "month" AS "month",
  COUNT(*) AS "size",
  SUM("sum_1") AS "sum_1"
FROM (
SELECT
  DATE_TRUNC('MONTH', "D")::DATE AS "month",
  "N" AS "sum_1"
FROM "DB"."S"."T" AT(STATEMENT => '01b2c3d4-0000-1111-0000-000000000001')
)
GROUP BY "month"
)
GROUP BY "month"
