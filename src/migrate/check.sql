-- The checks of a table, level by level.

-- Documents with rows that were refused: of the tables above a table, or, own, of itself.
CREATE FUNCTION mongo_internal.refused_documents(t mongo.plan_table, own boolean) RETURNS bytea[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT j.source_key), '{}') FROM mongo.reject AS j
     WHERE j.plan = ($1).plan AND j.resolved IS NULL AND (j.row_lost OR j.stale) AND (j.table_name = ANY ((SELECT array_remove(mongo_internal.tables_above($1), ($1).name))::name[]) OR ($2 AND j.table_name = ($1).name))
$$;
COMMENT ON FUNCTION mongo_internal.refused_documents(mongo.plan_table, boolean) IS 'Keys of documents of which a row of a table, or of one above it, was refused';

-- More would make a command of the server too long.
CREATE FUNCTION mongo_internal.checked_documents(keys bytea[]) RETURNS bytea[] LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cardinality(keys) > 10000 THEN
        RAISE EXCEPTION USING ERRCODE = 'program_limit_exceeded', MESSAGE = format('rows of %s documents were refused: no more than 10000 can be left out', cardinality(keys));
    END IF;
    RETURN keys;
END $$;
COMMENT ON FUNCTION mongo_internal.checked_documents(bytea[]) IS 'Keys, of which there are not too many; 54000';

-- An element is a row where the array is one, at every level; the fields of a map likewise.
CREATE FUNCTION mongo_internal.element_stages(t mongo.plan_table) RETURNS json LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    tables mongo.plan_table[];
    keys text[];
    base text := '';
    value jsonb;
    stages jsonb := '[]';
BEGIN
    WITH RECURSIVE above AS (SELECT o AS t, 0 AS n FROM mongo.plan_table AS o WHERE o.plan = t.plan AND o.name = t.name
                              UNION ALL SELECT o, a.n + 1 FROM above AS a JOIN mongo.plan_table AS o ON o.plan = (a.t).plan AND o.name = (a.t).parent)
    SELECT array_agg(a.t ORDER BY a.n DESC) INTO tables FROM above AS a WHERE (a.t).unwind IS NOT NULL AND (a.t).subdocument IS NULL;
    FOR i IN 1..coalesce(cardinality(tables), 0) LOOP
        keys := mongo_internal.path_keys(mongo_internal.relative_path(CASE WHEN i > 1 THEN tables[i - 1].unwind END, mongo_internal.unwind_path(tables[i].unwind)));
        IF EXISTS (SELECT FROM unnest(keys) AS k WHERE k ~ '^\$|\.' OR k = '') THEN
            RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('MongoDB cannot name the path %s', tables[i].unwind);
        END IF;
        value := to_jsonb('$' || base || array_to_string(keys, '.'));
        FOR n IN REVERSE cardinality(keys) - 1..1 LOOP -- MongoDB would look into arrays on the way
            value := jsonb_build_object('$cond', jsonb_build_array(jsonb_build_object('$eq', jsonb_build_array(jsonb_build_object('$type', '$' || base || array_to_string(keys[1:n], '.')), 'object')), value, NULL));
        END LOOP;
        IF base <> '' THEN
            value := jsonb_build_object('$cond', jsonb_build_array(jsonb_build_object('$eq', jsonb_build_array(jsonb_build_object('$type', '$' || rtrim(base, '.')), 'object')), value, NULL));
        END IF;
        stages := stages || jsonb_build_array(
            jsonb_build_object('$project', jsonb_build_object('e', value)),
            jsonb_build_object('$project', jsonb_build_object('e', CASE WHEN tables[i].unwind LIKE '%{}' THEN jsonb_build_object('$cond', jsonb_build_array(jsonb_build_object('$eq', jsonb_build_array(jsonb_build_object('$type', '$e'), 'object')), jsonb_build_object('$map', jsonb_build_object('input', jsonb_build_object('$objectToArray', '$e'), 'as', 'f', 'in', '$$f.v')), '[]'::jsonb))
                ELSE jsonb_build_object('$cond', jsonb_build_array(jsonb_build_object('$isArray', '$e'), '$e', '[]'::jsonb)) END)),
            CASE WHEN i = cardinality(tables) THEN jsonb_build_object('$group', jsonb_build_object('_id', NULL, 'n', jsonb_build_object('$sum', jsonb_build_object('$size', '$e')))) ELSE '{"$unwind": "$e"}' END);
        base := 'e.';
    END LOOP;
    RETURN stages;
END $function$;
COMMENT ON FUNCTION mongo_internal.element_stages(mongo.plan_table) IS 'Stages that count the elements that are rows of a child table';

CREATE FUNCTION mongo_internal.counted_by_server(p mongo.plan, t mongo.plan_table, pipeline json) RETURNS bigint LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(mongo_internal.figure_text(mongo_internal.summary(mongo_internal.source_of($1, $2), $3)::jsonb -> 'n')::numeric::bigint, 0)
$$;
COMMENT ON FUNCTION mongo_internal.counted_by_server(mongo.plan, mongo.plan_table, json) IS 'The n of the only document of a pipeline';

CREATE FUNCTION mongo_internal.stale_documents(t mongo.plan_table) RETURNS bytea[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT j.source_key), '{}') FROM mongo.reject AS j WHERE j.plan = ($1).plan AND j.table_name = ($1).name AND ($1).parent IS NULL AND j.resolved IS NULL AND j.stale
$$;
COMMENT ON FUNCTION mongo_internal.stale_documents(mongo.plan_table) IS 'Keys of documents, also of ones that are gone, whose older row stays';

-- Refused rows of a table that are not there, but for those of documents that are left out.
CREATE FUNCTION mongo_internal.lost_rows(t mongo.plan_table) RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(DISTINCT (j.key_hash, j.positions)) FROM mongo.reject AS j
     WHERE j.plan = ($1).plan AND j.table_name = ($1).name AND j.resolved IS NULL AND j.row_lost AND j.source_key <> ALL ((SELECT mongo_internal.refused_documents($1, false) || mongo_internal.stale_documents($1))::bytea[]) -- once
$$;
COMMENT ON FUNCTION mongo_internal.lost_rows(mongo.plan_table) IS 'How many rows of a table a load refused';

-- Rows that were refused and are there: by hand, or by somebody else.
CREATE FUNCTION mongo_internal.refused_rows_there(p mongo.plan, t mongo.plan_table) RETURNS text[] LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    there text[];
BEGIN
    IF mongo_internal.document_key(t) IS NOT NULL THEN
        EXECUTE format('SELECT array_agg(DISTINCT concat_ws('', '', j.document_id, nullif(array_to_string(j.positions, '', ''), ''''))) FROM %s JOIN mongo.reject AS j ON j.key_hash = sha256(%s) AND j.positions = %s WHERE j.plan = %L AND j.table_name = %L AND j.resolved IS NULL AND j.row_lost',
                       mongo_internal.target_from(p, t), mongo_internal.document_key(t), coalesce(mongo_internal.positions_sql(t, 't'), '''{}''::text[]'), t.plan, t.name) INTO there;
    END IF;
    RETURN coalesce(there, '{}');
END $$;
COMMENT ON FUNCTION mongo_internal.refused_rows_there(mongo.plan, mongo.plan_table) IS 'Which rows that a load refused are there';

CREATE FUNCTION mongo_internal.check_rejects(p mongo.plan, t mongo.plan_table) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    there text[];
    lost bigint := mongo_internal.lost_rows(t);
BEGIN
    IF lost = 0 THEN
        RETURN;
    ELSIF mongo_internal.document_key(t) IS NULL THEN
        RETURN NEXT mongo_internal.found(NULL, 'skip', NULL, NULL, 'its rows have no key of their document', NULL, NULL);
        RETURN;
    END IF;
    there := mongo_internal.refused_rows_there(p, t);
    RETURN NEXT mongo_internal.found(NULL, CASE WHEN there = '{}' THEN 'ok' ELSE 'warn' END, mongo_internal.counted(lost, 'refused row') || ' not there', CASE WHEN there <> '{}' THEN cardinality(there) || ' there' END,
                                     CASE WHEN there <> '{}' THEN 'rows that a load refused are there now: mongo.retry_rejects looks at them again' END, nullif(there[1:10], '{}'), NULL);
END $$;
COMMENT ON FUNCTION mongo_internal.check_rejects(mongo.plan, mongo.plan_table) IS 'Whether rows that a load refused are there';

-- Level 0: documents, or elements, by the server; rows, and rows that were refused.
CREATE FUNCTION mongo_internal.check_rows(p mongo.plan, t mongo.plan_table) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    without bytea[] := mongo_internal.checked_documents(mongo_internal.refused_documents(t, false) || mongo_internal.stale_documents(t));
    pipeline json;
    expected bigint;
    actual bigint;
    lost bigint := mongo_internal.lost_rows(t);
BEGIN
    IF t.query IS NOT NULL THEN
        RETURN NEXT mongo_internal.found(NULL, 'skip', NULL, NULL, 'the table has a query of its own', NULL, NULL);
        RETURN;
    ELSIF t.subdocument IS NOT NULL THEN
        RETURN NEXT mongo_internal.found(NULL, 'skip', NULL, NULL, 'whether a sub-document is a row depends on its values', NULL, NULL);
        RETURN;
    END IF;
    IF lost > 0 THEN
        lost := lost - cardinality(mongo_internal.refused_rows_there(p, t));
    END IF;
    pipeline := mongo_internal.joined_stages(mongo_internal.match_stages(t, NULL, NULL, without), CASE WHEN t.parent IS NULL THEN '[{"$count": "n"}]' ELSE mongo_internal.element_stages(t) END);
    expected := mongo_internal.counted_by_server(p, t, pipeline);
    actual := ((mongo_internal.target_totals(p, t, '{}', NULL, NULL, without))[1] ->> 'n')::bigint;
    RETURN NEXT mongo_internal.found(NULL, CASE WHEN expected = actual + lost THEN 'ok' ELSE 'fail' END, expected::text, actual || CASE WHEN lost > 0 THEN format(' and %s refused', lost) ELSE '' END,
                    CASE WHEN expected > actual + lost THEN mongo_internal.counted(expected - actual - lost, 'row') || ' missing' WHEN expected < actual + lost THEN mongo_internal.counted(actual + lost - expected, 'row') || ' too many'
                         WHEN lost > 0 THEN mongo_internal.counted(lost, 'row') || ' refused by a load' END, NULL, pipeline::text);
END $$;
COMMENT ON FUNCTION mongo_internal.check_rows(mongo.plan, mongo.plan_table) IS 'Whether a table has as many rows as the source';

CREATE FUNCTION mongo_internal.check_sequence(p mongo.plan, t mongo.plan_table) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := mongo_internal.target_of(p, t);
    key name := (mongo_internal.key_columns(t))[1];
    sequence text := pg_get_serial_sequence(target::text, key);
    greatest_key bigint;
    next_key bigint;
BEGIN
    IF sequence IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT max(t.%I) FROM %s AS t', key, target) INTO greatest_key;
    EXECUTE format('SELECT CASE WHEN q.is_called THEN q.last_value + s.seqincrement ELSE q.last_value END FROM %s AS q, pg_sequence AS s WHERE s.seqrelid = %L::regclass', sequence, sequence) INTO next_key;
    RETURN NEXT mongo_internal.found(key, CASE WHEN next_key > coalesce(greatest_key, 0) THEN 'ok' ELSE 'fail' END, 'above ' || coalesce(greatest_key, 0), next_key::text,
                    CASE WHEN next_key <= greatest_key THEN format('the next key of %s is taken', sequence) END, NULL, NULL);
END $$;
COMMENT ON FUNCTION mongo_internal.check_sequence(mongo.plan, mongo.plan_table) IS 'Whether the next key of a table is free';

CREATE FUNCTION mongo_internal.figure_in_words(kind text, figure text, value text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%s %s', mongo_internal.figure_name($2), CASE WHEN $3 IS NULL THEN 'none' WHEN $1 = 'date' AND ($3 !~ '^-?[0-9.]{1,24}$' OR abs($3::numeric) > CASE $2 WHEN 's' THEN 1e30 ELSE 9e15 END) THEN $3 || ' ms' WHEN $1 = 'date' AND $2 IN ('l', 'g') THEN to_char(to_timestamp($3::float8 / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                                                                 WHEN $1 = 'date' AND $2 = 's' THEN $3::numeric::numeric(60, 3)::text || ' ms' ELSE left($3, 100) END)
$$;
COMMENT ON FUNCTION mongo_internal.figure_in_words(text, text, text) IS 'A figure for people';

-- What differs between the figures of a column.
CREATE FUNCTION mongo_internal.compare_figures(c mongo_internal.totals_column, number integer, source jsonb, target jsonb, narrow boolean, tolerance double precision) RETURNS SETOF mongo_internal.finding LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ROW(($1).name, CASE WHEN f.unsure > 0 OR $3 ? ('e' || $2) THEN 'skip' WHEN f.differing IS NULL THEN 'ok' ELSE 'fail' END, f.expected, f.actual,
               CASE WHEN $3 ? ('e' || $2) THEN $3 ->> ('e' || $2) WHEN f.unsure > 0 THEN format('the server cannot tell how %s would be read', mongo_internal.counted(f.unsure::bigint, 'value')) ELSE coalesce(f.differing, CASE ($1).kind WHEN 'count' THEN 'only counted' WHEN 'bytes' THEN 'only counted and measured' END) END, NULL, NULL)::mongo_internal.finding
      FROM (SELECT string_agg(mongo_internal.figure_in_words(($1).kind, g.figure, g.a), ', ' ORDER BY g.o) AS expected, string_agg(mongo_internal.figure_in_words(($1).kind, g.figure, g.b), ', ' ORDER BY g.o) AS actual,
                   string_agg(mongo_internal.figure_name(g.figure), ', ' ORDER BY g.o) FILTER (WHERE NOT g.same) || CASE count(*) FILTER (WHERE NOT g.same) WHEN 1 THEN ' differs' ELSE ' differ' END AS differing, min(g.unsure) AS unsure
              FROM (SELECT v.*, mongo_internal.same_figure(($1).kind, v.figure, v.a, v.b, v.magnitude, $5, $6, v.count) AS same FROM
                   (SELECT u.figure, u.o, coalesce(mongo_internal.figure_text($3 -> (u.figure || $2)), CASE WHEN u.figure IN ('p', 's', 'b', 't') THEN '0' END) AS a, $4 ->> (u.figure || $2) AS b, mongo_internal.figure_text($3 -> ('m' || $2)) AS magnitude,
                           coalesce(mongo_internal.figure_text($3 -> ('p' || $2))::numeric::bigint, 0) AS count, coalesce(mongo_internal.figure_text($3 -> ('u' || $2))::numeric, 0) AS unsure
                      FROM unnest(array_remove(mongo_internal.figures_of_kind(($1).kind), 'm')) WITH ORDINALITY AS u (figure, o)) AS v) AS g) AS f
$$;
COMMENT ON FUNCTION mongo_internal.compare_figures(mongo_internal.totals_column, integer, jsonb, jsonb, boolean, double precision) IS 'What a check finds of the figures of a column on both sides';

CREATE FUNCTION mongo_internal.exactness(t mongo.plan_table, c mongo_internal.totals_column) RETURNS TABLE (narrow boolean, tolerance double precision) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.read_type(l) IN ('real', 'real[]'), l.tolerance FROM mongo.plan_column AS l WHERE l.plan = ($1).plan AND l.table_name = ($1).name AND l.name = ($2).name
$$;
COMMENT ON FUNCTION mongo_internal.exactness(mongo.plan_table, mongo_internal.totals_column) IS 'How exactly the figures of a column are compared';

CREATE FUNCTION mongo_internal.compare_totals(t mongo.plan_table, columns mongo_internal.totals_column[], source jsonb, target jsonb) RETURNS SETOF mongo_internal.finding LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.* FROM generate_subscripts($2, 1) AS i, mongo_internal.exactness($1, $2[i]) AS g, mongo_internal.compare_figures($2[i], i - 1, $3, $4, g.narrow, g.tolerance) AS f
$$;
COMMENT ON FUNCTION mongo_internal.compare_totals(mongo.plan_table, mongo_internal.totals_column[], jsonb, jsonb) IS 'What a check finds of the figures of columns on both sides';

-- Level 1: figures of each column, by MongoDB and by PostgreSQL.
CREATE FUNCTION mongo_internal.check_totals(p mongo.plan, t mongo.plan_table) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    without bytea[];
    told mongo_internal.totals_column[];
    summed mongo_internal.totals_column[];
    source jsonb;
    target jsonb;
BEGIN
    IF t.query IS NOT NULL OR t.subdocument IS NOT NULL OR mongo_internal.document_key(t) IS NULL AND mongo_internal.refused_documents(t, true) <> '{}' THEN
        RETURN NEXT mongo_internal.found(NULL, 'skip', NULL, NULL, CASE WHEN t.query IS NOT NULL THEN 'the table has a query of its own' WHEN t.subdocument IS NOT NULL THEN 'its values are those of the table above' ELSE 'rows without keys cannot be left out' END, NULL, NULL);
        RETURN;
    END IF;
    without := mongo_internal.checked_documents(mongo_internal.refused_documents(t, true));
    told := mongo_internal.totals_columns(p, t);
    RETURN QUERY SELECT u.name, 'skip', NULL::text, NULL::text, u.reason, NULL::text[], NULL::text FROM unnest(told) AS u WHERE u.reason IS NOT NULL;
    summed := ARRAY(SELECT u FROM unnest(told) AS u WHERE u.reason IS NULL);
    IF cardinality(summed) > 0 THEN
        source := mongo_internal.source_totals(p, t, summed, NULL, NULL, without);
        target := (mongo_internal.target_totals(p, t, summed, NULL, NULL, without))[1];
        RETURN QUERY SELECT f.* FROM mongo_internal.compare_totals(t, summed, source, target) AS f;
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_totals(mongo.plan, mongo.plan_table) IS 'Whether values, ends and sums of the columns of a table are those that MongoDB tells';

-- Without a rest column a field that the plan does not know is nowhere. That of another type is a reject.
CREATE FUNCTION mongo_internal.check_unmapped(p mongo.plan, t mongo.plan_table) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c record;
BEGIN
    IF t.subdocument IS NOT NULL OR t.query IS NOT NULL OR EXISTS (SELECT FROM mongo.plan_column AS r WHERE r.plan = t.plan AND r.table_name = t.name AND r.role = 'rest' AND r.enabled) THEN
        RETURN;
    END IF;
    FOR c IN SELECT o.path, o.documents, o.bad + o.nulls AS values, o.example_ids FROM mongo.conformance(mongo_internal.source_of(p, t), 10) AS o WHERE o.type = 'no column' ORDER BY o.path LOOP
        RETURN NEXT mongo_internal.found(NULL, 'fail', mongo_internal.counted(c.values, 'value'), NULL, format('"%s" has no column, and the table has no rest column', c.path), ARRAY(SELECT jsonb_array_elements_text(c.example_ids)), NULL);
    END LOOP;
    IF NOT FOUND THEN
        RETURN NEXT mongo_internal.found(NULL, 'ok', NULL, NULL, NULL, NULL, NULL);
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_unmapped(mongo.plan, mongo.plan_table) IS 'Level 3: fields for which a table without a rest column has no column, over all documents';
