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
