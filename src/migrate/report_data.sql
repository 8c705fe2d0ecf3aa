-- What a report says, as sections: rows are arrays of cells; a cell is text, a number, or {"shares": {...}}. Three formats show them.
CREATE TYPE mongo_internal.report_section AS (place integer, id text, level integer, title text, about text, empty text, columns text[], rows jsonb, chart jsonb);
COMMENT ON TYPE mongo_internal.report_section IS 'A section of a report: empty says why it has no rows; chart is {"kind": "bars" | "line", ...}';

CREATE FUNCTION mongo_internal.section(place integer, id text, level integer, title text, about text, empty text, columns text[], rows jsonb, chart jsonb DEFAULT NULL) RETURNS mongo_internal.report_section LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT ROW($1, $2, $3, $4, $5, $6, $7, coalesce($8, '[]'), $9)::mongo_internal.report_section $$;
COMMENT ON FUNCTION mongo_internal.section(integer, text, integer, text, text, text, text[], jsonb, jsonb) IS 'A section of a report; rows NULL: none';

CREATE FUNCTION mongo_internal.report_todo(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(1, 'todo', 2, 'To do', NULL, 'Everything that was planned is there, and nothing waits for a decision.', '{What,Where,Why,How}',
        (SELECT jsonb_agg(jsonb_build_array(t.what, t.object, t.detail, t.how) ORDER BY t.place, t.object, t.detail) FROM mongo_internal.todo($1) AS t))
$$;
COMMENT ON FUNCTION mongo_internal.report_todo(mongo.plan) IS 'Section: what a person has to do';

CREATE FUNCTION mongo_internal.source_name(t mongo.plan_table) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ($1).collection || coalesce('.' || CASE WHEN ($1).unwind LIKE '%{}' THEN ($1).unwind ELSE ($1).unwind || '[]' END, '') || coalesce(' (' || ($1).subdocument || ')', '')
$$;
COMMENT ON FUNCTION mongo_internal.source_name(mongo.plan_table) IS 'Where the rows of a table come from';

CREATE FUNCTION mongo_internal.report_tables(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(2, 'tables', 2, 'Tables', format('Database "%s" behind server "%s", into schema "%s".', ($1).database, ($1).server, ($1).target_schema), 'The plan has no tables: the database has no collections, or none was named.',
        '{Table,From,"Rows expected","Rows there",Columns,Note}',
        (SELECT jsonb_agg(jsonb_build_array(t.name, mongo_internal.source_name(t), coalesce(c.expected, t.estimated_rows || ' (estimate)'), coalesce(c.actual, 'not counted'),
                    (SELECT count(*) FROM mongo.plan_column AS o WHERE o.plan = t.plan AND o.table_name = t.name AND o.enabled), concat_ws('; ', CASE WHEN NOT t.enabled THEN 'left out' END, t.note, CASE WHEN t.query IS NOT NULL THEN 'a query of one''s own' END)) ORDER BY t.position)
           FROM mongo.plan_table AS t LEFT JOIN mongo.check_result AS c ON c.plan = t.plan AND c.table_name = t.name AND c.check_name = 'rows' AND c.status <> 'skip' WHERE t.plan = ($1).plan))
$$;
COMMENT ON FUNCTION mongo_internal.report_tables(mongo.plan) IS 'Section: the tables of a plan';

CREATE FUNCTION mongo_internal.report_runs(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(3, 'load', 2, 'Load', 'A run reads all documents; one after the first brings what changed.', 'No load has run.', '{Run,Started,Took,State,"Documents read","Rows inserted",Updated,Deleted,"Documents a second"}',
        (SELECT jsonb_agg(jsonb_build_array(r.run, to_char(r.started, 'YYYY-MM-DD HH24:MI:SS'), date_trunc('milliseconds', r.finished - r.started)::text, r.state, c.documents, c.inserted, c.updated, c.deleted,
                    round(c.documents / nullif(extract(epoch FROM r.finished - r.started), 0))) ORDER BY r.run)
           FROM mongo.load_run AS r, LATERAL (SELECT r.documents, r.inserted, r.updated, r.deleted WHERE r.documents IS NOT NULL UNION ALL SELECT f.* FROM mongo_internal.run_figures(r.run) AS f WHERE r.documents IS NULL) AS c
          WHERE r.plan = ($1).plan),
        (SELECT jsonb_build_object('kind', 'line', 'title', format('Documents read over the seconds of run %s', min(l.run)), 'points', jsonb_agg(jsonb_build_array(l.seconds, l.documents) ORDER BY l.documents))
           FROM (SELECT k.run, round(extract(epoch FROM k.finished - r.started), 2) AS seconds, sum(k.documents) OVER (ORDER BY k.finished, k.table_name, k.number) AS documents
                   FROM mongo.load_run AS r JOIN mongo.load_chunk AS k ON k.run = r.run
                  WHERE r.run = (mongo_internal.last_load(($1).plan)).run AND k.finished IS NOT NULL) AS l
         HAVING count(*) > 1))
$$;
COMMENT ON FUNCTION mongo_internal.report_runs(mongo.plan) IS 'Section: the loads of a plan';

CREATE FUNCTION mongo_internal.report_speed(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(4, 'speed', 3, 'Collections of the last load', NULL, 'No load has run.', '{Table,Documents,"Rows inserted",Updated,Deleted,"Documents a second","Megabytes a second",Rejects,"Failed ranges"}',
        (SELECT jsonb_agg(jsonb_build_array(v.table_name, v.documents, v.inserted, v.updated, v.deleted, v.documents_per_second, v.megabytes_per_second, v.rejects, v.failed_chunks) ORDER BY v.table_name, v.phase)
           FROM mongo.progress AS v WHERE v.plan = ($1).plan))
$$;
COMMENT ON FUNCTION mongo_internal.report_speed(mongo.plan) IS 'Section: what the last load did with each collection';

CREATE FUNCTION mongo_internal.report_rejects(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(5, 'rejects', 2, 'Rejects', 'What was refused, by reason. Table mongo.reject has a line for each.', CASE WHEN l.state = 'done' THEN 'Every value of every document fitted, and no constraint refused a row.' WHEN l.state IS NULL THEN 'No load has run.' ELSE 'None so far: the load has not ended.' END,
        '{Table,Column or constraint,Stage,Rejects,"Rows left out",Reason,Example,Documents}',
        (SELECT jsonb_agg(jsonb_build_array(s.table_name, s.column_name, s.stage, s.rejects, s.rows_lost, s.reason, s.example, array_to_string(s.document_ids, ', ')) ORDER BY s.rejects DESC, s.table_name, s.column_name, s.stage)
           FROM mongo.reject_summary AS s WHERE s.plan = ($1).plan),
        (SELECT jsonb_build_object('kind', 'bars', 'title', 'Rejects by reason', 'items', jsonb_agg(jsonb_build_object('label', concat_ws(' ', b.stage, b.table_name || coalesce('.' || nullif(b.column_name, ''), '')), 'parts', jsonb_build_object('warn', b.rejects)) ORDER BY b.rejects DESC, b.table_name, b.column_name))
           FROM (SELECT s.* FROM mongo.reject_summary AS s WHERE s.plan = ($1).plan ORDER BY s.rejects DESC, s.table_name, s.column_name LIMIT 12) AS b HAVING count(*) > 0))
      FROM mongo_internal.last_load(($1).plan) AS l
$$;
COMMENT ON FUNCTION mongo_internal.report_rejects(mongo.plan) IS 'Section: what was refused';

CREATE FUNCTION mongo_internal.report_checks(p mongo.plan) RETURNS mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(6, 'checks', 2, 'Checks', 'Both sides compared: what is not ok, and why checks could not run.' || coalesce((SELECT format(' Level %s, %s, %s seconds.', c.level, to_char(c.started, 'YYYY-MM-DD HH24:MI:SS'), round(extract(epoch FROM c.finished - c.started), 1)) FROM mongo_internal.last_check(($1).plan) AS c WHERE c.finished IS NOT NULL), ''),
        CASE WHEN (mongo_internal.last_check(($1).plan)).run IS NULL THEN 'Nothing has been compared.' ELSE 'Every check was ok.' END, '{Status,Check,Where,Expected,Found,Difference,Keys}',
        (SELECT jsonb_agg(jsonb_build_array(r.status, r.check_name, r.place, r.expected, r.actual, r.difference, r.keys) ORDER BY r.status, r.level, r.first)
           FROM (SELECT c.status, c.check_name, c.level, c.number AS first, concat_ws('.', c.table_name, c.column_name) AS place, c.expected, c.actual, c.difference, array_to_string(c.sample[1:5], ', ') AS keys FROM mongo.check_result AS c WHERE c.plan = ($1).plan AND c.status IN ('fail', 'warn')
                 UNION ALL
                 SELECT c.status, c.check_name, c.level, min(c.number), CASE count(*) WHEN 1 THEN min(concat_ws('.', c.table_name, c.column_name)) ELSE format('%s, for example %s', count(*), min(concat_ws('.', c.table_name, c.column_name))) END, NULL, NULL, c.difference, NULL
                   FROM mongo.check_result AS c WHERE c.plan = ($1).plan AND c.status = 'skip' GROUP BY c.status, c.check_name, c.level, c.difference) AS r),
        (SELECT jsonb_build_object('kind', 'bars', 'title', 'Checks by level', 'items', jsonb_agg(jsonb_build_object('label', format('level %s: %s', l.level, l.names), 'parts', l.parts) ORDER BY l.level))
           FROM (SELECT s.level, string_agg(DISTINCT s.names, ', ') AS names, jsonb_object_agg(s.status, s.n) AS parts
                   FROM (SELECT c.level, c.status, count(*) AS n, (SELECT string_agg(k.name, ', ' ORDER BY k.place) FROM mongo_internal.checks(4) AS k WHERE k.level = c.level) AS names FROM mongo.check_result AS c WHERE c.plan = ($1).plan GROUP BY c.level, c.status) AS s GROUP BY s.level) AS l HAVING count(*) > 0))
$$;
COMMENT ON FUNCTION mongo_internal.report_checks(mongo.plan) IS 'Section: what was compared';

-- With what is missing, so that the shares are of all documents or elements. Of arrays the elements are known.
CREATE FUNCTION mongo_internal.shares(c mongo.plan_column) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('shares', e.types || CASE WHEN NOT e.in_array AND e.missing > 0 THEN jsonb_build_object('missing', e.missing) ELSE '{}' END)
      FROM (SELECT t.in_array, jsonb_object_agg(CASE WHEN t.in_array THEN 'array of ' ELSE '' END || k.key, k.value) AS types, (($1).evidence ->> 'containers')::numeric - sum(k.value::numeric) AS missing
              FROM (SELECT ($1).source_type LIKE '%[]' AND NOT ($1).evidence -> 'types' ? 'array' AS in_array) AS t, jsonb_each_text(($1).evidence -> 'types') AS k GROUP BY t.in_array) AS e
     WHERE jsonb_typeof(($1).evidence -> 'types') = 'object'
$$;
COMMENT ON FUNCTION mongo_internal.shares(mongo.plan_column) IS 'How many values of each type a path has, as a cell of a report; NULL where no documents tell';

-- A section each, after the one that leads to them.
CREATE FUNCTION mongo_internal.report_mapping(p mongo.plan) RETURNS SETOF mongo_internal.report_section LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.section(7, 'mapping', 2, 'Mapping', 'Where every column comes from, and why it is what it is.', 'The plan has no tables.', '{}', (SELECT '[[]]'::jsonb WHERE EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = ($1).plan)))
    UNION ALL
    SELECT mongo_internal.section(1000 + t.position, 'table-' || t.position, 3, t.name, 'From ' || mongo_internal.source_name(t) || coalesce('; only documents that match ' || t.source_filter, '') || CASE WHEN t.enabled THEN '' ELSE '; left out' END, 'The table has no columns.', '{Column,Path,"Found there",Type,"What does not fit",Why}',
        (SELECT jsonb_agg(jsonb_build_array(c.name, coalesce(c.path, CASE c.role WHEN 'rest' THEN 'what is left' WHEN 'ord' THEN 'the position' END), mongo_internal.shares(c),
                    CASE WHEN c.enabled THEN mongo_internal.column_type(c) || CASE WHEN c.not_null THEN ' NOT NULL' ELSE '' END || coalesce(' to ' || c.refers_to, '') ELSE 'no column' END,
                    CASE WHEN c.role = 'field' THEN concat_ws('; ', CASE c.on_misfit WHEN 'rest' THEN 'into the rest column' WHEN 'reject' THEN 'NULL and a reject' WHEN 'null' THEN 'NULL' ELSE 'as text' END, 'by ' || c.expression, 'within ' || c.tolerance) END, c.why) ORDER BY c.position)
           FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name))
      FROM mongo.plan_table AS t WHERE t.plan = ($1).plan
$$;
COMMENT ON FUNCTION mongo_internal.report_mapping(mongo.plan) IS 'Sections: the columns of each table';
