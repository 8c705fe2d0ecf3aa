-- 1. The source: one foreign table for each collection that is to move.
CREATE SCHEMA source;

-- Every foreign table collects what does not fit in __errors, so that a load never stops at a bad value and never hides
-- one. Dotted paths read nested fields; json and jsonb take any shape.
CREATE FOREIGN TABLE source.countries (
    _id text, name text, alpha2 text OPTIONS (path 'ISO.alpha2'), alpha3 text OPTIONS (path 'ISO.alpha3'),
    capital text, area numeric, population bigint, region text, subregion text, timezones text[], languages text[],
    borders text[], translations jsonb, geo jsonb OPTIONS (path 'geoJSON'), __errors jsonb, __missing text[])
    SERVER shop_mongodb OPTIONS (database 'demo', collection 'countries', on_conversion_error 'collect');

CREATE FOREIGN TABLE source.cities (
    _id integer, name text, countrycode text, latitude double precision, longitude double precision, population bigint,
    timezone text, alternatenames text[], __errors jsonb)
    SERVER shop_mongodb OPTIONS (database 'demo', collection 'cities', on_conversion_error 'collect');

CREATE FOREIGN TABLE source.users (
    _id mongo.objectid, name text, email text, joined timestamptz, city text OPTIONS (path 'address.city'),
    zip text OPTIONS (path 'address.zip'), tags text[], __errors jsonb)
    SERVER shop_mongodb OPTIONS (database 'demo', collection 'users', on_conversion_error 'collect');

CREATE FOREIGN TABLE source.products (
    _id mongo.objectid, sku text, title text, price numeric, stock bigint, __errors jsonb)
    SERVER shop_mongodb OPTIONS (database 'demo', collection 'products', on_conversion_error 'collect');

CREATE FOREIGN TABLE source.orders (
    _id mongo.objectid, user_id mongo.objectid OPTIONS (path 'user'), status text, ordered timestamptz,
    __errors jsonb, __missing text[])
    SERVER shop_mongodb OPTIONS (database 'demo', collection 'orders', on_conversion_error 'collect');

-- A child table: one row for each element of the array "items"; __ord is its position.
CREATE FOREIGN TABLE source.order_items (
    _id mongo.objectid, __ord integer, product mongo.objectid OPTIONS (path 'items.product'),
    qty integer OPTIONS (path 'items.qty'), price numeric OPTIONS (path 'items.price'), __errors jsonb)
    SERVER shop_mongodb OPTIONS (database 'demo', collection 'orders', unwind 'items', on_conversion_error 'collect');
