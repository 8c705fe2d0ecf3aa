-- The type mongo.objectid: input, order, hashing, casts.
SELECT '5f0000000000000000000001'::mongo.objectid, '5F00000000000000000000Ab'::mongo.objectid;
SELECT error_of($$SELECT '5f'::mongo.objectid$$);
SELECT error_of($$SELECT '5f000000000000000000000g'::mongo.objectid$$);
SELECT error_of($$SELECT '5f00'::bytea::mongo.objectid$$);
CREATE TEMP TABLE ids (id mongo.objectid PRIMARY KEY);
INSERT INTO ids SELECT lpad(to_hex(i), 24, '0')::mongo.objectid FROM generate_series(1, 1000) i;
ANALYZE ids;
SELECT min(id::text), max(id::text), count(DISTINCT id) FROM ids;
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
