SELECT
  DATE_TRUNC('MONTH', "D")::DATE AS "month",
  "N" AS "sum_1"
FROM "DB"."S"."T"
