SELECT
  GROUPING("month") = 1 AS "total",
  "month" AS "month",
  SUM("sum_1") AS "sum_1",
  COUNT(*) AS "rows",
  0 AS "blank",
  0 AS "bad"
FROM (
SELECT
  DATE_TRUNC('MONTH', "D")::DATE AS "month",
  "N" AS "sum_1"
FROM "DB"."S"."T"
)
GROUP BY GROUPING SETS (("month"), ())
ORDER BY "total" DESC, "month" NULLS LAST
