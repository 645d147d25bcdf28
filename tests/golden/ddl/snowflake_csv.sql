-- The delivery of SALES.PUBLIC."ORDERS 24", for Snowflake: one row for each month and its keys.
-- ORDER is the first day of a month, or NULL for rows without a date.
-- Sums, which are NULL where all values are: AMT, F.
-- To load it: COPY INTO "ORDERS_24" FROM 's3://partner-inbox/it''s/orders.csv' STORAGE_INTEGRATION = ...
--   FILE_FORMAT = (TYPE = CSV PARSE_HEADER = TRUE FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE BINARY_FORMAT = HEX)
--   MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;
CREATE TABLE "ORDERS_24" (
  "ORDER" DATE,
  "AMT" NUMBER(38,2),
  "F" FLOAT,
  "NO" NUMBER(18,0),
  "WIDE" NUMBER(38,4),
  "NOTE" VARCHAR,
  "OK" BOOLEAN,
  "TS" TIMESTAMP_NTZ(6),
  "MOMENT" TIMESTAMP_LTZ(6),
  "RAW" BINARY,
  "CLOCK" TIME(6)
);
