-- The delivery of SALES.PUBLIC."ORDERS 24", for Amazon Athena: one row for each month and its keys.
-- ORDER is the first day of a month, or NULL for rows without a date.
-- Sums, which are NULL where all values are: AMT, F.
-- Every file below LOCATION is read: give the delivery a prefix of its own.
CREATE EXTERNAL TABLE `orders_24` (
  `order` date,
  `amt` decimal(38,2),
  `f` double,
  `no` bigint,
  `wide` decimal(38,4),
  `note` string,
  `ok` boolean,
  `ts` timestamp,
  `moment` timestamp,
  `raw` binary
)
STORED AS PARQUET
LOCATION 's3://partner-inbox/it''s/';
