-- The shapes that a shop has after eight years, and the plan that brings them into tables.
\set VERBOSITY terse
CREATE FUNCTION fill(collection text, documents text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE plan_fill (__doc json) SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_shop'', collection %L)', collection);
    TRUNCATE plan_fill;
    EXECUTE 'INSERT INTO plan_fill SELECT document::json FROM (' || documents || ') AS d (document)';
    DROP FOREIGN TABLE plan_fill;
END $$;
CREATE FUNCTION ref(kind text, n bigint) RETURNS text LANGUAGE sql AS $$ SELECT format('{"$oid": "%s%s"}', kind, lpad(n::text, 16, '0')) $$;
-- Texts in a map by locale, stock in a map inside an array, tags as text or array, prices as int, double, Decimal128 and text.
SELECT fill('products', $q$SELECT format('{"_id": %s, "name": "p%s", "brand": %s, "texts": {"en": {"title": "Cup %s", "body": "A cup"}%s}, "tags": %s, "price": %s, "variants": [{"sku": "p%s-a", "stock": {"ghent": %s%s}}, {"sku": "p%s-b"}]}',
    ref('0000000a', g), g, ref('0000000d', g % 4 + 1), g, CASE g % 3 WHEN 0 THEN ', "de": {"title": "Tasse"}' WHEN 1 THEN ', "fr": {"title": "Tasse", "body": null, "note": 1}' ELSE '' END,
    CASE g % 5 WHEN 0 THEN '"red"' ELSE '["red", "t' || g || '"]' END, CASE g % 4 WHEN 0 THEN g::text WHEN 1 THEN g || '.5' WHEN 2 THEN '{"$numberDecimal": "' || g || '.25"}' ELSE '"' || g || ',75 €"' END,
    g, g, CASE WHEN g % 2 = 0 THEN ', "lyon": ' || g + 1 ELSE '' END, g) FROM generate_series(1, 40) g$q$);
SELECT fill('brands', $q$SELECT format('{"_id": %s, "name": "b%s", "best": %s}', ref('0000000d', g), g, ref('0000000a', g)) FROM generate_series(1, 4) g$q$);
-- Addresses of mail that should be unique and are not; dates as Date, text and milliseconds; a profile for a table of its own.
SELECT fill('customers', $q$SELECT format('{"_id": %s, "email": "c%s@example.com", "since": %s%s}', ref('0000000c', g), CASE WHEN g > 38 THEN 1 ELSE g END,
    CASE g % 3 WHEN 0 THEN '{"$date": {"$numberLong": "1500000000000"}}' WHEN 1 THEN '"2017-07-14T02:40:00Z"' ELSE '{"$numberLong": "1500000000000"}' END,
    CASE WHEN g % 4 < 3 THEN format(', "profile": {"first name": "f%s", "born": %s, "likes": ["a"]%s}', g, 1950 + g, CASE WHEN g % 8 = 1 THEN ', "odd": true' ELSE '' END) ELSE '' END) FROM generate_series(1, 40) g$q$);
-- References as id, DBRef or {id}; an object where nearly all have an array.
SELECT fill('orders', $q$SELECT format('{"_id": %s, "customer": %s, "items": %s}', g, CASE WHEN g % 10 = 0 THEN format('{"$ref": "customers", "$id": %s}', ref('0000000c', g % 40 + 1)) WHEN g % 10 = 1 THEN format('{"id": %s}', ref('0000000c', g % 40 + 1)) ELSE ref('0000000c', g % 40 + 1) END,
    CASE WHEN g IN (100, 200) THEN '{"sku": "p1-a", "qty": 1}' ELSE format('[{"sku": "p%s-a", "qty": %s, "parts": [[1, 2], [3]]}]', g % 40 + 1, g % 5) END) FROM generate_series(1, 400) g$q$);
SELECT fill('categories', $q$SELECT format('{"_id": "c%s", "parent": %s}', g, CASE WHEN g = 1 THEN 'null' ELSE '"c' || g / 2 || '"' END) FROM generate_series(1, 8) g$q$);
SELECT * FROM mongo.create_plan('shop8', server => 'mongodb', database => 'mongo_fdw_cpp_shop', target_schema => 'shop8', collections => '{brands,categories,customers,orders,products}', sample => 0,
    layout => '{"products.texts": "map", "products.variants[].stock": "map", "customers.profile": "table", "orders.items[].parts": "jsonb"}');
SELECT table_name, position, name, role, path, source_column, source_type, type, refers_to, expression FROM mongo.plan_column WHERE plan = 'shop8' ORDER BY table_name, position;
SELECT from_path, to_collection, via, share FROM mongo.references('mongodb', 'mongo_fdw_cpp_shop', '{brands,categories,customers,orders,products}') ORDER BY 1, 2, 3;
\pset format unaligned
\pset tuples_only on
SELECT statement FROM mongo.plan_statements('shop8', '{source,target,constraints}');
SELECT mongo.source_query('shop8', name) FROM mongo.plan_table WHERE plan = 'shop8' ORDER BY position;
SELECT mongo.document_query('shop8', name) FROM mongo.plan_table WHERE plan = 'shop8' AND name IN ('products', 'customers');
\pset format aligned
\pset tuples_only off
-- What people decide: prices with a comma, dates of three kinds, the first of several addresses.
UPDATE mongo.plan_column SET type = 'numeric(12,2)', expression = 'CASE jsonb_typeof(value) WHEN ''string'' THEN mongo.to_numeric(value, '','') ELSE mongo.to_numeric(value) END' WHERE plan = 'shop8' AND path = 'price';
UPDATE mongo.plan_column SET type = 'timestamptz', expression = 'coalesce(mongo.to_timestamptz(value), mongo.from_epoch(value, ''ms''))' WHERE plan = 'shop8' AND path = 'since';
UPDATE mongo.plan_table SET query = 'SELECT DISTINCT ON (s.email) s.__key, s._id::text AS id, s.email, coalesce(mongo.to_timestamptz(s.since), mongo.from_epoch(s.since, ''ms'')) AS since, s.__rest AS extra FROM shop8_source.customers AS s ORDER BY s.email, s._id::text' WHERE plan = 'shop8' AND name = 'customers';
INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique, why) VALUES ('shop8', 'customers', 'customers_email_key', 'UNIQUE (email)', true, 'one customer an address');
CALL mongo.apply_plan('shop8');
CREATE FUNCTION load_all(plan text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t record;
BEGIN
    FOR t IN SELECT p.target_schema, q.name, (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.position) FROM mongo.plan_column c
                 WHERE c.plan = q.plan AND c.table_name = q.name AND c.enabled) AS columns
               FROM mongo.plan p JOIN mongo.plan_table q USING (plan) WHERE q.plan = load_all.plan AND q.enabled ORDER BY q.levels, q.position
    LOOP
        EXECUTE format('INSERT INTO %I.%I (%s) SELECT %3$s FROM (%4$s) AS s', t.target_schema, t.name, t.columns, mongo.source_query(plan, t.name));
    END LOOP;
END $$;
SELECT load_all('shop8');
CALL mongo.apply_plan('shop8', '{constraints}');
SELECT * FROM shop8.products ORDER BY id LIMIT 4;
SELECT * FROM shop8.products_texts ORDER BY 1, 2 LIMIT 4;
SELECT * FROM shop8.products_variants_stock ORDER BY 1, 2, 3 LIMIT 3;
SELECT count(*), count(DISTINCT email), count(DISTINCT since) FROM shop8.customers;
SELECT * FROM shop8.customers_profile ORDER BY 1 LIMIT 2;
SELECT count(*), count(customer), count(DISTINCT customer) FROM shop8.orders;
SELECT * FROM shop8.orders WHERE extra IS NOT NULL ORDER BY id LIMIT 3;
SELECT * FROM shop8.orders WHERE extra ? 'items' ORDER BY id;
-- Back again: but for what has an expression or a query of its own.
CREATE FOREIGN TABLE stored (__key bytea, __doc jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_shop', collection 'products');
SELECT mongo.document_query('shop8', 'products') AS q \gset
SELECT count(*), count(*) FILTER (WHERE q.document::jsonb = s.__doc - 'price') AS same FROM stored s LEFT JOIN (:q) q USING (__key);
CREATE FOREIGN TABLE stored_orders (__key bytea, __doc jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_shop', collection 'orders');
SELECT mongo.document_query('shop8', 'orders') AS q \gset
SELECT count(*), count(*) FILTER (WHERE q.document::jsonb = s.__doc) AS same FROM stored_orders s LEFT JOIN (:q) q USING (__key);
SELECT error_of($$SELECT mongo.document_query('shop8', 'customers')$$);
-- A query of one's own is looked at before anything is done.
CREATE FUNCTION with_query(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mongo.plan_table SET query = with_query.query WHERE plan = 'shop8' AND name = 'customers';
    RETURN error_of($q$SELECT * FROM mongo.plan_statements('shop8')$q$);
END $$;
SELECT with_query('SELECT _id::text AS id, email FROM shop8_source.customers');
SELECT with_query('SELECT nonsense FROM shop8_source.customers');
SELECT with_query('SELECT 1; DROP TABLE shop8.customers');
SELECT with_query('DELETE FROM shop8.customers');
SELECT with_query('SELECT __key, _id::text AS id, email, since, __rest AS extra, 5 AS more FROM shop8_source.customers');
DROP FUNCTION with_query;
-- Shapes that are told, buckets, arrays of ids.
SELECT fill('orders_2023', $q$SELECT format('{"_id": %s, "a": 1, "b": "x", "friends": [%s, %s]}', g, ref('0000000c', g), ref('0000000c', g + 1)) FROM generate_series(1, 20) g$q$);
SELECT fill('orders_2024', $q$SELECT format('{"_id": %s, "a": 1, "b": "x", "friends": [%s]}', g, ref('0000000c', g)) FROM generate_series(1, 20) g$q$);
SELECT fill('fs.files', $q$SELECT format('{"_id": %s, "length": 5, "chunkSize": 255, "filename": "f"}', ref('0000000f', g)) FROM generate_series(1, 2) g$q$);
SELECT fill('fs.chunks', $q$SELECT format('{"_id": %s, "files_id": %s, "n": 0, "data": {"$binary": {"base64": "AAECAwQ=", "subType": "00"}}}', ref('0000000e', g), ref('0000000f', g)) FROM generate_series(1, 2) g$q$);
SELECT table_name, note FROM mongo.create_plan('shop9', 'mongodb', 'mongo_fdw_cpp_shop', 'shop9', '{orders_2023,orders_2024,fs.files,fs.chunks,customers}', sample => 0, key => 'bigint') WHERE note ~ 'shape|GridFS';
SELECT table_name, name, refers_to, mongo_internal.column_type(c) FROM mongo.plan_column c WHERE plan = 'shop9' AND refers_to IS NOT NULL ORDER BY 1, 2;
CALL mongo.apply_plan('shop9');
INSERT INTO shop9.customers (legacy_id, email, since) SELECT legacy_id, email, since FROM (SELECT s._id::text AS legacy_id, s.email, s.since FROM shop9_source.customers s) x;
SELECT mongo.source_query('shop9', 'orders_2023') AS q \gset
SELECT count(*), min(cardinality(friends)), count(*) FILTER (WHERE array_position(friends, NULL) IS NULL) AS all_found FROM (:q) q;
SET client_min_messages = warning;
DROP FOREIGN TABLE stored, stored_orders;
DROP SCHEMA shop8, shop9 CASCADE;
CALL mongo.drop_plan('shop8', source_tables => true);
CALL mongo.drop_plan('shop9', source_tables => true);
DROP FUNCTION fill, ref, load_all;
