SELECT
  GROUPING("month") = 1 AS "total",
  "month" AS "month",
  SUM("sum_1") AS "sum_1",
  COUNT_IF(NOT "blank_row") AS "rows",
  COUNT_IF("blank_row") AS "blank",
  COUNT("bad_date") AS "bad"
FROM (
SELECT
  DATE_TRUNC('MONTH', TO_TIMESTAMP_NTZ(IFF("TS" BETWEEN :1 AND :2, "TS", NULL), 0))::DATE AS "month",
  "AMOUNT" AS "sum_1",
  ("TS" IS NULL AND "AMOUNT" IS NULL) AS "blank_row",
  IFF("TS" BETWEEN :1 AND :2, NULL, "TS"::VARCHAR) AS "bad_date"
FROM "DB"."S"."T"
)
GROUP BY GROUPING SETS (("month"), ())
HAVING GROUPING("month") = 1 OR COUNT_IF(NOT "blank_row") > 0
ORDER BY "total" DESC, "month" NULLS LAST
-- :1 = -62135596800
-- :2 = 253402300799
