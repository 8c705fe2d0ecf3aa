-- mongo.validate and what people call beside it.

-- A check is a function of a table; one that cannot run is skipped, with the reason.
CREATE FUNCTION mongo_internal.run_check(p mongo.plan, t mongo.plan_table, check_name text, fraction double precision, settle double precision) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    findings mongo_internal.finding[];
    standing text[];
BEGIN
    EXECUTE format('SELECT array_agg(f) FROM %s AS f', CASE check_name
        WHEN 'rows' THEN 'mongo_internal.check_rows($1, $2)' WHEN 'sequence' THEN 'mongo_internal.check_sequence($1, $2)' WHEN 'rejects' THEN 'mongo_internal.check_rejects($1, $2)'
        WHEN 'totals' THEN 'mongo_internal.check_totals($1, $2)' WHEN 'ranges' THEN 'mongo_internal.check_ranges($1, $2, $4)' WHEN 'values' THEN 'mongo_internal.check_values($1, $2, $4)'
        WHEN 'unmapped' THEN 'mongo_internal.check_unmapped($1, $2)' WHEN 'references' THEN 'mongo_internal.check_references_of($1, $2)' WHEN 'documents' THEN 'mongo_internal.check_documents($1, $2, $3, $4)' END) INTO findings USING p, t, fraction, settle;
    IF settle > 0 AND check_name IN ('rows', 'totals') AND EXISTS (SELECT FROM unnest(findings) AS f WHERE f.status = 'fail') AND mongo_internal.document_key(t) IS NOT NULL THEN
        standing := mongo_internal.standing_failures(p, t, settle);
    END IF;
    RETURN QUERY SELECT f.column_name, CASE WHEN o.moved THEN 'ok' ELSE f.status END, f.expected, f.actual, CASE WHEN o.moved THEN 'others write: it differs in no document for long' ELSE f.difference END, f.sample, f.sql
      FROM unnest(findings) AS f, LATERAL (SELECT f.status = 'fail' AND standing IS NOT NULL AND coalesce(f.column_name::text, '') <> ALL (standing) AS moved) AS o;
END $$;
COMMENT ON FUNCTION mongo_internal.run_check(mongo.plan, mongo.plan_table, text, double precision, double precision) IS 'What a check finds of a table, and what of it is a matter of time';

CREATE FUNCTION mongo_internal.findings(p mongo.plan, t mongo.plan_table, check_name text, fraction double precision, settle double precision) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told text;
BEGIN
    IF check_name IN ('sequence', 'documents') AND t.parent IS NOT NULL THEN
        RETURN;
    END IF;
    BEGIN
        RETURN QUERY SELECT * FROM mongo_internal.run_check(p, t, check_name, fraction, settle);
    EXCEPTION WHEN admin_shutdown OR crash_shutdown OR assert_failure THEN
        RAISE;
    WHEN query_canceled OR OTHERS THEN
        IF mongo_internal.is_cancelled(SQLSTATE, SQLERRM) THEN
            RAISE;
        END IF;
        -- What the server said is the detail.
        GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
        RETURN NEXT mongo_internal.found(NULL, 'skip', NULL, NULL, format('%s: %s', SQLSTATE, concat_ws(': ', SQLERRM, left(nullif(told, ''), 300))), NULL, NULL);
    END;
END $$;
COMMENT ON FUNCTION mongo_internal.findings(mongo.plan, mongo.plan_table, text, double precision, double precision) IS 'What a check finds of a table';

-- The checks by level: one row each.
CREATE FUNCTION mongo_internal.checks(level integer) RETURNS TABLE (place integer, level integer, name text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.* FROM (VALUES (1, 0, 'rows'), (2, 0, 'sequence'), (3, 0, 'rejects'), (4, 1, 'totals'), (5, 2, 'ranges'), (6, 3, 'values'), (7, 3, 'references'), (8, 3, 'unmapped'), (9, 4, 'documents')) AS c (place, level, name) WHERE c.level <= $1
$$;
COMMENT ON FUNCTION mongo_internal.checks(integer) IS 'The checks up to a level';

-- Ranges are looked at where the totals of a table differ or are not known, to name the documents; level 2 looks at them in any case.
CREATE FUNCTION mongo_internal.has_reason(r mongo.check_run, table_name name, check_name text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT $3 <> 'ranges' OR ($1).level = 2 OR coalesce((SELECT bool_or(c.status = 'fail' OR (c.status = 'skip' AND c.column_name IS NULL)) FROM mongo.check_result AS c WHERE c.run = ($1).run AND c.table_name = $2 AND c.check_name IN ('rows', 'totals')), true)
$$;
COMMENT ON FUNCTION mongo_internal.has_reason(mongo.check_run, name, text) IS 'Whether a check of a table is made in a run';

CREATE FUNCTION mongo_internal.note_check(r mongo.check_run, p mongo.plan, t mongo.plan_table, check_name text, level integer, fraction double precision, settle double precision) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    began timestamptz := clock_timestamp();
    findings mongo_internal.finding[];
BEGIN
    IF mongo_internal.has_reason(r, t.name, check_name) THEN
        findings := ARRAY(SELECT f FROM mongo_internal.findings(p, t, check_name, fraction, settle) AS f);
    ELSE
        findings := ARRAY[mongo_internal.found(NULL, 'skip', NULL, NULL, 'level 1 found nothing; level 2 looks at ranges in any case', NULL, NULL)];
    END IF;
    INSERT INTO mongo.check_result (run, plan, number, check_name, level, table_name, column_name, status, expected, actual, difference, sample, sql, seconds)
    SELECT r.run, p.plan, (SELECT count(*) FROM mongo.check_result AS c WHERE c.run = r.run) + u.o, note_check.check_name, note_check.level, t.name, u.column_name, u.status, u.expected, u.actual, u.difference, u.sample, u.sql,
           CASE u.o WHEN 1 THEN extract(epoch FROM clock_timestamp() - began) END
      FROM unnest(findings) WITH ORDINALITY AS u (column_name, status, expected, actual, difference, sample, sql, o);
END $$;
COMMENT ON FUNCTION mongo_internal.note_check(mongo.check_run, mongo.plan, mongo.plan_table, text, integer, double precision, double precision) IS 'Runs a check of a table and notes what it finds, and how long it took in the first line of it';

-- A plan of a whole database has all of its collections; one that was made since is in no table.
CREATE FUNCTION mongo_internal.note_collections(r mongo.check_run, p mongo.plan) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO mongo.check_result (run, plan, number, check_name, level, table_name, status, expected, difference)
    SELECT r.run, p.plan, row_number() OVER (ORDER BY c.collection), 'collections', 0, left(c.collection, 63), 'fail', mongo_internal.counted(c.documents, 'document') || ' (estimate)', format('collection "%s" is not in the plan', c.collection)
      FROM mongo.catalog(p.server, p.database) AS c
     WHERE c.collection IS NOT NULL AND c.kind <> 'view' AND c.documents IS DISTINCT FROM 0 AND NOT EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = p.plan AND t.collection = c.collection);
EXCEPTION WHEN OTHERS THEN
    INSERT INTO mongo.check_result (run, plan, number, check_name, level, table_name, status, difference) VALUES (r.run, p.plan, 1, 'collections', 0, '', 'skip', format('%s: %s', SQLSTATE, SQLERRM));
END $$;
COMMENT ON FUNCTION mongo_internal.note_collections(mongo.check_run, mongo.plan) IS 'Notes collections that a plan of a whole database does not have';

CREATE FUNCTION mongo_internal.begin_check(plan text, level integer, tables name[], fraction double precision, settle double precision) RETURNS mongo.check_run LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p mongo.plan := mongo_internal.check_owner(plan);
    wrong text := CASE WHEN fraction <= 0 OR fraction > 1 THEN 'fraction must be above 0 and at most 1' WHEN settle IS NULL OR settle < 0 THEN 'settle must not be below 0' END;
    own mongo.check_run;
BEGIN
    PERFORM mongo_internal.check_range('level', level, 0, 4);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = wrong;
    ELSIF p.state <> 'applied' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('plan "%s" has not been applied', plan), HINT = format('CALL mongo.apply_plan(%L) makes its tables.', plan);
    END IF;
    PERFORM mongo_internal.checked_plan(plan);
    PERFORM mongo_internal.table_of(plan, t) FROM unnest(tables) AS t;
    IF EXISTS (SELECT FROM unnest(tables) AS n JOIN mongo.plan_table AS t ON t.plan = begin_check.plan AND t.name = n WHERE NOT t.enabled) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'disabled tables are not checked';
    ELSIF EXISTS (SELECT FROM mongo.check_run AS r JOIN pg_stat_activity AS a ON a.pid = r.pid AND a.state IS DISTINCT FROM 'idle' WHERE r.plan = begin_check.plan AND r.state = 'running' AND r.pid <> pg_backend_pid()) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_in_use', MESSAGE = format('plan "%s" is being validated', plan);
    END IF;
    DELETE FROM mongo.check_result AS r WHERE r.plan = begin_check.plan;
    INSERT INTO mongo.check_run AS r (plan, level, tables, pid) VALUES (plan, level, tables, pg_backend_pid()) RETURNING r.* INTO own;
    IF tables IS NULL AND p.options -> 'collections' IS NULL THEN
        PERFORM mongo_internal.note_collections(own, p);
    END IF;
    RETURN own;
END $$;
COMMENT ON FUNCTION mongo_internal.begin_check(text, integer, name[], double precision, double precision) IS 'Notes a run of checks, and forgets what the last one found; whatever speaks against it raises';

CREATE FUNCTION mongo_internal.end_check(own bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r mongo.check_run;
BEGIN
    UPDATE mongo.check_run AS c SET state = 'done', finished = clock_timestamp(), ok = n.ok, warn = n.warn, fail = n.fail, skip = n.skip
      FROM (SELECT count(*) FILTER (WHERE l.status = 'ok') AS ok, count(*) FILTER (WHERE l.status = 'warn') AS warn, count(*) FILTER (WHERE l.status = 'fail') AS fail, count(*) FILTER (WHERE l.status = 'skip') AS skip
              FROM mongo.check_result AS l WHERE l.run = own) AS n
     WHERE c.run = own RETURNING c.* INTO r;
    RAISE NOTICE USING MESSAGE = format('plan "%s": %s ok, %s failed, %s, %s skipped', r.plan, mongo_internal.counted(r.ok, 'check'), r.fail, mongo_internal.counted(r.warn, 'warning'), r.skip),
        HINT = format('SELECT * FROM mongo.check_result WHERE plan = %L AND status <> ''ok'' tells what is not.', r.plan);
END $$;
COMMENT ON FUNCTION mongo_internal.end_check(bigint) IS 'Notes the end of a run of checks';

CREATE PROCEDURE mongo.validate(plan text, level integer DEFAULT 3, tables name[] DEFAULT NULL, fraction double precision DEFAULT NULL, settle double precision DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
    own mongo.check_run;
    p mongo.plan;
    t mongo.plan_table;
    c record;
BEGIN
    PERFORM mongo_internal.refuse_transaction_block('mongo.validate');
    own := mongo_internal.begin_check(plan, level, tables, fraction, settle);
    p := mongo_internal.plan_of(plan);
    COMMIT;
    FOR t IN SELECT o.* FROM mongo.plan_table AS o WHERE o.plan OPERATOR(pg_catalog.=) validate.plan AND o.enabled AND (tables IS NULL OR o.name OPERATOR(pg_catalog.=) ANY (tables)) ORDER BY o.position LOOP
        FOR c IN SELECT k.* FROM mongo_internal.checks(validate.level) AS k ORDER BY k.place LOOP
            PERFORM mongo_internal.begin_chunk();
            PERFORM mongo_internal.note_check(own, p, t, c.name, c.level, fraction, settle);
            COMMIT;
        END LOOP;
    END LOOP;
    PERFORM mongo_internal.end_check(own.run);
END $$;
COMMENT ON PROCEDURE mongo.validate(text, integer, name[], double precision, double precision) IS
    'Compares source and target of a plan, and fills mongo.check_result. Levels: 0 rows, sequences and rejects; 1 values, ends and sums of each column, by MongoDB itself; 2 the same by ranges of keys, down to the ids (above it only where level 1 found something); 3 every value of every row, and references; 4 documents against what the rows stand for (fraction: share of the documents, else up to 1000 of each table). settle: seconds for which a difference is looked at again, where others write: only what stays is a failure. A check that could not run is skip, with its reason; one that fails stops none. 25001 inside a transaction block, 42501 unless a member of the plan''s owner, 55000 for a plan that is not applied, 42704 for an unknown plan or table, 22023 for wrong arguments';

CREATE FUNCTION mongo.check_tap(plan text) RETURNS SETOF text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last mongo.check_run;
BEGIN
    PERFORM mongo_internal.check_owner(plan);
    SELECT c.* INTO last FROM mongo.check_run AS c WHERE c.plan = check_tap.plan ORDER BY c.run DESC LIMIT 1;
    IF last.run IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('plan "%s" has not been validated', plan), HINT = format('CALL mongo.validate(%L) does so.', plan);
    ELSIF last.state <> 'done' THEN
        RETURN NEXT format('Bail out! The validation of plan "%s" has not ended.', plan);
        RETURN;
    END IF;
    RETURN QUERY
    WITH r AS (SELECT c.*, row_number() OVER (ORDER BY c.number) AS n FROM mongo.check_result AS c WHERE c.plan = check_tap.plan)
    SELECT '1..' || count(*) FROM r
    UNION ALL
    SELECT l.line FROM (SELECT r.n, format('%s %s - %s of %s%s', CASE r.status WHEN 'fail' THEN 'not ok' ELSE 'ok' END, r.n, r.check_name, r.table_name, coalesce('.' || r.column_name, ''))
               || CASE WHEN r.status = 'skip' THEN ' # SKIP ' || regexp_replace(coalesce(r.difference, ''), '\s+', ' ', 'g') ELSE '' END
               || CASE WHEN r.status IN ('fail', 'warn') THEN E'\n# ' || regexp_replace(concat_ws('; ', r.difference, 'expected ' || r.expected, 'actual ' || r.actual, 'keys ' || array_to_string(r.sample, ', ')), '\s+', ' ', 'g') ELSE '' END AS line
          FROM r ORDER BY r.n) AS l;
END $$;
COMMENT ON FUNCTION mongo.check_tap(text) IS 'What the last mongo.validate of a plan found, as lines of TAP, for pgTAP and pg_prove: skipped checks are SKIP, warnings are ok with a comment; Bail out! where it has not ended. 55000 for a plan that was never validated, 42501 unless a member of the plan''s owner, 42704 for an unknown plan';

-- Differences of a table, by one of the ways.
CREATE FUNCTION mongo.diff(plan text, table_name text, method text DEFAULT 'join', max bigint DEFAULT 1000)
RETURNS TABLE (kind text, key text, column_name text, source_value text, target_value text, refused boolean) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    p mongo.plan := mongo_internal.check_owner(diff.plan);
    t mongo.plan_table := mongo_internal.table_of(diff.plan, diff.table_name);
BEGIN
    IF method IS NULL OR method NOT IN ('join', 'bisect') OR max IS NULL OR max < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = CASE WHEN method IN ('join', 'bisect') THEN 'max must be at least 1' ELSE format('invalid method: "%s"', method) END, HINT = CASE WHEN method IN ('join', 'bisect') THEN '' ELSE 'Valid values are "join" and "bisect".' END;
    END IF;
    PERFORM mongo_internal.check_comparable(t);
    IF method = 'bisect' THEN
        RETURN QUERY SELECT d.kind, d.row_key, d.column_name, d.source_value, d.target_value, d.expected
          FROM mongo_internal.differences_of(p, t, mongo_internal.bisected(p, t, 0, least(max, 10000)::integer)) AS d ORDER BY 2, 1, 3 LIMIT max;
    ELSE
        RETURN QUERY EXECUTE format('SELECT d.kind, d.row_key, d.column_name, d.source_value, d.target_value, d.expected FROM (%s LIMIT %s) AS d ORDER BY 2, 1, 3', mongo_internal.compare_sql(p, t, false), max);
    END IF;
END $$;
COMMENT ON FUNCTION mongo.diff(text, text, text, bigint) IS
    'Differences between the source query of a table of a plan and its rows: kind missing (the target lacks the row), extra, different (with a column and both values); refused: a load refused it, see mongo.reject. method: join reads both sides; bisect lets both add up ranges of keys and reads only documents whose figures differ, so that it sees what level 1 of mongo.validate sees. 42501 unless a member of the plan''s owner, 42704 for an unknown plan or table, 0A000 for a table without keys, 22023 for wrong arguments';

CREATE FUNCTION mongo_internal.common_columns(a regclass, b regclass) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(x.attname ORDER BY x.attnum) FROM pg_attribute AS x JOIN pg_attribute AS y ON y.attrelid = $2 AND y.attname = x.attname AND y.attnum > 0 AND NOT y.attisdropped WHERE x.attrelid = $1 AND x.attnum > 0 AND NOT x.attisdropped
$$;
COMMENT ON FUNCTION mongo_internal.common_columns(regclass, regclass) IS 'Columns that two tables both have';

CREATE FUNCTION mongo.diff_tables(a regclass, b regclass, key name[], columns name[] DEFAULT NULL, max bigint DEFAULT 1000)
RETURNS TABLE (kind text, row_key text, column_name text, source_value text, target_value text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' AS $$
#variable_conflict use_column
DECLARE
    common name[] := mongo_internal.common_columns(a, b);
    unknown name := (SELECT n FROM unnest(diff_tables.key || diff_tables.columns) AS n WHERE (n = ANY (common)) IS NOT TRUE LIMIT 1);
    compared name[] := ARRAY(SELECT n FROM unnest(coalesce(diff_tables.columns, common)) WITH ORDINALITY AS u (n, o) WHERE n <> ALL (diff_tables.key) ORDER BY o);
    list text := mongo_internal.name_list(diff_tables.key || compared);
BEGIN
    IF unknown IS NOT NULL OR coalesce(cardinality(diff_tables.key), 0) = 0 THEN
        RAISE EXCEPTION USING ERRCODE = CASE WHEN unknown IS NULL THEN 'invalid_parameter_value' ELSE 'undefined_column' END, MESSAGE = CASE WHEN unknown IS NULL THEN 'key must name a column' ELSE format('column "%s" is not in both tables', unknown) END;
    END IF;
    RETURN QUERY EXECUTE format('SELECT d.kind, d.row_key, d.column_name, d.source_value, d.target_value FROM (%s LIMIT %s) AS d ORDER BY 2, 1, 3',
        mongo_internal.join_sql(format('SELECT %s, NULL::bytea AS __document_key FROM %s', list, a), format('SELECT %s, NULL::bytea AS __document_key FROM %s', list, b), diff_tables.key, compared,
                                ARRAY(SELECT mongo_internal.plain_type(a, n) FROM unnest(compared) WITH ORDINALITY AS u (n, o) ORDER BY o), array_fill(0::float8, ARRAY[cardinality(compared)]), 'false',
                                NOT EXISTS (SELECT FROM unnest(compared) AS n WHERE mongo_internal.attribute_type(a, n) <> mongo_internal.attribute_type(b, n))), max);
END $$;
COMMENT ON FUNCTION mongo.diff_tables(regclass, regclass, name[], name[], bigint) IS
    'Differences between two tables, views or foreign tables, found again by the columns of key: kind missing (b lacks the row of a), extra, different (with a column and both values). columns NULL: those that both have. Text is compared by its bytes, numbers by value. 42703 for a column that is not in both, 22023 without a key';

-- The row is found by its key as a text, as differences tell it.
CREATE FUNCTION mongo_internal.repair_statement(p mongo.plan, t mongo.plan_table, d mongo_internal.difference) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE ($3).kind WHEN 'missing' THEN regexp_replace(format('-- %s of %s is missing: CALL mongo.load(%L);', ($3).row_key, ($2).name, ($1).plan), '[\n\r]', ' ', 'g')
                WHEN 'extra' THEN format('DELETE FROM %I.%I AS t WHERE %s;', ($1).target_schema, ($2).name, k.condition)
                ELSE format('UPDATE %I.%I AS t SET %I = %L WHERE %s;', ($1).target_schema, ($2).name, ($3).column_name, ($3).source_value, k.condition) END
      FROM (SELECT CASE WHEN cardinality(m.names) = 1 THEN format('t.%I = %L', m.names[1], ($3).row_key)
                        ELSE format('ROW(%s)::text = %L', mongo_internal.aliased_list(m.names, 't'), ($3).row_key) END AS condition
              FROM (SELECT mongo_internal.match_columns($2) AS names) AS m) AS k
$$;
COMMENT ON FUNCTION mongo_internal.repair_statement(mongo.plan, mongo.plan_table, mongo_internal.difference) IS 'A statement that would undo a difference';

CREATE FUNCTION mongo.repair_statements(plan text, max bigint DEFAULT 1000) RETURNS TABLE (table_name name, statement text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET jit = off AS $$
#variable_conflict use_column
DECLARE
    p mongo.plan := mongo_internal.check_owner(repair_statements.plan);
    t mongo.plan_table;
BEGIN
    FOR t IN SELECT o.* FROM mongo.plan_table AS o WHERE o.plan = p.plan AND o.enabled AND (mongo_internal.root_of(o)).key <> 'none' ORDER BY o.position LOOP
        RETURN QUERY EXECUTE format('SELECT $2.name, mongo_internal.repair_statement($1, $2, d::mongo_internal.difference) FROM (%s LIMIT %s) AS d WHERE NOT d.expected ORDER BY d.kind, d.row_key, d.column_name', mongo_internal.compare_sql(p, t, false), max) USING p, t;
        RETURN QUERY SELECT t.name, format('SELECT setval(pg_get_serial_sequence(%L, %L), (SELECT max(%I) FROM %s));', mongo_internal.target_of(p, t)::text, f.column_name, f.column_name, mongo_internal.target_of(p, t))
          FROM mongo_internal.check_sequence(p, t) AS f WHERE t.parent IS NULL AND f.status = 'fail';
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo.repair_statements(text, bigint) IS
    'Statements, as text, that would make the target tables of a plan as the source is: UPDATE of values that differ, DELETE of rows that the source does not have, setval of sequences; missing rows are brought by mongo.load, which a comment says. Nothing is run. max: differences of a table. 42501 unless a member of the plan''s owner, 42704 for an unknown plan';
