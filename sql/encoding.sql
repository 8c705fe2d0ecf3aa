-- A database that is not UTF8.
\getenv uri MONGO_URI
SET client_min_messages = warning;
DROP DATABASE IF EXISTS regress_mongo_latin1;
CREATE DATABASE regress_mongo_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;
\c regress_mongo_latin1
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION mongo_fdw_cpp;
CREATE SERVER mongodb FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri');
CREATE USER MAPPING FOR PUBLIC SERVER mongodb;
CREATE FOREIGN TABLE traps (_id int, n text, a text, j json OPTIONS (path 'a'), b jsonb OPTIONS (path 'a'), __errors jsonb)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', on_conversion_error 'collect');
SELECT n, a, octet_length(a) AS bytes, j, b, jsonb_path_query_array(__errors, '$[*].reason') AS errors FROM traps
    WHERE n IN ('string composed', 'string decomposed', 'string emoji', 'string NUL', 'string abc', 'objectid') ORDER BY _id;
SELECT n FROM traps WHERE a = 'é';
EXPLAIN (VERBOSE, COSTS OFF) SELECT n FROM traps WHERE a = 'é';
ALTER FOREIGN TABLE traps OPTIONS (SET on_conversion_error 'error', ADD pipeline '[{"$match": {"n": "string emoji"}}]');
SELECT a FROM traps;
CREATE FOREIGN TABLE "ümlaut" (_id int, "é" text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'nächste');
SELECT * FROM "ümlaut";
EXPLAIN (COSTS OFF) SELECT * FROM "ümlaut";
SELECT mongo.query('mongodb', 'mongo_fdw_cpp_test', 'traps', '[{"$match": {"a": "é"}}]');
-- Text that the encoding cannot say has no column: it is seen through __doc bytea. Text columns are judged by a scan.
SELECT path, fits, suggested_type FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'traps', filter => '{"n": {"$in": ["string emoji", "string abc"]}}') WHERE path = 'a';
SELECT path, fits, suggested_type FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'traps', filter => '{"n": {"$in": ["string composed", "string abc"]}}') WHERE path = 'a';
CREATE SCHEMA i;
SET client_min_messages = notice;
IMPORT FOREIGN SCHEMA mongo_fdw_cpp_test LIMIT TO (traps, people) FROM SERVER mongodb INTO i OPTIONS (sample '0');
SET client_min_messages = warning;
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid IN ('i.traps'::regclass, 'i.people'::regclass) AND attnum > 0 ORDER BY 1, attname COLLATE "C";
SELECT count(*) > 70 AS all_of_them FROM i.traps WHERE __doc IS NOT NULL;
SELECT column_name, method FROM mongo.conformance('i.people', method => 'server') WHERE column_name IN ('_id', 'age', 'name') ORDER BY column_name;
\c contrib_regression
DROP DATABASE regress_mongo_latin1;
