-- Indexes: those of a server, what a plan makes of each kind, and making them.
\set VERBOSITY terse
SELECT index_name, kind, keys, is_unique, is_sparse, is_hidden, partial_filter, expire_after_seconds, note IS NULL AS counted, operations >= 0 AS used FROM mongo.indexes('mongodb', 'mongo_fdw_cpp_indexes') WHERE collection = 'things';
SELECT count(*) FROM mongo.indexes('mongodb', 'mongo_fdw_cpp_indexes', '{nothing}');
SELECT error_of($$SELECT * FROM mongo.indexes('nowhere', 'x')$$);
SELECT table_name, columns FROM mongo.create_plan('ix', 'mongodb', 'mongo_fdw_cpp_indexes', 'ix', sample => 0, layout => '{"things.loc": "jsonb", "things.attrs": "jsonb"}');
SELECT table_name, name, definition, is_unique AS u, exactness, enabled AS on, source_index, why FROM mongo.plan_index WHERE plan = 'ix' ORDER BY source_index COLLATE "C";
SELECT source_index, statement FROM mongo.suggest_indexes('ix') ORDER BY source_index COLLATE "C";

-- Every kind, and what is peculiar about it, as listIndexes tells them. (email is not in all documents.)
CREATE TABLE kinds (n serial, about text, definition json);
INSERT INTO kinds (about, definition) VALUES
    ('compound with directions', '{"name": "i", "key": {"city": 1, "rank": -1, "name": -1.0}}'),
    ('with _id', '{"name": "i", "key": {"city": 1, "_id": 1}}'),
    ('unique, there in all documents', '{"name": "i", "key": {"name": 1}, "unique": true}'),
    ('unique, missing in some', '{"name": "i", "key": {"email": 1}, "unique": true}'),
    ('unique and sparse', '{"name": "i", "key": {"email": 1}, "unique": true, "sparse": true}'),
    ('unique and sparse, two fields', '{"name": "i", "key": {"email": 1, "opt": 1}, "unique": true, "sparse": true}'),
    ('sparse', '{"name": "i", "key": {"opt": 1}, "sparse": true}'),
    ('sparse, two fields', '{"name": "i", "key": {"email": 1, "opt": -1}, "sparse": true}'),
    ('partial: equal, greater', '{"name": "i", "key": {"rank": 1}, "partialFilterExpression": {"status": "new", "rank": {"$gt": 5, "$lte": 30}}}'),
    ('partial: exists', '{"name": "i", "key": {"rank": 1}, "partialFilterExpression": {"email": {"$exists": true}}}'),
    ('partial: text by bytes, dates', '{"name": "i", "key": {"rank": 1}, "partialFilterExpression": {"$or": [{"name": {"$gte": "m"}}, {"created": {"$lt": {"$date": "2026-02-01T00:00:00Z"}}}]}}'),
    ('partial: a quote in a value', '{"name": "i", "key": {"rank": 1}, "partialFilterExpression": {"name": "it''s"}}'),
    ('partial: what cannot be said', '{"name": "i", "key": {"rank": 1}, "partialFilterExpression": {"rank": {"$type": "string"}}}'),
    ('partial: number for a text', '{"name": "i", "key": {"rank": 1}, "partialFilterExpression": {"name": 5}}'),
    ('partial and unique', '{"name": "i", "key": {"rank": 1}, "unique": true, "partialFilterExpression": {"status": "new"}}'),
    ('multikey over documents', '{"name": "i", "key": {"items.sku": 1, "items.qty": -1}}'),
    ('multikey and unique', '{"name": "i", "key": {"items.sku": 1}, "unique": true}'),
    ('multikey over texts', '{"name": "i", "key": {"tags": 1}}'),
    ('multikey beside another field', '{"name": "i", "key": {"tags": 1, "city": 1}}'),
    ('fields of two tables', '{"name": "i", "key": {"items.sku": 1, "city": 1}}'),
    ('within jsonb', '{"name": "i", "key": {"attrs.x": 1}}'),
    ('no such field', '{"name": "i", "key": {"nothing": 1}}'),
    ('hashed', '{"name": "i", "key": {"city": "hashed"}}'),
    ('hashed beside another field', '{"name": "i", "key": {"rank": 1, "city": "hashed"}}'),
    ('text', '{"name": "i", "key": {"_fts": "text", "_ftsx": 1}, "weights": {"body": 1, "title": 10}, "default_language": "english"}'),
    ('text in an unknown language', '{"name": "i", "key": {"_fts": "text", "_ftsx": 1}, "weights": {"title": 1}, "default_language": "klingon"}'),
    ('text of all fields', '{"name": "i", "key": {"_fts": "text", "_ftsx": 1}, "weights": {"$**": 1}}'),
    ('places, GeoJSON', '{"name": "i", "key": {"loc": "2dsphere"}}'),
    ('places on a plane', '{"name": "i", "key": {"tags": "2d"}}'),
    ('wildcard over all', '{"name": "i", "key": {"$**": 1}}'),
    ('wildcard over a sub-document', '{"name": "i", "key": {"attrs.$**": 1}}'),
    ('wildcard over columns', '{"name": "i", "key": {"items.$**": 1}}'),
    ('TTL', '{"name": "i", "key": {"created": 1}, "expireAfterSeconds": 3600}'),
    ('collation without case', '{"name": "i", "key": {"city": 1, "rank": 1}, "collation": {"locale": "en", "strength": 2}}'),
    ('collation without case, unique', '{"name": "i", "key": {"name": 1}, "unique": true, "collation": {"locale": "en", "strength": 1}}'),
    ('collation of a language', '{"name": "i", "key": {"city": 1}, "collation": {"locale": "de", "strength": 3}}'),
    ('hidden', '{"name": "i", "key": {"city": 1}, "hidden": true}'),
    ('partial: over elements', '{"name": "i", "key": {"items.sku": 1}, "partialFilterExpression": {"items.qty": {"$gt": 5}}}'),
    ('partial and hashed', '{"name": "i", "key": {"city": "hashed"}, "partialFilterExpression": {"rank": {"$gt": 5}}}'),
    ('partial and over texts', '{"name": "i", "key": {"tags": 1}, "partialFilterExpression": {"rank": {"$gt": 5}}}'),
    ('unique with directions', '{"name": "i", "key": {"name": 1, "rank": -1}, "unique": 1.0}'),
    ('text beside another key, with a filter', '{"name": "i", "key": {"city": 1, "_fts": "text", "_ftsx": 1}, "weights": {"title": 1}, "partialFilterExpression": {"rank": 5}}'),
    ('wildcard with a projection', '{"name": "i", "key": {"$**": 1}, "wildcardProjection": {"attrs": 1}}'),
    ('TTL with a filter', '{"name": "i", "key": {"created": 1}, "expireAfterSeconds": 60, "partialFilterExpression": {"status": "new"}}'),
    ('TTL of elements', '{"name": "i", "key": {"items.at": 1}, "expireAfterSeconds": 60}'),
    ('TTL of numbers', '{"name": "i", "key": {"rank": 1}, "expireAfterSeconds": 60}'),
    ('TTL of an array', '{"name": "i", "key": {"dates": 1}, "expireAfterSeconds": 60}'),
    ('TTL that is odd', '{"name": "i", "key": {"created": 1}, "expireAfterSeconds": {"$numberDouble": "NaN"}}'),
    ('collation that sees case', '{"name": "i", "key": {"name": 1}, "unique": true, "collation": {"locale": "en", "strength": 1, "caseLevel": true}}'),
    ('collation of a country', '{"name": "i", "key": {"city": 1}, "collation": {"locale": "en_US", "strength": 3}}'),
    ('of a kind that is new', '{"name": "i", "key": {"city": "columnstore"}}');
\x on
SELECT k.about, o.table_name, o.definition, o.is_unique AS u, o.exactness, o.enabled AS on, o.expire_after_seconds AS ttl, o.why
  FROM kinds AS k, mongo.plan AS p, mongo_internal.propose_index(p, mongo_internal.source_index('things', k.definition)) AS o WHERE p.plan = 'ix' ORDER BY k.n;
\x off
-- Each definition is one that PostgreSQL takes (but for PostGIS).
CALL mongo.apply_plan('ix');
CALL mongo.load('ix', workers => 0);
DO $$
DECLARE
    k record;
BEGIN
    FOR k IN SELECT s.about, mongo_internal.index_statement(p.target_schema, o.table_name, NULL, o.definition, o.is_unique) AS statement FROM kinds AS s, mongo.plan AS p, mongo_internal.propose_index(p, mongo_internal.source_index('things', s.definition)) AS o
              WHERE p.plan = 'ix' AND o.definition <> '' AND o.exactness <> 'none' ORDER BY s.n LOOP
        BEGIN
            EXECUTE k.statement;
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE '%: %: %', k.about, k.statement, SQLERRM;
        END;
    END LOOP;
END $$;
-- Made by a worker while others write, and what is in the way of one.
DROP TABLE ix.things, ix.things_items;
UPDATE mongo.plan SET state = 'planned' WHERE plan = 'ix';
CALL mongo.apply_plan('ix');
CALL mongo.load('ix', workers => 0);
INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique) VALUES ('ix', 'things', 'things_one_city_idx', '(city)', true), ('ix', 'things', 'things_upper_idx', '(upper(name)) WHERE rank > 3', true);
CALL mongo.apply_plan('ix', '{constraints,indexes}', concurrently => true);
SELECT c.relname, i.indisvalid, i.indisunique, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'ix.things'::regclass ORDER BY 1;
CALL mongo.apply_plan('ix', '{indexes}', concurrently => true);
UPDATE mongo.plan_index SET definition = '' WHERE plan = 'ix' AND name = 'things_upper_idx';
SELECT error_of($$SELECT * FROM mongo.plan_statements('ix', '{indexes}')$$);
DELETE FROM mongo.plan_index WHERE plan = 'ix' AND name = 'things_upper_idx';
-- What a job has to do for a TTL index: as the columns are called, with the filter, of whole documents.
INSERT INTO mongo.plan_index (plan, table_name, name, definition, expire_after_seconds) VALUES ('ix', 'things', 'ttl_some', '(created DESC) WHERE status = ''created''', 60), ('ix', 'things_items', 'ttl_items', '(at)', 60), ('ix', 'things', 'ttl_dates', 'USING gin (dates)', 60);
UPDATE mongo.plan_column SET name = 'Made At' WHERE plan = 'ix' AND table_name = 'things' AND name = 'created';
UPDATE mongo.plan_column SET name = 'gin' WHERE plan = 'ix' AND table_name = 'things' AND name = 'city';
UPDATE mongo.plan_column SET name = 'town' WHERE plan = 'ix' AND table_name = 'things' AND name = 'gin';
SELECT i.name, i.definition, mongo_internal.expire_statement(i) FROM mongo.plan_index i WHERE plan = 'ix' AND (expire_after_seconds IS NOT NULL OR name ~ 'city|tags') ORDER BY 1;
SELECT t.what, t.object, t.detail, t.how FROM mongo.plan p, mongo_internal.todo_of_plan(p) t WHERE p.plan = 'ix' AND t.place IN (8, 9) ORDER BY t.object;
DELETE FROM mongo.plan_index WHERE plan = 'ix' AND name LIKE 'ttl%';
UPDATE mongo.plan_column SET name = 'created' WHERE plan = 'ix' AND name = 'Made At';
UPDATE mongo.plan_column SET name = 'city' WHERE plan = 'ix' AND name = 'town';
-- An index of the planned name in another form is no index of the plan.
UPDATE mongo.plan_index SET definition = '(city, rank)' WHERE plan = 'ix' AND name = 'things_city_rank_idx';
SELECT s.name, mongo_internal.is_there(p, s) FROM mongo.plan p, mongo_internal.plan_steps(p) s WHERE p.plan = 'ix' AND s.part = 'indexes' ORDER BY 1;
CALL mongo.apply_plan('ix', '{indexes}');
UPDATE mongo.plan_index SET definition = planned ->> 'definition' WHERE plan = 'ix' AND name = 'things_city_rank_idx';
-- Made anew, a plan keeps what a person added and switched off.
UPDATE mongo.plan_index SET enabled = false WHERE plan = 'ix' AND source_index = 'compound';
SELECT count(*) FROM mongo.create_plan('ix', 'mongodb', 'mongo_fdw_cpp_indexes', 'ix', sample => 0, replace => true);
SELECT name, source_index, enabled FROM mongo.plan_index WHERE plan = 'ix' AND (source_index IS NULL OR NOT enabled) ORDER BY name;
SELECT error_of($$SELECT * FROM mongo.suggest_indexes('nothing')$$);
SET client_min_messages = warning;
CALL mongo.drop_plan('ix', source_tables => true);
DROP SCHEMA ix CASCADE;
DROP TABLE kinds;
