-- 2. The target: ordinary tables with the constraints that MongoDB did not keep.
CREATE SCHEMA shop;
CREATE TABLE shop.countries (
    alpha2 char(2) PRIMARY KEY, alpha3 char(3) NOT NULL, name text NOT NULL, capital text, area numeric CHECK (area > 0),
    population bigint CHECK (population >= 0), region text, subregion text, timezones text[], languages text[],
    borders text[], translations jsonb, geo jsonb, source_id text NOT NULL UNIQUE);
CREATE TABLE shop.cities (
    id integer PRIMARY KEY, name text NOT NULL, country char(2) NOT NULL REFERENCES shop.countries,
    latitude double precision NOT NULL, longitude double precision NOT NULL, population bigint NOT NULL, timezone text);
CREATE TABLE shop.city_names (
    city integer NOT NULL REFERENCES shop.cities ON DELETE CASCADE, position integer NOT NULL, name text NOT NULL,
    PRIMARY KEY (city, position));
CREATE TABLE shop.users (
    id mongo.objectid PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, joined timestamptz NOT NULL, city text, zip text,
    tags text[] NOT NULL);
CREATE TABLE shop.products (
    id mongo.objectid PRIMARY KEY, sku text NOT NULL UNIQUE, title text NOT NULL, price numeric NOT NULL CHECK (price >= 0),
    stock bigint NOT NULL);
CREATE TABLE shop.orders (
    id mongo.objectid PRIMARY KEY, user_id mongo.objectid NOT NULL REFERENCES shop.users, status text NOT NULL,
    ordered timestamptz NOT NULL);
CREATE TABLE shop.order_items (
    order_id mongo.objectid NOT NULL REFERENCES shop.orders ON DELETE CASCADE, position integer NOT NULL,
    product mongo.objectid NOT NULL REFERENCES shop.products, qty integer NOT NULL CHECK (qty > 0), price numeric NOT NULL,
    PRIMARY KEY (order_id, position));
-- What did not make it, and why; what was found on the way.
CREATE TABLE shop.rejects (target text, source_id text, reason text, detail jsonb, PRIMARY KEY (target, source_id, reason));
CREATE TABLE shop.moves (step serial, target text, run integer, rows bigint, seconds double precision);
