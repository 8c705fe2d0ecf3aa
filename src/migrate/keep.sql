-- create_plan (replace => true): what people changed in a plan, put back into the one that is made anew.
CREATE TYPE mongo_internal.kept_rows AS (
    tables mongo.plan_table[], columns mongo.plan_column[], foreign_keys mongo.plan_foreign_key[], indexes mongo.plan_index[]);
COMMENT ON TYPE mongo_internal.kept_rows IS 'Rows of a plan that is made anew, in which people may have changed something';
CREATE FUNCTION mongo_internal.rows_to_keep(plan text) RETURNS mongo_internal.kept_rows LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT t FROM mongo.plan_table AS t WHERE t.plan = $1 ORDER BY t.position),
           ARRAY(SELECT c FROM mongo.plan_column AS c WHERE c.plan = $1 AND c.edited ORDER BY c.table_name, c.position),
           ARRAY(SELECT k FROM mongo.plan_foreign_key AS k WHERE k.plan = $1 ORDER BY k.table_name, k.columns),
           ARRAY(SELECT i FROM mongo.plan_index AS i WHERE i.plan = $1 ORDER BY i.table_name, i.name)
$$;
COMMENT ON FUNCTION mongo_internal.rows_to_keep(text) IS 'What create_plan (replace => true) puts back into a plan';

-- Tables by their source; a new table whose name a person has given to another one gives way.
CREATE FUNCTION mongo_internal.keep_tables(plan text, kept mongo.plan_table[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    o mongo.plan_table;
    own mongo.plan_table;
BEGIN
    FOREACH o IN ARRAY coalesce(kept, '{}') LOOP
        SELECT t.* INTO own FROM mongo.plan_table AS t
         WHERE t.plan = keep_tables.plan AND t.source_name = o.source_name AND t.subdocument IS NOT DISTINCT FROM o.subdocument;
        IF own.name IS NULL THEN
            CONTINUE;
        ELSIF own.name <> o.name THEN
            UPDATE mongo.plan_table AS t SET name = mongo_internal.free_name(t.name, ARRAY(SELECT n.name::text FROM mongo.plan_table AS n WHERE n.plan = keep_tables.plan))
             WHERE t.plan = keep_tables.plan AND t.name = o.name;
        END IF;
        UPDATE mongo.plan_table AS t
           SET name = o.name, source_filter = o.source_filter, query = o.query, enabled = o.enabled, note = CASE WHEN o.note_edited THEN o.note ELSE t.note END, note_edited = o.note_edited
         WHERE t.plan = keep_tables.plan AND t.name = own.name;
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.keep_tables(text, mongo.plan_table[]) IS 'Puts names, filters, queries, notes and switches of tables back into a plan that was made anew';

-- Of an edited column what a person changed, beside new evidence; a column that a person added as it was.
CREATE FUNCTION mongo_internal.keep_column(e mongo.plan_column) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was jsonb := e.planned;
BEGIN
    IF was IS NULL THEN
        INSERT INTO mongo.plan_column
        SELECT n.* FROM jsonb_populate_record(e, jsonb_build_object('position', (SELECT coalesce(max(c.position), 0) + 1 FROM mongo.plan_column AS c WHERE c.plan = e.plan AND c.table_name = e.table_name))) AS n
         WHERE EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = e.plan AND t.name = e.table_name)
           AND NOT EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = e.plan AND c.table_name = e.table_name AND c.name = e.name);
        RETURN FOUND;
    END IF;
    UPDATE mongo.plan_column AS c
       SET name = CASE WHEN e.name <> was ->> 'name' THEN e.name ELSE c.name END,
           type = CASE WHEN e.type IS DISTINCT FROM was ->> 'type' THEN e.type ELSE c.type END,
           refers_to = CASE WHEN e.refers_to IS DISTINCT FROM (was ->> 'refers_to')::name THEN e.refers_to ELSE c.refers_to END,
           expression = CASE WHEN e.expression IS DISTINCT FROM was ->> 'expression' THEN e.expression ELSE c.expression END,
           inverse = CASE WHEN e.inverse IS DISTINCT FROM was ->> 'inverse' THEN e.inverse ELSE c.inverse END,
           bson_type = CASE WHEN e.bson_type IS DISTINCT FROM was ->> 'bson_type' THEN e.bson_type ELSE c.bson_type END,
           not_null = CASE WHEN e.not_null <> (was ->> 'not_null')::boolean THEN e.not_null ELSE c.not_null END,
           on_misfit = CASE WHEN e.on_misfit <> was ->> 'on_misfit' THEN e.on_misfit ELSE c.on_misfit END,
           nul = CASE WHEN e.nul <> was ->> 'nul' THEN e.nul ELSE c.nul END,
           tolerance = coalesce(e.tolerance, c.tolerance), enabled = e.enabled,
           why = CASE WHEN e.why IS DISTINCT FROM was ->> 'why' THEN e.why ELSE c.why END
     WHERE c.plan = e.plan AND c.table_name = e.table_name AND c.role = e.role AND c.path IS NOT DISTINCT FROM e.path
       AND (c.role <> 'ord' OR c.position = e.position);
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION mongo_internal.keep_column(mongo.plan_column) IS 'Puts an edited column back into a plan that was made anew; false where its table or path is gone';

-- Constraints and indexes that people added, and what they changed of those that are there again.
CREATE FUNCTION mongo_internal.keep_constraints(plan text, kept mongo_internal.kept_rows) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO mongo.plan_foreign_key AS k
    SELECT o.* FROM unnest(($2).foreign_keys) AS o WHERE o.share IS NULL AND EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = $1 AND t.name = o.table_name)
    ON CONFLICT ON CONSTRAINT plan_foreign_key_pkey DO NOTHING;
    UPDATE mongo.plan_foreign_key AS k SET enabled = o.enabled FROM unnest(($2).foreign_keys) AS o
     WHERE k.plan = $1 AND k.table_name = o.table_name AND k.columns = o.columns AND o.share IS NOT NULL AND (o.planned ->> 'enabled')::boolean <> o.enabled AND k.enabled <> o.enabled;
    INSERT INTO mongo.plan_index AS i
    SELECT o.* FROM unnest(($2).indexes) AS o WHERE o.source_index IS NULL AND EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = $1 AND t.name = o.table_name)
    ON CONFLICT ON CONSTRAINT plan_index_pkey DO NOTHING;
    UPDATE mongo.plan_index AS i
       SET name = CASE WHEN o.planned ->> 'name' <> o.name THEN o.name ELSE i.name END, definition = CASE WHEN o.planned ->> 'definition' <> o.definition THEN o.definition ELSE i.definition END,
           is_unique = CASE WHEN (o.planned ->> 'is_unique')::boolean <> o.is_unique THEN o.is_unique ELSE i.is_unique END, enabled = CASE WHEN (o.planned ->> 'enabled')::boolean <> o.enabled THEN o.enabled ELSE i.enabled END,
           expire_after_seconds = CASE WHEN o.expire_after_seconds IS NULL THEN NULL ELSE i.expire_after_seconds END, why = CASE WHEN o.planned ->> 'why' IS DISTINCT FROM o.why THEN o.why ELSE i.why END
      FROM unnest(($2).indexes) AS o
     WHERE i.plan = $1 AND i.table_name = o.table_name AND i.source_index = o.source_index AND o.planned IS NOT NULL;
$$;
COMMENT ON FUNCTION mongo_internal.keep_constraints(text, mongo_internal.kept_rows) IS 'Puts the foreign keys and indexes that people changed or added back into a plan that was made anew';

CREATE FUNCTION mongo_internal.keep_changes(plan text, kept mongo_internal.kept_rows) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone text;
BEGIN
    PERFORM mongo_internal.keep_tables(plan, kept.tables);
    SELECT string_agg((e.c).table_name || coalesce('.' || (e.c).path, '.' || (e.c).name), ', ' ORDER BY e.n) INTO gone
      FROM (SELECT u AS c, row_number() OVER () AS n FROM unnest(kept.columns) AS u) AS e WHERE NOT mongo_internal.keep_column(e.c);
    PERFORM mongo_internal.keep_constraints(plan, kept);
    IF gone IS NOT NULL THEN
        RAISE NOTICE USING MESSAGE = format('edited rows whose path is gone: %s', gone);
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.keep_changes(text, mongo_internal.kept_rows) IS 'Puts what people changed back into a plan that was made anew; a NOTICE names columns whose path is gone';
