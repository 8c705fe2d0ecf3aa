-- Child tables: one row per element of an array.
CREATE FOREIGN TABLE items (_id int, customer text, sku text OPTIONS (path 'items.sku'), qty int OPTIONS (path 'items.qty'), items jsonb, __ord int, __ords int[])
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders', unwind 'items');
SELECT * FROM items ORDER BY _id, __ords;
SELECT _id, count(*) FROM items GROUP BY _id ORDER BY _id;
SELECT count(*) FROM items;
CREATE FOREIGN TABLE parts (_id int, customer text, sku text OPTIONS (path 'items.sku'), p int OPTIONS (path 'items.parts.p'), __ord bigint, __ords int[])
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders', unwind 'items[].parts');
SELECT * FROM parts ORDER BY _id, __ords;
CREATE FOREIGN TABLE tags (_id int, tags text, __ord int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'scalars', unwind 'tags');
SELECT error_of('SELECT * FROM tags');
ALTER FOREIGN TABLE tags OPTIONS (ADD array_from_scalar 'true');
SELECT * FROM tags ORDER BY _id, __ord;
-- What is no array.
CREATE FOREIGN TABLE odd_items (_id int, sku text OPTIONS (path 'items.sku'), qty int OPTIONS (path 'items.qty'), items jsonb, __ord int, __ords int[], __errors jsonb, __missing text[])
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders_odd', unwind 'items');
SELECT error_of('SELECT * FROM odd_items');
ALTER FOREIGN TABLE odd_items OPTIONS (ADD on_conversion_error 'null');
SELECT * FROM odd_items ORDER BY _id;
ALTER FOREIGN TABLE odd_items OPTIONS (SET on_conversion_error 'collect');
SELECT * FROM odd_items ORDER BY _id;
ALTER FOREIGN TABLE odd_items OPTIONS (ADD array_from_scalar 'true');
SELECT * FROM odd_items ORDER BY _id;
-- Errors of the parent stand in every row of its elements.
CREATE FOREIGN TABLE many_misfits (_id int, tags int[], qty int OPTIONS (path 'items.qty'), __ord int, __errors jsonb) SERVER mongodb
    OPTIONS (database 'mongo_fdw_cpp_test', collection 'misfits', unwind 'items', on_conversion_error 'collect');
SELECT count(*), count(DISTINCT __errors->0) AS of_the_parent, min(__errors->0->>'wanted') AS wanted, min(__errors->1->>'path') AS path,
    count(DISTINCT __errors->1->>'value') AS of_the_elements FROM many_misfits;
DROP FOREIGN TABLE many_misfits;
-- The same over every trap: one row for each element, none for null, missing and [], one for anything else.
CREATE FOREIGN TABLE trap_elements (_id int, n text, a jsonb, __ord int, __ords int[]) SERVER mongodb
    OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', unwind 'a', on_conversion_error 'null');
SELECT n, a, __ord, __ords FROM trap_elements WHERE n LIKE '%array%' ORDER BY _id, __ord;
SELECT count(*) FILTER (WHERE __ord IS NULL) > 50 AS odd, count(*) FILTER (WHERE n IN ('missing', 'null', 'undefined', 'array []')) AS none FROM trap_elements;
-- Filters on the parent are exact; those on an element find the documents and are checked on the rows.
SELECT * FROM both_ways('SELECT _id, __ord FROM items WHERE customer = ''eve''');
SELECT * FROM both_ways('SELECT _id, __ord FROM items WHERE sku = ''a''');
SELECT * FROM both_ways('SELECT _id, __ord FROM items WHERE qty >= 4');
SELECT * FROM both_ways('SELECT _id, __ord FROM items WHERE qty IS NULL');
SELECT * FROM both_ways('SELECT _id, __ord FROM items WHERE NOT qty = 2');
SELECT * FROM both_ways('SELECT _id, __ord FROM items WHERE __ord = 2');
SELECT * FROM both_ways('SELECT _id, __ords FROM parts WHERE p > 1');
SELECT _id, __ord FROM items ORDER BY _id, __ord LIMIT 3;
SELECT i.customer, i.sku, o.c FROM items i JOIN (SELECT _id, count(*) c FROM items GROUP BY 1) o USING (_id) WHERE i.__ord = 1 ORDER BY 1;
DROP FOREIGN TABLE items, parts, tags, odd_items, trap_elements;
-- Maps: the fields of a sub-document are the rows.
CREATE FOREIGN TABLE map_fill (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'maps');
TRUNCATE map_fill;
INSERT INTO map_fill VALUES
    ('{"_id": 1, "n": 7, "texts": {"en": {"title": "Cup", "long": "A cup"}, "de": {"title": "Tasse"}}, "stock": {"ghent": 5, "lyon": {"$numberLong": "7"}}}'),
    ('{"_id": 2, "n": 8, "texts": {}, "stock": {"ghent": "many", "a.b": 1, "": 2, "$x": null}, "variants": [{"sku": "s1", "at": {"x": {"q": 1, "lots": [{"l": 1}, {"l": 2}]}, "y": {"q": 2}}}, {"sku": "s2", "at": {"x": {"q": 3, "lots": []}}}, {"sku": "s3"}]}'),
    ('{"_id": 3, "texts": "none", "stock": [1, 2], "variants": [5, {"sku": "s4", "at": 9}]}'),
    ('{"_id": 4, "texts": {"fr": "Tasse", "nl": null, "en": {"title": "Mug", "more": 1}}}');
CREATE FOREIGN TABLE map_texts (_id int, n int, __name text, __ord int, title text OPTIONS (path 'texts.title'), __rest jsonb, __errors jsonb)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'maps', unwind 'texts{}', on_conversion_error 'collect');
SELECT * FROM map_texts ORDER BY _id, __ord;
CREATE FOREIGN TABLE map_stock (_id int, __name text, pieces bigint OPTIONS (path 'stock'), __errors jsonb)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'maps', unwind 'stock{}', on_conversion_error 'collect');
SELECT * FROM map_stock ORDER BY _id, __name;
CREATE FOREIGN TABLE map_variants (_id int, __ords int[], __names text[], __name text, sku text OPTIONS (path 'variants.sku'), q int OPTIONS (path 'variants.at.q'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'maps', unwind 'variants[].at{}', on_conversion_error 'null');
SELECT * FROM map_variants ORDER BY _id, __ords;
CREATE FOREIGN TABLE map_lots (_id int, __ords int[], __names text[], __ord int, l int OPTIONS (path 'variants.at.lots.l'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'maps', unwind 'variants[].at{}.lots', on_conversion_error 'null');
SELECT * FROM map_lots WHERE __ords IS NOT NULL ORDER BY _id, __ords;
-- The parent's fields are filtered by the server, those of the map's values here.
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM map_texts WHERE n = 7 AND title = 'Cup' AND __name = 'en' ORDER BY title;
SELECT _id, __name FROM map_texts WHERE n = 7 AND title = 'Cup' AND __name = 'en';
SELECT count(*), count(title), max(title) FROM map_texts;
EXPLAIN (VERBOSE, COSTS OFF) SELECT __name, count(*) FROM map_texts GROUP BY 1;
SELECT __name, count(*) FROM map_texts GROUP BY 1 ORDER BY 1;
-- The rest of the parent leaves out what a table of its map tells; empty maps and what is none stay.
CREATE FOREIGN TABLE map_parent (_id int, n int, __rest jsonb OPTIONS (except '["texts{}", "stock{}", "variants"]'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'maps');
SELECT * FROM map_parent ORDER BY _id;
SELECT path, type, documents, missing, nulls, bad, bad_types FROM mongo.conformance('map_texts') ORDER BY path;
ALTER FOREIGN TABLE map_texts OPTIONS (SET on_conversion_error 'error');
SELECT error_of('SELECT * FROM map_texts');
SELECT error_of($$CREATE FOREIGN TABLE map_bad (_id int) SERVER mongodb OPTIONS (unwind 'a{}b')$$);
SELECT error_of($$CREATE FOREIGN TABLE map_bad (_id int) SERVER mongodb OPTIONS (unwind 'a[]')$$);
SELECT error_of($$CREATE FOREIGN TABLE map_bad (_id int) SERVER mongodb OPTIONS (unwind '{}')$$);
SELECT error_of($$INSERT INTO map_texts (_id) VALUES (9)$$);
TRUNCATE map_fill;
DROP FOREIGN TABLE map_fill, map_texts, map_stock, map_variants, map_lots, map_parent;
