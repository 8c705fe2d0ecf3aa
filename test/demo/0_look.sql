-- 0. Look first: what is in the source, how much work it is, what does not fit (psql variable uri: where MongoDB is).
CREATE EXTENSION IF NOT EXISTS mongo_fdw_cpp;
CREATE SERVER shop_mongodb FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri :'uri');
CREATE USER MAPPING FOR CURRENT_USER SERVER shop_mongodb;

\echo 'The collections:'
SELECT collection, kind, documents, note FROM mongo.catalog('shop_mongodb', 'demo');
\echo 'How much work they are (A: the kit does it, B: a person decides something):'
SELECT collection, level, units, minutes, (SELECT string_agg(format('%s (%s)', f ->> 'rule', f ->> 'times'), ', ') FROM jsonb_array_elements(findings) AS f) AS findings FROM mongo.assess('shop_mongodb', 'demo');
\echo 'Which path refers to which collection:'
SELECT from_collection, from_path, to_collection, via, share, cardinality FROM mongo.references('shop_mongodb', 'demo', ARRAY['users', 'products', 'orders']);
