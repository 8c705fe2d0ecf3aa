-- What a person still has to do, and the three questions that a report answers first.
CREATE TYPE mongo_internal.todo_item AS (place integer, what text, object text, detail text, how text);
COMMENT ON TYPE mongo_internal.todo_item IS 'Something that a person has to do, or to decide';

CREATE FUNCTION mongo_internal.last_load(plan text) RETURNS mongo.load_run LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT r FROM mongo.load_run AS r WHERE r.plan = $1 ORDER BY r.run DESC LIMIT 1 $$;
COMMENT ON FUNCTION mongo_internal.last_load(text) IS 'The last load of a plan; NULL where there was none';
CREATE FUNCTION mongo_internal.last_check(plan text) RETURNS mongo.check_run LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT r FROM mongo.check_run AS r WHERE r.plan = $1 ORDER BY r.run DESC LIMIT 1 $$;
COMMENT ON FUNCTION mongo_internal.last_check(text) IS 'The last validation of a plan; NULL where there was none';

-- Of the load and the checks.
CREATE FUNCTION mongo_internal.todo_of_runs(p mongo.plan) RETURNS SETOF mongo_internal.todo_item LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1, 'Load', 'all tables', CASE WHEN l.run IS NULL THEN 'nothing has been loaded' WHEN l.state = 'failed' THEN l.message ELSE format('the last load is %s', l.state) END,
           CASE l.state WHEN 'paused' THEN format('SELECT mongo.resume_load(%L), then CALL mongo.load(%1$L)', ($1).plan) ELSE format('CALL mongo.load(%L)', ($1).plan) END
      FROM mongo_internal.last_load(($1).plan) AS l WHERE l.state IS DISTINCT FROM 'done'
    UNION ALL
    SELECT 2, 'Validate', 'all tables', CASE WHEN c.run IS NULL THEN 'nothing has been compared' WHEN c.state <> 'done' THEN 'the last validation has not ended' ELSE 'there was a load since the last validation' END, format('CALL mongo.validate(%L)', ($1).plan)
      FROM mongo_internal.last_check(($1).plan) AS c, mongo_internal.last_load(($1).plan) AS l WHERE c.state IS DISTINCT FROM 'done' OR coalesce(l.finished, l.started) > c.finished
    UNION ALL
    SELECT 3, 'Mend', r.table_name, format('%s failed (%s): %s', mongo_internal.counted(count(*), 'check'), string_agg(DISTINCT r.check_name, ', '), min(concat_ws('.', r.column_name, ' ' || r.difference))),
           format('SELECT * FROM mongo.diff(%L, %L); mongo.repair_statements(%1$L) has what would mend it', ($1).plan, r.table_name)
      FROM mongo.check_result AS r WHERE r.plan = ($1).plan AND r.status = 'fail' GROUP BY r.table_name
    UNION ALL
    SELECT 4, 'Decide', s.table_name, format('%s left out, for %s (%s)', CASE s.rows_lost WHEN 1 THEN '1 row is' ELSE s.rows_lost || ' rows are' END, concat_ws(' ', s.stage, s.column_name), s.reason),
           format('mend the documents, the plan or the constraint, then CALL mongo.retry_rejects(%L)', ($1).plan)
      FROM mongo.reject_summary AS s WHERE s.plan = ($1).plan AND s.rows_lost > 0
    UNION ALL
    SELECT 5, 'Decide', concat_ws('.', s.table_name, s.column_name), format('%s not in the table nor in a rest column: %s', CASE s.rejects WHEN 1 THEN '1 value is' ELSE s.rejects || ' values are' END, s.reason),
           'table mongo.reject has them: give the column another type, an expression, or on_misfit rest'
      FROM mongo.reject_summary AS s JOIN mongo.plan_column AS c ON c.plan = s.plan AND c.table_name = s.table_name AND c.name = s.column_name
     WHERE s.plan = ($1).plan AND s.rows_lost = 0 AND s.stage IN ('misfit', 'nul')
       AND (c.on_misfit IN ('reject', 'null') OR NOT EXISTS (SELECT FROM mongo.plan_column AS r WHERE r.plan = c.plan AND r.table_name = c.table_name AND r.role = 'rest' AND r.enabled))
$$;
COMMENT ON FUNCTION mongo_internal.todo_of_runs(mongo.plan) IS 'What a load and checks leave to do';

-- Of the plan: what is planned and not there, and what a plan cannot do.
CREATE FUNCTION mongo_internal.todo_of_plan(p mongo.plan) RETURNS SETOF mongo_internal.todo_item LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 0, 'Apply', 'all tables', 'the plan has not been applied as it is now', format('CALL mongo.apply_plan(%L)', ($1).plan) WHERE ($1).state <> 'applied'
    UNION ALL
    SELECT 6, 'Make', mongo_internal.step_object(s), format('this %s is planned and not there', s.kind), format('CALL mongo.apply_plan(%L, ''{%s}'') says what is in its way', ($1).plan, s.part)
      FROM mongo_internal.plan_steps($1) AS s WHERE ($1).state = 'applied' AND s.part IN ('target', 'constraints', 'indexes') AND mongo_internal.is_there($1, s) IS NOT TRUE
    UNION ALL
    SELECT 7, 'Decide', k.table_name, format('the foreign key of %s to %s is off: %s', array_to_string(k.columns, ', '), k.target_table, k.why),
           format('SELECT * FROM mongo.check_references(%L) lists them; enable it in mongo.plan_foreign_key once they are mended', ($1).plan)
      FROM mongo.plan_foreign_key AS k WHERE k.plan = ($1).plan AND NOT k.enabled
    UNION ALL
    SELECT 8, 'Find a way', coalesce(i.source_index, i.name), i.why, 'by hand, if queries need it' FROM mongo.plan_index AS i WHERE i.plan = ($1).plan AND i.exactness = 'none' AND NOT i.enabled
    UNION ALL
    SELECT 9, 'Find a way', i.name, substring(i.why FROM 'TTL: .*$'), 'a job that runs every minute, of pg_cron for example' FROM mongo.plan_index AS i WHERE i.plan = ($1).plan AND i.why ~ 'TTL: '
    UNION ALL
    SELECT 10, 'Decide', t.name, 'the plan leaves this table out' || coalesce(': ' || t.note, ''), 'enable it in mongo.plan_table, or leave it' FROM mongo.plan_table AS t WHERE t.plan = ($1).plan AND NOT t.enabled
$$;
COMMENT ON FUNCTION mongo_internal.todo_of_plan(mongo.plan) IS 'What a plan leaves to do';

CREATE FUNCTION mongo_internal.todo(p mongo.plan) RETURNS SETOF mongo_internal.todo_item LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT * FROM (SELECT * FROM mongo_internal.todo_of_runs($1) UNION ALL SELECT * FROM mongo_internal.todo_of_plan($1)) AS t ORDER BY t.place, t.object, t.detail
$$;
COMMENT ON FUNCTION mongo_internal.todo(mongo.plan) IS 'What a person has to do, the most pressing first';

CREATE FUNCTION mongo_internal.is_complete(p mongo.plan, OUT status text, OUT answer text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    l mongo.load_run := mongo_internal.last_load(p.plan);
    c mongo.check_run := mongo_internal.last_check(p.plan);
    documents bigint := (mongo_internal.run_figures(l.run)).documents;
    unchecked bigint := (SELECT count(*) FROM mongo.plan_table AS t WHERE t.plan = p.plan AND t.enabled AND NOT EXISTS (SELECT FROM mongo.check_result AS r WHERE r.plan = p.plan AND r.table_name = t.name AND r.check_name IN ('rows', 'values') AND r.status <> 'skip'));
    lost bigint := (SELECT coalesce(sum(s.rows_lost), 0) FROM mongo.reject_summary AS s WHERE s.plan = p.plan);
    -- A reference without a row may be one in the source as well: then nothing is missing here.
    differing bigint := (SELECT count(*) FROM mongo.check_result AS r WHERE r.plan = p.plan AND r.status = 'fail' AND r.check_name NOT IN ('references', 'sequence'));
BEGIN
    status := CASE WHEN l.state IS DISTINCT FROM 'done' OR differing > 0 THEN 'fail' WHEN c.state IS DISTINCT FROM 'done' OR coalesce(l.finished, l.started) > c.finished OR unchecked > 0 OR lost > 0 THEN 'warn' ELSE 'ok' END;
    answer := CASE WHEN l.run IS NULL THEN 'No: nothing has been loaded.'
                   WHEN l.state = 'failed' THEN format('No: %s', l.message)
                   WHEN l.state <> 'done' THEN format('No: the load has not ended, %s read so far.', mongo_internal.counted(documents, 'document'))
                   WHEN c.state IS DISTINCT FROM 'done' THEN format('Loaded, but not compared: %s read.', mongo_internal.counted(documents, 'document'))
                   WHEN coalesce(l.finished, l.started) > c.finished THEN 'Not known: there was a load since the last validation.'
                   WHEN differing > 0 THEN format('No: %s found differences.', mongo_internal.counted(differing, 'check'))
                   ELSE format('Yes%s: %s read, %s of levels 0 to %s found no difference%s.', CASE WHEN lost > 0 THEN ', but for ' || mongo_internal.counted(lost, 'row') || ' left out' WHEN unchecked > 0 THEN ', as far as it was compared' ELSE '' END,
                               mongo_internal.counted(documents, 'document'), mongo_internal.counted(c.ok + c.warn, 'check'), c.level, CASE WHEN unchecked > 0 THEN format('; %s could not be compared', mongo_internal.counted(unchecked, 'table')) ELSE '' END) END;
END $$;
COMMENT ON FUNCTION mongo_internal.is_complete(mongo.plan) IS 'Whether the target has all that the source has, as far as load and checks tell';

CREATE FUNCTION mongo_internal.answers(plan text) RETURNS TABLE (place integer, question text, status text, answer text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH p AS MATERIALIZED (SELECT mongo_internal.plan_of($1) AS p),
         s AS (SELECT coalesce(sum(r.rejects), 0)::bigint AS rejects, coalesce(sum(r.rows_lost), 0)::bigint AS lost, coalesce(sum(r.rows_stale) FILTER (WHERE r.rows_lost = 0), 0)::bigint AS stale FROM mongo.reject_summary AS r WHERE r.plan = $1),
         t AS (SELECT count(*) AS n, string_agg(lower(i.what) || CASE i.what WHEN 'Decide' THEN ' about ' WHEN 'Find a way' THEN ' for ' ELSE ' ' END || i.object, '; ' ORDER BY i.rank) FILTER (WHERE i.rank <= 3) AS first FROM (SELECT o.*, row_number() OVER (ORDER BY o.place, o.object, o.detail) AS rank FROM p, mongo_internal.todo(p.p) AS o) AS i)
    SELECT 1, 'Is it complete?', c.status, c.answer FROM p, mongo_internal.is_complete(p.p) AS c
    UNION ALL SELECT 2, 'What was rejected?', CASE WHEN s.lost > 0 OR s.stale > 0 THEN 'warn' ELSE 'ok' END,
           coalesce(nullif(concat_ws(' ', CASE WHEN s.lost > 0 THEN mongo_internal.counted(s.lost, 'row') || ' left out.' END, CASE WHEN s.stale > 0 THEN mongo_internal.counted(s.stale, 'row') || ' with an older version.' END,
                    CASE WHEN s.rejects > s.lost + s.stale THEN mongo_internal.counted(s.rejects - s.lost - s.stale, 'value') || ' not in the column meant for it, but in the rest column or in mongo.reject.' END), ''), 'Nothing.') FROM s
    UNION ALL SELECT 3, 'What must a person do now?', CASE t.n WHEN 0 THEN 'ok' ELSE 'warn' END, CASE t.n WHEN 0 THEN 'Nothing.' ELSE format('%s: %s%s.', mongo_internal.counted(t.n, 'thing'), t.first, CASE WHEN t.n > 3 THEN format('; and %s more', t.n - 3) ELSE '' END) END FROM t
$$;
COMMENT ON FUNCTION mongo_internal.answers(text) IS 'What a report answers first: status is ok, warn or fail';
