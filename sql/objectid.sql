-- The type mongo.objectid: input, order, hashing, casts.
SELECT '5f0000000000000000000001'::mongo.objectid, '5F00000000000000000000Ab'::mongo.objectid;
SELECT error_of($$SELECT '5f'::mongo.objectid$$);
SELECT error_of($$SELECT '5f000000000000000000000g'::mongo.objectid$$);
SELECT error_of($$SELECT '5f00'::bytea::mongo.objectid$$);
CREATE TEMP TABLE ids (id mongo.objectid PRIMARY KEY);
INSERT INTO ids SELECT lpad(to_hex(i), 24, '0')::mongo.objectid FROM generate_series(1, 1000) i;
ANALYZE ids;
SELECT min(id::text), max(id::text), count(DISTINCT id) FROM ids;
SELECT min(id), max(id) FROM ids;
SELECT min(id) FILTER (WHERE id > '0000000000000000000003e7'), max(id) OVER () FROM ids GROUP BY id, id ORDER BY id DESC LIMIT 1;
SELECT min(id) IS NULL AS none FROM ids WHERE false;
SELECT length(mongo.new_objectid()::text), mongo.new_objectid() <> mongo.new_objectid() AS differ,
       abs(extract(epoch FROM now() - mongo.new_objectid()::timestamptz)) < 60 AS is_now;
SELECT count(DISTINCT mongo.new_objectid()) FROM generate_series(1, 1000);
SELECT id FROM ids ORDER BY id DESC LIMIT 2;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM ids WHERE id = '00000000000000000000000a';
SELECT * FROM ids WHERE id < '000000000000000000000003' ORDER BY id;
RESET enable_seqscan;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT count(*) FROM ids a JOIN ids b USING (id);
SET enable_hashjoin = off;
RESET enable_mergejoin;
SELECT count(*) FROM ids a JOIN ids b USING (id);
RESET ALL;
SELECT id <> '000000000000000000000001' AS ne, id <= '000000000000000000000001' AS le, id >= '000000000000000000000002' AS ge,
       id > '000000000000000000000000' AS gt FROM ids ORDER BY id LIMIT 1;
SET timezone = 'UTC';
SELECT '65e071170000000000000000'::mongo.objectid::timestamptz, 'ffffffff0000000000000000'::mongo.objectid::timestamptz;
SELECT '65e071170000000000000000'::mongo.objectid::bytea, '\x65e071170000000000000000'::bytea::mongo.objectid;
CREATE TEMP TABLE as_text (t text);
INSERT INTO as_text SELECT id FROM ids ORDER BY id LIMIT 1;
SELECT * FROM as_text;
SELECT split_part(error_of($$SELECT length('65e071170000000000000000'::mongo.objectid)$$), E'\n', 1);
SELECT ('65e071170000000000000000'::text)::mongo.objectid;
\copy (SELECT id FROM ids ORDER BY id LIMIT 3) TO 'objectid.bin' (FORMAT binary)
CREATE TEMP TABLE back (id mongo.objectid);
\copy back FROM 'objectid.bin' (FORMAT binary)
SELECT * FROM back;

-- A schema mongo of somebody's own: said before anything is made, with the way out. Functions and types are found under any name.
BEGIN;
SET LOCAL client_min_messages = error;
DROP EXTENSION mongo_fdw_cpp CASCADE;
CREATE SCHEMA mongo;
SELECT error_of('CREATE EXTENSION mongo_fdw_cpp');
ALTER SCHEMA mongo RENAME TO mongo_of_mine;
CREATE EXTENSION mongo_fdw_cpp;
ALTER SCHEMA mongo RENAME TO mongo_of_the_wrapper;
ALTER SCHEMA mongo_of_mine RENAME TO mongo;
SELECT count(*) FROM mongo_of_the_wrapper.pushdown_rules WHERE arguments LIKE '%objectid%';
ROLLBACK;
BEGIN;
ALTER SCHEMA mongo RENAME TO "Mongo of the wrapper";
SELECT max(a) FROM (VALUES ('65e071170000000000000000'::"Mongo of the wrapper".objectid)) v (a);
CREATE FOREIGN TABLE renamed (_id "Mongo of the wrapper".objectid) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_objectid', collection 'renamed');
TRUNCATE renamed;
INSERT INTO renamed VALUES ('65e071170000000000000000');
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM renamed WHERE _id = '65e071170000000000000000';
SELECT * FROM renamed WHERE _id = '65e071170000000000000000';
CREATE SCHEMA imported;
SET LOCAL client_min_messages = error;
CALL "Mongo of the wrapper".import_schema('mongodb', 'mongo_fdw_cpp_objectid', 'imported');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'imported.renamed'::regclass AND attnum > 0 ORDER BY attnum;
ROLLBACK;
-- Everybody may see what is pushed down; its counts are those of one session, so parallel workers leave it alone.
SELECT has_table_privilege('public', 'mongo.pushdown_rules', 'SELECT') AS everybody, proparallel FROM pg_proc WHERE proname = 'list_pushdown_rules';

-- As UUIDs of version 8: in the same order, and back.
SELECT mongo.objectid_to_uuid('5f43a1b2c3d4e5f607182930'), mongo.objectid_to_uuid('ffffffffffffffffffffffff'), mongo.objectid_to_uuid('000000000000000000000000');
SELECT mongo.uuid_to_objectid('5f43a1b2-c3d4-8e5f-981c-60a4c0000000'), mongo.uuid_to_objectid('5f43a1b2-c3d4-4e5f-981c-60a4c0000000'), mongo.uuid_to_objectid('5f43a1b2-c3d4-8e5f-981c-60a4c0000001'), mongo.uuid_to_objectid('5f43a1b2-c3d4-8e5f-581c-60a4c0000000'), mongo.uuid_to_objectid(NULL);
WITH ids AS (SELECT left(md5(g::text), 24)::mongo.objectid AS id FROM generate_series(1, 5000) g)
SELECT count(*) FILTER (WHERE mongo.uuid_to_objectid(mongo.objectid_to_uuid(id)) = id) AS told_back, count(DISTINCT mongo.objectid_to_uuid(id)) AS different,
       count(*) FILTER (WHERE (SELECT mongo.objectid_to_uuid(id) < mongo.objectid_to_uuid(next) FROM (SELECT min(o.id) AS next FROM ids o WHERE o.id > ids.id) n)) AS in_order
  FROM ids WHERE id < '0fffffffffffffffffffffff';
