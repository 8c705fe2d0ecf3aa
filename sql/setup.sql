-- Server, helpers and the tables that several tests read. The data come from test/tools/load_fixtures.py.
\getenv uri MONGO_URI
SET client_min_messages = warning;
CREATE SERVER mongodb FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri');
CREATE USER MAPPING FOR PUBLIC SERVER mongodb;
ALTER USER MAPPING FOR PUBLIC SERVER mongodb OPTIONS (ADD password_required 'false');

-- (What one of the development servers stores otherwise is left to the test oddities.)
-- Makes a foreign table over the traps with column a of a type, and shows what every trap becomes under 'collect'.
CREATE FUNCTION show_type(type_name text, options text DEFAULT '', wanted text DEFAULT '%')
    RETURNS TABLE (trap text, value text, error text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DROP FOREIGN TABLE IF EXISTS one_type';
    EXECUTE format('CREATE FOREIGN TABLE one_type (_id int, n text, a %s OPTIONS (path ''a'' %s), __errors jsonb)
        SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_test'', collection ''traps'', on_conversion_error ''collect'')',
        type_name, options);
    RETURN QUERY EXECUTE format('SELECT n, a::text, (__errors->0->>''bson_type'') ||
        coalesce('': '' || (__errors->0->>''reason''), '''') FROM one_type
        WHERE n LIKE %L AND (a IS NOT NULL OR __errors IS NOT NULL) AND n !~ ''^(date (past|last|min|max)|symbol|dbpointer)''
          ORDER BY _id', wanted);
END $$;

-- Makes documents, Extended JSON, the only ones of a collection.
CREATE FUNCTION put_documents(database text, collection text, documents text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE put_here (__doc json) SERVER mongodb OPTIONS (database %L, collection %L)', database, collection);
    TRUNCATE put_here;
    INSERT INTO put_here SELECT d::json FROM unnest(documents) d;
    DROP FOREIGN TABLE put_here;
END $$;

-- The SQLSTATE and message of a failing statement, without what depends on the server's product.
CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text; context text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || SQLERRM || coalesce(E'\nDETAIL: ' || nullif(detail, ''), '') ||
        coalesce(E'\nHINT: ' || nullif(hint, ''), '');
END $$;

-- The same rows with push-down on and off, under custom and generic plans; the lines of EXPLAIN first.
CREATE FUNCTION both_ways(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text; pushed text; plain text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line ~ '(Filter|Pipeline|Local Conditions):' THEN
            RETURN NEXT regexp_replace(trim(line), '\s+', ' ', 'g');
        END IF;
    END LOOP;
    EXECUTE format('SELECT coalesce(string_agg(q::text, '' '' ORDER BY q::text), ''(none)'') FROM (%s) q', query) INTO pushed;
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'off', true);
    EXECUTE format('SELECT coalesce(string_agg(q::text, '' '' ORDER BY q::text), ''(none)'') FROM (%s) q', query) INTO plain;
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', true);
    RETURN NEXT '=> ' || pushed;
    IF pushed IS DISTINCT FROM plain THEN
        RETURN NEXT 'DIFFERS without push-down: ' || plain;
    END IF;
END $$;

CREATE FOREIGN TABLE people (
    _id text, name text, age integer, born timestamptz, active boolean, score numeric, tags text[],
    city text OPTIONS (path 'address.city'), address jsonb, big bigint)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', on_conversion_error 'null');
CREATE FOREIGN TABLE many (_id integer, k integer, t text, v double precision)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test');
SELECT count(*) FROM people;
SELECT count(*), sum(k), min(t), max(v) FROM many;
-- For tests of push-down.
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line !~ '^ *(Output|Foreign Namespace):' THEN RETURN NEXT line; END IF;
    END LOOP;
END $$;
-- The lines of EXPLAIN ANALYZE that are wanted: how rows are counted differs between versions.
CREATE FUNCTION explain_lines(query text, wanted text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
        IF line ~ wanted THEN RETURN NEXT trim(line); END IF;
    END LOOP;
END $$;
-- The rows with push-down; raises where they differ from those without.
CREATE FUNCTION same_rows(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE pushed text[]; plain text[];
BEGIN
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', true);
    EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO pushed;
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'off', true);
    EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO plain;
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', true);
    IF pushed IS DISTINCT FROM plain THEN RAISE EXCEPTION 'pushed %, plain %', pushed, plain; END IF;
    RETURN QUERY SELECT unnest(pushed);
END $$;
