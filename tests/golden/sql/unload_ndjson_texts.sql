COPY INTO 's3://partner-inbox/from us/it''s.parquet'
STORAGE_INTEGRATION = "PARTNER"
FROM (
SELECT
  '{"O_ORDERKEY":'
  || COALESCE(IFF(ABS("groups"."sum_1") > 9007199254740992, '"' || "groups"."sum_1"::VARCHAR || '"', "groups"."sum_1"::VARCHAR), 'null')
  || ',"O_ORDERSTATUS":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_1", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || ',"O_TOTALPRICE":'
  || COALESCE(IFF(ABS("groups"."sum_2") > 9999999999999.99, '"' || "groups"."sum_2"::VARCHAR || '"', "groups"."sum_2"::VARCHAR), 'null')
  || ',"O_ORDERDATE":'
  || COALESCE('"' || TO_VARCHAR("groups"."month", 'YYYY-MM-DD') || '"', 'null')
  || ',"NO":'
  || COALESCE(IFF(ABS("groups"."key_2") > 9007199254740992, '"' || "groups"."key_2"::VARCHAR || '"', "groups"."key_2"::VARCHAR), 'null')
  || '}' AS "line"
FROM TABLE(RESULT_SCAN('01b2c3d4-0000-0000-0000-000000000001')) AS "groups"
WHERE NOT "groups"."total"
ORDER BY "groups"."month" NULLS LAST, "groups"."key_1" NULLS LAST, "groups"."key_2" NULLS LAST
)
FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE FILE_EXTENSION = 'ndjson' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE FIELD_DELIMITER = NONE RECORD_DELIMITER = '\n' FIELD_OPTIONALLY_ENCLOSED_BY = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = FALSE)
HEADER = FALSE
SINGLE = TRUE
MAX_FILE_SIZE = 5368709120
OVERWRITE = FALSE
DETAILED_OUTPUT = TRUE
