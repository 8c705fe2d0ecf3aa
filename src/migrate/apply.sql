-- Checking a plan as a whole, and running its statements.
CREATE FUNCTION mongo_internal.refuse_transaction_block(procedure text) RETURNS void
    AS 'MODULE_PATHNAME', 'mongo_refuse_transaction_block' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.refuse_transaction_block(text) IS
    'Raises 25001 inside BEGIN ... COMMIT: the procedure commits by itself';

CREATE FUNCTION mongo_internal.query_columns(query text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'mongo_query_columns' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.query_columns(text) IS 'The columns that a SELECT gives, which is not run; 42601 for a text that is not one SELECT';

-- What a query of one's own lacks; NULL where it is right, or its source tables are not there yet.
CREATE FUNCTION mongo_internal.query_fault(t mongo.plan_table) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given text[];
    missing text;
BEGIN
    IF t.query IS NULL THEN
        RETURN NULL;
    END IF;
    BEGIN
        given := mongo_internal.query_columns(t.query);
    EXCEPTION WHEN undefined_table OR invalid_schema_name THEN
        RETURN NULL;
    WHEN OTHERS THEN
        RETURN 'its query cannot be run: ' || SQLERRM;
    END;
    SELECT string_agg(w.name, ', ' ORDER BY w.position) INTO missing
      FROM (SELECT c.name::text, c.position FROM mongo.plan_column AS c
             WHERE c.plan = t.plan AND c.table_name = t.name AND c.enabled AND mongo_internal.column_expression(c) IS NOT NULL
            UNION ALL SELECT '__key', 10000) AS w WHERE w.name <> ALL (given);
    RETURN 'its query does not give the columns ' || missing;
END $$;
COMMENT ON FUNCTION mongo_internal.query_fault(mongo.plan_table) IS 'Why the query that a person gave for a table of a plan cannot give its rows; NULL where it can, or nobody can tell yet';

-- The source row of a table as NULLs, so that what is said about it can be parsed before there is a source table.
CREATE FUNCTION mongo_internal.null_row(t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT '(SELECT ' || string_agg(format('NULL::%s AS %I', c.type, c.name), ', ' ORDER BY c.place) || ')' FROM mongo_internal.source_columns($1) AS c
$$;
COMMENT ON FUNCTION mongo_internal.null_row(mongo.plan_table) IS 'SQL for a row of a source table''s columns without values';

CREATE FUNCTION mongo_internal.expression_fault(t mongo.plan_table, c mongo.plan_column) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF c.expression IS NOT NULL THEN
        PERFORM mongo_internal.query_columns(format('SELECT (SELECT (%s)%s FROM (SELECT %s AS value) AS v) FROM %s AS s', c.expression,
            CASE WHEN c.type IS NOT NULL AND c.refers_to IS NULL THEN '::' || c.type ELSE '' END, coalesce('s.' || quote_ident(c.source_column), 'NULL::text'), mongo_internal.null_row(t)));
    END IF;
    IF c.inverse IS NOT NULL THEN
        PERFORM mongo_internal.query_columns(format('SELECT (%s) FROM (SELECT NULL::%s AS value) AS v', c.inverse, mongo_internal.column_type(c)));
    END IF;
    RETURN NULL;
EXCEPTION WHEN undefined_table OR invalid_schema_name THEN
    RETURN NULL; -- it reads a table that is made later
WHEN OTHERS THEN
    RETURN 'its expression cannot be run: ' || SQLERRM;
END $$;
COMMENT ON FUNCTION mongo_internal.expression_fault(mongo.plan_table, mongo.plan_column) IS 'Why the expression, or the inverse, of a column of a plan cannot be run; NULL where it can, or nobody can tell yet';

-- A cast would round, cut, or end the load at the first value that is none.
CREATE FUNCTION mongo_internal.needs_expression(c mongo.plan_column) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ($1).role = 'field' AND ($1).type IS NOT NULL AND ($1).expression IS NULL AND ($1).refers_to IS NULL
           AND mongo_internal.type_name(($1).type) NOT IN ('text', 'json', 'jsonb', mongo_internal.type_name(($1).source_type), mongo_internal.type_name(mongo_internal.target_type(($1).source_type, (mongo_internal.root_of_column($1)).key)))
           AND mongo_internal.type_family(($1).type) IS DISTINCT FROM mongo_internal.type_family(($1).source_type)
$$;
COMMENT ON FUNCTION mongo_internal.needs_expression(mongo.plan_column) IS 'Whether the type that a person gave a column cannot be read from the source without an expression';

-- What contradicts itself in a plan: a row a fault, in the order of the plan.
CREATE FUNCTION mongo_internal.plan_faults(plan text) RETURNS TABLE (table_name name, column_name name, fault text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.table_name, f.column_name, f.fault
      FROM (SELECT t.position AS place, 0 AS position, t.name AS table_name, NULL::name AS column_name, m.fault
              FROM mongo.plan_table AS t
              LEFT JOIN mongo.plan_table AS u ON u.plan = t.plan AND u.name = t.parent,
                   LATERAL (VALUES (CASE WHEN t.parent IS NOT NULL AND u.name IS NULL THEN format('its parent "%s" is no table of the plan', t.parent) END),
                                   (CASE WHEN NOT u.enabled THEN format('its parent "%s" is disabled', t.parent) END),
                                   (CASE WHEN t.name = '' THEN 'its name is empty' END),
                                   (CASE WHEN t.parent IS NOT NULL AND t.source_filter IS NOT NULL THEN 'a source_filter belongs to the topmost table' END),
                                   (CASE WHEN json_typeof(t.source_filter) <> 'object' THEN 'its source_filter is no JSON object' END),
                                   (CASE WHEN t.parent IS NOT NULL AND u.collection <> t.collection THEN 'its parent is of another collection' END),
                                   (mongo_internal.query_fault(t)),
                                   ((SELECT CASE WHEN count(*) FILTER (WHERE c.role IN ('key', 'parent') AND c.enabled) = 0 THEN 'it has no key'
                                                 WHEN count(*) FILTER (WHERE c.role IN ('key', 'parent')) > 1 THEN 'it has two keys'
                                                 WHEN bool_or(NOT c.enabled AND c.role IN ('key', 'legacy', 'source_key', 'parent', 'ord')) THEN 'a column that identifies its rows is disabled' END
                                       FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name))) AS m (fault)
             WHERE t.plan = $1 AND t.enabled
            UNION ALL
            SELECT t.position, c.position, t.name, c.name, m.fault
              FROM (SELECT o.*, o AS entry, count(*) OVER (PARTITION BY o.table_name, o.name) AS namesakes FROM mongo.plan_column AS o WHERE o.plan = $1 AND o.enabled) AS c
              JOIN mongo.plan_table AS t ON t.plan = c.plan AND t.name = c.table_name
              LEFT JOIN mongo.plan_table AS r ON r.plan = c.plan AND r.name = c.refers_to,
                   LATERAL (VALUES (CASE WHEN c.type IS NOT NULL AND c.edited AND mongo_internal.type_name(c.type) IS NULL THEN format('type "%s" does not exist', c.type) END),
                                   (CASE WHEN c.source_type IS NOT NULL AND c.edited AND mongo_internal.type_name(c.source_type) IS NULL THEN format('source type "%s" does not exist', c.source_type) END),
                                   (CASE WHEN c.edited AND mongo_internal.needs_expression(c.entry) THEN format('type "%s" is not read from %s: an expression has to say how', c.type, c.source_type) END),
                                   (CASE WHEN c.name = ANY (mongo_internal.system_columns()) THEN 'its name is that of a system column' END),
                                   (CASE WHEN c.expression IS NOT NULL OR c.inverse IS NOT NULL THEN mongo_internal.expression_fault(t, c.entry) END),
                                   (CASE WHEN c.name = '' THEN 'its name is empty' END),
                                   (CASE WHEN c.namesakes > 1 THEN 'two columns have this name' END),
                                   (CASE WHEN c.refers_to IS NOT NULL AND r.name IS NULL THEN format('it refers to "%s", which is no table of the plan', c.refers_to) END),
                                   (CASE WHEN c.source_column IS NULL AND c.expression IS NULL AND NOT (c.role = 'key' AND t.key = 'none') THEN 'it has neither a source column nor an expression' END)) AS m (fault)
             WHERE t.enabled
            UNION ALL
            SELECT t.position, 100000, k.table_name, NULL,
                   CASE WHEN u.name IS NULL THEN format('a foreign key refers to "%s", which is no table of the plan', k.target_table)
                        WHEN u.enabled AND cardinality(mongo_internal.key_columns(u)) <> cardinality(k.columns) THEN format('a foreign key of %s columns refers to "%s", whose key has %s', cardinality(k.columns), k.target_table, cardinality(mongo_internal.key_columns(u))) END
              FROM mongo.plan_foreign_key AS k JOIN mongo.plan_table AS t ON t.plan = k.plan AND t.name = k.table_name LEFT JOIN mongo.plan_table AS u ON u.plan = k.plan AND u.name = k.target_table
             WHERE k.plan = $1 AND k.enabled AND t.enabled
            UNION ALL
            SELECT t.position, 100001, i.table_name, NULL, format('index "%s" names a column that is not there', i.name)
              FROM mongo.plan_index AS i JOIN mongo.plan_table AS t ON t.plan = i.plan AND t.name = i.table_name,
                   regexp_split_to_table(substring(i.definition FROM '^(?:UNIQUE (?:NULLS NOT DISTINCT )?)?[(]([^()]*)[)]$'), ',') AS n
             WHERE i.plan = $1 AND i.enabled AND t.enabled AND NOT EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = i.plan AND c.table_name = i.table_name AND c.enabled
                   AND quote_ident(c.name) = regexp_replace(btrim(n), ' (DESC|ASC)$', ''))
            UNION ALL
            SELECT t.position, 100001, i.table_name, NULL, format('index "%s" has no definition', i.name)
              FROM mongo.plan_index AS i JOIN mongo.plan_table AS t ON t.plan = i.plan AND t.name = i.table_name
             WHERE i.plan = $1 AND i.enabled AND t.enabled AND btrim(i.definition) = ''
            UNION ALL
            SELECT t.position, 100000, k.table_name, n.name, 'a foreign key names a column that is not there'
              FROM mongo.plan_foreign_key AS k JOIN mongo.plan_table AS t ON t.plan = k.plan AND t.name = k.table_name, unnest(k.columns) AS n (name)
             WHERE k.plan = $1 AND k.enabled AND t.enabled AND NOT EXISTS (SELECT FROM mongo.plan_column AS c
                   WHERE c.plan = k.plan AND c.table_name = k.table_name AND c.name = n.name AND c.enabled)) AS f
     WHERE f.fault IS NOT NULL ORDER BY f.place, f.position, f.fault
$$;
COMMENT ON FUNCTION mongo_internal.plan_faults(text) IS 'What contradicts itself in a plan';

CREATE FUNCTION mongo_internal.checked_plan(plan text) RETURNS mongo.plan LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p mongo.plan := mongo_internal.plan_of(plan);
    f record;
    faults bigint;
BEGIN
    -- Circles first, in the order of the plan: everything else goes up to the topmost table.
    PERFORM mongo_internal.root_of(t) FROM (SELECT q.* FROM mongo.plan_table AS q WHERE q.plan = checked_plan.plan AND NOT EXISTS (
        SELECT FROM mongo.plan_table AS o WHERE o.plan = q.plan AND o.parent IS NOT NULL AND NOT EXISTS (SELECT FROM mongo.plan_table AS u WHERE u.plan = o.plan AND u.name = o.parent))
        ORDER BY q.position) AS t;
    SELECT * INTO f FROM mongo_internal.plan_faults(checked_plan.plan) LIMIT 1;
    IF FOUND THEN
        SELECT count(*) INTO faults FROM mongo_internal.plan_faults(checked_plan.plan);
        RAISE EXCEPTION USING ERRCODE = 'invalid_object_definition',
            MESSAGE = format('plan "%s", table "%s"%s: %s', plan, f.table_name, coalesce(', column "' || f.column_name || '"', ''), f.fault),
            DETAIL = CASE WHEN faults > 1 THEN format('The plan has %s faults; this is the first.', faults) ELSE 'Nothing was done.' END,
            HINT = 'Change the row in mongo.plan_table, mongo.plan_column or mongo.plan_foreign_key. Types outside of pg_catalog need their schema.';
    END IF;
    RETURN p;
END $$;
COMMENT ON FUNCTION mongo_internal.checked_plan(text) IS 'The plan, where it does not contradict itself; else 42P17 with its row, 42704 where there is none';

CREATE FUNCTION mongo_internal.check_range(name text, value integer, lowest integer, highest integer) RETURNS void LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF value IS NULL OR value NOT BETWEEN lowest AND highest THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('%s must be from %s to %s', name, lowest, highest);
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_range(text, integer, integer, integer) IS 'Raises 22023 for an argument out of its range';

CREATE FUNCTION mongo_internal.check_parts(parts text[]) RETURNS void LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong text := (SELECT w FROM unnest(parts) AS w WHERE w IS NULL OR w <> ALL ('{source,target,constraints,indexes,comments}') LIMIT 1);
BEGIN
    IF parts IS NULL OR wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('invalid part: "%s"', wrong),
            HINT = 'Valid parts are "source", "target", "constraints", "indexes" and "comments".';
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_parts(text[]) IS 'Raises 22023 for a part that plan_statements does not have';

-- Whether what a statement makes is there: NULL it is not, true in the planned form, false in another one.
CREATE FUNCTION mongo_internal.is_there(p mongo.plan, s mongo_internal.step) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    relation regclass := CASE WHEN s.kind <> 'schema' THEN to_regclass(format('%I.%I', s.schema_name, CASE s.kind WHEN 'index' THEN s.name ELSE s.table_name END)) END;
BEGIN
    RETURN CASE s.kind
        WHEN 'schema' THEN CASE WHEN to_regnamespace(quote_ident(s.schema_name)) IS NOT NULL THEN true END
        WHEN 'constraint' THEN (SELECT mongo_internal.same_definition(pg_get_constraintdef(c.oid), s.definition) FROM pg_constraint AS c WHERE c.conrelid = relation AND c.conname = s.name)
        WHEN 'index' THEN CASE WHEN relation IS NOT NULL AND NOT mongo_internal.is_invalid_index(s) THEN mongo_internal.is_index_as_planned(s, relation) END
        WHEN 'table' THEN CASE WHEN relation IS NOT NULL THEN CASE s.part WHEN 'source' THEN mongo_internal.is_source_as_planned(p, s.table_name, relation)
                                                                    ELSE mongo_internal.is_target_as_planned(p, s.table_name, relation) END END END;
END $$;
COMMENT ON FUNCTION mongo_internal.is_there(mongo.plan, mongo_internal.step) IS 'Whether an object of a plan exists: NULL no, false in another form';

-- What a worker left that was ended: it is made anew.
CREATE FUNCTION mongo_internal.is_invalid_index(s mongo_internal.step) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT NOT i.indisvalid FROM pg_index AS i WHERE i.indexrelid = to_regclass(format('%I.%I', ($1).schema_name, ($1).name)) AND i.indrelid = to_regclass(format('%I.%I', ($1).schema_name, ($1).table_name))), false)
$$;
COMMENT ON FUNCTION mongo_internal.is_invalid_index(mongo_internal.step) IS 'Whether an index of a plan is there, and not valid';

-- How PostgreSQL shows expressions and conditions nobody can tell beforehand; access method, uniqueness, whether there is a
-- condition, and a plain list of columns are compared.
CREATE FUNCTION mongo_internal.is_index_as_planned(s mongo_internal.step, relation regclass) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT i.indrelid = to_regclass(format('%I.%I', ($1).schema_name, ($1).table_name)) AND i.indisunique = (($1).statement ~ '^CREATE UNIQUE ')
                            AND (i.indpred IS NOT NULL) = (($1).definition ~* '\mWHERE\M') AND m.amname = coalesce(lower(substring(($1).definition FROM '(?i)^\s*USING\s+(\w+)')), 'btree')
                            AND (l.columns IS NULL OR strpos(regexp_replace(pg_get_indexdef($2), '\s', '', 'g'), regexp_replace(m.amname || l.columns, '\s', '', 'g')) > 0)
                       FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS m ON m.oid = c.relam,
                            LATERAL (SELECT (regexp_match(($1).definition, '^\s*(?:USING\s+\w+\s*)?([(][^()'']*[)])'))[1] AS columns) AS l WHERE i.indexrelid = $2), false)
$$;
COMMENT ON FUNCTION mongo_internal.is_index_as_planned(mongo_internal.step, regclass) IS 'Whether a relation is the index that a plan has, as far as it can be told';

-- Of unique and foreign keys as they are shown; how a check is shown nobody can tell beforehand.
CREATE FUNCTION mongo_internal.same_definition(stored text, planned text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $2 ~* '^\s*(UNIQUE|FOREIGN KEY|PRIMARY KEY)' THEN regexp_replace($1, '\s', '', 'g') = regexp_replace($2, '\s', '', 'g') ELSE true END
$$;
COMMENT ON FUNCTION mongo_internal.same_definition(text, text) IS 'Whether a constraint that is there is the one that is planned';

CREATE FUNCTION mongo_internal.is_source_as_planned(p mongo.plan, source_name name, relation regclass) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(bool_and(ARRAY(SELECT ROW(c.name, mongo_internal.type_name(c.type), ARRAY(SELECT o FROM unnest(c.options) AS o ORDER BY o))::text FROM mongo_internal.source_columns(t) AS c ORDER BY c.name COLLATE "C")
                          = ARRAY(SELECT ROW(a.attname::text, format_type(a.atttypid, a.atttypmod), ARRAY(SELECT o FROM unnest(a.attfdwoptions) AS o ORDER BY o))::text FROM pg_attribute AS a
                                   WHERE a.attrelid = $3 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname::text COLLATE "C")
                    AND ARRAY(SELECT o FROM unnest(mongo_internal.source_options($1, t)) AS o ORDER BY o) = ARRAY(SELECT o FROM unnest(f.ftoptions) AS o ORDER BY o)
                    AND v.srvname = ($1).server), false)
      FROM mongo.plan_table AS t, pg_foreign_table AS f JOIN pg_foreign_server AS v ON v.oid = f.ftserver
     WHERE t.plan = ($1).plan AND t.source_name = $2 AND t.subdocument IS NULL AND f.ftrelid = $3
$$;
COMMENT ON FUNCTION mongo_internal.is_source_as_planned(mongo.plan, name, regclass) IS 'Whether a foreign table has the columns and options that a plan gives it';

CREATE FUNCTION mongo_internal.is_target_as_planned(p mongo.plan, table_name name, relation regclass) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT c.name || ' ' || mongo_internal.type_name(mongo_internal.column_type(c)) FROM mongo.plan_column AS c
                  WHERE c.plan = ($1).plan AND c.table_name = $2 AND c.enabled ORDER BY c.name COLLATE "C")
         = ARRAY(SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a WHERE a.attrelid = $3 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname COLLATE "C")
$$;
COMMENT ON FUNCTION mongo_internal.is_target_as_planned(mongo.plan, name, regclass) IS 'Whether a table has the columns that a plan gives it';

CREATE FUNCTION mongo_internal.drop_invalid_index(step mongo_internal.step) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF step.kind = 'index' AND mongo_internal.is_invalid_index(step) THEN
        EXECUTE format('DROP INDEX %I.%I', step.schema_name, step.name);
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.drop_invalid_index(mongo_internal.step) IS 'Drops what an interrupted CREATE INDEX CONCURRENTLY left';

-- Two sessions that make the indexes of one plan would wait for each other.
CREATE FUNCTION mongo_internal.check_alone(steps mongo_internal.step[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    other text := (SELECT a.application_name FROM pg_stat_activity AS a JOIN unnest(steps) AS s ON a.application_name = left(format('mongo.apply_plan, %s', s.name), 63) WHERE a.datname = current_database() AND a.backend_type = 'mongo_fdw_cpp load' LIMIT 1);
BEGIN
    IF other IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_in_use', MESSAGE = format('another session makes indexes of this plan (%s)', other), HINT = 'Wait for its end.';
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_alone(mongo_internal.step[]) IS 'Raises 55006 while a worker of another session makes an index of a plan';

-- Statements that PostgreSQL runs outside of transactions alone, and so in no procedure: a worker runs them. What a failure leaves is
-- an index that is not valid.
CREATE PROCEDURE mongo_internal.run_concurrently(step mongo_internal.step) LANGUAGE plpgsql AS $$
DECLARE
    w record;
BEGIN
    PERFORM mongo_internal.drop_invalid_index(step);
    COMMIT;
    IF mongo_internal.start_worker(pg_catalog.regexp_replace(step.statement, '^(CREATE (UNIQUE )?INDEX) ', '\1 CONCURRENTLY '), pg_catalog.format('mongo.apply_plan, %s', step.name), 1) IS NULL THEN
        RAISE NOTICE USING MESSAGE = 'no background worker can be started: the index is made here, and the table is locked against writing', HINT = 'max_worker_processes has no room for more.';
        PERFORM mongo_internal.run_step(step);
        RETURN;
    END IF;
    LOOP
        CALL mongo_internal.rest(100);
        w := mongo_internal.worker_state(1);
        EXIT WHEN w.state OPERATOR(pg_catalog.<>) 'running';
    END LOOP;
    IF w.state OPERATOR(pg_catalog.<>) 'done' THEN
        PERFORM mongo_internal.drop_invalid_index(step);
        RAISE WARNING USING ERRCODE = COALESCE(w.sqlstate, '57P01'), MESSAGE = pg_catalog.format('index %s is left out: %s', mongo_internal.step_object(step), COALESCE(w.message, 'its worker was terminated'));
    END IF;
END $$;
COMMENT ON PROCEDURE mongo_internal.run_concurrently(mongo_internal.step) IS 'Makes an index of a plan without locking its table against writing; one that cannot be made is a WARNING';

CREATE FUNCTION mongo_internal.see_changes() RETURNS void AS 'MODULE_PATHNAME', 'mongo_see_changes' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.see_changes() IS 'Lets what other sessions have made be seen by its name';

-- Until COMMIT: of two sessions one makes an object of a plan, and the other sees it whole.
CREATE FUNCTION mongo_internal.lock_plan(plan text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtext('mongo_fdw_cpp plan'), hashtext($1));
    SELECT mongo_internal.see_changes();
$$;
COMMENT ON FUNCTION mongo_internal.lock_plan(text) IS 'Waits for other sessions that make objects of a plan, or the plan';

CREATE PROCEDURE mongo_internal.apply_parts(p mongo.plan, parts text[], concurrently boolean, tell boolean) LANGUAGE plpgsql AS $$
DECLARE
    steps mongo_internal.step[];
    step mongo_internal.step;
BEGIN
    PERFORM mongo_internal.lock_plan(p.plan);
    steps := ARRAY(SELECT s FROM mongo_internal.plan_steps(p) AS s WHERE s.part OPERATOR(pg_catalog.=) ANY (parts) ORDER BY s.place, s.position, s.number);
    PERFORM mongo_internal.check_alone(steps) WHERE "concurrently";
    PERFORM mongo_internal.check_conflicts(p, steps);
    FOREACH step IN ARRAY steps LOOP
        PERFORM mongo_internal.lock_plan(p.plan);
        IF mongo_internal.is_there(p, step) THEN
            IF tell THEN
                RAISE NOTICE USING MESSAGE = pg_catalog.format('%s is there already and is used', mongo_internal.step_object(step));
            END IF;
        ELSIF "concurrently" AND step.kind OPERATOR(pg_catalog.=) 'index' THEN
            CALL mongo_internal.run_concurrently(step);
        ELSE
            PERFORM mongo_internal.run_step(step);
        END IF;
        COMMIT;
    END LOOP;
    UPDATE mongo.plan AS q SET state = 'applied' WHERE q.plan OPERATOR(pg_catalog.=) p.plan AND q.state OPERATOR(pg_catalog.<>) 'applied';
END $$;
COMMENT ON PROCEDURE mongo_internal.apply_parts(mongo.plan, text[], boolean, boolean) IS 'Runs the statements of a plan that checked_plan gave; tell: names in NOTICEs what is there already';

CREATE PROCEDURE mongo.apply_plan(plan text, parts text[] DEFAULT '{source,target}', concurrently boolean DEFAULT false) LANGUAGE plpgsql AS $$
DECLARE
    p mongo.plan;
BEGIN
    PERFORM mongo_internal.refuse_transaction_block('mongo.apply_plan');
    PERFORM mongo_internal.check_owner(plan);
    p := mongo_internal.checked_plan(plan);
    PERFORM mongo_internal.check_parts(parts);
    CALL mongo_internal.apply_parts(p, parts, COALESCE("concurrently", false), true);
END $$;
COMMENT ON PROCEDURE mongo.apply_plan(text, text[], boolean) IS
    'Runs the statements of a plan, each committed by itself. The whole plan is checked before the first. What is there in the planned form is used and named in a NOTICE; in another form (other columns, types or options, another constraint of the name) it is an error (42P07) before anything was done. A constraint or index that fails is a WARNING that names it, and the next ones follow. concurrently: indexes are made by a background worker with CREATE INDEX CONCURRENTLY, so that others go on writing. 25001 inside a transaction block, 42501 unless a member of the plan''s owner';

CREATE FUNCTION mongo_internal.check_conflicts(p mongo.plan, steps mongo_internal.step[]) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step mongo_internal.step;
BEGIN
    FOREACH step IN ARRAY steps LOOP
        IF NOT coalesce(mongo_internal.is_there(p, step), true) THEN
            RAISE EXCEPTION USING ERRCODE = 'duplicate_table',
                MESSAGE = format(CASE step.kind WHEN 'table' THEN '%s exists already, with other columns or options than plan "%s" has' ELSE '%s exists already, and is another one than plan "%s" has' END,
                                 mongo_internal.step_object(step), p.plan),
                DETAIL = 'Nothing was done.',
                HINT = CASE step.part WHEN 'source' THEN 'Drop the foreign table, which holds nothing, or change the plan.' ELSE 'Drop or rename it, or change the plan.' END;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.check_conflicts(mongo.plan, mongo_internal.step[]) IS 'Raises 42P07 where an object of another form stands in a plan''s way';

CREATE FUNCTION mongo_internal.run_step(step mongo_internal.step) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF step.kind OPERATOR(pg_catalog.=) ANY ('{constraint,index}'::pg_catalog.text[]) THEN
        BEGIN
            PERFORM mongo_internal.drop_invalid_index(step);
            EXECUTE step.statement;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING USING ERRCODE = SQLSTATE, MESSAGE = pg_catalog.format('%s %s is left out: %s', step.kind, mongo_internal.step_object(step), SQLERRM);
        END;
    ELSE
        EXECUTE step.statement;
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.run_step(mongo_internal.step) IS 'Runs a statement of a plan; a constraint or index that cannot be made is a WARNING';

CREATE PROCEDURE mongo.drop_plan(plan text, source_tables boolean DEFAULT false) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p mongo.plan := mongo_internal.check_owner(plan);
    source text;
BEGIN
    IF source_tables THEN
        -- Those of tables that an earlier form of the plan had as well.
        FOR source IN SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_foreign_table AS f ON f.ftrelid = c.oid JOIN pg_foreign_server AS v ON v.oid = f.ftserver
                       WHERE c.relnamespace = to_regnamespace(quote_ident(p.source_schema)) AND v.srvname = p.server AND f.ftoptions @> ARRAY['database=' || p.database] ORDER BY c.relname LOOP
            EXECUTE format('DROP FOREIGN TABLE %s', source);
        END LOOP;
        IF EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = p.source_schema)
           AND NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = p.source_schema) THEN
            EXECUTE format('DROP SCHEMA %I', p.source_schema);
        END IF;
    END IF;
    DELETE FROM mongo.plan AS q WHERE q.plan = p.plan;
END $$;
COMMENT ON PROCEDURE mongo.drop_plan(text, boolean) IS
    'Forgets a plan; the target tables stay. source_tables: drops its foreign tables too, and their schema where nothing else is in it. 42704 for an unknown plan, 42501 unless a member of its owner';

CREATE FUNCTION mongo.unmapped(plan text, examples integer DEFAULT 3)
RETURNS TABLE (table_name name, path text, documents bigint, found bigint, types jsonb, example_ids jsonb) LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p mongo.plan := mongo_internal.checked_plan(unmapped.plan);
BEGIN
    RETURN QUERY
    SELECT t.name, c.path, c.documents, c.bad + c.nulls, c.bad_types, c.example_ids
      FROM mongo.plan_table AS t, LATERAL mongo.conformance(mongo_internal.source_of(p, t), unmapped.examples) AS c
     WHERE t.plan = p.plan AND t.enabled AND t.subdocument IS NULL AND c.type = 'no column'
     ORDER BY t.position, c.path;
END $$;
COMMENT ON FUNCTION mongo.unmapped(text, integer) IS
    'The paths that no column of a plan holds, counted over all documents: they go into the rest column. The source tables must be there (apply_plan). 42P01 where they are not, 42704 for an unknown plan';
