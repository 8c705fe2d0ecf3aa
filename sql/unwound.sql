-- Groups and sorts over child tables, whose rows are elements of an array.
CREATE FOREIGN TABLE items (_id int, customer text COLLATE "C", sku text OPTIONS (path 'items.sku') COLLATE "C", qty int OPTIONS (path 'items.qty'), __ord int)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders', unwind 'items', on_conversion_error 'null', fdw_tuple_cost '1000');
CREATE FOREIGN TABLE customers (_id int, customer text COLLATE "C") SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders', on_conversion_error 'null', fdw_tuple_cost '1000');
-- Values as they are stored; then, where one of them does not fit, each value is looked at.
SELECT line FROM plan_of('SELECT count(*), sum(qty), max(qty) FROM items WHERE customer <> ''fay''') p (line) WHERE line ~ 'Pipeline|^Foreign' LIMIT 2;
SELECT same_rows('SELECT count(*), sum(qty), max(qty) FROM items WHERE customer <> ''fay''');
SELECT line FROM plan_of('SELECT customer, count(*), count(qty), sum(qty) FROM items GROUP BY customer') p (line) WHERE line ~ 'Pipeline|^Foreign' LIMIT 2;
SELECT same_rows('SELECT customer, count(*), count(qty), sum(qty) FROM items GROUP BY customer ORDER BY customer');
SELECT same_rows('SELECT sku, count(*), avg(qty) FROM items GROUP BY sku ORDER BY sku');
-- Conditions on the parent are applied to documents, those on elements to elements.
SELECT line FROM plan_of('SELECT count(*) FROM items WHERE sku >= ''b'' AND customer < ''x''') p (line) WHERE line ~ 'Pipeline|^Foreign' LIMIT 2;
SELECT same_rows('SELECT count(*), min(sku) FROM items WHERE sku >= ''b'' AND customer < ''x''');
SELECT same_rows('SELECT count(*) FROM items WHERE qty IS NULL');
SELECT same_rows('SELECT count(*) FROM items WHERE NOT qty = 2 OR sku IS NULL');
SELECT same_rows('SELECT sku IN (''a'', ''c'') AS some, sum(qty + _id) FROM items WHERE qty % 2 = 1 OR qty > 3 GROUP BY 1 ORDER BY 1');
SELECT same_rows('SELECT count(DISTINCT customer), count(DISTINCT sku), count(*) FROM items');
SELECT same_rows('SELECT DISTINCT customer FROM items ORDER BY 1');
SELECT same_rows('SELECT count(*), sum(qty) FROM items WHERE _id > 100');
-- Joined with the parent.
SELECT line FROM plan_of('SELECT c.customer, sum(i.qty) FROM customers c JOIN items i USING (_id) GROUP BY 1') p (line) WHERE line ~ 'Pipeline|^Foreign' LIMIT 2;
SELECT same_rows('SELECT c.customer, sum(i.qty), count(*) FROM customers c JOIN items i USING (_id) WHERE c.customer > ''a'' AND i.qty > 1 GROUP BY 1 ORDER BY 1');
-- Positions are known there.
SELECT line FROM plan_of('SELECT count(*), sum(qty) FROM items WHERE __ord = 1') p (line) WHERE line ~ '__mongo_fdw_cpp_ord|^Agg|^Foreign' LIMIT 2;
SELECT same_rows('SELECT count(*), sum(qty) FROM items WHERE __ord = 1');
SELECT same_rows('SELECT __ord, count(*), min(sku) FROM items GROUP BY __ord ORDER BY 1');
-- A sort by an element stays here.
SELECT line FROM plan_of('SELECT sku FROM items ORDER BY qty') p (line) WHERE line ~ 'Not Sent|Local|^Sort';
-- A sort by the parent is one of the documents.
SET enable_sort = off;
SELECT line FROM plan_of('SELECT customer, sku FROM items WHERE sku > ''a'' ORDER BY customer DESC') p (line) WHERE line ~ 'Filter|Pipeline|^Foreign|^Sort';
SELECT same_rows('SELECT customer, sku FROM items WHERE sku > ''a'' ORDER BY customer DESC');
RESET enable_sort;
-- What is no array: one row without an element, or an error.
CREATE FOREIGN TABLE odd (_id int, items text OPTIONS (path 'items'), sku text OPTIONS (path 'items.sku') COLLATE "C", qty int OPTIONS (path 'items.qty'), __ord bigint)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders_odd', unwind 'items', on_conversion_error 'null', fdw_tuple_cost '1000');
SELECT same_rows('SELECT count(*), count(sku), sum(qty) FROM odd');
SELECT same_rows('SELECT count(*), count(sku), sum(qty) FROM odd');
SELECT same_rows('SELECT sku, __ord, count(*) FROM odd GROUP BY sku, __ord ORDER BY sku, __ord');
SELECT same_rows('SELECT count(*) FROM odd WHERE sku = ''lonely''');
ALTER FOREIGN TABLE odd OPTIONS (SET on_conversion_error 'error');
SELECT error_of('SELECT count(*) FROM odd');
SELECT error_of('SELECT count(*) FROM odd');
SELECT count(*), sum(qty) FROM odd WHERE _id = 1;
ALTER FOREIGN TABLE odd OPTIONS (ADD array_from_scalar 'true');
SELECT line FROM plan_of('SELECT count(*) FROM odd') p (line) WHERE line ~ 'Not Sent|^Agg';
SELECT count(*), sum(qty) FROM odd WHERE _id < 4;
-- Every trap as an element, and as what stands for the array.
CREATE FOREIGN TABLE elements (_id int, i int OPTIONS (path 'a'), f float8 OPTIONS (path 'a'), t text OPTIONS (path 'a') COLLATE "C", b int OPTIONS (path 'a.b'), n numeric OPTIONS (path 'a'), z timestamptz OPTIONS (path 'a'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', unwind 'a', on_conversion_error 'null', fdw_tuple_cost '1000');
SELECT same_rows('SELECT count(*), count(i), sum(i), min(i), max(i), count(f), count(t), count(b), sum(b) FROM elements WHERE _id > 47 AND _id < 62');
SELECT same_rows('SELECT count(*), count(i), sum(i), min(i), max(i), count(f), count(t), count(b), sum(b) FROM elements WHERE _id > 47 AND _id < 62');
SELECT same_rows('SELECT count(*), count(i), sum(i), max(t), count(b), sum(n), count(z) FROM elements WHERE _id < 36');
SELECT same_rows('SELECT i, b, count(*) > 1 AS several FROM elements WHERE _id < 36 OR _id > 47 GROUP BY i, b ORDER BY i, b');
SELECT same_rows('SELECT i, b, count(*) > 1 AS several FROM elements WHERE _id < 36 OR _id > 47 GROUP BY i, b ORDER BY i, b');
SELECT same_rows('SELECT count(*) FROM elements WHERE i = 5 OR t = ''x'' OR b > 4');
DROP FOREIGN TABLE items, customers, odd, elements;
