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
    own := mongo_internal.target_type(CASE WHEN c.refers_to IS NOT NULL AND c.expression IS NOT NULL THEN 'mongo.objectid' ELSE c.source_type END, coalesce(key, 'text'));
    RETURN CASE WHEN own = 'text' AND (c.source_type ~ '\.objectid$' OR (c.refers_to IS NOT NULL AND c.expression IS NOT NULL)) THEN 'text COLLATE "C"' ELSE own END;
END $$;
COMMENT ON FUNCTION mongo_internal.column_type(mongo.plan_column) IS 'The type of a target column, that of the key it stands for where the plan gives none';

-- Types that the wrapper reads in each other's place: numbers, texts, times, and arrays of them.
CREATE FUNCTION mongo_internal.type_family(type text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.name || CASE WHEN n.type LIKE '%[]' THEN '[]' ELSE '' END
      FROM (SELECT mongo_internal.type_name($1) AS type) AS n,
           (VALUES ('number', '^(smallint|integer|bigint|numeric|real|double precision)\M'), ('text', '^(text|character varying|character)\M'), ('time', '^(timestamp|date)\M')) AS f (name, pattern)
     WHERE n.type ~ f.pattern
$$;
COMMENT ON FUNCTION mongo_internal.type_family(text) IS 'number, text or time, with [] for arrays; NULL for other types';

-- A column of text that shows a value of another type as its JSON.
CREATE FUNCTION mongo_internal.takes_any_value(c mongo.plan_column) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ($1).on_misfit = 'text' AND ($1).role = 'field' AND ($1).expression IS NULL AND ($1).refers_to IS NULL AND mongo_internal.type_family(coalesce(($1).type, ($1).source_type)) = 'text'
$$;
COMMENT ON FUNCTION mongo_internal.takes_any_value(mongo.plan_column) IS 'Whether a column shows values of all types as text (on_misfit text)';

-- The type that the source table gives a column: what a person asked for is read as that, so that a value that does not fit
-- it is a misfit, where a cast would round or cut it.
CREATE FUNCTION mongo_internal.read_type(c mongo.plan_column) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).on_misfit = 'text' AND mongo_internal.takes_any_value($1) THEN 'jsonb'
                WHEN ($1).type IS NULL OR ($1).type = ($1).source_type THEN ($1).source_type
                WHEN ($1).role = 'field' AND ($1).expression IS NULL AND (($1).refers_to IS NULL OR ($1).type IS NOT NULL) AND mongo_internal.type_family(($1).type) = mongo_internal.type_family(($1).source_type)
                THEN regexp_replace(($1).type, '\s+COLLATE\s.*$', '', 'i') ELSE ($1).source_type END
$$;
COMMENT ON FUNCTION mongo_internal.read_type(mongo.plan_column) IS 'The type of a column of a plan in its source table';

-- A column that refers to a key, or is one, as that key is.
CREATE FUNCTION mongo_internal.keyed_expression(c mongo.plan_column, keyed mongo.plan_table, value text, type text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old mongo.plan_column := mongo_internal.lookup_column(keyed, c.role);
    looked_up text;
BEGIN
    IF keyed.key IS DISTINCT FROM 'bigint' THEN
        RETURN mongo_internal.convert_key(value, type, coalesce(keyed.key, (mongo_internal.root_of_column(c)).key));
    END IF;
    looked_up := format('%I.%I', (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = c.plan), keyed.name);
    IF type LIKE '%[]' THEN
        RETURN format('CASE WHEN %s IS NOT NULL THEN ARRAY(SELECT k.%I FROM unnest(%s) WITH ORDINALITY AS u (id, n) LEFT JOIN %s AS k ON k.%I = %s ORDER BY u.n) END', value,
                      (mongo_internal.key_columns(keyed))[1], value, looked_up, old.name, mongo_internal.convert_key('u.id', rtrim(type, '[]'), 'text'));
    END IF;
    RETURN format('(SELECT k.%I FROM %s AS k WHERE k.%I = %s)', (mongo_internal.key_columns(keyed))[1], looked_up, old.name,
                  CASE old.role WHEN 'source_key' THEN 's.__key' ELSE mongo_internal.convert_key(value, type, 'text') END);
END $$;
COMMENT ON FUNCTION mongo_internal.keyed_expression(mongo.plan_column, mongo.plan_table, text, text) IS 'SQL for a value of a type, an id in the source, as the key of a target table';

-- The column by which a row of a table with a key of its own is found: the key of the document for children, else the old key.
CREATE FUNCTION mongo_internal.lookup_column(keyed mongo.plan_table, role text) RETURNS mongo.plan_column LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT l FROM mongo.plan_column AS l
     WHERE l.plan = ($1).plan AND l.table_name = ($1).name AND (l.role = 'legacy' OR (l.role = 'source_key' AND $2 = 'parent')) ORDER BY l.role DESC LIMIT 1
$$;
COMMENT ON FUNCTION mongo_internal.lookup_column(mongo.plan_table, text) IS 'The column by which the key of a row is looked up';

-- SQL over s, the source row; NULL for what the target makes by itself.
CREATE FUNCTION mongo_internal.column_expression(c mongo.plan_column) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := 's.' || quote_ident(c.source_column);
    keyed mongo.plan_table := mongo_internal.key_table(c);
BEGIN
    IF c.source_column = '__key' THEN
        RETURN CASE c.role WHEN 'source_key' THEN value WHEN 'parent' THEN CASE keyed.key WHEN 'bigint' THEN mongo_internal.keyed_expression(c, keyed, value, c.source_type) ELSE format('sha256(%s)', value) END
               ELSE format('sha256(%s)', value) END;
    ELSIF c.role = 'rest' THEN
        RETURN mongo_internal.rest_expression(c);
    ELSIF c.role = 'ord' THEN
        RETURN CASE WHEN c.source_column IN ('__ord', '__name') THEN value
               ELSE format('%s[%s]', value, (SELECT count(*) FROM mongo.plan_column AS o WHERE o.plan = c.plan AND o.table_name = c.table_name AND o.role = 'ord' AND o.position <= c.position)) END;
    ELSIF c.role = 'key' AND keyed.key IN ('bigint', 'none') THEN
        RETURN NULL;
    ELSIF c.expression IS NOT NULL THEN
        value := format('(SELECT %s FROM (SELECT %s AS value) AS v)', c.expression, coalesce(value, 'NULL'));
        RETURN CASE WHEN c.refers_to IS NULL THEN value ELSE mongo_internal.keyed_expression(c, keyed, value, 'mongo.objectid') END;
    ELSIF c.on_misfit = 'text' AND mongo_internal.takes_any_value(c) THEN
        RETURN format('(%s #>> ''{}'')', value) || CASE WHEN c.type IN ('text', c.source_type) THEN '' ELSE '::' || c.type END;
    ELSIF c.role = 'parent' OR (c.role = 'field' AND c.refers_to IS NOT NULL) THEN
        RETURN mongo_internal.keyed_expression(c, keyed, value, c.source_type);
    END IF;
    value := mongo_internal.convert_key(value, c.source_type, CASE c.role WHEN 'legacy' THEN 'text' ELSE coalesce(keyed.key, (mongo_internal.root_of_column(c)).key) END);
    RETURN CASE WHEN c.type IS NOT NULL AND c.type <> mongo_internal.target_type(mongo_internal.read_type(c), (mongo_internal.root_of_column(c)).key)
                THEN format('%s::%s', value, c.type) ELSE value END;
END $$;
COMMENT ON FUNCTION mongo_internal.column_expression(mongo.plan_column) IS 'SQL that makes a target column of a source row s; NULL for identities';

-- Whether a column says only by its expression, or a look-up, whether it took the value: the rest has it until then.
CREATE FUNCTION mongo_internal.takes_later(c mongo.plan_column) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ($1).role = 'field' AND ($1).enabled AND ($1).path IS NOT NULL AND ($1).source_column IS NOT NULL
           AND (($1).expression IS NOT NULL OR (($1).on_misfit = 'text' AND mongo_internal.takes_any_value($1)) OR (($1).refers_to IS NOT NULL AND (mongo_internal.key_table($1)).key = 'bigint'))
$$;
COMMENT ON FUNCTION mongo_internal.takes_later(mongo.plan_column) IS 'Whether the rest of a source row holds the value of a column until the column has it';

-- Removes a value from a rest, and the sub-documents that hold nothing else.
CREATE FUNCTION mongo_internal.take(rest jsonb, path text[], taken boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN NOT coalesce($3, false) OR jsonb_typeof($1) <> 'object' OR NOT $1 ? $2[1] THEN $1
                WHEN cardinality($2) = 1 THEN nullif($1 - $2[1], '{}')
                ELSE nullif(CASE WHEN b.inner_rest IS NULL THEN $1 - $2[1] ELSE $1 || jsonb_build_object($2[1], b.inner_rest) END, '{}') END
      FROM (SELECT CASE WHEN cardinality($2) > 1 AND $1 ? $2[1] THEN mongo_internal.take($1 -> $2[1], $2[2:], $3) END AS inner_rest) AS b
$$;
COMMENT ON FUNCTION mongo_internal.take(jsonb, text[], boolean) IS 'A rest without the value at a path, where it was taken; NULL where nothing is left';

CREATE FUNCTION mongo_internal.rest_expression(c mongo.plan_column) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text := 's.' || quote_ident(c.source_column);
    unwound text := (SELECT t.unwind FROM mongo.plan_table AS t WHERE t.plan = c.plan AND t.name = c.table_name);
    f mongo.plan_column;
    taken text;
BEGIN
    FOR f IN SELECT o.* FROM mongo.plan_column AS o WHERE o.plan = c.plan AND o.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside(c.plan, c.table_name) AS b))
                AND (mongo_internal.takes_later(o) OR (o.role = 'field' AND o.enabled AND o.on_misfit IN ('null', 'reject') AND o.path IS NOT NULL AND o.source_column IS NOT NULL))
              ORDER BY o.table_name = c.table_name DESC, o.table_name, o.position LOOP
        taken := mongo_internal.column_expression(f);
        taken := CASE -- A misfit is told as a reject, or not at all; null and missing stay apart.
                      WHEN f.on_misfit IN ('null', 'reject') THEN format('s.__rest #> %L IS DISTINCT FROM %L', mongo_internal.path_keys(mongo_internal.relative_path(unwound, f.path)), 'null')
                      WHEN mongo_internal.takes_any_value(f) THEN format('jsonb_typeof(s.%I) = %L', f.source_column, 'string')
                      WHEN f.refers_to IS NOT NULL AND f.source_type LIKE '%[]' THEN format('array_position(%s, NULL) IS NULL', taken)
                      -- A reference in another form than an id says more than the key does.
                      WHEN f.refers_to IS NOT NULL AND f.source_type LIKE 'json%' THEN format('%s IS NOT NULL AND s.%I ? %L', taken, f.source_column, '$oid')
                      ELSE format('%s IS NOT NULL', taken) END;
        rest := format(E'mongo_internal.take(%s, %L::text[],\n           %s)', rest, mongo_internal.path_keys(mongo_internal.relative_path(unwound, f.path)), taken);
    END LOOP;
    RETURN rest;
END $$;
COMMENT ON FUNCTION mongo_internal.rest_expression(mongo.plan_column) IS 'SQL of a rest column: what no column took, without values that an expression or a look-up made a column of';

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

-- The rendered query of a table, over its source table or anything else with the rows of it.
CREATE FUNCTION mongo_internal.source_query_from(t mongo.plan_table, source text, beside text DEFAULT '') RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text;
BEGIN
    SELECT string_agg(e.sql || CASE WHEN e.sql = 's.' || quote_ident(e.name) THEN '' ELSE ' AS ' || quote_ident(e.name) END, E',\n       ' ORDER BY e.position)
      INTO columns
      FROM (SELECT c.position, c.name, mongo_internal.column_expression(c) AS sql FROM mongo.plan_column AS c
             WHERE c.plan = t.plan AND c.table_name = t.name AND c.enabled) AS e WHERE e.sql IS NOT NULL;
    RETURN format(E'SELECT %s,\n       s.__key,\n       s.__errors%s\n  FROM %s AS s', columns, beside, source)
        || coalesce(E'\n WHERE ' || nullif(concat_ws(' AND ',
               CASE WHEN t.levels = 1 THEN 's.__ord IS NOT NULL' WHEN t.levels > 1 THEN 's.__ords IS NOT NULL AND array_position(s.__ords, NULL) IS NULL' END,
               (SELECT format('num_nonnulls(%s) > 0', string_agg(mongo_internal.column_expression(c), ', ' ORDER BY c.position)) FROM mongo.plan_column AS c
                 WHERE t.subdocument IS NOT NULL AND c.plan = t.plan AND c.table_name = t.name AND c.enabled AND c.role = 'field' HAVING count(*) > 0)), ''), '');
END $$;
COMMENT ON FUNCTION mongo_internal.source_query_from(mongo.plan_table, text, text) IS
    'The SELECT that gives the rows of a target table of those of its source table, from any source of these; beside: more that it selects of s, with a comma first';

CREATE FUNCTION mongo.source_query(plan text, table_name text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo.plan_table := mongo_internal.table_of(plan, table_name);
BEGIN
    RETURN coalesce(t.query, mongo_internal.source_query_from(t, format('%I.%I', (SELECT p.source_schema FROM mongo.plan AS p WHERE p.plan = t.plan), t.source_name)));
END $$;
COMMENT ON FUNCTION mongo.source_query(text, text) IS
    'The SELECT over the source tables that gives the rows of a target table, with its columns by name, the key of the document (__key) and the values that did not fit (__errors): what load inserts and what checks compare with. 42704 for an unknown plan or table';

-- The tables of a plan that share a source table: those of its sub-documents, and itself.
CREATE FUNCTION mongo_internal.tables_beside(plan text, table_name text) RETURNS SETOF name LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.name FROM mongo.plan_table AS t JOIN mongo.plan_table AS o ON o.plan = t.plan AND o.source_name = t.source_name AND (o.enabled OR o.name = t.name)
     WHERE t.plan = $1 AND t.name = $2
$$;
COMMENT ON FUNCTION mongo_internal.tables_beside(text, text) IS 'The tables of a plan whose rows come from the same source table';

-- The columns of a source table, with their options as the catalog has them.
CREATE FUNCTION mongo_internal.source_columns(t mongo.plan_table) RETURNS TABLE (place bigint, name text, type text, options text[]) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT row_number() OVER (ORDER BY l.position, l.name), l.name, l.type, array_remove(l.options, NULL)
      FROM (SELECT min(c.position + CASE WHEN c.table_name = ($1).name THEN 0 ELSE 5000 END) AS position, c.source_column::text AS name, min(mongo_internal.read_type(c)) AS type,
                   ARRAY[CASE WHEN c.source_column <> min(c.path) THEN 'path=' || min(c.path) END,
                         CASE WHEN min(c.source_type) LIKE 'json%' AND bool_or(c.role IN ('key', 'legacy', 'parent') OR c.refers_to IS NOT NULL) THEN 'json_format=canonical' END,
                         CASE WHEN bool_or(c.nul <> 'reject') AND min(mongo_internal.read_type(c)) ~ '^(text|varchar|char)' THEN 'nul=' || min(c.nul) END,
                         CASE WHEN bool_or(mongo_internal.takes_later(c)) THEN 'in_rest=true' END] AS options
              FROM mongo.plan_column AS c
             WHERE c.plan = ($1).plan AND c.table_name = ANY (ARRAY(SELECT b FROM mongo_internal.tables_beside(($1).plan, ($1).name) AS b))
               AND c.enabled AND c.role NOT IN ('ord', 'rest') AND c.source_column <> '__key'
             GROUP BY c.source_column
            UNION ALL SELECT 10000, CASE ($1).levels WHEN 1 THEN '__ord' ELSE '__ords' END, CASE ($1).levels WHEN 1 THEN 'integer' ELSE 'integer[]' END, '{}' WHERE ($1).levels > 0
            UNION ALL SELECT 10001, CASE ($1).levels WHEN 1 THEN '__name' ELSE '__names' END, CASE ($1).levels WHEN 1 THEN 'text' ELSE 'text[]' END, '{}' WHERE ($1).unwind LIKE '%{}%'
            UNION ALL SELECT 10002, '__rest', 'jsonb', ARRAY[(SELECT 'except=' || json_agg(k.unwind ORDER BY k.position)::text
                                      FROM mongo.plan_table AS k WHERE k.plan = ($1).plan AND mongo_internal.stands_above($1, k) AND k.enabled HAVING count(*) > 0)]
             WHERE EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.role = 'rest' AND c.enabled)
            UNION ALL SELECT 10003, '__errors', 'jsonb', '{}' UNION ALL SELECT 10004, '__key', 'bytea', '{}') AS l
$$;
COMMENT ON FUNCTION mongo_internal.source_columns(mongo.plan_table) IS 'The columns of a source table: name, type, options as name=value';

-- Children of a table, and of the tables of its sub-documents.
CREATE FUNCTION mongo_internal.stands_above(t mongo.plan_table, child mongo.plan_table) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ($2).subdocument IS NULL AND ($2).levels = ($1).levels + 1
           AND ($2).parent = ANY (ARRAY(SELECT o.name FROM mongo.plan_table AS o WHERE o.plan = ($1).plan AND o.source_name = ($1).source_name))
$$;
COMMENT ON FUNCTION mongo_internal.stands_above(mongo.plan_table, mongo.plan_table) IS 'Whether the rows of a child table are elements of an array in a table''s documents or elements';

CREATE FUNCTION mongo_internal.source_options(p mongo.plan, t mongo.plan_table) RETURNS text[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_remove(ARRAY['database=' || ($1).database, 'collection=' || ($2).collection, 'unwind=' || ($2).unwind,
                              'pipeline=[{"$match": ' || (mongo_internal.root_of($2)).source_filter || '}]', 'on_conversion_error=collect'], NULL)
$$;
COMMENT ON FUNCTION mongo_internal.source_options(mongo.plan, mongo.plan_table) IS 'The options of a source table as name=value';

CREATE FUNCTION mongo_internal.option_list(options text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(split_part(o, '=', 1) || ' ' || quote_literal(substr(o, strpos(o, '=') + 1)), ', ' ORDER BY n) FROM unnest($1) WITH ORDINALITY AS u (o, n)
$$;
COMMENT ON FUNCTION mongo_internal.option_list(text[]) IS 'Options as OPTIONS (...) takes them; NULL for none';

CREATE FUNCTION mongo_internal.source_statement(p mongo.plan, t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'CREATE FOREIGN TABLE %I.%I (\n%s\n) SERVER %I OPTIONS (%s);', ($1).source_schema, ($2).source_name,
                  (SELECT string_agg(format('    %I %s', c.name, c.type) || coalesce(' OPTIONS (' || mongo_internal.option_list(c.options) || ')', ''), E',\n' ORDER BY c.place) FROM mongo_internal.source_columns($2) AS c),
                  ($1).server, mongo_internal.option_list(mongo_internal.source_options($1, $2)))
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

CREATE FUNCTION mongo_internal.is_constraint(is_unique boolean, definition text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 AND $2 !~* '^\s*([(]|USING\M)'
$$;
COMMENT ON FUNCTION mongo_internal.is_constraint(boolean, text) IS 'Whether a row of a plan''s indexes is a constraint; else it is an index, unique or not';

CREATE FUNCTION mongo_internal.index_statement(schema_name name, table_name name, name name, definition text, is_unique boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN mongo_internal.is_constraint($5, $4) THEN format('ALTER TABLE %I.%I ADD%s %s;', $1, $2, ' CONSTRAINT ' || quote_ident($3), $4)
                ELSE format('CREATE%s INDEX%s ON %I.%I %s;', CASE WHEN $5 THEN ' UNIQUE' END, ' ' || quote_ident($3), $1, $2, $4) END
$$;
COMMENT ON FUNCTION mongo_internal.index_statement(name, name, name, text, boolean) IS 'The statement that makes an index, or a constraint; name NULL: PostgreSQL gives it one';

-- Constraints: unique ones, then those of children, then references; cycles do no harm there.
CREATE FUNCTION mongo_internal.plan_constraints(p mongo.plan) RETURNS TABLE (place integer, table_name name, proposed text, suffix text, definition text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1, i.table_name, i.name::text, '', i.definition
      FROM mongo.plan_index AS i JOIN mongo.plan_table AS t ON t.plan = i.plan AND t.name = i.table_name
     WHERE i.plan = ($1).plan AND i.enabled AND t.enabled AND mongo_internal.is_constraint(i.is_unique, i.definition)
    UNION ALL
    SELECT f.place, f.child, f.name, '_fkey', format('FOREIGN KEY (%s) REFERENCES %I.%I (%s)%s', mongo_internal.name_list(f.own), ($1).target_schema, f.parent, mongo_internal.name_list(f.theirs), f.action)
      FROM (SELECT 2 AS place, t.name AS child, u.name AS parent, t.name || '_' || u.name AS name, mongo_internal.key_columns(u) AS theirs,
                   (mongo_internal.key_columns(t))[1:cardinality(mongo_internal.key_columns(u))] AS own, ' ON DELETE CASCADE' AS action
              FROM mongo.plan_table AS t JOIN mongo.plan_table AS u ON u.plan = t.plan AND u.name = t.parent
             WHERE t.plan = ($1).plan AND t.enabled AND u.key <> 'none'
            UNION ALL
            SELECT 3, k.table_name, k.target_table, k.table_name || '_' || array_to_string(k.columns, '_'), mongo_internal.key_columns(u), k.columns, ''
              FROM mongo.plan_foreign_key AS k JOIN mongo.plan_table AS t ON t.plan = k.plan AND t.name = k.table_name
              JOIN mongo.plan_table AS u ON u.plan = k.plan AND u.name = k.target_table
             WHERE k.plan = ($1).plan AND k.enabled AND t.enabled AND u.enabled) AS f
$$;
COMMENT ON FUNCTION mongo_internal.plan_constraints(mongo.plan) IS 'The constraints of a plan''s target tables beside their primary keys, with the names that they should have';

CREATE FUNCTION mongo_internal.constraint_statements(p mongo.plan) RETURNS TABLE (place integer, table_name name, name text, definition text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken jsonb := '{}';
    c record;
BEGIN
    FOR c IN SELECT o.* FROM mongo_internal.plan_constraints(p) AS o ORDER BY o.place, o.table_name, o.proposed, o.definition LOOP
        name := mongo_internal.free_name(c.proposed, ARRAY(SELECT jsonb_array_elements_text(taken -> c.table_name::text)), c.suffix);
        taken := jsonb_set(taken, ARRAY[c.table_name::text], coalesce(taken -> c.table_name::text, '[]') || to_jsonb(name));
        place := c.place;
        table_name := c.table_name;
        definition := c.definition;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.constraint_statements(mongo.plan) IS 'The constraints of a plan in order, each with a name that its table has once';

CREATE FUNCTION mongo_internal.comment_statements(p mongo.plan) RETURNS TABLE (table_name name, statement text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.table_name, l.statement
      FROM (SELECT t.position AS place, 0 AS position, t.name AS table_name,
                   format('COMMENT ON TABLE %I.%I IS %L;', ($1).target_schema, t.name,
                          format('MongoDB: %s.%s%s', ($1).database, t.collection, coalesce(', array ' || t.unwind, '')) || coalesce('; ' || t.note, '')) AS statement
              FROM mongo.plan_table AS t WHERE t.plan = ($1).plan AND t.enabled
            UNION ALL
            SELECT t.position, c.position, t.name,
                   format('COMMENT ON COLUMN %I.%I.%I IS %L;', ($1).target_schema, t.name, c.name,
                          -- The reason is that of the type that was planned, unless it was written by hand as well.
                          c.why || CASE WHEN c.planned ->> 'type' <> c.type AND c.planned ->> 'why' = c.why THEN format('; %s by hand', c.type) ELSE '' END)
              FROM mongo.plan_table AS t JOIN mongo.plan_column AS c ON c.plan = t.plan AND c.table_name = t.name
             WHERE t.plan = ($1).plan AND t.enabled AND c.enabled AND c.why IS NOT NULL) AS l
     ORDER BY l.place, l.position
$$;
COMMENT ON FUNCTION mongo_internal.comment_statements(mongo.plan) IS 'Comments that say where tables and columns come from, and why';

-- What the statements of a plan make, and where.
CREATE TYPE mongo_internal.step AS (place integer, position integer, number bigint, part text, kind text, schema_name name, table_name name, name text, definition text, statement text);
COMMENT ON TYPE mongo_internal.step IS 'A statement of a plan: what it makes (kind schema, table, constraint, index, comment) in which part';
CREATE FUNCTION mongo_internal.plan_steps(p mongo.plan) RETURNS SETOF mongo_internal.step LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 1, 0, 0::bigint, 'source', 'schema', ($1).source_schema, NULL::name, NULL::text, NULL::text, format('CREATE SCHEMA IF NOT EXISTS %I;', ($1).source_schema)
    UNION ALL SELECT 1, t.position, 1, 'source', 'table', ($1).source_schema, t.source_name, NULL, NULL, mongo_internal.source_statement($1, t)
      FROM mongo.plan_table AS t WHERE t.plan = ($1).plan AND t.enabled AND t.subdocument IS NULL
    UNION ALL SELECT 2, 0, 0, 'target', 'schema', ($1).target_schema, NULL, NULL, NULL, format('CREATE SCHEMA IF NOT EXISTS %I;', ($1).target_schema)
    UNION ALL SELECT 2, t.position, 1, 'target', 'table', ($1).target_schema, t.name, NULL, NULL, mongo_internal.target_statement($1, t)
      FROM mongo.plan_table AS t WHERE t.plan = ($1).plan AND t.enabled
    UNION ALL SELECT 3, c.place, c.number, 'constraints', 'constraint', ($1).target_schema, c.table_name, c.name, c.definition,
           format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s;', ($1).target_schema, c.table_name, c.name, c.definition)
      FROM mongo_internal.constraint_statements($1) WITH ORDINALITY AS c (place, table_name, name, definition, number)
    UNION ALL SELECT 4, t.position, row_number() OVER (ORDER BY i.name), 'indexes', 'index', ($1).target_schema, i.table_name, i.name, i.definition,
           mongo_internal.index_statement(($1).target_schema, i.table_name, i.name, i.definition, i.is_unique)
      FROM mongo.plan_index AS i JOIN mongo.plan_table AS t ON t.plan = i.plan AND t.name = i.table_name
     WHERE i.plan = ($1).plan AND i.enabled AND t.enabled AND NOT mongo_internal.is_constraint(i.is_unique, i.definition)
    UNION ALL SELECT 5, 0, c.number, 'comments', 'comment', ($1).target_schema, c.table_name, NULL, NULL, c.statement
      FROM mongo_internal.comment_statements($1) WITH ORDINALITY AS c (table_name, statement, number)
$$;
COMMENT ON FUNCTION mongo_internal.plan_steps(mongo.plan) IS 'The statements of a plan with what they make';

CREATE FUNCTION mongo_internal.step_object(s mongo_internal.step) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE ($1).kind WHEN 'schema' THEN quote_ident(($1).schema_name) WHEN 'constraint' THEN format('%I on %I.%I', ($1).name, ($1).schema_name, ($1).table_name)
                WHEN 'index' THEN format('%I.%I', ($1).schema_name, ($1).name) ELSE format('%I.%I', ($1).schema_name, ($1).table_name) END
$$;
COMMENT ON FUNCTION mongo_internal.step_object(mongo_internal.step) IS 'What a statement of a plan makes, in words';

CREATE FUNCTION mongo.plan_statements(plan text, parts text[] DEFAULT '{source,target,constraints,indexes,comments}')
RETURNS TABLE (seq bigint, part text, object text, statement text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p mongo.plan := mongo_internal.checked_plan(plan_statements.plan);
BEGIN
    PERFORM mongo_internal.check_parts(parts);
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY s.place, s.position, s.number), s.part, mongo_internal.step_object(s), s.statement
      FROM mongo_internal.plan_steps(p) AS s WHERE s.part = ANY (parts) ORDER BY 1;
END $$;
COMMENT ON FUNCTION mongo.plan_statements(text, text[]) IS
    'The statements that apply_plan runs, in order, as text. parts: source (foreign tables), target (tables with their keys), constraints, indexes, comments. The same plan gives the same bytes. 42P17 where the plan contradicts itself, with the row; 42704 for an unknown plan';
