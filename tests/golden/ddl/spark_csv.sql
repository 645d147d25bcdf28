-- The delivery of SALES.PUBLIC."ORDERS 24", for Apache Spark: one row for each month and its keys.
-- ORDER is the first day of a month, or NULL for rows without a date.
-- Sums, which are NULL where all values are: AMT, F.
-- The table reads s3://partner-inbox/it's/orders.csv where it is; it loads nothing.
CREATE TABLE `ORDERS_24` (
  `ORDER` DATE,
  `AMT` DECIMAL(38,2),
  `F` DOUBLE,
  `NO` BIGINT,
  `WIDE` DECIMAL(38,4),
  `Note` STRING,
  `OK` BOOLEAN,
  `TS` TIMESTAMP_NTZ,
  `MOMENT` TIMESTAMP,
  `RAW` STRING,
  `CLOCK` STRING
)
USING CSV
OPTIONS (path 's3a://partner-inbox/it\'s/orders.csv', header 'true', multiLine 'true', quote '"', escape '"');
