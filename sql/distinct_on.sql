-- DISTINCT ON: the server sends the first row of each group, PostgreSQL's Unique stays above.
CREATE FOREIGN TABLE numbers (_id int, k int, name text OPTIONS (path 't') COLLATE "C", title text OPTIONS (path 't'), v float8, n numeric(10,2) OPTIONS (path 'v')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FOREIGN TABLE mixed (_id int, i int OPTIONS (path 'a'), n numeric OPTIONS (path 'a'), p numeric(10,2) OPTIONS (path 'a'), f float8 OPTIONS (path 'a'), t text OPTIONS (path 'a') COLLATE "C", z timestamptz OPTIONS (path 'a'), d date OPTIONS (path 'a'), b boolean OPTIONS (path 'a'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null', fdw_tuple_cost '1000');
CREATE FOREIGN TABLE strict (_id int, i int OPTIONS (path 'a')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', fdw_tuple_cost '1000');
CREATE FOREIGN TABLE parts (_id int, sku text OPTIONS (path 'items.sku') COLLATE "C") SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders', unwind 'items', fdw_tuple_cost '1000');
CREATE FUNCTION sent_distinct(query text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(max(substring(line, 'Not Sent: DISTINCT ON: .*')), CASE WHEN bool_or(line ~ '\$first') THEN 'sent' ELSE 'not sent' END) FROM (SELECT plan_of(query)) p (line)
$$;
SELECT plan_of('SELECT DISTINCT ON (k) k, name, v FROM numbers WHERE k > 5 ORDER BY k, _id DESC');
SELECT same_rows('SELECT DISTINCT ON (k) k, name, v FROM numbers WHERE k > 5 ORDER BY k, _id DESC');
-- Orders, several keys, expressions as keys and as the target, conditions, LIMIT above.
SELECT query, sent_distinct(query) FROM unnest(ARRAY[
    'SELECT DISTINCT ON (k) k, v FROM numbers ORDER BY k DESC NULLS LAST, v', 'SELECT DISTINCT ON (k, n > 100) k, n > 100 AS many, upper(name) FROM numbers ORDER BY k, n > 100, _id', 'SELECT DISTINCT ON (k % 3) k % 3, _id * 2 FROM numbers ORDER BY k % 3, _id DESC LIMIT 2',
    'SELECT DISTINCT ON (k) _id FROM numbers', 'SELECT count(*) FROM (SELECT DISTINCT ON (k) * FROM numbers ORDER BY k, _id) q WHERE _id < 5',
    'SELECT DISTINCT ON (title) title FROM numbers ORDER BY title', 'SELECT DISTINCT ON (lower(name)) name FROM numbers ORDER BY lower(name), _id', 'SELECT DISTINCT ON (k) k, random() FROM numbers ORDER BY k, _id', 'SELECT DISTINCT ON (k) k FROM numbers WHERE name LIKE ''%7'' ORDER BY k, _id',
    'SELECT DISTINCT ON (a.k) a.k, b._id FROM numbers a JOIN numbers b ON b._id = a._id ORDER BY a.k, b._id', 'SELECT DISTINCT ON (k) k, count(*) OVER () FROM numbers ORDER BY k, _id', 'SELECT DISTINCT ON (k) k, generate_series(1, 2) FROM numbers ORDER BY k, _id', 'SELECT DISTINCT ON (_id) _id, sku FROM parts ORDER BY _id, sku']) query;
SELECT same_rows('SELECT DISTINCT ON (k) k, v FROM numbers WHERE _id < 500 ORDER BY k DESC NULLS LAST, v');
SELECT same_rows('SELECT DISTINCT ON (k, n > 100) k, n > 100 AS many, upper(name) FROM numbers WHERE k < 2 ORDER BY k, n > 100, _id');
SELECT same_rows('SELECT DISTINCT ON (k % 3) k % 3, _id * 2 FROM numbers ORDER BY k % 3, _id DESC LIMIT 2');
SELECT same_rows('SELECT count(*) FROM (SELECT DISTINCT ON (k) * FROM numbers ORDER BY k, _id) q WHERE _id < 5');
SELECT same_rows('SELECT DISTINCT ON (_id) _id, sku FROM parts ORDER BY _id, sku');
-- NULL, missing and what does not fit are one group; equal numbers of several types are.
SELECT same_rows('SELECT DISTINCT ON (i) i, _id FROM mixed ORDER BY i, _id');
SELECT same_rows('SELECT DISTINCT ON (i) i, _id FROM mixed ORDER BY i DESC NULLS LAST, _id DESC');
SELECT same_rows('SELECT DISTINCT ON (p) p, _id FROM mixed WHERE _id < 44 ORDER BY p NULLS FIRST, _id');
SELECT same_rows('SELECT DISTINCT ON (b) b, _id FROM mixed ORDER BY b NULLS FIRST, _id');
SELECT same_rows('SELECT DISTINCT ON (d) d, _id FROM mixed WHERE _id < 44 ORDER BY d, _id DESC');
SELECT same_rows('SELECT DISTINCT ON (t) t, _id FROM mixed WHERE _id < 24 ORDER BY t, _id');
SELECT left(error_of('SELECT DISTINCT ON (i) i, _id FROM strict ORDER BY i, _id'), 5);
SET plan_cache_mode = force_generic_plan;
PREPARE firsts(int) AS SELECT DISTINCT ON (k) k, _id FROM numbers WHERE k < $1 ORDER BY k, _id DESC;
EXECUTE firsts(2);
EXECUTE firsts(NULL);
RESET plan_cache_mode;
SELECT g, (SELECT string_agg(q::text, ' ') FROM (SELECT DISTINCT ON (k) k, _id FROM numbers WHERE k < g ORDER BY k, _id DESC) q) FROM generate_series(1, 3) g;
DROP FUNCTION sent_distinct;
DROP FOREIGN TABLE numbers, mixed, strict, parts;
