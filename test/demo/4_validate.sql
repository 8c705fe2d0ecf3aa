-- 4. The proof: counts, a FULL JOIN down to the ids that differ, references, and the traps by name.
CREATE TEMP TABLE checks (name text, passed boolean, found text);

-- Counts: what the source holds is what arrived plus what was rejected as a whole.
INSERT INTO checks
SELECT 'count of ' || target, source = moved + rejected, format('%s in MongoDB = %s moved + %s rejected', source, moved, rejected)
FROM (VALUES
    ('countries', (SELECT count(*) FROM source.countries), (SELECT count(*) FROM shop.countries), (SELECT count(*) FROM shop.rejects WHERE target = 'countries' AND reason LIKE 'duplicate%')),
    ('cities', (SELECT count(*) FROM source.cities), (SELECT count(*) FROM shop.cities), (SELECT count(*) FROM shop.rejects WHERE target = 'cities')),
    ('users', (SELECT count(*) FROM source.users), (SELECT count(*) FROM shop.users), 0),
    ('products', (SELECT count(*) FROM source.products), (SELECT count(*) FROM shop.products), (SELECT count(*) FROM shop.rejects WHERE target = 'products')),
    ('orders', (SELECT count(*) FROM source.orders), (SELECT count(*) FROM shop.orders), (SELECT count(*) FROM shop.rejects WHERE target = 'orders')),
    ('order items', (SELECT count(*) FROM source.order_items), (SELECT count(*) FROM shop.order_items),
        (SELECT count(*) FROM shop.rejects WHERE target = 'order_items')
        + (SELECT count(*) FROM source.order_items i JOIN shop.rejects r ON r.target = 'orders' AND r.source_id = i._id::text))
    ) v(target, source, moved, rejected);

-- Rows: both sides joined in full; whatever differs, or is on one side only, shows by its id.
CREATE TEMP TABLE differences AS
    SELECT 'users' AS target, coalesce(s._id, t.id)::text AS id FROM source.users s FULL JOIN shop.users t ON t.id = s._id
    WHERE (s._id, s.name, s.email, s.joined, s.city, s.zip, s.tags) IS DISTINCT FROM (t.id, t.name, t.email, t.joined, t.city, t.zip, t.tags)
UNION ALL
    SELECT 'products', coalesce(s._id, t.id)::text FROM source.products s FULL JOIN shop.products t ON t.id = s._id
    WHERE (s._id, s.sku, s.title, s.price, s.stock) IS DISTINCT FROM (t.id, t.sku, t.title, t.price, t.stock)
UNION ALL
    SELECT 'orders', coalesce(s._id, t.id)::text FROM source.orders s FULL JOIN shop.orders t ON t.id = s._id
    WHERE (s._id, s.user_id, s.status, s.ordered) IS DISTINCT FROM (t.id, t.user_id, t.status, t.ordered)
UNION ALL
    SELECT 'order_items', coalesce(s._id, t.order_id) || '#' || coalesce(s.__ord, t.position)
    FROM source.order_items s FULL JOIN shop.order_items t ON t.order_id = s._id AND t.position = s.__ord
    WHERE (s._id, s.__ord, s.product, s.qty, s.price) IS DISTINCT FROM (t.order_id, t.position, t.product, t.qty, t.price)
UNION ALL
    SELECT 'cities', coalesce(s._id, t.id)::text FROM source.cities s FULL JOIN shop.cities t ON t.id = s._id
    WHERE (s._id, s.name, s.countrycode, s.latitude, s.longitude, s.population, s.timezone)
        IS DISTINCT FROM (t.id, t.name, t.country::text, t.latitude, t.longitude, t.population, t.timezone)
UNION ALL
    SELECT 'countries', coalesce(s._id, t.source_id) FROM source.countries s FULL JOIN shop.countries t ON t.source_id = s._id
    WHERE (s._id, s.alpha2, s.alpha3, s.name, s.capital, s.area, s.population, s.timezones, s.languages, s.borders, s.translations, s.geo)
        IS DISTINCT FROM (t.source_id, t.alpha2::text, t.alpha3::text, t.name, t.capital, t.area, t.population, t.timezones, t.languages, t.borders, t.translations, t.geo);
INSERT INTO checks
SELECT 'rows of ' || target || ' differ only where rejected', count(*) FILTER (WHERE NOT explained) = 0,
    format('%s differ, %s of them rejected', count(id), count(*) FILTER (WHERE explained))
FROM (VALUES ('countries'), ('cities'), ('users'), ('products'), ('orders'), ('order_items')) all_targets(target)
LEFT JOIN LATERAL (
    SELECT d.id, EXISTS (SELECT FROM shop.rejects r WHERE (r.target = d.target AND r.source_id = d.id)
        OR (d.target = 'order_items' AND r.target = 'orders' AND r.source_id = split_part(d.id, '#', 1))) AS explained
    FROM differences d WHERE d.target = all_targets.target) d ON true
GROUP BY target;

-- References, asked of the source itself.
INSERT INTO checks
SELECT 'orphans among orders', count(*) = 1, format('%s order without its user', count(*)) FROM source.orders o LEFT JOIN source.users u ON u._id = o.user_id WHERE u._id IS NULL;
INSERT INTO checks
SELECT 'orphans among order items', count(*) = 0, format('%s items without their product', count(*)) FROM source.order_items i LEFT JOIN source.products p ON p._id = i.product WHERE p._id IS NULL;

-- A Decimal128 keeps every digit.
INSERT INTO checks
SELECT 'planted trap decimal_price: every digit arrived', price::text = '19.990000000000000000000001', price::text
FROM shop.products WHERE sku = 'SKU-00017';

-- The rejects are the planted and the natural traps by name, and nothing else.
CREATE TEMP TABLE traps AS
SELECT CASE
    WHEN target = 'order_items' AND reason = 'value does not fit' THEN 'planted trap text_quantity: a quantity in words'
    WHEN target = 'order_items' AND reason = 'product was rejected' THEN 'items of the product rejected as duplicate_sku'
    WHEN target = 'orders' AND reason = 'missing date' THEN 'planted trap missing_date: an order without its date'
    WHEN target = 'orders' AND reason = 'orphan reference' THEN 'planted trap orphan_order: an order of nobody'
    WHEN target = 'products' AND reason = 'duplicate key sku' THEN 'planted trap duplicate_sku: two products with one sku'
    WHEN target = 'countries' AND reason = 'value does not fit' AND detail @> '[{"path": "capital", "bson_type": "array"}]' THEN 'natural trap: a capital that is an array'
    WHEN target = 'countries' AND reason = 'duplicate key alpha2' THEN 'natural trap: countries that share a code (' || (detail->>'alpha2') || ')'
    WHEN target = 'cities' AND reason = 'orphan reference' THEN 'natural trap: cities of a country that is not in the list (' || (detail->>'countrycode') || ')'
    END AS trap, target, source_id, reason, detail
FROM shop.rejects;
INSERT INTO checks
SELECT 'every reject is a known trap', count(*) FILTER (WHERE trap IS NULL) = 0, format('%s rejects, %s unknown', count(*), count(*) FILTER (WHERE trap IS NULL)) FROM traps;
INSERT INTO checks
SELECT 'every planted trap was caught', count(DISTINCT trap) = 4, format('%s of 4 among the rejects', count(DISTINCT trap)) FROM traps WHERE trap LIKE 'planted%';
