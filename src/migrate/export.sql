-- A plan as a script.
CREATE FUNCTION mongo_internal.one_line(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT coalesce(regexp_replace($1, '\s+', ' ', 'g'), 'none') $$;
COMMENT ON FUNCTION mongo_internal.one_line(text) IS 'Text for a comment in a script';

-- The columns that a row has, as text of SQL: what a table's default says need not be said.
CREATE FUNCTION mongo_internal.exported_row(relation regclass, value jsonb) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'INSERT INTO %s (%s)\n  VALUES (%s);', ($1)::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
                  string_agg(CASE WHEN a.atttypid::regtype IN ('boolean', 'integer', 'bigint', 'numeric') THEN $2 ->> a.attname
                                  WHEN a.atttypid::regtype IN ('name[]', 'text[]') THEN quote_literal((SELECT array_agg(e.value ORDER BY e.n) FROM jsonb_array_elements_text($2 -> a.attname) WITH ORDINALITY AS e (value, n)))
                                  ELSE quote_literal($2 ->> a.attname) END, ', ' ORDER BY a.attnum))
      FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND jsonb_typeof($2 -> a.attname) <> 'null' AND a.attname <> 'owner'
       AND regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^''(.*)''::\w+$', '\1') IS DISTINCT FROM $2 ->> a.attname
       AND NOT ($1 = 'mongo.plan'::regclass AND a.attname = 'state')
$$;
COMMENT ON FUNCTION mongo_internal.exported_row(regclass, jsonb) IS 'INSERT of a row of a plan, without what defaults say';

CREATE FUNCTION mongo_internal.exported_rows(plan text) RETURNS TABLE (place integer, heading text, statement text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1, NULL::text, mongo_internal.exported_row('mongo.plan', to_jsonb(p)) FROM mongo.plan AS p WHERE p.plan = $1
    UNION ALL (SELECT 2, 'Table ' || t.name, concat_ws(E'\n', mongo_internal.exported_row('mongo.plan_table', (to_jsonb(t) || jsonb_build_object('source_filter', t.source_filter::text))),
                      (SELECT string_agg(coalesce((SELECT string_agg(format(E'-- %s %s: %s, planned %s\n', c.name, h.what, mongo_internal.one_line(h.now), mongo_internal.one_line(h.planned)), '') FROM mongo_internal.changes_of(c.planned, to_jsonb(c), '{name,type,expression,inverse,refers_to,not_null,on_misfit,nul,tolerance,enabled}') AS h), '')
                                         || mongo_internal.exported_row('mongo.plan_column', to_jsonb(c)), E'\n' ORDER BY c.position) FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name))
                 FROM mongo.plan_table AS t WHERE t.plan = $1 ORDER BY t.position)
    UNION ALL (SELECT 3, 'Foreign keys', mongo_internal.exported_row('mongo.plan_foreign_key', to_jsonb(k)) FROM mongo.plan_foreign_key AS k WHERE k.plan = $1 ORDER BY k.table_name, k.columns)
    UNION ALL (SELECT 4, 'Indexes and constraints', mongo_internal.exported_row('mongo.plan_index', to_jsonb(i)) FROM mongo.plan_index AS i WHERE i.plan = $1 ORDER BY i.table_name, i.name)
    UNION ALL (SELECT 5, 'Decisions', mongo_internal.exported_row('mongo.decision', to_jsonb(d)) FROM mongo.decision AS d WHERE d.plan = $1 ORDER BY d.object)
$$;
COMMENT ON FUNCTION mongo_internal.exported_rows(text) IS 'The statements of a script that makes a plan anew';

CREATE FUNCTION mongo.plan_export(plan text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1 AS $$
DECLARE
    p mongo.plan := mongo_internal.plan_of(plan);
    script text;
BEGIN
    SELECT string_agg(CASE WHEN e.heading IS DISTINCT FROM e.before THEN format(E'\n-- %s\n', mongo_internal.one_line(e.heading)) ELSE '' END || e.statement, E'\n' ORDER BY e.n) INTO script
      FROM (SELECT x.*, lag(x.heading) OVER (ORDER BY x.n) AS before FROM mongo_internal.exported_rows(plan) WITH ORDINALITY AS x (place, heading, statement, n)) AS e;
    RETURN format(E'-- Plan %s of mongo_fdw_cpp: database %s behind server %s, into schema %s.\n-- psql runs it in a database with the extension and that server; the plan belongs to whoever does.\n',
                  quote_ident(mongo_internal.one_line(p.plan)), quote_ident(mongo_internal.one_line(p.database)), quote_ident(mongo_internal.one_line(p.server)), quote_ident(mongo_internal.one_line(p.target_schema)))
        || format(E'SET client_encoding = %L;\n', getdatabaseencoding()) || E'BEGIN;\nSET LOCAL standard_conforming_strings = on;\nSET LOCAL mongo_internal.planning = ''on''; -- rows are edited where they say so\n' || script || E'\nCOMMIT;\n';
END $$;
COMMENT ON FUNCTION mongo.plan_export(text) IS
    'A plan with its edits, queries and decisions as one script for psql, to run in another database, to review, or to keep in a repository. The same plan gives the same bytes. 42704 for an unknown plan';
