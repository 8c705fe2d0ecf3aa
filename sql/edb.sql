-- Definitions written for EnterpriseDB's wrapper, under compatibility 'edb'.
CREATE FOREIGN TABLE edb (_id name, n varchar, a integer, b boolean OPTIONS (path 'a'), f double precision OPTIONS (path 'a'), "a.b" integer, __doc json)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', compatibility 'edb');
-- Misfits read as NULL, bool as number, numbers as bool.
SELECT n, a, b, f, "a.b" FROM edb WHERE n IN ('int32', 'true', 'false', 'double fraction', 'string digit', 'object {b:5}', 'objectid') ORDER BY n;
SELECT * FROM both_ways('SELECT n FROM edb WHERE a = 1');
SELECT * FROM both_ways('SELECT n FROM edb WHERE a < 2');
SELECT * FROM both_ways('SELECT n FROM edb WHERE b');
SELECT * FROM both_ways('SELECT n FROM edb WHERE NOT b');
SELECT * FROM both_ways('SELECT n FROM edb WHERE a = 5 OR "a.b" = 5');
SELECT n, __doc->'a' AS a FROM edb WHERE n IN ('objectid', 'date', 'int64 big', 'binary 0', 'regex', 'timestamp') ORDER BY n;
CREATE FOREIGN TABLE edb_people (_id name, name text, "address.city" text, __doc jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people', compatibility 'edb');
SELECT name, "address.city", __doc->'_id'->>'$oid' AS oid FROM edb_people ORDER BY name;
SELECT name FROM edb_people WHERE _id = '600000000000000000000001';
DROP FOREIGN TABLE edb, edb_people;
