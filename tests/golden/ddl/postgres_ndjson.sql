-- The delivery of SALES.PUBLIC."ORDERS 24", for PostgreSQL: one row for each month and its keys.
-- ORDER is the first day of a month, or NULL for rows without a date.
-- Sums, which are NULL where all values are: AMT, F.
-- COPY does not load ndjson: deliver csv, or convert the file.
CREATE TABLE "orders_24" (
  "order" date,
  "amt" numeric(38,2),
  "f" double precision,
  "no" bigint,
  "wide" numeric(38,4),
  "note" text,
  "ok" boolean,
  "ts" timestamp,
  "moment" timestamptz,
  "raw" text,
  "clock" time
);
