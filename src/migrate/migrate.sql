-- The whole road in one CALL.
-- What a person must decide first: a fail of preflight. The rest is told.
CREATE FUNCTION mongo_internal.check_migration(plan text, server text, database text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told record;
BEGIN
    SELECT format('%s ok, %s, %s skipped', count(*) FILTER (WHERE f.status = 'ok'), mongo_internal.counted(count(*) FILTER (WHERE f.status = 'warn'), 'warning'), count(*) FILTER (WHERE f.status = 'skip')) AS counted,
           string_agg(f.line, E'\n' ORDER BY f.n) FILTER (WHERE f.status = 'warn') AS warnings, string_agg(f.line, E'\n' ORDER BY f.n) FILTER (WHERE f.status = 'fail') AS fails,
           (array_agg(f.check_name || ': ' || f.detail ORDER BY f.n) FILTER (WHERE f.status = 'fail'))[1] AS first_fail, (array_agg(f.hint ORDER BY f.n) FILTER (WHERE f.status = 'fail'))[1] AS first_hint INTO told
      FROM (SELECT r.*, concat_ws(': ', r.check_name, r.detail, r.hint) AS line
              FROM mongo.preflight(server, database, (SELECT p.plan FROM mongo.plan AS p WHERE p.plan = check_migration.plan)) WITH ORDINALITY AS r (check_name, status, detail, hint, n)) AS f;
    IF told.fails IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('plan "%s" cannot begin: %s', plan, told.first_fail),
            DETAIL = told.fails, HINT = format('%s The same CALL goes on then; mongo.preflight shows all that was looked at.', told.first_hint);
    END IF;
    RAISE NOTICE USING MESSAGE = format('preflight: %s', told.counted), DETAIL = coalesce(told.warnings, 'There is nothing to say.');
END $$;
COMMENT ON FUNCTION mongo_internal.check_migration(text, text, text) IS 'Raises 55000 with the first fail of preflight; else a NOTICE with its warnings';

-- Documents that are written after the plan was made may have fields that none had: each table of documents gets a rest column,
-- also where all documents were read and nothing was left over.
CREATE FUNCTION mongo_internal.add_rests(plan text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.add_rest(t, p.options ->> 'rest_column')
      FROM mongo.plan AS p JOIN mongo.plan_table AS t ON t.plan = p.plan
     WHERE p.plan = $1 AND t.subdocument IS NULL AND p.options ->> 'rest_column' IS NOT NULL
       -- The elements of arrays of scalars leave nothing: what does not fit is a reject.
       AND NOT EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name AND (c.role = 'rest' OR (c.role = 'field' AND mongo_internal.relative_path(t.unwind, c.path) = '')))
$$;
COMMENT ON FUNCTION mongo_internal.add_rests(text) IS 'Gives every table of documents of a plan a rest column';

-- Nor need they have what all had: NOT NULL would refuse them.
CREATE FUNCTION mongo_internal.allow_nulls(plan text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('mongo_internal.planning', 'on', true); -- nobody has edited these rows
    UPDATE mongo.plan_column AS c SET not_null = false, why = concat_ws('; ', c.why, 'none lacks it: it may be NOT NULL once nothing is written to MongoDB') WHERE c.plan = allow_nulls.plan AND c.role = 'field' AND c.not_null;
    PERFORM set_config('mongo_internal.planning', '', true);
END $$;
COMMENT ON FUNCTION mongo_internal.allow_nulls(text) IS 'Takes NOT NULL off the fields of a plan, and says so in why';

-- One that is there is used as it is, with what people changed in it.
CREATE FUNCTION mongo_internal.plan_migration(plan text, server text, database text, target_schema text, key text, layout jsonb, tolerance double precision) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own mongo.plan;
    tables bigint;
    other text;
BEGIN
    PERFORM mongo_internal.lock_plan(plan); -- of two at once one makes the plan
    SELECT p.* INTO own FROM mongo.plan AS p WHERE p.plan = plan_migration.plan;
    IF own.plan IS NULL THEN
        SELECT count(*) INTO tables FROM mongo.create_plan(plan, server, database, target_schema, layout => layout, key => key, tolerance => tolerance);
        PERFORM mongo_internal.add_rests(plan);
        PERFORM mongo_internal.allow_nulls(plan);
        RAISE NOTICE USING MESSAGE = format('plan: made, %s', mongo_internal.counted(tables, 'table'));
        RETURN;
    END IF;
    PERFORM mongo_internal.check_owner(plan);
    other := CASE WHEN own.server <> server THEN format('server "%s"', own.server) WHEN own.database <> database THEN format('database "%s"', own.database) WHEN own.target_schema <> target_schema THEN format('schema "%s"', own.target_schema) END;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('plan "%s" exists already, for %s', plan, other), HINT = 'Give this migration another name.';
    END IF;
    SELECT string_agg(o.name, ', ' ORDER BY o.name) INTO other FROM (VALUES ('key', to_jsonb(key)), ('layout', layout), ('tolerance', to_jsonb(tolerance))) AS o (name, value)
     WHERE o.value IS DISTINCT FROM own.options -> o.name AND o.value IS NOT NULL AND NOT (o.name = 'key' AND key = 'text') AND NOT (o.name = 'tolerance' AND tolerance = 0.01);
    IF other IS NOT NULL THEN
        RAISE WARNING USING MESSAGE = format('plan "%s" was made with another %s, which stays', plan, other), HINT = 'create_plan (replace => true) makes it anew, and keeps what was edited.';
    END IF;
    SELECT count(*) INTO tables FROM mongo.plan_table AS t WHERE t.plan = own.plan AND t.enabled;
    RAISE NOTICE USING MESSAGE = format('plan: it is there and is used as it is, %s', mongo_internal.counted(tables, 'table'));
END $$;
COMMENT ON FUNCTION mongo_internal.plan_migration(text, text, text, text, text, jsonb, double precision) IS 'Makes a plan where there is none of that name; 42710 where it is for something else';

CREATE FUNCTION mongo_internal.tell_migration(plan text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer record;
BEGIN
    FOR answer IN SELECT * FROM mongo_internal.answers(plan) ORDER BY place LOOP
        RAISE NOTICE USING MESSAGE = format('%s: %s', answer.question, answer.answer);
    END LOOP;
    RAISE NOTICE USING MESSAGE = format('SELECT mongo.report(%L, ''html'') is the report', plan);
END $$;
COMMENT ON FUNCTION mongo_internal.tell_migration(text) IS 'Says how a migration went';

CREATE PROCEDURE mongo.migrate(plan text, server text, database text, target_schema text, workers integer DEFAULT 1, key text DEFAULT 'text', layout jsonb DEFAULT NULL, tolerance double precision DEFAULT 0.01, level integer DEFAULT 3) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mongo_internal.refuse_transaction_block('mongo.migrate');
    -- Before an hour of loading, not after it.
    PERFORM mongo_internal.check_range('workers', workers, 0, 64);
    PERFORM mongo_internal.check_range('level', level, 0, 4);
    PERFORM mongo_internal.check_migration(plan, server, database);
    COMMIT;
    PERFORM mongo_internal.plan_migration(plan, server, database, target_schema, key, layout, tolerance);
    COMMIT;
    CALL mongo_internal.apply_parts(mongo_internal.checked_plan(plan), '{source,target}', false, false);
    COMMIT;
    CALL mongo.load(plan, workers => workers);
    COMMIT;
    CALL mongo_internal.apply_parts(mongo_internal.checked_plan(plan), '{constraints,indexes,comments}', false, false);
    COMMIT;
    CALL mongo.validate(plan, level);
    COMMIT;
    PERFORM mongo_internal.tell_migration(plan);
END $$;
COMMENT ON PROCEDURE mongo.migrate(text, text, text, text, integer, text, jsonb, double precision, integer) IS
    'Brings a database of MongoDB into a schema: preflight, create_plan, apply_plan, load, constraints, indexes and comments, validate, and NOTICEs of what mongo.report says in full. A plan of that name is used as it is, with what people changed in it. The same CALL again goes on where it stopped, and once all is done brings what changed. workers: background workers of the load (0: none); key, layout, tolerance: as of create_plan; level: as of validate. 55000 with the first thing that a person must decide (a fail of preflight, a load that would delete too much), 25001 inside a transaction block, 42710 for a plan of that name for something else, 42501 unless a member of the plan''s owner';
