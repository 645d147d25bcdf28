SELECT CURRENT_DATABASE() AS "database", CURRENT_SCHEMA() AS "schema";
DESCRIBE TABLE "DB"."my ""schema"""."100%_it's\";
SHOW OBJECTS LIKE '100\\%\\_it''s\\\\' IN SCHEMA "DB"."my ""schema""";
SHOW OBJECTS IN SCHEMA "DB"."my ""schema""" LIMIT 100;
SHOW OBJECTS IN SCHEMA "DB"."my ""schema""" LIMIT 100 FROM 'it''s';
