-- Joins by batches of keys: the plan, the rows, and the same rows without push-down.
CREATE TABLE wanted (id int, label text, n numeric);
INSERT INTO wanted SELECT CASE WHEN g % 20 = 7 THEN NULL ELSE g * 3 % 6000 END, 'w' || g, g % 60 FROM generate_series(1, 80) g;
INSERT INTO wanted VALUES (12, 'twice', 12), (12, 'thrice', NULL);
ANALYZE wanted;
CREATE FOREIGN TABLE source (_id int, k int, name text OPTIONS (path 't')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FOREIGN TABLE source_strict (_id int, a int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', fdw_tuple_cost '10');
ANALYZE source;

SELECT plan_of('SELECT w.label, s.k FROM wanted w JOIN source s ON s._id = w.id');
SELECT count(*), min(q), max(q) FROM same_rows('SELECT w.label, s.k FROM wanted w JOIN source s ON s._id = w.id ORDER BY 1, 2') q;
-- Rows without a match, and conditions in ON and WHERE.
SELECT plan_of('SELECT w.label, s.k FROM wanted w LEFT JOIN source s ON s._id = w.id AND s.k > 3 AND w.n < 50 WHERE s.k IS NULL OR s.k < 9') LIMIT 4;
SELECT count(*), count(*) FILTER (WHERE q LIKE '%,)') FROM same_rows('SELECT w.label, s.k FROM wanted w LEFT JOIN source s ON s._id = w.id AND s.k > 3 AND w.n < 50 WHERE s.k IS NULL OR s.k < 9 ORDER BY 1, 2') q;
-- EXISTS, NOT EXISTS, IN either way.
SELECT plan_of('SELECT label FROM wanted w WHERE NOT EXISTS (SELECT FROM source s WHERE s._id = w.id AND s.k > 2)') LIMIT 3;
SELECT count(*) FROM same_rows('SELECT label FROM wanted w WHERE NOT EXISTS (SELECT FROM source s WHERE s._id = w.id AND s.k > 2) ORDER BY 1');
SELECT count(*) FROM same_rows('SELECT label FROM wanted w WHERE EXISTS (SELECT FROM source s WHERE s._id = w.id AND s.k > 2) ORDER BY 1');
SELECT count(*) FROM same_rows('SELECT _id, name FROM source WHERE _id IN (SELECT id FROM wanted) ORDER BY 1');
-- Keys that are expressions, of another type, and of several columns: the best is sent, all are compared.
SELECT plan_of('SELECT w.label FROM wanted w JOIN source s ON s._id = w.id + 1 AND s.k = (w.id + 1) % 10') LIMIT 4;
SELECT count(*) FROM same_rows('SELECT w.label FROM wanted w JOIN source s ON s._id = w.id + 1 AND s.k = (w.id + 1) % 10 ORDER BY 1');
SELECT count(*) FROM same_rows('SELECT w.label, s._id FROM (SELECT label, id::bigint AS id FROM wanted) w JOIN source s ON w.id = s._id ORDER BY 1, 2');
-- Where the first rows are wanted, the first batches are small; all keys in one command otherwise.
CREATE FUNCTION remote_counts(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; result text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
        IF line ~ '^ *(Batches|Keys|Full Scans): ' AND line !~ 'Buckets' THEN result := concat_ws(', ', nullif(result, ''), trim(line)); END IF;
    END LOOP;
    RETURN result;
END $$;
SELECT remote_counts('SELECT w.label, s.k FROM wanted w JOIN source s ON s._id = w.id');
SELECT remote_counts('SELECT w.label, s.k FROM wanted w JOIN source s ON s._id = w.id LIMIT 75');
SELECT same_rows('SELECT count(*), sum(k) FROM (SELECT w.n, s.k FROM wanted w LEFT JOIN source s ON s._id = w.id LIMIT 82) q');
-- The same row again and again is one key.
SELECT remote_counts('SELECT count(*) FROM (SELECT id FROM wanted, generate_series(1, 20) WHERE id < 30) w JOIN source s ON s._id = w.id');
-- Below another loop: every start asks anew.
SELECT same_rows('SELECT o, (SELECT sum(s.k) FROM wanted w JOIN source s ON s._id = w.id WHERE w.n < o * 9) FROM generate_series(1, 3) o');
-- Cursors, prepared statements, row locks.
BEGIN;
DECLARE c CURSOR FOR SELECT w.label, s._id FROM wanted w JOIN source s ON s._id = w.id WHERE w.n < 5 ORDER BY w.n;
FETCH 2 FROM c;
FETCH 2 FROM c;
COMMIT;
SET plan_cache_mode = force_generic_plan;
PREPARE j(int) AS SELECT w.label, s._id FROM wanted w JOIN source s ON s._id = w.id WHERE w.n < $1 ORDER BY 1;
EXECUTE j(3);
EXECUTE j(4);
DEALLOCATE j;
RESET plan_cache_mode;
SELECT w.label, s._id FROM wanted w JOIN source s ON s._id = w.id WHERE w.n < 4 ORDER BY 1 FOR UPDATE OF w;
-- In PL/pgSQL, whose variables are parameters; where the planner searches genetically.
CREATE FUNCTION sum_below(most int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE r record; total bigint := 0;
BEGIN
    FOR r IN SELECT s.k FROM wanted w JOIN source s ON s._id = w.id WHERE w.n < most LOOP total := total + r.k; END LOOP;
    RETURN total;
END $$;
SELECT sum_below(20), sum_below(30);
DROP FUNCTION sum_below;
SET geqo_threshold = 2;
SELECT same_rows('SELECT count(*) FROM wanted a JOIN wanted b ON a.id = b.id JOIN source s ON s._id = b.id JOIN source q ON q._id = s._id');
RESET geqo_threshold;
-- Keys that are one by their own collation are two by the one that the join compares by.
CREATE COLLATION folding_keys (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE names (t text COLLATE folding_keys);
INSERT INTO names VALUES ('ROW 00005'), ('row 00005'), ('row 00006');
ANALYZE names;
SELECT plan_of('SELECT n.t, s._id FROM names n JOIN source s ON n.t = s.name COLLATE "C"') LIMIT 1;
SELECT same_rows('SELECT n.t, s._id FROM names n JOIN source s ON n.t = s.name COLLATE "C" ORDER BY 2');
DROP TABLE names;
DROP COLLATION folding_keys;
-- A condition that is evaluated once has a node of its own.
SELECT same_rows('SELECT x.label, m._id FROM wanted x LEFT JOIN ((SELECT * FROM wanted o WHERE current_setting(''server_version_num'')::int > 1) s JOIN source m ON m._id = s.id) ON x.id = s.id WHERE x.n < 4 ORDER BY 1');
-- An error of a value that was fetched is one here as well.
SELECT count(*) > 20 FROM wanted w JOIN source_strict s ON s._id = w.id;
SELECT count(s.a) FROM wanted w JOIN source_strict s ON s._id = w.id;
-- Groups made below the join (PostgreSQL 19), and not: either side may be the grouped one.
CREATE TABLE facts AS SELECT g % 50 * 3 AS id, g AS v FROM generate_series(1, 3000) g;
ANALYZE facts;
CREATE FUNCTION grouped_early(eager text) RETURNS TABLE (sums text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config(name, eager, true) FROM pg_settings WHERE name = 'enable_eager_aggregate';
    RETURN QUERY SELECT md5(string_agg(q::text, ',' ORDER BY q)) FROM (
        SELECT s.k, sum(f.v) AS total, count(*), avg(f.v) FROM facts f JOIN source s ON s._id = f.id GROUP BY s.k) q;
    RETURN QUERY SELECT md5(string_agg(q::text, ',' ORDER BY q)) FROM (
        SELECT f.id, sum(s.k), max(s.name) FROM facts f JOIN source s ON s._id = f.id GROUP BY f.id) q;
    RETURN QUERY SELECT md5(string_agg(q::text, ',' ORDER BY q)) FROM (
        SELECT a.k, sum(b.k) FROM source a JOIN source b ON a._id = b._id WHERE a._id < 300 GROUP BY a.k) q;
END $$;
SELECT (SELECT array_agg(sums) FROM grouped_early('on')) = (SELECT array_agg(sums) FROM grouped_early('off')) AS same;
DROP FUNCTION grouped_early;
DROP TABLE facts;
-- Far more rows than were expected: once the keys cost what the collection does, it is read; where one row was expected no nested loop asks for each.
CREATE FOREIGN TABLE small (_id int, k int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', pipeline '[{"$match": {"_id": {"$lt": 500}}}]', fdw_tuple_cost '10');
ANALYZE small;
CREATE FUNCTION few(count int) RETURNS SETOF int LANGUAGE plpgsql ROWS 20 AS $$ BEGIN RETURN QUERY SELECT g % 1700 FROM generate_series(1, count) g; END $$;
CREATE FUNCTION one(count int) RETURNS SETOF int LANGUAGE plpgsql ROWS 1 AS $$ BEGIN RETURN QUERY SELECT g % 1700 FROM generate_series(1, count) g; END $$;
SELECT plan_of('SELECT * FROM one(900) f JOIN small s ON s._id = f') LIMIT 1;
SELECT remote_counts('SELECT * FROM few(90) f JOIN small s ON s._id = f');
SELECT remote_counts('SELECT * FROM few(990) f JOIN small s ON s._id = f'); -- the last batch is no longer than the rows
SELECT remote_counts('SELECT * FROM few(3000) f JOIN small s ON s._id = f LIMIT 8000');
SELECT remote_counts('SELECT * FROM one(3000) f JOIN small s ON s._id = f LIMIT 8000');
SELECT remote_counts('SELECT count(*) FROM few(30000) f JOIN small s ON s._id = f WHERE s.k + 0 > 100'); -- one scan, though it finds nothing
SELECT remote_counts('SELECT count(*) FROM few(30000) f WHERE EXISTS (SELECT FROM small s WHERE s._id = f AND s.k + 0 > 100)');
SET enable_nestloop = off; -- for the plans without push-down
SELECT q FROM same_rows('SELECT count(*), sum(f), sum(k), count(DISTINCT _id) FROM (SELECT * FROM few(2000) f JOIN small s ON s._id = f LIMIT 8000) q') q;
SELECT q FROM same_rows('SELECT count(*), sum(f), sum(k), count(DISTINCT _id) FROM (SELECT * FROM few(2000) f LEFT JOIN small s ON s._id = f AND s.k > 2 LIMIT 8000) q') q;
SELECT q FROM same_rows('SELECT count(*), sum(f) FROM (SELECT f FROM few(2000) f WHERE EXISTS (SELECT FROM small s WHERE s._id = f AND s.k > 2) LIMIT 8000) q') q;
SELECT q FROM same_rows('SELECT count(*), sum(f) FROM (SELECT f FROM few(2000) f WHERE NOT EXISTS (SELECT FROM small s WHERE s._id = f AND s.k > 2) LIMIT 8000) q') q;
SELECT q FROM same_rows('SELECT count(*) FROM (SELECT f FROM few(2000) f JOIN small s ON s._id = f LIMIT 700) q') q;
-- Each start begins with keys again.
SELECT q FROM same_rows('SELECT o, (SELECT sum(k) FROM (SELECT k FROM few(o * 600) f JOIN small s ON s._id = f LIMIT 8000) x) FROM generate_series(1, 3) o') q;
RESET enable_nestloop;
DROP FUNCTION few, one;
DROP FOREIGN TABLE small;
-- Switched off: for a session, for a table.
SET mongo_fdw_cpp.enable_join_pushdown = off;
SELECT plan_of('SELECT w.label, s.k FROM wanted w JOIN source s ON s._id = w.id') LIMIT 1;
RESET mongo_fdw_cpp.enable_join_pushdown;
ALTER FOREIGN TABLE source OPTIONS (ADD enable_join_pushdown 'false');
SELECT plan_of('SELECT w.label, s.k FROM wanted w JOIN source s ON s._id = w.id') LIMIT 1;
DROP TABLE wanted;
DROP FOREIGN TABLE source, source_strict;
