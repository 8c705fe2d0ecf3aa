-- 4. The proof: counts, a FULL JOIN down to the ids that differ, references, and the traps by name.
CREATE TEMP TABLE checks (name text, passed boolean, found text);

-- Rejects as the load noted them; an item goes with the order that was rejected.
CREATE TEMP TABLE rejects AS
SELECT table_name::text AS target, coalesce(document_id ->> '$oid', document_id ->> '$numberLong', document_id #>> '{}') AS source_id, array_to_string(coalesce(document_id ->> '$oid', document_id ->> '$numberLong', document_id #>> '{}') || positions, '#') AS row_id,
       stage, column_name, row_lost, coalesce(value, reason) AS value FROM mongo.reject WHERE plan = 'shop' AND resolved IS NULL;

-- Counts: what the source holds is what arrived plus what was rejected as a whole.
INSERT INTO checks
SELECT 'count of ' || target, source = moved + rejected, format('%s in MongoDB = %s moved + %s rejected', source, moved, rejected)
FROM (SELECT target, source, moved, (SELECT count(*) FROM rejects r WHERE r.target = v.target AND r.row_lost)
             + CASE target WHEN 'order_items' THEN (SELECT count(*) FROM source.orders_items i JOIN rejects r ON r.target = 'orders' AND r.row_lost AND r.source_id = i._id::text) ELSE 0 END AS rejected
        FROM (VALUES
    ('countries', (SELECT count(*) FROM source.countries), (SELECT count(*) FROM shop.countries)),
    ('cities', (SELECT count(*) FROM source.cities), (SELECT count(*) FROM shop.cities)),
    ('users', (SELECT count(*) FROM source.users), (SELECT count(*) FROM shop.users)),
    ('products', (SELECT count(*) FROM source.products), (SELECT count(*) FROM shop.products)),
    ('orders', (SELECT count(*) FROM source.orders), (SELECT count(*) FROM shop.orders)),
    ('order_items', (SELECT count(*) FROM source.orders_items), (SELECT count(*) FROM shop.order_items))) v (target, source, moved)) v;

-- Rows: the source query of each table and the table joined in full; whatever differs, or is on one side only, shows.
CREATE TEMP TABLE differences (target text, id text);
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT q.name, string_agg(quote_ident(c.name), ', ' ORDER BY c.position) FILTER (WHERE c.role IN ('key', 'parent', 'ord')) AS key,
                    string_agg(quote_ident(c.name), ', ' ORDER BY c.position) AS columns
               FROM mongo.plan_table q JOIN mongo.plan_column c ON c.plan = q.plan AND c.table_name = q.name AND c.enabled WHERE q.plan = 'shop' AND q.name <> 'city_names' GROUP BY q.name
    LOOP
        EXECUTE format('INSERT INTO differences SELECT %1$L, concat_ws(''#'', %2$s) FROM (SELECT %3$s FROM (%4$s) AS q) AS s FULL JOIN (SELECT %3$s FROM shop.%1$I) AS t USING (%2$s) WHERE s IS DISTINCT FROM t',
                       t.name, t.key, t.columns, mongo.source_query('shop', t.name));
    END LOOP;
END $$;
INSERT INTO checks
SELECT 'rows of ' || target || ' differ only where rejected', count(*) FILTER (WHERE NOT explained) = 0,
    format('%s differ, %s of them rejected', count(id), count(*) FILTER (WHERE explained))
FROM (VALUES ('countries'), ('cities'), ('users'), ('products'), ('orders'), ('order_items')) all_targets(target)
LEFT JOIN LATERAL (
    SELECT d.id, EXISTS (SELECT FROM rejects r WHERE (r.target = d.target AND r.row_id = d.id)
        OR (d.target = 'order_items' AND r.target = 'orders' AND r.source_id = split_part(d.id, '#', 1))) AS explained
    FROM differences d WHERE d.target = all_targets.target) d ON true
GROUP BY target;

-- And back: the documents that the rows stand for, beside those that are stored. Key by key, whatever the order of fields.
CREATE FOREIGN TABLE source.stored_orders (__key bytea, _id mongo.objectid, __doc jsonb) SERVER shop_mongodb OPTIONS (database 'demo', collection 'orders');
SELECT mongo.document_query('shop', 'orders') AS documents \gset
INSERT INTO checks
SELECT 'orders come back from their rows as they are stored', count(*) FILTER (WHERE d.document::jsonb IS DISTINCT FROM s.__doc AND r.source_id IS NULL) = 0,
       format('%s of %s documents, the others are rejected', count(*) FILTER (WHERE d.document::jsonb = s.__doc), count(*))
  FROM source.stored_orders s LEFT JOIN (:documents) d USING (__key)
  LEFT JOIN (SELECT DISTINCT source_id FROM rejects WHERE target IN ('orders', 'order_items')) r ON r.source_id = s._id::text;

-- References, asked of the source itself.
INSERT INTO checks
SELECT 'orphans among orders', count(*) = 1, format('%s order without its user', count(*)) FROM source.orders o LEFT JOIN source.users u ON u._id = o."user" WHERE u._id IS NULL;
INSERT INTO checks
SELECT 'orphans among order items', count(*) = 0, format('%s items without their product', count(*)) FROM source.orders_items i LEFT JOIN source.products p ON p._id = i.product WHERE p._id IS NULL;

-- A Decimal128 keeps every digit.
INSERT INTO checks
SELECT 'planted trap decimal_price: every digit arrived', price::text = '19.990000000000000000000001', price::text
FROM shop.products WHERE sku = 'SKU-00017';

-- The rejects are the planted and the natural traps by name, and nothing else.
CREATE TEMP TABLE traps AS
SELECT CASE
    WHEN target = 'order_items' AND stage = 'misfit' THEN 'planted trap text_quantity: a quantity in words'
    WHEN target = 'order_items' AND stage = 'foreign_key' THEN 'items of the product rejected as duplicate_sku'
    WHEN target = 'orders' AND stage = 'not_null' AND column_name = 'ordered' THEN 'planted trap missing_date: an order without its date'
    WHEN target = 'orders' AND stage = 'foreign_key' THEN 'planted trap orphan_order: an order of nobody'
    WHEN target = 'products' AND stage = 'unique' THEN 'planted trap duplicate_sku: two products with one sku'
    WHEN target = 'countries' AND stage = 'misfit' AND column_name = 'capital' THEN 'natural trap: a capital that is an array'
    WHEN target = 'countries' AND stage = 'unique' AND column_name = 'countries_alpha2_key' THEN 'natural trap: countries that share a code'
    WHEN target = 'cities' AND stage = 'foreign_key' THEN 'natural trap: cities of a country that is not in the list'
    END AS trap, target, source_id, stage AS reason, value AS detail
FROM rejects;
INSERT INTO checks
SELECT 'every reject is a known trap', count(*) FILTER (WHERE trap IS NULL) = 0, format('%s rejects, %s unknown', count(*), count(*) FILTER (WHERE trap IS NULL)) FROM traps;
INSERT INTO checks
SELECT 'every planted trap was caught', count(DISTINCT trap) = 4, format('%s of 4 among the rejects', count(DISTINCT trap)) FROM traps WHERE trap LIKE 'planted%';
