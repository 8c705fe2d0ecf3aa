-- The statements that write the rows of a table. Each reads the rows of the documents ($1; for a query of one's own: of
-- the keys in $1, or from $2 on and below $3) once. $4: keys of the topmost rows that were there before, whose children may be gone.
-- $5: the run. $6, $7: the rows from this one to that one alone.
CREATE TYPE mongo_internal.table_load AS (
    plan text, name name, root boolean, of_query boolean, target text, collection text, source text,
    fill text,      -- empty target: rows are inserted, and misfits noted
    converge text,  -- rows that changed are updated, missing ones inserted, children that are gone deleted
    add_keys text,  -- rows that are missing are inserted without references in circles
    replace text,   -- of documents: the rows are deleted and inserted again, so that unique values may change places
    clear text,     -- of documents: children that are gone are deleted
    above name,
    guarded text,   -- as converge, where rows of the table above were refused
    some_rows text, -- as converge, of a range of rows
    count text,     -- how many rows there are
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

-- The rows: a row of the target's columns each, with __key, __errors, __not_taken.
CREATE FUNCTION mongo_internal.rows_sql(p mongo.plan, t mongo.plan_table) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text := mongo_internal.aliased_list(mongo_internal.loaded_columns(t), 'q');
    beside text;
BEGIN
    IF t.query IS NOT NULL THEN
        RETURN format(E'SELECT %s, q.__key, NULL::jsonb AS __errors, \'{}\'::jsonb[] AS __not_taken FROM (%s\n) AS q WHERE ($1 IS NULL OR q.__key = ANY ($1)) AND ($2 IS NULL OR q.__key >= $2) AND ($3 IS NULL OR q.__key < $3)',
                      columns, rtrim(t.query, E'; \n'));
    END IF;
    SELECT string_agg(format(', s.%I AS __given_%s', c.source_column, c.position), '' ORDER BY c.position) INTO beside FROM mongo_internal.taken_later(t) AS c;
    RETURN format(E'SELECT %s, q.__key, q.__errors, %s AS __not_taken FROM (%s) AS q', columns, mongo_internal.not_taken(t),
                  mongo_internal.source_query_from(t, format('mongo.rows_of(NULL::%I.%I, $1)', p.source_schema, t.source_name), coalesce(beside, '')));
END $$;
COMMENT ON FUNCTION mongo_internal.rows_sql(mongo.plan, mongo.plan_table) IS 'SQL for the rows of a table of the documents that are at hand, or of a range of a query of one''s own';

-- In the order of the documents; a query of one's own has none by itself.
CREATE FUNCTION mongo_internal.numbered_sql(t mongo.plan_table, rows text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('SELECT row_number() OVER (%s) AS __row, o.* FROM (%s) AS o', CASE WHEN ($1).query IS NOT NULL THEN 'ORDER BY ' || concat_ws(', ', 'o.__key', mongo_internal.aliased_list(mongo_internal.match_columns($1), 'o')) END, $2)
$$;
COMMENT ON FUNCTION mongo_internal.numbered_sql(mongo.plan_table, text) IS 'SQL for rows with their numbers';

CREATE FUNCTION mongo_internal.positions_sql(t mongo.plan_table, alias text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('ARRAY[%s]::text[]', string_agg(format('%s.%I::text', $2, c.name), ', ' ORDER BY c.position)) FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.role = 'ord'
$$;
COMMENT ON FUNCTION mongo_internal.positions_sql(mongo.plan_table, text) IS 'SQL for the positions of a row of a child table';

-- The lines of rejects of a row that is written: which column, why, and what stood there.
CREATE FUNCTION mongo_internal.misfit_lines(plan text, table_name text, errors jsonb, not_taken jsonb[])
RETURNS TABLE (stage text, column_name text, sqlstate text, reason text, value text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (l.stage, l.column_name) l.stage, l.column_name, CASE l.stage WHEN 'nul' THEN '22P05' WHEN 'reference' THEN '23503' ELSE '22000' END, l.reason, left(l.value, 2000)
      FROM (SELECT CASE WHEN e ->> 'reason' ~ 'NUL' THEN 'nul' ELSE 'misfit' END AS stage, coalesce(c.name, e ->> 'path') AS column_name,
                   format('%s does not fit %s%s', e ->> 'bson_type', e ->> 'wanted', coalesce(': ' || (e ->> 'reason'), '')) AS reason, (e -> 'value')::text AS value
              FROM jsonb_array_elements($3) AS e JOIN mongo.plan_table AS t ON t.plan = $1 AND t.name = $2
              LEFT JOIN mongo.plan_column AS c ON c.plan = $1 AND c.table_name = $2 AND c.enabled AND c.path = e ->> 'path'
             WHERE c.on_misfit <> 'null' OR (c.name IS NULL AND t.subdocument IS NULL AND NOT EXISTS (SELECT FROM mongo.plan_column AS o
                   WHERE o.plan = $1 AND o.enabled AND o.path = e ->> 'path' AND o.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside($1, $2) AS b))))
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
        CASE WHEN mongo_internal.positions_sql($1, 's') IS NULL THEN '''{}''::text[]' ELSE mongo_internal.positions_sql($1, 's') END, ($1).plan, ($1).name)
$$;
COMMENT ON FUNCTION mongo_internal.note_sql(mongo.plan_table) IS 'SQL that notes the misfits of the rows s';

-- Values as the target would keep them. varchar without its length: a text that is too long shall be refused, not cut.
CREATE FUNCTION mongo_internal.stored_values(target regclass, names name[], alias text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%s.%I::%s', $3, a.attname, CASE WHEN a.atttypid IN ('varchar'::regtype, 'varchar[]'::regtype) THEN a.atttypid::regtype::text ELSE format_type(a.atttypid, a.atttypmod) END), ', ' ORDER BY u.o)
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

-- Children of the topmost rows $4 that the documents do not have any more.
CREATE FUNCTION mongo_internal.clear_sql(t mongo.plan_table, target regclass, kept text DEFAULT NULL) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('DELETE FROM %s AS t WHERE t.%I = ANY ($4::%s[])%s', $2, k.names[1], (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a WHERE a.attrelid = $2 AND a.attname = k.names[1]),
                  ' AND NOT EXISTS (SELECT FROM ' || $3 || ' AS s WHERE ' || mongo_internal.same_row($1, 't', 's') || ')')
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

-- Columns that refer to tables of the same circle, and need not be there at first.
CREATE FUNCTION mongo_internal.circular_columns(t mongo.plan_table) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(c.name ORDER BY c.position), '{}') FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.enabled AND NOT c.not_null AND c.role = 'field'
       AND (c.refers_to IS NOT NULL OR EXISTS (SELECT FROM mongo.plan_foreign_key AS k WHERE k.plan = c.plan AND k.table_name = c.table_name AND k.enabled AND c.name = ANY (k.columns)))
$$;
COMMENT ON FUNCTION mongo_internal.circular_columns(mongo.plan_table) IS 'Columns of a table in a circle of references that a first pass leaves NULL';

CREATE FUNCTION mongo_internal.add_keys_sql(t mongo.plan_table, target regclass, rows text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'WITH s AS MATERIALIZED (%s),\ni AS (INSERT INTO %s (%s) SELECT %s FROM s WHERE NOT EXISTS (SELECT FROM %2$s AS t WHERE %5$s) RETURNING 1)\nSELECT (SELECT count(*) FROM i), 0::bigint, 0::bigint, NULL::text[], NULL::integer[]',
        $3, $2, mongo_internal.name_list(c.kept), mongo_internal.aliased_list(c.kept, 's'), mongo_internal.same_row($1, 't', 's'))
      FROM (SELECT ARRAY(SELECT n FROM unnest(mongo_internal.loaded_columns($1)) WITH ORDINALITY AS u (n, o) WHERE n <> ALL (mongo_internal.circular_columns($1)) ORDER BY o) AS kept) AS c
$$;
COMMENT ON FUNCTION mongo_internal.add_keys_sql(mongo.plan_table, regclass, text) IS 'SQL that inserts the rows that a target lacks, without references in circles';

-- In one statement, so that references to the rows hold; the number of an identity is kept.
CREATE FUNCTION mongo_internal.replace_sql(t mongo.plan_table, target regclass, rows text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns name[] := mongo_internal.loaded_columns(t);
    own text := CASE WHEN t.key = 'bigint' AND t.parent IS NULL THEN quote_ident((mongo_internal.key_columns(t))[1]) END;
    gone text := CASE WHEN t.parent IS NULL THEN format('DELETE FROM %s AS t USING s WHERE %s RETURNING t.*', target, mongo_internal.same_row(t, 't', 's'))
                      ELSE format('DELETE FROM %s AS t WHERE t.%2$I IN (SELECT s.%2$I FROM s) RETURNING 1', target, (mongo_internal.key_columns(t))[1]) END;
BEGIN
    RETURN format(E'WITH s AS MATERIALIZED (%s),\nm AS (%s),\nd AS MATERIALIZED (%s),\ni AS (INSERT INTO %s (%s) SELECT %s FROM s %s WHERE (SELECT count(*) FROM d) >= 0 RETURNING 1)\nSELECT (SELECT count(*) FROM i), 0::bigint, (SELECT count(*) FROM d), NULL::text[], NULL::integer[]',
        rows, mongo_internal.note_sql(t), gone, target, concat_ws(', ', own, mongo_internal.name_list(columns)), concat_ws(', ', 'd.' || own, mongo_internal.aliased_list(columns, 's')),
        CASE WHEN own IS NOT NULL THEN 'JOIN d ON ' || mongo_internal.same_row(t, 'd', 's') ELSE '' END);
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
    numbered text := mongo_internal.numbered_sql(t, rows);
    columns name[] := mongo_internal.loaded_columns(t);
    load mongo_internal.table_load;
BEGIN
    load.plan := p.plan;
    load.name := t.name;
    load.root := t.parent IS NULL;
    load.of_query := t.query IS NOT NULL;
    load.target := target::text;
    load.collection := t.collection;
    load.source := format('%I.%I', p.source_schema, t.source_name);
    load.fill := format(E'WITH s AS MATERIALIZED (%s),\nm AS (%s)\nINSERT INTO %s (%s) SELECT %s FROM s', rows, mongo_internal.note_sql(t), target, mongo_internal.name_list(columns), mongo_internal.aliased_list(columns, 's'));
    load.identify := format('SELECT s.__key, %s FROM (%s) AS s WHERE s.__row = $6', coalesce(mongo_internal.positions_sql(t, 's'), '''{}''::text[]'), numbered);
    numbered := format('SELECT * FROM (%s) AS n WHERE n.__row BETWEEN $6 AND $7', numbered);
    IF t.key = 'none' THEN
        load.converge := mongo_internal.insert_sql(t, target, rows);
        load.some_rows := mongo_internal.insert_sql(t, target, numbered);
        load.stored := 'SELECT false';
        RETURN load;
    END IF;
    load.converge := mongo_internal.converge_sql(t, target, rows);
    load.some_rows := mongo_internal.converge_sql(t, target, numbered);
    load.count := format('SELECT count(*) FROM (SELECT s.* FROM (%s) AS s OFFSET 0) AS c', rows);
    load.above := t.parent;
    load.guarded := mongo_internal.converge_sql(t, target, mongo_internal.guarded_sql(p, t, rows));
    load.replace := mongo_internal.replace_sql(t, target, rows);
    load.add_keys := mongo_internal.add_keys_sql(t, target, rows);
    load.clear := CASE WHEN t.parent IS NOT NULL THEN mongo_internal.clear_sql(t, target, '(' || rows || ')') END;
    load.stored := format('SELECT EXISTS (SELECT FROM %s AS t, (%s) AS s WHERE %s)', target, numbered, mongo_internal.same_row(t, 't', 's'));
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
