COPY INTO 's3://partner-inbox/from us/it''s.parquet'
CREDENTIALS = (AWS_KEY_ID = '**********' AWS_SECRET_KEY = '**********' AWS_TOKEN = '**********')
FROM (
SELECT
  "groups"."sum_1"::NUMBER(38, 0) AS "O_ORDERKEY",
  "groups"."key_1" AS "O_ORDERSTATUS",
  "groups"."sum_2"::NUMBER(38, 2) AS "O_TOTALPRICE",
  "groups"."month" AS "O_ORDERDATE"
FROM TABLE(RESULT_SCAN('01b2c3d4-0000-0000-0000-000000000001')) AS "groups"
WHERE NOT "groups"."total"
ORDER BY "groups"."month" NULLS LAST, "groups"."key_1" NULLS LAST
)
FILE_FORMAT = (TYPE = PARQUET COMPRESSION = SNAPPY)
HEADER = TRUE
SINGLE = TRUE
MAX_FILE_SIZE = 5368709120
OVERWRITE = FALSE
DETAILED_OUTPUT = TRUE
