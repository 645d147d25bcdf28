-- The delivery of SALES.PUBLIC."ORDERS 24", for Google BigQuery: one row for each month and its keys.
-- ORDER is the first day of a month, or NULL for rows without a date.
-- Sums, which are NULL where all values are: AMT, F.
-- To load it, from Cloud Storage or a local copy:
--   bq load --source_format=CSV --skip_leading_rows=1 --allow_quoted_newlines DATASET.ORDERS_24 FILE
CREATE TABLE `ORDERS_24` (
  `ORDER` DATE,
  `AMT` BIGNUMERIC(38,2),
  `F` FLOAT64,
  `NO` INT64,
  `WIDE` BIGNUMERIC(38,4),
  `Note` STRING,
  `OK` BOOL,
  `TS` DATETIME,
  `MOMENT` TIMESTAMP,
  `RAW` STRING,
  `CLOCK` TIME
);
