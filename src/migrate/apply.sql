-- Checking a plan as a whole, and running its statements.
CREATE FUNCTION mongo_internal.refuse_transaction_block(procedure text) RETURNS void
    AS 'MODULE_PATHNAME', 'mongo_refuse_transaction_block' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.refuse_transaction_block(text) IS
    'Raises 25001 inside BEGIN ... COMMIT: the procedure commits by itself';

CREATE FUNCTION mongo_internal.is_type(type text) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN to_regtype(regexp_replace(type, '\s+COLLATE\s.*$', '', 'i')) IS NOT NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN false;
END $$;
COMMENT ON FUNCTION mongo_internal.is_type(text) IS 'Whether a text, with a COLLATE clause or without, names a type';

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

-- What contradicts itself in a plan: a row a fault, in the order of the plan.
CREATE FUNCTION mongo_internal.plan_faults(plan text) RETURNS TABLE (table_name name, column_name name, fault text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.table_name, f.column_name, f.fault
      FROM (SELECT t.position AS place, 0 AS position, t.name AS table_name, NULL::name AS column_name, m.fault
              FROM mongo.plan_table AS t
              LEFT JOIN mongo.plan_table AS u ON u.plan = t.plan AND u.name = t.parent,
                   LATERAL (VALUES (CASE WHEN t.parent IS NOT NULL AND u.name IS NULL THEN format('its parent "%s" is no table of the plan', t.parent) END),
                                   (CASE WHEN NOT u.enabled THEN format('its parent "%s" is disabled', t.parent) END),
                                   (CASE WHEN t.parent IS NOT NULL AND t.source_filter IS NOT NULL THEN 'a source_filter belongs to the topmost table' END),
                                   (CASE WHEN t.parent IS NOT NULL AND u.collection <> t.collection THEN 'its parent is of another collection' END),
                                   (mongo_internal.query_fault(t)),
                                   (CASE WHEN NOT EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name AND c.role IN ('key', 'parent') AND c.enabled)
                                         THEN 'it has no key' END)) AS m (fault)
             WHERE t.plan = $1 AND t.enabled
            UNION ALL
            SELECT t.position, c.position, t.name, c.name, m.fault
              FROM (SELECT o.*, count(*) OVER (PARTITION BY o.table_name, o.name) AS namesakes FROM mongo.plan_column AS o WHERE o.plan = $1 AND o.enabled) AS c
              JOIN mongo.plan_table AS t ON t.plan = c.plan AND t.name = c.table_name
              LEFT JOIN mongo.plan_table AS r ON r.plan = c.plan AND r.name = c.refers_to,
                   LATERAL (VALUES (CASE WHEN c.type IS NOT NULL AND NOT mongo_internal.is_type(c.type) THEN format('type "%s" does not exist', c.type) END),
                                   (CASE WHEN c.name = '' THEN 'its name is empty' END),
                                   (CASE WHEN c.namesakes > 1 THEN 'two columns have this name' END),
                                   (CASE WHEN c.refers_to IS NOT NULL AND r.name IS NULL THEN format('it refers to "%s", which is no table of the plan', c.refers_to) END),
                                   (CASE WHEN c.source_column IS NULL AND c.expression IS NULL THEN 'it has neither a source column nor an expression' END)) AS m (fault)
             WHERE t.enabled
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
CREATE FUNCTION mongo_internal.is_there(p mongo.plan, part text, object text, statement text) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo.plan_table;
    planned text[];
    stored text[];
BEGIN
    IF part = 'comments' THEN
        RETURN NULL;
    ELSIF statement LIKE 'CREATE SCHEMA%' THEN
        RETURN CASE WHEN to_regnamespace(object) IS NOT NULL THEN true END;
    ELSIF part = 'constraints' THEN
        RETURN (SELECT true FROM pg_constraint AS c WHERE c.conrelid = to_regclass(split_part(object, ' on ', 2)) AND quote_ident(c.conname) = split_part(object, ' on ', 1));
    ELSIF to_regclass(object) IS NULL THEN
        RETURN NULL;
    ELSIF part = 'indexes' THEN
        RETURN true;
    END IF;
    SELECT q.* INTO t FROM mongo.plan_table AS q WHERE q.plan = p.plan
       AND (part <> 'source' OR q.subdocument IS NULL)
       AND object = CASE part WHEN 'source' THEN format('%I.%I', p.source_schema, q.source_name) ELSE format('%I.%I', p.target_schema, q.name) END;
    planned := CASE part WHEN 'source' THEN ARRAY(SELECT DISTINCT c.source_column::text FROM mongo.plan_column AS c
                    WHERE c.plan = t.plan AND c.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside(t.plan, t.name) AS b)) AND c.enabled
                      AND c.source_column <> '__key' AND c.role <> 'rest' ORDER BY 1)
               ELSE ARRAY(SELECT c.name || ' ' || format_type(to_regtype(regexp_replace(mongo_internal.column_type(c), '\s+COLLATE\s.*$', '', 'i')), NULL)
                            FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name AND c.enabled ORDER BY 1) END;
    stored := ARRAY(SELECT CASE part WHEN 'source' THEN a.attname ELSE a.attname || ' ' || format_type(a.atttypid, NULL) END
                      FROM pg_attribute AS a WHERE a.attrelid = to_regclass(object) AND a.attnum > 0 AND NOT a.attisdropped
                       AND NOT (part = 'source' AND a.attname IN ('__rest', '__errors', '__key')) ORDER BY 1);
    RETURN planned = stored;
END $$;
COMMENT ON FUNCTION mongo_internal.is_there(mongo.plan, text, text, text) IS 'Whether an object of a plan exists: NULL no, false in another form';

CREATE PROCEDURE mongo.apply_plan(plan text, parts text[] DEFAULT '{source,target}') LANGUAGE plpgsql AS $$
DECLARE
    p mongo.plan;
    steps pg_catalog.jsonb;
    step pg_catalog.jsonb;
    there boolean;
BEGIN
    PERFORM mongo_internal.refuse_transaction_block('mongo.apply_plan');
    p := mongo_internal.check_owner(plan);
    SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(s) ORDER BY s.seq) INTO steps FROM mongo.plan_statements(plan, parts) AS s;
    PERFORM mongo_internal.check_conflicts(p, steps);
    FOR step IN SELECT e.value FROM pg_catalog.jsonb_array_elements(coalesce(steps, '[]')) AS e (value) LOOP
        there := mongo_internal.is_there(p, step ->> 'part', step ->> 'object', step ->> 'statement');
        IF there THEN
            RAISE NOTICE USING MESSAGE = pg_catalog.format('%s is there already and is used', step ->> 'object');
        ELSE
            PERFORM mongo_internal.run_step(step);
        END IF;
        COMMIT;
    END LOOP;
    UPDATE mongo.plan AS q SET state = 'applied' WHERE q.plan OPERATOR(pg_catalog.=) apply_plan.plan AND q.state OPERATOR(pg_catalog.<>) 'applied';
END $$;
COMMENT ON PROCEDURE mongo.apply_plan(text, text[]) IS
    'Runs the statements of a plan, each committed by itself. The whole plan is checked before the first. What is there in the planned form is used and named in a NOTICE; in another form it is an error (42P07) before anything was done. A constraint that fails is a WARNING that names it, and the next ones follow. 25001 inside a transaction block, 42501 unless a member of the plan''s owner';

CREATE FUNCTION mongo_internal.check_conflicts(p mongo.plan, steps jsonb) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step jsonb;
BEGIN
    FOR step IN SELECT e.value FROM jsonb_array_elements(coalesce(steps, '[]')) AS e (value) LOOP
        IF NOT coalesce(mongo_internal.is_there(p, step ->> 'part', step ->> 'object', step ->> 'statement'), true) THEN
            RAISE EXCEPTION USING ERRCODE = 'duplicate_table',
                MESSAGE = format('%s exists already, with other columns than plan "%s" has', step ->> 'object', p.plan),
                DETAIL = 'Nothing was done.',
                HINT = 'Drop or rename it, or change the plan.';
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.check_conflicts(mongo.plan, jsonb) IS 'Raises 42P07 where a table of another form stands in a plan''s way';

CREATE FUNCTION mongo_internal.run_step(step jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE step OPERATOR(pg_catalog.->>) 'statement';
EXCEPTION WHEN integrity_constraint_violation OR invalid_foreign_key OR duplicate_table OR undefined_table THEN
    IF step OPERATOR(pg_catalog.->>) 'part' OPERATOR(pg_catalog.<>) 'constraints' THEN
        RAISE;
    END IF;
    RAISE WARNING USING ERRCODE = SQLSTATE,
        MESSAGE = pg_catalog.format('constraint %s is left out: %s', step OPERATOR(pg_catalog.->>) 'object', SQLERRM);
END $$;
COMMENT ON FUNCTION mongo_internal.run_step(jsonb) IS 'Runs a statement of a plan; a constraint that the rows break is a WARNING';

CREATE PROCEDURE mongo.drop_plan(plan text, source_tables boolean DEFAULT false) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p mongo.plan := mongo_internal.check_owner(plan);
    t mongo.plan_table;
BEGIN
    IF source_tables THEN
        FOR t IN SELECT q.* FROM mongo.plan_table AS q WHERE q.plan = p.plan AND q.subdocument IS NULL ORDER BY q.position LOOP
            IF to_regclass(format('%I.%I', p.source_schema, t.source_name)) IS NOT NULL THEN
                EXECUTE format('DROP FOREIGN TABLE %I.%I', p.source_schema, t.source_name);
            END IF;
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
      FROM mongo.plan_table AS t, LATERAL mongo.conformance(format('%I.%I', p.source_schema, t.source_name)::regclass, unmapped.examples) AS c
     WHERE t.plan = p.plan AND t.enabled AND t.subdocument IS NULL AND c.type = 'no column'
     ORDER BY t.position, c.path;
END $$;
COMMENT ON FUNCTION mongo.unmapped(text, integer) IS
    'The paths that no column of a plan holds, counted over all documents: they go into the rest column. The source tables must be there (apply_plan). 42P01 where they are not, 42704 for an unknown plan';
