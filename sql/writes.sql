-- INSERT, COPY, UPDATE, DELETE, TRUNCATE, and what they refuse.
\set VERBOSITY terse
SET timezone = 'UTC';
CREATE FOREIGN TABLE w (_id int, name text, b int OPTIONS (path 'a.b'), c text OPTIONS (path 'a.c'), tags text[],
    n numeric, j jsonb, at timestamptz, u uuid, big bigint, f float8, ok boolean, raw bytea)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'w');
CREATE FOREIGN TABLE w_doc (_id int, __doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'w');
TRUNCATE w;

-- Every type; nested fields; arrays with NULLs; Extended JSON becomes the type it spells.
INSERT INTO w VALUES (1, 'one', 11, 'x', '{p,q,NULL}', 1.50, '{"k": [1, 2.5, 12345678901, 1.2345678901234567890123, {"$oid": "507f1f77bcf86cd799439011"}]}',
    '2024-01-02 03:04:05.678+00', '00112233-4455-6677-8899-aabbccddeeff', 9007199254740993, 0.1, true, '\x0102');
INSERT INTO w (_id, name) SELECT g, 'n' || g FROM generate_series(2, 5) g;
SELECT __doc FROM w_doc ORDER BY _id;
SELECT * FROM w WHERE _id = 1;
INSERT INTO w (_id, name) VALUES (6, 'six') RETURNING *;
INSERT INTO w_doc (__doc) VALUES ('{"_id": 7, "name": "seven", "z": {"$numberLong": "7"}}') RETURNING __doc;

-- Duplicate keys.
\set VERBOSITY sqlstate
SET client_min_messages = error; -- psql may show the warning first
INSERT INTO w (_id) VALUES (100), (1), (101);
RESET client_min_messages;
\set VERBOSITY terse
SELECT count(*) FROM w WHERE _id >= 100;
WITH i AS (INSERT INTO w (_id, name) VALUES (100, 'again'), (101, 'new'), (1, 'no') ON CONFLICT DO NOTHING RETURNING _id) SELECT * FROM i;
INSERT INTO w (_id, name) VALUES (102, 'a'), (101, 'b'), (102, 'c'), (103, 'd') ON CONFLICT DO NOTHING;
SELECT _id, name FROM w WHERE _id >= 100 ORDER BY 1;
DELETE FROM w WHERE _id >= 100;

-- UPDATE by row: only what is set is sent; NULL removes the field.
EXPLAIN (VERBOSE, COSTS OFF) UPDATE w SET name = upper(name), b = NULL WHERE _id < 3;
UPDATE w SET name = upper(name), b = NULL WHERE _id < 3;
UPDATE w SET b = b + 1, c = name WHERE _id IN (1, 3) RETURNING _id, b, c;
SELECT __doc FROM w_doc WHERE _id < 4 ORDER BY _id;
UPDATE w SET name = x.name FROM (VALUES (2, 'two'), (2, 'twice'), (4, 'four')) x (id, name) WHERE _id = x.id AND x.name <> 'twice';
SELECT _id, name FROM w ORDER BY _id;
UPDATE w SET _id = _id, name = 'same id' WHERE _id = 5 AND length(name) > 0 RETURNING _id, name;
\set VERBOSITY default
UPDATE w SET _id = 50 WHERE _id = 5;
UPDATE w SET at = '2024-01-01 00:00:00.000001' WHERE _id = 5 AND name <> '';
UPDATE w SET n = 12345678901234567890123456789012345 WHERE _id = 5;
UPDATE w SET at = 'infinity' WHERE _id = 5;
UPDATE w_doc SET __doc = '{"_id": 8}' WHERE _id = 7;
UPDATE w_doc SET __doc = '{"$set": {"x": 1}}' WHERE _id = 7;
UPDATE w_doc SET __doc = '{"only": true}' WHERE _id = 7;
INSERT INTO w_doc VALUES (9, '{}');
INSERT INTO w_doc (__doc) VALUES ('[1]');
INSERT INTO w (_id, j) VALUES (9, '{"$oid": "short"}');
\set VERBOSITY terse
SELECT __doc FROM w_doc WHERE _id = 7;

-- UPDATE and DELETE as one command.
EXPLAIN (VERBOSE, COSTS OFF) UPDATE w SET name = 'all', big = 5 WHERE name LIKE 'n%';
UPDATE w SET name = 'all', big = 5 WHERE name LIKE 'n%' OR _id = 1;
PREPARE direct (text, int) AS UPDATE w SET name = $1 WHERE _id = $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE direct ('p', 1);
EXECUTE direct ('p', 1);
EXECUTE direct (NULL, 2);
EXECUTE direct ('q', NULL);
RESET plan_cache_mode;
SELECT _id, name, big FROM w ORDER BY _id;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM w WHERE _id = 7;
DELETE FROM w WHERE _id = 7;
DELETE FROM w WHERE _id = 6 RETURNING _id, name;
EXPLAIN (COSTS OFF) DELETE FROM w WHERE _id IN (SELECT g FROM generate_series(4, 5) g);
DELETE FROM w WHERE _id IN (SELECT g FROM generate_series(4, 5) g);
SELECT count(*) FROM w;

-- New values that the server computes of the old ones; where it is not sure of one, row by row.
CREATE FUNCTION counts(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text; BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF) ' || statement LOOP
        IF line ~ 'Documents|Messages|Row by Row|Command' THEN RETURN NEXT trim(line); END IF;
    END LOOP;
END $$;
CREATE FOREIGN TABLE computed (_id int, i int, big bigint, f float8, t text, s smallint, at timestamptz, flag boolean, n numeric, deep int OPTIONS (path 'a.b'), keep int OPTIONS (null_as 'null'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'computed');
CREATE FOREIGN TABLE computed_null (_id int, i int, t text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'computed', on_conversion_error 'null');
CREATE FOREIGN TABLE computed_doc (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'computed');
TRUNCATE computed;
INSERT INTO computed SELECT g, g, g, g / 2.0, 't' || g, g, '2024-01-31 00:00:00+00', g % 2 = 0, g, g, g FROM generate_series(1, 4) g;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE computed SET i = i + 1, t = t || '!', s = 7 WHERE flag;
UPDATE computed SET i = i + 1, big = big * 3 - i, f = f / 4, t = t || '!', s = 7, at = at + interval '1 day', flag = i > 2, keep = NULLIF(i, 2) WHERE _id < 4;
SELECT __doc FROM computed_doc ORDER BY __doc -> '_id' ->> '$numberInt';
SELECT counts('UPDATE computed SET i = i + 2147483640');
UPDATE computed SET i = i + 2147483640;
SELECT counts('UPDATE computed SET i = NULLIF(i, 4) WHERE _id > 2');
SELECT counts('UPDATE computed SET deep = deep + 1 WHERE _id = 1'); -- nested: row by row
SELECT counts('UPDATE computed SET n = n + 1 WHERE _id = 1'); -- digits of a numeric: row by row
INSERT INTO computed_doc VALUES ('{"_id": 5, "i": "five"}'), ('{"_id": 6, "i": {"$numberDouble": "6.0"}, "t": {"$oid": "507f1f77bcf86cd799439011"}}');
SELECT counts('UPDATE computed_null SET i = i + 1 WHERE _id = 5');
UPDATE computed_null SET i = coalesce(i, 0) + 1 WHERE _id = 5;
SELECT counts('UPDATE computed_null SET i = i + length(t) WHERE _id = 6');
SELECT counts('UPDATE computed SET at = ''infinity'' WHERE _id = 77'); -- no row, no error
UPDATE computed SET at = 'infinity' WHERE _id = 1;
SELECT __doc FROM computed_doc WHERE __doc -> '_id' ->> '$numberInt' >= '4' ORDER BY __doc -> '_id' ->> '$numberInt';
DROP FOREIGN TABLE computed, computed_null, computed_doc;

-- A row that does not fit is known by its raw _id; setting it to NULL would destroy it.
INSERT INTO w_doc (__doc) VALUES ('{"_id": "text", "name": "odd", "n": "no number"}'), ('{"_id": {"$oid": "507f1f77bcf86cd799439011"}, "name": "odd"}'),
    ('{"_id": "507f1f77bcf86cd799439011", "name": "odd"}');
CREATE FOREIGN TABLE w_text (_id text, name text, n numeric)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'w', on_conversion_error 'null');
UPDATE w_text SET n = NULL WHERE name = 'odd';
WITH u AS (UPDATE w_text SET n = length(_id) WHERE name = 'odd' RETURNING _id, n) SELECT * FROM u ORDER BY n;
DELETE FROM w_text WHERE name = 'odd' AND n > 4;
DELETE FROM w_text WHERE name = 'odd';
SELECT count(*) FROM w_text;

-- The statement's own rows are not seen again.
INSERT INTO w (_id, name) SELECT g, 'many' FROM generate_series(1000, 3499) g;
INSERT INTO w (_id, name) SELECT _id + 10000, name FROM w WHERE name = 'many';
SELECT count(*) FROM w WHERE name = 'many';
UPDATE w SET b = coalesce(b, 0) + 1 WHERE name = 'many';
SELECT b, count(*) FROM w WHERE name = 'many' GROUP BY b;
UPDATE w SET b = (SELECT count(*) FROM w o WHERE o._id < w._id) WHERE name = 'many' AND _id BETWEEN 1000 AND 1002;
SELECT b, count(*) FROM w WHERE name = 'many' GROUP BY b ORDER BY b;
DELETE FROM w WHERE name = 'many';
COPY w (_id, name) FROM stdin;
2001	copied
2002	\N
\.
SELECT _id, name FROM w WHERE _id > 2000 ORDER BY _id;
WITH u AS (UPDATE w SET name = 'x') DELETE FROM w;

-- Options.
CREATE FOREIGN TABLE kinds (_id text OPTIONS (bson_type 'objectid'), i bigint OPTIONS (bson_type 'int32'), d int OPTIONS (bson_type 'double'),
    dec int OPTIONS (bson_type 'decimal128'), f numeric OPTIONS (bson_type 'double'), r text OPTIONS (bson_type 'regex'),
    code text OPTIONS (bson_type 'code'), t timestamptz OPTIONS (bson_type 'timestamp'), bin bytea OPTIONS (bson_type 'binary:128'),
    keep text OPTIONS (null_as 'null'), ms timestamptz OPTIONS (round_time 'true'), a int[] OPTIONS (bson_type 'int64'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'kinds', on_conversion_error 'null');
CREATE FOREIGN TABLE kinds_doc (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'kinds');
TRUNCATE kinds;
INSERT INTO kinds VALUES ('507f1f77bcf86cd799439011', 5, 5, 5, 0.1, '/^a.b$/i', 'f()', '2024-01-01 00:00:00+00', '\x01', NULL, '2024-01-01 00:00:00.0015+00', '{1,2}');
SELECT __doc FROM kinds_doc;
INSERT INTO kinds (i) VALUES (3000000000);
INSERT INTO kinds (f) VALUES (0.12345678901234567890);
INSERT INTO kinds (_id) VALUES ('no id');
CREATE FOREIGN TABLE up (_id int, x int, y int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up', write_mode 'upsert');
CREATE FOREIGN TABLE re (_id int, x int, y int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up', write_mode 'replace');
TRUNCATE up;
INSERT INTO up VALUES (1, 1, 1), (2, 2, 2);
INSERT INTO up VALUES (1, 10, NULL), (3, 3, 3);
SELECT * FROM up ORDER BY 1;
INSERT INTO up (_id, y) VALUES (2, 22) RETURNING *;
INSERT INTO re (_id, x) VALUES (1, 100) RETURNING *;
SELECT * FROM up ORDER BY 1;
CREATE FOREIGN TABLE locked (_id int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up', updatable 'false', truncatable 'false');
INSERT INTO locked VALUES (9);
TRUNCATE locked;
CREATE FOREIGN TABLE child (_id int, v int OPTIONS (path 'l')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up', unwind 'l');
\set VERBOSITY default
UPDATE child SET v = 1;
\set VERBOSITY terse
CREATE FOREIGN TABLE strict (_id int, x int, made text OPTIONS (role 'missing')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up');
CREATE FOREIGN TABLE strict2 (_id int, x int, __missing text[], span interval) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up');
INSERT INTO strict2 (x) VALUES (1);
INSERT INTO strict2 (_id, __missing) VALUES (9, '{x}');
INSERT INTO strict2 (_id, span) VALUES (9, '1 day');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (write_concern '0');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (write_concern '{"w": "majority", "x": 1}');
ALTER FOREIGN TABLE up OPTIONS (ADD write_concern '{"w": 1, "j": true}', ADD batch_size '1');
INSERT INTO up VALUES (4, 4, 4);

-- A rollback undoes nothing there, and says so.
BEGIN;
INSERT INTO re VALUES (50, 1, 1), (51, 1, 1);
SAVEPOINT s;
DELETE FROM re WHERE _id = 50;
ROLLBACK TO s;
ROLLBACK;
SELECT * FROM up WHERE _id >= 50;

-- Triggers, partitions, views with CHECK OPTION.
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_WHEN = 'BEFORE' THEN NEW.y := NEW.x * 2; ELSE RAISE NOTICE '% %: %', TG_WHEN, TG_OP, coalesce(NEW, OLD); END IF;
    RETURN NEW; END $$;
CREATE TRIGGER b BEFORE INSERT OR UPDATE ON re FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER a AFTER INSERT OR UPDATE OR DELETE ON re FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO re VALUES (60, 6, 0);
UPDATE re SET x = 7 WHERE _id = 60;
DELETE FROM re WHERE _id = 60;
CREATE VIEW checked AS SELECT _id, x FROM up WHERE x < 100 WITH CHECK OPTION;
SET client_min_messages = error;
INSERT INTO checked VALUES (61, 500);
RESET client_min_messages;
CREATE TABLE parted (_id int, k int, t text) PARTITION BY LIST (k);
CREATE TABLE parted_here PARTITION OF parted FOR VALUES IN (1);
CREATE FOREIGN TABLE parted_there PARTITION OF parted FOR VALUES IN (2) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'parted');
TRUNCATE parted_there;
INSERT INTO parted VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 2, 'c');
UPDATE parted SET k = 2, t = t || 'x'; -- a row that moves is not found again
SELECT tableoid::regclass, * FROM parted ORDER BY _id;
COPY parted FROM stdin;
4	1	here
5	2	there
\.
SELECT tableoid::regclass, count(*) FROM parted GROUP BY 1 ORDER BY 1;
DROP TABLE parted;

-- Whole documents survive: byte for byte as bytea, equal as canonical json.
CREATE FOREIGN TABLE traps_bytes (__doc bytea) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps');
CREATE FOREIGN TABLE copy_bytes (__doc bytea) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'copy_bytes');
CREATE FOREIGN TABLE traps_json (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps');
CREATE FOREIGN TABLE copy_json (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'copy_json');
TRUNCATE copy_bytes, copy_json;
INSERT INTO copy_bytes SELECT __doc FROM traps_bytes;
(SELECT * FROM traps_bytes EXCEPT ALL SELECT * FROM copy_bytes) UNION ALL (SELECT * FROM copy_bytes EXCEPT ALL SELECT * FROM traps_bytes);
INSERT INTO copy_json SELECT __doc FROM traps_json;
SELECT * FROM (SELECT __doc::text FROM traps_json EXCEPT ALL SELECT __doc::text FROM copy_json) x
UNION ALL (SELECT __doc::text FROM copy_json EXCEPT ALL SELECT __doc::text FROM traps_json);
SELECT count(*) > 50 FROM copy_json;
INSERT INTO copy_bytes VALUES ('\x0500000001');
INSERT INTO copy_bytes VALUES ('\x10000000036100ffffff00000000000000');

-- Columns over the same field; what only the server knows; what cannot be returned or written; counts.
CREATE FOREIGN TABLE over (_id int, a jsonb, ab int OPTIONS (path 'a.b'), twice int OPTIONS (path 'a.b'), v int[])
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'over');
CREATE FOREIGN TABLE over_up (_id int, a jsonb, ab int OPTIONS (path 'a.b'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'over', write_mode 'upsert');
CREATE FOREIGN TABLE over_doc (_id int, __doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'over');
TRUNCATE over;
\set VERBOSITY default
INSERT INTO over VALUES (1, '{"b": 1}', 1, 1), (2, NULL, 2, 2);
INSERT INTO over VALUES (3, '{"b": 1}', 2);
UPDATE over SET a = '{"b": 5}', ab = 5 WHERE _id = 1;
UPDATE over SET ab = 5, twice = _id WHERE _id = 1;
INSERT INTO over_up VALUES (1, '{"b": 1}', 1);
INSERT INTO over_up (_id, ab) VALUES (1, 7);
INSERT INTO over (_id, v) VALUES (4, '[0:1]={1,2}');
UPDATE over SET v = '{1}' WHERE _id = 1 RETURNING ctid;
\set VERBOSITY terse
SELECT * FROM over ORDER BY _id;
INSERT INTO over_doc (__doc) VALUES ('{"z": 1, "_id": 5}') RETURNING _id;
SELECT counts('INSERT INTO over (_id, ab) SELECT g, g FROM generate_series(10, 2009) g');
SELECT counts('DELETE FROM over WHERE _id >= 10 AND random() >= 0');
-- Infinity is a number of BSON, not a date.
CREATE FOREIGN TABLE infinite (_id int, f float8, n numeric, d date) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'infinite');
TRUNCATE infinite;
INSERT INTO infinite VALUES (1, 'infinity', 'NaN'), (2, '-infinity', -0.10), (3, 'NaN', 1e-7);
SELECT * FROM infinite ORDER BY 1;
INSERT INTO infinite VALUES (4, 1, 1, 'infinity');
DROP FOREIGN TABLE over, over_up, over_doc, infinite;

DROP VIEW checked;
DROP FOREIGN TABLE w, w_doc, w_text, kinds, kinds_doc, up, re, locked, child, strict, strict2, traps_bytes, copy_bytes, traps_json, copy_json;
DROP FUNCTION note, counts;
