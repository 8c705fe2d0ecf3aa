-- The formats of a report.
-- "int 90 %, string 10 %", the most frequent first.
CREATE FUNCTION mongo_internal.shares_text(shares jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%s %s %%', s.key, CASE WHEN s.share > 0 AND s.share < 0.01 THEN '< 0.01' WHEN s.share < 100 AND s.share > 99.99 THEN '> 99.99' ELSE trim_scale(round(s.share, 2))::text END), ', ' ORDER BY s.share DESC, s.key)
      FROM (SELECT e.key, 100 * e.value::numeric / nullif(sum(e.value::numeric) OVER (), 0) AS share FROM jsonb_each_text($1) AS e) AS s
$$;
COMMENT ON FUNCTION mongo_internal.shares_text(jsonb) IS 'Shares of types in words';

-- Long values are cut, and say how long they are; what no document in XML may hold is replaced in every format alike.
CREATE FUNCTION mongo_internal.cell_text(cell jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN length(c.text) > 400 THEN format('%s… (%s characters)', left(c.text, 400), length(c.text)) ELSE c.text END
      FROM (SELECT regexp_replace(coalesce(CASE WHEN jsonb_typeof($1) = 'object' THEN mongo_internal.shares_text($1 -> 'shares') ELSE $1 #>> '{}' END, ''), '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]', '?', 'g') AS text) AS c
$$;
COMMENT ON FUNCTION mongo_internal.cell_text(jsonb) IS 'A cell of a report as text';

-- Whatever a cell holds shows as text: HTML by entities, Markdown by backslashes, a line break by a blank.
CREATE FUNCTION mongo_internal.markdown_text(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT regexp_replace(replace(replace(replace(regexp_replace($1, '\s+', ' ', 'g'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '([][\\|*_`~])', '\\\1', 'g')
$$;
COMMENT ON FUNCTION mongo_internal.markdown_text(text) IS 'Text as it stands in a cell of a table in Markdown';

CREATE FUNCTION mongo_internal.markdown_section(s mongo_internal.report_section) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT repeat('#', ($1).level) || ' ' || mongo_internal.markdown_text(($1).title) || E'\n' || coalesce(E'\n' || mongo_internal.markdown_text(($1).about) || E'\n', '')
        || CASE WHEN ($1).rows = '[]' THEN E'\n' || mongo_internal.markdown_text(($1).empty) || E'\n' WHEN ($1).columns = '{}' THEN ''
                ELSE E'\n| ' || array_to_string(($1).columns, ' | ') || E' |\n|' || repeat(' --- |', cardinality(($1).columns)) || E'\n'
                     || (SELECT string_agg('| ' || (SELECT string_agg(mongo_internal.markdown_text(mongo_internal.cell_text(c.value)), ' | ' ORDER BY c.n) FROM jsonb_array_elements(r.value) WITH ORDINALITY AS c (value, n)) || ' |', E'\n' ORDER BY r.n)
                           FROM jsonb_array_elements(($1).rows) WITH ORDINALITY AS r (value, n)) || E'\n' END
$$;
COMMENT ON FUNCTION mongo_internal.markdown_section(mongo_internal.report_section) IS 'A section of a report in Markdown';

CREATE FUNCTION mongo_internal.report_markdown(p mongo.plan) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'# Migration %s\n\n%s\n', mongo_internal.markdown_text(($1).plan), mongo_internal.report_subtitle($1))
        || (SELECT E'\n' || string_agg(format('- **%s** %s', a.question, mongo_internal.markdown_text(a.answer)), E'\n' ORDER BY a.place) || E'\n' FROM mongo_internal.answers(($1).plan) AS a)
        || (SELECT E'\n' || string_agg(mongo_internal.markdown_section(s), E'\n' ORDER BY s.place) FROM mongo_internal.report_sections($1) AS s)
$$;
COMMENT ON FUNCTION mongo_internal.report_markdown(mongo.plan) IS 'A report in Markdown';

CREATE FUNCTION mongo_internal.report_subtitle(p mongo.plan) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT format('From MongoDB to PostgreSQL %s, as of %s.', split_part(current_setting('server_version'), ' ', 1), to_char(now(), 'YYYY-MM-DD HH24:MI "UTC"')) $$;
COMMENT ON FUNCTION mongo_internal.report_subtitle(mongo.plan) IS 'When a report was made';

CREATE FUNCTION mongo_internal.report_json(p mongo.plan) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_pretty(jsonb_build_object('plan', ($1).plan, 'server', ($1).server, 'database', ($1).database, 'target_schema', ($1).target_schema, 'at', now(),
        'answers', (SELECT jsonb_agg(jsonb_build_object('question', a.question, 'status', a.status, 'answer', a.answer) ORDER BY a.place) FROM mongo_internal.answers(($1).plan) AS a),
        'sections', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', s.id, 'title', s.title, 'about', s.about, 'empty', CASE WHEN s.rows = '[]' THEN s.empty END, 'columns', CASE WHEN s.columns <> '{}' THEN s.columns END, 'chart', s.chart))
                                  || CASE WHEN s.columns <> '{}' THEN jsonb_build_object('rows', s.rows) ELSE '{}' END ORDER BY s.place) FROM mongo_internal.report_sections($1) AS s)))
$$;
COMMENT ON FUNCTION mongo_internal.report_json(mongo.plan) IS 'A report as JSON';

CREATE FUNCTION mongo.report(plan text, format text DEFAULT 'markdown') RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off SET intervalstyle = 'postgres' SET timezone = 'UTC' AS $$
DECLARE
    p mongo.plan := mongo_internal.check_owner(plan);
BEGIN
    CASE format
        WHEN 'markdown' THEN RETURN mongo_internal.report_markdown(p);
        WHEN 'json' THEN RETURN mongo_internal.report_json(p);
        WHEN 'html' THEN RETURN mongo_internal.report_html(p);
        ELSE RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('invalid format: "%s"', format), HINT = 'Valid values are "markdown", "html" and "json".';
    END CASE;
EXCEPTION WHEN feature_not_supported THEN
    RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = SQLERRM, HINT = 'Formats "markdown" and "json" need no libxml.';
END $$;
COMMENT ON FUNCTION mongo.report(text, text) IS
    'What a migration did and left to do: whether it is complete, what was rejected, what a person must do; then tables, loads, rejects with examples, checks, the mapping of every column and why, types, keys, references, indexes, decisions, what has no column. format: markdown, json, or html (one page, no script, nothing from outside). It shows text of documents. Reads only the target and what the kit keeps. 42501 unless a member of the plan''s owner, 42704 for an unknown plan, 22023 for another format, 0A000 for html where PostgreSQL was built without libxml';
