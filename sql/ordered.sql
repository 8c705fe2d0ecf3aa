-- The first rows in the order of stored values, which prove themselves; and sorts of which the server does the first keys.
CREATE FOREIGN TABLE numbers (_id int, k int, name text OPTIONS (path 't')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', on_conversion_error 'null');
CREATE FOREIGN TABLE strict_numbers (_id int, k int, name text OPTIONS (path 't')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many');
CREATE FUNCTION sort_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
        IF line ~ '^ *Pipeline:' THEN RETURN NEXT 'sort ' || coalesce(substring(line FROM '\$match.*\$sort.*|\$sort.*'), 'here');
        ELSIF line ~ '(Order:|Fallback:|Incremental Sort)' THEN RETURN NEXT regexp_replace(trim(line), ' \(actual.*', '');
        END IF;
    END LOOP;
END $$;
-- NULLs last: the rows show that nothing else comes before them.
SELECT sort_of('SELECT _id, k FROM numbers ORDER BY _id LIMIT 3');
SELECT same_rows('SELECT _id, k FROM numbers ORDER BY _id LIMIT 3 OFFSET 2');
SELECT sort_of('SELECT k, _id FROM numbers ORDER BY k DESC NULLS LAST, _id LIMIT 3 OFFSET 1');
SELECT same_rows('SELECT k, _id FROM numbers ORDER BY k DESC NULLS LAST, _id LIMIT 3 OFFSET 1');
SELECT same_rows('SELECT name FROM numbers WHERE k = 4 ORDER BY _id LIMIT 3');
SELECT sort_of('SELECT k, _id FROM numbers WHERE k > 7 ORDER BY k, _id LIMIT 2');
SELECT same_rows('SELECT k, _id FROM numbers WHERE k > 7 ORDER BY k, _id LIMIT 2');
-- NULLs first, in a table whose misfits raise: the least value shows that there are none.
SELECT sort_of('SELECT _id FROM strict_numbers ORDER BY _id DESC LIMIT 2');
SELECT same_rows('SELECT _id FROM strict_numbers ORDER BY _id DESC LIMIT 2');
-- Not so where misfits read as NULL: a fraction among the numbers would come first.
SELECT sort_of('SELECT _id FROM numbers ORDER BY _id DESC LIMIT 2');
-- More rows than are kept; all rows.
SELECT sort_of('SELECT count(*) FROM (SELECT _id FROM numbers ORDER BY _id LIMIT 20000) q');
-- Over the traps: NULLs and misfits stand before, between and behind the values.
CREATE FOREIGN TABLE mixed (_id int, i int OPTIONS (path 'a'), l bigint OPTIONS (path 'a'), z timestamptz OPTIONS (path 'a'), d date OPTIONS (path 'a'), o mongo.objectid OPTIONS (path 'a'), b int OPTIONS (path 'a.b'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null', fdw_tuple_cost '10');
SELECT sort_of('SELECT i FROM mixed ORDER BY i LIMIT 4');
SELECT sort_of('SELECT i FROM mixed ORDER BY i LIMIT 4');
SELECT same_rows('SELECT i FROM mixed ORDER BY i LIMIT 4');
ALTER FOREIGN TABLE mixed ADD COLUMN n numeric OPTIONS (path 'a');
-- A row that is NULL in a later key has its place by the first one.
SELECT same_rows('SELECT _id, l FROM mixed ORDER BY _id, l LIMIT 4');
-- The row that disproves the order is none of the result.
SELECT same_rows('SELECT l FROM mixed WHERE n = 5.5 ORDER BY l LIMIT 2 OFFSET 3');
SELECT same_rows('SELECT l FROM mixed ORDER BY l DESC NULLS LAST LIMIT 3');
SELECT same_rows('SELECT z FROM mixed WHERE _id < 42 ORDER BY z LIMIT 2');
SELECT sort_of('SELECT z FROM mixed WHERE _id < 42 ORDER BY z LIMIT 9');
SELECT same_rows('SELECT z FROM mixed WHERE _id < 42 ORDER BY z LIMIT 9');
SELECT same_rows('SELECT d FROM mixed WHERE _id < 42 ORDER BY d LIMIT 3');
SELECT same_rows('SELECT o FROM mixed ORDER BY o LIMIT 1');
SELECT same_rows('SELECT b FROM mixed ORDER BY b LIMIT 1');
SELECT same_rows('SELECT z FROM mixed WHERE _id < 42 ORDER BY z DESC LIMIT 2');
-- _id as ObjectId: both ends tell that the others are ones.
CREATE FOREIGN TABLE someone (_id mongo.objectid, name text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people', on_conversion_error 'null', fdw_tuple_cost '10');
SELECT sort_of('SELECT name FROM someone ORDER BY _id DESC LIMIT 2');
SELECT same_rows('SELECT name FROM someone WHERE _id IS NOT NULL ORDER BY _id DESC LIMIT 2');
SELECT same_rows('SELECT name FROM someone ORDER BY _id LIMIT 3');
-- Rescans give the rows again.
SELECT g, (SELECT string_agg(_id::text, ',') FROM (SELECT _id FROM numbers WHERE k = g ORDER BY _id LIMIT 2 OFFSET 1) q) FROM generate_series(1, 2) g;
SELECT count(*) FROM generate_series(1, 3) g, LATERAL (SELECT _id FROM numbers ORDER BY _id LIMIT 2) q;
-- Computed keys: no document of which the server is unsure is among the first.
CREATE FOREIGN TABLE computed (_id int, k int, name text OPTIONS (path 't') COLLATE "C") SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', on_conversion_error 'null', fdw_tuple_cost '10');
SELECT plan_of('SELECT name FROM computed ORDER BY k + 1 LIMIT 2');
SELECT line FROM (SELECT sort_of('SELECT name FROM computed ORDER BY upper(name) DESC LIMIT 2')) p (line) WHERE line !~ '^sort';
SELECT same_rows('SELECT name FROM computed ORDER BY upper(name) DESC LIMIT 2 OFFSET 1');
SELECT same_rows('SELECT k, name FROM computed WHERE _id < 100 ORDER BY k * 2 DESC NULLS LAST, lower(name) LIMIT 3 OFFSET 1');
SELECT same_rows('SELECT k, _id FROM computed ORDER BY k / 2.5::float8 DESC, _id LIMIT 3');
-- An overflow is PostgreSQL's to raise, also of a row behind the first ones and of a later key.
SELECT _id FROM computed ORDER BY k * 2000000000, _id LIMIT 2;
SELECT _id FROM computed ORDER BY _id + 1, 1 / (_id - 4000) LIMIT 2;
SELECT same_rows('SELECT _id FROM computed WHERE _id < 4000 ORDER BY _id + 1, 1 / (_id - 4000) LIMIT 2');
ALTER FOREIGN TABLE mixed ADD COLUMN t text OPTIONS (path 'a') COLLATE "C", ADD COLUMN f float8 OPTIONS (path 'a'), ADD COLUMN j jsonb OPTIONS (path 'a');
SELECT same_rows('SELECT t, j IS NULL AS none FROM mixed ORDER BY lower(t), _id LIMIT 5');
SELECT same_rows('SELECT f > 3 AS more FROM mixed ORDER BY f * 2 DESC NULLS LAST, _id LIMIT 4');
SELECT same_rows('SELECT n = 0.1 AS tenth FROM mixed ORDER BY n DESC NULLS LAST, _id LIMIT 6');
-- Without LIMIT nothing would show the doubt.
SELECT line FROM (SELECT plan_of('SELECT name FROM computed ORDER BY upper(name)')) p (line) WHERE line ~ 'Not Sent';
-- Rescans.
SELECT g, (SELECT string_agg(_id::text, ',') FROM (SELECT _id FROM computed WHERE k = g ORDER BY upper(name) LIMIT 2 OFFSET 1) q) FROM generate_series(1, 2) g;
DROP FOREIGN TABLE computed;
-- Parameters.
SET plan_cache_mode = force_generic_plan;
PREPARE page(int, int) AS SELECT _id FROM numbers ORDER BY _id LIMIT $1 OFFSET $2;
SELECT line FROM plan_of('EXECUTE page(2, 3)') p (line) WHERE line ~ 'Pipeline';
EXECUTE page(2, 3);
EXECUTE page(NULL, 4998);
EXECUTE page(0, 0);
RESET plan_cache_mode;
-- A key that is the same for all rows is none.
SELECT same_rows('SELECT k FROM numbers WHERE k = 3 ORDER BY k LIMIT 1');
-- The first keys there, the others here.
SET enable_sort = off;
SELECT sort_of('SELECT k FROM numbers WHERE k > 7 ORDER BY k, length(name || k::text) % 3, md5(name) LIMIT 2');
SELECT same_rows('SELECT k, _id FROM numbers WHERE k > 7 ORDER BY k, md5(name) LIMIT 2');
RESET enable_sort;
DROP FUNCTION sort_of;
DROP FOREIGN TABLE numbers, strict_numbers, mixed, someone;
