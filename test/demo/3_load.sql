-- 3. The load: INSERT ... SELECT with an upsert that touches only what differs. It may be run again at any time.
--    psql variable run: 1, 2, ... only for the report.
-- Rejects first. Each says which document, why, and what it held.
DELETE FROM shop.rejects;
INSERT INTO shop.rejects SELECT 'countries', _id, 'value does not fit', __errors FROM source.countries WHERE __errors IS NOT NULL;
INSERT INTO shop.rejects SELECT 'countries', _id, 'duplicate key alpha2', jsonb_build_object('alpha2', alpha2)
    FROM (SELECT *, row_number() OVER (PARTITION BY alpha2 ORDER BY (population IS NULL), _id DESC) n FROM source.countries) c WHERE n > 1;
INSERT INTO shop.rejects SELECT 'cities', c._id::text, 'orphan reference', jsonb_build_object('countrycode', c.countrycode)
    FROM source.cities c LEFT JOIN source.countries k ON k.alpha2 = c.countrycode WHERE k._id IS NULL;
INSERT INTO shop.rejects SELECT 'products', _id::text, 'duplicate key sku', jsonb_build_object('sku', sku)
    FROM (SELECT *, row_number() OVER (PARTITION BY sku ORDER BY _id) n FROM source.products) p WHERE n > 1;
INSERT INTO shop.rejects SELECT 'orders', _id::text, 'missing date', to_jsonb(__missing) FROM source.orders WHERE ordered IS NULL;
INSERT INTO shop.rejects SELECT 'orders', o._id::text, 'orphan reference', jsonb_build_object('user', o.user_id)
    FROM source.orders o LEFT JOIN source.users u ON u._id = o.user_id WHERE u._id IS NULL;
INSERT INTO shop.rejects SELECT 'order_items', _id || '#' || __ord, 'value does not fit', __errors FROM source.order_items WHERE __errors IS NOT NULL;

-- Countries: one of each code; a capital that is an array became NULL and stands among the rejects.
SELECT clock_timestamp() AS started \gset
WITH moved AS (
    INSERT INTO shop.countries
    SELECT alpha2, alpha3, name, capital, area, population, region, subregion, timezones, languages, borders, translations, geo, _id
    FROM source.countries c
    WHERE NOT EXISTS (SELECT FROM shop.rejects r WHERE r.target = 'countries' AND r.source_id = c._id AND r.reason LIKE 'duplicate%')
    ON CONFLICT (alpha2) DO UPDATE SET (alpha3, name, capital, area, population, region, subregion, timezones, languages, borders, translations, geo, source_id)
        = ROW (excluded.alpha3, excluded.name, excluded.capital, excluded.area, excluded.population, excluded.region, excluded.subregion,
               excluded.timezones, excluded.languages, excluded.borders, excluded.translations, excluded.geo, excluded.source_id)
    WHERE (countries.*) IS DISTINCT FROM (excluded.*) RETURNING 1)
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT 'countries', :run, count(*), extract(epoch FROM clock_timestamp() - :'started'::timestamptz) FROM moved;

SELECT clock_timestamp() AS started \gset
WITH moved AS (
    INSERT INTO shop.cities
    SELECT _id, name, countrycode, latitude, longitude, population, timezone FROM source.cities c
    WHERE EXISTS (SELECT FROM shop.countries k WHERE k.alpha2 = c.countrycode)
    ON CONFLICT (id) DO UPDATE SET (name, country, latitude, longitude, population, timezone)
        = ROW (excluded.name, excluded.country, excluded.latitude, excluded.longitude, excluded.population, excluded.timezone)
    WHERE (cities.*) IS DISTINCT FROM (excluded.*) RETURNING 1)
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT 'cities', :run, count(*), extract(epoch FROM clock_timestamp() - :'started'::timestamptz) FROM moved;

-- Children from arrays of scalars: PostgreSQL's own unnest gives the position.
SELECT clock_timestamp() AS started \gset
WITH moved AS (
    INSERT INTO shop.city_names
    SELECT c._id, n.position, n.name FROM source.cities c, unnest(c.alternatenames) WITH ORDINALITY n(name, position)
    WHERE EXISTS (SELECT FROM shop.cities k WHERE k.id = c._id)
    ON CONFLICT (city, position) DO UPDATE SET name = excluded.name WHERE city_names.name IS DISTINCT FROM excluded.name RETURNING 1)
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT 'city_names', :run, count(*), extract(epoch FROM clock_timestamp() - :'started'::timestamptz) FROM moved;

SELECT clock_timestamp() AS started \gset
WITH moved AS (
    INSERT INTO shop.users SELECT _id, name, email, joined, city, zip, tags FROM source.users
    ON CONFLICT (id) DO UPDATE SET (name, email, joined, city, zip, tags)
        = ROW (excluded.name, excluded.email, excluded.joined, excluded.city, excluded.zip, excluded.tags)
    WHERE (users.*) IS DISTINCT FROM (excluded.*) RETURNING 1)
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT 'users', :run, count(*), extract(epoch FROM clock_timestamp() - :'started'::timestamptz) FROM moved;

SELECT clock_timestamp() AS started \gset
WITH moved AS (
    INSERT INTO shop.products SELECT _id, sku, title, price, stock FROM source.products p
    WHERE NOT EXISTS (SELECT FROM shop.rejects r WHERE r.target = 'products' AND r.source_id = p._id::text)
    ON CONFLICT (id) DO UPDATE SET (sku, title, price, stock) = ROW (excluded.sku, excluded.title, excluded.price, excluded.stock)
    WHERE (products.*) IS DISTINCT FROM (excluded.*) RETURNING 1)
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT 'products', :run, count(*), extract(epoch FROM clock_timestamp() - :'started'::timestamptz) FROM moved;

SELECT clock_timestamp() AS started \gset
WITH moved AS (
    INSERT INTO shop.orders SELECT _id, user_id, status, ordered FROM source.orders o
    WHERE NOT EXISTS (SELECT FROM shop.rejects r WHERE r.target = 'orders' AND r.source_id = o._id::text)
    ON CONFLICT (id) DO UPDATE SET (user_id, status, ordered) = ROW (excluded.user_id, excluded.status, excluded.ordered)
    WHERE (orders.*) IS DISTINCT FROM (excluded.*) RETURNING 1)
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT 'orders', :run, count(*), extract(epoch FROM clock_timestamp() - :'started'::timestamptz) FROM moved;

-- Children from an array of documents: the child foreign table has one row for each element.
SELECT clock_timestamp() AS started \gset
WITH moved AS (
    INSERT INTO shop.order_items SELECT i._id, i.__ord, i.product, i.qty, i.price FROM source.order_items i
    WHERE i.__errors IS NULL AND EXISTS (SELECT FROM shop.orders o WHERE o.id = i._id)
      AND EXISTS (SELECT FROM shop.products p WHERE p.id = i.product)
    ON CONFLICT (order_id, position) DO UPDATE SET (product, qty, price) = ROW (excluded.product, excluded.qty, excluded.price)
    WHERE (order_items.*) IS DISTINCT FROM (excluded.*) RETURNING 1)
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT 'order_items', :run, count(*), extract(epoch FROM clock_timestamp() - :'started'::timestamptz) FROM moved;
-- Items of a product that was rejected are rejects too.
INSERT INTO shop.rejects SELECT 'order_items', i._id || '#' || i.__ord, 'product was rejected', jsonb_build_object('product', i.product)
    FROM source.order_items i JOIN shop.rejects r ON r.target = 'products' AND r.source_id = i.product::text
    WHERE EXISTS (SELECT FROM shop.orders o WHERE o.id = i._id);
