SELECT
  GROUPING("month") = 1 AS "total",
  "month" AS "month",
  "key_1" AS "key_1",
  SUM("sum_1") AS "sum_1",
  SUM("sum_2") AS "sum_2",
  COUNT(*) AS "rows",
  0 AS "blank",
  0 AS "bad"
FROM (
SELECT
  DATE_TRUNC('MONTH', "O_ORDERDATE")::DATE AS "month",
  "O_ORDERSTATUS" AS "key_1",
  "O_ORDERKEY" AS "sum_1",
  "O_TOTALPRICE" AS "sum_2"
FROM "DB"."S"."T"
WHERE "O_ORDERDATE" >= TO_DATE('2024-02-01', 'YYYY-MM-DD')
  AND "O_ORDERDATE" < TO_DATE('2024-03-01', 'YYYY-MM-DD')
)
GROUP BY GROUPING SETS (("month", "key_1"), ())
ORDER BY "total" DESC, "month" NULLS LAST, "key_1" NULLS LAST
