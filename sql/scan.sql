-- Scans in all situations of the executor.
-- Batches: by documents, by bytes; nothing is lost or doubled at their borders.
CREATE FOREIGN TABLE small_batches (_id int, k int, t text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', fetch_size '7');
SELECT count(*), count(DISTINCT _id), sum(_id) FROM small_batches;
ALTER FOREIGN TABLE small_batches OPTIONS (SET fetch_size '0', ADD fetch_bytes '2kB');
SELECT count(*), count(DISTINCT _id), sum(_id) FROM small_batches;
ALTER FOREIGN TABLE small_batches OPTIONS (SET fetch_bytes '45MB');
SELECT count(*), count(DISTINCT _id), sum(_id) FROM small_batches;
SELECT count(*) FROM many a JOIN small_batches b USING (_id);
-- Rescans, with and without new parameters.
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_memoize = off;
SELECT count(*) FROM generate_series(1, 5) g, people p WHERE p.age > g;
SELECT count(*) FROM generate_series(1, 3) g, many m WHERE m._id > g;
SELECT g, (SELECT count(*) FROM many m WHERE m.k = g) FROM generate_series(0, 2) g;
SELECT g, (SELECT name FROM people p WHERE p.age > g ORDER BY name LIMIT 1) FROM generate_series(40, 86, 20) g;
RESET ALL;
-- Cursors: held open over other statements, scrolled, holdable over a commit.
BEGIN;
DECLARE c CURSOR FOR SELECT _id FROM many WHERE k = 3;
FETCH 1 FROM c \g /dev/null
SELECT count(*) FROM many;
DECLARE d CURSOR FOR SELECT name FROM people;
FETCH 2 FROM d \g /dev/null
MOVE 400 FROM c;
MOVE ALL FROM d;
MOVE ALL FROM c;
COMMIT;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT _id FROM many;
COMMIT;
MOVE ALL FROM h;
CLOSE h;
BEGIN;
DECLARE s SCROLL CURSOR FOR SELECT name FROM people ORDER BY name;
FETCH 3 FROM s;
FETCH BACKWARD 2 FROM s;
ROLLBACK;
-- Errors in the middle, inside subtransactions: the connection goes on.
CREATE FOREIGN TABLE fails (_id int, n text, a int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', fetch_size '2');
DO $$
DECLARE failed int := 0; i int;
BEGIN
    FOR i IN 1..50 LOOP
        BEGIN
            PERFORM a FROM fails;
        EXCEPTION WHEN data_exception THEN failed := failed + 1;
        END;
        BEGIN
            PERFORM 1 / (_id - 20) FROM small_batches;
        EXCEPTION WHEN division_by_zero THEN failed := failed + 1;
        END;
    END LOOP;
    RAISE NOTICE '% failed', failed;
END $$;
SELECT count(*) FROM many;
SELECT count(*) AS connections FROM mongo.connections() WHERE server_name = 'mongodb';
BEGIN;
SAVEPOINT a;
SELECT a FROM fails;
ROLLBACK TO a;
SELECT count(*) > 70 AS readable FROM fails;
COMMIT;
-- A thousand scans leave nothing behind.
DO $$
BEGIN
    FOR i IN 1..1000 LOOP
        PERFORM name FROM people WHERE _id = 'x';
    END LOOP;
END $$;
SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'mongo_fdw_cpp%' AND name NOT IN ('mongo_fdw_cpp connections', 'mongo_fdw_cpp collations', 'mongo_fdw_cpp facts', 'mongo_fdw_cpp refusals', 'mongo_fdw_cpp features', 'mongo_fdw_cpp lessons', 'mongo_fdw_cpp uses');
-- Columns in expressions, whole rows, system columns.
SELECT sum(age) FILTER (WHERE age > 40), bool_or(active), max(upper(name)) FROM people;
SELECT (p).name, p.tableoid::regclass FROM people p WHERE name = 'Ada';
SELECT p FROM people p WHERE name = 'Donald';
-- A base pipeline is a read-only table of its own.
CREATE FOREIGN TABLE grouped (_id int, rows bigint, best double precision) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many',
    pipeline '[{"$match": {"_id": {"$lt": {"$numberLong": "1000"}}}}, {"$group": {"_id": "$k", "rows": {"$sum": 1}, "best": {"$max": "$v"}}}, {"$sort": {"_id": 1}}]');
SELECT * FROM grouped ORDER BY _id LIMIT 3;
SELECT * FROM both_ways('SELECT * FROM grouped WHERE _id = 4');
SELECT * FROM both_ways('SELECT _id FROM grouped WHERE best > 1490');
-- Partitions and inheritance.
CREATE TABLE parted (_id int, t text) PARTITION BY RANGE (_id);
CREATE TABLE parted_local PARTITION OF parted FOR VALUES FROM (5000) TO (6000);
INSERT INTO parted_local VALUES (5001, 'local');
CREATE FOREIGN TABLE parted_remote PARTITION OF parted FOR VALUES FROM (0) TO (5000) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many');
SELECT count(*), max(t) FROM parted WHERE _id >= 4998;
EXPLAIN (COSTS OFF) SELECT t FROM parted WHERE _id = 4999;
SELECT tableoid::regclass, t FROM parted WHERE _id IN (4999, 5001) ORDER BY 2;
CREATE TABLE parent (_id int, t text);
INSERT INTO parent VALUES (-1, 'parent');
CREATE FOREIGN TABLE child () INHERITS (parent) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many');
SELECT count(*), min(_id) FROM parent;
SELECT t FROM parent WHERE _id = 10;
-- FOR UPDATE reads and locks nothing remote; rechecks use the row that was read.
SELECT name FROM people WHERE age = 36 FOR UPDATE;
CREATE TEMP TABLE target (name text, age int);
INSERT INTO target VALUES ('Ada', 0), ('Grace', 0);
UPDATE target t SET age = p.age FROM people p WHERE p.name = t.name AND p.age > 1;
SELECT * FROM target ORDER BY name;
DELETE FROM target t USING people p WHERE p.name = t.name AND p.active;
SELECT * FROM target;
-- Empty and missing collections.
CREATE FOREIGN TABLE empty (_id int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test');
CREATE FOREIGN TABLE nowhere (_id int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test');
SELECT count(*) FROM empty;
SELECT * FROM nowhere;
-- Prepared plans follow changed options.
PREPARE p AS SELECT count(*) FROM small_batches;
EXECUTE p;
ALTER FOREIGN TABLE small_batches OPTIONS (SET collection 'people');
ALTER FOREIGN TABLE small_batches ALTER _id TYPE text;
EXECUTE p;
DROP TABLE parted, parent CASCADE;
DROP FOREIGN TABLE small_batches, fails, grouped, empty, nowhere;
