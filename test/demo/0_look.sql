-- 0. Look first: what is in the source, which tables would fit it, and what does not (psql variable uri: where MongoDB is).
CREATE EXTENSION IF NOT EXISTS mongo_fdw_cpp;
CREATE SERVER shop_mongodb FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop_mongodb;

\echo 'The collections:'
SELECT collection, kind, documents, note FROM mongo.catalog('shop_mongodb', 'demo');

\echo 'What the whole shop holds that a table made from one document would not expect:'
SELECT c.collection, p.path, p.types, round((p.missing_share * p.documents)::numeric) AS missing, p.unique_in_sample AS "unique", p.suggested_type
  FROM unnest(ARRAY['users', 'products', 'orders']) c (collection),
       mongo.profile('shop_mongodb', 'demo', c.collection, sample => 0) p
 WHERE (SELECT count(*) FROM jsonb_object_keys(p.types) t WHERE t <> 'null') > 1 -- text_quantity
    OR p.missing_share > 0                                                       -- missing_date
    OR (p.suggested_type = 'numeric' AND NOT 'double precision' = ANY (p.fits))  -- decimal_price
    OR (p.path = 'sku' AND NOT p.unique_in_sample)                               -- duplicate_sku
 ORDER BY 1, 2;

\echo 'Which path refers to which collection:'
SELECT from_collection, from_path, to_collection, via, share, cardinality FROM mongo.references('shop_mongodb', 'demo', ARRAY['users', 'products', 'orders']);

\echo 'The tables that an import makes of the orders, and what would not convert if qty were an integer:'
CREATE SCHEMA proposed;
CALL mongo.import_schema('shop_mongodb', 'demo', 'proposed', limit_to => '{orders,orders_items}', on_conversion_error => 'collect');
SELECT attrelid::regclass AS "table", attname AS "column", format_type(atttypid, atttypmod) AS type, col_description(attrelid, attnum) AS evidence
  FROM pg_attribute WHERE attrelid IN ('proposed.orders'::regclass, 'proposed.orders_items'::regclass) AND attnum > 0 ORDER BY attrelid, attnum;
ALTER FOREIGN TABLE proposed.orders_items ALTER COLUMN qty TYPE integer;
SELECT column_name, type, method, documents, missing, bad, bad_types, example_ids FROM mongo.conformance('proposed.orders_items') WHERE bad > 0;
