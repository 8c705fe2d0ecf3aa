-- What a person still has to do, and the three questions that a report answers first.
CREATE TYPE mongo_internal.todo_item AS (place integer, what text, object text, detail text, how text);
COMMENT ON TYPE mongo_internal.todo_item IS 'Something that a person has to do, or to decide';

CREATE FUNCTION mongo_internal.last_load(plan text) RETURNS mongo.load_run LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT r FROM mongo.load_run AS r WHERE r.plan = $1 ORDER BY r.run DESC LIMIT 1 $$;
COMMENT ON FUNCTION mongo_internal.last_load(text) IS 'The last load of a plan; NULL where there was none';
CREATE FUNCTION mongo_internal.last_check(plan text) RETURNS mongo.check_run LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT r FROM mongo.check_run AS r WHERE r.plan = $1 ORDER BY r.run DESC LIMIT 1 $$;
COMMENT ON FUNCTION mongo_internal.last_check(text) IS 'The last validation of a plan; NULL where there was none';

-- Tables of which the last validation compared neither every value, nor rows and totals (at level 0: rows).
CREATE FUNCTION mongo_internal.unchecked_tables(p mongo.plan, c mongo.check_run) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT t.name FROM mongo.plan_table AS t, LATERAL (SELECT coalesce(bool_or(r.check_name = 'values'), false) AS by_value, coalesce(bool_or(r.check_name = 'rows'), false) AS by_rows, coalesce(bool_or(r.check_name = 'totals'), false) AS by_totals
                                                      FROM mongo.check_result AS r WHERE r.run = ($2).run AND r.table_name = t.name AND r.status <> 'skip') AS k
                  WHERE t.plan = ($1).plan AND t.enabled AND NOT (k.by_value OR (k.by_rows AND (k.by_totals OR ($2).level = 0))) ORDER BY t.position)
$$;
COMMENT ON FUNCTION mongo_internal.unchecked_tables(mongo.plan, mongo.check_run) IS 'Tables that a validation has not compared';

-- Checks of a whole table that could not run, but for ranges, for which there was no reason.
CREATE FUNCTION mongo_internal.skipped_checks(c mongo.check_run) RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM mongo.check_result AS r WHERE r.run = ($1).run AND r.status = 'skip' AND r.column_name IS NULL AND r.check_name <> 'ranges'
$$;
COMMENT ON FUNCTION mongo_internal.skipped_checks(mongo.check_run) IS 'How many checks of a table a validation could not make';

-- Values that are in no table: the plan has no column that takes them, and no rest column.
CREATE FUNCTION mongo_internal.values_left_out(plan text) RETURNS SETOF mongo.reject_summary LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.* FROM mongo.reject_summary AS s JOIN mongo.plan_column AS c ON c.plan = s.plan AND c.table_name = s.table_name AND c.name = s.column_name
     WHERE s.plan = $1 AND s.rows_lost = 0 AND s.rows_stale = 0 AND s.stage IN ('misfit', 'nul', 'reference')
       AND (c.on_misfit IN ('reject', 'null') OR NOT EXISTS (SELECT FROM mongo.plan_column AS r WHERE r.plan = c.plan AND r.role = 'rest' AND r.enabled AND r.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside(c.plan, c.table_name) AS b))))
$$;
COMMENT ON FUNCTION mongo_internal.values_left_out(text) IS 'Rejects whose value stands in mongo.reject alone';

-- Of the load and the checks.
CREATE FUNCTION mongo_internal.todo_of_runs(p mongo.plan) RETURNS SETOF mongo_internal.todo_item LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1, 'Load', 'all tables', CASE WHEN l.run IS NULL THEN 'nothing has been loaded' WHEN l.state = 'failed' THEN l.message ELSE format('the last load is %s', l.state) END,
           CASE l.state WHEN 'paused' THEN format('SELECT mongo.resume_load(%L), then CALL mongo.load(%1$L)', ($1).plan) ELSE format('CALL mongo.load(%L)', ($1).plan) END
      FROM mongo_internal.last_load(($1).plan) AS l WHERE l.state IS DISTINCT FROM 'done'
    UNION ALL
    SELECT 1, 'Load', 'other tables', format('the last load was of %s alone', array_to_string(l.tables, ', ')), format('CALL mongo.load(%L)', ($1).plan) FROM mongo_internal.last_load(($1).plan) AS l WHERE l.state = 'done' AND l.tables IS NOT NULL
    UNION ALL
    SELECT 2, 'Validate', array_to_string(u.tables, ', '), 'the last validation has not compared them, or could not: see the checks', format('CALL mongo.validate(%L)', ($1).plan)
      FROM mongo_internal.last_check(($1).plan) AS c, LATERAL (SELECT mongo_internal.unchecked_tables($1, c) AS tables) AS u WHERE c.state = 'done' AND u.tables <> '{}'
    UNION ALL
    SELECT 2, 'Validate', 'all tables', CASE WHEN c.run IS NULL THEN 'nothing has been compared' WHEN c.state <> 'done' THEN 'the last validation has not ended' ELSE 'there was a load since the last validation began' END, format('CALL mongo.validate(%L)', ($1).plan)
      FROM mongo_internal.last_check(($1).plan) AS c, mongo_internal.last_load(($1).plan) AS l WHERE c.state IS DISTINCT FROM 'done' OR c.started < coalesce(l.finished, l.started)
    UNION ALL
    SELECT 3, 'Mend', r.table_name, format('%s failed (%s): %s', mongo_internal.counted(count(*), 'check'), string_agg(DISTINCT r.check_name, ', '), min(concat_ws('.', r.column_name, ' ' || r.difference))), format(w.how, ($1).plan, r.table_name)
      FROM mongo.check_result AS r LEFT JOIN (VALUES ('collections', 'plan it: create_plan (%1$L, ..., replace => true), apply, load; or leave it'),
                                                     ('unmapped', 'give the table a rest column or the field a column, in plan and target: create_plan (%1$L, ..., replace => true) shows how'),
                                                     ('references', 'SELECT * FROM mongo.check_references(%1$L) lists them: mend the documents, or leave the constraint off')) AS k (check_name, how) ON k.check_name = r.check_name,
           LATERAL (SELECT coalesce(k.how, 'SELECT * FROM mongo.diff(%1$L, %2$L); mongo.repair_statements(%1$L) has what would mend it') AS how) AS w
     WHERE r.plan = ($1).plan AND r.status = 'fail' GROUP BY r.table_name, w.how
    UNION ALL
    SELECT 4, 'Decide', s.table_name, format('%s left out, for %s (%s)', CASE s.rows_lost WHEN 1 THEN '1 row is' ELSE s.rows_lost || ' rows are' END, concat_ws(' ', s.stage, s.column_name), s.reason),
           format(CASE s.stage WHEN 'index' THEN 'drop the index, or make one that takes long values (USING hash), then CALL mongo.retry_rejects(%L)' ELSE 'mend the documents, the plan or the constraint, then CALL mongo.retry_rejects(%L)' END, ($1).plan)
      FROM mongo.reject_summary AS s WHERE s.plan = ($1).plan AND s.rows_lost > 0
    UNION ALL
    SELECT 5, 'Decide', concat_ws('.', s.table_name, s.column_name), format('%s not in the table nor in a rest column: %s', CASE s.rejects WHEN 1 THEN '1 value is' ELSE s.rejects || ' values are' END, s.reason),
           CASE s.stage WHEN 'reference' THEN 'table mongo.reject has them: mend the references' ELSE 'table mongo.reject has them: give the column another type, an expression, or on_misfit rest' END
      FROM mongo_internal.values_left_out(($1).plan) AS s
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
      FROM mongo.plan_foreign_key AS k WHERE k.plan = ($1).plan AND NOT k.enabled AND k.share < 1
    UNION ALL
    SELECT 8, 'Find a way', coalesce(i.source_index, i.name), i.why, 'by hand, if queries need it' FROM mongo.plan_index AS i WHERE i.plan = ($1).plan AND i.exactness = 'none' AND NOT i.enabled AND i.expire_after_seconds IS NULL
    UNION ALL
    SELECT 9, 'Find a way', i.table_name || ': ' || coalesce(i.source_index, i.name), format('MongoDB deletes documents by this TTL index after %s seconds; nothing does so here', i.expire_after_seconds),
           coalesce('a job, of pg_cron for example: ' || mongo_internal.expire_statement(i), 'a job, by hand: no column of dates tells when') || '; then set expire_after_seconds of plan_index to NULL'
      FROM mongo.plan_index AS i WHERE i.plan = ($1).plan AND i.expire_after_seconds IS NOT NULL
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
    documents text := mongo_internal.counted((mongo_internal.run_figures(l.run)).documents, 'document');
    gone name := (SELECT t.name FROM mongo.plan_table AS t WHERE t.plan = p.plan AND t.enabled AND to_regclass(format('%I.%I', p.target_schema, t.name)) IS NULL ORDER BY t.position LIMIT 1);
    -- A reference without a row may be one in the source as well: then nothing is missing here.
    differing bigint := (SELECT count(*) FROM mongo.check_result AS r WHERE r.run = c.run AND r.status = 'fail' AND r.check_name NOT IN ('references', 'sequence'));
    lost bigint := (SELECT coalesce(sum(s.rows_lost + s.rows_stale), 0) FROM mongo.reject_summary AS s WHERE s.plan = p.plan);
    left_out bigint := (SELECT coalesce(sum(s.rejects), 0) FROM mongo_internal.values_left_out(p.plan) AS s);
    unchecked name[] := mongo_internal.unchecked_tables(p, c);
    skipped bigint := mongo_internal.skipped_checks(c);
    doubts text;
BEGIN
    doubts := nullif(concat_ws(', ', CASE WHEN lost > 0 THEN mongo_internal.counted(lost, 'row') || ' left out or old' END, CASE WHEN left_out > 0 THEN mongo_internal.counted(left_out, 'value') || ' left out' END), '');
    status := CASE WHEN l.state IS DISTINCT FROM 'done' OR differing > 0 OR gone IS NOT NULL THEN 'fail'
                   WHEN c.state IS DISTINCT FROM 'done' OR c.started < coalesce(l.finished, l.started) OR doubts IS NOT NULL OR unchecked <> '{}' OR skipped > 0 OR l.tables IS NOT NULL THEN 'warn' ELSE 'ok' END;
    answer := CASE WHEN l.run IS NULL THEN 'No: nothing has been loaded.'
                   WHEN gone IS NOT NULL THEN format('No: table "%s" is not there.', gone)
                   WHEN l.state = 'failed' THEN format('No: %s', l.message)
                   WHEN l.state <> 'done' THEN format('No: the load has not ended, %s read so far.', documents)
                   WHEN c.state IS DISTINCT FROM 'done' THEN format('Loaded, but not compared: %s read.', documents)
                   WHEN c.started < coalesce(l.finished, l.started) THEN 'Not known: there was a load since the last validation began.'
                   WHEN differing > 0 THEN format('No: %s found differences.', mongo_internal.counted(differing, 'check'))
                   ELSE format('Yes%s%s: %s read, %s of %s found no difference%s%s.', ', but for ' || doubts, CASE WHEN unchecked <> '{}' OR skipped > 0 OR l.tables IS NOT NULL THEN ', as far as it was loaded and compared' END, documents,
                               mongo_internal.counted(c.ok + c.warn, 'check'), CASE c.level WHEN 0 THEN 'level 0' ELSE 'levels 0 to ' || c.level END, '; not compared: ' || nullif(array_to_string(unchecked[1:3], ', ') || CASE WHEN cardinality(unchecked) > 3 THEN format(' and %s more', cardinality(unchecked) - 3) ELSE '' END, ''),
                               CASE WHEN skipped > 0 THEN format('; %s could not run', mongo_internal.counted(skipped, 'check')) END) END;
END $$;
COMMENT ON FUNCTION mongo_internal.is_complete(mongo.plan) IS 'Whether the target has all that the source has, as far as load and checks tell';

CREATE FUNCTION mongo_internal.answers(plan text) RETURNS TABLE (place integer, question text, status text, answer text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH p AS MATERIALIZED (SELECT mongo_internal.plan_of($1) AS p),
         s AS (SELECT coalesce(sum(r.rejects), 0)::bigint AS rejects, coalesce(sum(r.rows_lost), 0)::bigint AS lost, coalesce(sum(r.rows_stale) FILTER (WHERE r.rows_lost = 0), 0)::bigint AS stale FROM mongo.reject_summary AS r WHERE r.plan = $1),
         t AS (SELECT count(*) AS n, string_agg(format('%s: %s', i.object, i.detail), '; ' ORDER BY i.rank) FILTER (WHERE i.rank <= 2) AS first FROM (SELECT o.what, o.object, left(regexp_replace(o.detail, '( [(]|: ).*$', ''), 100) AS detail, row_number() OVER (ORDER BY o.place, o.object, o.detail) AS rank FROM p, mongo_internal.todo(p.p) AS o) AS i),
         l AS (SELECT (mongo_internal.last_load($1)).state AS state)
    SELECT 1, 'Is it complete?', c.status, c.answer FROM p, mongo_internal.is_complete(p.p) AS c
    UNION ALL SELECT 2, 'What was rejected?', CASE WHEN s.lost > 0 OR s.stale > 0 OR l.state IS DISTINCT FROM 'done' THEN 'warn' ELSE 'ok' END,
           coalesce(nullif(concat_ws(' ', CASE WHEN s.lost > 0 THEN mongo_internal.counted(s.lost, 'row') || ' left out.' END, CASE WHEN s.stale > 0 THEN mongo_internal.counted(s.stale, 'row') || ' with an older version.' END,
                    CASE WHEN s.rejects > s.lost + s.stale THEN mongo_internal.counted(s.rejects - s.lost - s.stale, 'value') || ' not in the column meant for it, but in the rest column or in mongo.reject.' END), ''), CASE WHEN l.state = 'done' THEN 'Nothing.' WHEN l.state IS NULL THEN 'Not known: nothing has been loaded.' ELSE 'Nothing so far: the load has not ended.' END) FROM s, l
    UNION ALL SELECT 3, 'What must a person do now?', CASE t.n WHEN 0 THEN 'ok' ELSE 'warn' END, CASE t.n WHEN 0 THEN 'Nothing.' ELSE format('%s: %s%s.', mongo_internal.counted(t.n, 'thing'), t.first, CASE WHEN t.n > 2 THEN format('; and %s more', t.n - 2) ELSE '' END) END FROM t
$$;
COMMENT ON FUNCTION mongo_internal.answers(text) IS 'What a report answers first: status is ok, warn or fail';
