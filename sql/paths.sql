-- Paths: dots, keys that are no ordinary keys, collisions, roles by name.
CREATE FOREIGN TABLE odd_keys (
    _id int, dotted int OPTIONS (path '["a.b"]'), dollar int OPTIONS (path '["$x"]'), "with blank" int, empty int OPTIONS (path ''),
    zero int OPTIONS (path '0'), long int OPTIONS (path 'namenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamename'),
    nested int OPTIONS (path 'a.b'), nested_odd int OPTIONS (path '["a", "x.y"]'), a jsonb, "Case" int, "case" int,
    doc_field int OPTIONS (path '__doc'), ord_field int OPTIONS (column_name '__ord'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'keys');
SELECT * FROM odd_keys ORDER BY _id;
ALTER FOREIGN TABLE odd_keys ADD __doc int OPTIONS (role 'field');
SELECT _id, __doc FROM odd_keys ORDER BY _id;
-- What crosses the wire: only what is needed, the upper of two colliding paths, whole documents where a key cannot be named.
EXPLAIN (COSTS OFF) SELECT nested FROM odd_keys;
EXPLAIN (COSTS OFF) SELECT nested, a FROM odd_keys;
SELECT nested, a FROM odd_keys ORDER BY _id;
EXPLAIN (COSTS OFF) SELECT nested_odd FROM odd_keys;
SELECT nested_odd FROM odd_keys ORDER BY _id;
EXPLAIN (COSTS OFF) SELECT dollar FROM odd_keys;
EXPLAIN (COSTS OFF) SELECT count(*) FROM odd_keys;
EXPLAIN (COSTS OFF) SELECT _id FROM odd_keys;
EXPLAIN (COSTS OFF) SELECT * FROM people;
EXPLAIN (COSTS OFF) SELECT odd_keys FROM odd_keys;
-- Keys that the query language cannot name are filtered here.
SELECT * FROM both_ways('SELECT _id FROM odd_keys WHERE dotted = 1');
SELECT * FROM both_ways('SELECT _id FROM odd_keys WHERE dollar = 2');
SELECT * FROM both_ways('SELECT _id FROM odd_keys WHERE zero = 5');
SELECT * FROM both_ways('SELECT _id FROM odd_keys WHERE nested = 100');
SELECT * FROM both_ways('SELECT _id FROM odd_keys WHERE "Case" = 10');
SELECT * FROM both_ways('SELECT _id FROM odd_keys WHERE "with blank" = 3');
-- A scalar or null parent is a missing child; a document in a scalar column is a misfit.
SELECT name, city FROM people ORDER BY name;
DROP FOREIGN TABLE odd_keys;
