-- Loading a plan: rows that are refused, again until the target is as the source, pruning, circles, exchanged values.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE FUNCTION put_load(collection text, VARIADIC documents text[]) RETURNS void LANGUAGE sql AS $$ SELECT put_documents('mongo_fdw_cpp_load', $1, $2) $$;
-- What a load did: rows written by its chunks, and rejects that are open.
CREATE FUNCTION last_load(wanted text DEFAULT 'load') RETURNS TABLE (table_name name, documents numeric, inserted numeric, updated numeric, deleted numeric) LANGUAGE sql AS $$
    SELECT c.table_name, sum(c.documents), sum(c.inserted), sum(c.updated), sum(c.deleted) FROM mongo.load_chunk c
     WHERE c.run = (SELECT max(r.run) FROM mongo.load_run r WHERE r.plan = wanted) AND c.pass = 1 GROUP BY 1 ORDER BY 1
$$;
CREATE VIEW open_rejects AS SELECT table_name, document_id::text AS id, array_to_string(positions, '.') AS at, stage, column_name AS "column", sqlstate, row_lost AS lost, stale, left(value, 40) AS value
    FROM mongo.reject WHERE resolved IS NULL ORDER BY table_name, source_key, positions, stage, column_name;

-- Every kind of refusal, one document each, among others that are right.
SELECT put_load('people', VARIADIC ARRAY(SELECT format('{"_id": %s, "name": "person %1$s"}', g) FROM generate_series(1, 10) g));
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %s, "n": %1$s, "name": "thing %1$s", "code": "c%1$s", "size": %1$s, "at": %1$s, "people_id": %s, "parts": [{"p": 1}, {"p": 2}]}', g, g % 10 + 1) FROM generate_series(1, 200) g));
SELECT table_name, source, columns FROM mongo.create_plan('load', 'mongodb', 'mongo_fdw_cpp_load', 'loaded', '{people,things}', sample => 0);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
UPDATE mongo.plan_column SET type = 'public.positive', expression = 'value::integer' WHERE plan = 'load' AND table_name = 'things' AND path = 'size';
UPDATE mongo.plan_column SET type = 'int4range', expression = 'int4range(value::integer, value::integer + 1)' WHERE plan = 'load' AND table_name = 'things' AND path = 'at';
UPDATE mongo.plan_foreign_key SET enabled = true WHERE plan = 'load';
INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique) VALUES ('load', 'things', 'things_code_key', 'UNIQUE (code)', true),
    ('load', 'things', 'things_n_check', 'CHECK (n < 1000)', true), ('load', 'things', 'things_at_excl', 'EXCLUDE USING gist (at WITH &&)', true), ('load', 'things_parts', 'things_parts_p', 'CHECK (p < 100)', true);
CALL mongo.apply_plan('load');
CALL mongo.apply_plan('load', '{constraints}');
ALTER TABLE loaded.things ADD COLUMN twice integer GENERATED ALWAYS AS (n * 2) STORED, ADD COLUMN loaded timestamptz DEFAULT now();
CREATE FUNCTION no_thirteen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n = 13 THEN RAISE EXCEPTION 'thirteen'; END IF; RETURN NEW; END $$;
CREATE TRIGGER no_thirteen BEFORE INSERT OR UPDATE ON loaded.things FOR EACH ROW EXECUTE FUNCTION no_thirteen();
SELECT put_load('things', VARIADIC ARRAY(SELECT CASE g WHEN 3 THEN '{"_id": 3, "n": "three", "name": "misfit", "code": "c3", "size": 3, "at": 3, "people_id": 1, "parts": [{"p": 1}, {"p": "x"}]}'
        WHEN 5 THEN '{"_id": 5, "n": 5, "name": "nul\u0000", "code": "c5", "size": 5, "at": 5, "people_id": 1, "parts": [{"p": 1}]}'
        WHEN 7 THEN '{"_id": 7, "n": 7, "code": "c7", "size": 7, "at": 7, "people_id": 1, "parts": [{"p": 1}]}'
        WHEN 9 THEN '{"_id": 9, "n": 1000, "name": "check", "code": "c9", "size": 9, "at": 9, "people_id": 1, "parts": [{"p": 1}]}'
        WHEN 11 THEN '{"_id": 11, "n": 11, "name": "unique", "code": "c12", "size": 11, "at": 11, "people_id": 1, "parts": [{"p": 1}]}'
        WHEN 15 THEN '{"_id": 15, "n": 15, "name": "domain", "code": "c15", "size": -15, "at": 15, "people_id": 1, "parts": [{"p": 1}]}'
        WHEN 17 THEN '{"_id": 17, "n": 17, "name": "foreign key", "code": "c17", "size": 17, "at": 17, "people_id": 17, "parts": [{"p": 1}]}'
        WHEN 19 THEN '{"_id": 19, "n": 19, "name": "exclusion", "code": "c19", "size": 19, "at": 20, "people_id": 1, "parts": [{"p": 1}]}'
        WHEN 21 THEN '{"_id": 21, "n": 21, "name": "expression", "code": "c21", "size": 21, "at": 2147483647, "people_id": 1, "parts": [{"p": 1}]}'
        WHEN 23 THEN '{"_id": 23, "n": 23, "name": "child", "code": "c23", "size": 23, "at": 23, "people_id": 1, "parts": [{"p": 1}, {"p": 100}, {"p": 3}]}'
        ELSE format('{"_id": %s, "n": %1$s, "name": "thing %1$s", "code": "c%1$s", "size": %1$s, "at": %1$s, "people_id": %s, "parts": [{"p": 1}, {"p": 2}]}', g, g % 10 + 1) END FROM generate_series(1, 200) g));
RESET client_min_messages;
CALL mongo.load('load', workers => 0);
SELECT * FROM open_rejects;
SELECT plan, table_name, stage, column_name, rejects, rows_lost, rows_stale, reason, document_ids FROM mongo.reject_summary WHERE stage = 'check';
SELECT count(*), sum(twice - 2 * n), (SELECT count(*) FROM loaded.things_parts) AS parts FROM loaded.things;
SELECT id, n, name, extra FROM loaded.things WHERE id IN (3, 5);
-- Again, by a worker: the same rejects, none of them twice; no row is written.
CALL mongo.load('load', workers => 1);
SELECT table_name, state, phase, documents, per_cent, remaining, rejects, failed_chunks FROM mongo.progress WHERE plan = 'load' ORDER BY table_name;
SELECT count(*), count(*) FILTER (WHERE last_seen > first_seen) AS seen_again FROM mongo.reject;
-- The constraints are mended, and one document: the others' rejects are resolved.
ALTER TABLE loaded.things DROP CONSTRAINT things_n_check, ALTER COLUMN name DROP NOT NULL;
DROP TRIGGER no_thirteen ON loaded.things;
ALTER TABLE loaded.things_parts DROP CONSTRAINT things_parts_p;
INSERT INTO loaded.people (id, name) VALUES (17, 'somebody');
CALL mongo.retry_rejects('load');
SELECT table_name, id, at, stage FROM open_rejects;
SELECT count(*), (SELECT count(*) FROM loaded.things_parts) AS parts FROM loaded.things;
-- A row whose new version is refused stays as it was, its children too.
ALTER TABLE loaded.things ADD CONSTRAINT small CHECK (n < 2000);
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %1$s, "n": %2$s, "name": "thing %1$s", "code": "c%1$s", "size": %1$s, "at": %1$s, "people_id": %3$s, "parts": [{"p": %1$s}]}', g, CASE g WHEN 50 THEN 3000 ELSE g END, g % 10 + 1) FROM generate_series(1, 200) g));
CALL mongo.load('load', workers => 0);
SELECT * FROM last_load();
SELECT table_name, id, at, stage, lost, stale FROM open_rejects;
SELECT n, (SELECT array_agg(p ORDER BY ord) FROM loaded.things_parts WHERE things_id = 50) AS parts FROM loaded.things WHERE id = 50;
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %s, "n": %1$s, "name": "thing %1$s", "code": "c%1$s", "size": %1$s, "at": %1$s, "people_id": %2$s, "parts": [{"p": %1$s}]}', g, g % 10 + 1) FROM generate_series(1, 200) g));
CALL mongo.load('load', workers => 0);
SELECT count(*) FROM open_rejects;

-- Only rows that changed are written: 1.0 and 1.00 are two values, an unchanged row is not touched or locked.
CREATE TABLE before_load AS SELECT 'things' AS t, id, 0 AS ord, xmin::text AS made, xmax::text AS locked FROM loaded.things UNION ALL SELECT 'parts', things_id, ord, xmin::text AS made, xmax::text AS locked FROM loaded.things_parts;
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %s, "n": %1$s, "name": "thing %1$s", "code": "c%1$s", "size": %1$s, "at": %1$s, "people_id": %2$s, "parts": %3$s}', g, g % 10 + 1,
    CASE g WHEN 60 THEN '[]' WHEN 61 THEN '[{"p": 61}, {"p": 62}]' WHEN 62 THEN '[{"p": 99}]' ELSE format('[{"p": %s}]', g) END) FROM generate_series(1, 201) g WHERE g <> 70));
CALL mongo.load('load', workers => 0);
SELECT * FROM last_load();
SELECT coalesce(b.t, a.t) AS t, coalesce(b.id, a.id) AS id, coalesce(b.ord, a.ord) AS ord, CASE WHEN b.id IS NULL THEN 'new' WHEN a.id IS NULL THEN 'gone' ELSE 'changed' END AS what
  FROM before_load b FULL JOIN (SELECT 'things' AS t, id, 0 AS ord, xmin::text AS made, xmax::text AS locked FROM loaded.things UNION ALL SELECT 'parts', things_id, ord, xmin::text AS made, xmax::text AS locked FROM loaded.things_parts) a USING (t, id, ord)
 WHERE (a.made, a.locked) IS DISTINCT FROM (b.made, b.locked) ORDER BY 1, 2, 3;
-- Unique values that two, and three, documents exchange; one that only moves on.
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %1$s, "n": %1$s, "name": "thing %1$s", "code": "c%2$s", "size": %1$s, "at": %1$s, "people_id": 1, "parts": [{"p": %1$s}]}', g,
    CASE g WHEN 80 THEN 81 WHEN 81 THEN 80 WHEN 82 THEN 83 WHEN 83 THEN 84 WHEN 84 THEN 82 WHEN 90 THEN 91 WHEN 91 THEN 1000 WHEN 95 THEN 96 ELSE g END) FROM generate_series(1, 201) g WHERE g <> 70));
CALL mongo.load('load', workers => 0);
SELECT table_name, id, stage, stale FROM open_rejects;
SELECT id, code FROM loaded.things WHERE id BETWEEN 80 AND 84 OR id IN (90, 91, 95) ORDER BY id;
-- Rows whose document is gone: not where that is much, nor where the collection is empty or not there.
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %s, "n": %1$s, "name": "thing %1$s", "code": "c%1$s", "size": %1$s, "at": %1$s, "people_id": 1, "parts": [{"p": %1$s}]}', g) FROM generate_series(1, 150) g));
CALL mongo.load('load', workers => 0);
SELECT count(*) FROM loaded.things;
CALL mongo.load('load', workers => 0, prune => 'off');
CALL mongo.load('load', workers => 0, prune => 'force');
SELECT count(*), (SELECT count(*) FROM loaded.things_parts) AS parts FROM loaded.things;
SELECT put_load('things', VARIADIC '{}');
CALL mongo.load('load', workers => 0);
SELECT count(*) FROM loaded.things;
-- A wrong filter is no other case.
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %s, "n": %1$s, "name": "thing %1$s", "code": "c%1$s", "size": %1$s, "at": %1$s, "people_id": 1, "parts": [{"p": %1$s}]}', g) FROM generate_series(1, 150) g));
SET client_min_messages = warning;
UPDATE mongo.plan_table SET source_filter = '{"n": {"$gt": 10000}}' WHERE plan = 'load' AND name = 'things';
ALTER TABLE loaded.things DROP COLUMN twice, DROP COLUMN loaded;
DROP SCHEMA load_source CASCADE;
CALL mongo.apply_plan('load');
RESET client_min_messages;
CALL mongo.load('load', '{things}', workers => 0);
SELECT count(*) FROM loaded.things;
-- Rows of the user's own: a table that held rows before the first load is not pruned.
CALL mongo.drop_plan('load', source_tables => true);
SET client_min_messages = warning;
DROP SCHEMA loaded CASCADE;
SELECT count(*) FROM mongo.create_plan('load', 'mongodb', 'mongo_fdw_cpp_load', 'loaded', '{people,things}', sample => 0);
CALL mongo.apply_plan('load');
INSERT INTO loaded.people (id, name) VALUES (1, 'older'), (9999, 'of my own');
RESET client_min_messages;
CALL mongo.load('load', workers => 0);
SELECT * FROM loaded.people WHERE id IN (1, 2, 9999) ORDER BY id;
CALL mongo.load('load', workers => 0, prune => 'force');
SELECT * FROM loaded.people WHERE id IN (1, 2, 9999) ORDER BY id;
-- What a person may get wrong.
BEGIN;
CALL mongo.load('load');
ROLLBACK;
CALL mongo.load('nothing');
CALL mongo.load('load', '{things_parts}');
CALL mongo.load('load', '{nothing}');
CALL mongo.load('load', workers => -1);
CALL mongo.load('load', prune => 'maybe');
UPDATE mongo.plan SET state = 'planned' WHERE plan = 'load';
CALL mongo.load('load');
UPDATE mongo.plan SET state = 'applied' WHERE plan = 'load';
BEGIN;
CALL mongo.retry_rejects('load');
ROLLBACK;
CALL mongo.load('load', max_rate => 0);
SELECT mongo.pause_load('load');
SELECT mongo.resume_load('load');
CREATE ROLE load_other;
GRANT USAGE ON SCHEMA loaded TO load_other;
SET ROLE load_other;
CALL mongo.load('load');
CALL mongo.retry_rejects('load');
SELECT mongo.pause_load('load');
SELECT count(*) FROM mongo.load_run;
SELECT count(*) FROM mongo.progress;
RESET ROLE;
SET client_min_messages = warning;
DROP OWNED BY load_other;
DROP ROLE load_other;
CALL mongo.drop_plan('load', source_tables => true);
SELECT (SELECT count(*) FROM mongo.load_run) AS runs, (SELECT count(*) FROM mongo.reject) AS rejects;
DROP SCHEMA loaded CASCADE;

-- Numbers as keys: parents and children, references across collections, circles, a row that refers to itself. A load again
-- keeps the numbers.
SELECT put_load('teams', VARIADIC ARRAY(SELECT format('{"_id": {"$oid": "0000000a%1$s"}, "lead": {"$oid": "0000000b%2$s"}, "name": "t%3$s"}', lpad(g::text, 16, '0'), lpad((g * 2)::text, 16, '0'), g) FROM generate_series(1, 20) g));
SELECT put_load('staff', VARIADIC ARRAY(SELECT format('{"_id": {"$oid": "0000000b%1$s"}, "team": {"$oid": "0000000a%2$s"}, "boss": {"$oid": "0000000b%3$s"}, "talks": [{"t": "x%4$s", "with": {"$oid": "0000000b%1$s"}}]}',
    lpad(g::text, 16, '0'), lpad((g % 20 + 1)::text, 16, '0'), lpad((CASE g WHEN 7 THEN 7 WHEN 9 THEN 999 ELSE 41 - g END)::text, 16, '0'), g) FROM generate_series(1, 40) g));
SELECT table_name, columns, note FROM mongo.create_plan('load', 'mongodb', 'mongo_fdw_cpp_load', 'loaded', '{teams,staff}', sample => 0, key => 'bigint');
SELECT table_name, name, refers_to FROM mongo.plan_column WHERE plan = 'load' AND refers_to IS NOT NULL ORDER BY 1, 2;
UPDATE mongo.plan_foreign_key SET enabled = true WHERE plan = 'load';
CALL mongo.apply_plan('load');
CALL mongo.apply_plan('load', '{constraints}');
RESET client_min_messages;
CALL mongo.load('load', workers => 0);
SELECT count(*), count(*) FILTER (WHERE l.legacy_id = '0000000b' || lpad((substr(t.legacy_id, 9)::int * 2)::text, 16, '0')) AS led FROM loaded.teams t JOIN loaded.staff l ON l.id = t.lead;
SELECT count(*), count(*) FILTER (WHERE b.id = s.id) AS own, (SELECT count(*) FROM loaded.staff_talks k JOIN loaded.staff w ON w.id = k."with" AND w.id = k.staff_id) AS talks FROM loaded.staff s JOIN loaded.staff b ON b.id = s.boss;
SELECT table_name, id, stage, "column", lost, value FROM open_rejects;
CREATE TABLE numbers AS SELECT id, legacy_id FROM loaded.staff;
SELECT put_load('staff', VARIADIC ARRAY(SELECT format('{"_id": {"$oid": "0000000b%1$s"}, "team": {"$oid": "0000000a%2$s"}, "boss": {"$oid": "0000000b%3$s"}, "talks": [{"t": "y%4$s", "with": {"$oid": "0000000b%1$s"}}]}',
    lpad(g::text, 16, '0'), lpad((g % 20 + 1)::text, 16, '0'), lpad((42 - g)::text, 16, '0'), g) FROM generate_series(1, 41) g));
CALL mongo.load('load', workers => 0);
SELECT count(*), count(*) FILTER (WHERE s.id = n.id) AS same FROM loaded.staff s JOIN numbers n USING (legacy_id);
SELECT count(*) FROM loaded.staff s JOIN loaded.staff b ON b.id = s.boss WHERE substr(s.legacy_id, 9)::int + substr(b.legacy_id, 9)::int = 42;
SELECT count(*) FROM open_rejects;
-- A whole circle of documents is gone, and what referred to it in other ranges.
SELECT put_load('staff', VARIADIC ARRAY(SELECT format('{"_id": {"$oid": "0000000b%s"}, "team": {"$oid": "0000000a%s"}, "boss": {"$oid": "0000000b%s"}, "talks": []}',
    lpad(g::text, 16, '0'), lpad((g % 20 + 1)::text, 16, '0'), lpad((42 - g)::text, 16, '0')) FROM generate_series(1, 41) g WHERE g NOT IN (1, 41)));
CALL mongo.load('load', workers => 0);
SELECT count(*), (SELECT count(*) FROM loaded.staff_talks) AS talks FROM loaded.staff;
-- A row that others refer to stays, and is told; when nothing refers to it any more it goes.
SELECT put_load('teams', VARIADIC ARRAY(SELECT format('{"_id": {"$oid": "0000000a%1$s"}, "lead": {"$oid": "0000000b%2$s"}, "name": "t%3$s"}', lpad(g::text, 16, '0'), lpad((g * 2)::text, 16, '0'), g) FROM generate_series(2, 20) g));
CALL mongo.load('load', workers => 0);
SELECT table_name, id, stage, "column", lost, stale FROM open_rejects WHERE stage = 'foreign_key';
SET client_min_messages = warning;
CALL mongo.drop_plan('load', source_tables => true);
DROP SCHEMA loaded CASCADE;

-- The same with UUIDs as keys: what refers to a key is converted as it is.
SELECT count(*) FROM mongo.create_plan('load', 'mongodb', 'mongo_fdw_cpp_load', 'loaded', '{teams,staff}', sample => 0, key => 'uuid');
UPDATE mongo.plan_column SET not_null = false WHERE plan = 'load' AND refers_to IS NOT NULL;
UPDATE mongo.plan_foreign_key SET enabled = true WHERE plan = 'load';
CALL mongo.apply_plan('load');
CALL mongo.apply_plan('load', '{constraints}');
CALL mongo.load('load', workers => 0);
SELECT count(*), count(b.id) AS bosses, (SELECT count(*) FROM loaded.teams t JOIN loaded.staff l ON l.id = t.lead) AS leads, min(mongo.uuid_to_objectid(s.id)::text) FROM loaded.staff s LEFT JOIN loaded.staff b ON b.id = s.boss;
SELECT count(*) FROM open_rejects;
CALL mongo.drop_plan('load', source_tables => true);
DROP SCHEMA loaded CASCADE;

-- Queries of one's own: a topmost table of the newest of each name, with the rendered rows of its array; a relation table.
SELECT put_load('people', VARIADIC ARRAY(SELECT format('{"_id": %1$s, "name": "n%2$s", "friends": {"f%1$s": %3$s, "f%4$s": 1}, "pets": [{"p": "a"}, {"p": "b"}]}', g, g % 4, g % 4 + 1, g + 100) FROM generate_series(1, 8) g));
SELECT table_name, columns FROM mongo.create_plan('load', 'mongodb', 'mongo_fdw_cpp_load', 'loaded', '{people}', sample => 0, layout => '{"people.friends": "map"}');
UPDATE mongo.plan_table SET query = 'SELECT s._id AS id, s.name, s.__rest AS extra, s.__key FROM load_source.people AS s WHERE s._id IN (SELECT max(o._id) FROM load_source.people AS o GROUP BY o.name)' WHERE plan = 'load' AND name = 'people';
UPDATE mongo.plan_table SET query = 'SELECT s._id AS people_id, s.__name AS key, s.value, s.__key FROM load_source.people_friends AS s WHERE s.value > 1' WHERE plan = 'load' AND name = 'people_friends';
SELECT name, source_column FROM mongo.plan_column WHERE plan = 'load' AND table_name = 'people_friends' ORDER BY position;
CALL mongo.apply_plan('load');
RESET client_min_messages;
CALL mongo.load('load', workers => 0);
SELECT p.id, p.name, (SELECT string_agg(q.p, ',' ORDER BY q.ord) FROM loaded.people_pets q WHERE q.people_id = p.id) AS pets FROM loaded.people p ORDER BY 1;
SELECT count(*) FROM loaded.people_pets;
SELECT * FROM loaded.people_friends ORDER BY 1, 2;
SELECT put_load('people', VARIADIC ARRAY(SELECT format('{"_id": %1$s, "name": "n%2$s", "friends": {"f%1$s": %3$s}, "pets": [{"p": "c"}]}', g, g % 3, g % 4) FROM generate_series(1, 8) g));
CALL mongo.load('load', workers => 0, prune => 'force');
SELECT p.id, p.name, (SELECT string_agg(q.p, ',' ORDER BY q.ord) FROM loaded.people_pets q WHERE q.people_id = p.id) AS pets FROM loaded.people p ORDER BY 1;
SELECT * FROM loaded.people_friends ORDER BY 1, 2;
SET client_min_messages = warning;
CALL mongo.drop_plan('load', source_tables => true);
DROP SCHEMA loaded CASCADE;
-- A child whose expression raises is refused alone; a value that does not fit a sub-document's own table is told of.
SELECT put_load('things', VARIADIC ARRAY(SELECT format('{"_id": %s, "items": [{"q": "1"}, {"q": "2"}, {"q": %s}, {"q": "4"}], "sub": {"x": %s}}', g, CASE g WHEN 3 THEN '"x"' ELSE '"3"' END, CASE g WHEN 4 THEN '"text"' ELSE '1' END) FROM generate_series(1, 120) g));
SELECT table_name, columns FROM mongo.create_plan('load', 'mongodb', 'mongo_fdw_cpp_load', 'loaded', '{things}', sample => 0, layout => '{"things.sub": "table"}');
UPDATE mongo.plan_column SET type = 'integer', expression = 'value::integer' WHERE plan = 'load' AND table_name = 'things_items' AND path LIKE 'items%q';
CALL mongo.apply_plan('load');
RESET client_min_messages;
CALL mongo.load('load', workers => 0);
SELECT table_name, id, at, stage, "column", lost, value FROM open_rejects;
SELECT (SELECT count(*) FROM loaded.things) AS things, (SELECT count(*) FROM loaded.things_items) AS items, (SELECT count(*) FROM loaded.things_sub) AS subs, (SELECT array_agg(ord ORDER BY ord) FROM loaded.things_items WHERE things_id = 3) AS of_three;
-- A worker that is given no CALL ends, and nothing else does.
SELECT error_of($$SELECT mongo_internal.start_worker('', 'x', 0)$$);
SET client_min_messages = warning;
CALL mongo.drop_plan('load', source_tables => true);
DROP SCHEMA loaded CASCADE;
DROP TABLE before_load, numbers;
DROP VIEW open_rejects;
DROP DOMAIN positive;
DROP FUNCTION no_thirteen, put_load, last_load;
RESET client_min_messages;
