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
WITH u AS (UPDATE w SET name = w.name FROM (VALUES (2), (2), (4)) x (id) WHERE _id = x.id RETURNING 1) SELECT count(*) FROM u; -- each once
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
INSERT INTO w (_id, j) VALUES (9, '{"a": [{"$numberLong": "5", "x": 1}, {"$date": "never"}]}');
INSERT INTO w (_id, j) VALUES (9, '[12345678901234567890123456789012345]');
\set VERBOSITY terse
SELECT __doc FROM w_doc WHERE _id = 7;

-- UPDATE and DELETE as one command.
-- New values that read MongoDB while the command stands ready: document 1 alone gets them.
CREATE FOREIGN TABLE r (_id int, v int, k int, t text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'r');
TRUNCATE r;
INSERT INTO r VALUES (1, 10, 1, 'a'), (2, 20, 2, 'b'), (5, 50, 5, 'e');
CREATE FUNCTION v_of(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT v FROM r WHERE _id = id); END $$;
UPDATE r SET v = (SELECT v + 1 FROM r WHERE _id = 5) WHERE _id = 1;
SELECT * FROM r ORDER BY _id;
UPDATE r SET v = v_of(5) + 2, t = (SELECT 'found ' || t FROM r WHERE _id = 2) WHERE _id = 1;
SELECT * FROM r ORDER BY _id;
UPDATE r SET k = k * 2, v = (SELECT max(v) + 3 FROM r) WHERE _id = 1;
SELECT * FROM r ORDER BY _id;
DELETE FROM r WHERE _id = (SELECT _id - 3 FROM r WHERE _id = 5) AND v_of(5) = 50;
SELECT * FROM r ORDER BY _id;
DROP FUNCTION v_of;
DROP FOREIGN TABLE r;
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

-- What stands in the way of a nested path; lists of fields inside an array; composites keep the keys that they do not name.
CREATE TYPE place AS (city text, zip int);
CREATE TYPE house AS (number int, place place, rooms int[]);
CREATE FOREIGN TABLE nested (_id int, b int OPTIONS (path 'a.b'), names text[] OPTIONS (path 'items.name'), house house)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'nested', on_conversion_error 'null');
CREATE FOREIGN TABLE nested_null (_id int, house house OPTIONS (null_as 'null')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'nested');
CREATE FOREIGN TABLE nested_doc (_id int, __doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'nested');
TRUNCATE nested;
INSERT INTO nested_doc (__doc) VALUES ('{"_id": 1, "a": null}'), ('{"_id": 2, "a": 5}'), ('{"_id": 3, "items": [{"name": "x", "n": 1}, {"name": "y"}]}'),
    ('{"_id": 4, "house": {"number": 1, "unknown": true, "place": {"city": "Ghent", "zip": 9000, "more": [1]}, "rooms": [1, 2]}}'), ('{"_id": 5, "house": "none"}');
SET client_min_messages = error;
UPDATE nested SET b = 1 WHERE _id = 1 AND random() >= 0;
UPDATE nested SET b = 1 WHERE _id = 2;
RESET client_min_messages;
SELECT names FROM nested WHERE _id = 3;
\set VERBOSITY default
UPDATE nested SET names = NULL WHERE _id = 3;
UPDATE nested SET names = '{z}' WHERE _id = 3 AND random() >= 0;
\set VERBOSITY terse
UPDATE nested SET house.number = 2 WHERE _id = 4;
UPDATE nested SET house.place.city = 'Lyon' WHERE _id = 4;
UPDATE nested SET house.rooms = NULL, house.place.zip = NULL WHERE _id = 4;
UPDATE nested SET house = ROW(3, (house).place, (house).rooms) WHERE _id = 4 RETURNING house;
UPDATE nested SET house = house WHERE _id = 4;
SELECT __doc -> 'house' AS house FROM nested_doc WHERE _id = 4;
UPDATE nested_null SET house.place.city = NULL WHERE _id = 4;
SELECT __doc -> 'house' AS house FROM nested_doc WHERE _id = 4;
UPDATE nested SET house = NULL WHERE _id = 5;
UPDATE nested SET house = ROW(1, NULL, NULL) WHERE _id = 5;
UPDATE nested SET house = NULL WHERE _id = 4;
SELECT __doc FROM nested_doc WHERE _id >= 4 ORDER BY _id;
DROP FOREIGN TABLE nested, nested_null, nested_doc;
DROP TYPE house, place;

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
-- What is no value of the row, and not the same for all: row by row.
UPDATE computed SET f = random() WHERE _id < 5;
SELECT count(DISTINCT f) FROM computed WHERE _id < 5;
UPDATE computed SET (i, s) = (SELECT x, y FROM (VALUES (1, 10, 11), (2, 20, 22)) v (k, x, y) WHERE k = _id) WHERE _id < 4;
UPDATE computed SET flag = _id IN (SELECT 2), big = (SELECT count(*) FROM generate_series(1, 3)) WHERE _id < 4;
INSERT INTO computed (_id, f) VALUES (7, '-0');
SELECT counts('UPDATE computed SET f = f + f WHERE _id = 7');
SELECT _id, i, s, flag, big FROM computed_null NATURAL JOIN (SELECT _id, s, flag, big FROM computed WHERE _id < 4) c ORDER BY 1;
SELECT f FROM computed WHERE _id = 7;
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

-- The same collection through another server, and through a pipeline that looks there.
\getenv uri MONGO_URI
CREATE SERVER again FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri');
CREATE USER MAPPING FOR public SERVER again;
CREATE FOREIGN TABLE loop (_id int, name text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'loop');
CREATE FOREIGN TABLE loop_again (_id int, name text) SERVER again OPTIONS (database 'mongo_fdw_cpp_writes', collection 'loop');
CREATE FOREIGN TABLE loop_pipeline (_id int, name text) SERVER again OPTIONS (database 'mongo_fdw_cpp_writes', collection 'w', pipeline '[{"$limit": 1}, {"$lookup": {"from": "loop", "pipeline": [], "as": "l"}}, {"$unwind": "$l"}, {"$replaceRoot": {"newRoot": "$l"}}]');
TRUNCATE loop;
INSERT INTO loop SELECT g, 'x' FROM generate_series(1, 1500) g;
INSERT INTO loop SELECT _id + 10000, 'y' FROM loop_again;
SELECT count(*) FROM loop;
INSERT INTO loop SELECT _id + 100000, 'z' FROM loop_pipeline;
SELECT count(*) FROM loop;
WITH u AS (UPDATE loop SET name = 'u') DELETE FROM loop_again;
DROP FOREIGN TABLE loop, loop_again, loop_pipeline;
DROP USER MAPPING FOR public SERVER again;
DROP SERVER again;

-- Options.
CREATE FOREIGN TABLE kinds (_id text OPTIONS (bson_type 'objectid'), i bigint OPTIONS (bson_type 'int32'), d int OPTIONS (bson_type 'double'),
    dec int OPTIONS (bson_type 'decimal128'), f numeric OPTIONS (bson_type 'double'),
    bin bytea OPTIONS (bson_type 'binary:128'),
    keep text OPTIONS (null_as 'null'), ms timestamptz OPTIONS (round_time 'true'), a int[] OPTIONS (bson_type 'int64'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'kinds', on_conversion_error 'null');
CREATE FOREIGN TABLE kinds_doc (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'kinds');
TRUNCATE kinds;
INSERT INTO kinds VALUES ('507f1f77bcf86cd799439011', 5, 5, 5, 0.1, '\x01', NULL, '2024-01-01 00:00:00.0015+00', '{1,2}');
SELECT __doc FROM kinds_doc;
INSERT INTO kinds (i) VALUES (3000000000);
INSERT INTO kinds (f) VALUES (0.12345678901234567890);
INSERT INTO kinds (_id) VALUES ('no id');
-- What a column writes it returns, reads and finds, with push-down and without; or it is refused.
CREATE FUNCTION written_as(value text, type_name text, bson_type text, options text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE stored text; returned boolean; same boolean; found boolean := true; pushed boolean;
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE pairs (_id int, a %s OPTIONS (bson_type %L %s)) SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_writes'', collection ''pairs'')', type_name, bson_type, options);
    EXECUTE format('INSERT INTO pairs VALUES (1, %L::%s) RETURNING a::text = (%1$L::%2$s)::text', value, type_name) INTO returned;
    SELECT __doc ->> 'a' INTO stored FROM pairs_doc;
    EXECUTE format('SELECT a::text = (%L::%s)::text FROM pairs', value, type_name) INTO same;
    IF type_name <> 'json' THEN
        FOREACH pushed IN ARRAY ARRAY[true, false] LOOP
            PERFORM set_config('mongo_fdw_cpp.enable_pushdown', pushed::text, true);
            EXECUTE format('SELECT %L::boolean AND count(*) = 1 FROM pairs WHERE a = %L::%s', found, value, type_name) INTO found;
        END LOOP;
    END IF;
    DELETE FROM pairs;
    DROP FOREIGN TABLE pairs;
    RETURN format('%s as %s: %s%s%s%s', type_name, bson_type, stored, CASE WHEN returned THEN '' ELSE ' (returned otherwise)' END,
        CASE WHEN same THEN '' ELSE ' (reads otherwise)' END, CASE WHEN found THEN '' ELSE ' (not found)' END);
EXCEPTION WHEN OTHERS THEN
    TRUNCATE pairs_doc;
    RETURN format('%s as %s: %s %s', type_name, bson_type, SQLSTATE, SQLERRM);
END $$;
CREATE FOREIGN TABLE pairs_doc (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'pairs');
TRUNCATE pairs_doc;
SET client_min_messages = error;
SELECT written_as(v, t, b, coalesce(o, '')) FROM (VALUES
    ('5', 'smallint', 'int64', NULL), ('5', 'smallint', 'double', NULL), ('5', 'smallint', 'decimal128', NULL), ('5', 'integer', 'int64', NULL), ('-2147483648', 'bigint', 'int32', NULL), ('2147483648', 'bigint', 'int32', NULL),
    ('9007199254740993', 'bigint', 'double', NULL), ('9223372036854775807', 'bigint', 'decimal128', NULL), ('2.5', 'real', 'int32', NULL), ('2', 'real', 'int32', NULL), ('0.1', 'real', 'decimal128', NULL), ('1e18', 'double precision', 'int64', NULL),
    ('NaN', 'double precision', 'int64', NULL), ('1e300', 'double precision', 'decimal128', NULL), ('1.50', 'numeric', 'double', NULL), ('1e400', 'numeric', 'double', NULL), ('7.00', 'numeric', 'int32', NULL), ('7.5', 'numeric', 'int64', NULL), ('1e19', 'numeric', 'int64', NULL),
    ('true', 'boolean', 'int32', NULL), ('507f1f77bcf86cd799439011', 'bpchar(24)', 'objectid', NULL), ('507f1f77bcf86cd799439011', 'name', 'objectid', NULL), ('507f1f77bcf86cd799439011', 'mongo.objectid', 'string', NULL), ('507f1f77bcf86cd799439011', 'text', 'objectid', NULL), ('507F1F77BCF86CD799439011', 'text', 'objectid', NULL), ('/a/b/i', 'text', 'regex', NULL), ('f()', 'text', 'code', NULL), ('x', 'varchar(3)', 'string', NULL), ('x', 'bpchar(3)', 'string', NULL),
    ('1970-01-01 00:00:01+00', 'timestamptz', 'timestamp', NULL), ('2024-02-29', 'date', 'timestamp', NULL), ('2024-02-29', 'date', 'date', NULL), ('2024-02-29 00:00:00.5', 'timestamp', 'date', NULL), ('1969-12-31 23:59:59.001+00', 'timestamptz', 'date', NULL),
    ('1969-12-31 23:59:59.9995', 'timestamp', 'date', ', round_time ''true'''), ('1969-12-31 23:59:59.9994', 'timestamp', 'date', ', round_time ''true'''), ('2024-01-01 00:00:00.0005', 'timestamp', 'date', ', round_time ''true'''), ('2024-01-01 00:00:00.0004', 'timestamp', 'date', ', round_time ''true'''),
    ('00112233-4455-6677-8899-aabbccddeeff', 'uuid', 'binary:3', ', uuid_legacy ''csharp'''), ('00112233-4455-6677-8899-aabbccddeeff', 'uuid', 'binary:4', NULL), ('00112233-4455-6677-8899-aabbccddeeff', 'uuid', 'binary:5', NULL), ('00112233-4455-6677-8899-aabbccddeeff', 'uuid', 'binary:3', NULL), ('00112233-4455-6677-8899-aabbccddeeff', 'uuid', 'binary:4', ', uuid_legacy ''java'''), ('00112233-4455-6677-8899-aabbccddeeff', 'uuid', 'uuid', ', uuid_legacy ''python'''), ('\x0102', 'bytea', 'binary:2', NULL), ('\x0102', 'bytea', 'binary:128', NULL), ('{1,2}', 'int[]', 'double', NULL), ('{507f1f77bcf86cd799439011}', 'text[]', 'objectid', NULL),
    ('\x00112233445566778899aabbccddeeff', 'bytea', 'uuid', NULL), ('\x00', 'bytea', 'uuid', NULL), ('\x507f1f77bcf86cd799439011', 'bytea', 'objectid', NULL), ('{"a": 1}', 'json', 'object', NULL), ('[1]', 'json', 'OBJECT', NULL), ('[1]', 'jsonb', 'array', NULL), ('5', 'jsonb', 'array', NULL)) x (v, t, b, o);
RESET client_min_messages;
DROP FOREIGN TABLE pairs_doc;
DROP FUNCTION written_as;
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
UPDATE locked SET _id = 1;
DELETE FROM locked;
COPY locked FROM stdin;
1
\.
SELECT relname, pg_relation_is_updatable(oid, false) AS events FROM pg_class WHERE relname IN ('up', 'locked') ORDER BY 1;
CREATE FOREIGN TABLE child (_id int, v int OPTIONS (path 'l')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up', unwind 'l');
\set VERBOSITY default
UPDATE child SET v = 1;
\set VERBOSITY terse
INSERT INTO child VALUES (1, 1);
DELETE FROM child;
TRUNCATE child;
CREATE FOREIGN TABLE unnameable (_id int, a int OPTIONS (path '["a.b"]'), b int OPTIONS (path '["$c"]'), keep int OPTIONS (null_as 'null'), plain int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'unnameable');
TRUNCATE unnameable;
INSERT INTO unnameable (_id, plain, keep) VALUES (1, 1, 1), (2, 2, 2);
\set VERBOSITY default
UPDATE unnameable SET a = 1 WHERE _id = 1;
\set VERBOSITY terse
UPDATE unnameable SET keep = NULL, plain = NULL WHERE _id = 1 AND random() >= 0;
CREATE FUNCTION blank() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.plain := NULL; RETURN NEW; END $$;
CREATE TRIGGER blank BEFORE UPDATE ON unnameable FOR EACH ROW EXECUTE FUNCTION blank();
UPDATE unnameable SET keep = 5 WHERE _id >= 1; -- NULL before and after is not assigned, what the trigger changes is
SELECT (mongo.query('mongodb', 'mongo_fdw_cpp_writes', 'unnameable', '[{"$sort": {"_id": 1}}]')) AS stored;
DROP FOREIGN TABLE unnameable;
DROP FUNCTION blank;
CREATE FOREIGN TABLE strict (_id int, x int, made text OPTIONS (role 'missing')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up');
CREATE FOREIGN TABLE strict2 (_id int, x int, __missing text[], span interval) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'up');
INSERT INTO strict2 (x) VALUES (1);
INSERT INTO strict2 (_id, __missing) VALUES (9, '{x}');
INSERT INTO strict2 (_id, span) VALUES (9, '1 day');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (write_concern '0');
CREATE SERVER bad FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (write_concern '{"w": "majority", "x": 1}');
ALTER FOREIGN TABLE up OPTIONS (ADD write_concern '{"w": 1, "j": true}', ADD batch_size '1');
INSERT INTO up VALUES (4, 4, 4);

-- One row after the other, and all that can be; what no document holds; nothing given at all.
CREATE FOREIGN TABLE loose (_id int, v text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'loose', ordered 'false');
CREATE FOREIGN TABLE any_id (v text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'any_id');
TRUNCATE loose, any_id;
INSERT INTO loose VALUES (1, 'a');
\set VERBOSITY sqlstate
SET client_min_messages = error;
INSERT INTO loose VALUES (2, 'a'), (1, 'b'), (3, 'a');
RESET client_min_messages;
\set VERBOSITY terse
SELECT * FROM loose ORDER BY 1;
INSERT INTO loose VALUES (4, repeat('x', 17000000));
INSERT INTO any_id DEFAULT VALUES;
INSERT INTO any_id SELECT NULL FROM generate_series(1, 2);
SELECT count(*) FROM any_id WHERE v IS NULL;
EXPLAIN (COSTS OFF) INSERT INTO loose VALUES (5, 'x');
EXPLAIN (VERBOSE, COSTS OFF) INSERT INTO up VALUES (5, 5, 5);
EXPLAIN (COSTS OFF) INSERT INTO re VALUES (5, 5, 5) RETURNING _id;
DROP FOREIGN TABLE loose, any_id;

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
-- ... equal as jsonb, where no text has a NUL; and as columns of each type, where they fit.
CREATE FOREIGN TABLE traps_jsonb (__doc jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
CREATE FOREIGN TABLE traps_strict (__doc jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps');
CREATE FOREIGN TABLE copy_jsonb (__doc jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'copy_jsonb');
TRUNCATE copy_jsonb;
INSERT INTO copy_jsonb SELECT __doc FROM traps_jsonb WHERE __doc IS NOT NULL;
SELECT * FROM (SELECT __doc FROM traps_jsonb WHERE __doc IS NOT NULL EXCEPT ALL SELECT __doc FROM copy_jsonb) x
UNION ALL (SELECT __doc FROM copy_jsonb EXCEPT ALL SELECT __doc FROM traps_jsonb);
SELECT count(*) > 50 FROM copy_jsonb;
INSERT INTO copy_jsonb SELECT __doc FROM traps_strict;
CREATE FUNCTION copy_of_type(type_name text, options text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE here bigint; lost bigint; copied text;
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE typed_source (_id int, a %s OPTIONS (path ''a'' %s)) SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_test'', collection ''traps'', on_conversion_error ''null'')', type_name, options);
    EXECUTE format('CREATE FOREIGN TABLE typed_copy (_id int, a %s OPTIONS (path ''a'' %s)) SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_writes'', collection ''typed'')', type_name, options);
    TRUNCATE typed_copy;
    INSERT INTO typed_copy SELECT * FROM typed_source;
    SELECT count(a) INTO here FROM typed_source;
    SELECT count(*) INTO lost FROM ((SELECT _id, a::text FROM typed_source EXCEPT ALL SELECT _id, a::text FROM typed_copy) UNION ALL (SELECT _id, a::text FROM typed_copy EXCEPT ALL SELECT _id, a::text FROM typed_source)) x;
    DROP FOREIGN TABLE typed_source, typed_copy;
    RETURN format('%s: %s, %s differ', type_name, CASE WHEN here > 0 THEN 'values copied' ELSE 'no value' END, lost);
END $$;
SELECT copy_of_type(t) FROM unnest(ARRAY['smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric', 'numeric(10,2)', 'boolean', 'text', 'varchar(3)', 'bpchar', 'name', 'mongo.objectid',
    'uuid', 'bytea', 'timestamptz', 'timestamp', 'date', 'integer[]', 'text[]', 'numeric[]']) t;
SELECT copy_of_type('json', ', json_format ''canonical'''), copy_of_type('jsonb', ', json_format ''canonical'''), copy_of_type('jsonb[]', ', json_format ''canonical'''), copy_of_type('uuid', ', uuid_legacy ''java''');
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
DROP FOREIGN TABLE w, w_doc, w_text, kinds, kinds_doc, up, re, locked, child, strict, strict2, traps_bytes, copy_bytes, traps_json, copy_json, traps_jsonb, traps_strict, copy_jsonb;
DROP FUNCTION note, counts, copy_of_type;
