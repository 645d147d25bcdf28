SELECT
  "month" AS "month",
  COUNT(*) AS "rows",
  APPROX_COUNT_DISTINCT(HASH("key_1")) AS "groups",
  SUM("sum_1") AS "sum_1",
  SUM("sum_2") AS "sum_2"
FROM (
SELECT
  DATE_TRUNC('MONTH', "O_ORDERDATE")::DATE AS "month",
  "O_ORDERSTATUS" AS "key_1",
  "O_ORDERKEY" AS "sum_1",
  "O_TOTALPRICE" AS "sum_2"
FROM "DB"."S"."T"
)
GROUP BY "month"
