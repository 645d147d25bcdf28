SELECT
  "month" AS "month",
  COUNT(*) AS "rows",
  1 AS "groups",
  SUM("sum_1") AS "sum_1"
FROM (
SELECT
  DATE_TRUNC('MONTH', "D")::DATE AS "month",
  "N" AS "sum_1"
FROM "DB"."S"."T"
)
GROUP BY "month"
