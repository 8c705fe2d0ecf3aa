-- From a target's rows back to documents: the key of a row, and the document query, the inverse of the source query.

CREATE FUNCTION mongo.bson_to_json(document bytea, json_format text DEFAULT 'canonical') RETURNS json
    AS 'MODULE_PATHNAME', 'mongo_bson_to_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.bson_to_json(bytea, text) IS
    'A document of BSON (a column __doc of type bytea has them) as JSON; json_format: simple, relaxed, canonical, legacy. 22P03 for bytes that are no document';

CREATE FUNCTION mongo.id_of_key(key bytea) RETURNS json
    AS 'MODULE_PATHNAME', 'mongo_id_of_key' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.id_of_key(bytea) IS
    'The _id of the document with that key (column __key) as canonical Extended JSON; a number as the integer, double or Decimal128 that is exactly it. 22023 where it is no key';

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

-- The column that keeps _id.
CREATE FUNCTION mongo_internal.id_column(t mongo.plan_table) RETURNS mongo.plan_column LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c FROM mongo.plan_column AS c
     WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.enabled AND c.role IN ('legacy', 'key') AND c.source_column <> '__key' AND c.path = '_id'
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
                WHEN ($1).key = 'none' OR i.name IS NULL THEN NULL
                WHEN i.source_type ~ '\.objectid$'
                THEN format('mongo.id_key(%s)', mongo_internal.objectid_of(format('%I.%I', $2, i.name), mongo_internal.column_type(i)))
                ELSE format('mongo.id_key(%I.%I)', $2, i.name) END
      FROM mongo_internal.id_column($1) AS i
      LEFT JOIN mongo.plan_column AS k ON k.plan = ($1).plan AND k.table_name = ($1).name AND k.role = 'source_key'
$$;
COMMENT ON FUNCTION mongo_internal.row_key(mongo.plan_table, text) IS
    'SQL over an alias of a topmost target table for the key of the document that a row comes from (what column __key of its source table has); NULL where rows have none';

-- The id that a key of a target table stands for.
CREATE FUNCTION mongo_internal.id_of_key(c mongo.plan_column, keyed mongo.plan_table, value text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    type text := CASE WHEN c.expression IS NOT NULL THEN 'mongo.objectid' ELSE c.source_type END;
    plain text := mongo_internal.target_type(type, coalesce(keyed.key, (mongo_internal.root_of_column(c)).key));
    old mongo.plan_column := mongo_internal.lookup_column(keyed, c.role);
    looked_up text;
BEGIN
    IF c.role = 'field' AND keyed.key = 'bigint' THEN
        looked_up := format('%I.%I', (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = c.plan), keyed.name);
        RETURN format(CASE WHEN type LIKE '%[]' THEN 'CASE WHEN %1$s IS NOT NULL THEN ARRAY(SELECT %2$s FROM unnest(%1$s) WITH ORDINALITY AS u (id, n) LEFT JOIN %3$s AS k ON k.%4$I = u.id ORDER BY u.n) END'
                           ELSE '(SELECT %2$s FROM %3$s AS k WHERE k.%4$I = %1$s)' END,
                      value, mongo_internal.inverse_expression(old, 'k'), looked_up, (mongo_internal.key_columns(keyed))[1]);
    ELSIF type ~ '\.objectid\[\]$' AND plain <> 'mongo.objectid[]' THEN
        RETURN format('CASE WHEN %s IS NOT NULL THEN ARRAY(SELECT %s FROM unnest(%1$s) WITH ORDINALITY AS u (id, n) ORDER BY u.n) END', value, mongo_internal.objectid_of('u.id', rtrim(plain, '[]')));
    ELSIF type ~ '\.objectid$' THEN
        RETURN mongo_internal.objectid_of(value, CASE c.role WHEN 'legacy' THEN 'text' ELSE plain END);
    END IF;
    RETURN value;
END $$;
COMMENT ON FUNCTION mongo_internal.id_of_key(mongo.plan_column, mongo.plan_table, text) IS 'SQL for the id in the source that a value of a key, or of what refers to one, stands for';

-- SQL over a target's row for the value of its source column; NULL where the plan does not say how.
CREATE FUNCTION mongo_internal.inverse_expression(c mongo.plan_column, alias text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value text := format('%I.%I', alias, c.name);
    keyed mongo.plan_table := mongo_internal.key_table(c);
    plain text := mongo_internal.target_type(mongo_internal.read_type(c), coalesce(keyed.key, (mongo_internal.root_of_column(c)).key));
BEGIN
    IF c.inverse IS NOT NULL THEN
        RETURN format('(SELECT %s FROM (SELECT %s AS value) AS v)', c.inverse, value);
    ELSIF c.refers_to IS NOT NULL OR c.role IN ('key', 'legacy') OR c.source_type ~ '\.objectid(\[\])?$' THEN
        value := CASE WHEN c.type IS NOT NULL AND c.refers_to IS NULL AND c.type <> plain AND c.expression IS NULL THEN format('%s::%s', value, plain) ELSE value END;
        value := mongo_internal.id_of_key(c, keyed, value);
        RETURN CASE WHEN c.source_type = 'text' AND c.expression IS NOT NULL THEN format('%s::text', value) ELSE value END;
    ELSIF c.expression IS NOT NULL THEN
        RETURN NULL;
    ELSIF mongo_internal.takes_any_value(c) THEN
        RETURN format('%s::text', value); -- of strings; the rest has the others
    END IF;
    RETURN CASE WHEN c.type IS NULL OR c.type = plain THEN value ELSE format('%s::%s', value, plain) END;
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
            SELECT 2, k.position, mongo_internal.relative_path(t.unwind, mongo_internal.unwind_path(k.unwind)), CASE WHEN k.unwind LIKE '%{}' THEN 'fields' ELSE 'elements' END,
                   mongo_internal.elements_expression(k, t, alias)
              FROM mongo.plan_table AS k
             WHERE k.plan = t.plan AND mongo_internal.stands_above(t, k) AND k.enabled
            UNION ALL
            SELECT 3, c.position, mongo_internal.relative_path(t.unwind, c.path), coalesce(c.bson_type, ''), mongo_internal.subdocument_expression(k, t, c, alias)
              FROM mongo.plan_table AS k JOIN mongo.plan_column AS c ON c.plan = k.plan AND c.table_name = k.name AND c.role = 'field' AND c.enabled AND c.source_column IS NOT NULL
             WHERE k.plan = t.plan AND k.source_name = t.source_name AND k.enabled AND k.subdocument IS NOT NULL) AS p
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
    ELSIF t.key = 'none' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('rows of "%s" have no key of their document', table_name);
    ELSIF t.query IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('table "%s" of plan "%s" has a query of its own', table_name, plan),
            DETAIL = 'What documents its rows come from is not told.';
    END IF;
    RETURN format(E'SELECT %s AS __key,\n  mongo.bson_to_json(%s) AS document\nFROM %I.%I AS t', coalesce(mongo_internal.row_key(t, 't'), 'NULL::bytea'),
                  mongo_internal.document_expression(t, 't'), (SELECT p.target_schema FROM mongo.plan AS p WHERE p.plan = t.plan), t.name);
END $$;
COMMENT ON FUNCTION mongo.document_query(text, text) IS
    'The SELECT over the target tables that gives for each row of a topmost table the key and the document that it stands for, child rows put back in order: the inverse of the source query. Columns with an expression and no inverse are left out. 42704 for an unknown plan or table, 42809 for a child table, 0A000 for one with a query of its own or without a key';
