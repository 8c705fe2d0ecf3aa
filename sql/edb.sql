-- Definitions written for EnterpriseDB's wrapper, under compatibility 'edb'.
CREATE FOREIGN TABLE edb (_id name, n varchar, a integer, b boolean OPTIONS (path 'a'), f double precision OPTIONS (path 'a'), "a.b" integer, __doc json)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', compatibility 'edb', on_conversion_error 'null');
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
-- Fractions are cut in integers and rounded in numeric(p,s), bool reads int64; conditions find what is read so.
CREATE FOREIGN TABLE edb_numbers (_id name, n text, i2 int2 OPTIONS (path 'v'), i4 int4 OPTIONS (path 'v'), i8 int8 OPTIONS (path 'v'), d numeric OPTIONS (path 'v'), r numeric(6,2) OPTIONS (path 'v'), h numeric(3,-2) OPTIONS (path 'v'), b bool OPTIONS (path 'v'), s varchar(3) OPTIONS (path 'n'), k int OPTIONS (path '_id'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'edb_numbers', compatibility 'edb');
CREATE FOREIGN TABLE edb_fill (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'edb_numbers');
TRUNCATE edb_fill;
INSERT INTO edb_fill VALUES ('{"n": "a", "v": 2.7}'), ('{"n": "b", "v": -2.7}'), ('{"n": "c", "v": {"$numberLong": "5"}}'), ('{"n": "d", "v": {"$numberDecimal": "2.995"}}'), ('{"n": "e", "v": 0.3}'),
    ('{"n": "f", "v": true}'), ('{"n": "g", "v": {"$numberLong": "0"}}'), ('{"n": "h", "v": {"$numberDecimal": "999.999"}}'), ('{"n": "i", "v": "text"}'), ('{"n": "j", "v": -0.996}'), ('{"n": "k", "v": 250.0}');
SELECT n, i2, i4, i8, d, r, h, b FROM edb_numbers ORDER BY n;
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE i4 = 2');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE i4 = 0');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE i4 IN (-2, 999)');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE i8 <= -2 OR i8 >= 250');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE i2 <> 2 AND i2 < 1');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE i4 NOT IN (0, 2)');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE r = 3 OR r = 1000');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE r <= -1 OR h = 300');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE NOT b');
SELECT i4, count(*), sum(r) FROM edb_numbers GROUP BY i4 ORDER BY 1;
-- What is out of range is an error, as there; so is an _id of another type. An option of one's own decides otherwise.
INSERT INTO edb_fill VALUES ('{"_id": 1, "n": "long", "v": 3000000000.5}');
SELECT error_of('SELECT i2 FROM edb_numbers');
SELECT error_of('SELECT i4 FROM edb_numbers');
SELECT count(i8) FROM edb_numbers;
SELECT error_of('SELECT r FROM edb_numbers');
SELECT error_of('SELECT s FROM edb_numbers');
SELECT error_of('SELECT _id FROM edb_numbers');
SELECT count(k) FROM edb_numbers; -- ObjectIds are NULL
ALTER FOREIGN TABLE edb_numbers OPTIONS (ADD on_conversion_error 'null');
SELECT count(*), count(_id), count(i4), count(r), count(s) FROM edb_numbers;
ALTER FOREIGN TABLE edb_numbers OPTIONS (DROP on_conversion_error);
-- Rounded Booleans; numbers beyond double precision; ObjectIds, never their text.
TRUNCATE edb_fill;
INSERT INTO edb_fill VALUES ('{"n": "a", "v": true}'), ('{"n": "b", "v": false}'), ('{"n": "c", "v": 149}'), ('{"n": "d", "v": {"$numberDecimal": "151"}}');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE h = 0');
SELECT * FROM both_ways('SELECT n FROM edb_numbers WHERE NOT (h IN (100, 200))');
CREATE FOREIGN TABLE edb_large (n text, v numeric(3,-400)) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'edb_numbers', compatibility 'edb');
INSERT INTO edb_fill VALUES ('{"n": "large", "v": {"$numberDecimal": "1E+402"}}');
SELECT * FROM both_ways('SELECT n FROM edb_large WHERE v >= 1e400');
DROP FOREIGN TABLE edb_large;
TRUNCATE edb_fill;
INSERT INTO edb_fill VALUES ('{"_id": "abc", "v": 1}'), ('{"_id": {"$oid": "58a1ebbaf543ec0b90545859"}, "v": 2}'), ('{"_id": "58a1ebbaf543ec0b90545859", "v": 3}');
DELETE FROM edb_numbers WHERE _id = '58a1ebbaf543ec0b90545859';
UPDATE edb_numbers SET i4 = 99 WHERE _id = 'abc';
UPDATE edb_numbers SET i4 = 99 WHERE _id IN ('abc', '58a1ebbaf543ec0b90545859');
SELECT __doc -> '_id' AS id, __doc -> 'v' AS v FROM edb_fill ORDER BY (__doc ->> 'v');
ALTER FOREIGN TABLE edb_numbers OPTIONS (ADD on_conversion_error 'null');
SELECT * FROM both_ways('SELECT i4 FROM edb_numbers WHERE (_id = ''abc'') IS NOT TRUE');
SELECT * FROM both_ways('SELECT count(*) FROM edb_numbers WHERE _id = ANY (ARRAY[''abc'', ''58a1ebbaf543ec0b90545859'']::name[])');
DROP FOREIGN TABLE edb_numbers;
TRUNCATE edb_fill;
DROP FOREIGN TABLE edb_fill;
