-- on_conversion_error at server, table and column; texts and SQLSTATEs of the errors.
CREATE FOREIGN TABLE strict (_id text, name text, age smallint, score integer, city integer OPTIONS (path 'address.city'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT error_of('SELECT score FROM strict WHERE name = ''Ada''');
SELECT error_of('SELECT score FROM strict WHERE name = ''alan''');
SELECT error_of('SELECT city FROM strict WHERE name = ''Ada''');
SELECT name, age FROM strict WHERE name = 'Ada';
\set VERBOSITY default
-- The innermost setting counts.
ALTER FOREIGN TABLE strict ALTER score OPTIONS (ADD on_conversion_error 'null');
SELECT name, score FROM strict ORDER BY name;
ALTER FOREIGN TABLE strict OPTIONS (ADD on_conversion_error 'null');
ALTER FOREIGN TABLE strict ALTER score OPTIONS (SET on_conversion_error 'error');
SELECT name, city FROM strict ORDER BY name;
SELECT error_of('SELECT score FROM strict');
ALTER FOREIGN TABLE strict OPTIONS (SET on_conversion_error 'collect');
SELECT error_of('SELECT city FROM strict');
ALTER FOREIGN TABLE strict ADD __errors jsonb, ADD __missing text[], ALTER score OPTIONS (DROP on_conversion_error);
SELECT name, score, city, __errors FROM strict ORDER BY name;
-- Asking for the errors decodes every declared column, whatever else is read.
SELECT name, jsonb_array_length(__errors) AS errors FROM strict WHERE __errors IS NOT NULL ORDER BY name;
SELECT name, __missing FROM strict ORDER BY name;
-- Missing and null are told apart.
SELECT name, 'age' = ANY(__missing) AS age_missing FROM strict WHERE age IS NULL ORDER BY name;
-- Elements, fields and what jsonb cannot hold are named.
CREATE TYPE inner_pair AS (b boolean);
CREATE FOREIGN TABLE lines (_id int, n text, ints int[] OPTIONS (path 'a'), pair inner_pair OPTIONS (path 'a'), txt text OPTIONS (path 'a'), __errors jsonb)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'collect');
SELECT n, line FROM lines, jsonb_array_elements(__errors) line WHERE n IN ('array mixed', 'object {b:5}', 'string NUL', 'decimal NaN', 'minkey') ORDER BY _id, line->>'wanted';
-- Every error code of the table of fits.
CREATE FUNCTION code_of(type_name text, trap text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DROP FOREIGN TABLE IF EXISTS coded';
    EXECUTE format('CREATE FOREIGN TABLE coded (n text, a %s) SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_test'', collection ''traps'')', type_name);
    RETURN error_of(format('SELECT a FROM coded WHERE n = %L', trap));
END $$;
SET client_min_messages = warning;
CREATE TYPE color AS ENUM ('red');
CREATE DOMAIN tiny AS integer CHECK (VALUE < 3);
SELECT type_name, trap, code_of(type_name, trap) FROM (VALUES
    ('integer', 'double fraction'), ('integer', 'double NaN'), ('integer', 'int64 big'), ('integer', 'decimal 1E+6111'), ('integer', 'string digit'),
    ('double precision', 'decimal 1E+6111'), ('real', 'double huge'), ('numeric(3,1)', 'decimal 34 fraction'), ('numeric', 'true'), ('boolean', 'int32'),
    ('text', 'string NUL'), ('varchar(2)', 'string abc'), ('text', 'int32'), ('name', 'string long'), ('mongo.objectid', 'string hex'),
    ('timestamptz', 'timestamp'), ('uuid', 'binary 3'), ('bytea', 'string abc'), ('jsonb', 'string NUL'), ('int[]', 'int32'), ('int[]', 'array [[1],[2,3]]'),
    ('color', 'string abc'), ('tiny', 'int32'), ('interval', 'int32')) v(type_name, trap);
DROP FUNCTION code_of;
DROP FOREIGN TABLE strict, lines, coded;
DROP TYPE inner_pair, color;
DROP DOMAIN tiny;
