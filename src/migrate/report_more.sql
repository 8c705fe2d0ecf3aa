-- More sections of a report: rules, keys, references, indexes, what people decided, what is left.
CREATE FUNCTION mongo_internal.report_types(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(1000000, 'types', 2, 'Types', 'What became of which type of MongoDB, over all columns.', 'The plan has no columns of fields.', '{"Most values are",Become,By,Columns,"For example"}',
        (SELECT jsonb_agg(jsonb_build_array(g.bson_type, g.type, g.by, g.n, g.example) ORDER BY g.bson_type, g.n DESC, g.type)
           FROM (SELECT coalesce(c.bson_type, 'unknown') AS bson_type, mongo_internal.column_type(c) AS type, CASE WHEN c.expression IS NOT NULL THEN 'an expression' WHEN c.refers_to IS NOT NULL THEN 'the key that it refers to' ELSE 'the type itself' END AS by, count(*) AS n, min(c.table_name || '.' || c.name) AS example
                   FROM mongo.plan_column AS c WHERE c.plan = ($1).plan AND c.role = 'field' AND c.enabled GROUP BY 1, 2, 3) AS g))
$$;
COMMENT ON FUNCTION mongo_internal.report_types(mongo.plan) IS 'Section: what became of which type';

CREATE FUNCTION mongo_internal.report_keys(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(1000001, 'keys', 2, 'Keys', 'What identifies a row, and how the document of a row is found.', 'The plan has no tables.', '{Table,Kind,"Primary key",Type,"Document found by",Why}',
        (SELECT jsonb_agg(jsonb_build_array(t.name, t.key, array_to_string(mongo_internal.key_columns(t), ', '), mongo_internal.column_type(k.key),
                    coalesce((SELECT string_agg(c.name, ', ' ORDER BY c.position) FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name AND c.role IN ('legacy', 'source_key')), CASE t.key WHEN 'none' THEN 'nothing: its documents have no unique _id' ELSE 'the primary key' END), (k.key).why) ORDER BY t.position)
           FROM mongo.plan_table AS t, LATERAL (SELECT c AS key FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name AND c.role IN ('key', 'parent') ORDER BY c.position LIMIT 1) AS k WHERE t.plan = ($1).plan))
$$;
COMMENT ON FUNCTION mongo_internal.report_keys(mongo.plan) IS 'Section: the keys of the tables';

CREATE FUNCTION mongo_internal.report_references(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(1000002, 'references', 2, 'Foreign keys', NULL, 'No field was found to refer to the _id of another collection.', '{Table,Columns,"Refers to","Values found",Constraint,Why}',
        (SELECT jsonb_agg(jsonb_build_array(k.table_name, array_to_string(k.columns, ', '), k.target_table, round(k.share::numeric * 100, 2) || ' %', CASE WHEN k.enabled THEN 'yes' ELSE 'off' END, k.why) ORDER BY t.position, k.columns)
           FROM mongo.plan_foreign_key AS k JOIN mongo.plan_table AS t ON t.plan = k.plan AND t.name = k.table_name WHERE k.plan = ($1).plan))
$$;
COMMENT ON FUNCTION mongo_internal.report_references(mongo.plan) IS 'Section: the foreign keys of a plan';

CREATE FUNCTION mongo_internal.report_indexes(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH made AS MATERIALIZED (SELECT s.table_name, s.definition, coalesce(bool_and(mongo_internal.is_there($1, s)), false) AS is_made FROM mongo_internal.plan_steps($1) AS s WHERE s.part IN ('constraints', 'indexes') GROUP BY s.table_name, s.definition)
    SELECT mongo_internal.section(1000003, 'indexes', 2, 'Indexes', 'What does the work of MongoDB''s indexes, beside primary keys. Exact: the same queries are served, the same rows refused.', 'The collections have no index but that of _id.', '{Table,Index,Definition,Exactness,Made,Why}',
        (SELECT jsonb_agg(jsonb_build_array(i.table_name, i.name, coalesce(nullif(i.definition, ''), 'none'), i.exactness, CASE WHEN NOT i.enabled THEN 'off' WHEN m.is_made THEN 'yes' ELSE 'no' END, i.why) ORDER BY t.position, i.name)
           FROM mongo.plan_index AS i JOIN mongo.plan_table AS t ON t.plan = i.plan AND t.name = i.table_name LEFT JOIN made AS m ON m.table_name = i.table_name AND m.definition = i.definition WHERE i.plan = ($1).plan))
$$;
COMMENT ON FUNCTION mongo_internal.report_indexes(mongo.plan) IS 'Section: the indexes of a plan';

-- What a person changed of a planned row, beside what was planned: a row a change.
CREATE FUNCTION mongo_internal.changes_of(planned jsonb, now jsonb, names text[]) RETURNS TABLE (what text, planned text, now text) LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.name, $1 ->> n.name, $2 ->> n.name FROM unnest($3) WITH ORDINALITY AS n (name, place)
     WHERE jsonb_typeof($1) = 'object' AND $1 ->> n.name IS DISTINCT FROM $2 ->> n.name ORDER BY n.place
$$;
COMMENT ON FUNCTION mongo_internal.changes_of(jsonb, jsonb, text[]) IS 'What differs between a row of a plan as it was planned and as it is';

-- What people changed, of all tables of a plan: an object, what of it, and how it was planned (NULL: not at all).
CREATE FUNCTION mongo_internal.edits_of(plan text) RETURNS TABLE (place integer, object text, what text, planned text, now text, why text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 2, t.name::text, c.what, coalesce(c.planned, 'none'), coalesce(c.now, 'none'), CASE WHEN t.note_edited THEN t.note END
      FROM mongo.plan_table AS t, mongo_internal.changes_of(t.planned, to_jsonb(t), '{name,enabled,source_filter,query}') AS c WHERE t.plan = $1
    UNION ALL SELECT 3, o.table_name || '.' || o.name, c.what, coalesce(c.planned, 'none'), coalesce(c.now, 'none'), NULL
      FROM mongo.plan_column AS o, mongo_internal.changes_of(o.planned, to_jsonb(o), '{name,role,path,source_column,source_type,type,expression,inverse,bson_type,refers_to,not_null,on_misfit,nul,tolerance,enabled}') AS c WHERE o.plan = $1 AND o.edited
    UNION ALL SELECT 3, o.table_name || '.' || o.name, 'column', NULL, concat_ws(' ', mongo_internal.column_type(o), 'by ' || o.expression), o.why FROM mongo.plan_column AS o WHERE o.plan = $1 AND o.edited AND o.planned IS NULL
    UNION ALL SELECT 4, k.table_name || '.' || array_to_string(k.columns, ', '), 'foreign key, ' || c.what, coalesce(c.planned, 'none'), coalesce(c.now, 'none'), NULL
      FROM mongo.plan_foreign_key AS k, mongo_internal.changes_of(k.planned, to_jsonb(k), '{columns,target_table,enabled}') AS c WHERE k.plan = $1
    UNION ALL SELECT 4, k.table_name || '.' || array_to_string(k.columns, ', '), 'foreign key', NULL, 'to ' || k.target_table, k.why FROM mongo.plan_foreign_key AS k WHERE k.plan = $1 AND k.share IS NULL
    UNION ALL SELECT 5, i.table_name || '.' || i.name, 'index, ' || c.what, coalesce(c.planned, 'none'), coalesce(c.now, 'none'), CASE WHEN i.planned ->> 'why' IS DISTINCT FROM i.why THEN i.why END
      FROM mongo.plan_index AS i, mongo_internal.changes_of(i.planned, to_jsonb(i), '{name,definition,is_unique,enabled}') AS c WHERE i.plan = $1
    UNION ALL SELECT 5, i.table_name || '.' || i.name, 'index', NULL, i.definition, i.why FROM mongo.plan_index AS i WHERE i.plan = $1 AND i.source_index IS NULL
$$;
COMMENT ON FUNCTION mongo_internal.edits_of(text) IS 'What people changed in a plan';

CREATE FUNCTION mongo_internal.report_decisions(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(1000004, 'decisions', 2, 'Decisions', 'What people decided, and why: rows of mongo.decision, and what they changed of the plan.', 'Nobody changed the plan, and mongo.decision has no row of it.', '{Object,Decision,Before,Reason,By,At}',
        (SELECT jsonb_agg(jsonb_build_array(l.object, l.decision, l.before, l.reason, l.author, l.at) ORDER BY l.place, l.object, l.decision)
           FROM (SELECT 1 AS place, d.object, d.decision, NULL AS before, d.reason, d.author::text, to_char(d.at, 'YYYY-MM-DD HH24:MI') AS at FROM mongo.decision AS d WHERE d.plan = ($1).plan
                 UNION ALL SELECT e.place, e.object, e.what || ': ' || e.now, coalesce(e.planned, 'not planned'), coalesce((SELECT d.reason FROM mongo.decision AS d WHERE d.plan = ($1).plan AND d.object = e.object), e.why), NULL, NULL FROM mongo_internal.edits_of(($1).plan) AS e) AS l))
$$;
COMMENT ON FUNCTION mongo_internal.report_decisions(mongo.plan) IS 'Section: what was decided by hand, and why';

-- The rest column of a table, of as many rows as are quickly read.
CREATE FUNCTION mongo_internal.left_over(p mongo.plan, c mongo.plan_column) RETURNS jsonb LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told record;
BEGIN
    IF to_regclass(format('%I.%I', p.target_schema, c.table_name)) IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('WITH held AS MATERIALIZED (SELECT t.%1$I AS rest FROM %2$I.%3$I AS t WHERE t.%1$I IS NOT NULL LIMIT 10000)
        SELECT count(*) AS held, (SELECT string_agg(format(''%%s (%%s)'', k.key, k.n), '', '' ORDER BY k.n DESC, k.key) FROM (SELECT e.key, count(*) AS n FROM held AS h, jsonb_object_keys(CASE jsonb_typeof(to_jsonb(h.rest)) WHEN ''object'' THEN to_jsonb(h.rest) ELSE ''{}'' END) AS e (key) GROUP BY e.key ORDER BY 2 DESC, 1 LIMIT 20) AS k) AS keys FROM held',
        c.name, p.target_schema, c.table_name) INTO told;
    RETURN CASE WHEN told.held > 0 THEN jsonb_build_array(c.table_name, c.name, CASE told.held WHEN 10000 THEN '10000 or more' ELSE told.held::text END, told.keys) END;
EXCEPTION WHEN insufficient_privilege OR undefined_column OR undefined_table THEN
    RETURN jsonb_build_array(c.table_name, c.name, 'not known', SQLERRM);
END $$;
COMMENT ON FUNCTION mongo_internal.left_over(mongo.plan, mongo.plan_column) IS 'What a rest column holds, as a row of a report; NULL for nothing';

CREATE FUNCTION mongo_internal.report_left_over(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(1000005, 'rest', 2, 'Without a column', 'What stands in rest columns: fields that the sample did not show, values that do not fit, explicit nulls. Counts are of the first 10,000 such rows of a table; mongo.unmapped counts over all documents of the source.', CASE WHEN (mongo_internal.last_load(($1).plan)).run IS NULL THEN 'Nothing has been loaded.' ELSE 'No rest column holds anything.' END, '{Table,Column,"Rows with something left","Fields (rows)"}',
        (SELECT jsonb_agg(l.row ORDER BY l.position) FROM (SELECT t.position, mongo_internal.left_over($1, c) AS row FROM mongo.plan_table AS t JOIN mongo.plan_column AS c ON c.plan = t.plan AND c.table_name = t.name AND c.role = 'rest' AND c.enabled
            WHERE t.plan = ($1).plan AND t.enabled) AS l WHERE l.row IS NOT NULL))
$$;
COMMENT ON FUNCTION mongo_internal.report_left_over(mongo.plan) IS 'Section: what has no column of its own';

CREATE FUNCTION mongo_internal.report_sections(p mongo.plan) RETURNS SETOF mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM (SELECT * FROM mongo_internal.report_todo($1) UNION ALL SELECT * FROM mongo_internal.report_tables($1) UNION ALL SELECT * FROM mongo_internal.report_runs($1) UNION ALL SELECT * FROM mongo_internal.report_speed($1)
        UNION ALL SELECT * FROM mongo_internal.report_rejects($1) UNION ALL SELECT * FROM mongo_internal.report_checks($1) UNION ALL SELECT * FROM mongo_internal.report_mapping($1) UNION ALL SELECT * FROM mongo_internal.report_types($1)
        UNION ALL SELECT * FROM mongo_internal.report_keys($1) UNION ALL SELECT * FROM mongo_internal.report_references($1) UNION ALL SELECT * FROM mongo_internal.report_indexes($1) UNION ALL SELECT * FROM mongo_internal.report_decisions($1)
        UNION ALL SELECT * FROM mongo_internal.report_left_over($1)) AS s ORDER BY s.place
$$;
COMMENT ON FUNCTION mongo_internal.report_sections(mongo.plan) IS 'What a report says, in order';
