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
SELECT a.__key = b.__key AS joined FROM keyed a JOIN key_child b USING (__key);
SELECT count(*) FROM keyed WHERE __key = mongo.id_key('k'::text);
SELECT error_of($$INSERT INTO keyed VALUES ('\x00', 1)$$);
CREATE FOREIGN TABLE key_text (__key text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'keys');
SELECT error_of($$SELECT * FROM key_text$$);
TRUNCATE key_fill;
DROP FUNCTION same_key;
DROP FOREIGN TABLE key_fill, keyed, key_child, key_text;
