-- Role rest: what the columns of a row leave of its document, or of its element.
CREATE FOREIGN TABLE rest_fill (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'rest');
TRUNCATE rest_fill;
INSERT INTO rest_fill VALUES
    ('{"_id": 1, "name": "all taken", "qty": 5, "at": {"city": "Ghent", "zip": 9000}, "tags": ["a"], "items": [{"sku": "s", "n": 1}]}'),
    ('{"_id": 2, "name": 7, "qty": "many", "at": {"city": "Lyon", "zip": null, "street": {"no": 1}}, "tags": "b", "items": {"sku": "t"}, "new": {"$numberDecimal": "1.50"}}'),
    ('{"_id": 3, "name": null, "at": {}, "items": [], "when": {"$date": 0}, "oid": {"$oid": "600000000000000000000001"}}'),
    ('{"_id": 4, "at": "nowhere", "items": [{"sku": 1, "n": 2, "more": [1, {"x": "y"}]}, "odd", null, {"n": 3}, {}], "a.b": 1, "$c": {"d": 2}, "": 3}'),
    ('{"_id": 5, "name": "x", "at": [{"city": "c"}], "path": "C:\\temp", "nul": "a\u0000b", "deep": {"er": {"list": ["\\", {"k": "\u0000"}]}}}');
CREATE FOREIGN TABLE rest_root (_id int, name text, qty int, city text OPTIONS (path 'at.city'), zip int OPTIONS (path 'at.zip'), tags text[],
    extra jsonb OPTIONS (role 'rest', except '["items"]'), whole jsonb OPTIONS (role 'rest', json_format 'simple'), __errors jsonb) SERVER mongodb
    OPTIONS (database 'mongo_fdw_cpp_writes', collection 'rest', on_conversion_error 'collect');
SELECT _id, name, qty, city, zip, tags, extra FROM rest_root ORDER BY _id;
SELECT _id, extra FROM rest_root WHERE extra IS NOT NULL ORDER BY _id; -- other columns are read for it
SELECT _id, whole FROM rest_root WHERE _id IN (1, 3) ORDER BY _id;
SELECT jsonb_path_query(__errors, '$[*].path') FROM rest_root WHERE _id = 2;
EXPLAIN (VERBOSE, COSTS off) SELECT extra FROM rest_root WHERE qty = 5;
CREATE FOREIGN TABLE rest_items (_id int, __ord int, sku text OPTIONS (path 'items.sku'), n int OPTIONS (path 'items.n'), __rest jsonb) SERVER mongodb
    OPTIONS (database 'mongo_fdw_cpp_writes', collection 'rest', unwind 'items', on_conversion_error 'collect', json_format 'canonical');
ALTER FOREIGN TABLE rest_items ADD COLUMN __errors jsonb;
SELECT _id, __ord, sku, n, __rest FROM rest_items ORDER BY _id, __ord;
-- An element that is a column is taken; arrays inside elements have child tables of their own.
CREATE FOREIGN TABLE rest_values (_id int, __ord int, value text OPTIONS (path 'items'), __rest jsonb) SERVER mongodb
    OPTIONS (database 'mongo_fdw_cpp_writes', collection 'rest', unwind 'items', on_conversion_error 'null');
SELECT _id, __ord, value, __rest FROM rest_values WHERE _id = 4 ORDER BY __ord;
CREATE FOREIGN TABLE rest_inner (_id int, __ord int, n int OPTIONS (path 'items.n'), __rest jsonb OPTIONS (except '["items[].more", ["items", "none"]]')) SERVER mongodb
    OPTIONS (database 'mongo_fdw_cpp_writes', collection 'rest', unwind 'items', on_conversion_error 'null');
SELECT _id, __ord, n, __rest FROM rest_inner WHERE _id = 4 ORDER BY __ord;
CREATE FOREIGN TABLE rest_more (_id int, __ords int[], value int OPTIONS (path 'items.more'), __rest jsonb) SERVER mongodb
    OPTIONS (database 'mongo_fdw_cpp_writes', collection 'rest', unwind 'items[].more', on_conversion_error 'null');
SELECT * FROM rest_more WHERE _id = 4 ORDER BY __ords;
-- Joined, grouped, analyzed; a table with one shows every path.
SELECT count(*), count(extra), count(DISTINCT extra) FROM rest_root;
SELECT r._id, i.__ord FROM rest_root r JOIN rest_items i USING (_id) WHERE r.extra IS NOT NULL AND i.__rest IS NOT NULL ORDER BY 1, 2;
ANALYZE rest_root;
SELECT count(*) FROM mongo.conformance('rest_root') WHERE type = 'no column';
-- It is read alone; its type and its list of paths are checked.
INSERT INTO rest_root (_id, extra) VALUES (9, '{}');
UPDATE rest_root SET extra = '{}' WHERE _id = 1;
UPDATE rest_root SET qty = qty + 1 WHERE extra IS NULL RETURNING _id, qty, extra;
SELECT error_of($$CREATE FOREIGN TABLE wrong (__rest jsonb OPTIONS (except 'items')) SERVER mongodb$$);
SELECT error_of($$CREATE FOREIGN TABLE wrong (__rest jsonb OPTIONS (except '["a", 1]')) SERVER mongodb$$);
SELECT error_of($$CREATE FOREIGN TABLE wrong (__rest jsonb OPTIONS (except '{"a": 1}')) SERVER mongodb$$);
CREATE FOREIGN TABLE wrong (__rest text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'rest');
SELECT error_of('SELECT * FROM wrong');
DROP FOREIGN TABLE wrong;
TRUNCATE rest_fill;
DROP FOREIGN TABLE rest_fill, rest_root, rest_items, rest_values, rest_inner, rest_more;
