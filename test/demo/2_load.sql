-- 2. The load: the source query of each table, with an upsert that touches only what differs. It may be run again at any
--    time. psql variable run: 1, 2, ... only for the report.
CREATE OR REPLACE PROCEDURE shop.bring(wanted_table text, run integer, wanted text DEFAULT 'true') LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz := clock_timestamp();
    columns text;
    key text;
    moved bigint;
BEGIN
    SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.position), string_agg(quote_ident(c.name), ', ' ORDER BY c.position) FILTER (WHERE c.role IN ('key', 'parent', 'ord'))
      INTO columns, key FROM mongo.plan_column AS c WHERE c.plan = 'shop' AND c.table_name = wanted_table AND c.enabled;
    EXECUTE format('INSERT INTO shop.%1$I AS t (%2$s) SELECT %2$s FROM (%3$s) AS s WHERE %4$s ON CONFLICT (%5$s) DO UPDATE SET (%2$s) = ROW (%6$s) WHERE (t.*) IS DISTINCT FROM (excluded.*)',
                   wanted_table, columns, mongo.source_query('shop', wanted_table), wanted, key, regexp_replace(columns, '([^, ]+)', 'excluded.\1', 'g'));
    GET DIAGNOSTICS moved = ROW_COUNT;
    INSERT INTO shop.moves (target, run, rows, seconds) VALUES (wanted_table, bring.run, moved, extract(epoch FROM clock_timestamp() - started));
END $$;

-- Rejects first. Each says which document, why, and what it held.
DELETE FROM shop.rejects;
INSERT INTO shop.rejects SELECT 'countries', _id, 'value does not fit', __errors FROM source.countries WHERE __errors IS NOT NULL;
INSERT INTO shop.rejects SELECT 'countries', _id, 'duplicate key alpha2', jsonb_build_object('alpha2', "ISO_alpha2")
    FROM (SELECT *, row_number() OVER (PARTITION BY "ISO_alpha2" ORDER BY (population IS NULL), _id DESC) n FROM source.countries) c WHERE n > 1;
INSERT INTO shop.rejects SELECT 'cities', c._id::text, 'orphan reference', jsonb_build_object('countrycode', c.countrycode)
    FROM source.cities c LEFT JOIN source.countries k ON k."ISO_alpha2" = c.countrycode WHERE k._id IS NULL;
INSERT INTO shop.rejects SELECT 'products', _id::text, 'duplicate key sku', jsonb_build_object('sku', sku)
    FROM (SELECT *, row_number() OVER (PARTITION BY sku ORDER BY _id) n FROM source.products) p WHERE n > 1;
INSERT INTO shop.rejects SELECT 'orders', _id::text, 'missing date', '["ordered"]' FROM source.orders WHERE ordered IS NULL;
INSERT INTO shop.rejects SELECT 'orders', o._id::text, 'orphan reference', jsonb_build_object('user', o."user")
    FROM source.orders o LEFT JOIN source.users u ON u._id = o."user" WHERE u._id IS NULL;
-- A value that does not fit its column is in the rest column of the row, which is brought.
INSERT INTO shop.rejects SELECT 'order_items', _id || '#' || __ord, 'value does not fit', __errors FROM source.orders_items WHERE __errors IS NOT NULL;
INSERT INTO shop.rejects SELECT 'order_items', i._id || '#' || i.__ord, 'product was rejected', jsonb_build_object('product', i.product)
    FROM source.orders_items i JOIN shop.rejects r ON r.target = 'products' AND r.source_id = i.product::text
   WHERE NOT EXISTS (SELECT FROM shop.rejects o WHERE o.target = 'orders' AND o.source_id = i._id::text);

CALL shop.bring('countries', :run, $$NOT EXISTS (SELECT FROM shop.rejects r WHERE r.target = 'countries' AND r.source_id = s.id AND r.reason LIKE 'duplicate%')$$);
CALL shop.bring('cities', :run, $$NOT EXISTS (SELECT FROM shop.rejects r WHERE r.target = 'cities' AND r.source_id = s.id::text)$$);
CALL shop.bring('city_names', :run, $$EXISTS (SELECT FROM shop.cities c WHERE c.id = s.cities_id)$$);
CALL shop.bring('users', :run);
CALL shop.bring('products', :run, $$NOT EXISTS (SELECT FROM shop.rejects r WHERE r.target = 'products' AND r.source_id = s.id::text)$$);
CALL shop.bring('orders', :run, $$NOT EXISTS (SELECT FROM shop.rejects r WHERE r.target = 'orders' AND r.source_id = s.id::text)$$);
CALL shop.bring('order_items', :run, $$EXISTS (SELECT FROM shop.orders o WHERE o.id = s.orders_id) AND EXISTS (SELECT FROM shop.products p WHERE p.id = s.product)$$);
