-- Comparing the rows of the source query with those of the target, or of any two tables: a full join by their keys.

-- Equal by value: text by its bytes, json by its text, others as their type says.
CREATE FUNCTION mongo_internal.differs_sql(type text, a text, b text, tolerance double precision DEFAULT NULL) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN y.typcategory = 'S' THEN format('%s COLLATE "C" IS DISTINCT FROM %s COLLATE "C"', $2, $3)
                WHEN $1 = 'json' THEN format('%s::text IS DISTINCT FROM %s::text', $2, $3)
                WHEN y.typcategory = 'N' AND $4 > 0 THEN format('(%1$s IS DISTINCT FROM %2$s AND (num_nulls(%1$s, %2$s) = 1 OR abs(%1$s - %2$s) > %3$s))', $2, $3, $4)
                WHEN EXISTS (SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod WHERE m.amname = 'btree' AND o.opcdefault AND (o.opcintype = y.oid OR (o.opcintype = 'anyarray'::regtype AND y.typcategory = 'A')
                                  OR (o.opcintype = 'anyrange'::regtype AND y.typcategory = 'R') OR (o.opcintype = 'anyenum'::regtype AND y.typcategory = 'E'))) THEN format('%s IS DISTINCT FROM %s', $2, $3)
                ELSE format('ROW(%s)::record OPERATOR(pg_catalog.*<>) ROW(%s)::record', $2, $3) END
      FROM pg_type AS y WHERE y.oid = (SELECT CASE b.typtype WHEN 'd' THEN b.typbasetype ELSE b.oid END FROM pg_type AS b WHERE b.oid = $1::regtype)
$$;
COMMENT ON FUNCTION mongo_internal.differs_sql(text, text, text, double precision) IS 'SQL for whether two values of a type differ, numbers by more than a tolerance';

-- The columns to compare, of which some find a row again. Each difference is a row; rows of one side have no columns.
CREATE FUNCTION mongo_internal.join_sql(source_rows text, target_rows text, key name[], columns name[], types text[], tolerances double precision[], expected text DEFAULT 'false', same_types boolean DEFAULT true) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'SELECT CASE WHEN t.__there IS NULL THEN \'missing\' WHEN s.__there IS NULL THEN \'extra\' ELSE \'different\' END AS kind, %1$s AS row_key, coalesce(s.__document_key, t.__document_key) AS document_key,\n'
                  '       d.column_name, d.source_value, d.target_value, %2$s AS expected\n'
                  '  FROM (SELECT q.*, true AS __there FROM (%3$s) AS q) AS s FULL JOIN (SELECT q.*, true AS __there FROM (%4$s) AS q) AS t ON %5$s\n'
                  -- Rows that are the same byte by byte are looked at no further.
                  '  LEFT JOIN LATERAL (SELECT x.* FROM (SELECT true AS changed WHERE s.__there AND t.__there AND %6$s OFFSET 0) AS g, LATERAL (%7$s) AS x WHERE x.differs) AS d ON true\n'
                  ' WHERE s.__there IS NULL OR t.__there IS NULL OR d.differs',
                  (SELECT format(CASE count(*) WHEN 1 THEN '%s::text' ELSE 'ROW(%s)::text' END, string_agg(format('coalesce(s.%1$I, t.%1$I)', k), ', ' ORDER BY o)) FROM unnest($3) WITH ORDINALITY AS u (k, o)), $7, $1, $2,
                  (SELECT string_agg(format('t.%1$I = s.%1$I', k), ' AND ' ORDER BY o) FROM unnest($3) WITH ORDINALITY AS u (k, o)),
                  CASE WHEN $8 THEN format('ROW(%s)::record OPERATOR(pg_catalog.*<>) ROW(%s)::record', mongo_internal.aliased_list($4, 't'), mongo_internal.aliased_list($4, 's')) ELSE 'true' END,
                  coalesce((SELECT string_agg(format('SELECT %L::text AS column_name, s.%2$I::text AS source_value, t.%2$I::text AS target_value, g.changed AND %3$s AS differs', c, c, mongo_internal.differs_sql(y, format('s.%I', c), format('t.%I', c), e)), ' UNION ALL ' ORDER BY o)
                              FROM unnest($4, $5, $6) WITH ORDINALITY AS u (c, y, e, o)), 'SELECT NULL::text AS column_name, NULL::text AS source_value, NULL::text AS target_value, false AS differs'))
$$;
COMMENT ON FUNCTION mongo_internal.join_sql(text, text, name[], name[], text[], double precision[], text, boolean) IS 'SELECT of the differences between two sets of rows with columns __document_key: kind missing, extra or different';

-- What a longer value would be cut to is another value.
CREATE FUNCTION mongo_internal.plain_type(target regclass, name name) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format_type(a.atttypid, -1) FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attname = $2
$$;
COMMENT ON FUNCTION mongo_internal.plain_type(regclass, name) IS 'The type of a column of a table, without a length';

-- Tables above a table, and itself.
CREATE FUNCTION mongo_internal.tables_above(t mongo.plan_table) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE above AS (SELECT ($1).name AS name, ($1).parent AS parent
                              UNION SELECT o.name, o.parent FROM above AS a JOIN mongo.plan_table AS o ON o.plan = ($1).plan AND o.name = a.parent)
    SELECT array_agg(a.name) FROM above AS a
$$;
COMMENT ON FUNCTION mongo_internal.tables_above(mongo.plan_table) IS 'A table of a plan and those above it';

-- Whether a row that is missing or older was refused: it, or a row above it.
CREATE FUNCTION mongo_internal.refused_sql(t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('EXISTS (SELECT FROM mongo.reject AS j WHERE j.plan = %L AND j.resolved IS NULL AND (j.row_lost OR j.stale) AND j.key_hash = sha256(coalesce(s.__document_key, t.__document_key)) AND (j.table_name = ANY (%L) OR (j.table_name = %L AND j.positions = %s)))',
                  ($1).plan, array_remove(mongo_internal.tables_above($1), ($1).name), ($1).name,
                  CASE WHEN ($1).parent IS NULL THEN '''{}''' ELSE (SELECT format('ARRAY[%s]::text[]', string_agg(format('coalesce(s.%1$I, t.%1$I)::text', c.name), ', ' ORDER BY c.position))
                      FROM mongo.plan_column AS c WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.role = 'ord') END)
$$;
COMMENT ON FUNCTION mongo_internal.refused_sql(mongo.plan_table) IS 'SQL for whether a difference is that of a reject';

-- keyed: of documents $1 (of a query of one's own: keys; $2 and $3, its bounds, are NULL) and the rows of the keys $4 alone.
CREATE FUNCTION mongo_internal.compare_sql(p mongo.plan, t mongo.plan_table, keyed boolean) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := mongo_internal.target_of(p, t);
    key name[] := mongo_internal.match_columns(t);
    columns name[] := mongo_internal.loaded_columns(t);
    compared name[] := ARRAY(SELECT c FROM unnest(columns) WITH ORDINALITY AS u (c, o) WHERE c <> ALL (key) ORDER BY o);
    source text := CASE WHEN keyed THEN mongo_internal.rows_sql(p, t) ELSE mongo.source_query(t.plan, t.name) END;
    own text := coalesce(mongo_internal.document_key(t), 'NULL::bytea');
BEGIN
    RETURN mongo_internal.join_sql(
        format(E'SELECT %s, o.__key AS __document_key FROM (%s\n) AS o', (SELECT string_agg(format('o.%I::%s AS %1$I', c, mongo_internal.plain_type(target, c)), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY AS u (c, n)), rtrim(source, E'; \n')),
        format('SELECT %s, %s AS __document_key FROM %s%s', mongo_internal.aliased_list(columns, 't'), own, CASE WHEN own LIKE 'NULL%' THEN format('%s AS t', target) ELSE mongo_internal.target_from(p, t) END, CASE WHEN keyed THEN format(' WHERE %s = ANY ($4)', own) ELSE '' END),
        key, compared, ARRAY(SELECT mongo_internal.plain_type(target, c) FROM unnest(compared) WITH ORDINALITY AS u (c, o) ORDER BY o),
        ARRAY(SELECT coalesce(l.tolerance, 0) FROM unnest(compared) WITH ORDINALITY AS u (c, o) JOIN mongo.plan_column AS l ON l.plan = t.plan AND l.table_name = t.name AND l.name = u.c ORDER BY o),
        mongo_internal.refused_sql(t));
END $$;
COMMENT ON FUNCTION mongo_internal.compare_sql(mongo.plan, mongo.plan_table, boolean) IS 'SELECT of the differences between the source query of a table and its target';
