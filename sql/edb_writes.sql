-- Statements that are written for EnterpriseDB's wrapper: what it does, and what it is known not to do.
\set VERBOSITY terse
CREATE SERVER edb_server FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (compatibility 'edb');
DO $$ DECLARE uri text := (SELECT substring(option FROM 'uri=(.*)') FROM pg_foreign_server, unnest(srvoptions) option WHERE srvname = 'mongodb' AND option LIKE 'uri=%');
BEGIN EXECUTE format('ALTER SERVER edb_server OPTIONS (ADD uri %L)', uri); END $$;
CREATE USER MAPPING FOR public SERVER edb_server;
CREATE FOREIGN TABLE warehouse (_id name, warehouse_id int, warehouse_name text, "address.city" text, "address.zip" int, opened timestamp, open bool, stock float8, tags text[], raw bytea)
    SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'warehouse');
CREATE FOREIGN TABLE warehouse_doc (_id name, __doc json) SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'warehouse');
CREATE FOREIGN TABLE warehouse_jsonb (__doc jsonb) SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'warehouse');
TRUNCATE warehouse;

-- _id is made by the server's rules where none is given, an ObjectId; one that is given is kept, as an ObjectId.
INSERT INTO warehouse (warehouse_id, warehouse_name) VALUES (1, 'UPS');
INSERT INTO warehouse VALUES (NULL, 2, 'Laptop', 'Ghent', 9000, '2014-12-12 07:12:10', true, 2.5, '{a,b}', '\x01ff');
INSERT INTO warehouse (_id, warehouse_id) VALUES ('58a1ebbaf543ec0b90545859', 3);
INSERT INTO warehouse (_id, warehouse_id) VALUES ('no ObjectId', 4);
INSERT INTO warehouse (_id, warehouse_id) VALUES (0, 5), ('0', 6), ('58a1ebbaf543ec0b9054585a', 7) RETURNING warehouse_id, length(_id) AS length, _id = '58a1ebbaf543ec0b9054585a' AS kept;
INSERT INTO warehouse (_id, warehouse_id) SELECT '0', 8 FROM generate_series(1, 3);
DELETE FROM warehouse WHERE warehouse_id > 3;
-- The new _id is what bounds and check options see; generated columns, which were made before, refuse it. An option bson_type says otherwise.
CREATE TABLE routed (_id name, n int) PARTITION BY RANGE (_id);
CREATE FOREIGN TABLE routed_low PARTITION OF routed FOR VALUES FROM ('0') TO ('g') SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'routed');
CREATE FOREIGN TABLE routed_high PARTITION OF routed FOR VALUES FROM ('g') TO ('zzz') SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'routed_high');
TRUNCATE routed;
INSERT INTO routed VALUES ('0', 1);
INSERT INTO routed VALUES ('xyz', 2);
SELECT length(_id), n FROM routed;
SELECT error_of('INSERT INTO routed VALUES (''0'', 3) RETURNING ctid');
SELECT error_of('INSERT INTO routed_low VALUES (''0'', 3) RETURNING xmin');
CREATE VIEW routed_view AS SELECT * FROM routed_low WHERE _id ~ '^[g-z]' WITH CHECK OPTION;
INSERT INTO routed_view VALUES ('xyz', 4);
SELECT count(*) FROM routed;
DROP VIEW routed_view;
TRUNCATE routed;
DROP TABLE routed;
CREATE FOREIGN TABLE made_of (_id name, n int, lower_id text GENERATED ALWAYS AS (lower(_id::text)) STORED) SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'made_of');
INSERT INTO made_of (_id, n) VALUES ('X', 1);
CREATE FOREIGN TABLE named (_id name OPTIONS (bson_type 'string'), n int) SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'named');
TRUNCATE named;
INSERT INTO named VALUES ('x', 1) RETURNING *;
SELECT * FROM named WHERE _id = 'x';
DROP FOREIGN TABLE made_of, named;
-- NULL is written as null.
SELECT __doc -> 'tags' AS tags, __doc -> 'address' AS address FROM warehouse_doc WHERE __doc ->> 'warehouse_id' = '1';
SELECT length(_id) AS length, warehouse_id, warehouse_name, "address.city", "address.zip", opened, open, stock, tags, raw FROM warehouse ORDER BY warehouse_id;
SELECT __doc -> 'warehouse_id' AS id, __doc -> 'address' AS address, __doc -> '_id' ->> '$oid' IS NOT NULL AS is_oid, __doc ->> 'warehouse_name' AS name FROM warehouse_doc ORDER BY __doc ->> 'warehouse_id';

-- UPDATE and DELETE by any condition; what is not there is no error and counts none.
UPDATE warehouse SET warehouse_name = 'Server', "address.city" = 'Lyon' WHERE _id = '58a1ebbaf543ec0b90545859';
UPDATE warehouse SET warehouse_name = warehouse_name || '!', stock = NULL WHERE warehouse_id = 2 RETURNING warehouse_name, stock, "address.city";
WITH u AS (UPDATE warehouse SET open = false WHERE warehouse_id = 99 RETURNING 1) SELECT count(*) FROM u;
UPDATE warehouse SET _id = '58a1ebbaf543ec0b90545860' WHERE warehouse_id = 3;
UPDATE warehouse SET warehouse_id = NULL WHERE warehouse_id = 1;
SELECT warehouse_id, warehouse_name, "address.city", stock FROM warehouse ORDER BY 1, 2;
WITH d AS (DELETE FROM warehouse WHERE warehouse_id IS NULL RETURNING warehouse_name) SELECT * FROM d;
DELETE FROM warehouse WHERE _id = '58a1ebbaf543ec0b90545859';
SELECT count(*) FROM warehouse;

-- Values of one type in a column of another: bool and numbers stand for each other, the rest is NULL and is not lost.
INSERT INTO warehouse_jsonb VALUES ('{"warehouse_id": true, "open": 1, "stock": "many", "warehouse_name": "odd"}');
SELECT warehouse_id, open, stock FROM warehouse WHERE warehouse_name = 'odd';
UPDATE warehouse SET stock = NULL WHERE warehouse_name = 'odd';
UPDATE warehouse SET open = open, warehouse_id = warehouse_id WHERE warehouse_name = 'odd' RETURNING warehouse_id, open;
SELECT __doc -> 'open' AS open, __doc -> 'stock' AS stock FROM warehouse_doc WHERE __doc ->> 'warehouse_name' = 'odd';

-- A numeric stays a double where the stored field is one and says the number; keep_double decides, for other tables too.
CREATE FOREIGN TABLE prices (_id name, n int, price numeric, list numeric[], fixed numeric OPTIONS (path 'price', keep_double 'false')) SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'prices');
CREATE FOREIGN TABLE prices_raw (_id int, n int, price numeric, __doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'prices', keep_double 'true', write_mode 'insert');
TRUNCATE prices;
INSERT INTO prices_raw (__doc) VALUES ('{"_id": 1, "n": 1, "price": 1.5, "list": [0.5, {"$numberDecimal": "2.50"}]}'), ('{"_id": 2, "n": 2, "price": {"$numberDecimal": "1.50"}}'), ('{"_id": 3, "n": 3, "price": {"$numberInt": "7"}}'), ('{"_id": 4, "n": 4}');
UPDATE prices_raw SET price = coalesce(price, 0) + 0.25;
SELECT _id, __doc -> 'price' AS price FROM prices_raw ORDER BY _id;
UPDATE prices_raw SET price = 2.75;
SELECT _id, __doc -> 'price' AS price FROM prices_raw ORDER BY _id;
UPDATE prices_raw SET price = 0.1234567890123456789 WHERE _id = 1; -- a double does not say it
SELECT _id, __doc -> 'price' AS price FROM prices_raw WHERE _id = 1;
TRUNCATE prices;
INSERT INTO prices_raw (__doc) VALUES ('{"_id": {"$oid": "58a1ebbaf543ec0b9054585b"}, "n": 1, "price": 1.5, "list": [0.5, {"$numberDecimal": "2.50"}]}'), ('{"_id": {"$oid": "58a1ebbaf543ec0b9054585c"}, "n": 2, "price": 1.5}');
UPDATE prices SET price = price * 2, list = ARRAY[0.75, 2.51, 1] WHERE n = 1;
UPDATE prices SET fixed = 4 WHERE n = 2;
SELECT n, price, list FROM prices ORDER BY n;
ALTER FOREIGN TABLE prices_raw ALTER __doc OPTIONS (ADD json_format 'canonical');
ALTER FOREIGN TABLE prices_raw DROP COLUMN _id;
SELECT n, __doc -> 'price' AS price, __doc -> 'list' AS list FROM prices_raw ORDER BY n;
DROP FOREIGN TABLE prices, prices_raw;

-- What that wrapper refuses: RETURNING, whole documents, COPY, partitions, TRUNCATE, ON CONFLICT, _id elsewhere and of any type.
INSERT INTO warehouse (warehouse_id) VALUES (10) RETURNING warehouse_id, length(_id) AS length;
INSERT INTO warehouse_doc (__doc) VALUES ('{"warehouse_id": 11, "nested": {"list": [1, {"x": null}]}}') RETURNING __doc -> 'nested' AS nested;
UPDATE warehouse_doc SET __doc = '{"warehouse_id": 11, "replaced": true}' WHERE __doc ->> 'warehouse_id' = '11';
COPY warehouse (warehouse_id, warehouse_name) FROM stdin;
12	copied
13	too
\.
CREATE TABLE depots (depot int, region text) PARTITION BY LIST (region);
CREATE FOREIGN TABLE depots_north PARTITION OF depots FOR VALUES IN ('north') SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'depots');
TRUNCATE depots;
INSERT INTO depots VALUES (1, 'north'), (2, 'north');
COPY depots FROM stdin;
3	north
\.
SELECT * FROM depots ORDER BY 1;
CREATE FOREIGN TABLE any_id (v int, _id bytea) SERVER edb_server OPTIONS (database 'mongo_fdw_cpp_writes', collection 'any_id');
TRUNCATE any_id;
INSERT INTO any_id VALUES (1, '\x00ff'), (2, '\x01') ON CONFLICT DO NOTHING;
INSERT INTO any_id VALUES (3, '\x01') ON CONFLICT DO NOTHING;
UPDATE any_id SET v = v * 10 WHERE _id = '\x01';
SELECT * FROM any_id ORDER BY v;
BEGIN;
DELETE FROM any_id WHERE v = 1;
ROLLBACK;
SELECT count(*) FROM any_id;
SELECT warehouse_id, warehouse_name FROM warehouse WHERE warehouse_id >= 10 ORDER BY 1;
TRUNCATE warehouse;
SELECT count(*) FROM warehouse;
EXPLAIN (COSTS OFF) DELETE FROM warehouse WHERE warehouse_id = 1;
DROP TABLE depots;
DROP FOREIGN TABLE warehouse, warehouse_doc, warehouse_jsonb, any_id;
DROP USER MAPPING FOR public SERVER edb_server;
DROP SERVER edb_server;
