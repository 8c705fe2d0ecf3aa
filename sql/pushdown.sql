-- First push-down: every rule over every trap, both ways. The pipeline shows what is sent.
SET timezone = 'UTC';
SELECT * FROM both_ways('SELECT name FROM people WHERE age = 36');
SELECT * FROM both_ways('SELECT name FROM people WHERE 40 < age');
SELECT * FROM both_ways('SELECT name FROM people WHERE age <> 36');
SELECT * FROM both_ways('SELECT name FROM people WHERE age = 3000000000');
SELECT * FROM both_ways('SELECT name FROM people WHERE age < 3000000000');
SELECT * FROM both_ways('SELECT name FROM people WHERE age IN (36, 85, NULL)');
SELECT * FROM both_ways('SELECT name FROM people WHERE age NOT IN (36, 85)');
SELECT * FROM both_ways('SELECT name FROM people WHERE age NOT IN (36, NULL)');
SELECT * FROM both_ways('SELECT name FROM people WHERE age = ANY (''{}''::int[])');
SELECT * FROM both_ways('SELECT name FROM people WHERE age <> ALL (''{}''::int[])');
SELECT * FROM both_ways('SELECT name FROM people WHERE active');
SELECT * FROM both_ways('SELECT name FROM people WHERE NOT active');
SELECT * FROM both_ways('SELECT name FROM people WHERE active IS NOT TRUE');
SELECT * FROM both_ways('SELECT name FROM people WHERE active IS FALSE');
SELECT * FROM both_ways('SELECT name FROM people WHERE active IS UNKNOWN');
SELECT * FROM both_ways('SELECT name FROM people WHERE active IS NOT UNKNOWN');
SELECT * FROM both_ways('SELECT name FROM people WHERE (age > 40) IS TRUE');
SELECT * FROM both_ways('SELECT name FROM people WHERE (age > 40) IS NOT TRUE');
SELECT * FROM both_ways('SELECT name FROM people WHERE (age = 41) IS NOT TRUE');
SELECT * FROM both_ways('SELECT name FROM people WHERE age = 36 OR name = ''Donald''');
SELECT * FROM both_ways('SELECT name FROM people WHERE NOT (age = 36 AND name = ''Ada'')');
SELECT * FROM both_ways('SELECT name FROM people WHERE NOT (age = 36 OR name = ''Grace'')');
SELECT * FROM both_ways('SELECT name FROM people WHERE age = 36 OR lower(name) = ''grace''');
SELECT * FROM both_ways('SELECT name FROM people WHERE born IS NULL');
SELECT * FROM both_ways('SELECT name FROM people WHERE born IS NOT NULL');
SELECT * FROM both_ways('SELECT name FROM people WHERE city = ''London''');
SELECT * FROM both_ways('SELECT name FROM people WHERE city <> ''London''');
-- LIKE and starts_with: a regular expression that keeps what it begins with as a literal, checked again here.
SELECT * FROM both_ways('SELECT name FROM people WHERE name LIKE ''A%''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name LIKE ''%a%a%''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name LIKE ''E_s.er''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name LIKE ''%''');
SELECT * FROM both_ways('SELECT name FROM people WHERE starts_with(name, ''Gr'')');
SELECT * FROM both_ways('SELECT name FROM people WHERE name ^@ ''al''');
SELECT * FROM both_ways('SELECT _id FROM people WHERE _id LIKE ''6%4''');
SELECT * FROM both_ways('SELECT _id FROM people WHERE _id LIKE ''x%''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name NOT LIKE ''A%''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name LIKE ''A%'' AND age = 36');
SELECT error_of('SELECT name FROM people WHERE name LIKE ''A\''');
PREPARE pattern(text) AS SELECT name FROM people WHERE name LIKE $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE pattern('G%');
EXECUTE pattern('G%');
EXECUTE pattern(NULL);
RESET plan_cache_mode;
DEALLOCATE pattern;
-- _id: text reads ObjectIds and strings; a key look-up asks for both.
SELECT * FROM both_ways('SELECT name FROM people WHERE _id = ''600000000000000000000004''');
SELECT * FROM both_ways('SELECT name FROM people WHERE _id = ''x''');
SELECT * FROM both_ways('SELECT name FROM people WHERE _id IN (''x'', ''600000000000000000000001'', ''60000000000000000000000A'')');
SELECT * FROM both_ways('SELECT name FROM people WHERE _id > ''600000000000000000000003''');
CREATE FOREIGN TABLE people_name (_id name, name text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
SELECT * FROM both_ways('SELECT name FROM people_name WHERE _id = ''600000000000000000000004''');
CREATE FOREIGN TABLE people_oid (_id mongo.objectid, name text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people', on_conversion_error 'null');
SELECT * FROM both_ways('SELECT name FROM people_oid WHERE _id = ''600000000000000000000004''');
SELECT * FROM both_ways('SELECT name FROM people_oid WHERE _id > ''600000000000000000000002''');
SELECT * FROM both_ways('SELECT name FROM people_oid WHERE _id <> ''600000000000000000000002''');
SELECT * FROM both_ways('SELECT name FROM people_oid WHERE _id IS NULL');
-- Values are values: a text that looks like an operator stays a text.
SELECT * FROM both_ways($$SELECT name FROM people WHERE name = '$ne'$$);
SELECT * FROM both_ways($$SELECT name FROM people WHERE name = '{"$gt": ""}'$$);
-- Collations: equality under any deterministic one, order only by bytes.
CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT * FROM both_ways('SELECT name FROM people WHERE name COLLATE "en-x-icu" = ''Ada''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name COLLATE "en-x-icu" < ''B''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name COLLATE folding = ''ALAN''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name COLLATE "C" < ''B''');
-- Every family against every trap. Only differences between the two ways are listed.
CREATE FUNCTION sweep(type_name text, conditions text[], policies text[] DEFAULT '{"null",collect,error}')
    RETURNS TABLE (conditions_run bigint, difference text) LANGUAGE plpgsql AS $$
DECLARE policy text; condition text; off text; pushed text; run bigint := 0; found bigint := 0; n bigint;
BEGIN
    FOREACH policy IN ARRAY policies LOOP
        EXECUTE 'DROP FOREIGN TABLE IF EXISTS swept';
        EXECUTE format('CREATE FOREIGN TABLE swept (_id int, n text, a %s OPTIONS (path ''a''), ab %s OPTIONS (path ''a.b''), __errors jsonb)
            SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_test'', collection ''traps'', on_conversion_error %L)', type_name, type_name, policy);
        FOREACH condition IN ARRAY conditions LOOP
            FOREACH condition IN ARRAY ARRAY[condition, 'NOT (' || condition || ')', '(' || condition || ') IS NULL', '(' || condition || ') IS NOT TRUE',
                    '(' || condition || ') IS NOT FALSE', replace(condition, 'a ', 'ab '), condition || ' OR _id = 3', 'NOT (' || condition || ' AND _id > 20)'] LOOP
                run := run + 1;
                BEGIN
                    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'off', true);
                    EXECUTE format('SELECT coalesce(string_agg(n, '','' ORDER BY _id), ''''), count(*) FROM swept WHERE %s', condition) INTO off, n;
                    found := found + n;
                EXCEPTION WHEN OTHERS THEN off := 'error ' || SQLSTATE;
                END;
                BEGIN
                    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', true);
                    EXECUTE format('SELECT coalesce(string_agg(n, '','' ORDER BY _id), '''') FROM swept WHERE %s', condition) INTO pushed;
                EXCEPTION WHEN OTHERS THEN pushed := 'error ' || SQLSTATE;
                END;
                -- Push-down may spare an error by dropping the row that raised it, never make one.
                IF off <> pushed AND NOT (off ~ '^error 2[23]' AND (pushed ~ '^error 2[23]' OR pushed NOT LIKE 'error%')) THEN
                    conditions_run := NULL; difference := format('%s, %s, %s: local %s | pushed %s', type_name, policy, condition, off, pushed);
                    RETURN NEXT;
                END IF;
            END LOOP;
        END LOOP;
    END LOOP;
    conditions_run := run; difference := CASE WHEN found < run THEN 'too few rows were found' END;
    RETURN NEXT;
END $$;
SET client_min_messages = warning;
SELECT * FROM sweep('integer', '{a = 5,a <> 5,a < 5,a <= 5,a > 5,a >= 5,a > -8,"a IN (5, -7)","a IN (5, NULL)","a <> ALL (''{5,-7}'')",a IS NULL,a < 3000000000,a > 3000000000,a = 3000000000,a <> 3000000000}');
SELECT * FROM sweep('smallint', '{a = 5,a <> 70000,a < 70000,a >= 5::smallint,a IS NULL}');
SELECT * FROM sweep('bigint', '{a = 9007199254740993,a < 9007199254740993,a > 9007199254740992,a IN (9223372036854775807),a >= 9223372036854775807,a IS NULL}');
SELECT * FROM sweep('double precision', '{a = 5,a = 0.1,a <> 0.1,a < 0.1,a <= 0.1,a > 0.1,a >= 0.1,a = ''NaN'',a < ''NaN'',a <= ''NaN'',a > ''NaN'',a >= ''NaN'',a <> ''NaN'',a = ''Infinity'',a > ''-Infinity'',a = 9007199254740992,a > 9007199254740992,a = 0,"a IN (5, 0.1, ''NaN'')",a IS NULL,a = 9223372036854775807}');
SELECT * FROM sweep('real', '{a = 0.1::real,a < 0.1::real,a >= 0.1::real,a = 0.1,a = 5,a > 1e30::real,a <> 5::real,a IS NULL}');
SELECT * FROM sweep('numeric', '{a = 5,a = 0.1,a <> 0.1,a < 0.1,a <= 0.1,a > 0.1,a >= 0.1,a = 5.5,a = ''NaN'',a < ''NaN'',a >= ''NaN'',a = ''Infinity'',a < ''Infinity'',a = 1234567890123456789012345678901234,a > 1234567890123456789012345678901233,a = 1152921504606847000,a = 1152921504606846976,a <> 1152921504606846976,a > 1e6110,a = 1e-6176,a > 0,a < 0.00000000000000000000000000000000000000000000000000000000001,"a IN (5, 0.1)",a IS NULL}');
SELECT * FROM sweep('numeric(6,2)', '{a = 5,a < 5.5,a >= 5,a <> 5,a IS NULL}');
SELECT * FROM sweep('text', '{"a = ''5''","a = ''abc''","a <> ''abc''","a < ''b''","a >= ''b''","a > ''''","a = ''5f0000000000000000000001''","a = ''5F0000000000000000000001''","a <> ''5f0000000000000000000001''","a > ''5f0000000000000000000001''","a IN (''abc'', ''5f0000000000000000000001'')","a = ''sym''","a <> ''sym''","a = ''''",a IS NULL,"a <> ALL (''{abc,5}'')","a = ''é''"}');
SELECT * FROM sweep('varchar(3)', '{"a = ''abc''","a <> ''abc''","a = ''5f0000000000000000000001''","a < ''b''",a IS NULL}');
SELECT * FROM sweep('name', '{"a = ''abc''","a <> ''abc''","a = ''5f0000000000000000000001''","a < ''b''",a IS NULL,"a = repeat(''x'', 70)"}');
SELECT * FROM sweep('boolean', '{a ,a = false,a IS NULL,a IS UNKNOWN,"a IN (true)","a = ANY (''{true,NULL}'')"}');
SELECT * FROM sweep('mongo.objectid', '{"a = ''5f0000000000000000000001''","a <> ''5f0000000000000000000001''","a < ''5f0000000000000000000001''","a >= ''5f0000000000000000000000''",a IS NULL,"a IN (''5f0000000000000000000001'')"}');
SELECT * FROM sweep('timestamptz', '{"a = ''2024-02-29 12:30:15.678''","a = ''2024-02-29 12:30:15.6785''","a < ''2024-02-29 12:30:15.6785''","a > ''2024-02-29 12:30:15.6785''","a <= ''2024-02-29 12:30:15.6775''","a <> ''2024-02-29''","a >= ''1970-01-01''","a < ''1970-01-01''","a < ''infinity''","a = ''infinity''","a > ''-infinity''","a <> ''infinity''",a IS NULL,"a IN (''2024-02-29'', ''2024-02-29 12:30:15.678'')"}');
SELECT * FROM sweep('timestamp', '{"a = ''2024-02-29 12:30:15.678''","a >= ''2024-02-29 12:30:15.6785''",a IS NULL}');
SELECT * FROM sweep('date', '{"a = ''2024-02-29''","a <> ''2024-02-29''","a < ''2024-02-29''","a <= ''2024-02-29''","a > ''2024-02-28''","a >= ''2024-03-01''","a < ''1970-01-01''","a > ''-infinity''","a = ''infinity''",a IS NULL}');
SELECT * FROM sweep('uuid', '{"a = ''00010203-0405-0607-0809-0a0b0c0d0e0f''","a <> ''00010203-0405-0607-0809-0a0b0c0d0e0f''","a > ''00000000-0000-0000-0000-000000000000''","a < ''ffffffff-ffff-ffff-ffff-ffffffffffff''",a IS NULL,"a IN (''00010203-0405-0607-0809-0a0b0c0d0e0f'')"}');
SELECT * FROM sweep('integer[]', '{a IS NULL,"a = ''{5}''"}');
SELECT * FROM sweep('jsonb', '{a IS NULL,"a = ''5''"}');
SELECT * FROM sweep('bytea', '{a IS NULL}');
SELECT * FROM sweep('char(3)', '{a IS NULL,"a = ''abc''"}');
CREATE DOMAIN few AS integer CHECK (VALUE < 6);
SELECT * FROM sweep('few', '{a = 5,a < 100,a = 70000,a IS NULL}');
DROP FOREIGN TABLE swept;
DROP DOMAIN few;
CREATE FOREIGN TABLE nulls (_id int, a int[], b jsonb OPTIONS (path 'a.b')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps');
EXPLAIN (COSTS OFF) SELECT count(*) FROM nulls WHERE a IS NULL AND b IS NULL;
DROP FOREIGN TABLE nulls;
-- Parameters: custom and generic plans, all types, NULL.
PREPARE by_age(int) AS SELECT name FROM people WHERE age >= $1 ORDER BY name;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF, VERBOSE) EXECUTE by_age(41);
EXECUTE by_age(41);
EXECUTE by_age(NULL);
SET plan_cache_mode = auto;
EXECUTE by_age(41); EXECUTE by_age(41); EXECUTE by_age(41); EXECUTE by_age(41); EXECUTE by_age(41); EXECUTE by_age(84); EXECUTE by_age(85);
PREPARE by_all(text[], timestamptz, numeric, bool, mongo.objectid) AS
    SELECT name FROM people WHERE name = ANY ($1) AND born < $2 AND score > $3 AND active = $4 AND _id = $5::text;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_all('{Ada,Grace}', '2024-06-01', 9.4999999999999999999999999999999999999999999999, true, '600000000000000000000001');
EXECUTE by_all(NULL, NULL, NULL, NULL, NULL);
RESET plan_cache_mode;
-- Stable functions are evaluated when the scan starts; volatile ones for each row here.
SELECT * FROM both_ways('SELECT name FROM people WHERE born < now()');
SELECT * FROM both_ways('SELECT name FROM people WHERE born < clock_timestamp()');
SELECT * FROM both_ways('SELECT name FROM people WHERE age = (SELECT 36)');
-- Outer columns as parameters.
SET enable_hashjoin = off;
SET mongo_fdw_cpp.enable_key_joins = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_memoize = off;
CREATE TEMP TABLE wanted (id int, k int);
INSERT INTO wanted VALUES (7, 1), (4999, 2), (5000, 3), (NULL, 4);
ANALYZE wanted;
EXPLAIN (COSTS OFF) SELECT w.k, m.t FROM wanted w JOIN many m ON m._id = w.id;
SELECT w.k, m.t FROM wanted w JOIN many m ON m._id = w.id ORDER BY 1;
SELECT w.k, m.t FROM wanted w LEFT JOIN many m ON m._id = w.id ORDER BY 1;
SELECT w.k, (SELECT t FROM many m WHERE m._id = w.id) FROM wanted w ORDER BY 1;
SELECT w.k, x.t FROM wanted w, LATERAL (SELECT t FROM many m WHERE m._id < w.id ORDER BY _id LIMIT 1) x ORDER BY 1;
RESET ALL;
-- Source collations: equality compares bytes, whatever the collection's default says.
CREATE FOREIGN TABLE folded (_id int, t text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test');
CREATE FOREIGN TABLE folded_view (_id int, t text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test');
SELECT _id, t FROM folded WHERE t = 'a' AND EXISTS (SELECT FROM folded);
SELECT _id, t FROM folded WHERE t > 'B' ORDER BY 1;
SELECT count(*) <= 1 FROM folded_view WHERE t = 'a';
SELECT count(*) <= 1 FROM (SELECT FROM folded_view WHERE t = 'a' LIMIT 5) x;
-- ILIKE and regular expressions, as far as both sides read them alike.
SELECT * FROM both_ways('SELECT name FROM people WHERE name ILIKE ''a%''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name ~ ''^A.*$'' OR name ~ ''^.d''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name ~ ''^.da$''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name ~* ''^a.A''');
SELECT * FROM both_ways('SELECT name FROM people WHERE name !~ ''a''');
-- Arrays: elements are found by the query language, and checked again here.
SELECT * FROM both_ways('SELECT name FROM people WHERE ''math'' = ANY (tags)');
SELECT * FROM both_ways('SELECT name FROM people WHERE tags @> ARRAY[''math'', ''logic'']');
SELECT * FROM both_ways('SELECT name FROM people WHERE ARRAY[''math''] <@ tags');
SELECT * FROM both_ways('SELECT name FROM people WHERE tags && ARRAY[''math'', ''none'']');
SELECT * FROM both_ways('SELECT name FROM people WHERE tags @> ''{}''');
SELECT * FROM both_ways('SELECT name FROM people WHERE tags && ''{}''');
SELECT * FROM both_ways('SELECT name FROM people WHERE NOT (''math'' = ANY (tags))');
SELECT * FROM both_ways('SELECT name FROM people WHERE tags <@ ARRAY[''math'']');
-- The second in which an ObjectId was made is a range of ObjectIds.
CREATE FOREIGN TABLE made (_id int, a mongo.objectid) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
EXPLAIN (COSTS OFF) SELECT a FROM made WHERE a::timestamptz >= '2020-07-04 04:05:19.5+00' AND '2021-01-01 00:00+00' > a::timestamptz;
SELECT a FROM made WHERE a::timestamptz >= '2020-07-04 04:05:19.5+00' AND '2021-01-01 00:00+00' > a::timestamptz;
EXPLAIN (COSTS OFF) SELECT a FROM made WHERE a::timestamptz = '2020-07-04 04:05:20+00';
SELECT a FROM made WHERE a::timestamptz = '2020-07-04 04:05:20+00' OR a::timestamptz <= '-infinity';
DROP FOREIGN TABLE made;
-- A date is its midnight, in the session's time zone.
CREATE FOREIGN TABLE days (_id int, z timestamptz OPTIONS (path 'a'), s timestamp OPTIONS (path 'a')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SET timezone = 'Europe/Vienna';
SELECT plan_of('SELECT _id FROM days WHERE z >= date ''2024-02-29''') LIMIT 2;
SELECT same_rows('SELECT _id FROM days WHERE z >= date ''2024-02-29'' AND z < date ''2024-03-01'' ORDER BY 1');
SELECT same_rows('SELECT _id FROM days WHERE s = date ''2024-02-29'' OR date ''1970-01-01'' > z ORDER BY 1');
SELECT same_rows('SELECT _id FROM days WHERE z < date ''5874897-12-31'' AND z > date ''4713-01-01 BC'' AND s < date ''infinity'' AND _id < 45 ORDER BY 1');
RESET timezone;
DROP FOREIGN TABLE days;
-- Off switches.
SET mongo_fdw_cpp.enable_filter_pushdown = off;
EXPLAIN (COSTS OFF, VERBOSE) SELECT name FROM people WHERE age = 36;
RESET mongo_fdw_cpp.enable_filter_pushdown;
SET mongo_fdw_cpp.no_such_switch = on;
DROP FOREIGN TABLE people_name, people_oid, folded, folded_view;
DROP COLLATION folding;
DROP FUNCTION sweep;
-- An operand that raises beside one that is NULL; concat leaves NULLs out.
CREATE FOREIGN TABLE raises (_id int, f float8 OPTIONS (path 'a'), t text OPTIONS (path 'a') COLLATE "C") SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SELECT count(*) FROM raises WHERE f / f = date_part('dow', 'infinity'::timestamptz);
SELECT count(*) FROM raises WHERE concat(t, '-', _id % 2, NULL) IN ('abc-0', 'abc-1', 'é-0', 'é-1');
SET mongo_fdw_cpp.enable_pushdown = off;
SELECT count(*) FROM raises WHERE concat(t, '-', _id % 2, NULL) IN ('abc-0', 'abc-1', 'é-0', 'é-1');
RESET mongo_fdw_cpp.enable_pushdown;
DROP FOREIGN TABLE raises;
-- A constant that not every server takes is compared here then.
CREATE FOREIGN TABLE late (_id int, s timestamp OPTIONS (path 'a')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SELECT same_rows('SELECT _id FROM late WHERE s <= date ''294276-12-31'' AND s IS NOT NULL AND _id < 42 ORDER BY 1');
DROP FOREIGN TABLE late;
-- Times without time zone beside those with one, and dates beside both: instants in the session's time zone.
CREATE FOREIGN TABLE times (_id int, z timestamptz OPTIONS (path 'a'), s timestamp OPTIONS (path 'a')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SET timezone = 'Europe/Vienna';
SELECT * FROM both_ways('SELECT _id FROM times WHERE z = timestamp ''2024-02-29 13:30:15.678''');
SELECT * FROM both_ways('SELECT _id FROM times WHERE timestamp ''2024-02-29 01:00'' >= z AND z > timestamp ''-infinity'' AND _id < 42');
SELECT * FROM both_ways('SELECT _id FROM times WHERE s < timestamptz ''2024-02-29 13:30:15.679'' AND _id < 42');
SELECT * FROM both_ways('SELECT _id FROM times WHERE z >= date ''2024-02-29'' AND s >= date ''2024-02-29'' AND _id < 42');
RESET timezone;
DROP FOREIGN TABLE times;
-- Binaries of one subtype.
CREATE FOREIGN TABLE binaries (_id int, a bytea OPTIONS (bson_type 'binary:0'), b bytea OPTIONS (path 'a', bson_type 'binary:128'), any_binary bytea OPTIONS (path 'a'), old bytea OPTIONS (path 'a', bson_type 'binary:2'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SELECT * FROM both_ways('SELECT _id FROM binaries WHERE a = ''\x000102''');
SELECT * FROM both_ways('SELECT _id FROM binaries WHERE b <> ''\x00'' OR a IN (''\x'', ''\x000102'')');
SELECT * FROM both_ways('SELECT _id FROM binaries WHERE a < ''\x05'' OR any_binary = ''\xfffe'' OR old = ''\x000102''');
SELECT * FROM both_ways('SELECT count(*) FROM binaries WHERE a IS NULL AND _id < 36');
DROP FOREIGN TABLE binaries;
-- How many elements an array has, and whether it has no others.
CREATE FOREIGN TABLE arrays (_id int, i int[] OPTIONS (path 'a'), t text[] OPTIONS (path 'a') COLLATE "C", s int[] OPTIONS (path 'a', array_from_scalar 'true'), o mongo.objectid[] OPTIONS (path 'a', array_from_scalar 'true'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE cardinality(i) >= 2 OR array_length(t, 1) = 2');
SELECT * FROM both_ways('SELECT _id, array_upper(i, 1) AS n FROM arrays WHERE array_length(i, 1) IS NULL AND i IS NOT NULL');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE cardinality(s) = 1');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE array_length(i, 2) = 2');
ALTER FOREIGN TABLE arrays ADD COLUMN c int[] OPTIONS (path 'a.b.c');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE c <@ ARRAY[1, 2]');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE i <@ ARRAY[5, 6, NULL]');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE ARRAY[''x'', ''y''] @> t OR s <@ ''{}''');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE s <@ ARRAY[5, 3, 1]');
SELECT * FROM both_ways('SELECT _id FROM arrays WHERE o <@ ARRAY[''5f0000000000000000000001''::mongo.objectid]');
DROP FOREIGN TABLE arrays;
