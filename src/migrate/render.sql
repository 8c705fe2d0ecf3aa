-- From a plan to SQL: the source query of each table, and the statements that make the tables.

-- What a key of that kind is made of from a value of a source column.
CREATE FUNCTION mongo_internal.convert_key(value text, source_type text, key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $2 ~ '\.objectid$' THEN
                CASE $3 WHEN 'uuid' THEN format('mongo.objectid_to_uuid(%s)', $1) WHEN 'bytea' THEN $1 || '::bytea'
                        WHEN 'objectid' THEN $1 WHEN 'same' THEN $1 ELSE $1 || '::text' END
                WHEN $2 ~ '\.objectid\[\]$' THEN
                CASE $3 WHEN 'uuid' THEN format('CASE WHEN %s IS NOT NULL THEN ARRAY(SELECT mongo.objectid_to_uuid(u.id) FROM unnest(%1$s) WITH ORDINALITY AS u (id, n) ORDER BY u.n) END', $1)
                        WHEN 'bytea' THEN $1 || '::bytea[]' WHEN 'objectid' THEN $1 WHEN 'same' THEN $1 ELSE $1 || '::text[]' END
                ELSE $1 END
$$;
COMMENT ON FUNCTION mongo_internal.convert_key(text, text, text) IS 'SQL for a value of a source column as a kind of key';

-- The table whose key a column is or refers to; NULL for other columns.
CREATE FUNCTION mongo_internal.key_table(c mongo.plan_column) RETURNS mongo.plan_table LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).role IN ('key', 'legacy', 'parent') THEN mongo_internal.root_of(t) ELSE r END
      FROM mongo.plan_table AS t LEFT JOIN mongo.plan_table AS r ON r.plan = t.plan AND r.name = ($1).refers_to
     WHERE t.plan = ($1).plan AND t.name = ($1).table_name
$$;
COMMENT ON FUNCTION mongo_internal.key_table(mongo.plan_column) IS 'The table whose key a column is or refers to';

CREATE FUNCTION mongo_internal.column_type(c mongo.plan_column) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key text := (mongo_internal.key_table(c)).key;
    own text;
BEGIN
    IF c.role = 'ord' THEN
        RETURN coalesce(c.type, 'integer');
    ELSIF c.type IS NOT NULL THEN
        RETURN c.type;
    ELSIF c.role NOT IN ('legacy', 'source_key') AND key IN ('bigint', 'none') THEN
        RETURN CASE WHEN c.source_type LIKE '%[]' THEN 'bigint[]' ELSE 'bigint' END;
    END IF;
    own := CASE WHEN c.refers_to IS NOT NULL AND c.source_type LIKE 'json%' THEN mongo_internal.target_type('mongo.objectid', key)
           ELSE mongo_internal.target_type(c.source_type, coalesce(key, 'text')) END;
    RETURN CASE WHEN own = 'text' AND (c.source_type ~ '\.objectid$' OR c.source_type LIKE 'json%') THEN 'text COLLATE "C"' ELSE own END;
END $$;
COMMENT ON FUNCTION mongo_internal.column_type(mongo.plan_column) IS 'The type of a target column, that of the key it stands for where the plan gives none';

-- The type that the source table gives a column: what a person asked for is read as that, so that a value that does not fit
-- it is a misfit, where a cast would round or cut it.
CREATE FUNCTION mongo_internal.read_type(c mongo.plan_column) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).role = 'field' AND ($1).expression IS NULL AND ($1).refers_to IS NULL AND EXISTS (
                    SELECT FROM (VALUES ('{smallint,integer,bigint,numeric,real,double precision}'::regtype[]), ('{text,varchar,bpchar}'), ('{timestamptz,timestamp,date}')) AS f (family)
                     WHERE to_regtype(($1).source_type) = ANY (f.family) AND to_regtype(regexp_replace(regexp_replace(($1).type, '\s+COLLATE\s.*$', '', 'i'), '\(.*\)', '')) = ANY (f.family))
                THEN regexp_replace(($1).type, '\s+COLLATE\s.*$', '', 'i') ELSE ($1).source_type END
$$;
COMMENT ON FUNCTION mongo_internal.read_type(mongo.plan_column) IS 'The type of a column of a plan in its source table';

-- SQL over s, the source row; NULL for what the target makes by itself.
CREATE FUNCTION mongo_internal.column_expression(c mongo.plan_column) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := 's.' || quote_ident(c.source_column);
    keyed mongo.plan_table := mongo_internal.key_table(c);
    target name := (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = c.plan);
    looked_up text;
BEGIN
    IF c.source_column = '__key' THEN
        RETURN CASE c.role WHEN 'source_key' THEN value ELSE format('sha256(%s)', value) END;
    ELSIF c.expression IS NOT NULL THEN
        RETURN format('(SELECT %s FROM (SELECT %s AS value) AS v)', c.expression, coalesce(value, 'NULL'));
    ELSIF c.role = 'rest' THEN
        RETURN mongo_internal.rest_expression(c);
    ELSIF c.role = 'ord' THEN
        RETURN CASE WHEN c.source_column IN ('__ord', '__name') THEN value
               ELSE format('%s[%s]', value, (SELECT count(*) FROM mongo.plan_column AS o WHERE o.plan = c.plan AND o.table_name = c.table_name AND o.role = 'ord' AND o.position <= c.position)) END;
    ELSIF c.role = 'key' AND keyed.key IN ('bigint', 'none') THEN
        RETURN NULL;
    ELSIF c.role <> 'legacy' AND keyed.key = 'bigint' THEN
        SELECT format(CASE WHEN c.source_type LIKE '%[]' THEN 'CASE WHEN %6$s IS NOT NULL THEN ARRAY(SELECT k.%1$I FROM unnest(%6$s) WITH ORDINALITY AS u (id, n) LEFT JOIN %2$I.%3$I AS k ON k.%4$I = u.id::text ORDER BY u.n) END'
                           ELSE '(SELECT k.%1$I FROM %2$I.%3$I AS k WHERE k.%4$I = %5$s)' END, k.name, target, keyed.name, l.name,
                      CASE l.role WHEN 'source_key' THEN 's.__key' ELSE mongo_internal.convert_key(value, c.source_type, 'text') END, value)
          INTO looked_up FROM mongo.plan_column AS k, mongo.plan_column AS l
         WHERE k.plan = c.plan AND k.table_name = keyed.name AND k.role = 'key' AND l.plan = c.plan AND l.table_name = keyed.name
           AND (l.role = 'legacy' OR (l.role = 'source_key' AND c.role = 'parent')) ORDER BY l.role DESC LIMIT 1;
        RETURN looked_up;
    END IF;
    value := mongo_internal.convert_key(value, c.source_type, coalesce(keyed.key, (mongo_internal.root_of_column(c)).key));
    RETURN CASE WHEN c.type IS NOT NULL AND c.type <> mongo_internal.target_type(mongo_internal.read_type(c), (mongo_internal.root_of_column(c)).key)
                THEN format('%s::%s', value, c.type) ELSE value END;
END $$;
COMMENT ON FUNCTION mongo_internal.column_expression(mongo.plan_column) IS 'SQL that makes a target column of a source row s; NULL for identities';

-- What is left of a row: beside what no column took also values of which an expression made NULL.
CREATE FUNCTION mongo_internal.keep_left(rest jsonb, path text[], value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $3 IS NULL THEN $1 WHEN cardinality($2) = 0 THEN $3
           ELSE coalesce($1, '{}') || jsonb_build_object($2[1], mongo_internal.keep_left(CASE jsonb_typeof($1 -> $2[1]) WHEN 'object' THEN $1 -> $2[1] END, $2[2:], $3)) END
$$;
COMMENT ON FUNCTION mongo_internal.keep_left(jsonb, text[], jsonb) IS 'A rest with a value put into it at a path; as it is where there is none';

CREATE FUNCTION mongo_internal.rest_expression(c mongo.plan_column) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text := 's.' || quote_ident(c.source_column);
    unwound text := (SELECT t.unwind FROM mongo.plan_table AS t WHERE t.plan = c.plan AND t.name = c.table_name);
    f mongo.plan_column;
    path text;
BEGIN
    FOR f IN SELECT o.* FROM mongo.plan_column AS o WHERE o.plan = c.plan AND o.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside(c.plan, c.table_name) AS b)) AND o.role = 'field' AND o.enabled
                AND o.expression IS NOT NULL AND o.source_column IS NOT NULL AND o.path IS NOT NULL ORDER BY o.table_name = c.table_name DESC, o.table_name, o.position LOOP
        path := coalesce(mongo_internal.relative_path(unwound, f.path), f.path);
        rest := format(E'mongo_internal.keep_left(%s, %s,\n           CASE WHEN %s IS NULL THEN to_jsonb(s.%I) END)', rest,
                       format('%L::text[]', mongo_internal.path_keys(path)),
                       mongo_internal.column_expression(f), f.source_column);
    END LOOP;
    RETURN rest;
END $$;
COMMENT ON FUNCTION mongo_internal.rest_expression(mongo.plan_column) IS 'SQL of a rest column: what no column took, and values of which an expression made NULL';

CREATE FUNCTION mongo_internal.root_of_column(c mongo.plan_column) RETURNS mongo.plan_table LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.root_of(t) FROM mongo.plan_table AS t WHERE t.plan = ($1).plan AND t.name = ($1).table_name
$$;
COMMENT ON FUNCTION mongo_internal.root_of_column(mongo.plan_column) IS 'The table of the documents that a column''s rows come from';

CREATE FUNCTION mongo_internal.table_of(plan text, table_name text) RETURNS mongo.plan_table LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found mongo.plan_table;
BEGIN
    SELECT t.* INTO found FROM mongo.plan_table AS t WHERE t.plan = table_of.plan AND t.name = table_of.table_name;
    IF found.name IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('plan "%s" has no table "%s"', plan, table_name);
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION mongo_internal.table_of(text, text) IS 'A table of a plan; 42704 where there is none';

CREATE FUNCTION mongo.source_query(plan text, table_name text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo.plan_table := mongo_internal.table_of(plan, table_name);
    columns text;
BEGIN
    IF t.query IS NOT NULL THEN
        RETURN t.query;
    END IF;
    SELECT string_agg(e.sql || CASE WHEN e.sql = 's.' || quote_ident(e.name) THEN '' ELSE ' AS ' || quote_ident(e.name) END, E',\n       ' ORDER BY e.position)
      INTO columns
      FROM (SELECT c.position, c.name, mongo_internal.column_expression(c) AS sql FROM mongo.plan_column AS c
             WHERE c.plan = t.plan AND c.table_name = t.name AND c.enabled) AS e WHERE e.sql IS NOT NULL;
    RETURN format(E'SELECT %s\n  FROM %I.%I AS s', columns, (SELECT p.source_schema FROM mongo.plan AS p WHERE p.plan = t.plan), t.source_name)
        || coalesce(E'\n WHERE ' || nullif(concat_ws(' AND ',
               CASE WHEN t.levels = 1 THEN 's.__ord IS NOT NULL' WHEN t.levels > 1 THEN 's.__ords IS NOT NULL AND array_position(s.__ords, NULL) IS NULL' END,
               (SELECT format('num_nonnulls(%s) > 0', string_agg(mongo_internal.column_expression(c), ', ' ORDER BY c.position)) FROM mongo.plan_column AS c
                 WHERE t.subdocument IS NOT NULL AND c.plan = t.plan AND c.table_name = t.name AND c.enabled AND c.role = 'field' HAVING count(*) > 0)), ''), '');
END $$;
COMMENT ON FUNCTION mongo.source_query(text, text) IS
    'The SELECT over the source tables that gives the rows of a target table, with its columns by name: what load inserts and what checks compare with. 42704 for an unknown plan or table';

-- The tables of a plan that share a source table: those of its sub-documents, and itself.
CREATE FUNCTION mongo_internal.tables_beside(plan text, table_name text) RETURNS SETOF name LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.name FROM mongo.plan_table AS t JOIN mongo.plan_table AS o ON o.plan = t.plan AND o.source_name = t.source_name AND (o.enabled OR o.name = t.name)
     WHERE t.plan = $1 AND t.name = $2
$$;
COMMENT ON FUNCTION mongo_internal.tables_beside(text, text) IS 'The tables of a plan whose rows come from the same source table';

-- The list of a table's columns in its source table, a line each.
CREATE FUNCTION mongo_internal.source_columns(t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg('    ' || l.line, E',\n' ORDER BY l.position)
      FROM (SELECT min(c.position + CASE WHEN c.table_name = ($1).name THEN 0 ELSE 5000 END) AS position,
                   format('%I %s', c.source_column, min(mongo_internal.read_type(c))) || coalesce(' OPTIONS (' || nullif(concat_ws(', ',
                       CASE WHEN c.source_column <> min(c.path) THEN format('path %L', min(c.path)) END,
                       CASE WHEN min(c.source_type) LIKE 'json%' AND bool_or(c.role IN ('key', 'legacy', 'parent')) THEN 'json_format ''canonical''' END), '') || ')', '') AS line
              FROM mongo.plan_column AS c
             WHERE c.plan = ($1).plan AND c.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside(($1).plan, ($1).name) AS b))
               AND c.enabled AND c.role NOT IN ('ord', 'rest') AND c.source_column <> '__key'
             GROUP BY c.source_column
            UNION ALL SELECT 10000, CASE ($1).levels WHEN 1 THEN '__ord integer' ELSE '__ords integer[]' END WHERE ($1).levels > 0
            UNION ALL SELECT 10000, CASE ($1).levels WHEN 1 THEN '__name text' ELSE '__names text[]' END WHERE ($1).unwind LIKE '%{}%'
            UNION ALL SELECT 10001, '__rest jsonb' || coalesce((SELECT format(' OPTIONS (except %L)', json_agg(k.unwind ORDER BY k.position))
                                      FROM mongo.plan_table AS k WHERE k.plan = ($1).plan AND k.parent = ($1).name AND k.enabled AND k.subdocument IS NULL HAVING count(*) > 0), '')
             WHERE EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.role = 'rest' AND c.enabled)
            UNION ALL SELECT 10002, '__errors jsonb'
            UNION ALL SELECT 10003, '__key bytea') AS l
$$;
COMMENT ON FUNCTION mongo_internal.source_columns(mongo.plan_table) IS 'The columns of a source table, as CREATE FOREIGN TABLE takes them';

CREATE FUNCTION mongo_internal.source_statement(p mongo.plan, t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'CREATE FOREIGN TABLE %I.%I (\n%s\n) SERVER %I OPTIONS (database %L, collection %L%s%s, on_conversion_error ''collect'');',
                  ($1).source_schema, ($2).source_name, mongo_internal.source_columns($2), ($1).server, ($1).database, ($2).collection,
                  coalesce(', unwind ' || quote_literal(($2).unwind), ''),
                  coalesce(', pipeline ' || quote_literal('[{"$match": ' || (mongo_internal.root_of($2)).source_filter || '}]'), ''))
$$;
COMMENT ON FUNCTION mongo_internal.source_statement(mongo.plan, mongo.plan_table) IS 'CREATE FOREIGN TABLE of a source table';

-- The columns that identify a row: the key, or the parent's key and the positions.
CREATE FUNCTION mongo_internal.key_columns(t mongo.plan_table) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(c.name ORDER BY c.position) FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.role IN ('key', 'parent', 'ord')
$$;
COMMENT ON FUNCTION mongo_internal.key_columns(mongo.plan_table) IS 'The columns of a target table''s primary key';

CREATE FUNCTION mongo_internal.name_list(names name[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(quote_ident(n), ', ' ORDER BY o) FROM unnest($1) WITH ORDINALITY AS u (n, o)
$$;
COMMENT ON FUNCTION mongo_internal.name_list(name[]) IS 'Names as a list in SQL';

CREATE FUNCTION mongo_internal.target_statement(p mongo.plan, t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'CREATE TABLE %I.%I (\n%s,\n    PRIMARY KEY (%s)\n);', ($1).target_schema, ($2).name,
                  string_agg(format('    %I %s', c.name, mongo_internal.column_type(c))
                             || CASE WHEN c.role = 'key' AND ($2).key IN ('bigint', 'none') THEN ' GENERATED BY DEFAULT AS IDENTITY'
                                     WHEN c.role = 'source_key' OR (c.role = 'legacy' AND c.source_type NOT LIKE 'json%') THEN ' NOT NULL UNIQUE' WHEN c.not_null THEN ' NOT NULL' ELSE '' END, E',\n' ORDER BY c.position),
                  mongo_internal.name_list(mongo_internal.key_columns($2)))
      FROM mongo.plan_column AS c WHERE c.plan = ($2).plan AND c.table_name = ($2).name AND c.enabled
$$;
COMMENT ON FUNCTION mongo_internal.target_statement(mongo.plan, mongo.plan_table) IS 'CREATE TABLE of a target table';

-- Constraints: unique ones, then those of children, then references; cycles do no harm there.
CREATE FUNCTION mongo_internal.constraint_statements(p mongo.plan) RETURNS TABLE (place integer, object text, statement text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1, format('%I on %I.%I', i.name, ($1).target_schema, i.table_name), format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s;', ($1).target_schema, i.table_name, i.name, i.definition)
      FROM mongo.plan_index AS i JOIN mongo.plan_table AS t ON t.plan = i.plan AND t.name = i.table_name
     WHERE i.plan = ($1).plan AND i.enabled AND i.is_unique AND t.enabled
    UNION ALL
    SELECT f.place, format('%I on %I.%I', f.name, ($1).target_schema, f.child), format('ALTER TABLE %I.%I ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %I.%I (%s)%s;',
           ($1).target_schema, f.child, f.name, mongo_internal.name_list(f.own), ($1).target_schema, f.parent, mongo_internal.name_list(f.theirs), f.action)
      FROM (SELECT 2 AS place, t.name AS child, u.name AS parent, left(t.name || '_' || u.name, 57) || '_fkey' AS name, mongo_internal.key_columns(u) AS theirs,
                   (mongo_internal.key_columns(t))[1:cardinality(mongo_internal.key_columns(u))] AS own, ' ON DELETE CASCADE' AS action
              FROM mongo.plan_table AS t JOIN mongo.plan_table AS u ON u.plan = t.plan AND u.name = t.parent
             WHERE t.plan = ($1).plan AND t.enabled AND u.key <> 'none'
            UNION ALL
            SELECT 3, k.table_name, k.target_table, left(k.table_name || '_' || array_to_string(k.columns, '_'), 57) || '_fkey', mongo_internal.key_columns(u), k.columns, ''
              FROM mongo.plan_foreign_key AS k JOIN mongo.plan_table AS t ON t.plan = k.plan AND t.name = k.table_name
              JOIN mongo.plan_table AS u ON u.plan = k.plan AND u.name = k.target_table
             WHERE k.plan = ($1).plan AND k.enabled AND t.enabled AND u.enabled) AS f
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION mongo_internal.constraint_statements(mongo.plan) IS 'The constraints of a plan''s target tables beside their primary keys';

CREATE FUNCTION mongo_internal.comment_statements(p mongo.plan) RETURNS TABLE (object text, statement text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.object, l.statement
      FROM (SELECT t.position AS place, 0 AS position, format('%I.%I', ($1).target_schema, t.name) AS object,
                   format('COMMENT ON TABLE %I.%I IS %L;', ($1).target_schema, t.name,
                          format('MongoDB: %s.%s%s', ($1).database, t.collection, coalesce(', array ' || t.unwind, '')) || coalesce('; ' || t.note, '')) AS statement
              FROM mongo.plan_table AS t WHERE t.plan = ($1).plan AND t.enabled
            UNION ALL
            SELECT t.position, c.position, format('%I.%I', ($1).target_schema, t.name),
                   format('COMMENT ON COLUMN %I.%I.%I IS %L;', ($1).target_schema, t.name, c.name, c.why)
              FROM mongo.plan_table AS t JOIN mongo.plan_column AS c ON c.plan = t.plan AND c.table_name = t.name
             WHERE t.plan = ($1).plan AND t.enabled AND c.enabled AND c.why IS NOT NULL) AS l
     ORDER BY l.place, l.position
$$;
COMMENT ON FUNCTION mongo_internal.comment_statements(mongo.plan) IS 'Comments that say where tables and columns come from, and why';

CREATE FUNCTION mongo.plan_statements(plan text, parts text[] DEFAULT '{source,target,constraints,indexes,comments}')
RETURNS TABLE (seq bigint, part text, object text, statement text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p mongo.plan := mongo_internal.checked_plan(plan_statements.plan);
BEGIN
    PERFORM mongo_internal.check_parts(parts);
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY a.place, a.position, a.number), a.part, a.object, a.statement
      FROM (SELECT 1 AS place, 0 AS position, 0 AS number, 'source' AS part, quote_ident(p.source_schema) AS object, format('CREATE SCHEMA IF NOT EXISTS %I;', p.source_schema) AS statement
            UNION ALL SELECT 1, t.position, 1, 'source', format('%I.%I', p.source_schema, t.source_name), mongo_internal.source_statement(p, t)
              FROM mongo.plan_table AS t WHERE t.plan = p.plan AND t.enabled AND t.subdocument IS NULL
            UNION ALL SELECT 2, 0, 0, 'target', quote_ident(p.target_schema), format('CREATE SCHEMA IF NOT EXISTS %I;', p.target_schema)
            UNION ALL SELECT 2, t.position, 1, 'target', format('%I.%I', p.target_schema, t.name), mongo_internal.target_statement(p, t)
              FROM mongo.plan_table AS t WHERE t.plan = p.plan AND t.enabled
            UNION ALL SELECT 3, c.place, c.number::integer, 'constraints', c.object, c.statement
              FROM mongo_internal.constraint_statements(p) WITH ORDINALITY AS c (place, object, statement, number)
            UNION ALL SELECT 4, t.position, row_number() OVER (ORDER BY i.name)::integer, 'indexes', format('%I.%I', p.target_schema, i.name),
                   format('CREATE INDEX %I ON %I.%I %s;', i.name, p.target_schema, i.table_name, i.definition)
              FROM mongo.plan_index AS i JOIN mongo.plan_table AS t ON t.plan = i.plan AND t.name = i.table_name
             WHERE i.plan = p.plan AND i.enabled AND NOT i.is_unique AND t.enabled
            UNION ALL SELECT 5, 0, c.number::integer, 'comments', c.object, c.statement
              FROM mongo_internal.comment_statements(p) WITH ORDINALITY AS c (object, statement, number)) AS a
     WHERE a.part = ANY (parts) ORDER BY 1;
END $$;
COMMENT ON FUNCTION mongo.plan_statements(text, text[]) IS
    'The statements that apply_plan runs, in order, as text. parts: source (foreign tables), target (tables with their keys), constraints, indexes, comments. The same plan gives the same bytes. 42P17 where the plan contradicts itself, with the row; 42704 for an unknown plan';
