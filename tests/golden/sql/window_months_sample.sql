SELECT
  "month" AS "month",
  SUM("size") AS "rows",
  COUNT(*) AS "groups",
  COUNT_IF("size" = 1) AS "single",
  SUM("sum_1") AS "sum_1",
  SUM("sum_2") AS "sum_2"
FROM (
SELECT
  "month" AS "month",
  "key_1" AS "key_1",
  COUNT(*) AS "size",
  SUM("sum_1") AS "sum_1",
  SUM("sum_2") AS "sum_2"
FROM (
SELECT
  DATE_TRUNC('MONTH', "O_ORDERDATE")::DATE AS "month",
  "O_ORDERSTATUS" AS "key_1",
  "O_ORDERKEY" AS "sum_1",
  "O_TOTALPRICE" AS "sum_2"
FROM "DB"."S"."T"
WHERE "O_ORDERDATE" >= TO_DATE('2024-02-01', 'YYYY-MM-DD')
  AND "O_ORDERDATE" < TO_DATE('2024-03-01', 'YYYY-MM-DD')
LIMIT 100000
)
GROUP BY "month", "key_1"
)
GROUP BY "month"
