CREATE SCHEMA IF NOT EXISTS source;
CREATE FOREIGN TABLE source.cities (
    _id integer,
    name text,
    latitude double precision,
    longitude double precision,
    countrycode char(2),
    population bigint,
    timezone text,
    admin1code text,
    __rest jsonb OPTIONS (except '["alternatenames"]'),
    __errors jsonb,
    __key bytea
) SERVER shop_mongodb OPTIONS (database 'demo', collection 'cities', on_conversion_error 'collect');
CREATE FOREIGN TABLE source.cities_alternatenames (
    _id integer,
    value text OPTIONS (path 'alternatenames'),
    __ord integer,
    __errors jsonb,
    __key bytea
) SERVER shop_mongodb OPTIONS (database 'demo', collection 'cities', unwind 'alternatenames', on_conversion_error 'collect');
CREATE FOREIGN TABLE source.countries (
    _id text,
    capital text,
    capital_latlng double precision[],
    "ISO_alpha2" char(2) OPTIONS (path 'ISO.alpha2'),
    "ISO_alpha3" text OPTIONS (path 'ISO.alpha3'),
    "ISO_numeric" text OPTIONS (path 'ISO.numeric'),
    name text,
    "altSpellings" text[],
    region text,
    subregion text,
    intermediateregion text,
    "timezoneNames" text[],
    area double precision,
    borders text[],
    "callingCodes" text[],
    currencies text[],
    demonym text,
    flag text,
    "geoJSON" jsonb,
    languages text[],
    latlng double precision[],
    "nativeName" text,
    population bigint,
    provinces text[],
    timezones text[],
    tld text[],
    translations jsonb,
    wiki text,
    alt text[],
    __rest jsonb,
    __errors jsonb,
    __key bytea
) SERVER shop_mongodb OPTIONS (database 'demo', collection 'countries', on_conversion_error 'collect');
CREATE FOREIGN TABLE source.orders (
    _id mongo.objectid,
    "user" mongo.objectid,
    status text,
    ordered timestamp with time zone,
    __rest jsonb OPTIONS (except '["items"]'),
    __errors jsonb,
    __key bytea
) SERVER shop_mongodb OPTIONS (database 'demo', collection 'orders', on_conversion_error 'collect');
CREATE FOREIGN TABLE source.orders_items (
    _id mongo.objectid,
    product mongo.objectid OPTIONS (path 'items.product'),
    qty integer OPTIONS (path 'items.qty'),
    price numeric OPTIONS (path 'items.price'),
    __ord integer,
    __rest jsonb,
    __errors jsonb,
    __key bytea
) SERVER shop_mongodb OPTIONS (database 'demo', collection 'orders', unwind 'items', on_conversion_error 'collect');
CREATE FOREIGN TABLE source.products (
    _id mongo.objectid,
    sku text,
    title text,
    price numeric,
    stock bigint,
    __errors jsonb,
    __key bytea
) SERVER shop_mongodb OPTIONS (database 'demo', collection 'products', on_conversion_error 'collect');
CREATE FOREIGN TABLE source.users (
    _id mongo.objectid,
    name text,
    email text,
    joined timestamp with time zone,
    address_city text OPTIONS (path 'address.city'),
    address_zip text OPTIONS (path 'address.zip'),
    tags text[],
    __errors jsonb,
    __key bytea
) SERVER shop_mongodb OPTIONS (database 'demo', collection 'users', on_conversion_error 'collect');
CREATE SCHEMA IF NOT EXISTS shop;
CREATE TABLE shop.cities (
    id integer NOT NULL,
    name text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    country char(2) NOT NULL,
    population bigint NOT NULL,
    timezone text NOT NULL,
    admin1code text NOT NULL,
    extra jsonb,
    PRIMARY KEY (id)
);
CREATE TABLE shop.city_names (
    cities_id integer NOT NULL,
    ord integer NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (cities_id, ord)
);
CREATE TABLE shop.countries (
    id text NOT NULL,
    capital text,
    capital_latlng double precision[],
    alpha2 char(2) NOT NULL,
    "ISO_alpha3" text NOT NULL,
    "ISO_numeric" text,
    name text NOT NULL,
    "altSpellings" text[] NOT NULL,
    region text NOT NULL,
    subregion text NOT NULL,
    intermediateregion text,
    "timezoneNames" text[],
    area double precision,
    borders text[],
    "callingCodes" text[],
    currencies text[],
    demonym text,
    flag text,
    "geoJSON" jsonb,
    languages text[],
    latlng double precision[],
    "nativeName" text,
    population bigint,
    provinces text[],
    timezones text[],
    tld text[],
    translations jsonb,
    wiki text,
    alt text[],
    extra jsonb,
    PRIMARY KEY (id)
);
CREATE TABLE shop.orders (
    id mongo.objectid NOT NULL,
    user_id mongo.objectid NOT NULL,
    status text NOT NULL,
    ordered timestamp with time zone NOT NULL,
    extra jsonb,
    PRIMARY KEY (id)
);
CREATE TABLE shop.order_items (
    orders_id mongo.objectid NOT NULL,
    ord integer NOT NULL,
    product mongo.objectid NOT NULL,
    qty integer,
    price numeric NOT NULL,
    extra jsonb,
    PRIMARY KEY (orders_id, ord)
);
CREATE TABLE shop.products (
    id mongo.objectid NOT NULL,
    sku text NOT NULL,
    title text NOT NULL,
    price numeric NOT NULL,
    stock bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE shop.users (
    id mongo.objectid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    joined timestamp with time zone NOT NULL,
    address_city text NOT NULL,
    address_zip text NOT NULL,
    tags text[] NOT NULL,
    PRIMARY KEY (id)
);
ALTER TABLE shop.countries ADD CONSTRAINT countries_alpha2_key UNIQUE (alpha2);
ALTER TABLE shop.products ADD CONSTRAINT products_price_check CHECK (price >= 0);
ALTER TABLE shop.products ADD CONSTRAINT products_sku_key UNIQUE (sku);
ALTER TABLE shop.city_names ADD CONSTRAINT city_names_cities_fkey FOREIGN KEY (cities_id) REFERENCES shop.cities (id) ON DELETE CASCADE;
ALTER TABLE shop.order_items ADD CONSTRAINT order_items_orders_fkey FOREIGN KEY (orders_id) REFERENCES shop.orders (id) ON DELETE CASCADE;
ALTER TABLE shop.order_items ADD CONSTRAINT order_items_product_fkey FOREIGN KEY (product) REFERENCES shop.products (id);
ALTER TABLE shop.orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES shop.users (id);
COMMENT ON TABLE shop.cities IS 'MongoDB: demo.cities; laid out from all 2402 documents';
COMMENT ON COLUMN shop.cities.id IS '_id: int 100 %; integer because of integers; from all 2402 documents';
COMMENT ON COLUMN shop.cities.name IS 'name: string 100 %; text because of strings; from all 2402 documents';
COMMENT ON COLUMN shop.cities.latitude IS 'latitude: double 100 %; double precision because of doubles; from all 2402 documents';
COMMENT ON COLUMN shop.cities.longitude IS 'longitude: double 100 %; double precision because of doubles; from all 2402 documents';
COMMENT ON COLUMN shop.cities.country IS 'countrycode: string 100 %; text because of strings; from all 2402 documents; char(2) by hand';
COMMENT ON COLUMN shop.cities.population IS 'population: int 100 %; integer because of integers; from all 2402 documents; bigint by hand';
COMMENT ON COLUMN shop.cities.timezone IS 'timezone: string 100 %; text because of strings; from all 2402 documents';
COMMENT ON COLUMN shop.cities.admin1code IS 'admin1code: string 100 %; text because of strings; from all 2402 documents';
COMMENT ON COLUMN shop.cities.extra IS 'what the other columns leave of the document: fields outside the sample, misfits, explicit nulls';
COMMENT ON TABLE shop.city_names IS 'MongoDB: demo.cities, array alternatenames; laid out from all 2402 documents';
COMMENT ON COLUMN shop.city_names.cities_id IS '_id: int 100 %; integer because of integers; from all 2402 documents';
COMMENT ON COLUMN shop.city_names.ord IS 'position in the array, from 1';
COMMENT ON COLUMN shop.city_names.value IS 'alternatenames[]: string 100 %; text because of strings; from all 2402 documents';
COMMENT ON TABLE shop.countries IS 'MongoDB: demo.countries; laid out from all 254 documents';
COMMENT ON COLUMN shop.countries.id IS '_id: string 100 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.capital IS 'capital: string 98.43 %, array 0.3937 %, null 1.181 %; text because of strings; 1 value does not fit; from all 254 documents';
COMMENT ON COLUMN shop.countries.capital_latlng IS 'capital_latlng: array 98.82 %, null 1.181 %; double precision[] because of an array of doubles; from all 254 documents';
COMMENT ON COLUMN shop.countries.alpha2 IS 'ISO.alpha2: string 100 %; text because of strings; from all 254 documents; char(2) by hand';
COMMENT ON COLUMN shop.countries."ISO_alpha3" IS 'ISO.alpha3: string 100 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries."ISO_numeric" IS 'ISO.numeric: string 100 %; missing 0.3937 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.name IS 'name: string 100 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries."altSpellings" IS 'altSpellings: array 100 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.region IS 'region: string 100 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.subregion IS 'subregion: string 100 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.intermediateregion IS 'intermediateregion: string 100 %; missing 4.724 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries."timezoneNames" IS 'timezoneNames: array 100 %; missing 1.181 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.area IS 'area: double 1.255 %, null 3.347 %, int 95.4 %; missing 5.906 %; double precision because of integers and fractions; from all 254 documents';
COMMENT ON COLUMN shop.countries.borders IS 'borders: array 100 %; missing 5.906 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries."callingCodes" IS 'callingCodes: array 100 %; missing 5.906 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.currencies IS 'currencies: array 100 %; missing 5.906 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.demonym IS 'demonym: string 100 %; missing 5.906 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.flag IS 'flag: string 100 %; missing 5.512 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries."geoJSON" IS 'geoJSON: object 100 %; missing 7.087 %; jsonb because of what layout says; from all 254 documents';
COMMENT ON COLUMN shop.countries.languages IS 'languages: array 100 %; missing 5.906 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.latlng IS 'latlng: array 100 %; missing 5.906 %; double precision[] because of an array of integers and fractions; from all 254 documents';
COMMENT ON COLUMN shop.countries."nativeName" IS 'nativeName: string 100 %; missing 5.906 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.population IS 'population: int 100 %; missing 5.906 %; integer because of integers; from all 254 documents; bigint by hand';
COMMENT ON COLUMN shop.countries.provinces IS 'provinces: array 100 %; missing 5.118 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.timezones IS 'timezones: array 82.43 %, null 17.57 %; missing 5.906 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.tld IS 'tld: array 100 %; missing 5.118 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.translations IS 'translations: object 100 %; missing 6.693 %; jsonb because of what layout says; from all 254 documents';
COMMENT ON COLUMN shop.countries.wiki IS 'wiki: string 100 %; missing 5.118 %; text because of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.alt IS 'alt: array 100 %; missing 99.61 %; text[] because of an array of strings; from all 254 documents';
COMMENT ON COLUMN shop.countries.extra IS 'what the other columns leave of the document: fields outside the sample, misfits, explicit nulls';
COMMENT ON TABLE shop.orders IS 'MongoDB: demo.orders; laid out from all 8000 documents';
COMMENT ON COLUMN shop.orders.id IS '_id: objectId 100 %; from all 8000 documents';
COMMENT ON COLUMN shop.orders.user_id IS 'user: objectId 100 %; from all 8000 documents; refers to users: 200 of 200 different values found';
COMMENT ON COLUMN shop.orders.status IS 'status: string 100 %; text because of strings; from all 8000 documents';
COMMENT ON COLUMN shop.orders.ordered IS 'ordered: date 100 %; missing 0.0125 %; timestamp with time zone because of dates; from all 8000 documents';
COMMENT ON COLUMN shop.orders.extra IS 'what the other columns leave of the document: fields outside the sample, misfits, explicit nulls';
COMMENT ON TABLE shop.order_items IS 'MongoDB: demo.orders, array items; laid out from all 8000 documents';
COMMENT ON COLUMN shop.order_items.orders_id IS '_id: objectId 100 %; from all 8000 documents';
COMMENT ON COLUMN shop.order_items.ord IS 'position in the array, from 1';
COMMENT ON COLUMN shop.order_items.product IS 'items[].product: objectId 100 %; from all 8000 documents; refers to products: 200 of 200 different values found';
COMMENT ON COLUMN shop.order_items.qty IS 'items[].qty: string 0.005022 %, int 99.99 %; integer because of integers; 1 value does not fit; from all 8000 documents';
COMMENT ON COLUMN shop.order_items.price IS 'items[].price: decimal 100 %; numeric because of Decimal128 keeps its digits in numeric alone; from all 8000 documents';
COMMENT ON COLUMN shop.order_items.extra IS 'what the other columns leave of the element: fields outside the sample, misfits, explicit nulls';
COMMENT ON TABLE shop.products IS 'MongoDB: demo.products; laid out from all 500 documents';
COMMENT ON COLUMN shop.products.id IS '_id: objectId 100 %; from all 500 documents';
COMMENT ON COLUMN shop.products.sku IS 'sku: string 100 %; text because of strings; from all 500 documents';
COMMENT ON COLUMN shop.products.title IS 'title: string 100 %; text because of strings; from all 500 documents';
COMMENT ON COLUMN shop.products.price IS 'price: decimal 100 %; numeric because of Decimal128 keeps its digits in numeric alone; from all 500 documents';
COMMENT ON COLUMN shop.products.stock IS 'stock: long 100 %; bigint because of integers; from all 500 documents';
COMMENT ON TABLE shop.users IS 'MongoDB: demo.users; laid out from all 2000 documents';
COMMENT ON COLUMN shop.users.id IS '_id: objectId 100 %; from all 2000 documents';
COMMENT ON COLUMN shop.users.name IS 'name: string 100 %; text because of strings; from all 2000 documents';
COMMENT ON COLUMN shop.users.email IS 'email: string 100 %; text because of strings; from all 2000 documents';
COMMENT ON COLUMN shop.users.joined IS 'joined: date 100 %; timestamp with time zone because of dates; from all 2000 documents';
COMMENT ON COLUMN shop.users.address_city IS 'address.city: string 100 %; text because of strings; from all 2000 documents';
COMMENT ON COLUMN shop.users.address_zip IS 'address.zip: string 100 %; text because of strings; from all 2000 documents';
COMMENT ON COLUMN shop.users.tags IS 'tags: array 100 %; text[] because of an array of strings; from all 2000 documents';
