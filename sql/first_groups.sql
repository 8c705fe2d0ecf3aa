-- ORDER BY with LIMIT over groups: the server sorts them, those in doubt first.
CREATE FOREIGN TABLE numbers (_id int, k int, name text OPTIONS (path 't') COLLATE "C", v float8, n numeric(10,2) OPTIONS (path 'v')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FOREIGN TABLE mixed (_id int, i int OPTIONS (path 'a'), l bigint OPTIONS (path 'a'), n numeric OPTIONS (path 'a'), p numeric(10,2) OPTIONS (path 'a'), t text OPTIONS (path 'a') COLLATE "C", z timestamptz OPTIONS (path 'a'), b boolean OPTIONS (path 'a'), f float8 OPTIONS (path 'a'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null', fdw_tuple_cost '1000');
CREATE FOREIGN TABLE strict (_id int, i int OPTIONS (path 'a')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', fdw_tuple_cost '1000');
CREATE FUNCTION sent_first(query text) RETURNS boolean LANGUAGE sql AS $$
    SELECT bool_or(line ~ '\$limit' AND line ~ '\$group') FROM (SELECT plan_of(query)) p (line)
$$;
SELECT plan_of('SELECT k, count(*) FROM numbers GROUP BY k ORDER BY count(*) DESC, k LIMIT 3');
SELECT same_rows('SELECT k, count(*) FROM numbers GROUP BY k ORDER BY count(*) DESC, k LIMIT 3');
-- Sums, extremes, keys, expressions; OFFSET is proved as well.
SELECT sent_first('SELECT k, sum(_id) FROM numbers GROUP BY k ORDER BY sum(_id) DESC LIMIT 2');
SELECT same_rows('SELECT k, sum(_id) FROM numbers GROUP BY k ORDER BY sum(_id) DESC LIMIT 2 OFFSET 1');
SELECT sent_first('SELECT name, sum(n) FROM numbers WHERE _id < 50 GROUP BY name ORDER BY sum(n) DESC, name LIMIT 2');
SELECT same_rows('SELECT name, sum(n), avg(v) FROM numbers WHERE _id < 50 GROUP BY name ORDER BY sum(n) DESC, name LIMIT 2 OFFSET 1');
SELECT same_rows('SELECT _id % 7 AS r, max(k), min(name) FROM numbers GROUP BY 1 ORDER BY min(name) DESC, 1 LIMIT 2');
SELECT sent_first('SELECT DISTINCT k FROM numbers ORDER BY k DESC LIMIT 2');
SELECT same_rows('SELECT DISTINCT k FROM numbers ORDER BY k DESC LIMIT 2');
SELECT same_rows('SELECT count(*) FROM (SELECT DISTINCT name FROM numbers LIMIT 7 OFFSET 2) q');
-- With HAVING, where all of it is sent.
SELECT sent_first('SELECT name, count(*) FROM numbers GROUP BY name HAVING sum(_id) > 7000 ORDER BY name LIMIT 2'),
    sent_first('SELECT k, count(*) FROM numbers GROUP BY k HAVING avg(_id) > 2500 ORDER BY k LIMIT 2');
SELECT same_rows('SELECT name, count(*) FROM numbers GROUP BY name HAVING sum(n) > 7000.5 AND count(*) < 3 ORDER BY name LIMIT 2');
SELECT same_rows('SELECT k, count(*) FROM numbers GROUP BY k HAVING avg(_id) > 2500 ORDER BY k LIMIT 2');
-- Not averages, floats, expressions over results.
SELECT sent_first('SELECT k, avg(_id) FROM numbers GROUP BY k ORDER BY avg(_id) LIMIT 2'), sent_first('SELECT k, sum(v) FROM numbers GROUP BY k ORDER BY sum(v) LIMIT 2'),
    sent_first('SELECT k FROM numbers GROUP BY k ORDER BY sum(_id) + 1 LIMIT 2');
SELECT DISTINCT trim(line) FROM (SELECT plan_of('SELECT k FROM numbers GROUP BY k ORDER BY sum(v) LIMIT 2') UNION ALL SELECT plan_of('SELECT k FROM numbers GROUP BY k ORDER BY sum(_id) + 1 LIMIT 2')
    UNION ALL SELECT plan_of('SELECT k FROM numbers GROUP BY k HAVING avg(_id) > 1 ORDER BY k LIMIT 2')) p (line) WHERE line ~ 'Not Sent' ORDER BY 1;
SELECT sent_first('SELECT count(*) FROM numbers LIMIT 1'), sent_first('SELECT k, count(*) FROM numbers GROUP BY k ORDER BY 2 FETCH FIRST 2 ROWS WITH TIES');
-- NULL and NaN have their places; groups in doubt make PostgreSQL's own plan run.
SELECT same_rows('SELECT i, count(*), sum(l) FROM mixed WHERE _id < 40 GROUP BY i ORDER BY sum(l) DESC NULLS FIRST, i LIMIT 2');
SELECT same_rows('SELECT i, count(*), sum(l) FROM mixed WHERE _id < 40 GROUP BY i ORDER BY sum(l) DESC NULLS LAST, i LIMIT 2');
SELECT same_rows('SELECT _id % 5 AS r, sum(p) FROM mixed WHERE _id NOT IN (16, 22) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 2');
SELECT same_rows('SELECT _id % 5 AS r, sum(p) FROM mixed WHERE _id < 30 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3');
SELECT same_rows('SELECT _id % 5 AS r FROM mixed GROUP BY 1 HAVING sum(p) > 5 ORDER BY 1 LIMIT 3');
SELECT same_rows('SELECT _id % 5 AS r FROM mixed GROUP BY 1 HAVING sum(p) <> 5.00 ORDER BY 1 LIMIT 3');
SELECT same_rows('SELECT z, count(*) FROM mixed WHERE _id < 40 GROUP BY z ORDER BY z LIMIT 2');
SELECT same_rows('SELECT t, count(*) FROM mixed GROUP BY t ORDER BY t LIMIT 5');
SELECT same_rows('SELECT b, count(*) FROM mixed WHERE _id < 40 GROUP BY b ORDER BY b NULLS FIRST LIMIT 2');
SELECT same_rows('SELECT _id % 3 AS r, max(z) FROM mixed WHERE _id < 44 GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1 LIMIT 1');
SELECT same_rows('SELECT _id % 40 AS r, min(f) FROM mixed GROUP BY 1 ORDER BY 1 LIMIT 2');
-- What would raise does so, whichever group it is in.
SELECT left(error_of('SELECT i, count(*) FROM strict WHERE _id IN (5, 37) GROUP BY i ORDER BY i LIMIT 1'), 5);
SELECT k, sum(k * 2000000000) FROM numbers GROUP BY k ORDER BY 2, 1 LIMIT 1;
-- Parameters, rescans.
SET plan_cache_mode = force_generic_plan;
PREPARE page(bigint, bigint) AS SELECT k, count(*) FROM numbers WHERE _id < 47 GROUP BY k ORDER BY count(*) DESC, k LIMIT $1 OFFSET $2;
EXECUTE page(2, 1);
EXECUTE page(NULL, 8);
EXECUTE page(0, 0);
EXECUTE page(-1, 0);
RESET plan_cache_mode;
SELECT g, (SELECT string_agg(q::text, ' ') FROM (SELECT k, count(*) FROM numbers WHERE _id < g * 15 GROUP BY k ORDER BY 2 DESC, 1 LIMIT 2) q) FROM generate_series(1, 3) g;
SELECT count(*) FROM generate_series(1, 3) g, LATERAL (SELECT k, count(*) FROM numbers GROUP BY k ORDER BY 2, 1 LIMIT 2) q;
DROP FUNCTION sent_first;
DROP FOREIGN TABLE numbers, mixed, strict;
