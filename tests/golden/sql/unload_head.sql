SELECT
  "groups"."sum_1" AS "sum_1",
  "groups"."key_1" AS "key_1",
  "groups"."sum_2" AS "sum_2",
  "groups"."month" AS "month"
FROM TABLE(RESULT_SCAN('01b2c3d4-0000-0000-0000-000000000001')) AS "groups"
WHERE NOT "groups"."total"
ORDER BY "groups"."month" NULLS LAST, "groups"."key_1" NULLS LAST
LIMIT 50;
DESCRIBE STAGE "DB"."S"."drop box";
