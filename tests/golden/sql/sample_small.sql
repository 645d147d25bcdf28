SELECT
  "day"::VARCHAR AS "sample_1",
  "n" AS "sample_2",
  "big" AS "sample_3",
  "money" AS "sample_4",
  "f" AS "sample_5",
  "df"::FLOAT AS "sample_6",
  LEFT("txt", 100) AS "sample_7",
  "ok"::VARCHAR AS "sample_8",
  "t"::VARCHAR AS "sample_9",
  "ntz3"::VARCHAR AS "sample_10",
  "ntz9"::VARCHAR AS "sample_11",
  "ltz"::VARCHAR AS "sample_12",
  "tz"::VARCHAR AS "sample_13",
  LEFT("bin"::VARCHAR, 40) AS "sample_14",
  LEFT(IFF(CONTAINS(TO_JSON("v"), 'undefined'), REPLACE(REPLACE(REGEXP_REPLACE(TO_JSON("v"), $$("([^"\\]|\\.)*"|undefined)$$, $$\1$$ || CHR(1)), 'undefined' || CHR(1), 'null'), CHR(1), ''), TO_JSON("v")), 40) AS "sample_15",
  LEFT(IFF(CONTAINS(TO_JSON("o"), 'undefined'), REPLACE(REPLACE(REGEXP_REPLACE(TO_JSON("o"), $$("([^"\\]|\\.)*"|undefined)$$, $$\1$$ || CHR(1)), 'undefined' || CHR(1), 'null'), CHR(1), ''), TO_JSON("o")), 40) AS "sample_16",
  LEFT(IFF(CONTAINS(TO_JSON("a"), 'undefined'), REPLACE(REPLACE(REGEXP_REPLACE(TO_JSON("a"), $$("([^"\\]|\\.)*"|undefined)$$, $$\1$$ || CHR(1)), 'undefined' || CHR(1), 'null'), CHR(1), ''), TO_JSON("a")), 40) AS "sample_17"
FROM "DB"."S"."T"
LIMIT 5000
