-- What EXPLAIN tells.
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM people WHERE age > 40 AND city = 'London' AND upper(name) = 'ADA' AND score > 2;
CREATE FUNCTION explain_json(query text) RETURNS jsonb LANGUAGE plpgsql AS
    'DECLARE plan jsonb; BEGIN EXECUTE ''EXPLAIN (ANALYZE, FORMAT json) '' || query INTO plan; RETURN plan->0->''Plan''; END';
SELECT plan->>'Foreign Namespace' AS namespace, plan->>'Pipeline' AS pipeline, plan->'Remote Documents' AS documents, plan->'Remote Batches' AS batches
    FROM explain_json('SELECT name FROM people WHERE age = 36') plan;
SELECT * FROM explain_lines('SELECT * FROM many', 'Remote:');
SELECT * FROM explain_lines('SELECT _id FROM many WHERE _id = 7', 'Remote:|Pipeline');
SELECT * FROM explain_lines('SELECT _id FROM many WHERE false', 'Remote:|One-Time');
SELECT * FROM explain_lines('SELECT _id FROM many WHERE _id = 3000000000', 'Remote:|Pipeline');
SELECT * FROM explain_lines('SELECT _id FROM many LIMIT 5', 'Remote:');
-- Parameters that are gone when EXPLAIN ANALYZE prints.
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_memoize = off;
SELECT length(line) > 1000000 AS far_too_long FROM explain_lines('SELECT o.g, p._id FROM (SELECT g, repeat(''x'', 1000000 + g) k FROM generate_series(1, 3) g OFFSET 0) o JOIN people p ON p.name = o.k', 'Pipeline') line;
SELECT * FROM explain_lines('SELECT 1 FROM people LIMIT 0', 'Pipeline');
RESET ALL;
-- Why a condition stays here.
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE name COLLATE "en-x-icu" < ''b''', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE address IS NOT NULL', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE age + 1 = 37', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE age = big', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE age = 36.0', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE name NOT LIKE ''A%''', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE name IS NULL', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE age = random() * 10', 'Local Conditions');
SELECT * FROM explain_lines('SELECT 1 FROM people WHERE tags = ''{}''', 'Local Conditions');
DROP FUNCTION explain_json;
-- Long lists are cut where VERBOSE does not ask for them.
CREATE FOREIGN TABLE long_lists (_id int, v text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
EXPLAIN (COSTS OFF) SELECT * FROM long_lists WHERE _id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) AND v IN ('a', '], "', '}') AND v NOT IN ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10');
EXPLAIN (COSTS OFF) SELECT * FROM long_lists WHERE v NOT IN ('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11]');
EXPLAIN (COSTS OFF, VERBOSE) SELECT _id FROM long_lists WHERE _id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
DROP FOREIGN TABLE long_lists;
