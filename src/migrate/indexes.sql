-- Indexes of the source, and what they become here.
CREATE TYPE mongo_internal.source_index AS (collection text, name text, kind text, keys json, is_unique boolean, is_sparse boolean, is_hidden boolean,
    partial_filter json, collation_options json, expire_after_seconds numeric, definition json);
COMMENT ON TYPE mongo_internal.source_index IS 'An index as listIndexes gives it';

CREATE FUNCTION mongo_internal.index_kind(keys json) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT k.value FROM json_each_text($1) AS k WHERE k.value !~ '^-?[0-9.]+$' LIMIT 1),
                    (SELECT 'wildcard' FROM json_each_text($1) AS k WHERE k.key ~ '(^|\.)\$\*\*$' LIMIT 1),
                    (SELECT 'id' FROM json_each_text($1) AS k HAVING count(*) = 1 AND min(k.key) = '_id'), 'ordered')
$$;
COMMENT ON FUNCTION mongo_internal.index_kind(json) IS 'What an index of MongoDB is: text, 2dsphere, 2d, hashed as its keys say; wildcard; id: that of _id; else ordered';

-- Old servers kept options as they were written: true, 1, 1.0.
CREATE FUNCTION mongo_internal.is_true(value json) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT coalesce($1 #>> '{}' NOT IN ('false', '0', '0.0'), false) $$;
COMMENT ON FUNCTION mongo_internal.is_true(json) IS 'Whether an option of an index is on';

CREATE FUNCTION mongo_internal.source_index(collection text, definition json) RETURNS mongo_internal.source_index LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ROW($1, $2 ->> 'name', mongo_internal.index_kind($2 -> 'key'), $2 -> 'key', mongo_internal.is_true($2 -> 'unique'), mongo_internal.is_true($2 -> 'sparse'), mongo_internal.is_true($2 -> 'hidden'),
               $2 -> 'partialFilterExpression', $2 -> 'collation', CASE WHEN $2 ->> 'expireAfterSeconds' ~ '^[0-9.]+$' THEN ($2 ->> 'expireAfterSeconds')::numeric END, $2)::mongo_internal.source_index
$$;
COMMENT ON FUNCTION mongo_internal.source_index(text, json) IS 'An index of a collection from what listIndexes says of it';

CREATE FUNCTION mongo_internal.source_indexes(server text, database text, collections text[]) RETURNS SETOF mongo_internal.source_index LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.* FROM mongo.catalog($1, $2) AS c CROSS JOIN json_array_elements(c.indexes) AS x (index), LATERAL mongo_internal.source_index(c.collection, x.index) AS s
     WHERE c.collection = ANY ($3) OR $3 IS NULL
     ORDER BY c.collection, s.name
$$;
COMMENT ON FUNCTION mongo_internal.source_indexes(text, text, text[]) IS 'The indexes of collections; collections NULL: of all of a database';

-- What the server counted since it started; servers that do not say, or users who may not ask, get a note.
CREATE FUNCTION mongo_internal.index_usage(server text, database text, collection text) RETURNS TABLE (index_name text, operations bigint, since timestamptz, note text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT u.document ->> 'name', sum((u.document #>> '{accesses,ops}')::bigint)::bigint, max((u.document #>> '{accesses,since,$date}')::timestamptz), NULL::text
      FROM mongo.query(server, database, collection, '[{"$indexStats": {}}]') AS u (document) GROUP BY 1;
EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT NULL::text, NULL::bigint, NULL::timestamptz, 'the server does not say how often it is used: ' || SQLERRM;
END $$;
COMMENT ON FUNCTION mongo_internal.index_usage(text, text, text) IS 'How often the indexes of a collection were used since when, over all servers that answer; a note where that is not known';

CREATE FUNCTION mongo_internal.used_indexes(server text, database text, collections text[]) RETURNS TABLE (source mongo_internal.source_index, operations bigint, since timestamptz, note text) LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH i AS MATERIALIZED (SELECT s AS source FROM mongo_internal.source_indexes($1, $2, $3) AS s),
         u AS MATERIALIZED (SELECT c.collection, s.* FROM (SELECT DISTINCT (i.source).collection FROM i) AS c, LATERAL mongo_internal.index_usage($1, $2, c.collection) AS s)
    SELECT i.source, u.operations, u.since, u.note FROM i LEFT JOIN u ON u.collection = (i.source).collection AND (u.index_name = (i.source).name OR u.note IS NOT NULL)
$$;
COMMENT ON FUNCTION mongo_internal.used_indexes(text, text, text[]) IS 'The indexes of collections, with how often they were used';

CREATE FUNCTION mongo.indexes(server text, database text, collections text[] DEFAULT NULL)
RETURNS TABLE (collection text, index_name text, kind text, keys json, is_unique boolean, is_sparse boolean, is_hidden boolean, partial_filter json, collation_options json,
               expire_after_seconds numeric, operations bigint, since timestamptz, note text) LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.collection, i.name, i.kind, i.keys, i.is_unique, i.is_sparse, i.is_hidden, i.partial_filter, i.collation_options, i.expire_after_seconds, u.operations, u.since, u.note
      FROM mongo_internal.used_indexes($1, $2, $3) AS u, LATERAL (SELECT (u.source).*) AS i
     ORDER BY i.collection, i.name
$$;
COMMENT ON FUNCTION mongo.indexes(text, text, text[]) IS
    'The indexes of a database, or of some of its collections: kind is id, ordered, hashed, text, 2dsphere, 2d or wildcard; keys as they were made. operations: how often it was used since then ($indexStats), NULL with a note where the server does not say. 42704 for an unknown server, 42501 without USAGE on it';

-- A key of an index beside a column of a plan. form: plain; array and json: the values are in a column of that kind, or inside of it.
CREATE TYPE mongo_internal.index_column AS (place bigint, path text, descends boolean, table_name name, name name, type text, form text, may_be_null boolean, has_misfits boolean);
COMMENT ON TYPE mongo_internal.index_column IS 'The column of a target table that has the values of a key of an index';

CREATE FUNCTION mongo_internal.columns_of_index(t mongo.plan_table, s mongo_internal.source_index) RETURNS SETOF mongo_internal.index_column LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (k.place) k.place, k.key, k.value LIKE '-%', ($1).name, c.name, o.type,
           CASE WHEN mongo_internal.path_keys(c.path) <> string_to_array(k.path, '.') OR o.type LIKE 'json%' THEN 'json' WHEN o.type LIKE '%[]' THEN 'array' ELSE 'plain' END,
           NOT c.not_null, coalesce((c.evidence ->> 'misfits')::bigint > 0, false) OR c.expression IS NOT NULL
      FROM (SELECT e.*, regexp_replace(e.key, '\.?\$\*\*$', '') AS path, row_number() OVER () AS place FROM json_each_text(($2).keys) AS e) AS k
      JOIN mongo.plan_column AS c ON c.plan = ($1).plan AND c.table_name = ($1).name AND c.enabled AND c.role IN ('field', 'key', 'legacy', 'parent') AND c.path IS NOT NULL,
           LATERAL (SELECT regexp_replace(mongo_internal.column_type(c), '\sCOLLATE\s.*$', '') AS type) AS o
     WHERE mongo_internal.path_keys(c.path) = string_to_array(k.path, '.')
        OR (o.type LIKE 'json%' AND mongo_internal.path_keys(c.path) = (string_to_array(k.path, '.'))[:cardinality(mongo_internal.path_keys(c.path))])
     -- The old key where the new one is a number of the target's own.
     ORDER BY k.place, cardinality(mongo_internal.path_keys(c.path)) DESC, c.role = 'legacy' DESC, c.position
$$;
COMMENT ON FUNCTION mongo_internal.columns_of_index(mongo.plan_table, mongo_internal.source_index) IS 'The columns of a table that have the keys of an index, or hold them';

-- The topmost table that has all keys as columns.
CREATE FUNCTION mongo_internal.table_of_index(p mongo.plan, s mongo_internal.source_index) RETURNS mongo_internal.index_column[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.columns
      FROM mongo.plan_table AS t, LATERAL (SELECT array_agg(c ORDER BY (c).place) AS columns FROM mongo_internal.columns_of_index(t, $2) AS c) AS f
     WHERE t.plan = ($1).plan AND t.collection = ($2).collection AND t.enabled AND cardinality(f.columns) = (SELECT count(*) FROM json_object_keys(($2).keys))
     ORDER BY (SELECT bool_or((c).form <> 'plain') FROM unnest(f.columns) AS c), t.levels, t.position LIMIT 1
$$;
COMMENT ON FUNCTION mongo_internal.table_of_index(mongo.plan, mongo_internal.source_index) IS 'The columns of the table where an index can be; NULL where no table has all of its keys';

-- A constant of a partial filter, for a column of a type; NULL where it cannot be said.
CREATE FUNCTION mongo_internal.filter_constant(value json, type text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN json_typeof($1) = 'number' AND mongo_internal.type_family($2) = 'number' THEN $1 #>> '{}'
                WHEN json_typeof($1) = 'object' AND $1 ->> '$numberDecimal' ~ '^-?[0-9.]+(E[-+]?[0-9]+)?$' AND $2 = 'numeric' THEN $1 ->> '$numberDecimal'
                WHEN json_typeof($1) = 'boolean' AND $2 = 'boolean' THEN $1 #>> '{}'
                WHEN json_typeof($1) = 'string' AND mongo_internal.type_family($2) = 'text' THEN quote_literal($1 #>> '{}')
                WHEN json_typeof($1) = 'object' AND $1 ->> '$date' ~ '^[-0-9]{10}T[0-9:.]+Z$' AND $2 = 'timestamp with time zone' THEN quote_literal($1 ->> '$date')
                WHEN json_typeof($1) = 'object' AND $1 ->> '$oid' IS NOT NULL AND $2 IN ('text', 'mongo.objectid') THEN quote_literal($1 ->> '$oid') END
$$;
COMMENT ON FUNCTION mongo_internal.filter_constant(json, text) IS 'A constant of a filter of MongoDB as SQL, for a column of a type; NULL where that type has no such values';

-- The comparisons of partial filters, one row each. %1$s the column, %2$s the constant; text compares by bytes.
CREATE FUNCTION mongo_internal.filter_comparison(operator text, value json, name name, type text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format(o.sql, quote_ident($3) || CASE WHEN o.sorts AND mongo_internal.type_family($4) = 'text' THEN ' COLLATE "C"' ELSE '' END, mongo_internal.filter_constant($2, $4))
      FROM (VALUES ('$eq', NULL, true, false, '%1$s = %2$s'), ('$gt', NULL, true, true, '%1$s > %2$s'), ('$gte', NULL, true, true, '%1$s >= %2$s'), ('$lt', NULL, true, true, '%1$s < %2$s'), ('$lte', NULL, true, true, '%1$s <= %2$s'),
                   ('$exists', 'true', false, false, '%1$s IS NOT NULL'), ('$exists', 'false', false, false, '%1$s IS NULL'), ('$eq', 'null', false, false, '%1$s IS NULL')) AS o (operator, value, constant, sorts, sql)
     WHERE o.operator = $1 AND CASE WHEN o.constant THEN mongo_internal.filter_constant($2, $4) IS NOT NULL ELSE o.value = $2::text END
$$;
COMMENT ON FUNCTION mongo_internal.filter_comparison(text, json, name, text) IS 'A comparison of a partial filter as SQL; NULL for one that has no equal here';

CREATE FUNCTION mongo_internal.filter_condition(t mongo.plan_table, filter json) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts text[] := '{}';
    f record;
    own mongo_internal.index_column;
BEGIN
    FOR f IN SELECT e.key, e.value FROM json_each(filter) AS e LOOP
        IF f.key IN ('$and', '$or') THEN
            parts := parts || (SELECT '(' || CASE WHEN bool_or(q.part IS NULL) THEN NULL ELSE string_agg(q.part, CASE f.key WHEN '$and' THEN ' AND ' ELSE ' OR ' END ORDER BY q.n) END || ')'
                                 FROM (SELECT mongo_internal.filter_condition(t, a.value) AS part, a.n FROM json_array_elements(f.value) WITH ORDINALITY AS a (value, n)) AS q);
            CONTINUE;
        END IF;
        SELECT c.* INTO own FROM mongo_internal.columns_of_index(t, mongo_internal.source_index(t.collection, json_build_object('key', json_build_object(f.key, 1)))) AS c WHERE c.form = 'plain';
        parts := parts || CASE WHEN f.key LIKE '$%' OR own.name IS NULL THEN ARRAY[NULL]
                               WHEN json_typeof(f.value) = 'object' AND mongo_internal.filter_constant(f.value, own.type) IS NULL
                               THEN ARRAY(SELECT mongo_internal.filter_comparison(o.key, o.value, own.name, own.type) FROM json_each(f.value) AS o)
                               ELSE ARRAY[mongo_internal.filter_comparison('$eq', f.value, own.name, own.type)] END;
    END LOOP;
    RETURN CASE WHEN array_position(parts, NULL) IS NULL THEN nullif(array_to_string(parts, ' AND '), '') END;
END $$;
COMMENT ON FUNCTION mongo_internal.filter_condition(mongo.plan_table, json) IS 'A partialFilterExpression as a condition over the columns of a table; NULL where it has no equal here';
