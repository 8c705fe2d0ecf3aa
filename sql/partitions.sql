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
