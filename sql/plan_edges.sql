-- Plans where it is hard: names that collide, ids of every kind, references that lead nowhere, edits that contradict.
\set VERBOSITY terse
CREATE FUNCTION put(collection text, VARIADIC documents text[]) RETURNS void LANGUAGE sql AS $$ SELECT put_documents('mongo_fdw_cpp_edge', $1, $2) $$;
-- Plans a collection with others, makes and fills its tables, and tells how many documents come back; rolled back.
CREATE FUNCTION back(collections text[], key text DEFAULT 'text', layout text DEFAULT NULL, options text[] DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE s text; t record; collected text[] := '{}'; documents bigint; same bigint;
BEGIN
    PERFORM mongo.create_plan('edge', 'mongodb', 'mongo_fdw_cpp_edge', 'edge', collections, sample => 0, key => back.key, layout => back.layout::jsonb, options => back.options);
    FOR s IN SELECT statement FROM mongo.plan_statements('edge', '{source,target}') LOOP EXECUTE s; END LOOP;
    FOR t IN SELECT q.*, (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.position) FROM mongo.plan_column c WHERE c.plan = q.plan AND c.table_name = q.name AND c.enabled
                 AND NOT (c.role = 'key' AND q.key IN ('bigint', 'none'))) AS columns FROM mongo.plan_table q WHERE q.plan = 'edge' AND q.enabled ORDER BY q.levels, q.position LOOP
        EXECUTE format('INSERT INTO edge.%I (%s) SELECT %2$s FROM (%3$s) AS q', t.name, t.columns, mongo.source_query('edge', t.name));
    END LOOP;
    FOR t IN SELECT q.* FROM mongo.plan_table q WHERE q.plan = 'edge' AND q.parent IS NULL AND q.key <> 'none' ORDER BY q.position LOOP
        EXECUTE format('CREATE FOREIGN TABLE edge_stored (__key bytea, __doc jsonb) SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_edge'', collection %L)', t.collection);
        EXECUTE format('SELECT count(*), count(*) FILTER (WHERE b.document::jsonb = s.__doc) FROM edge_stored s LEFT JOIN (%s) b USING (__key)', mongo.document_query('edge', t.name)) INTO documents, same;
        DROP FOREIGN TABLE edge_stored;
        collected := collected || format('%s %s: %s of %s', back.key, t.name, same, documents);
    END LOOP;
    RAISE EXCEPTION 'undo' USING ERRCODE = 'P9999', DETAIL = array_to_string(collected, E'\n');
EXCEPTION WHEN SQLSTATE 'P9999' THEN
    GET STACKED DIAGNOSTICS s = PG_EXCEPTION_DETAIL;
    RETURN QUERY SELECT * FROM regexp_split_to_table(s, E'\n');
END $$;
-- Ids: strings beside ObjectIds, binaries of several subtypes, null, a document and its mirror, numbers of every type.
SELECT put('ids_text', '{"_id": {"$oid": "0123456789abcdef01234567"}, "v": 1}', '{"_id": "0123456789abcdef01234567", "v": 2}', '{"_id": "xx", "v": 3}');
SELECT put('ids_binary', '{"_id": {"$binary": {"base64": "AQI=", "subType": "00"}}}', '{"_id": {"$binary": {"base64": "AQM=", "subType": "05"}}, "b": {"$binary": {"base64": "AQI=", "subType": "80"}}}');
SELECT put('ids_null', '{"_id": null, "v": 1}', '{"_id": 5, "v": 2}', '{"_id": "5", "v": 3}');
SELECT put('ids_document', '{"_id": {"a": 1, "b": 2}, "v": [{"w": 1}]}', '{"_id": {"b": 2, "a": 1}, "v": [{"w": 2}, {"w": 3}]}');
SELECT put('ids_number', '{"_id": 1}', '{"_id": 2.5}', '{"_id": {"$numberDecimal": "3.25"}}', '{"_id": {"$numberLong": "9007199254740993"}}');
SELECT back FROM unnest('{text,uuid,bigint}'::text[]) k, back('{ids_text,ids_binary,ids_null,ids_document,ids_number}', k);
-- References: mixed forms with more than the id, orphans, arrays with orphans, to a key of another width, in text.
SELECT put('people', VARIADIC ARRAY(SELECT format('{"_id": {"$oid": "0000000c%s"}}', lpad(g::text, 16, '0')) FROM generate_series(1, 20) g));
SELECT put('numbers', '{"_id": {"$numberLong": "5000000001"}}', '{"_id": 7000}', '{"_id": 8000}');
SELECT put('letters', VARIADIC ARRAY(SELECT format('{"_id": %s, "people": %s, "people_ids": [%s], "numbers_id": %s}', g,
    CASE g % 4 WHEN 0 THEN '{"$ref": "people", "$id": {"$oid": "0000000c0000000000000001"}, "$db": "x"}' WHEN 1 THEN '{"id": {"$oid": "0000000c0000000000000002"}, "name": "n"}' ELSE '{"$oid": "0000000c000000000000000' || g % 2 + 1 || '"}' END,
    CASE WHEN g = 7 THEN '{"$oid": "0000000c0000000000000099"}, ' ELSE '' END || format('{"$oid": "0000000c%s"}', lpad((g % 20 + 1)::text, 16, '0')), CASE g % 2 WHEN 0 THEN 7000 ELSE 8000 END) FROM generate_series(1, 40) g));
SELECT put('notes', VARIADIC ARRAY(SELECT format('{"_id": %s, "people": "0000000c000000000000000%s"}', g, g % 2 + 1) FROM generate_series(1, 20) g));
SELECT back FROM unnest('{text,uuid,bytea,objectid,bigint}'::text[]) k, back('{people,numbers,letters,notes}', k);
SELECT count(*) FROM mongo.create_plan('edge', 'mongodb', 'mongo_fdw_cpp_edge', 'edge', '{people,numbers,letters,notes}', sample => 0, key => 'bigint');
SELECT table_name, name, source_type, mongo_internal.column_type(c) AS type, refers_to, not_null, expression FROM mongo.plan_column c WHERE plan = 'edge' AND refers_to IS NOT NULL ORDER BY 1, 2;
UPDATE mongo.plan_table SET name = 'persons' WHERE plan = 'edge' AND name = 'people';
SELECT regexp_matches(mongo.source_query('edge', 'letters'), 'edge\.\w+', 'g');
CALL mongo.drop_plan('edge');
-- Names: long ones, ones that are cut alike, fields with dots, brackets and quotes, arrays below them.
SELECT put(repeat('n', 56), VARIADIC ARRAY(SELECT format('{"_id": {"$oid": "0000000d%s"}, "a1": {"$oid": "0000000c0000000000000001"}, "a2": {"$oid": "0000000c0000000000000002"}, "people": {"$oid": "0000000c0000000000000002"}}', lpad(g::text, 16, '0')) FROM generate_series(1, 12) g));
SELECT put(repeat('é', 40), '{"_id": 1, "items": [{"q": 1}], "sub": {"x": 1}}');
SELECT put('cats on mars', '{"_id": 1, "items": [{"q": 1}]}');
SELECT put('odd', '{"_id": 1, "items": [{"q": 1, "a.b": [{"y": 1}, {"y": 2}], "[x": 1}], "a.b": [{"x": 1, "c": [{"y": 1}]}], "it''s \"so\"": {"x": 1}, "": 5, "$h": 6, "s": {"x": 1, "t": {"y": 1, "u": {"z": 1}}}}');
SELECT * FROM back(ARRAY['people', repeat('n', 56), repeat('é', 40), 'cats on mars', 'odd'], layout => jsonb_build_object(repeat('é', 40) || '.sub', 'table', 'odd.s.t', 'table', 'odd.s.t.u', 'table')::text);
SELECT table_name, source FROM mongo.create_plan('edge', 'mongodb', 'mongo_fdw_cpp_edge', 'edge', ARRAY['people', repeat('n', 56), 'odd'], sample => 0, layout => '{"odd.s.t": "table", "odd.s.t.u": "table"}');
UPDATE mongo.plan_foreign_key SET enabled = true WHERE plan = 'edge';
SELECT name, definition FROM mongo_internal.constraint_statements(mongo_internal.plan_of('edge')) ORDER BY place, table_name, name;
CALL mongo.drop_plan('edge');
-- Layouts that cannot be.
SELECT put('nest', '{"_id": 1, "m": [[1, 2], [3]], "tags": ["a"], "n": {"f": 1}, "deep": [[{"x": 1}]]}');
SELECT layout, error_of(format('SELECT * FROM mongo.create_plan(''edge'', ''mongodb'', ''mongo_fdw_cpp_edge'', ''edge'', ''{nest}'', sample => 0, layout => %L)', layout)) FROM unnest(ARRAY[
    '{"nest.m": "table"}', '{"nest.tags": "flatten"}', '{"nest.n.f": "table"}', '{"nest.tags": "map"}', '{"nest.nope": "jsonb"}', '[]', '{"nest": {"n": "tree"}}']) layout;
SELECT error_of($$SELECT * FROM mongo.create_plan('edge', 'mongodb', 'mongo_fdw_cpp_edge', 'edge', '{nest}', source_schema => 'edge')$$);
-- What is there in another form is an error, whatever differs; constraints that fail do not stop others.
SELECT put('shop', VARIADIC ARRAY(SELECT format('{"_id": %s, "total": 1.255, "email": "e%s", "items": [{"q": %s}]}', g, g, g) FROM generate_series(1, 12) g));
SELECT count(*) FROM mongo.create_plan('edge', 'mongodb', 'mongo_fdw_cpp_edge', 'edge', '{shop,people}', sample => 0);
SET client_min_messages = warning;
CALL mongo.apply_plan('edge');
UPDATE mongo.plan_table SET source_filter = '{"total": {"$gt": 5}}' WHERE plan = 'edge' AND name = 'shop';
CALL mongo.apply_plan('edge', '{source}');
UPDATE mongo.plan_table SET source_filter = NULL WHERE plan = 'edge' AND name = 'shop';
UPDATE mongo.plan_column SET type = 'numeric(12,1)' WHERE plan = 'edge' AND path = 'total';
CALL mongo.apply_plan('edge', '{source}');
CALL mongo.apply_plan('edge', '{target}');
UPDATE mongo.plan_column SET type = 'double precision' WHERE plan = 'edge' AND path = 'total';
UPDATE mongo.plan_table SET enabled = false WHERE plan = 'edge' AND name = 'shop_items';
CALL mongo.apply_plan('edge', '{source}');
UPDATE mongo.plan_table SET enabled = true WHERE plan = 'edge' AND name = 'shop_items';
INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique) VALUES ('edge', 'shop', 'a_check', 'CHECK (id > ''x'')', true), ('edge', 'shop', 'b_key', 'UNIQUE (email)', true), ('edge', 'shop', 'c_idx', '(total, lower(email))', false), ('edge', 'shop', 'd_idx', '(total, nope(email))', false), ('edge', 'shop', 'e_idx', '(email DESC)', false);
CALL mongo.apply_plan('edge', '{constraints,indexes}');
SELECT conname FROM pg_constraint WHERE connamespace = 'edge'::regnamespace AND contype NOT IN ('p', 'n') UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'edge'::regnamespace AND relname LIKE '%idx' ORDER BY 1;
UPDATE mongo.plan_index SET definition = 'UNIQUE (email, total)' WHERE plan = 'edge' AND name = 'b_key';
CALL mongo.apply_plan('edge', '{constraints}');
-- A rename is followed in definitions; what is edited stays when a plan is made anew, beside new evidence, and what was added.
UPDATE mongo.plan_column SET name = 'mail' WHERE plan = 'edge' AND path = 'email';
SELECT name, definition FROM mongo.plan_index WHERE plan = 'edge' ORDER BY 1;
UPDATE mongo.plan_column SET name = 'sum' WHERE plan = 'edge' AND path = 'total';
UPDATE mongo.plan_table SET name = 'people', note = 'my note' WHERE plan = 'edge' AND name = 'shop';
UPDATE mongo.plan_table SET name = 'orders', note = 'my note' WHERE plan = 'edge' AND name = 'shop';
INSERT INTO mongo.plan_column (plan, table_name, position, name, expression, type) VALUES ('edge', 'orders', 99, 'loaded', 'now()', 'timestamptz');
SELECT put('shop', VARIADIC ARRAY(SELECT format('{"_id": %s, "total": "t%s", "email": "e%s", "items": [{"q": %s}]}', g, g, g, g) FROM generate_series(1, 12) g));
SELECT table_name, note FROM mongo.create_plan('edge', 'mongodb', 'mongo_fdw_cpp_edge', 'edge', '{shop,people}', sample => 0, replace => true);
SELECT table_name, name, path, type, expression, edited FROM mongo.plan_column WHERE plan = 'edge' AND table_name = 'orders' ORDER BY position;
SELECT name, definition FROM mongo.plan_index WHERE plan = 'edge' ORDER BY 1;
SELECT error_of($$UPDATE mongo.plan_table SET key = 'bigint' WHERE plan = 'edge' AND name = 'orders'$$);
-- Edits that contradict: each names its row.
CREATE FUNCTION faulty(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE fault text;
BEGIN
    EXECUTE change;
    fault := split_part(error_of($q$SELECT * FROM mongo.plan_statements('edge')$q$), E'\n', 1);
    RAISE EXCEPTION 'undo' USING ERRCODE = 'P9999', DETAIL = fault;
EXCEPTION WHEN SQLSTATE 'P9999' THEN
    GET STACKED DIAGNOSTICS fault = PG_EXCEPTION_DETAIL;
    RETURN fault;
END $$;
SELECT change, faulty('UPDATE mongo.' || change || $$ AND plan = 'edge'$$) FROM unnest(ARRAY[
    $$plan_column SET expression = 'uppr(value' WHERE path = 'email'$$, $$plan_column SET inverse = 'nope(value)' WHERE path = 'email'$$, $$plan_column SET type = 'inet' WHERE path = 'items.q'$$,
    $$plan_column SET type = 'anyelement' WHERE path = 'email'$$, $$plan_column SET type = 'text COLLATE "nope"' WHERE path = 'email'$$, $$plan_column SET name = 'ctid' WHERE path = 'email'$$,
    $$plan_column SET enabled = false WHERE role = 'ord'$$, $$plan_column SET role = 'key' WHERE path = 'email'$$, $$plan_column SET enabled = false WHERE path = 'email'$$,
    $$plan_table SET source_filter = '5' WHERE name = 'orders'$$, $$plan_table SET name = '' WHERE name = 'orders'$$, $$plan_column SET type = 'integer' WHERE path = 'email'$$, $$plan_index SET definition = 'UNIQUE (nope)' WHERE name = 'b_key'$$]) change;
SELECT split_part(error_of($$UPDATE mongo.plan_column SET bson_type = 'elements' WHERE plan = 'edge' AND path = 'email'$$), E'\n', 1);
SELECT error_of($$SELECT mongo_internal.document(NULL, '{a}', '{elements}', ROW(5))$$);
-- Types that are asked for are read, not cast: nothing is rounded.
SELECT put('exact', '{"_id": 1, "d": 1.255, "a": [1.5, 2], "s": "abcdef", "t": {"$date": {"$numberLong": "1500000000123"}}}', '{"_id": 2, "d": 1.5, "a": [1, 2], "s": "abc", "t": {"$date": {"$numberLong": "1500000000000"}}}');
SELECT count(*) FROM mongo.create_plan('exact', 'mongodb', 'mongo_fdw_cpp_edge', 'exact', '{exact}', sample => 0);
UPDATE mongo.plan_column SET type = CASE path WHEN 'd' THEN 'numeric(12,1)' WHEN 'a' THEN 'smallint[]' WHEN 's' THEN 'varchar(3)' ELSE 'timestamptz(0)' END, not_null = false WHERE plan = 'exact' AND role = 'field';
CALL mongo.apply_plan('exact');
SELECT mongo.source_query('exact', 'exact') AS q \gset
SELECT id, d, a, s, extra FROM (:q) q ORDER BY id;
CALL mongo.drop_plan('exact', source_tables => true);
-- What becomes of values that do not fit, and of NULs.
SELECT put('odds', '{"_id": 1, "a": 5, "b": 5, "c": 5, "d": 5, "s": "C:\\x", "u": "x"}', '{"_id": 2, "a": "five", "b": "five", "c": "five", "d": null, "s": "n\u0000l", "u": "n\u0000l"}', '{"_id": 3, "a": null, "b": null, "d": {"x": 1}, "s": "a", "u": "b"}');
SELECT count(*) FROM mongo.create_plan('odds', 'mongodb', 'mongo_fdw_cpp_edge', 'odds', '{odds}', sample => 0, tolerance => 0.5);
UPDATE mongo.plan_column SET on_misfit = CASE path WHEN 'a' THEN 'null' WHEN 'b' THEN 'rest' WHEN 'c' THEN 'reject' ELSE 'text' END, type = CASE WHEN path IN ('d') THEN 'text' ELSE 'integer' END, not_null = false, expression = NULL, source_type = CASE path WHEN 'd' THEN 'text' ELSE 'integer' END WHERE plan = 'odds' AND path IN ('a', 'b', 'c', 'd');
UPDATE mongo.plan_column SET nul = CASE path WHEN 's' THEN 'escape' ELSE 'strip' END, type = 'text', source_type = 'text', not_null = false WHERE plan = 'odds' AND path IN ('s', 'u');
CALL mongo.apply_plan('odds');
SELECT mongo.source_query('odds', 'odds') AS q \gset
SELECT id, a, b, c, d, s, u, extra, jsonb_path_query_array(__errors, '$[*].path') AS misfits FROM (:q) q ORDER BY id;
EXPLAIN (VERBOSE, COSTS OFF) SELECT s FROM odds_source.odds WHERE s = 'a' AND u IS NOT NULL;
SELECT error_of($$UPDATE odds_source.odds SET s = 'x'$$);
SELECT u FROM odds_source.odds WHERE u = 'nl';
INSERT INTO odds.odds (id, a, b, c, d, s, u, extra) SELECT id, a, b, c, d, s, u, extra FROM (:q) q;
SELECT mongo.document_query('odds', 'odds') AS q \gset
SELECT document FROM (:q) q ORDER BY __key;
CALL mongo.drop_plan('odds', source_tables => true);
-- A view has no key of its own; a superuser does not write another's plan.
CALL mongo.drop_plan('edge', source_tables => true);
DROP SCHEMA edge, exact, odds CASCADE;
CREATE ROLE mongo_fdw_cpp_edge;
GRANT USAGE ON FOREIGN SERVER mongodb TO mongo_fdw_cpp_edge;
SET ROLE mongo_fdw_cpp_edge;
SELECT count(*) FROM mongo.create_plan('edge', 'mongodb', 'mongo_fdw_cpp_edge', 'edge', '{nest}');
RESET ROLE;
SELECT error_of($$INSERT INTO mongo.plan_column (plan, table_name, position, name, expression) VALUES ('edge', 'nest', 99, 'x', 'evil()')$$);
SET ROLE mongo_fdw_cpp_edge;
CALL mongo.drop_plan('edge');
RESET ROLE;
REVOKE USAGE ON FOREIGN SERVER mongodb FROM mongo_fdw_cpp_edge;
DROP ROLE mongo_fdw_cpp_edge;
DROP FUNCTION put, back, faulty;
