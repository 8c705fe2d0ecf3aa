-- The whole road in one CALL, what a report says of it, and how much work it is beforehand.
\set VERBOSITY terse
SELECT put_documents('mongo_fdw_cpp_road', 'users', ARRAY(SELECT format('{"_id": {"$oid": "%s"}, "name": "user %s", "age": %s}', lpad(to_hex(g), 24, '0'), g, CASE g WHEN 7 THEN '"<script>alert(1)</script>"' WHEN 8 THEN '"| *b* [l](x) `c` \u0001"' ELSE g::text END) FROM generate_series(1, 250) g));
SELECT put_documents('mongo_fdw_cpp_road', 'orders', ARRAY(SELECT format('{"_id": %s, "user": {"$oid": "%s"}, "total": {"$numberDecimal": "%s.50"}, "code": "c%s", "lines": [{"sku": "a", "n": %s}], "labels": {"en": "x", "de": "y"}}', g, lpad(to_hex(CASE g WHEN 9 THEN 999 ELSE g % 250 + 1 END), 24, '0'), g, g / 2, g) FROM generate_series(1, 400) g));
SELECT put_documents('mongo_fdw_cpp_road', '<i>odd</i>', ARRAY['{"_id": 1, "a<b>\"c": "' || repeat('x', 10000) || '", "שלום": "😀"}']);
SELECT put_documents('mongo_fdw_cpp_road', 'later', ARRAY['{"_id": 0}']);
SELECT put_documents('mongo_fdw_cpp_road', 'later', ARRAY[]::text[]);

-- Before anything: how much work, by rules that are rows.
SELECT collection, level, units, minutes, findings FROM mongo.assess('mongodb', 'mongo_fdw_cpp_road', sample => 0);
UPDATE mongo.assess_rule SET units = 7, level = 'C' WHERE rule = 'child table';
UPDATE mongo.assess_rule SET enabled = false WHERE rule = 'mixed types';
SELECT collection, level, units, minutes FROM mongo.assess('mongodb', 'mongo_fdw_cpp_road', minutes_a_unit => 10);
SELECT rule, level, units, enabled, edited FROM mongo.assess_rule WHERE edited ORDER BY 1;
-- A document for each rule of paths, an index for each rule of indexes.
SELECT put_documents('mongo_fdw_cpp_road_odd', 'odd', ARRAY(SELECT format('{"_id": %s, "a": {"b": {"c": {"d": {"e": 1}}}}, "grid": [[1, 2], [3]], "mixed": %s, "byday": {%s}, "lines": [{"n": 1}]}', CASE WHEN g % 2 = 0 THEN g::text ELSE '"x' || g || '"' END, CASE WHEN g % 2 = 0 THEN '1' ELSE '"one"' END,
    (SELECT string_agg(format('"2026-01-%s": %s', lpad(d::text, 2, '0'), d), ', ') FROM generate_series(g, g + 5) d)) FROM generate_series(1, 22) g));
SELECT put_documents('mongo_fdw_cpp_road_odd', 'wide', ARRAY(SELECT '{' || string_agg(format('"f%s": %s', f, f), ', ') || '}' FROM generate_series(1, 120) f));
SELECT 'odd' AS collection, h.* FROM mongo_internal.hits_of_paths('mongodb', 'mongo_fdw_cpp_road_odd', 'odd', 0) h ORDER BY rule, path;
SELECT 'wide' AS collection, h.* FROM mongo_internal.hits_of_paths('mongodb', 'mongo_fdw_cpp_road_odd', 'wide', 0) h;
SELECT h.* FROM mongo_internal.hits_of_indexes('[{"name": "plain", "key": {"a": 1}}, {"name": "ttl", "key": {"a": 1}, "expireAfterSeconds": 1}, {"name": "some", "key": {"a": 1}, "partialFilterExpression": {}}, {"name": "words", "key": {"_fts": "text", "_ftsx": 1}},
    {"name": "any", "key": {"$**": 1}}, {"name": "place", "key": {"p": "2dsphere"}}, {"name": "_id_", "key": {"_id": 1}}]') h ORDER BY 1, 2;
UPDATE mongo.assess_rule SET most = 2 WHERE rule = 'deep';
UPDATE mongo.assess_rule SET enabled = false WHERE rule IN ('collection', 'wide');
SELECT collection, level, units, (SELECT string_agg(f ->> 'rule', ', ') FROM jsonb_array_elements(findings) f) AS rules FROM mongo.assess('mongodb', 'mongo_fdw_cpp_road_odd', sample => 0);
UPDATE mongo.assess_rule SET enabled = true, edited = false WHERE rule IN ('collection', 'wide');
SELECT rule FROM mongo.assess_rule WHERE meaning = '' OR units = 0;
-- What a restore does with an edited rule.
INSERT INTO mongo.assess_rule (rule, level, units, meaning) VALUES ('gridfs', 'B', 3, 'files');
SELECT count(*), min(units) FROM mongo.assess_rule WHERE rule = 'gridfs';
UPDATE mongo.assess_rule SET units = 0.5, level = 'A' WHERE rule = 'child table';
UPDATE mongo.assess_rule SET enabled = true WHERE rule = 'mixed types';

-- What stops it, and where.
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'road', workers => 65);
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'road', level => NULL);
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_Road', 'road');
CALL mongo.migrate('road', 'nowhere', 'mongo_fdw_cpp_road', 'road');
SELECT error_of($$CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'road')$$);
SELECT count(*) FROM mongo.plan;
SELECT error_of($$SELECT mongo.report('road')$$);

-- All of it.
SET client_min_messages = warning;
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'road', workers => 0, level => 4);
RESET client_min_messages;
SELECT question, status, answer FROM mongo_internal.answers('road') ORDER BY place;
SELECT what, object, detail, how FROM mongo.plan AS p, mongo_internal.todo(p) WHERE plan = 'road';
CALL mongo.migrate('road', 'mongodb', 'other', 'road', workers => 0);
SET client_min_messages = warning; -- what preflight says depends on the server
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'elsewhere', workers => 0);
-- Again, after changes at the source: what changed, and the plan as it is.
SELECT put_documents('mongo_fdw_cpp_road', 'users', ARRAY(SELECT format('{"_id": {"$oid": "%s"}, "name": "user %s", "age": %s}', lpad(to_hex(g), 24, '0'), CASE g WHEN 5 THEN 'changed' ELSE g::text END, CASE g WHEN 7 THEN '"<script>alert(1)</script>"' WHEN 8 THEN '"| *b* [l](x) `c` \u0001"' ELSE g::text END) FROM generate_series(2, 251) g));
SET client_min_messages = warning;
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'road', workers => 0);
RESET client_min_messages;
SELECT row_number() OVER (ORDER BY run) AS run, state, documents, inserted, updated, deleted FROM mongo.load_run WHERE plan = 'road' ORDER BY run;

-- What nobody knew when the plan was made: new fields go into the rest column, also those of a collection that was empty. Other
-- arguments are told.
SELECT put_documents('mongo_fdw_cpp_road', 'orders', ARRAY(SELECT format('{"_id": %s, "user": {"$oid": "%s"}, "total": {"$numberDecimal": "%s.50"}, "code": "c%s", "lines": [{"sku": "a", "n": %s%s}], "labels": {"en": "x", "de": "y"}%s}', g, lpad(to_hex(CASE g WHEN 9 THEN 999 ELSE g % 250 + 1 END), 24, '0'), g, g / 2, g, CASE g WHEN 401 THEN ', "deep": {"x": 1}' END, CASE g WHEN 401 THEN ', "secret": "precious"' END) FROM generate_series(1, 401) g));
SELECT put_documents('mongo_fdw_cpp_road', 'later', ARRAY['{"_id": 1, "v": 1}', '{"_id": "1", "v": [2]}']);
SET client_min_messages = warning;
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'road', workers => 0, key => 'uuid', tolerance => 0.5);
RESET client_min_messages;
SELECT id, extra, (SELECT l.extra FROM road.orders_lines l WHERE l.orders_id = 401) AS of_line FROM road.orders WHERE id = 401;
SELECT id, extra FROM road.later ORDER BY id;
SELECT question, status, answer FROM mongo_internal.answers('road') ORDER BY place;
-- Without rest columns it is told as well. And a table that was not there, an empty one, values and rows that are left out.
SELECT count(*) FROM mongo.create_plan('bare', 'mongodb', 'mongo_fdw_cpp_road', 'bare', '{orders,later}', sample => 0, rest_column => NULL);
SELECT name, role, mongo_internal.column_type(c) FROM mongo.plan_column c WHERE plan = 'road' AND table_name = 'later' ORDER BY position;
SELECT put_documents('mongo_fdw_cpp_road', 'orders', ARRAY['{"_id": 1, "user": "x", "total": 1, "code": "c", "labels": {"en": 5}, "more": {"a": 1}, "lines": [{"sku": "a", "n": "text", "b": true}]}']);
SET client_min_messages = warning;
CALL mongo.apply_plan('bare');
CALL mongo.load('bare', workers => 0, prune => 'force');
CALL mongo.validate('bare');
RESET client_min_messages;
SELECT check_name, concat_ws('.', table_name, column_name) AS what, status, expected, difference, sample FROM mongo.check_result WHERE plan = 'bare' AND (check_name = 'unmapped' OR status = 'fail') ORDER BY number;
SELECT question, status, answer FROM mongo_internal.answers('bare') ORDER BY place;
SELECT what, object, detail FROM mongo.plan p, mongo_internal.todo(p) WHERE plan = 'bare';
CALL mongo.validate('bare', 0, '{orders}');
SELECT status, answer FROM mongo_internal.answers('bare') WHERE place = 1;
CALL mongo.load('bare', '{later}', workers => 0);
SELECT status, answer FROM mongo_internal.answers('bare') WHERE place = 1;
DROP TABLE bare.later;
SELECT status, answer FROM mongo_internal.answers('bare') WHERE place = 1;
SET client_min_messages = warning;
CALL mongo.drop_plan('bare', source_tables => true);
DROP SCHEMA bare CASCADE;
SELECT put_documents('mongo_fdw_cpp_road', 'orders', ARRAY(SELECT format('{"_id": %s, "user": {"$oid": "%s"}, "total": {"$numberDecimal": "%s.50"}, "code": "c%s", "lines": [{"sku": "a", "n": %s}], "labels": {"en": "x", "de": "y"}}', g, lpad(to_hex(CASE g WHEN 9 THEN 999 ELSE g % 250 + 1 END), 24, '0'), g, g / 2, g) FROM generate_series(1, 400) g));
CALL mongo.migrate('road', 'mongodb', 'mongo_fdw_cpp_road', 'road', workers => 0);
RESET client_min_messages;

-- The report: what is there, in Markdown, and nothing that would be read as markup.
INSERT INTO mongo.decision (plan, object, decision, reason) VALUES ('road', 'users.age', 'integer', 'two <b>jokers</b> are in the rest');
UPDATE mongo.plan_foreign_key SET enabled = true WHERE plan = 'road';
INSERT INTO mongo.plan_index (plan, table_name, name, definition, why) VALUES ('road', 'users', 'users_name_idx', '(name)', 'asked for often');
UPDATE mongo.plan_table SET note = 'the <people>' WHERE plan = 'road' AND name = 'users';
UPDATE mongo.plan_column SET tolerance = 0.001 WHERE plan = 'road' AND table_name = 'orders' AND name = 'total';
CREATE TEMPORARY TABLE reports AS SELECT mongo.report('road') AS markdown, mongo.report('road', 'html') AS html, mongo.report('road', 'json')::jsonb AS json;
\pset format unaligned
\pset tuples_only on
SELECT regexp_replace(regexp_replace(regexp_replace(line, '\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?( UTC)?', '<when>', 'g'), 'PostgreSQL \S+', 'PostgreSQL <version>'), ' \d+(\.\d+)? seconds|\d\d:\d\d:\d\d(\.\d+)?', ' <time>', 'g')
  FROM reports, string_to_table(markdown, E'\n') AS line WHERE line !~ '^\| (\d+ \| \d{4}-|[^|]+ \| \d+ \| \d+ \| \d+ \| \d+ \| \d+ \|)'; -- speeds
\pset format aligned
\pset tuples_only off
-- The page: well-formed but for its doctype and void elements, no script, nothing from outside, hostile text as text.
SELECT html LIKE '<!DOCTYPE html>%' AS doctype, html ~* '<script|onerror=|javascript:|<i>|<b>|@import|url\(' AS markup_from_data, html ~ 'https?://' AS outside, html LIKE '%&lt;script&gt;alert(1)&lt;/script&gt;%' AS as_text,
       html LIKE '%(10000 characters)%' OR html NOT LIKE '%xxxxxxxxxxxxxxxxxxxx%' AS long_is_cut, html ~ '[\x01-\x08\x0b\x0c\x0e-\x1f]' AS control_characters, html LIKE '%😀%' OR html LIKE '%שלום%' AS other_scripts FROM reports;
SELECT xml_is_well_formed_document(regexp_replace(regexp_replace(html, '<!DOCTYPE html>', ''), '(<meta [^>]*)>', '\1/>', 'g')) AS well_formed, html ~ '<(div|td|p|span|section|h2|h3|svg|table)[^>]*/>' AS open_tags FROM reports;
SELECT s ->> 'id' AS section, s ->> 'title' AS title, jsonb_array_length(s -> 'rows') AS rows, s ->> 'empty' AS empty, s #>> '{chart,kind}' AS chart FROM reports, jsonb_array_elements(json -> 'sections') WITH ORDINALITY AS s (s, n) ORDER BY n;
SELECT error_of($$SELECT mongo.report('road', 'pdf')$$);
SELECT error_of($$SELECT mongo.report('nothing')$$);
CREATE ROLE road_reader;
SET ROLE road_reader;
SELECT error_of($$SELECT mongo.report('road')$$);
SELECT error_of($$UPDATE mongo.assess_rule SET units = 0$$);
RESET ROLE;
DROP ROLE road_reader;

-- A plan that nobody has loaded says so in every section.
SELECT count(*) FROM mongo.create_plan('fresh', 'mongodb', 'mongo_fdw_cpp_road', 'fresh', '{users}');
SELECT question, status, answer FROM mongo_internal.answers('fresh') ORDER BY place;
SELECT s ->> 'id' AS section, s ->> 'empty' AS empty FROM jsonb_array_elements(mongo.report('fresh', 'json')::jsonb -> 'sections') AS s WHERE s ? 'empty';

-- A plan travels: the script makes it anew, and exports to the same script.
UPDATE mongo.plan_column SET type = 'text', expression = 'upper(value) || ''\o/''', inverse = 'lower(value)' WHERE plan = 'road' AND table_name = 'orders' AND name = 'code';
UPDATE mongo.plan_table SET query = E'SELECT u._id::text AS id, u.name,\n  u.age, u.__rest AS extra, u.__key FROM road_source.users AS u', note = 'it''s ours' WHERE plan = 'road' AND name = 'users';
UPDATE mongo.plan_table SET source_filter = '{"total": {"$gt": 5}}' WHERE plan = 'road' AND name = 'orders';
CREATE TEMPORARY TABLE script AS SELECT mongo.plan_export('road') AS text;
\pset format unaligned
\pset tuples_only on
SELECT line FROM script, string_to_table(text, E'\n') WITH ORDINALITY AS l (line, n) WHERE n < 12 OR line ~ 'o/|decision|u.age|^--';
\pset format aligned
\pset tuples_only off
SELECT (SELECT jsonb_agg(to_jsonb(c) ORDER BY table_name, position) FROM mongo.plan_column c WHERE plan = 'road') AS columns, (SELECT jsonb_agg(to_jsonb(t) ORDER BY name) FROM mongo.plan_table t WHERE plan = 'road') AS tables \gset
SET client_min_messages = warning;
CALL mongo.drop_plan('road');
DO $$ BEGIN EXECUTE (SELECT replace(replace(text, E'\nBEGIN;\n', E'\n'), E'\nCOMMIT;\n', E'\n') FROM script); END $$;
SELECT text = mongo.plan_export('road') AS same FROM script;
SELECT :'columns'::jsonb = (SELECT jsonb_agg(to_jsonb(c) ORDER BY table_name, position) FROM mongo.plan_column c WHERE plan = 'road') AS columns, :'tables'::jsonb = (SELECT jsonb_agg(to_jsonb(t) ORDER BY name) FROM mongo.plan_table t WHERE plan = 'road') AS tables;
SELECT state FROM mongo.plan WHERE plan = 'road';
SELECT error_of($$SELECT mongo.plan_export('nothing')$$);
CALL mongo.drop_plan('road', source_tables => true);
CALL mongo.drop_plan('fresh', source_tables => true);
DROP SCHEMA road CASCADE;
