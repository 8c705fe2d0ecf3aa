-- Plans: from documents to tables, as rows that a person edits and as statements that a person reads.
\set VERBOSITY terse
CREATE FUNCTION fill(collection text, documents text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE plan_fill (__doc json) SERVER mongodb OPTIONS (database ''mongo_fdw_cpp_plan'', collection %L)', collection);
    TRUNCATE plan_fill;
    EXECUTE 'INSERT INTO plan_fill ' || documents;
    DROP FOREIGN TABLE plan_fill;
END $$;
SELECT fill('users', $q$SELECT format('{"_id": {"$oid": "0000000a%s"}, "Full Name": "user %s", "email": "u%s@example.com", "address": {"city": "Ghent", "zip": %s}, "roles": ["a", "b"], "order": 1}', lpad(g::text, 16, '0'), g, g, 9000 + g)::json FROM generate_series(1, 40) g$q$);
SELECT fill('orders', $q$SELECT format('{"_id": {"$oid": "0000000b%s"}, "user_id": {"$oid": "0000000a%s"}, "total": {"$numberDecimal": "%s.50"}, "items": [{"sku": "s", "qty": %s, "parts": [{"n": 1}, {"n": 2}]}], "shipping": {"method": "post", "cost": 1.5}%s}',
    lpad(g::text, 16, '0'), lpad((g % 40 + 1)::text, 16, '0'), g, g, CASE g % 10 WHEN 0 THEN ', "note": null' WHEN 1 THEN ', "note": "x"' ELSE '' END)::json FROM generate_series(1, 60) g$q$);
SELECT fill('reviews', $q$SELECT format('{"_id": %s, "order_id": {"$oid": "0000000b%s"}, "stars": %s}', g, lpad((CASE WHEN g = 7 THEN 999 ELSE g END)::text, 16, '0'), CASE WHEN g = 3 THEN '"five"' ELSE '5' END)::json FROM generate_series(1, 30) g$q$);
SELECT fill('categories', $q$SELECT format('{"_id": "c%s", "parent": %s, "labels": {"en": "x%s", "de": "y"}}', g, CASE WHEN g < 4 THEN 'null' ELSE '"c' || g / 3 || '"' END, g)::json FROM generate_series(1, 20) g$q$);
SELECT fill('shipments', $q$SELECT format('{"_id": %s, "at": %s, "weight": %s, "by": {"eta": %s}}', g, CASE WHEN g % 3 = 0 THEN '"2024-05-0' || g % 9 + 1 || 'T10:00:00"' WHEN g = 61 THEN '"soon"' ELSE '{"$date": {"$numberLong": "17000000' || lpad(g::text, 5, '0') || '"}}' END,
    CASE WHEN g % 2 = 1 THEN '"12.5"' WHEN g = 62 THEN '"heavy"' ELSE g::text END, CASE WHEN g % 2 = 0 THEN '"2024-01-01"' WHEN g = 63 THEN '"later"' ELSE '{"$date": {"$numberLong": "0"}}' END)::json FROM generate_series(1, 63) g$q$);
SELECT fill('mixed', $q$VALUES ('{"_id": 1, "v": "a"}'::json), ('{"_id": "1", "v": 5}'), ('{"_id": {"$oid": "0000000c0000000000000001"}, "v": [1]}')$q$);
SELECT fill('events', $q$SELECT format('{"_id": {"year": 2020, "n": %s}, "kind": "k"}', g)::json FROM generate_series(1, 4) g$q$);

-- Can it be done?
SELECT check_name, status FROM mongo.preflight('mongodb', 'mongo_fdw_cpp_plan') WHERE check_name IN ('connection', 'version', 'clock', 'database', 'rights', 'encoding');
CREATE TEMPORARY TABLE told AS SELECT * FROM mongo.preflight('mongodb', 'mongo_fdw_cpp_plan');
SELECT check_name, status IN ('ok', 'warn', 'skip') AS known, detail <> '' AS told FROM told;
SELECT detail FROM told WHERE check_name = 'operators';
-- Where there is no replica set there is no change stream.
SELECT (SELECT status FROM told WHERE check_name = 'change stream') = (SELECT status FROM told WHERE check_name = 'topology') AS agree;
SELECT mongo_internal.estimated_load(7.3e9);
SELECT error_of($$SELECT mongo_internal.server_reply('mongodb', 'dropDatabase')$$);
SELECT check_name, status, detail FROM mongo.preflight('mongodb', 'mongo_fdw_cpp_Plan') WHERE check_name = 'database';
CREATE SERVER plan_down FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri 'mongodb://127.0.0.1:9/', server_selection_timeout '1s');
CREATE USER MAPPING FOR PUBLIC SERVER plan_down;
SELECT check_name, status, detail LIKE 'could not connect to server "plan_down": %' AS told, hint FROM mongo.preflight('plan_down', 'x') WHERE status = 'fail';
DROP SERVER plan_down CASCADE;
SELECT error_of($$SELECT * FROM mongo.preflight('nowhere', 'x')$$);
SELECT * FROM mongo.create_plan('kit', server => 'mongodb', database => 'mongo_fdw_cpp_plan', target_schema => 'kit', sample => 0);
SELECT * FROM mongo.preflight('mongodb', 'mongo_fdw_cpp_plan', 'kit') WHERE check_name IN ('plan', 'owner', 'target schema');
SELECT table_name, position, name, role, path, source_type, type, refers_to, not_null FROM mongo.plan_column WHERE plan = 'kit' ORDER BY table_name, position;
SELECT table_name, columns, target_table, share, enabled, why FROM mongo.plan_foreign_key WHERE plan = 'kit' ORDER BY 1;
\pset format unaligned
\pset tuples_only on
SELECT statement FROM mongo.plan_statements('kit', '{source,target,constraints}');
SELECT statement FROM mongo.plan_statements('kit', '{comments}') WHERE object LIKE '%orders%';
SELECT mongo.source_query('kit', name) FROM mongo.plan_table WHERE plan = 'kit' ORDER BY position;
\pset format aligned
\pset tuples_only off
-- The same input gives the same bytes.
CREATE TABLE first_plan AS SELECT * FROM mongo.plan_statements('kit');
SELECT count(*) FROM mongo.create_plan('kit', server => 'mongodb', database => 'mongo_fdw_cpp_plan', target_schema => 'kit', sample => 0, replace => true);
SELECT count(*) FROM (SELECT * FROM mongo.plan_statements('kit') EXCEPT SELECT * FROM first_plan) d;
DROP TABLE first_plan;
-- Applied, filled by the source queries, constrained; applied once more.
CALL mongo.apply_plan('kit');
CREATE FUNCTION load_all(plan text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t record;
BEGIN
    FOR t IN SELECT p.target_schema, q.name, (SELECT string_agg(quote_ident(c.name), ', ' ORDER BY c.position) FROM mongo.plan_column c
                 WHERE c.plan = q.plan AND c.table_name = q.name AND c.enabled AND NOT (c.role = 'key' AND q.key = 'bigint')) AS columns
               FROM mongo.plan p JOIN mongo.plan_table q USING (plan) WHERE q.plan = load_all.plan AND q.enabled ORDER BY q.name = 'reviews', q.name LIKE 'orders%', q.levels, q.position
    LOOP
        EXECUTE format('INSERT INTO %I.%I (%s) SELECT %3$s FROM (%4$s) AS q', t.target_schema, t.name, t.columns, mongo.source_query(plan, t.name));
    END LOOP;
END $$;
SELECT load_all('kit');
CALL mongo.apply_plan('kit', '{constraints,indexes,comments}');
CALL mongo.apply_plan('kit', '{source,target,constraints}');
SELECT * FROM kit.users ORDER BY id LIMIT 2;
SELECT * FROM kit.orders ORDER BY id DESC LIMIT 2;
SELECT * FROM kit.orders_items_parts ORDER BY 1, 2, 3 LIMIT 3;
SELECT * FROM kit.reviews WHERE id IN (3, 7) ORDER BY id;
SELECT * FROM kit.mixed ORDER BY id::text;
-- Dates and text that says one, numbers and text that says one: converted by rule; what says none is in the rest.
SELECT name, type, expression, not_null FROM mongo.plan_column WHERE plan = 'kit' AND table_name = 'shipments' ORDER BY position;
SELECT count(at), count(weight), count(by_eta), count(*) FILTER (WHERE extra IS NOT NULL) FROM kit.shipments;
SELECT * FROM kit.shipments WHERE id IN (3, 4, 61, 62, 63) ORDER BY id;
SELECT * FROM kit.events ORDER BY id LIMIT 1;
SELECT * FROM mongo.unmapped('kit');
-- And back: the document that each row stands for, beside the one that is stored.
CREATE FUNCTION given_back(plan text, OUT name name, OUT documents bigint, OUT same bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE p mongo.plan; collection text;
BEGIN
    SELECT q.* INTO p FROM mongo.plan q WHERE q.plan = given_back.plan;
    FOR name, collection IN SELECT t.name, t.collection FROM mongo.plan_table t WHERE t.plan = given_back.plan AND t.parent IS NULL AND t.query IS NULL ORDER BY t.position LOOP
        EXECUTE format('CREATE FOREIGN TABLE stored (__key bytea, __doc jsonb) SERVER mongodb OPTIONS (database %L, collection %L)', p.database, collection);
        EXECUTE format('SELECT count(*), count(*) FILTER (WHERE b.document::jsonb = s.__doc) FROM stored s LEFT JOIN (%s) b USING (__key)', mongo.document_query(plan, name)) INTO documents, same;
        DROP FOREIGN TABLE stored;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT * FROM given_back('kit');
\pset format unaligned
\pset tuples_only on
SELECT mongo.document_query('kit', name) FROM mongo.plan_table WHERE plan = 'kit' AND name IN ('orders', 'events', 'mixed') ORDER BY position;
\pset format aligned
\pset tuples_only off
SELECT error_of($$SELECT mongo.document_query('kit', 'orders_items')$$);
SELECT error_of($$SELECT mongo.document_query('kit', 'nobody')$$);
-- What a person changes.
UPDATE mongo.plan_column SET type = 'numeric(12,2)', name = 'amount' WHERE plan = 'kit' AND table_name = 'orders' AND path = 'total';
UPDATE mongo.plan_column SET expression = 'upper(value) || s.address_zip' WHERE plan = 'kit' AND table_name = 'users' AND path = 'address.city';
UPDATE mongo.plan_column SET enabled = false WHERE plan = 'kit' AND table_name = 'orders' AND path = 'shipping.method';
UPDATE mongo.plan_table SET source_filter = '{"total": {"$lt": {"$numberDecimal": "10"}}}' WHERE plan = 'kit' AND name = 'orders';
SELECT table_name, name, edited FROM mongo.plan_column WHERE plan = 'kit' AND edited ORDER BY 1, 2;
UPDATE mongo.plan_column SET name = 'buyer' WHERE plan = 'kit' AND table_name = 'orders' AND path = 'user_id';
UPDATE mongo.plan_table SET name = 'customers' WHERE plan = 'kit' AND name = 'users';
UPDATE mongo.plan_table SET name = 'lines' WHERE plan = 'kit' AND name = 'orders_items';
SELECT statement FROM mongo.plan_statements('kit', '{constraints}');
CALL mongo.apply_plan('kit', '{target}'); -- another form is in the way
DROP SCHEMA kit CASCADE;
DROP SCHEMA kit_source CASCADE;
CALL mongo.apply_plan('kit');
SELECT load_all('kit');
SELECT count(*), min(amount), max(amount) FROM kit.orders;
SELECT count(*) FROM kit.orders_items_parts;
SELECT extra FROM kit.orders ORDER BY id LIMIT 1;
SELECT address_city FROM kit.customers ORDER BY id LIMIT 1;
UPDATE mongo.plan_column SET inverse = 'initcap(left(value, -4))' WHERE plan = 'kit' AND table_name = 'customers' AND name = 'address_city';
SELECT * FROM given_back('kit');
SELECT * FROM mongo.unmapped('kit', 0);
-- Made anew, with the edited rows.
INSERT INTO mongo.decision (plan, object, decision, reason) VALUES ('kit', 'orders.shipping', 'jsonb', 'its fields change with the carrier');
SELECT count(*) FROM mongo.create_plan('kit', server => 'mongodb', database => 'mongo_fdw_cpp_plan', target_schema => 'kit', sample => 0, replace => true, collections => '{users,orders,reviews}', layout => '{"orders.shipping": "jsonb", "users.roles": "table"}');
SELECT table_name, position, name, path, type, expression, enabled FROM mongo.plan_column WHERE plan = 'kit' AND (edited OR path LIKE 'shipping%' OR table_name LIKE 'users_%') ORDER BY 1, 2;
SELECT name, source_name, parent, source_filter FROM mongo.plan_table WHERE plan = 'kit' ORDER BY position;
SELECT object, decision, reason FROM mongo.decision WHERE plan = 'kit';
DROP SCHEMA kit_source CASCADE;
CALL mongo.apply_plan('kit', '{source}');
CALL mongo.drop_plan('kit', source_tables => true);
SELECT to_regnamespace('kit_source') IS NULL AS source_gone, count(*) AS rows_left FROM mongo.plan_column WHERE plan = 'kit';
DROP SCHEMA kit CASCADE;
-- Keys of other kinds, there and back.
CREATE FUNCTION keyed(kind text) RETURNS TABLE (statement text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mongo.create_plan('keyed', 'mongodb', 'mongo_fdw_cpp_plan', 'keyed', '{users,orders}', sample => 0, key => kind);
    RETURN QUERY SELECT s.statement FROM mongo.plan_statements('keyed', '{target}') s WHERE s.object LIKE '%order%';
    RETURN QUERY SELECT mongo.source_query('keyed', 'orders');
    RETURN QUERY SELECT mongo.document_query('keyed', 'orders');
    CALL mongo.drop_plan('keyed');
END $$;
\pset format unaligned
\pset tuples_only on
SELECT statement FROM unnest('{uuid,bytea,objectid,bigint}'::text[]) k, keyed(k);
\pset format aligned
\pset tuples_only off
CREATE PROCEDURE round_trip(kind text) LANGUAGE plpgsql AS $$
DECLARE s text; r record;
BEGIN
    PERFORM mongo.create_plan('keyed', 'mongodb', 'mongo_fdw_cpp_plan', 'keyed', '{users,orders,mixed,events}', sample => 0, key => kind);
    FOR s IN SELECT statement FROM mongo.plan_statements('keyed', '{source,target}') LOOP EXECUTE s; END LOOP;
    PERFORM load_all('keyed');
    FOR r IN SELECT * FROM given_back('keyed') LOOP RAISE NOTICE '% %: % of % documents', kind, r.name, r.same, r.documents; END LOOP;
    SET LOCAL client_min_messages = warning;
    DROP SCHEMA keyed CASCADE;
    CALL mongo.drop_plan('keyed', source_tables => true);
END $$;
CALL round_trip('text'); CALL round_trip('uuid'); CALL round_trip('bytea'); CALL round_trip('objectid'); CALL round_trip('bigint'); CALL round_trip('same');
DROP PROCEDURE round_trip;
-- Bad input: each is an error that names it, before anything is done.
SELECT error_of($$SELECT * FROM mongo.create_plan('p', 'nowhere', 'd', 's')$$);
SELECT error_of($$SELECT * FROM mongo.create_plan('p', 'mongodb', 'mongo_fdw_cpp_not_there', 's')$$);
SELECT error_of($$SELECT * FROM mongo.create_plan('p', 'mongodb', 'mongo_fdw_cpp_plan', 's', '{users,nope}')$$);
SELECT error_of($$SELECT * FROM mongo.create_plan('p', 'mongodb', 'mongo_fdw_cpp_plan', 's', layout => '{"orders.nope": "jsonb"}')$$);
SELECT error_of($$SELECT * FROM mongo.create_plan('p', 'mongodb', 'mongo_fdw_cpp_plan', 's', layout => '{"orders.items": "tree"}')$$);
SELECT error_of($$SELECT * FROM mongo.create_plan('p', 'mongodb', 'mongo_fdw_cpp_plan', 's', key => 'serial')$$);
SELECT error_of($$SELECT * FROM mongo.create_plan('', 'mongodb', 'mongo_fdw_cpp_plan', 's')$$);
SELECT error_of($$SELECT * FROM mongo.plan_statements('p')$$);
SELECT count(*) FROM mongo.create_plan('odd', 'mongodb', 'mongo_fdw_cpp_plan', 'odd', '{orders,users}');
SELECT error_of($$SELECT * FROM mongo.create_plan('odd', 'mongodb', 'mongo_fdw_cpp_plan', 'odd')$$);
SELECT error_of($$SELECT * FROM mongo.plan_statements('odd', '{source,all}')$$);
CREATE FUNCTION faulty(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE fault text;
BEGIN
    EXECUTE change;
    fault := error_of($q$SELECT * FROM mongo.plan_statements('odd')$q$);
    RAISE EXCEPTION 'undo' USING ERRCODE = 'P9999', DETAIL = fault;
EXCEPTION WHEN SQLSTATE 'P9999' THEN
    GET STACKED DIAGNOSTICS fault = PG_EXCEPTION_DETAIL;
    RETURN fault;
END $$;
SELECT faulty($$UPDATE mongo.plan_column SET type = 'nope' WHERE plan = 'odd' AND path = 'total'$$);
SELECT faulty($$UPDATE mongo.plan_column SET name = 'note' WHERE plan = 'odd' AND path = 'total'$$);
SELECT faulty($$UPDATE mongo.plan_table SET enabled = false WHERE plan = 'odd' AND name = 'orders'$$);
SELECT error_of($$UPDATE mongo.plan_table SET parent = 'nobody' WHERE plan = 'odd' AND name = 'orders_items'$$);
SELECT faulty($$UPDATE mongo.plan_column SET refers_to = 'nobody' WHERE plan = 'odd' AND path = 'user_id'$$);
SELECT faulty($$UPDATE mongo.plan_foreign_key SET columns = '{customer}' WHERE plan = 'odd'$$);
SELECT faulty($$UPDATE mongo.plan_table SET parent = 'orders_items_parts' WHERE plan = 'odd' AND name = 'orders'$$);
BEGIN;
CALL mongo.apply_plan('odd');
ROLLBACK;
-- Another's plan is read, not written and not run; not by a superuser either.
CREATE ROLE mongo_fdw_cpp_planner;
GRANT USAGE ON FOREIGN SERVER mongodb TO mongo_fdw_cpp_planner;
SET ROLE mongo_fdw_cpp_planner;
SELECT count(*) > 0 AS reads FROM mongo.plan_column WHERE plan = 'odd';
SELECT error_of($$UPDATE mongo.plan_column SET expression = 'evil()' WHERE plan = 'odd'$$);
SELECT error_of($$DELETE FROM mongo.plan WHERE plan = 'odd'$$);
SELECT error_of($$INSERT INTO mongo.plan_table (plan, position, name, source_name, collection, key) VALUES ('odd', 9, 'x', 'x', 'x', 'text')$$);
CALL mongo.apply_plan('odd');
SELECT error_of($$CALL mongo.drop_plan('odd')$$);
SELECT check_name, status, detail, hint FROM mongo_internal.preflight_plan('odd');
SELECT count(*) FROM mongo.create_plan('own', 'mongodb', 'mongo_fdw_cpp_plan', 'own', '{mixed}');
RESET ROLE;
SELECT error_of($$UPDATE mongo.plan_column SET expression = 'evil()' WHERE plan = 'own'$$);
CALL mongo.apply_plan('own');
SET ROLE mongo_fdw_cpp_planner;
UPDATE mongo.plan_table SET name = 'renamed' WHERE plan = 'own';
SELECT DISTINCT table_name FROM mongo.plan_column WHERE plan = 'own';
CALL mongo.drop_plan('own');
RESET ROLE;
CALL mongo.drop_plan('odd');
REVOKE USAGE ON FOREIGN SERVER mongodb FROM mongo_fdw_cpp_planner;
DROP ROLE mongo_fdw_cpp_planner;
DROP FUNCTION faulty, keyed, load_all, given_back, fill;
