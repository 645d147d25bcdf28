COPY INTO 's3://partner-inbox/from us/it''s.parquet'
STORAGE_INTEGRATION = "PARTNER"
FROM (
SELECT
  '{"day":'
  || COALESCE('"' || TO_VARCHAR("groups"."month", 'YYYY-MM-DD') || '"', 'null')
  || ',"n":'
  || COALESCE("groups"."sum_1"::VARCHAR, 'null')
  || ',"big":'
  || COALESCE("groups"."sum_2"::VARCHAR, 'null')
  || ',"money":'
  || COALESCE("groups"."sum_3"::VARCHAR, 'null')
  || ',"f":'
  || COALESCE("groups"."sum_4"::VARCHAR, 'null')
  || ',"df":'
  || COALESCE("groups"."sum_5"::VARCHAR, 'null')
  || ',"txt":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_1", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || ',"ok":'
  || COALESCE("groups"."key_2"::VARCHAR, 'null')
  || ',"t":'
  || COALESCE('"' || TO_VARCHAR("groups"."key_3", 'HH24:MI:SS.FF6') || '"', 'null')
  || ',"ntz3":'
  || COALESCE('"' || TO_VARCHAR("groups"."key_4", 'YYYY-MM-DD"T"HH24:MI:SS.FF6') || '"', 'null')
  || ',"ntz9":'
  || COALESCE('"' || TO_VARCHAR("groups"."key_5", 'YYYY-MM-DD"T"HH24:MI:SS.FF6') || '"', 'null')
  || ',"ltz":'
  || COALESCE('"' || TO_VARCHAR(CONVERT_TIMEZONE('UTC', "groups"."key_6")::TIMESTAMP_NTZ, 'YYYY-MM-DD"T"HH24:MI:SS.FF6') || 'Z' || '"', 'null')
  || ',"tz":'
  || COALESCE('"' || TO_VARCHAR(CONVERT_TIMEZONE('UTC', "groups"."key_7")::TIMESTAMP_NTZ, 'YYYY-MM-DD"T"HH24:MI:SS.FF6') || 'Z' || '"', 'null')
  || ',"bin":'
  || COALESCE('"' || TO_VARCHAR("groups"."key_8", 'HEX') || '"', 'null')
  || ',"v":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_9", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || ',"o":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_10", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || ',"a":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_11", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || ',"vec":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_12", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || ',"geo":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_13", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || ',"odd \\"one\\"":'
  || COALESCE('"' || REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE("groups"."key_14", '\\', '\\\\'), '"', '\\"'), CHR(8), '\\b'), CHR(12), '\\f'), CHR(10), '\\n'), CHR(13), '\\r'), CHR(9), '\\t'), CHR(0), '\\u0000'), CHR(1), '\\u0001'), CHR(2), '\\u0002'), CHR(3), '\\u0003'), CHR(4), '\\u0004'), CHR(5), '\\u0005'), CHR(6), '\\u0006'), CHR(7), '\\u0007'), CHR(11), '\\u000b'), CHR(14), '\\u000e'), CHR(15), '\\u000f'), CHR(16), '\\u0010'), CHR(17), '\\u0011'), CHR(18), '\\u0012'), CHR(19), '\\u0013'), CHR(20), '\\u0014'), CHR(21), '\\u0015'), CHR(22), '\\u0016'), CHR(23), '\\u0017'), CHR(24), '\\u0018'), CHR(25), '\\u0019'), CHR(26), '\\u001a'), CHR(27), '\\u001b'), CHR(28), '\\u001c'), CHR(29), '\\u001d'), CHR(30), '\\u001e'), CHR(31), '\\u001f') || '"', 'null')
  || '}' AS "line"
FROM TABLE(RESULT_SCAN('01b2c3d4-0000-0000-0000-000000000001')) AS "groups"
WHERE NOT "groups"."total"
ORDER BY "groups"."month" NULLS LAST, "groups"."key_1" NULLS LAST, "groups"."key_2" NULLS LAST, "groups"."key_3" NULLS LAST, "groups"."key_4" NULLS LAST, "groups"."key_5" NULLS LAST, "groups"."key_6" NULLS LAST, "groups"."key_7" NULLS LAST, "groups"."key_8" NULLS LAST, "groups"."key_9" NULLS LAST, "groups"."key_10" NULLS LAST, "groups"."key_11" NULLS LAST, "groups"."key_12" NULLS LAST, "groups"."key_13" NULLS LAST, "groups"."key_14" NULLS LAST
)
FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE FILE_EXTENSION = 'ndjson' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE FIELD_DELIMITER = NONE RECORD_DELIMITER = '\n' FIELD_OPTIONALLY_ENCLOSED_BY = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = FALSE)
HEADER = FALSE
SINGLE = TRUE
MAX_FILE_SIZE = 5368709120
OVERWRITE = FALSE
DETAILED_OUTPUT = TRUE
