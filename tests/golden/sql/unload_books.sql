SELECT
  "groups"."total" AS "total",
  COUNT(*) AS "groups",
  SUM("groups"."rows") AS "rows",
  SUM("groups"."blank") AS "blank",
  SUM("groups"."bad") AS "bad",
  SUM(IFF("groups"."month" IS NULL, "groups"."rows", 0)) AS "empty",
  SUM("groups"."sum_1") AS "sum_1",
  SUM("groups"."sum_2") AS "sum_2",
  SUM("groups"."sum_3") AS "sum_3",
  SUM("groups"."magnitude_3") AS "magnitude_3"
FROM TABLE(RESULT_SCAN('01b2c3d4-0000-0000-0000-000000000001')) AS "groups"
GROUP BY "groups"."total"
