COPY INTO 's3://partner-inbox/from us/it''s.parquet'
STORAGE_INTEGRATION = "PARTNER"
FROM (
SELECT
  "groups"."month" AS "day",
  "groups"."sum_1" AS "n",
  "groups"."sum_2" AS "big",
  "groups"."sum_3" AS "money",
  "groups"."sum_4" AS "f",
  "groups"."sum_5" AS "df",
  "groups"."key_1" AS "txt",
  "groups"."key_2" AS "ok",
  TO_VARCHAR("groups"."key_3", 'HH24:MI:SS.FF6') AS "t",
  TO_VARCHAR("groups"."key_4", 'YYYY-MM-DD"T"HH24:MI:SS.FF6') AS "ntz3",
  TO_VARCHAR("groups"."key_5", 'YYYY-MM-DD"T"HH24:MI:SS.FF6') AS "ntz9",
  TO_VARCHAR(CONVERT_TIMEZONE('UTC', "groups"."key_6")::TIMESTAMP_NTZ, 'YYYY-MM-DD"T"HH24:MI:SS.FF6') || 'Z' AS "ltz",
  TO_VARCHAR(CONVERT_TIMEZONE('UTC', "groups"."key_7")::TIMESTAMP_NTZ, 'YYYY-MM-DD"T"HH24:MI:SS.FF6') || 'Z' AS "tz",
  "groups"."key_8" AS "bin",
  "groups"."key_9" AS "v",
  "groups"."key_10" AS "o",
  "groups"."key_11" AS "a",
  "groups"."key_12" AS "vec",
  "groups"."key_13" AS "geo",
  "groups"."key_14" AS "odd ""one"""
FROM TABLE(RESULT_SCAN('01b2c3d4-0000-0000-0000-000000000001')) AS "groups"
WHERE NOT "groups"."total"
ORDER BY "groups"."month" NULLS LAST, "groups"."key_1" NULLS LAST, "groups"."key_2" NULLS LAST, "groups"."key_3" NULLS LAST, "groups"."key_4" NULLS LAST, "groups"."key_5" NULLS LAST, "groups"."key_6" NULLS LAST, "groups"."key_7" NULLS LAST, "groups"."key_8" NULLS LAST, "groups"."key_9" NULLS LAST, "groups"."key_10" NULLS LAST, "groups"."key_11" NULLS LAST, "groups"."key_12" NULLS LAST, "groups"."key_13" NULLS LAST, "groups"."key_14" NULLS LAST
)
FILE_FORMAT = (TYPE = CSV COMPRESSION = GZIP FILE_EXTENSION = 'csv.gz' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE FIELD_DELIMITER = ',' RECORD_DELIMITER = '\r\n' FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = () DATE_FORMAT = 'YYYY-MM-DD' BINARY_FORMAT = HEX)
HEADER = TRUE
SINGLE = TRUE
MAX_FILE_SIZE = 5368709120
OVERWRITE = TRUE
DETAILED_OUTPUT = TRUE
