-- The statements that write the rows of a table. Each reads the rows of the documents ($1; for a query of one's own: of
-- the keys in $1, or from $2 on and below $3) once. $4: keys of the topmost rows that were there before, whose children may be gone.
-- $5: the run. $6, $7: the rows from this one to that one alone.
CREATE TYPE mongo_internal.table_load AS (
    plan text, name name, root boolean, of_query boolean, above name, target text, source text,
    quiet boolean,  -- what is refused is not noted
    fill text,      -- empty target: rows are inserted, and misfits noted
    converge text,  -- rows that changed are updated, missing ones inserted, children that are gone deleted
    add_keys text,  -- rows that are missing are inserted without references in circles
    replace text,   -- of documents: the rows are deleted and inserted again, so that unique values may change places
    clear text,     -- of documents: children that are gone are deleted
    guarded text,   -- as converge, where rows of the table above were refused
    some_rows text, -- as converge, of a range of rows
    count text,     -- how many rows there are
    keys text,      -- the keys of the documents of a query's rows
    identify text,  -- key and positions of a row
    stored text);   -- whether the target has an older version of a row
COMMENT ON TYPE mongo_internal.table_load IS 'How the rows of a target table are written';

-- The column or columns by which a row is found again: the key of the document where the own key does not tell documents apart.
CREATE FUNCTION mongo_internal.match_columns(t mongo.plan_table) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT ARRAY[c.name] FROM mongo.plan_column AS c
                      WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND ($1).parent IS NULL AND c.enabled
                        AND (c.role = 'source_key' OR (c.role = 'legacy' AND ($1).key = 'bigint')) ORDER BY c.role DESC LIMIT 1),
                    mongo_internal.key_columns($1))
$$;
COMMENT ON FUNCTION mongo_internal.match_columns(mongo.plan_table) IS 'The columns by which a load finds the row of a target table again';

-- The columns that the source query gives, in order.
CREATE FUNCTION mongo_internal.loaded_columns(t mongo.plan_table) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(c.name ORDER BY c.position) FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.enabled
       AND NOT (c.role = 'key' AND c.source_column IS DISTINCT FROM '__key' AND (mongo_internal.root_of($1)).key IN ('bigint', 'none'))
$$;
COMMENT ON FUNCTION mongo_internal.loaded_columns(mongo.plan_table) IS 'The columns of a target table that a load fills';

CREATE FUNCTION mongo_internal.aliased_list(names name[], alias text, separator text DEFAULT ', ', pattern text DEFAULT '%1$s.%2$s') RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format($4, $2, quote_ident(n)), $3 ORDER BY o) FROM unnest($1) WITH ORDINALITY AS u (n, o)
$$;
COMMENT ON FUNCTION mongo_internal.aliased_list(name[], text, text, text) IS 'Columns of an alias as a list in SQL; pattern: what stands for each, of the alias (1) and the name (2)';

-- Columns that tell only by their result whether they took the value: an expression, or a look-up.
CREATE FUNCTION mongo_internal.taken_later(t mongo.plan_table) RETURNS SETOF mongo.plan_column LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.on_misfit <> 'null' AND mongo_internal.takes_later(c) AND NOT mongo_internal.takes_any_value(c) ORDER BY c.position
$$;
COMMENT ON FUNCTION mongo_internal.taken_later(mongo.plan_table) IS 'Columns whose expression or look-up may give NULL for a value';

-- The name of a column whose value was not taken, over q, the row of the source query with the value as __given_<position>.
CREATE FUNCTION mongo_internal.not_taken(t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN count(*) = 0 THEN '''{}''::jsonb[]' ELSE format('array_remove(ARRAY[%s], NULL)', string_agg(format('CASE WHEN %s AND q.__given_%s IS NOT NULL%s THEN jsonb_build_object(''column'', %L, ''value'', q.__given_%2$s) END',
               CASE WHEN c.refers_to IS NOT NULL AND c.source_type LIKE '%[]' THEN format('array_position(q.%I, NULL) IS NOT NULL', c.name) ELSE format('q.%I IS NULL', c.name) END,
               c.position, CASE WHEN c.source_type LIKE 'json%' THEN format(' AND q.__given_%s::text <> ''null''', c.position) ELSE '' END, c.name), ', ')) END
      FROM mongo_internal.taken_later($1) AS c WHERE ($1).query IS NULL
$$;
COMMENT ON FUNCTION mongo_internal.not_taken(mongo.plan_table) IS 'SQL for the values of a row that an expression or a look-up did not take';

CREATE FUNCTION mongo_internal.decoded_sql(p mongo.plan, t mongo.plan_table) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('mongo.rows_of(NULL::%I.%I, $1)', ($1).source_schema, ($2).source_name)
$$;
COMMENT ON FUNCTION mongo_internal.decoded_sql(mongo.plan, mongo.plan_table) IS 'SQL for the source rows of the documents that are at hand';

CREATE FUNCTION mongo_internal.own_query(t mongo.plan_table) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT E'(' || rtrim(($1).query, E'; \n') || E'\n)'
$$;
COMMENT ON FUNCTION mongo_internal.own_query(mongo.plan_table) IS 'The query that a person gave for a table, as a subquery';

-- The rows: a row of the target's columns each, with __key, __errors, __not_taken.
CREATE FUNCTION mongo_internal.rows_sql(p mongo.plan, t mongo.plan_table) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text := mongo_internal.aliased_list(mongo_internal.loaded_columns(t), 'q');
    beside text;
BEGIN
    IF t.query IS NOT NULL THEN
        RETURN format(E'SELECT %s, q.__key, NULL::jsonb AS __errors, \'{}\'::jsonb[] AS __not_taken FROM %s AS q WHERE ($1 IS NULL OR q.__key = ANY ($1)) AND ($2 IS NULL OR q.__key >= $2) AND ($3 IS NULL OR q.__key < $3)',
                      columns, mongo_internal.own_query(t));
    END IF;
    SELECT string_agg(format(', s.%I AS __given_%s', c.source_column, c.position), '' ORDER BY c.position) INTO beside FROM mongo_internal.taken_later(t) AS c;
    RETURN format(E'SELECT %s, q.__key, q.__errors, %s AS __not_taken FROM (%s) AS q', columns, mongo_internal.not_taken(t),
                  mongo_internal.source_query_from(t, mongo_internal.decoded_sql(p, t), coalesce(beside, '')));
END $$;
COMMENT ON FUNCTION mongo_internal.rows_sql(mongo.plan, mongo.plan_table) IS 'SQL for the rows of a table of the documents that are at hand, or of a range of a query of one''s own';

-- The rows from $6 to $7 alone. Those of documents are numbered as they are decoded, before any expression of the plan can
-- raise for another row; those of a query of one's own as they come, in the order of their keys.
CREATE FUNCTION mongo_internal.some_rows_sql(p mongo.plan, t mongo.plan_table, rows text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($2).query IS NOT NULL THEN format('SELECT * FROM (SELECT row_number() OVER (ORDER BY o.__key, %s) AS __row, o.* FROM (%s) AS o) AS n WHERE n.__row BETWEEN $6 AND $7', mongo_internal.aliased_list(mongo_internal.match_columns($2), 'o'), $3)
                ELSE replace($3, d.decoded || ' AS s', format('(SELECT n.* FROM (SELECT row_number() OVER () AS __row, r.* FROM %s AS r) AS n WHERE n.__row BETWEEN $6 AND $7) AS s', d.decoded)) END
      FROM mongo_internal.decoded_sql($1, $2) AS d (decoded)
$$;
COMMENT ON FUNCTION mongo_internal.some_rows_sql(mongo.plan, mongo.plan_table, text) IS 'SQL for some of the rows';

CREATE FUNCTION mongo_internal.positions_sql(t mongo.plan_table, alias text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('ARRAY[%s]::text[]', string_agg(format('%s.%I::text', $2, c.name), ', ' ORDER BY c.position)) FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.role = 'ord'
$$;
COMMENT ON FUNCTION mongo_internal.positions_sql(mongo.plan_table, text) IS 'SQL for the positions of a row of a child table; of others an empty array';

-- The lines of rejects of a row that is written: which column, why, and what stood there.
CREATE FUNCTION mongo_internal.misfit_lines(plan text, table_name text, errors jsonb, not_taken jsonb[])
RETURNS TABLE (stage text, column_name text, sqlstate text, reason text, value text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (l.stage, l.column_name) l.stage, l.column_name, CASE l.stage WHEN 'nul' THEN '22P05' WHEN 'reference' THEN '23503' ELSE '22000' END, l.reason, left(l.value, 2000)
      FROM (SELECT CASE WHEN e ->> 'reason' ~ 'NUL' THEN 'nul' ELSE 'misfit' END AS stage, coalesce(c.name, e ->> 'path') AS column_name,
                   format('%s does not fit %s%s', e ->> 'bson_type', e ->> 'wanted', coalesce(': ' || (e ->> 'reason'), '')) AS reason, (e -> 'value')::text AS value
              FROM jsonb_array_elements($3) AS e JOIN mongo.plan_table AS t ON t.plan = $1 AND t.name = $2
              LEFT JOIN mongo.plan_column AS c ON c.plan = $1 AND c.enabled AND c.path = e ->> 'path' AND c.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside($1, $2) AS b))
             -- A row of the source is told of once, by the table that it is a row of: that of a sub-document may have none.
             WHERE t.subdocument IS NULL AND c.on_misfit IS DISTINCT FROM 'null'
            UNION ALL
            SELECT CASE WHEN c.refers_to IS NULL THEN 'misfit' ELSE 'reference' END, c.name,
                   CASE WHEN c.refers_to IS NULL THEN 'its expression gives NULL' ELSE format('not found in %s', c.refers_to) END, (n -> 'value')::text
              FROM unnest($4) AS n JOIN mongo.plan_column AS c ON c.plan = $1 AND c.table_name = $2 AND c.name = n ->> 'column') AS l
     ORDER BY l.stage, l.column_name
$$;
COMMENT ON FUNCTION mongo_internal.misfit_lines(text, text, jsonb, jsonb[]) IS 'The rejects of a row that is written in spite of them';

CREATE FUNCTION mongo_internal.note_sql(t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('INSERT INTO mongo.reject AS r (plan, table_name, key_hash, positions, stage, column_name, source_key, document_id, sqlstate, reason, value, row_lost, stale, run) '
        'SELECT DISTINCT ON (s.__key, %1$s, l.stage, l.column_name) %2$L, %3$L, sha256(s.__key), %1$s, l.stage, l.column_name, s.__key, mongo.id_of_key(s.__key), l.sqlstate, l.reason, l.value, false, false, $5 '
        'FROM s, LATERAL mongo_internal.misfit_lines(%2$L, %3$L, s.__errors, s.__not_taken) AS l WHERE s.__key IS NOT NULL AND (s.__errors IS NOT NULL OR s.__not_taken <> ''{}'') '
        'ON CONFLICT (plan, table_name, key_hash, positions, stage, column_name) DO UPDATE SET last_seen = clock_timestamp(), resolved = NULL, run = excluded.run, reason = excluded.reason, value = excluded.value',
        mongo_internal.positions_sql($1, 's'), ($1).plan, ($1).name)
$$;
COMMENT ON FUNCTION mongo_internal.note_sql(mongo.plan_table) IS 'SQL that notes the misfits of the rows s';

-- Values as the target would keep them. Texts without their length: one that is too long shall be refused, not cut.
CREATE FUNCTION mongo_internal.stored_values(target regclass, names name[], alias text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(CASE WHEN a.atttypid IN ('varchar'::regtype, 'varchar[]'::regtype) THEN format('%s.%I::%s', $3, a.attname, a.atttypid::regtype)
                           WHEN a.atttypid = 'bpchar'::regtype AND a.atttypmod > 4 THEN format('rpad(%1$s.%2$I::text, greatest(%3$s, length(%1$s.%2$I::text)))::bpchar', $3, a.attname, a.atttypmod - 4)
                           ELSE format('%s.%I::%s', $3, a.attname, format_type(a.atttypid, a.atttypmod)) END, ', ' ORDER BY u.o)
      FROM unnest($2) WITH ORDINALITY AS u (n, o) JOIN pg_attribute AS a ON a.attrelid = $1 AND a.attname = u.n AND NOT a.attisdropped
$$;
COMMENT ON FUNCTION mongo_internal.stored_values(regclass, name[], text) IS 'SQL for columns of an alias in the types of a target''s columns';

CREATE FUNCTION mongo_internal.same_row(t mongo.plan_table, a text, b text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.aliased_list(mongo_internal.match_columns($1), $2, ' AND ', '%1$s.%2$s = ' || $3 || '.%2$s')
$$;
COMMENT ON FUNCTION mongo_internal.same_row(mongo.plan_table, text, text) IS 'SQL for two aliases that have the same row of a target table';

-- UPDATE of the rows that differ, byte by byte: = would take 1.0 for 1.00, and json has none.
CREATE FUNCTION mongo_internal.update_sql(t mongo.plan_table, target regclass) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN cardinality(c.rest) > 0 THEN
               format('UPDATE %s AS t SET (%s) = ROW (%s) FROM s WHERE %s AND ROW (%s)::record OPERATOR(pg_catalog.*<>) ROW (%s)::record RETURNING 1', $2, mongo_internal.name_list(c.rest),
                      mongo_internal.aliased_list(c.rest, 's'), mongo_internal.same_row($1, 't', 's'), mongo_internal.aliased_list(c.rest, 't'), mongo_internal.stored_values($2, c.rest, 's'))
           ELSE 'SELECT 1 WHERE false' END
      FROM (SELECT ARRAY(SELECT n FROM unnest(mongo_internal.loaded_columns($1)) WITH ORDINALITY AS u (n, o) WHERE n <> ALL (mongo_internal.match_columns($1)) ORDER BY o) AS rest) AS c
$$;
COMMENT ON FUNCTION mongo_internal.update_sql(mongo.plan_table, regclass) IS 'SQL that brings the rows s to rows that are there and differ';

CREATE FUNCTION mongo_internal.attribute_type(target regclass, name name) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attname = $2
$$;
COMMENT ON FUNCTION mongo_internal.attribute_type(regclass, name) IS 'The type of a column of a table';

-- Children of the topmost rows $4 that the documents do not have any more.
CREATE FUNCTION mongo_internal.clear_sql(t mongo.plan_table, target regclass, kept text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('DELETE FROM %s AS t WHERE t.%I = ANY ($4::%s[]) AND NOT EXISTS (SELECT FROM %s AS s WHERE %s)', $2, k.names[1], mongo_internal.attribute_type($2, k.names[1]), $3, mongo_internal.same_row($1, 't', 's'))
      FROM (SELECT mongo_internal.key_columns($1) AS names) AS k
$$;
COMMENT ON FUNCTION mongo_internal.clear_sql(mongo.plan_table, regclass, text) IS 'SQL that deletes child rows of the topmost rows that were there before, but for those in kept';

CREATE FUNCTION mongo_internal.converge_sql(t mongo.plan_table, target regclass, rows text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns name[] := mongo_internal.loaded_columns(t);
    parents text := CASE WHEN t.parent IS NULL THEN format('(SELECT array_agg(t.%I::text) FROM s JOIN %s AS t ON %s)', (mongo_internal.key_columns(t))[1], target, mongo_internal.same_row(t, 't', 's')) ELSE 'NULL::text[]' END;
BEGIN
    RETURN format(E'WITH s AS MATERIALIZED (%s),\nm AS (%s),\nu AS (%s),\n%s i AS (INSERT INTO %s (%s) SELECT %s FROM s WHERE NOT EXISTS (SELECT FROM %5$s AS t WHERE %8$s) RETURNING 1)\nSELECT (SELECT count(*) FROM i), (SELECT count(*) FROM u), %9$s, %10$s, NULL::integer[]',
        rows, mongo_internal.note_sql(t), mongo_internal.update_sql(t, target),
        CASE WHEN t.parent IS NOT NULL THEN format(E'd AS (%s RETURNING 1),\n', mongo_internal.clear_sql(t, target, 's')) ELSE '' END,
        target, mongo_internal.name_list(columns), mongo_internal.aliased_list(columns, 's'), mongo_internal.same_row(t, 't', 's'),
        CASE WHEN t.parent IS NOT NULL THEN '(SELECT count(*) FROM d)' ELSE '0::bigint' END, parents);
END $$;
COMMENT ON FUNCTION mongo_internal.converge_sql(mongo.plan_table, regclass, text) IS 'SQL that makes a target as the rows are: rows inserted, updated, deleted, and the keys of topmost rows that were there';

CREATE FUNCTION mongo_internal.add_keys_sql(t mongo.plan_table, target regclass, rows text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'WITH s AS MATERIALIZED (%s),\ni AS (INSERT INTO %s (%s) SELECT %s FROM s WHERE NOT EXISTS (SELECT FROM %2$s AS t WHERE %5$s) RETURNING 1)\nSELECT (SELECT count(*) FROM i), 0::bigint, 0::bigint, NULL::text[], NULL::integer[]',
        $3, $2, mongo_internal.name_list(c.kept), mongo_internal.aliased_list(c.kept, 's'), mongo_internal.same_row($1, 't', 's'))
      FROM (SELECT ARRAY(SELECT n FROM unnest(mongo_internal.loaded_columns($1)) WITH ORDINALITY AS u (n, o) WHERE n <> ALL (mongo_internal.circular_columns($1)) ORDER BY o) AS kept) AS c
$$;
COMMENT ON FUNCTION mongo_internal.add_keys_sql(mongo.plan_table, regclass, text) IS 'SQL that inserts the rows that a target lacks, without references in circles';

-- In one statement, so that references to the rows hold. What the plan does not fill is kept: the number of an identity,
-- columns of the target's own.
CREATE FUNCTION mongo_internal.replace_sql(t mongo.plan_table, target regclass, rows text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns name[] := mongo_internal.loaded_columns(t);
    root boolean := t.parent IS NULL;
    kept name[] := ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE root AND a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> ALL (columns) ORDER BY a.attnum);
    gone text := CASE WHEN root THEN format('DELETE FROM %s AS t USING s WHERE %s RETURNING t.*', target, mongo_internal.same_row(t, 't', 's'))
                      ELSE format('DELETE FROM %s AS t WHERE t.%2$I IN (SELECT s.%2$I FROM s) RETURNING 1', target, (mongo_internal.key_columns(t))[1]) END;
BEGIN
    RETURN format(E'WITH s AS MATERIALIZED (%s),\nm AS (%s),\nd AS MATERIALIZED (%s),\ni AS (INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM s %s WHERE (SELECT count(*) FROM d) >= 0 RETURNING 1)\nSELECT (SELECT count(*) FROM i), 0::bigint, (SELECT count(*) FROM d), %s, NULL::integer[]',
        rows, mongo_internal.note_sql(t), gone, target, mongo_internal.name_list(columns || kept), concat_ws(', ', mongo_internal.aliased_list(columns, 's'), mongo_internal.aliased_list(kept, 'd')),
        CASE WHEN root THEN 'LEFT JOIN d ON ' || mongo_internal.same_row(t, 'd', 's') ELSE '' END,
        CASE WHEN root THEN format('(SELECT array_agg(d.%I::text) FROM d)', (mongo_internal.key_columns(t))[1]) ELSE 'NULL::text[]' END);
END $$;
COMMENT ON FUNCTION mongo_internal.replace_sql(mongo.plan_table, regclass, text) IS 'SQL that deletes the old versions of the rows and inserts the new ones';

CREATE FUNCTION mongo_internal.insert_sql(t mongo.plan_table, target regclass, rows text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'WITH s AS MATERIALIZED (%s),\nm AS (%s),\ni AS (INSERT INTO %s (%s) SELECT %s FROM s RETURNING 1)\nSELECT (SELECT count(*) FROM i), 0::bigint, 0::bigint, NULL::text[], NULL::integer[]',
                  $3, mongo_internal.note_sql($1), $2, mongo_internal.name_list(c.names), mongo_internal.aliased_list(c.names, 's'))
      FROM (SELECT mongo_internal.loaded_columns($1) AS names) AS c
$$;
COMMENT ON FUNCTION mongo_internal.insert_sql(mongo.plan_table, regclass, text) IS 'SQL that inserts rows that nothing tells apart';

CREATE FUNCTION mongo_internal.guarded_sql(p mongo.plan, t mongo.plan_table, rows text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT format('SELECT n.* FROM (%s) AS n WHERE EXISTS (SELECT FROM %I.%I AS a WHERE (%s) = (%s))', $3, ($1).target_schema, a.name,
                            mongo_internal.aliased_list(k.names, 'a'), mongo_internal.aliased_list((mongo_internal.key_columns($2))[1:cardinality(k.names)], 'n'))
                       FROM mongo.plan_table AS a, LATERAL (SELECT mongo_internal.key_columns(a) AS names) AS k WHERE a.plan = ($2).plan AND a.name = ($2).parent), $3)
$$;
COMMENT ON FUNCTION mongo_internal.guarded_sql(mongo.plan, mongo.plan_table, text) IS 'SQL for the rows of a child table whose row of the table above is there';

CREATE FUNCTION mongo_internal.source_of(p mongo.plan, t mongo.plan_table) RETURNS regclass LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I.%I', ($1).source_schema, ($2).source_name)::regclass
$$;
COMMENT ON FUNCTION mongo_internal.source_of(mongo.plan, mongo.plan_table) IS 'The source table; 42P01 where it is not there yet';

CREATE FUNCTION mongo_internal.target_of(p mongo.plan, t mongo.plan_table) RETURNS regclass LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := to_regclass(format('%I.%I', p.target_schema, t.name));
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_table', MESSAGE = format('table "%s.%s" of plan "%s" does not exist', p.target_schema, t.name, p.plan),
            HINT = format('CALL mongo.apply_plan(%L) makes it.', p.plan);
    END IF;
    RETURN target;
END $$;
COMMENT ON FUNCTION mongo_internal.target_of(mongo.plan, mongo.plan_table) IS 'The target table; 42P01 where it is not there yet';

CREATE FUNCTION mongo_internal.table_load(p mongo.plan, t mongo.plan_table) RETURNS mongo_internal.table_load LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := mongo_internal.target_of(p, t);
    rows text := mongo_internal.rows_sql(p, t);
    part text := mongo_internal.some_rows_sql(p, t, rows);
    columns name[] := mongo_internal.loaded_columns(t);
    load mongo_internal.table_load;
BEGIN
    load.plan := p.plan;
    load.name := t.name;
    load.root := t.parent IS NULL;
    load.of_query := t.query IS NOT NULL;
    load.target := target::text;
    load.above := t.parent;
    load.quiet := false;
    load.source := format('%I.%I', p.source_schema, t.source_name);
    load.fill := format(E'WITH s AS MATERIALIZED (%s),\nm AS (%s)\nINSERT INTO %s (%s) SELECT %s FROM s', rows, mongo_internal.note_sql(t), target, mongo_internal.name_list(columns), mongo_internal.aliased_list(columns, 's'));
    load.identify := format('SELECT s.__key, %s FROM (%s) AS s', mongo_internal.positions_sql(t, 's'), part);
    load.count := CASE WHEN t.query IS NULL THEN 'SELECT count(*) FROM ' || mongo_internal.decoded_sql(p, t) ELSE format('SELECT count(*) FROM (%s) AS c', rows) END;
    load.keys := format('SELECT array_agg(DISTINCT k.__key) FROM (%s) AS k', rows);
    IF t.key = 'none' THEN
        load.converge := mongo_internal.insert_sql(t, target, rows);
        load.some_rows := replace(load.converge, rows, part);
        load.stored := 'SELECT false';
        RETURN load;
    END IF;
    load.converge := mongo_internal.converge_sql(t, target, rows);
    -- The same of other rows, which the statement names once.
    load.some_rows := replace(load.converge, rows, part);
    load.guarded := replace(load.converge, rows, mongo_internal.guarded_sql(p, t, rows));
    load.replace := mongo_internal.replace_sql(t, target, rows);
    load.add_keys := CASE WHEN t.parent IS NULL THEN mongo_internal.add_keys_sql(t, target, rows) END;
    load.clear := CASE WHEN t.parent IS NOT NULL THEN mongo_internal.clear_sql(t, target, '(' || rows || ')') END;
    load.stored := format('SELECT EXISTS (SELECT FROM %s AS t, (%s) AS s WHERE %s)', target, part, mongo_internal.same_row(t, 't', 's'));
    RETURN load;
END $$;
COMMENT ON FUNCTION mongo_internal.table_load(mongo.plan, mongo.plan_table) IS 'How the rows of a target table are written';

-- The tables of a collection, parents before children; those with a query of their own last.
CREATE FUNCTION mongo_internal.family(plan text, root text) RETURNS mongo_internal.table_load[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    SELECT array_agg(mongo_internal.table_load(p, t) ORDER BY t.parent IS NOT NULL, t.query IS NOT NULL, t.levels, t.subdocument IS NOT NULL, t.position)
      FROM mongo.plan_table AS t, mongo_internal.plan_of($1) AS p WHERE t.plan = $1 AND t.enabled AND (mongo_internal.root_of(t)).name = $2
$$;
COMMENT ON FUNCTION mongo_internal.family(text, text) IS 'How the tables below a topmost table of a plan are written, in order';
