-- 1. The plan: what becomes of which collection. It is made from the documents, and it is rows that a person edits.
\echo 'The tables that the documents propose:'
SELECT table_name, source, estimated_rows, columns, note
  FROM mongo.create_plan('shop', server => 'shop_mongodb', database => 'demo', target_schema => 'shop', source_schema => 'source',
       collections => '{countries,cities,users,products,orders}', sample => 0, key => 'objectid',
       layout => '{"cities.alternatenames": "table", "countries.translations": "jsonb", "countries.geoJSON": "jsonb"}');

-- What people decide: names, a few types, what must be there, what must be unique.
UPDATE mongo.plan_table SET name = 'order_items' WHERE plan = 'shop' AND name = 'orders_items';
UPDATE mongo.plan_table SET name = 'city_names' WHERE plan = 'shop' AND name = 'cities_alternatenames';
UPDATE mongo.plan_column SET name = 'user_id' WHERE plan = 'shop' AND table_name = 'orders' AND path = 'user';
UPDATE mongo.plan_column SET not_null = true WHERE plan = 'shop' AND table_name = 'orders' AND path = 'ordered';
UPDATE mongo.plan_column SET name = 'alpha2', type = 'char(2)' WHERE plan = 'shop' AND path = 'ISO.alpha2';
UPDATE mongo.plan_column SET name = 'country', type = 'char(2)' WHERE plan = 'shop' AND path = 'countrycode';
UPDATE mongo.plan_column SET type = 'bigint' WHERE plan = 'shop' AND path = 'population';
INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique, why) VALUES
    ('shop', 'countries', 'countries_alpha2_key', 'UNIQUE (alpha2)', true, 'cities refer to it'),
    ('shop', 'products', 'products_sku_key', 'UNIQUE (sku)', true, 'one product a SKU'),
    ('shop', 'products', 'products_price_check', 'CHECK (price >= 0)', true, 'no shop pays its customers');
-- The order of nobody is rejected below, so the reference can be a constraint.
UPDATE mongo.plan_foreign_key SET enabled = true WHERE plan = 'shop';
INSERT INTO mongo.decision (plan, object, decision, reason) VALUES
    ('shop', 'orders.ordered', 'not null', 'an order without its date is rejected'),
    ('shop', 'countries.translations', 'jsonb', 'nobody asks for a single language');

\echo 'What it is in SQL, of one table:'
SELECT statement FROM mongo.plan_statements('shop', '{source,target}') WHERE object ~ 'order_items';

-- Constraints that MongoDB did not keep, before the load: what breaks one is a reject of it. Where a reference is to another
-- key than the primary one, a line of one's own.
SET client_min_messages = warning;
CALL mongo.apply_plan('shop', '{source,target,constraints}');
RESET client_min_messages;
ALTER TABLE shop.cities ADD CONSTRAINT cities_country_fkey FOREIGN KEY (country) REFERENCES shop.countries (alpha2);
