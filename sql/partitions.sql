-- Foreign tables as partitions: groups of each, joins of each, sorted paths merged; and EnterpriseDB's settings.
CREATE TABLE parts (_id int, k int, t text COLLATE "C") PARTITION BY LIST (k);
CREATE FOREIGN TABLE parts_low PARTITION OF parts FOR VALUES IN (0, 1, 2, 3, 4)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', pipeline '[{"$match": {"k": {"$lt": 5}}}]', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FOREIGN TABLE parts_high PARTITION OF parts FOR VALUES IN (5, 6, 7, 8, 9)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', pipeline '[{"$match": {"k": {"$gte": 5}}}]', on_conversion_error 'null', fdw_tuple_cost '10');
SET enable_partitionwise_aggregate = on;
SELECT plan_of('SELECT k, count(*), sum(_id) FROM parts GROUP BY k');
SELECT same_rows('SELECT k, count(*), sum(_id) FROM parts GROUP BY k ORDER BY k');
SELECT same_rows('SELECT k, count(*) FROM parts WHERE _id < 1000 GROUP BY k HAVING sum(_id) > 49700 ORDER BY k');
-- Parts of an aggregate over all partitions are PostgreSQL's to combine.
SELECT line FROM (SELECT plan_of('SELECT count(*), max(_id) FROM parts')) p (line) WHERE line ~ 'Aggregate|group';
SELECT same_rows('SELECT count(*), max(_id), sum(k) FROM parts');
RESET enable_partitionwise_aggregate;
-- Each partition with its own other side.
SET enable_partitionwise_join = on; SET mongo_fdw_cpp.enable_key_joins = off;
SELECT same_rows('SELECT count(*), sum(a._id) FROM parts a JOIN parts b ON a.k = b.k AND a._id = b._id WHERE a._id < 30');
RESET enable_partitionwise_join; RESET mongo_fdw_cpp.enable_key_joins;
-- What is sorted there is merged here; LIMIT ends it.
SELECT line FROM (SELECT plan_of('SELECT _id FROM parts WHERE _id > 100 ORDER BY _id LIMIT 3')) p (line) WHERE line ~ 'Merge|sort';
SELECT same_rows('SELECT _id FROM parts WHERE _id > 100 ORDER BY _id LIMIT 3');
SELECT same_rows('SELECT _id, t FROM parts ORDER BY t DESC LIMIT 3');
DROP TABLE parts;

-- EnterpriseDB's settings hold where they are set, whatever has defined them.
CREATE FOREIGN TABLE numbers (_id int, k int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', fdw_tuple_cost '10');
CREATE FUNCTION sent(query text, stage text) RETURNS boolean LANGUAGE sql AS $$
    SELECT bool_or(line ~ ('"\$' || stage)) FROM (SELECT plan_of(query)) p (line)
$$;
SET mongo_fdw.enable_aggregate_pushdown = off;
SELECT sent('SELECT count(*) FROM numbers', 'group') AS grouped, sent('SELECT _id FROM numbers WHERE k > 3 ORDER BY k LIMIT 1', 'sort') AS sorted;
SET mongo_fdw.enable_aggregate_pushdown = on; SET mongo_fdw.enable_order_by_pushdown = off;
SELECT sent('SELECT count(*) FROM numbers', 'group') AS grouped, sent('SELECT _id FROM numbers WHERE k > 3 ORDER BY k LIMIT 1', 'sort') AS sorted;
SELECT sent('SELECT k, count(*) FROM numbers GROUP BY k ORDER BY k LIMIT 1', 'sort') AS first_groups;
SET mongo_fdw.enable_order_by_pushdown = on;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; SET mongo_fdw_cpp.enable_key_joins = off;
SELECT sent('SELECT a.k FROM numbers a JOIN many b ON a.k = b._id', 'lookup') AS joined;
SET mongo_fdw.enable_join_pushdown = off;
SELECT sent('SELECT a.k FROM numbers a JOIN many b ON a.k = b._id', 'lookup') AS joined;
RESET ALL;
DROP FUNCTION sent;
DROP FOREIGN TABLE numbers;
-- A partition's bounds hold for what is written: 23514, before anything is sent.
CREATE TABLE bounded (_id int, k int, v int) PARTITION BY LIST (k);
CREATE FOREIGN TABLE bounded_one PARTITION OF bounded FOR VALUES IN (1) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'bounded_one');
CREATE FOREIGN TABLE bounded_two PARTITION OF bounded FOR VALUES IN (2) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'bounded_two', batch_size '1');
TRUNCATE bounded_one, bounded_two;
INSERT INTO bounded VALUES (1, 1, 0), (2, 2, 0), (3, 1, 0);
SELECT error_of($$INSERT INTO bounded_one VALUES (10, 1, 0), (11, 2, 0)$$);
SELECT error_of($$INSERT INTO bounded_two VALUES (12, 1, 0) RETURNING *$$);
SELECT error_of($$INSERT INTO bounded_two VALUES (13, NULL, 0)$$);
COPY bounded_one FROM stdin;
14	2	0
\.
SELECT error_of($$UPDATE bounded SET k = 2 WHERE _id = 1$$);
SELECT error_of($$UPDATE bounded_one SET k = 2$$);
SELECT error_of($$UPDATE bounded_one SET k = k + 1, v = 5 WHERE _id = 3 RETURNING *$$);
UPDATE bounded_one SET k = 1, v = 7 WHERE _id = 3;
UPDATE bounded SET v = v + 1;
SELECT tableoid::regclass, * FROM bounded ORDER BY _id;
-- What other programs have written beyond the bounds may still be changed, but not its key.
CREATE FOREIGN TABLE unbounded (_id int, k int, v int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'bounded_one');
INSERT INTO unbounded VALUES (20, 9, 0);
UPDATE bounded_one SET v = v + 1 WHERE _id = 20;
SELECT * FROM unbounded WHERE _id = 20;
-- WITH CHECK OPTION: what a view would not show is not written.
CREATE VIEW ones AS SELECT * FROM unbounded WHERE k = 1 AND v < 100 WITH CHECK OPTION;
SELECT error_of($$INSERT INTO ones VALUES (30, 2, 0)$$);
SELECT error_of($$INSERT INTO ones VALUES (31, 1, 0), (32, 1, 100)$$);
SELECT error_of($$UPDATE ones SET v = 500 WHERE _id = 1$$);
SELECT error_of($$UPDATE ones SET v = v + 500 WHERE _id = 1 RETURNING v$$);
INSERT INTO ones VALUES (33, 1, 5) RETURNING *;
UPDATE ones SET v = v + 1 WHERE _id = 33;
SELECT * FROM unbounded ORDER BY _id;
DROP VIEW ones;
TRUNCATE bounded_one, bounded_two;
DROP TABLE bounded;
DROP FOREIGN TABLE unbounded;
-- Planning a thousand partitions costs some 60 kB of memory each, not a megabyte.
CREATE TABLE crowd (_id int, a int, b text, c numeric) PARTITION BY RANGE (_id);
DO $$ BEGIN
    FOR i IN 0..199 LOOP
        EXECUTE format('CREATE FOREIGN TABLE crowd_%s PARTITION OF crowd FOR VALUES FROM (%s) TO (%s) SERVER mongodb OPTIONS (database %L, collection %L)', i, i * 10, i * 10 + 10, 'mongo_fdw_cpp_test', 'none');
    END LOOP;
END $$;
SELECT total_bytes < 200 * 150000 AS in_bounds FROM pg_backend_memory_contexts LEFT JOIN (SELECT 1 FROM crowd WHERE a > 5 AND b = 'x' AND c IN (1, 2, 3) LIMIT 0) c ON true WHERE name = 'MessageContext';
SET client_min_messages = warning;
DROP TABLE crowd;
RESET client_min_messages;
