SELECT
  "month" AS "month",
  SUM("size") AS "rows",
  COUNT(*) AS "groups",
  COUNT_IF("size" = 1) AS "single",
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
FROM "DB"."S"."T"
LIMIT 100000
)
GROUP BY "month"
)
GROUP BY "month"
