-- Sorts, limits, groups and aggregates: what is sent, the rows, and the same rows without push-down.
-- Costs that leave as much as can be said to the server.
CREATE FOREIGN TABLE numbers (_id int, k int, name text OPTIONS (path 't') COLLATE "C") SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FOREIGN TABLE mixed (_id int, i int OPTIONS (path 'a'), f float8 OPTIONS (path 'a'), n numeric(10,2) OPTIONS (path 'a'), t text OPTIONS (path 'a') COLLATE "C", z timestamptz OPTIONS (path 'a'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FOREIGN TABLE strict (_id int, i int OPTIONS (path 'a')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', fdw_tuple_cost '10');

-- Aggregates: values as they are stored, with their proof.
SELECT plan_of('SELECT count(*), sum(k), avg(k), min(k), max(k) FROM numbers') LIMIT 4;
SELECT same_rows('SELECT count(*), sum(k), avg(k), min(k), max(k) FROM numbers');
SELECT plan_of('SELECT k, count(*), count(DISTINCT _id) FROM numbers GROUP BY k HAVING count(*) > 3') LIMIT 3;
SELECT same_rows('SELECT k, count(*), count(DISTINCT _id) FROM numbers GROUP BY k HAVING count(*) > 3 ORDER BY k');
-- Expressions look at each value; FILTER lets the others be as they are stored.
SELECT plan_of('SELECT sum(k) FILTER (WHERE k > 2), count(*) FILTER (WHERE name < ''row 00010''), count(*) FROM numbers') LIMIT 2;
SELECT plan_of('SELECT k % 3, sum(k) FILTER (WHERE k > 2) FROM numbers GROUP BY k % 3') LIMIT 2;
SELECT same_rows('SELECT k % 3 AS r, sum(k) FILTER (WHERE k > 2) FROM numbers GROUP BY 1 ORDER BY 1');
-- No rows: one row of an aggregate, none of a group.
SELECT same_rows('SELECT count(*), sum(k), bool_and(k > 0) FROM numbers WHERE k < -7');
SELECT same_rows('SELECT k, count(*) FROM numbers WHERE k < -7 GROUP BY k');
SELECT same_rows('SELECT count(*) FROM numbers WHERE k = ANY (''{}''::int[])');

-- Values that do not fit are NULL: the proof of stored values fails, and PostgreSQL's own plan runs; then with guards.
SELECT line FROM (SELECT plan_of('SELECT count(i), sum(i), min(i), max(i), avg(i) FROM mixed')) p (line) WHERE line ~ 'Pipeline' LIMIT 1;
SELECT same_rows('SELECT count(i), sum(i), min(i), max(i), avg(i) FROM mixed');
SELECT line FROM (SELECT plan_of('SELECT count(i), sum(i), min(i), max(i), avg(i) FROM mixed')) p (line) WHERE line ~ 'Pipeline' LIMIT 1;
SELECT same_rows('SELECT count(i), sum(i), min(i), max(i), avg(i) FROM mixed');
SELECT same_rows('SELECT i, count(*) > 4 AS many FROM mixed GROUP BY i ORDER BY i');
SELECT same_rows('SELECT i, count(*) > 4 AS many FROM mixed GROUP BY i ORDER BY i');
SELECT same_rows('SELECT sum(n), avg(n), max(f), min(f), count(DISTINCT t) FROM mixed WHERE i > 0');
SELECT same_rows('SELECT DISTINCT z FROM mixed WHERE z < ''2100-01-01'' ORDER BY z');
-- Undefined is no value, whatever a server thinks.
SELECT same_rows('SELECT min(f), max(f), count(*) FROM mixed WHERE _id < 5');
-- Missing, null and undefined are one group, whatever a server makes of them.
SET enable_hashagg = off; SET enable_sort = off; SET mongo_fdw_cpp.enable_order_by_pushdown = off;
SELECT line FROM (SELECT plan_of('SELECT i, count(*) FROM mixed WHERE _id < 5 GROUP BY i')) p (line) WHERE line ~ 'group';
SELECT same_rows('SELECT i, count(*) FROM mixed WHERE _id < 5 GROUP BY i ORDER BY i');
RESET enable_hashagg; RESET enable_sort; RESET mongo_fdw_cpp.enable_order_by_pushdown;
-- Under "error" they raise, as without push-down.
SELECT count(i) FROM strict;
SET mongo_fdw_cpp.enable_pushdown = off;
SELECT count(i) FROM strict;
RESET mongo_fdw_cpp.enable_pushdown;

-- Conditions of which the server may be unsure are proved with the groups: here it is not, and there (a symbol) it is.
SELECT line FROM (SELECT plan_of('SELECT count(*) FROM numbers WHERE name LIKE ''a%''')) p (line) WHERE line ~ '^Foreign Scan|Aggregate';
SELECT same_rows('SELECT count(*), sum(k) FROM numbers WHERE name LIKE ''%1%'' AND length(name) > 1');
SELECT same_rows('SELECT k, count(*) FROM numbers WHERE substr(name, 1, 1) IN (''a'', ''b'') OR k > 5 GROUP BY k ORDER BY k');
SELECT same_rows('SELECT count(*) FROM mixed WHERE t LIKE ''%b%''');
SELECT same_rows('SELECT count(*), max(_id) FROM mixed WHERE f * 2 > 10 AND f < 1e10');

-- Integers of more digits than a double holds, beside decimals: as stored, then value by value.
CREATE FOREIGN TABLE digits (n numeric OPTIONS (path 'a'), i bigint OPTIONS (path 'a')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null', fdw_tuple_cost '10');
SELECT same_rows('SELECT sum(n) FROM digits WHERE i NOT IN (70000, -9223372036854775808, 1152921504606846976)');
SELECT same_rows('SELECT sum(n) FROM digits WHERE i NOT IN (70000, -9223372036854775808, 1152921504606846976)');
DROP FOREIGN TABLE digits;

-- ORDER BY with LIMIT: computed keys, or the field itself where the conditions leave only its values.
SELECT plan_of('SELECT _id, k FROM numbers ORDER BY k DESC NULLS LAST, _id LIMIT 3 OFFSET 1');
SELECT same_rows('SELECT _id, k FROM numbers ORDER BY k DESC NULLS LAST, _id LIMIT 3 OFFSET 1');
SELECT plan_of('SELECT _id FROM numbers WHERE _id > 4990 ORDER BY _id LIMIT 3');
SELECT same_rows('SELECT _id FROM numbers WHERE _id > 4990 ORDER BY _id LIMIT 3');
SELECT same_rows('SELECT i FROM mixed ORDER BY i NULLS FIRST LIMIT 60') EXCEPT SELECT '()';
SELECT same_rows('SELECT i FROM mixed ORDER BY i DESC NULLS LAST LIMIT 6');
SELECT same_rows('SELECT t FROM mixed ORDER BY t LIMIT 7');
SELECT same_rows('SELECT f > 0 AS positive, f = ''NaN'' AS nan FROM mixed ORDER BY f DESC NULLS LAST LIMIT 4');
-- Parameters, in custom and generic plans.
PREPARE top(int, int) AS SELECT _id FROM numbers WHERE k > $1 ORDER BY _id DESC LIMIT $2;
SET plan_cache_mode = force_generic_plan;
SELECT plan_of('EXECUTE top(2, 3)');
EXECUTE top(2, 3);
SET plan_cache_mode = force_custom_plan;
EXECUTE top(2, 3);
RESET plan_cache_mode;

-- What stays here.
SELECT plan_of('SELECT name FROM numbers ORDER BY name COLLATE "en-x-icu" LIMIT 1') WHERE EXISTS (SELECT FROM pg_collation WHERE collname = 'en-x-icu');
SELECT line ~ 'Pipeline: .*group' AS sent FROM plan_of('SELECT k, array_agg(_id) FROM numbers GROUP BY k') p (line) WHERE line ~ 'Pipeline';
SELECT line ~ 'Pipeline: .*group' AS sent FROM plan_of('SELECT k FROM numbers GROUP BY ROLLUP (k)') p (line) WHERE line ~ 'Pipeline';
SET mongo_fdw_cpp.enable_aggregate_pushdown = off;
SELECT plan_of('SELECT count(*) FROM numbers') LIMIT 1;
RESET mongo_fdw_cpp.enable_aggregate_pushdown;
SET mongo_fdw_cpp.enable_order_by_pushdown = off;
SELECT plan_of('SELECT k FROM numbers ORDER BY k LIMIT 1') LIMIT 2;
RESET mongo_fdw_cpp.enable_order_by_pushdown;
SET mongo_fdw_cpp.enable_float_aggregates = off;
SELECT plan_of('SELECT sum(f) FROM mixed') LIMIT 1;
RESET mongo_fdw_cpp.enable_float_aggregates;

-- Values that are equal here and differ as they are stored, or the other way round.
CREATE FOREIGN TABLE ties (_id int, d date, r real, i int, v varchar(3), n numeric, m numeric, f float8, b int)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test_more', on_conversion_error 'null', fdw_tuple_cost '1000');
CREATE FOREIGN TABLE strict_ties (a int, b int, f float8) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test_more', collection 'ties', fdw_tuple_cost '1000');
SELECT same_rows('SELECT _id FROM ties WHERE d >= ''2019-01-01'' ORDER BY d, i LIMIT 2');
SELECT same_rows('SELECT _id FROM ties ORDER BY r, i LIMIT 2');
SELECT same_rows('SELECT count(DISTINCT r), count(r) FROM ties');
SELECT same_rows('SELECT _id FROM ties ORDER BY r DESC, i LIMIT 2');
SELECT same_rows('SELECT v::text, count(*) FROM ties GROUP BY v::text ORDER BY 1');
SELECT same_rows('SELECT n, count(*) FROM ties GROUP BY n ORDER BY n');
SELECT same_rows('SELECT sum(m), avg(m) FROM ties');
SELECT same_rows('SELECT sum(f), avg(f), min(f), max(f) FROM ties');
-- CASE x WHEN, also within another.
SELECT line FROM (SELECT plan_of('SELECT _id FROM numbers WHERE CASE k WHEN 5 THEN 1 WHEN 7 THEN 2 END = 2')) p (line) WHERE line ~ 'Pipeline';
SELECT same_rows('SELECT count(*), max(_id) FROM numbers WHERE CASE k WHEN 5 THEN 1 WHEN 7 THEN 2 END = 2');
SELECT same_rows('SELECT CASE k % 3 WHEN 0 THEN ''x'' WHEN CASE k WHEN 4 THEN 1 ELSE 2 END THEN name ELSE ''z'' END AS v, k, count(*) FROM numbers WHERE _id < 12 GROUP BY 1, 2 ORDER BY 1, 2');
SELECT same_rows('SELECT count(*) FROM numbers WHERE CASE k + 1 WHEN 3 THEN true WHEN _id THEN NULL ELSE k > 5 END IS NULL');
SELECT same_rows('SELECT _id FROM numbers WHERE _id < 20 ORDER BY CASE name WHEN ''row 00007'' THEN 1 WHEN lower(name) THEN 2 END, _id LIMIT 3');
-- Misfits that raise do so though FILTER, CASE or COALESCE would not read them.
SELECT sum(b) FILTER (WHERE a > 0) FROM strict_ties;
SELECT sum(CASE WHEN a > 0 THEN b ELSE 0 END) FROM strict_ties;
SELECT sum(coalesce(a, b)) FROM strict_ties;
SELECT min(f), max(f) FROM strict_ties;
DROP FOREIGN TABLE ties, strict_ties;

-- Groups in subqueries, started again for each row; an aggregate within an expression.
SELECT g, (SELECT count(*) FROM numbers WHERE k = g) AS n, (SELECT max(_id) - min(_id) FROM numbers WHERE k = g) AS spread FROM generate_series(0, 2) g;

-- Booleans of conditions over text.
SELECT plan_of('SELECT bool_or(name = ''x''), bool_and(name <> ''y''), every(name LIKE ''%a%'') FROM numbers') LIMIT 1;
SELECT same_rows('SELECT bool_or(name = ''x''), bool_and(name <> ''y''), every(name LIKE ''%a%''), bool_or(name < ''b'') FROM numbers');
SELECT same_rows('SELECT k, bool_or(name LIKE ''%1%''), bool_and(name > ''b'') FROM numbers GROUP BY k ORDER BY k');
-- What stays here says why.
SELECT same_rows('SELECT DISTINCT ON (k) k, name FROM numbers ORDER BY k, _id');
SELECT line FROM (SELECT plan_of('SELECT k, count(*) FROM numbers GROUP BY ROLLUP (k)')) p (line) WHERE line ~ 'Not Sent';
SELECT line FROM (SELECT plan_of('SELECT k FROM numbers WHERE k > 7 AND _id < 50 ORDER BY k FETCH FIRST 3 ROWS WITH TIES')) p (line) WHERE line ~ 'Not Sent';
SELECT same_rows('SELECT k FROM numbers WHERE k > 7 AND _id < 50 ORDER BY k FETCH FIRST 3 ROWS WITH TIES');

-- A key that is the same for all rows.
SELECT count(*) FROM (SELECT now() = now() AS k, count(*) FROM numbers GROUP BY 1) q;
SELECT count(*) FROM (SELECT DISTINCT now(), _id % 2 FROM numbers WHERE _id < 5) q;
PREPARE same(int) AS SELECT $1 + 1 AS k, count(*) > 0 FROM numbers WHERE _id < $1 + 1 GROUP BY $1 + 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE same(4);
RESET plan_cache_mode;
DEALLOCATE same;

-- The rules.
SELECT kind, verdict, count(*) > 0 AS some FROM mongo.pushdown_rules GROUP BY 1, 2 ORDER BY 1, 2;
SELECT arguments, verdict, since, note FROM mongo.pushdown_rules WHERE sql_name IN ('date_trunc', 'replace', 'mongo.objectid_eq', 'mongo.objectid_ne', 'mongo.to_text', 'timezone') ORDER BY 1, 4;

DROP FOREIGN TABLE numbers, mixed, strict;
