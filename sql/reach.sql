-- What a condition compares with may raise an error: only where SQL reaches it. Generic plans, where nothing is folded.
SET plan_cache_mode = force_generic_plan;
CREATE FOREIGN TABLE reached (_id int, k int, t text COLLATE "C", ks int[]) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test_reach', collection 'reached', fdw_tuple_cost '1000');
TRUNCATE reached;
INSERT INTO reached SELECT i, i % 4, 't' || i, ARRAY[i, i + 1] FROM generate_series(1, 12) i;
CREATE TABLE words (t text);
INSERT INTO words VALUES ('3'), ('x'), (''), ('2');
-- The outcome of a prepared statement, pushed and not.
CREATE FUNCTION reaches(query text, VARIADIC arguments text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE given text := array_to_string(arguments, ', '); pushed text; plain text;
BEGIN
    EXECUTE 'PREPARE tried AS SELECT coalesce(string_agg(q::text, '' ''), ''(none)'') FROM (' || query || ') q';
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'off', true);
    plain := outcome_of('EXECUTE tried(' || given || ')');
    DEALLOCATE tried;
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', true);
    EXECUTE 'PREPARE tried AS SELECT coalesce(string_agg(q::text, '' ''), ''(none)'') FROM (' || query || ') q';
    pushed := outcome_of('EXECUTE tried(' || given || ')');
    RETURN NEXT query || ' -- ' || given;
    IF pushed !~ '^[0-9A-Z]{5}: ' THEN RETURN QUERY SELECT * FROM explain_lines('EXECUTE tried(' || given || ')', '(Recheck|Fallback):'); END IF;
    DEALLOCATE tried;
    RETURN NEXT '=> ' || pushed || CASE WHEN pushed <> plain THEN ' DIFFERS without push-down: ' || plain ELSE '' END;
END $$;
CREATE FUNCTION outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE statement INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT r FROM (VALUES
    ('SELECT _id FROM reached WHERE $1 = '''' OR k = $1::int ORDER BY 1', ARRAY['''''::text']),
    ('SELECT _id FROM reached WHERE $1 = '''' OR k = $1::int ORDER BY 1', ARRAY['''2''::text']),
    ('SELECT _id FROM reached WHERE $1 = '''' OR k = $1::int ORDER BY 1', ARRAY['''x''::text']),
    ('SELECT _id FROM reached WHERE CASE WHEN $1 = '''' THEN _id < 3 ELSE k = $1::int END ORDER BY 1', ARRAY['''''::text']),
    ('SELECT _id FROM reached WHERE _id < 0 AND k = 10 / $1', ARRAY['0']),
    ('SELECT _id FROM reached WHERE _id < 3 AND k = 10 / $1', ARRAY['0']),
    ('SELECT _id FROM reached WHERE _id < 9 AND k <> 10 / $1 ORDER BY 1 LIMIT 2', ARRAY['5']),
    ('SELECT _id FROM reached WHERE _id < 0 AND k IN (10 / $1, 3)', ARRAY['0']),
    ('SELECT _id FROM reached WHERE _id < 0 AND k = ANY ($1::text::int[])', ARRAY['''{x}''::text']),
    ('SELECT _id FROM reached WHERE _id < 0 AND k <> ALL ($1::text::int[])', ARRAY['''{x}''::text']),
    ('SELECT _id FROM reached WHERE _id < 0 AND ks @> ARRAY[10 / $1]', ARRAY['0']),
    ('SELECT _id FROM reached WHERE _id < 0 AND ks <@ ARRAY[10 / $1]', ARRAY['0']),
    ('SELECT _id FROM reached WHERE _id < 0 AND t LIKE repeat(''t'', 10 / $1)', ARRAY['0']),
    ('SELECT _id FROM reached WHERE _id < 0 AND k IS DISTINCT FROM 10 / $1', ARRAY['0']),
    -- a condition that stays here decides before; one that is never TRUE may be NULL
    ('SELECT _id FROM reached WHERE md5(t) = ''x'' AND k = 10 / $1', ARRAY['0']),
    ('SELECT _id FROM reached WHERE _id < 0 OR (k >= $2 AND k <= 10 / $1)', ARRAY['0', 'NULL']),
    ('SELECT _id FROM reached WHERE _id < 0 OR (k > 3000000000 AND k <= 10 / $1)', ARRAY['0']),
    -- subqueries
    ('SELECT _id FROM reached WHERE $1 = 0 OR k = (SELECT t::int FROM words) ORDER BY 1', ARRAY['0']),
    ('SELECT _id FROM reached WHERE k = (SELECT max(_id) / 6 FROM reached) OR _id = $1 ORDER BY 1', ARRAY['12']),
    ('SELECT _id FROM reached WHERE coalesce(k, 10 / $1) = 1 ORDER BY 1', ARRAY['0']),
    ('SELECT _id FROM reached WHERE coalesce(k, (SELECT 10 / $1)) = 1 ORDER BY 1', ARRAY['0']),
    ('SELECT _id FROM reached WHERE coalesce(k, (SELECT t::int FROM words)) = 1 ORDER BY 1', ARRAY['0']),
    ('SELECT _id FROM reached ORDER BY CASE WHEN $1 = '''' THEN _id ELSE $1::int * _id END DESC LIMIT 3', ARRAY['''''::text']),
    ('SELECT _id FROM reached ORDER BY coalesce(k, 10 / $1) DESC, _id LIMIT 3', ARRAY['0']),
    ('SELECT _id FROM reached ORDER BY coalesce(k, 10 / $1) DESC, _id', ARRAY['0']),
    ('SELECT count(*), sum(k) FROM reached WHERE _id < 0 AND k = 10 / $1', ARRAY['0']),
    ('SELECT k, count(*) FROM reached WHERE $1 = 0 OR k = 10 / $1 GROUP BY k ORDER BY k', ARRAY['0']),
    ('SELECT k, count(*) FILTER (WHERE _id < 0 AND k = 10 / $1) FROM reached GROUP BY k ORDER BY k', ARRAY['0']),
    ('SELECT k, count(*) FROM reached GROUP BY k HAVING $1 = 0 OR count(*) > 10 / $1 ORDER BY k', ARRAY['0']),
    ('SELECT DISTINCT k FROM reached WHERE _id < 0 OR k > 10 / $1 ORDER BY k', ARRAY['7']),
    ('SELECT t, (SELECT count(*) FROM reached WHERE CASE WHEN w.t ~ ''^[0-9]+$'' THEN k = w.t::int END) FROM words w ORDER BY t', ARRAY['0']),
    ('SELECT t, (SELECT count(*) FROM reached WHERE w.t ~ ''^[0-9]+$'' AND k = w.t::int) FROM words w ORDER BY t', ARRAY['0']),
    ('SELECT w.t, _id FROM words w LEFT JOIN reached ON w.t ~ ''^[0-9]+$'' AND k = CASE WHEN w.t ~ ''^[0-9]+$'' THEN w.t::int END ORDER BY 1, 2', ARRAY['0']),
    ('SELECT a._id, b.k FROM reached a LEFT JOIN reached b ON a.k = b._id AND (b._id > 99 AND b.k = 10 / $1) WHERE a._id < 4 ORDER BY 1', ARRAY['0'])) q(query, arguments),
    LATERAL reaches(query, VARIADIC arguments) r;
-- A field of a record that is not there.
CREATE FUNCTION missing_field() RETURNS text LANGUAGE plpgsql AS $$
DECLARE chosen record; n int; result text := '';
BEGIN
    FOR i IN 1..3 LOOP
        IF i = 1 THEN SELECT 1 AS k INTO chosen; ELSIF i = 2 THEN chosen := NULL; ELSE SELECT 'x'::text AS k INTO chosen; END IF;
        SELECT count(*) INTO n FROM reached WHERE i > 1 OR k = chosen.k;
        result := result || ' ' || n;
    END LOOP;
    RETURN result;
END $$;
SELECT missing_field();
SET mongo_fdw_cpp.enable_pushdown = off;
SELECT missing_field();
RESET mongo_fdw_cpp.enable_pushdown;
-- Rows that raise and rows that do not by turns.
SELECT sum(c) FROM generate_series(1, 50) g, LATERAL (SELECT _id c FROM reached WHERE _id < 3 * (g % 2) AND k = 2 / (g % 2) OFFSET 0) x;
-- A view's rows are hidden from a condition that raises.
CREATE VIEW hidden WITH (security_barrier) AS SELECT * FROM reached WHERE md5(t) = 'x';
PREPARE seek(int) AS SELECT _id FROM hidden WHERE k = 10 / $1;
EXECUTE seek(0);
-- New values, where no row gets them.
PREPARE renew(int, int) AS UPDATE reached SET k = 10 / $1 WHERE _id < $2;
SELECT line FROM explain_lines('EXECUTE renew(0, 0)', '(Row by Row|Documents):') line;
SELECT error_of('EXECUTE renew(0, 2)');
PREPARE renew_by(int, int) AS UPDATE reached SET k = (SELECT 10 / $1) WHERE _id < $2;
EXECUTE renew_by(0, 0);
SELECT count(*) FROM explain_lines('EXECUTE renew_by(0, 0)', 'Sets: k =');
SELECT error_of('EXECUTE renew_by(0, 2)');
PREPARE renew_where(int) AS UPDATE reached SET k = 10 / $1 WHERE _id < 0 AND k = 10 / $1;
SELECT line FROM explain_lines('EXECUTE renew_where(0)', '(Row by Row|Documents):') line;
PREPARE remove_where(int) AS DELETE FROM reached WHERE $1 = 0 AND _id > 10 OR k = 10 / $1;
SELECT error_of('EXECUTE remove_where(0)');
PREPARE remove_one(int) AS DELETE FROM reached WHERE _id > 11 AND ($1 = 0 OR k = 10 / $1);
SELECT line FROM explain_lines('EXECUTE remove_one(0)', '(Row by Row|Documents):') line;
-- Parallel mode, which has no subtransactions before PostgreSQL 17.
CREATE TABLE wide (k int);
INSERT INTO wide SELECT i % 5 FROM generate_series(1, 1000) i;
ANALYZE wide;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
PREPARE beside(int) AS SELECT count(*) FROM wide JOIN reached r USING (k) WHERE r._id < 5 AND ($1 = 0 OR r.k = 10 / $1);
SELECT count(*) > 0 AS parallel FROM plan_of('EXECUTE beside(0)') line WHERE line ~ 'Gather';
EXECUTE beside(0);
EXECUTE beside(5);
SET my.z = '1';
PREPARE by_setting AS SELECT count(*) FROM wide JOIN reached r USING (k) WHERE r._id < 0 AND r.k = current_setting('my.z')::int;
EXECUTE by_setting;
SET my.z = '';
EXECUTE by_setting;
RESET my.z;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
-- An error that ends the query does so here too.
CREATE FUNCTION nap(seconds float8) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(seconds); RETURN 'x'; END $$;
PREPARE slowly(float8) AS SELECT _id FROM reached WHERE t = nap($1);
SET statement_timeout = '200ms';
EXECUTE slowly(5);
RESET statement_timeout;
RESET plan_cache_mode;
DEALLOCATE ALL;
DROP TABLE wide, words;
DROP VIEW hidden;
DELETE FROM reached;
DROP FOREIGN TABLE reached;
DROP FUNCTION reaches, outcome_of, nap, missing_field;
