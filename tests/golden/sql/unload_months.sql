SELECT DISTINCT
  "groups"."month" AS "month"
FROM TABLE(RESULT_SCAN('01b2c3d4-0000-0000-0000-000000000001')) AS "groups"
WHERE NOT "groups"."total"
