-- Arrays, composites, enums, domains.
SET timezone = 'UTC';
SELECT * FROM show_type('integer[]', '', 'array%');
SELECT * FROM show_type('text[]', '', 'array%');
SELECT * FROM show_type('jsonb[]', '', 'array%');
SELECT * FROM show_type('numeric[]', '', 'array%');
SELECT * FROM show_type('integer[]', $$, array_from_scalar 'true'$$) WHERE error IS NULL;
SELECT array_dims(value::int[]) FROM show_type('integer[]', '', 'array [[1,2],[3,4]]');
CREATE TYPE pair AS (b int, c boolean);
SELECT * FROM show_type('pair', '', '%object%');
SELECT * FROM show_type('pair[]', '', 'array%') WHERE error IS NULL OR trap LIKE '%b%';
ALTER TYPE pair ADD ATTRIBUTE d text, DROP ATTRIBUTE c;
SELECT * FROM show_type('pair', '', '%object%');
CREATE TYPE letters AS ENUM ('abc', '5', 'y');
SELECT * FROM show_type('letters', '', 'string%');
SELECT * FROM show_type('letters[]', '', 'array%');
CREATE DOMAIN small AS integer CHECK (VALUE < 6);
SELECT * FROM show_type('small') WHERE error IS NULL OR error LIKE '%:%';
SELECT * FROM show_type('small[]', '', 'array%');
CREATE DOMAIN present AS integer NOT NULL;
SELECT trap, value, error FROM show_type('present') WHERE trap IN ('missing', 'null', 'int32');
CREATE TYPE holder AS (b present);
SELECT trap, value, error FROM show_type('holder', '', 'object%');
-- Beside a parallel scan there are no subtransactions: fitting values go on, others raise.
CREATE TABLE parallel AS SELECT g FROM generate_series(1, 20000) g;
ANALYZE parallel;
CREATE FOREIGN TABLE in_parallel (_id int, n text, a small) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps',
    pipeline '[{"$match": {"n": {"$in": ["int32", "int32 negative"]}}}]');
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM parallel p JOIN in_parallel i ON i.a = p.g;
RESET ALL;
SET timezone = 'UTC';
DROP FOREIGN TABLE in_parallel;
DROP TABLE parallel;
DROP FOREIGN TABLE one_type;
DROP TYPE holder;
CREATE DOMAIN words AS text[] CHECK (cardinality(VALUE) < 3);
SELECT * FROM show_type('words', '', 'array%');
-- A CHECK that raises is a misfit too, and the transaction goes on.
CREATE FUNCTION explodes(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1 / ($1 - 5) > 0; END';
CREATE DOMAIN bomb AS integer CHECK (explodes(VALUE));
BEGIN;
SELECT * FROM show_type('bomb', '', 'int%');
SELECT 1 AS alive;
COMMIT;
-- An error that says nothing about the value is no misfit.
CREATE FUNCTION locked(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''busy'' USING ERRCODE = ''55P03''; END';
CREATE DOMAIN busy AS integer CHECK (locked(VALUE));
SELECT error_of($$SELECT * FROM show_type('busy', '', 'int%')$$);
DROP FOREIGN TABLE one_type;
-- A path through arrays: arrays and JSON read the values found, scalars do not.
CREATE FOREIGN TABLE through (_id int, n text, ab int[] OPTIONS (path 'a.b'), abj jsonb OPTIONS (path 'a.b'), abc jsonb OPTIONS (path 'a.b.c'),
    abs int OPTIONS (path 'a.b'), __errors jsonb)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'collect');
SELECT n, ab, abj, abc, abs, jsonb_path_query_array(__errors, '$[*].path') AS errors FROM through WHERE n LIKE '%b:%' OR n IN ('array [5]', 'object {}', 'int32') ORDER BY _id;
DROP FOREIGN TABLE through;
DROP TYPE pair, letters;
DROP DOMAIN small, present, words, bomb, busy;
DROP FUNCTION explodes, locked;
