-- The delivery of SALES.PUBLIC."ORDERS 24", for Amazon Athena: one row for each month and its keys.
-- ORDER is the first day of a month, or NULL for rows without a date.
-- Sums, which are NULL where all values are: AMT, F.
-- Every file below LOCATION is read: give the delivery a prefix of its own.
-- All columns of csv are text here, NULL is an empty text: cast them in a view.
-- Texts with line breaks are not read as one, and backslashes are taken for escapes.
CREATE EXTERNAL TABLE `orders_24` (
  `order` string,
  `amt` string,
  `f` string,
  `no` string,
  `wide` string,
  `note` string,
  `ok` string,
  `ts` string,
  `moment` string,
  `raw` string,
  `clock` string
)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"')
LOCATION 's3://partner-inbox/it''s/'
TBLPROPERTIES ('skip.header.line.count' = '1');
