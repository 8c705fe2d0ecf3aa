-- Keys of documents: bytes that sort as MongoDB sorts ids, from a foreign table and from values of a target.
\set VERBOSITY terse
CREATE FOREIGN TABLE key_fill (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'keys');
TRUNCATE key_fill;
INSERT INTO key_fill SELECT json_build_object('_id', id::json, 'n', n) FROM unnest(ARRAY[
    '{"$minKey": 1}', 'null', '{"$numberDouble": "-Infinity"}', '{"$numberDecimal": "-12345678901234567890.5"}', '-7', '{"$numberDouble": "-0.1"}',
    '{"$numberDecimal": "-1E-50"}', '0', '{"$numberDouble": "4.9E-324"}', '{"$numberDecimal": "0.1"}', '{"$numberDouble": "0.3"}', '1', '{"$numberDouble": "1.5"}', '{"$numberDecimal": "1.75"}',
    '5', '{"$numberLong": "9007199254740993"}', '{"$numberDouble": "9223372036854775808"}', '{"$numberDecimal": "1E+100"}', '{"$numberDouble": "Infinity"}',
    '""', '"a"', '"a\u0000"', '"a\u0000b"', '"ab"', '"ä"', '"😀"', '{}', '{"a": 1}', '{"a": 2}', '{"b": 1}', '{"a": "1"}', '{"a": 1, "b": 2}', '{"b": 2, "a": 1}',
    '{"$binary": {"base64": "AQ==", "subType": "00"}}', '{"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}', '{"$oid": "0000000a0000000000000001"}', '{"$oid": "ffffffffffffffffffffffff"}',
    'false', 'true', '{"$date": {"$numberLong": "-1"}}', '{"$date": {"$numberLong": "1700000000000"}}', '{"$timestamp": {"t": 1700000000, "i": 5}}', '{"$maxKey": 1}']) WITH ORDINALITY AS u (id, n);
CREATE FOREIGN TABLE keyed (__key bytea, n int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'keys');
EXPLAIN (VERBOSE, COSTS OFF) SELECT __key FROM keyed;
SELECT count(*), count(DISTINCT __key) FROM keyed;
-- The order of the bytes is the server's own: no id stands elsewhere.
SELECT array_agg(n ORDER BY __key) = (SELECT array_agg((document ->> 'n')::int) FROM mongo.query('mongodb', 'mongo_fdw_cpp_writes', 'keys', '[{"$sort": {"_id": 1}}, {"$project": {"n": 1, "_id": 0}}]') AS q (document)) AS as_the_server_sorts FROM keyed;
-- A range of keys is a filter on _id: whatever the cuts, each document lies in one range, and the server finds it there.
-- But for binaries: engine secantus compares those of two subtypes by their bytes alone.
CREATE FUNCTION ids_between(lower bytea, upper bytea) RETURNS int[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg((document ->> 'n')::int ORDER BY document ->> 'n'), '{}')
      FROM mongo.query('mongodb', 'mongo_fdw_cpp_writes', 'keys', format('[{"$match": %s}, {"$project": {"n": 1, "_id": 0}}]', mongo.bson_to_json(mongo_internal.key_filter(lower, upper), 'canonical'))::json) AS q (document)
     WHERE (document ->> 'n')::int NOT IN (34, 35)
$$;
SELECT cut.every, count(*) AS ranges, count(*) FILTER (WHERE ids_between(r.lower, r.upper) IS DISTINCT FROM
           (SELECT coalesce(array_agg(k.n ORDER BY k.n::text), '{}') FROM keyed AS k WHERE n NOT IN (34, 35) AND (r.lower IS NULL OR k.__key >= r.lower) AND (r.upper IS NULL OR k.__key < r.upper))) AS different
  FROM unnest(ARRAY[1, 3, 7, 20]) AS cut (every),
       LATERAL (WITH bounds AS (SELECT b.key, row_number() OVER (ORDER BY b.key) AS place FROM (SELECT __key AS key, row_number() OVER (ORDER BY __key) AS n FROM keyed) AS b WHERE b.n % cut.every = 0)
                SELECT lag(key) OVER (ORDER BY key) AS lower, key AS upper FROM bounds UNION ALL SELECT (SELECT key FROM bounds ORDER BY key DESC LIMIT 1), NULL) AS r
 GROUP BY cut.every ORDER BY cut.every;
SELECT mongo.bson_to_json(mongo_internal.key_filter(mongo.id_key(5), mongo.id_key('a'::text)), 'relaxed');
SELECT error_of($$SELECT mongo_internal.key_filter('\x00', NULL)$$);
DROP FUNCTION ids_between;
-- Cuts are made by walking the index.
WITH RECURSIVE cuts AS (SELECT mongo_internal.next_key('keyed', NULL, 7) AS key UNION ALL SELECT mongo_internal.next_key('keyed', key, 7) FROM cuts WHERE key IS NOT NULL)
SELECT count(*), array_agg(key ORDER BY key) = ARRAY(SELECT k.__key FROM (SELECT __key, row_number() OVER (ORDER BY __key) AS n FROM keyed) AS k WHERE k.n > 1 AND k.n % 7 = 1 ORDER BY k.n) AS each_seventh
  FROM cuts WHERE key IS NOT NULL;
WITH RECURSIVE cuts AS (SELECT NULL::bytea AS lower, mongo_internal.next_key('keyed', NULL, 5) AS upper UNION ALL SELECT upper, mongo_internal.next_key('keyed', upper, 5) FROM cuts WHERE upper IS NOT NULL)
SELECT count(*) AS chunks, sum(r.ids) AS documents FROM cuts, LATERAL (SELECT count(DISTINCT k.__key) AS ids FROM mongo_internal.read_documents('keyed', lower, upper) AS piece, mongo.rows_of(NULL::keyed, piece) AS k) AS r;
SELECT mongo_internal.next_key('keyed', NULL, 1000) IS NULL AS fewer;
-- Documents come whole and once, in pieces.
SELECT count(*) BETWEEN 8 AND 12 AS pieces, sum(cardinality(piece)) AS documents FROM mongo_internal.read_documents('keyed', NULL, NULL, 100) AS piece;
SELECT mongo.bson_to_json(d.document, 'relaxed') FROM mongo_internal.read_documents('keyed', mongo.id_key(1), mongo.id_key(5)) AS piece, unnest(piece) AS d (document) ORDER BY mongo.bson_to_json(d.document, 'relaxed')::json ->> 'n';
CREATE FOREIGN TABLE keyed_some (n int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'keys', pipeline '[{"$match": {"n": {"$gte": 13}}}]');
SELECT sum(cardinality(piece)) AS documents FROM mongo_internal.read_documents('keyed_some', mongo.id_key(1), mongo.id_key(5)) AS piece;
SELECT cardinality(mongo_internal.read_documents('keyed', NULL, NULL, 1)) AS documents LIMIT 2;
DROP FOREIGN TABLE keyed_some;
-- Documents at hand give the rows that a scan gives.
CREATE FOREIGN TABLE key_rows (_id json, n int, gone int, __key bytea, __doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'keys');
ALTER FOREIGN TABLE key_rows DROP COLUMN gone;
SELECT count(*), count(*) FILTER (WHERE r::text = s::text) AS same FROM (SELECT r.* FROM mongo_internal.read_documents('key_rows', NULL, NULL, 200) AS piece, mongo.rows_of(NULL::key_rows, piece) AS r) AS r FULL JOIN key_rows AS s USING (n);
SELECT count(*) FROM mongo.rows_of(NULL::key_rows, NULL);
SELECT n FROM mongo.rows_of(NULL::key_rows, ARRAY[NULL, '\x0c000000106e000500000000', NULL]::bytea[]);
SELECT error_of($$SELECT * FROM mongo.rows_of(NULL::key_rows, ARRAY['\x0c000000106e0005000000']::bytea[])$$);
SELECT error_of($$SELECT * FROM mongo.rows_of(NULL::key_rows, ARRAY['\x0c000000776e000500000000']::bytea[])$$);
SELECT error_of($$SELECT * FROM mongo.rows_of(5, ARRAY['\x0500000000']::bytea[])$$);
SELECT error_of($$SELECT * FROM mongo.rows_of(NULL::pg_class, ARRAY['\x0500000000']::bytea[])$$);
DROP FOREIGN TABLE key_rows;
SELECT error_of($$SELECT mongo_internal.next_key('keyed', '\x00', 5)$$);
SELECT error_of($$SELECT mongo_internal.next_key('keyed', NULL, 0)$$);
SELECT error_of($$SELECT mongo_internal.next_key('pg_class', NULL, 5)$$);
-- Comparisons with keys are conditions on _id: one range within a bracket of types, an $or of one a bracket across them.
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM keyed WHERE __key >= mongo.id_key(3) AND __key < mongo.id_key(7);
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM keyed WHERE __key >= mongo.id_key(3) AND __key < mongo.id_key('b'::text);
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM keyed WHERE __key = ANY (ARRAY[mongo.id_key(3), mongo.id_key('b'::text), NULL, '\x00']);
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM keyed WHERE __key = mongo.id_key('0000000a0000000000000001'::mongo.objectid) AND n > 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM keyed WHERE __key <> mongo.id_key(3) OR __key IS NULL;
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM keyed WHERE __key > '\x00' OR substr(__key, 1, 1) = '\x00';
-- Each of all pairs of keys as bounds, inclusive or not, gives there what it gives here (but for binaries, as above).
CREATE TABLE all_keys AS SELECT __key AS key, n FROM keyed WHERE n NOT IN (34, 35);
CREATE FUNCTION differing(condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE a record; there bigint[]; here bigint[]; found bigint := 0; c text := replace(condition, 'KEY', '__key');
BEGIN
    FOR a IN SELECT x.key AS low, y.key AS high FROM all_keys x, all_keys y WHERE condition ~ 'high' OR x.key = y.key LOOP
        EXECUTE format('SELECT array_agg(n::bigint ORDER BY n) FROM keyed WHERE (%s) AND n NOT IN (34, 35)', replace(replace(c, 'low', quote_literal(a.low) || '::bytea'), 'high', quote_literal(a.high) || '::bytea')) INTO there;
        EXECUTE format('SELECT array_agg(n::bigint ORDER BY n) FROM all_keys WHERE %s', replace(replace(replace(condition, 'KEY', 'key'), 'low', quote_literal(a.low) || '::bytea'), 'high', quote_literal(a.high) || '::bytea')) INTO here;
        found := found + (there IS DISTINCT FROM here)::int;
    END LOOP;
    RETURN found;
END $$;
SELECT c, differing(c) FROM unnest(ARRAY['KEY = low', 'KEY > low', 'KEY >= low', 'KEY < low', 'KEY <= low', 'NOT KEY < low', 'KEY = ANY (ARRAY[low, NULL])', 'NOT (KEY > low OR KEY = low)', '(KEY >= low) IS NOT TRUE']) AS c;
SELECT count(*) AS keys, differing('KEY >= low AND KEY < high') AS differing FROM all_keys;
DROP FUNCTION differing;
DROP TABLE all_keys;
-- What stands in a target has the key of its document.
CREATE FUNCTION same_key(id text, key bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE key_fill;
    EXECUTE format('INSERT INTO key_fill SELECT json_build_object(''_id'', %L::json)', id);
    RETURN (SELECT __key FROM keyed) = key;
END $$;
SELECT id, same_key(id, key) FROM (VALUES
    ('5', mongo.id_key(5)), ('{"$numberDouble": "5"}', mongo.id_key(5::bigint)), ('{"$numberDecimal": "5.00"}', mongo.id_key(5.0)), ('-1200', mongo.id_key(-1200.00)),
    ('{"$numberDecimal": "0.1"}', mongo.id_key(0.1)), ('{"$numberDouble": "0.1"}', mongo.id_key(0.1::float8)), ('{"$numberDouble": "0.1"}', mongo.id_key(0.1)),
    ('{"$numberDecimal": "NaN"}', mongo.id_key('NaN'::numeric)), ('{"$numberDouble": "-Infinity"}', mongo.id_key('-Infinity'::numeric)), ('{"$numberDecimal": "0.00123"}', mongo.id_key(0.00123)),
    ('"5"', mongo.id_key('5'::text)), ('"ä"', mongo.id_key('ä'::text)), ('{"$oid": "0000000a0000000000000001"}', mongo.id_key('0000000a0000000000000001'::mongo.objectid)),
    ('{"$oid": "0000000a0000000000000001"}', mongo.id_key('0000000a0000000000000001'::text)), ('true', mongo.id_key(true)),
    ('{"$binary": {"base64": "AQ==", "subType": "00"}}', mongo.id_key('\x01'::bytea)), ('{"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}}', mongo.id_key('00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid)),
    ('{"$date": {"$numberLong": "1700000000001"}}', mongo.id_key('2023-11-14 22:13:20.001+00'::timestamptz)), ('{"$date": {"$numberLong": "-1"}}', mongo.id_key('1969-12-31 23:59:59.999+00'::timestamptz))) AS v (id, key);
SELECT mongo.id_key('2023-11-14 22:13:20.0001+00'::timestamptz) IS NULL AS no_date, mongo.id_key('infinity'::timestamptz) IS NULL AS no_time, mongo.id_key(('1e' || 7000)::numeric) IS NULL AS no_number;
-- A column of a child table too; it cannot be written, and has one type.
CREATE FOREIGN TABLE key_child (__key bytea, __ord int, x int OPTIONS (path 'items')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'keys', unwind 'items');
TRUNCATE key_fill;
INSERT INTO key_fill VALUES ('{"_id": "k", "items": [7, 8]}');
SELECT __key = mongo.id_key('k'::text) AS key, __ord, x FROM key_child ORDER BY __ord;
SELECT r.__key = mongo.id_key('k'::text) AS key, r.__ord, r.x FROM mongo_internal.read_documents('key_child', NULL, NULL) AS piece, mongo.rows_of(NULL::key_child, piece) AS r ORDER BY r.__ord;
SELECT a.__key = b.__key AS joined FROM keyed a JOIN key_child b USING (__key);
SELECT count(*) FROM keyed WHERE __key = mongo.id_key('k'::text);
SELECT error_of($$INSERT INTO keyed VALUES ('\x00', 1)$$);
CREATE FOREIGN TABLE key_text (__key text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'keys');
SELECT error_of($$SELECT * FROM key_text$$);
TRUNCATE key_fill;
DROP FUNCTION same_key;
DROP FOREIGN TABLE key_fill, keyed, key_child, key_text;
