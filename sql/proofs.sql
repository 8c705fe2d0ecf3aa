-- Results over groups whose parts do not tell all: what PostgreSQL shows of equal numbers, what it counts apart, where it
-- raises. Each is the same with push-down and without, first as stored, then with guards.
CREATE FOREIGN TABLE proofs (_id int, g text COLLATE "C", d date, w float8, p numeric(20,10), e numeric, z numeric, k numeric, i int OPTIONS (path 'k'), k5 numeric(5,0) OPTIONS (path 'k'), s numeric, f float8, h float8, x float8,
    b jsonb OPTIONS (path 'l.b'), n json OPTIONS (path 'l.b')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test_more', on_conversion_error 'null', fdw_tuple_cost '1000');
ANALYZE proofs;
-- The answer of both ways, in words where nothing was sent; raises where they differ.
CREATE FUNCTION proved(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE plain text; pushed text; level int; plan text;
BEGIN
    ALTER FOREIGN TABLE proofs OPTIONS (SET fdw_tuple_cost '1000'); -- what was learned is forgotten
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'off', true);
    plain := error_of_or_rows(query);
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', true);
    SELECT string_agg(line, '') INTO plan FROM plan_of(query) line;
    FOR level IN 1..2 LOOP
        pushed := error_of_or_rows(query);
        IF pushed IS DISTINCT FROM plain THEN RAISE EXCEPTION 'pushed %, plain %, level %', pushed, plain, level; END IF;
    END LOOP;
    IF plan !~ '[$](group|match)' THEN plain := 'here: ' || plain; END IF;
    RETURN QUERY SELECT plain;
END $$;
CREATE FUNCTION error_of_or_rows(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT coalesce(string_agg(q::text, '' ''), ''(none)'') FROM (%s) q', query) INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT proved(query) FROM unnest(ARRAY[
    -- Times of a day are one date.
    'SELECT count(DISTINCT d) FROM proofs', 'SELECT g, count(DISTINCT d) FROM proofs GROUP BY g ORDER BY g', 'SELECT g FROM proofs GROUP BY g HAVING count(DISTINCT d) > 1 ORDER BY g LIMIT 2',
    'SELECT g, max(d) FROM proofs WHERE _id IN (2, 3) GROUP BY g ORDER BY max(d) DESC, g DESC LIMIT 1', 'SELECT g, min(d) FROM proofs GROUP BY g ORDER BY min(d) NULLS FIRST, g LIMIT 2',
    -- Integers that are one double.
    'SELECT sum(DISTINCT w) FROM proofs', 'SELECT avg(DISTINCT w) FROM proofs', 'SELECT count(DISTINCT w) FROM proofs', 'SELECT g, sum(DISTINCT w) FROM proofs GROUP BY g ORDER BY g',
    -- Digits behind the point.
    'SELECT sum(p), avg(p), min(p), max(p) FROM proofs', 'SELECT sum(p + p), max(p + p) FROM proofs', 'SELECT min(e), max(e) FROM proofs WHERE _id IN (1, 2)', 'SELECT min(e), max(e) FROM proofs WHERE _id IN (3, 4)', 'SELECT min(e), max(e) FROM proofs',
    'SELECT min(z), max(z) FROM proofs WHERE _id IN (1, 2)', 'SELECT min(z), max(z) FROM proofs WHERE _id IN (3, 4)', 'SELECT min(z), max(z), min(e) FROM proofs WHERE _id IN (1, 4)', 'SELECT abs(k5) FROM proofs WHERE _id = 2 GROUP BY 1',
    'SELECT k5 + 1, count(*) FROM proofs WHERE _id > 3 GROUP BY 1 ORDER BY 1',
    'SELECT abs(k5), count(*) FROM proofs GROUP BY 1 ORDER BY 1', 'SELECT i::numeric + 1, count(*) FROM proofs GROUP BY 1 ORDER BY 1', 'SELECT DISTINCT k5 * 2 FROM proofs ORDER BY 1', 'SELECT DISTINCT abs(i::numeric) FROM proofs ORDER BY 1',
    'SELECT sum(s) FROM proofs', 'SELECT sum(s) FILTER (WHERE _id < 3) FROM proofs', 'SELECT g, avg(s) FILTER (WHERE _id < 9) FROM proofs GROUP BY g ORDER BY g',
    -- Where sums and squares leave double precision.
    'SELECT avg(f) FROM proofs', 'SELECT sum(f) FROM proofs', 'SELECT stddev(f) FROM proofs', 'SELECT var_pop(f) FROM proofs WHERE _id > 2', 'SELECT sum(h) FROM proofs', 'SELECT stddev_pop(h) FROM proofs WHERE _id < 4',
    'SELECT avg(h) FROM proofs', 'SELECT sum(x) FILTER (WHERE _id > 1) FROM proofs', 'SELECT sum(h) FILTER (WHERE _id < 3) FROM proofs', 'SELECT avg(f) FILTER (WHERE _id < 3) FROM proofs',
    'SELECT sum(x) FROM proofs WHERE _id IN (4, 5)', 'SELECT max(x), min(x) FROM proofs', 'SELECT g, count(*) FROM proofs GROUP BY g HAVING count(*) > 1 AND avg(f) > 0 ORDER BY 2, 1 LIMIT 1',
    'SELECT g, count(*), stddev(h) FILTER (WHERE _id < 5) FROM proofs GROUP BY g ORDER BY 2, 1 LIMIT 1',
    -- FILTER: what it leaves out may be of any type.
    'SELECT g, count(*) FILTER (WHERE w > 10), sum(p) FILTER (WHERE _id > 1), min(w) FILTER (WHERE f < 0), avg(w) FILTER (WHERE _id > 9) FROM proofs GROUP BY g ORDER BY g',
    'SELECT sum(i) FILTER (WHERE _id = 1), count(i), count(i) FILTER (WHERE h > 2), count(*), count(*) FILTER (WHERE g = ''a'') FROM proofs', 'SELECT max(s) FILTER (WHERE _id < 3), sum(w) FILTER (WHERE w + 1 > 10) FROM proofs',
    'SELECT count(*) FILTER (WHERE g LIKE ''a%''), sum(_id) FILTER (WHERE g LIKE ''b%'') FROM proofs', 'SELECT g, sum(_id) FILTER (WHERE f > 0) AS s FROM proofs GROUP BY g HAVING count(*) FILTER (WHERE f > 0) > 0 ORDER BY sum(_id) FILTER (WHERE f > 0) DESC, g LIMIT 2',
    -- A path over an array reads a list that MongoDB has not.
    $q$SELECT _id FROM proofs WHERE b #>> '{0}' = '2'$q$, $q$SELECT _id FROM proofs WHERE n #>> '{0}' IN ('1', '4') ORDER BY 1$q$, $q$SELECT count(*) FROM proofs WHERE b #>> '{1,c}' = '7'$q$,
    $q$SELECT count(*) FROM proofs WHERE b #> '{1}' @> '{"c": 7}'$q$, $q$SELECT count(*) FROM proofs WHERE b #>> '{0}' IS NOT NULL$q$, $q$SELECT count(*) FROM proofs WHERE b #>> '{2}' IS NULL$q$,
    $q$SELECT count(*) FROM proofs WHERE b ->> '0' IS NULL$q$, $q$SELECT count(*) FROM proofs WHERE length(b #>> '{1,c}') = 1$q$]) query;
-- What the server was in doubt of is not sent again, and no worse planned than without push-down.
ALTER FOREIGN TABLE proofs OPTIONS (SET fdw_tuple_cost '1000');
SELECT avg(f) FROM proofs WHERE _id < 3;
SELECT avg(f) FROM proofs WHERE _id < 3;
EXPLAIN (VERBOSE, COSTS off) SELECT avg(f) FROM proofs WHERE _id < 3;
DROP FUNCTION proved, error_of_or_rows;
DROP FOREIGN TABLE proofs;
