SELECT
  "day"::VARCHAR AS "sample_1",
  "n" AS "sample_2",
  "big" AS "sample_3",
  "money" AS "sample_4",
  LEFT("txt", 100) AS "sample_5",
  "ntz3"::VARCHAR AS "sample_6",
  "ntz9"::VARCHAR AS "sample_7",
  "ltz"::VARCHAR AS "sample_8",
  "tz"::VARCHAR AS "sample_9"
FROM "DB"."S"."T" SAMPLE BERNOULLI (0.180158) SEED (1)
LIMIT 5000
