-- The delivery of SALES.PUBLIC."ORDERS 24", for Amazon Redshift: one row for each month and its keys.
-- ORDER is the first day of a month, or NULL for rows without a date.
-- Sums, which are NULL where all values are: AMT, F.
-- To load it: COPY "orders_24" FROM 's3://partner-inbox/it''s/orders.csv' IAM_ROLE default FORMAT AS CSV IGNOREHEADER 1 NULL AS '' DATEFORMAT 'auto' TIMEFORMAT 'auto';
-- Texts of more than 65,535 bytes do not fit.
CREATE TABLE "orders_24" (
  "order" DATE,
  "amt" DECIMAL(38,2),
  "f" DOUBLE PRECISION,
  "no" BIGINT,
  "wide" DECIMAL(38,4),
  "note" VARCHAR(65535),
  "ok" BOOLEAN,
  "ts" TIMESTAMP,
  "moment" TIMESTAMPTZ,
  "raw" VARBYTE(1024000),
  "clock" TIME
);
