-- For the test of the demo alone: the rejects are the planted and the natural traps by name, and nothing else.
CREATE TEMP TABLE traps AS
SELECT CASE
    WHEN table_name = 'order_items' AND stage = 'misfit' THEN 'planted trap text_quantity: a quantity in words'
    WHEN table_name = 'order_items' AND stage = 'foreign_key' THEN 'items of the product rejected as duplicate_sku'
    WHEN table_name = 'orders' AND stage = 'not_null' AND column_name = 'ordered' THEN 'planted trap missing_date: an order without its date'
    WHEN table_name = 'orders' AND stage = 'foreign_key' THEN 'planted trap orphan_order: an order of nobody'
    WHEN table_name = 'products' AND stage = 'unique' THEN 'planted trap duplicate_sku: two products with one sku'
    WHEN table_name = 'countries' AND stage = 'misfit' AND column_name = 'capital' THEN 'natural trap: a capital that is an array'
    WHEN table_name = 'countries' AND stage = 'unique' AND column_name = 'countries_alpha2_key' THEN 'natural trap: countries that share a code'
    WHEN table_name = 'cities' AND stage = 'foreign_key' THEN 'natural trap: cities of a country that is not in the list'
    END AS trap, coalesce(document_id ->> '$oid', document_id ->> '$numberLong', document_id #>> '{}') AS source_id, coalesce(value, reason) AS detail
  FROM mongo.reject WHERE plan = 'shop' AND resolved IS NULL;
CREATE TEMP TABLE checks AS
SELECT concat_ws(' ', check_name, 'of', concat_ws('.', table_name, column_name)) AS name, status <> 'fail' AS passed, coalesce(difference, expected) AS found FROM mongo.check_result WHERE plan = 'shop' AND status <> 'skip'
UNION ALL
SELECT 'no check was skipped but for a known reason', count(*) = 0, format('%s others', count(*)) FROM mongo.check_result
 WHERE plan = 'shop' AND status = 'skip' AND difference NOT IN ('it holds what other columns leave', 'level 1 found nothing; level 2 looks at ranges in any case', 'values of several types are not added up', 'the server cannot tell how 1 value would be read')
UNION ALL
SELECT 'every reject is a known trap', count(*) FILTER (WHERE trap IS NULL) = 0, format('%s rejects, %s unknown', count(*), count(*) FILTER (WHERE trap IS NULL)) FROM traps
UNION ALL
SELECT 'every planted trap was caught', count(DISTINCT trap) = 4, format('%s of 4 among the rejects', count(DISTINCT trap)) FROM traps WHERE trap LIKE 'planted%'
UNION ALL
SELECT 'planted trap decimal_price: every digit arrived', price::text = '19.990000000000000000000001', price::text FROM shop.products WHERE sku = 'SKU-00017'
UNION ALL
SELECT 'the second call brought the three changes alone', r.inserted = 0 AND r.updated = 3 AND r.deleted = 0, format('%s inserted, %s updated, %s deleted', r.inserted, r.updated, r.deleted)
  FROM (SELECT * FROM mongo.load_run WHERE plan = 'shop' ORDER BY run OFFSET 1 LIMIT 1) AS r;
\pset footer off
\echo
\echo 'Rejects and traps'
SELECT trap, count(*), min(source_id) AS "for example", min(detail::text) AS "holds" FROM traps GROUP BY trap ORDER BY trap;
\echo 'Checks'
SELECT CASE WHEN passed THEN 'ok' ELSE 'FAILED' END AS result, name, left(found, 80) AS found FROM checks WHERE NOT passed OR name !~ '^totals' ORDER BY passed, name;
\echo 'What the report answers first'
SELECT question, answer FROM mongo_internal.answers('shop') ORDER BY place;
SELECT count(*) FILTER (WHERE passed) AS passed, count(*) FILTER (WHERE NOT passed) AS failed FROM checks \gset
SELECT inserted AS moved, round(inserted / extract(epoch FROM finished - started)) AS speed FROM mongo.load_run WHERE plan = 'shop' ORDER BY run LIMIT 1 \gset
SELECT inserted + updated + deleted AS changed FROM mongo.load_run WHERE plan = 'shop' ORDER BY run OFFSET 1 LIMIT 1 \gset
SELECT count(*) AS rejects FROM traps \gset
\echo :moved 'rows moved at' :speed 'rows per second,' :changed 'changed by the second call,' :rejects 'rejects,' :passed 'checks passed,' :failed 'failed'
SELECT :failed > 0 AS bad \gset
\if :bad
\echo 'The demo failed.'
SELECT 1 / 0 AS "a check that should pass has failed";
\endif
