-- LIMIT and OFFSET go where every row of the scan counts.
EXPLAIN (COSTS OFF) SELECT _id FROM many LIMIT 3;
SELECT count(*) FROM (SELECT _id FROM many LIMIT 3) x;
EXPLAIN (COSTS OFF) SELECT _id FROM many LIMIT 3 OFFSET 10;
SELECT count(*) FROM (SELECT _id FROM many LIMIT 3 OFFSET 4998) x;
EXPLAIN (COSTS OFF) SELECT _id FROM many OFFSET 10;
SELECT count(*) FROM (SELECT _id FROM many OFFSET 10) x;
EXPLAIN (COSTS OFF) SELECT _id FROM many WHERE k = 3 LIMIT 2;
SELECT count(*) FROM (SELECT _id FROM many WHERE k = 3 LIMIT 2) x;
EXPLAIN (COSTS OFF) SELECT _id FROM many WHERE k > 3 LIMIT 2;
EXPLAIN (COSTS OFF) SELECT _id FROM many WHERE _id % 2 = 0 LIMIT 2;
SELECT count(*) FROM (SELECT _id FROM many WHERE _id % 2 = 0 LIMIT 2) x;
EXPLAIN (COSTS OFF) SELECT _id FROM many ORDER BY _id LIMIT 2;
EXPLAIN (COSTS OFF) SELECT DISTINCT k FROM many LIMIT 2;
EXPLAIN (COSTS OFF) SELECT k, count(*) FROM many GROUP BY k LIMIT 2;
EXPLAIN (COSTS OFF) SELECT _id, generate_series(1, 2) FROM many LIMIT 2;
EXPLAIN (COSTS OFF) SELECT a._id FROM many a, people b LIMIT 2;
EXPLAIN (COSTS OFF) SELECT _id FROM many UNION ALL SELECT _id FROM many LIMIT 2;
EXPLAIN (COSTS OFF) SELECT _id FROM many FETCH FIRST 2 ROWS ONLY;
EXPLAIN (COSTS OFF) SELECT k FROM many ORDER BY k FETCH FIRST 2 ROWS WITH TIES;
SELECT count(*) FROM (SELECT _id FROM many LIMIT 0) x;
SELECT count(*) FROM (SELECT _id FROM many LIMIT NULL) x;
SELECT _id FROM many LIMIT -1;
SELECT _id FROM many LIMIT 1 OFFSET -1;
PREPARE part(bigint, bigint) AS SELECT _id FROM many LIMIT $1 OFFSET $2;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE part(2, 3);
CREATE FUNCTION rows_of(bigint, bigint) RETURNS bigint LANGUAGE plpgsql AS
    'DECLARE n bigint := 0; r record; BEGIN FOR r IN SELECT _id FROM many LIMIT $1 OFFSET $2 LOOP n := n + 1; END LOOP; RETURN n; END';
SELECT rows_of(2, 3), rows_of(5, 4998), rows_of(NULL, 4990), rows_of(3, NULL), rows_of(0, 0), rows_of(9223372036854775807, 1);
PREPARE gated(boolean) AS SELECT _id FROM many WHERE $1 LIMIT 2;
EXPLAIN (COSTS OFF) EXECUTE gated(false);
EXECUTE gated(false);
RESET plan_cache_mode;
-- A filter too large for a command is evaluated here, LIMIT and OFFSET with it.
CREATE TEMP TABLE texts AS SELECT array_agg('row ' || lpad(i::text, 5, '0') || repeat('x', CASE WHEN i < 5000 THEN 0 ELSE 100000 END)) AS list
    FROM generate_series(4990, 5160) i;
SELECT t FROM many WHERE t = ANY ((SELECT list FROM texts)::text[]) ORDER BY t;
SELECT count(*), min(t) >= 'row 04990' AS right FROM (SELECT t FROM many WHERE t = ANY ((SELECT list FROM texts)::text[]) LIMIT 5 OFFSET 3) x;
SELECT count(*) FROM (SELECT _id FROM many WHERE t = ANY ((SELECT list FROM texts)::text[]) LIMIT 5 OFFSET 8) x;
-- LIMIT in subqueries, with an outer column, over expressions and whole rows.
SELECT n, (SELECT count(*) FROM (SELECT _id FROM many LIMIT n) x) FROM generate_series(0, 2) n;
SELECT upper(t) LIKE 'ROW%' AS upper, k >= 0 AS k, 7 AS seven FROM many WHERE k = 3 LIMIT 1;
SELECT (m).k FROM (SELECT m FROM many m WHERE k = 3 LIMIT 1) x;
SELECT tableoid::regclass FROM many LIMIT 1;
SELECT count(*) FROM ((SELECT _id FROM many LIMIT 3) UNION ALL (SELECT _id FROM many WHERE k = 1 LIMIT 2)) x;
SET mongo_fdw_cpp.enable_limit_pushdown = off;
EXPLAIN (COSTS OFF) SELECT _id FROM many LIMIT 3;
RESET ALL;
DEALLOCATE part;
DROP FUNCTION rows_of;
