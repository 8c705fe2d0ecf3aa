-- From a target's rows back to documents: the key of a row, and the document query, the inverse of the source query.

CREATE FUNCTION mongo.bson_to_json(document bytea, json_format text DEFAULT 'canonical') RETURNS json
    AS 'MODULE_PATHNAME', 'mongo_bson_to_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.bson_to_json(bytea, text) IS
    'A document of BSON (a column __doc of type bytea has them) as JSON; json_format: simple, relaxed, canonical, legacy. 22P03 for bytes that are no document';

CREATE FUNCTION mongo_internal.document(rest jsonb, paths text[], types text[], fields record) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_document' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.document(jsonb, text[], text[], record) IS
    'A document as BSON: the values of fields at their paths (NULL: none there), and below them what a rest column kept. types: of each value the BSON type that most have (matters for numbers), or elements for a bytea[] that mongo_internal.element made, fields for one of mongo_internal.field. 22023 unless there are as many paths and types as values';
CREATE FUNCTION mongo_internal.element(rest jsonb, paths text[], types text[], fields record) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_element' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.element(jsonb, text[], text[], record) IS
    'An element of an array as BSON {"": element}; as mongo_internal.document, with paths from the element on; an empty path is the element itself';

CREATE FUNCTION mongo_internal.field(name text, rest jsonb, paths text[], types text[], fields record) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_field' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.field(text, jsonb, text[], text[], record) IS
    'A field of a map as BSON {name: value}, as mongo_internal.element; an array of them has type fields';

CREATE FUNCTION mongo_internal.path_keys(path text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 LIKE '[%' THEN ARRAY(SELECT json_array_elements_text($1::json)) ELSE string_to_array($1, '.') END
$$;
COMMENT ON FUNCTION mongo_internal.path_keys(text) IS 'The keys of a path: dotted, or a JSON array of keys';

-- The path of a field from the document or element of its table on; NULL where it lies elsewhere.
CREATE FUNCTION mongo_internal.relative_path(unwind text, path text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN k.above = '{}' THEN $2
                WHEN k.keys[1:cardinality(k.above)] IS DISTINCT FROM k.above THEN NULL
                WHEN $2 LIKE '[%' AND k.keys <> k.above THEN to_json(k.keys[cardinality(k.above) + 1:])::text
                ELSE array_to_string(k.keys[cardinality(k.above) + 1:], '.') END
      FROM (SELECT mongo_internal.path_keys($2) AS keys, coalesce(mongo_internal.path_keys(mongo_internal.plain_path($1)), '{}') AS above) AS k
$$;
COMMENT ON FUNCTION mongo_internal.relative_path(text, text) IS
    'The path of a field within the document, or within the elements of an unwound array; empty for the element itself, NULL for a field that is not in it';

-- The column that keeps _id.
CREATE FUNCTION mongo_internal.id_column(t mongo.plan_table) RETURNS mongo.plan_column LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.enabled AND c.role IN ('legacy', 'key') AND c.source_column <> '__key'
     ORDER BY c.role = 'legacy' DESC LIMIT 1
$$;
COMMENT ON FUNCTION mongo_internal.id_column(mongo.plan_table) IS 'The column of a topmost target table that keeps _id';

-- Values that are no ObjectId have no key of one.
CREATE FUNCTION mongo_internal.objectid_of(value text, type text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $2 = 'uuid' THEN format('mongo.uuid_to_objectid(%s)', $1)
                WHEN $2 = 'bytea' THEN format('CASE WHEN octet_length(%s) = 12 THEN %1$s::mongo.objectid END', $1)
                WHEN $2 LIKE 'text%' THEN format('CASE WHEN %s ~ ''^[0-9a-f]{24}$'' THEN %1$s::mongo.objectid END', $1)
                ELSE $1 END
$$;
COMMENT ON FUNCTION mongo_internal.objectid_of(text, text) IS 'SQL for the ObjectId that a target''s value of a type stands for';

CREATE FUNCTION mongo_internal.row_key(t mongo.plan_table, alias text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN k.name IS NOT NULL THEN format('%I.%I', $2, k.name)
                WHEN ($1).key = 'none' THEN NULL
                WHEN i.source_type ~ '\.objectid$'
                THEN format('mongo.id_key(%s)', mongo_internal.objectid_of(format('%I.%I', $2, i.name), mongo_internal.column_type(i)))
                ELSE format('mongo.id_key(%I.%I)', $2, i.name) END
      FROM mongo_internal.id_column($1) AS i
      LEFT JOIN mongo.plan_column AS k ON k.plan = ($1).plan AND k.table_name = ($1).name AND k.role = 'source_key'
$$;
COMMENT ON FUNCTION mongo_internal.row_key(mongo.plan_table, text) IS
    'SQL over an alias of a topmost target table for the key of the document that a row comes from (what column __key of its source table has); NULL where rows have none';

-- SQL over a target's row for the value of its source column; NULL where the plan does not say how.
CREATE FUNCTION mongo_internal.inverse_expression(c mongo.plan_column, alias text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := format('%I.%I', alias, c.name);
    keyed mongo.plan_table := mongo_internal.key_table(c);
    key text := coalesce(keyed.key, (mongo_internal.root_of_column(c)).key);
    plain text := mongo_internal.target_type(mongo_internal.read_type(c), key);
    target name := (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = c.plan);
    old mongo.plan_column;
BEGIN
    IF c.inverse IS NOT NULL THEN
        RETURN format('(SELECT %s FROM (SELECT %s AS value) AS v)', c.inverse, value);
    ELSIF c.expression IS NOT NULL THEN
        RETURN NULL;
    ELSIF c.role = 'field' AND keyed.key = 'bigint' THEN
        old := mongo_internal.id_column(keyed);
        RETURN format(CASE WHEN c.source_type LIKE '%[]' THEN 'CASE WHEN %5$s IS NOT NULL THEN ARRAY(SELECT %1$s FROM unnest(%5$s) WITH ORDINALITY AS u (id, n) LEFT JOIN %2$I.%3$I AS k ON k.%4$I = u.id ORDER BY u.n) END'
                           ELSE '(SELECT %1$s FROM %2$I.%3$I AS k WHERE k.%4$I = %5$s)' END,
                      mongo_internal.inverse_expression(old, 'k'), target, keyed.name, (mongo_internal.key_columns(keyed))[1], value);
    ELSIF c.type IS NOT NULL AND c.type <> plain THEN
        value := format('%s::%s', value, plain);
    END IF;
    IF c.source_type ~ '\.objectid\[\]$' AND plain <> 'mongo.objectid[]' THEN
        RETURN format('CASE WHEN %s IS NOT NULL THEN ARRAY(SELECT %s FROM unnest(%1$s) WITH ORDINALITY AS u (id, n) ORDER BY u.n) END',
                      value, mongo_internal.objectid_of('u.id', rtrim(plain, '[]')));
    ELSIF c.source_type ~ '\.objectid$' THEN
        RETURN mongo_internal.objectid_of(value, plain);
    END IF;
    RETURN CASE WHEN plain = mongo_internal.read_type(c) THEN value ELSE format('%s::%s', value, c.source_type) END;
END $$;
COMMENT ON FUNCTION mongo_internal.inverse_expression(mongo.plan_column, text) IS
    'SQL over an alias of a target table for the value that its source column had; NULL for a column with an expression and no inverse';

-- The rows of a child table that belong to a row of its parent, as elements in their order.
CREATE FUNCTION mongo_internal.elements_expression(child mongo.plan_table, parent mongo.plan_table, alias text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(E'(SELECT array_agg(%s\n        ORDER BY %I.%I)\n    FROM %I.%I AS %2$I WHERE %6$s)', mongo_internal.document_expression($1, n.own),
                  n.own, (mongo_internal.key_columns($1))[cardinality(mongo_internal.key_columns($1))],
                  (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = ($1).plan), ($1).name,
                  (SELECT string_agg(format('%I.%I = %I.%I', n.own, a.child, $3, a.parent), ' AND ' ORDER BY a.place)
                     FROM unnest(mongo_internal.key_columns($1), mongo_internal.key_columns($2)) WITH ORDINALITY AS a (child, parent, place)
                    WHERE a.parent IS NOT NULL))
      FROM (SELECT 't' || ($1).levels AS own) AS n
$$;
COMMENT ON FUNCTION mongo_internal.elements_expression(mongo.plan_table, mongo.plan_table, text) IS
    'SQL over an alias of a parent table for the elements that the rows of a child table stand for: bytea[] in order, NULL for none';

-- A column of the table of a sub-document, for the row of the table above.
CREATE FUNCTION mongo_internal.subdocument_expression(child mongo.plan_table, parent mongo.plan_table, c mongo.plan_column, alias text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('(SELECT %s FROM %I.%I AS u WHERE %s)', mongo_internal.inverse_expression($3, 'u'), (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = ($1).plan), ($1).name,
                  string_agg(format('u.%I = %I.%I', a.child, $4, a.parent), ' AND ' ORDER BY a.place))
      FROM unnest(mongo_internal.key_columns($1), mongo_internal.key_columns($2)) WITH ORDINALITY AS a (child, parent, place)
$$;
COMMENT ON FUNCTION mongo_internal.subdocument_expression(mongo.plan_table, mongo.plan_table, mongo.plan_column, text) IS
    'SQL over an alias of a table for a value of the row of its sub-document''s table';

CREATE FUNCTION mongo_internal.document_expression(t mongo.plan_table, alias text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text := coalesce((SELECT format('%I.%I', alias, c.name) FROM mongo.plan_column AS c
                            WHERE c.plan = t.plan AND c.table_name = t.name AND c.role = 'rest' AND c.enabled), 'NULL');
    parts record;
BEGIN
    SELECT array_agg(p.path ORDER BY p.place, p.position) AS paths, array_agg(p.type ORDER BY p.place, p.position) AS types,
           string_agg(p.value, E',\n    ' ORDER BY p.place, p.position) AS fields INTO parts
      FROM (SELECT 0 AS place, 0 AS position, '_id' AS path, coalesce(i.bson_type, '') AS type, mongo_internal.inverse_expression(i, alias) AS value
              FROM mongo_internal.id_column(t) AS i WHERE t.parent IS NULL AND i.name IS NOT NULL
            UNION ALL
            SELECT 1, c.position, mongo_internal.relative_path(t.unwind, c.path), coalesce(c.bson_type, ''), mongo_internal.inverse_expression(c, alias)
              FROM mongo.plan_column AS c
             WHERE c.plan = t.plan AND c.table_name = t.name AND c.role = 'field' AND c.enabled AND c.path IS NOT NULL AND c.source_column IS NOT NULL
            UNION ALL
            SELECT 2, k.position, mongo_internal.relative_path(t.unwind, mongo_internal.plain_path(k.unwind)), CASE WHEN k.unwind LIKE '%{}' THEN 'fields' ELSE 'elements' END,
                   mongo_internal.elements_expression(k, t, alias)
              FROM mongo.plan_table AS k
             WHERE k.plan = t.plan AND k.parent = t.name AND k.enabled AND k.levels = t.levels + 1
            UNION ALL
            SELECT 3, c.position, mongo_internal.relative_path(t.unwind, c.path), coalesce(c.bson_type, ''), mongo_internal.subdocument_expression(k, t, c, alias)
              FROM mongo.plan_table AS k JOIN mongo.plan_column AS c ON c.plan = k.plan AND c.table_name = k.name AND c.role = 'field' AND c.enabled AND c.source_column IS NOT NULL
             WHERE k.plan = t.plan AND k.parent = t.name AND k.enabled AND k.subdocument IS NOT NULL) AS p
     WHERE p.path IS NOT NULL AND p.value IS NOT NULL;
    RETURN format(E'mongo_internal.%s%s, %L, %L, ROW(\n    %s))', CASE WHEN t.parent IS NULL THEN 'document(' WHEN t.unwind LIKE '%{}' THEN format('field(%I.%I, ', alias, (mongo_internal.key_columns(t))[cardinality(mongo_internal.key_columns(t))]) ELSE 'element(' END, rest,
                  coalesce(parts.paths, '{}'), coalesce(parts.types, '{}'), coalesce(parts.fields, ''));
END $$;
COMMENT ON FUNCTION mongo_internal.document_expression(mongo.plan_table, text) IS
    'SQL over an alias of a target table for the document, or the element, that a row stands for, as BSON';

CREATE FUNCTION mongo.document_query(plan text, table_name text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo.plan_table := mongo_internal.table_of(plan, table_name);
BEGIN
    IF t.parent IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = format('rows of "%s" are elements of documents, not documents', table_name),
            HINT = format('The documents are those of table "%s".', (mongo_internal.root_of(t)).name);
    ELSIF t.query IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('table "%s" of plan "%s" has a query of its own', table_name, plan),
            DETAIL = 'What documents its rows come from is not told.';
    END IF;
    RETURN format(E'SELECT %s AS __key,\n  mongo.bson_to_json(%s) AS document\nFROM %I.%I AS t', coalesce(mongo_internal.row_key(t, 't'), 'NULL::bytea'),
                  mongo_internal.document_expression(t, 't'), (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = t.plan), t.name);
END $$;
COMMENT ON FUNCTION mongo.document_query(text, text) IS
    'The SELECT over the target tables that gives for each row of a topmost table the key and the document that it stands for, child rows put back in order: the inverse of the source query. Columns with an expression and no inverse are left out. 42704 for an unknown plan or table, 42809 for a child table, 0A000 for one with a query of its own';
