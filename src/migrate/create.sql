-- create_plan: from a layout with its evidence to the rows of a plan.
CREATE TYPE mongo_internal.layout_row AS (
    collection text, table_name text, parent text, unwind text, levels integer, position integer, column_name text,
    path text, type text, bson_type text, types jsonb, containers bigint, present bigint, nulls bigint, misfits bigint,
    unique_index boolean, why text, kind text, sampled text, complete boolean, left_over text, semantic text);
COMMENT ON TYPE mongo_internal.layout_row IS 'A table (position NULL) or a column of a layout, with what the documents said';
CREATE FUNCTION mongo_internal.layout(server text, database text, collections text[], options text[], choices text[])
    RETURNS SETOF mongo_internal.layout_row AS 'MODULE_PATHNAME', 'mongo_layout' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.layout(text, text, text[], text[], text[]) IS
    'The layout that IMPORT FOREIGN SCHEMA makes, as rows. collections NULL: all but views; options as of import_statements; choices: collection, path and kind (flatten, jsonb, table), three texts each. 42P01 for an unknown collection, 22023 for a choice that names no path';

-- {"orders.items": "table"} or {"orders": {"items": "table"}} as triples; 22023 for anything else.
CREATE FUNCTION mongo_internal.layout_choices(layout jsonb) RETURNS text[] LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    choices text[] := '{}';
    choice record;
BEGIN
    FOR choice IN
        SELECT split_part(e.key, '.', 1) AS collection, substr(e.key, strpos(e.key, '.') + 1) AS path, e.value #>> '{}' AS kind
          FROM jsonb_each(layout) AS e WHERE jsonb_typeof(e.value) <> 'object'
        UNION ALL SELECT e.key, i.key, i.value #>> '{}' FROM jsonb_each(layout) AS e, jsonb_each(e.value) AS i
         WHERE jsonb_typeof(e.value) = 'object' ORDER BY 1, 2
    LOOP
        IF choice.kind IS NULL OR choice.kind NOT IN ('flatten', 'jsonb', 'table', 'map') THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('invalid layout of "%s.%s": %s', choice.collection, choice.path, coalesce(choice.kind, 'null')),
                HINT = 'Valid kinds are "flatten", "jsonb", "table" and "map".';
        END IF;
        choices := choices || ARRAY[choice.collection, choice.path, choice.kind];
    END LOOP;
    RETURN choices;
END $$;
COMMENT ON FUNCTION mongo_internal.layout_choices(jsonb) IS 'The argument layout of create_plan as triples of collection, path and kind';

-- The first of name, name_2, name_3, ... that is not taken.
CREATE FUNCTION mongo_internal.free_name(wanted text, taken text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.name FROM (SELECT n, CASE n WHEN 1 THEN $1 ELSE left($1, 58) || '_' || n END AS name
                          FROM generate_series(1, coalesce(cardinality($2), 0) + 1) AS n) AS c
     WHERE c.name <> ALL (coalesce($2, '{}')) ORDER BY c.n LIMIT 1
$$;
COMMENT ON FUNCTION mongo_internal.free_name(text, text[]) IS 'A name that is not taken yet';

-- What a type of a source column becomes in a target, where keys that are ObjectIds become such a key.
CREATE FUNCTION mongo_internal.target_type(source_type text, key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 ~ '^(mongo|.+)\.objectid(\[\])?$'
                THEN CASE $2 WHEN 'uuid' THEN 'uuid' WHEN 'bytea' THEN 'bytea'
                             WHEN 'objectid' THEN 'mongo.objectid' WHEN 'same' THEN 'mongo.objectid' ELSE 'text' END
                     || CASE WHEN $1 LIKE '%[]' THEN '[]' ELSE '' END
                ELSE $1 END
$$;
COMMENT ON FUNCTION mongo_internal.target_type(text, text) IS 'The type of a target column for a type of a source column and a kind of key';

-- Paths of several types, of which a strict function makes one: what it does not take stays in the rest column.
CREATE TYPE mongo_internal.conversion AS (type text, expression text, why text);
COMMENT ON TYPE mongo_internal.conversion IS 'A type for a path of mixed values, with the expression that makes it';
CREATE FUNCTION mongo_internal.conversion_of(f mongo_internal.layout_row) RETURNS mongo_internal.conversion LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.type, c.expression, c.why
      FROM (VALUES (1, '{date,string,"null"}'::text[], 'date in text', 'timestamp with time zone', 'mongo.to_timestamptz(value)', 'dates, and text that says one (UTC where it names no zone)'),
                   (2, '{int,long,double,decimal,string,"null"}', 'number in text', 'numeric', 'mongo.to_numeric(value)', 'numbers, and text that says one')) AS c (place, types, semantic, type, expression, why)
     WHERE ($1).type LIKE 'json%' AND ($1).semantic = c.semantic AND (SELECT count(*) FROM jsonb_object_keys(($1).types)) > 1
       AND NOT EXISTS (SELECT FROM jsonb_object_keys(($1).types) AS k WHERE k <> ALL (c.types))
     ORDER BY c.place LIMIT 1
$$;
COMMENT ON FUNCTION mongo_internal.conversion_of(mongo_internal.layout_row) IS 'The conversion that a plan proposes for a path of mixed values; NULLs where there is none';

-- The evidence of a column without the type that the source table has for ObjectIds: targets have another.
CREATE FUNCTION mongo_internal.told(why text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT regexp_replace($1, '; \S+\.objectid(\[\])? because of (an array of )?ObjectIds', '')
$$;
COMMENT ON FUNCTION mongo_internal.told(text) IS 'What the documents said about a column, for the target';

CREATE FUNCTION mongo_internal.bucket_note(collection text, collections text[]) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('GridFS bucket "%s": files and chunks as they are, a file is its chunks in the order of n', b.name)
      FROM (SELECT substring($1 FROM '^(.*)\.(?:files|chunks)$') AS name) AS b
     WHERE b.name || '.files' = ANY ($2) AND b.name || '.chunks' = ANY ($2)
$$;
COMMENT ON FUNCTION mongo_internal.bucket_note(text, text[]) IS 'What to know of a collection that belongs to a GridFS bucket; NULL for others';

CREATE FUNCTION mongo_internal.insert_tables(plan text, key text, rows mongo_internal.layout_row[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH buckets AS MATERIALIZED (SELECT array_agg(DISTINCT r.collection) AS collections FROM unnest($3) AS r WHERE r.collection ~ '\.(files|chunks)$')
    INSERT INTO mongo.plan_table (plan, position, name, source_name, collection, unwind, levels, parent, key, estimated_rows, note)
    SELECT $1, t.number, t.table_name, t.table_name, t.collection, t.unwind, t.levels, t.parent,
           CASE WHEN t.kind = 'time series' THEN 'none' ELSE $2 END, t.present,
           nullif(concat_ws('; ', CASE WHEN t.kind <> 'collection' THEN t.kind END, mongo_internal.bucket_note(t.collection, (SELECT b.collections FROM buckets AS b)), 'laid out from ' || t.sampled,
                            'in the rest column alone: ' || t.left_over), '')
      FROM unnest($3) WITH ORDINALITY AS t (collection, table_name, parent, unwind, levels, position, column_name, path,
               type, bson_type, types, containers, present, nulls, misfits, unique_index, why, kind, sampled, complete,
               left_over, semantic, number) WHERE t.position IS NULL
$$;
COMMENT ON FUNCTION mongo_internal.insert_tables(text, text, mongo_internal.layout_row[]) IS 'Adds the tables of a layout to a plan';

-- variants[].stock{}: the marks [] and {} of its levels.
CREATE FUNCTION mongo_internal.level_marks(unwind text) RETURNS TABLE (n bigint, mark text) LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.n, m.found[1] FROM regexp_matches($1 || CASE WHEN $1 LIKE '%{}' THEN '' ELSE '[]' END, '\[\]|\{\}', 'g') WITH ORDINALITY AS m (found, n)
$$;
COMMENT ON FUNCTION mongo_internal.level_marks(text) IS 'What the levels of an unwound path are: [] an array, {} a map';

CREATE FUNCTION mongo_internal.is_document_id(id mongo_internal.layout_row) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT ($1).type LIKE 'json%' AND ($1).types ? 'object' $$;
COMMENT ON FUNCTION mongo_internal.is_document_id(mongo_internal.layout_row) IS 'Whether documents stand among the values of _id';

-- Whether the value of an id in the target does not tell the document: several types, documents, binaries of whatever
-- subtype, numbers of which the type decides how exact they are.
CREATE FUNCTION mongo_internal.needs_source_key(id mongo_internal.layout_row) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ($1).type LIKE 'json%' OR ($1).type = 'bytea' OR ($1).bson_type = 'timestamp' OR (($1).type = 'numeric' AND ($1).types ? 'double')
           OR NOT (($1).type ~ '\.objectid$' OR ($1).type IN ('text', 'uuid', 'integer', 'bigint', 'numeric', 'double precision', 'boolean', 'timestamp with time zone'))
$$;
COMMENT ON FUNCTION mongo_internal.needs_source_key(mongo_internal.layout_row) IS 'Whether a target table needs the column source_key, because the key of its rows cannot be made of _id';

CREATE FUNCTION mongo_internal.may_be_empty(fields mongo_internal.layout_row[]) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM (SELECT f.present, f.containers, (mongo_internal.path_keys(f.path))[1:cardinality(mongo_internal.path_keys(f.path)) - 1] AS above FROM unnest($1) AS f) AS b
                    WHERE b.above <> '{}' GROUP BY b.above HAVING bool_and(b.present < b.containers))
$$;
COMMENT ON FUNCTION mongo_internal.may_be_empty(mongo_internal.layout_row[]) IS 'Whether a sub-document of a layout has no field that all of them have';

-- The columns of one table, of which rows tells: its key or its parent's with the positions, its fields, and what they leave.
CREATE FUNCTION mongo_internal.insert_columns(target mongo.plan_table, rest_column text, rows mongo_internal.layout_row[])
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root mongo.plan_table := mongo_internal.root_of(target);
    fields mongo_internal.layout_row[] := ARRAY(SELECT r FROM unnest(rows) AS r WHERE r.position IS NOT NULL ORDER BY r.position);
    taken text[] := ARRAY(SELECT f.column_name FROM unnest(fields) AS f WHERE f.path <> '_id');
    id mongo_internal.layout_row := (SELECT f FROM unnest(fields) AS f WHERE f.path = '_id');
    about mongo_internal.layout_row := (SELECT r FROM unnest(rows) AS r WHERE r.position IS NULL);
    hashed boolean := root.key <> 'bigint' AND root.key <> 'none' AND mongo_internal.is_document_id(id);
    by_key boolean;
    many text;
    at integer := 0;
    wanted record;
BEGIN
    FOR wanted IN
        SELECT 'key' AS role, 'id' AS name WHERE target.parent IS NULL
        UNION ALL SELECT 'legacy', CASE target.key WHEN 'bigint' THEN 'legacy_id' ELSE 'document_id' END WHERE target.parent IS NULL AND (target.key = 'bigint' OR hashed)
        UNION ALL SELECT 'source_key', 'source_key' WHERE target.parent IS NULL AND target.key <> 'none' AND mongo_internal.needs_source_key(id)
        UNION ALL SELECT 'parent', root.name || '_id' WHERE target.parent IS NOT NULL
        UNION ALL (SELECT CASE m.mark WHEN '{}' THEN 'map' ELSE 'ord' END,
                          CASE m.mark WHEN '{}' THEN 'key' ELSE 'ord' END || CASE count(*) OVER (PARTITION BY m.mark) WHEN 1 THEN '' ELSE (row_number() OVER (PARTITION BY m.mark ORDER BY m.n))::text END
                     FROM mongo_internal.level_marks(target.unwind) AS m ORDER BY m.n)
    LOOP
        at := at + 1;
        many := CASE WHEN target.levels > 1 THEN 's' ELSE '' END;
        by_key := wanted.role = 'source_key' OR (hashed AND wanted.role IN ('key', 'parent'));
        INSERT INTO mongo.plan_column (plan, table_name, position, name, role, path, source_column, source_type, type, bson_type, not_null, why)
        SELECT target.plan, target.name, at, mongo_internal.free_name(wanted.name, taken), replace(wanted.role, 'map', 'ord'),
               CASE WHEN wanted.role NOT IN ('ord', 'map') AND NOT by_key THEN '_id' END,
               CASE WHEN by_key THEN '__key' WHEN wanted.role = 'ord' THEN '__ord' || many WHEN wanted.role = 'map' THEN '__name' || many ELSE id.column_name END,
               CASE WHEN by_key THEN 'bytea' WHEN wanted.role = 'ord' THEN 'integer' WHEN wanted.role = 'map' THEN 'text' ELSE id.type END,
               CASE wanted.role WHEN 'map' THEN 'text COLLATE "C"' END,
               CASE WHEN wanted.role NOT IN ('ord', 'map') AND NOT by_key THEN id.bson_type END, true,
               CASE WHEN wanted.role = 'source_key' THEN 'tells the documents apart that _id alone would not: bytes that sort as MongoDB sorts ids'
                    WHEN by_key THEN 'sha256 of the key of the document: _id is a document, in which the order of fields counts'
                    WHEN wanted.role = 'ord' THEN 'position in the array, from 1' WHEN wanted.role = 'map' THEN 'name of the field in the map' ELSE mongo_internal.told(id.why) END;
        taken := taken || mongo_internal.free_name(wanted.name, taken);
    END LOOP;
    INSERT INTO mongo.plan_column (plan, table_name, position, name, path, source_column, source_type, type, expression, bson_type, not_null, on_misfit, nul, why)
    SELECT target.plan, target.name, at + row_number() OVER (ORDER BY f.position), f.column_name, f.path, f.column_name, f.type,
           coalesce(v.type, mongo_internal.target_type(f.type, root.key)), v.expression, f.bson_type,
           v.type IS NULL AND f.complete AND f.present = f.containers AND f.nulls = 0 AND f.misfits = 0 AND f.containers > 0,
           CASE WHEN rest_column IS NULL THEN 'reject' ELSE 'rest' END, CASE WHEN f.type LIKE 'json%' THEN 'escape' ELSE 'reject' END, concat_ws('; ', mongo_internal.told(f.why), 'converted: ' || v.why)
      FROM unnest(fields) AS f, LATERAL mongo_internal.conversion_of(f) AS v WHERE f.path <> '_id';
    -- Where all documents were read and every value has its column nothing is left, but for empty arrays and sub-documents.
    IF rest_column IS NOT NULL AND NOT (about.complete AND about.left_over IS NULL AND about.present > 0
                                        AND NOT EXISTS (SELECT FROM mongo.plan_table AS k WHERE k.plan = target.plan AND k.parent = target.name)
                                        AND NOT mongo_internal.may_be_empty(fields)
                                        AND NOT EXISTS (SELECT FROM unnest(fields) AS f WHERE f.misfits > 0 OR f.nulls > 0 OR (mongo_internal.conversion_of(f)).type IS NOT NULL)) THEN
        INSERT INTO mongo.plan_column (plan, table_name, position, name, role, source_column, source_type, type, nul, why)
        VALUES (target.plan, target.name, at + (SELECT count(*) FROM unnest(fields) AS f WHERE f.path <> '_id') + 1, mongo_internal.free_name(rest_column, taken), 'rest',
                '__rest', 'jsonb', 'jsonb', 'escape', 'what the other columns leave of the '
                || CASE WHEN target.parent IS NULL THEN 'document' ELSE 'element' END || ': fields outside the sample, misfits, explicit nulls');
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.insert_columns(mongo.plan_table, text, mongo_internal.layout_row[]) IS 'Adds the columns of a table to a plan';

CREATE FUNCTION mongo_internal.root_of(target mongo.plan_table) RETURNS mongo.plan_table LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    above mongo.plan_table := target;
    upper mongo.plan_table;
BEGIN
    FOR level IN 1..20 LOOP
        EXIT WHEN above.parent IS NULL;
        SELECT t.* INTO upper FROM mongo.plan_table AS t WHERE t.plan = above.plan AND t.name = above.parent;
        IF upper.name IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_object_definition',
                MESSAGE = format('plan "%s", table "%s": there is no parent "%s"', above.plan, above.name, above.parent);
        END IF;
        above := upper;
    END LOOP;
    IF above.parent IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_object_definition',
            MESSAGE = format('plan "%s", table "%s": its parents form a circle', target.plan, target.name);
    END IF;
    RETURN above;
END $$;
COMMENT ON FUNCTION mongo_internal.root_of(mongo.plan_table) IS 'The table of the documents that a table''s rows come from; 42P17 where a parent is missing or they form a circle';

CREATE FUNCTION mongo_internal.id_references(
    server text, database text, collections text[], min_hit double precision, only_ids boolean,
    OUT from_collection text, OUT from_path text, OUT to_collection text, OUT to_path text, OUT via text,
    OUT checked bigint, OUT hits bigint, OUT share double precision, OUT cardinality text, OUT target_unique boolean)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_references' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.id_references(text, text, text[], double precision, boolean) IS
    'mongo.references; only_ids: to _id alone, which is far cheaper where many fields are unique';

-- Candidate references whose target is a key of the plan: the column takes the key's form.
CREATE FUNCTION mongo.referenced_id(value jsonb, collection text DEFAULT NULL) RETURNS mongo.objectid LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN t.id ~ '^[0-9a-f]{24}$' AND ($2 IS NULL OR coalesce($1 ->> '$ref', $2) = $2) THEN t.id::mongo.objectid END
      FROM (SELECT coalesce(i.id ->> '$oid', i.id #>> '{}') AS id
              FROM (SELECT CASE jsonb_typeof($1) WHEN 'object' THEN coalesce($1 -> '$id', $1 -> '_id', $1 -> 'id', $1) ELSE $1 END AS id) AS i) AS t
$$;
COMMENT ON FUNCTION mongo.referenced_id(jsonb, text) IS
    'The ObjectId that a reference names: one in itself or as 24 hexadecimal digits, a DBRef, {"_id": …} or {"id": …}. NULL for anything else, and for a DBRef to another collection than the one given';

-- References that are written in several ways become ids of one.
CREATE FUNCTION mongo_internal.reference_expression(target mongo.plan_table, schema name) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE ($1).key WHEN 'bigint'
           THEN format('(SELECT k.%I FROM %I.%I AS k WHERE k.%I = mongo.referenced_id(value, %L)::text)', k.name, $2, ($1).name, l.name, ($1).collection)
           ELSE mongo_internal.convert_key(format('mongo.referenced_id(value, %L)', ($1).collection), 'mongo.objectid', ($1).key) END
      FROM mongo.plan_column AS k LEFT JOIN mongo.plan_column AS l ON l.plan = k.plan AND l.table_name = k.table_name AND l.role = 'legacy'
     WHERE k.plan = ($1).plan AND k.table_name = ($1).name AND k.role = 'key'
$$;
COMMENT ON FUNCTION mongo_internal.reference_expression(mongo.plan_table, name) IS 'SQL over value, a jsonb that refers to a table, for that table''s key';

CREATE FUNCTION mongo_internal.insert_references(found mongo.plan, collections text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    PERFORM set_config('mongo_internal.planning', 'on', true); -- nobody has edited these rows
    FOR r IN
        SELECT DISTINCT ON (c.table_name, c.position) c.table_name, c.name, c.position, c.source_type, t AS target, f.share, f.via, f.checked, f.hits
          FROM mongo_internal.id_references(found.server, found.database, collections, 0.9, true) AS f
          JOIN mongo.plan_table AS own ON own.plan = found.plan AND own.collection = f.from_collection
          JOIN mongo.plan_column AS c ON c.plan = own.plan AND c.table_name = own.name AND c.role = 'field'
                                     AND (c.path = mongo_internal.plain_path(f.from_path) OR (c.source_type LIKE 'json%'
                                          AND f.from_path IN (c.path || '.$id', c.path || '._id', c.path || '.id')))
          JOIN mongo.plan_table AS t ON t.plan = found.plan AND t.collection = f.to_collection AND t.parent IS NULL AND t.key <> 'none'
          JOIN mongo.plan_column AS k ON k.plan = t.plan AND k.table_name = t.name AND k.role = 'key' AND k.source_type NOT LIKE 'json%' AND k.source_column <> '__key'
                                     AND (k.source_type = c.source_type OR k.source_type || '[]' = c.source_type OR (c.source_type LIKE 'json%' AND k.source_type ~ '\.objectid$'))
         WHERE f.to_path = '_id'
         ORDER BY c.table_name, c.position, f.share DESC, t.position
    LOOP
        UPDATE mongo.plan_column AS c
           SET refers_to = (r.target).name, type = NULL, not_null = c.not_null AND c.source_type NOT LIKE 'json%',
               expression = CASE WHEN c.source_type LIKE 'json%' THEN mongo_internal.reference_expression(r.target, found.target_schema) END,
               why = concat_ws('; ', c.why, format('refers to %s: %s of %s different values found', (r.target).name, r.hits, r.checked),
                               CASE WHEN c.source_type LIKE 'json%' THEN 'written as ids, DBRefs or {id}: converted to the id' END)
         WHERE c.plan = found.plan AND c.table_name = r.table_name AND c.position = r.position;
        CONTINUE WHEN r.source_type LIKE '%[]';
        INSERT INTO mongo.plan_foreign_key (plan, table_name, columns, target_table, share, enabled, why)
        VALUES (found.plan, r.table_name, ARRAY[r.name], (r.target).name, r.share, r.share = 1,
                format('by %s: %s of %s different values of a sample are there', r.via, r.hits, r.checked)
                || CASE WHEN r.share < 1 THEN format('; orphans: %s, so the constraint is off', r.checked - r.hits) ELSE '' END);
    END LOOP;
    PERFORM set_config('mongo_internal.planning', '', true);
END $$;
COMMENT ON FUNCTION mongo_internal.insert_references(mongo.plan, text[]) IS 'Adds the foreign keys that mongo.references proposes to a plan';

-- Unique indexes of fields that the plan has as columns of one table; not of arrays, whose entries are unique one by one.
CREATE FUNCTION mongo_internal.insert_unique_indexes(found mongo.plan) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique, exactness, why)
    SELECT ($1).plan, i.table_name, left(i.table_name || '_' || string_agg(i.name, '_' ORDER BY i.number), 58) || '_key',
           format('UNIQUE (%s)', string_agg(quote_ident(i.name), ', ' ORDER BY i.number)), true,
           'approximate', format('unique index "%s": MongoDB takes a missing field for null and lets one document have it', i.index_name)
      FROM (SELECT t.name AS table_name, x.index ->> 'name' AS index_name, k.number, k.path, c.name
              FROM mongo.catalog(($1).server, ($1).database) AS g
              JOIN mongo.plan_table AS t ON t.plan = ($1).plan AND t.collection = g.collection AND t.parent IS NULL
             CROSS JOIN json_array_elements(g.indexes) AS x (index)
             CROSS JOIN json_object_keys(x.index -> 'key') WITH ORDINALITY AS k (path, number)
              LEFT JOIN mongo.plan_column AS c ON c.plan = t.plan AND c.table_name = t.name AND c.path = k.path AND c.role = 'field'
                                              AND c.source_type NOT LIKE '%[]' AND c.source_type NOT LIKE 'json%'
             WHERE (x.index ->> 'unique')::boolean AND x.index -> 'partialFilterExpression' IS NULL AND x.index ->> 'name' <> '_id_') AS i
     GROUP BY i.table_name, i.index_name HAVING bool_and(i.name IS NOT NULL) ORDER BY 2, 3
$$;
COMMENT ON FUNCTION mongo_internal.insert_unique_indexes(mongo.plan) IS 'Adds the unique indexes of a plan''s collections to it';

-- Collections of one shape (orders_2023, orders_2024) stay tables of their own, and say so.
CREATE FUNCTION mongo_internal.note_shapes(plan text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH shape AS (
        SELECT t.name, t.position, md5(string_agg(c.path || ' ' || c.source_type, ', ' ORDER BY c.path COLLATE "C")) AS fields
          FROM mongo.plan_table AS t JOIN mongo.plan_column AS c ON c.plan = t.plan AND c.table_name = t.name AND c.role = 'field'
         WHERE t.plan = $1 AND t.parent IS NULL GROUP BY t.name, t.position HAVING count(*) > 1),
    alike AS MATERIALIZED (SELECT array_agg(s.name::text ORDER BY s.position) AS names FROM shape AS s GROUP BY s.fields HAVING count(*) > 1)
    UPDATE mongo.plan_table AS t
       SET note = concat_ws('; ', t.note, 'of the shape of ' || array_to_string((array_remove(a.names, t.name::text))[1:5], ', ')
                            || CASE WHEN cardinality(a.names) > 6 THEN format(' and %s more', cardinality(a.names) - 6) ELSE '' END)
      FROM alike AS a WHERE t.plan = $1 AND t.name::text = ANY (a.names)
$$;
COMMENT ON FUNCTION mongo_internal.note_shapes(text) IS 'Notes which topmost tables of a plan have the same columns';

CREATE FUNCTION mongo_internal.check_plan_arguments(plan text, key text, replace boolean) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF plan IS NULL OR octet_length(plan) NOT BETWEEN 1 AND 50 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the name of a plan has 1 to 50 bytes';
    ELSIF key IS NULL OR key NOT IN ('text', 'uuid', 'bytea', 'objectid', 'bigint', 'same') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('invalid key: "%s"', key),
            HINT = 'Valid values are "text", "uuid", "bytea", "objectid", "bigint" and "same".';
    ELSIF NOT EXISTS (SELECT FROM mongo.plan AS p WHERE p.plan = check_plan_arguments.plan) THEN
        RETURN;
    ELSIF replace THEN
        PERFORM mongo_internal.check_owner(plan);
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('plan "%s" exists already', plan),
            HINT = 'replace => true makes it anew and keeps the rows that you have edited.';
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_plan_arguments(text, text, boolean) IS 'Raises what create_plan raises for its arguments: 22023, 42710, 42501';

CREATE TYPE mongo_internal.kept_rows AS (
    tables mongo.plan_table[], columns mongo.plan_column[], foreign_keys mongo.plan_foreign_key[], indexes mongo.plan_index[]);
COMMENT ON TYPE mongo_internal.kept_rows IS 'Rows of a plan that is made anew, in which people may have changed something';
CREATE FUNCTION mongo_internal.rows_to_keep(plan text) RETURNS mongo_internal.kept_rows LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY(SELECT t FROM mongo.plan_table AS t WHERE t.plan = $1 ORDER BY t.position),
           ARRAY(SELECT c FROM mongo.plan_column AS c WHERE c.plan = $1 AND c.edited ORDER BY c.table_name, c.position),
           ARRAY(SELECT k FROM mongo.plan_foreign_key AS k WHERE k.plan = $1 ORDER BY k.table_name, k.columns),
           ARRAY(SELECT i FROM mongo.plan_index AS i WHERE i.plan = $1 ORDER BY i.table_name, i.name)
$$;
COMMENT ON FUNCTION mongo_internal.rows_to_keep(text) IS 'What create_plan (replace => true) puts back into a plan';

-- Sub-documents that are to be tables: their columns leave the table above, whose source table they share.
CREATE FUNCTION mongo_internal.split_subdocument(plan text, collection text, path text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    inside text := substring(path FROM '^(.*(?:\[\]|\{\}))\.');
    keys text[] := mongo_internal.path_keys(mongo_internal.plain_path(path));
    prefix text := replace(array_to_string(keys[cardinality(mongo_internal.path_keys(mongo_internal.plain_path(coalesce(inside, '')))) + 1:], '_'), ' ', '_');
    upper mongo.plan_table;
    own name;
    keyed integer;
BEGIN
    SELECT t.* INTO upper FROM mongo.plan_table AS t WHERE t.plan = split_subdocument.plan AND t.collection = split_subdocument.collection
       AND coalesce(t.unwind, '') = coalesce(regexp_replace(inside, '\[\]$', ''), '') AND t.subdocument IS NULL;
    IF NOT EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = upper.plan AND c.table_name = upper.name AND c.role = 'field'
                      AND (mongo_internal.path_keys(c.path))[1:cardinality(keys)] = keys AND cardinality(mongo_internal.path_keys(c.path)) > cardinality(keys)) THEN
        RETURN; -- an array, or a map
    END IF;
    own := mongo_internal.free_name(left(upper.name || '_' || prefix, 60), ARRAY(SELECT t.name::text FROM mongo.plan_table AS t WHERE t.plan = split_subdocument.plan));
    UPDATE mongo.plan_table AS t SET position = t.position + 1 WHERE t.plan = upper.plan AND t.position > upper.position;
    INSERT INTO mongo.plan_table (plan, position, name, source_name, collection, unwind, levels, subdocument, parent, key, estimated_rows, note)
    VALUES (upper.plan, upper.position + 1, own, upper.source_name, upper.collection, upper.unwind, upper.levels, mongo_internal.plain_path(path), upper.name, upper.key, upper.estimated_rows,
            'sub-document ' || path || ': a row where one of its fields is there');
    INSERT INTO mongo.plan_column (plan, table_name, position, name, role, path, source_column, source_type, type, bson_type, not_null, why)
    SELECT c.plan, own, row_number() OVER (ORDER BY c.position), CASE c.role WHEN 'key' THEN upper.name || '_id' ELSE c.name END,
           CASE c.role WHEN 'key' THEN 'parent' ELSE c.role END, c.path, c.source_column, c.source_type, c.type, c.bson_type, true, c.why
      FROM mongo.plan_column AS c WHERE c.plan = upper.plan AND c.table_name = upper.name AND c.role IN ('key', 'parent', 'ord');
    SELECT count(*) INTO keyed FROM mongo.plan_column AS c WHERE c.plan = upper.plan AND c.table_name = own;
    UPDATE mongo.plan_column AS c
       SET table_name = own, position = keyed + o.place, name = CASE WHEN starts_with(c.name, prefix || '_') AND length(c.name) > length(prefix) + 1 THEN substr(c.name, length(prefix) + 2) ELSE c.name END
      FROM (SELECT f.position, row_number() OVER (ORDER BY f.position) AS place FROM mongo.plan_column AS f
             WHERE f.plan = upper.plan AND f.table_name = upper.name AND f.role = 'field'
               AND (mongo_internal.path_keys(f.path))[1:cardinality(keys)] = keys AND cardinality(mongo_internal.path_keys(f.path)) > cardinality(keys)) AS o
     WHERE c.plan = upper.plan AND c.table_name = upper.name AND c.position = o.position;
    UPDATE mongo.plan_column AS c SET name = c.name || '_' || c.position
     WHERE c.plan = upper.plan AND c.table_name = own AND EXISTS (SELECT FROM mongo.plan_column AS o WHERE o.plan = c.plan AND o.table_name = own AND o.name = c.name AND o.position < c.position);
END $$;
COMMENT ON FUNCTION mongo_internal.split_subdocument(text, text, text) IS 'Makes a table of the columns below a path of a plan''s table; nothing where there are none';
CREATE FUNCTION mongo_internal.plain_path(path text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT replace(replace($1, '[]', ''), '{}', '') $$;
COMMENT ON FUNCTION mongo_internal.plain_path(text) IS 'A path without the marks of arrays and maps';

-- Names, filters, queries and switches of tables, and the switches of constraints, where these are there again.
CREATE FUNCTION mongo_internal.keep_tables(plan text, kept mongo_internal.kept_rows) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE mongo.plan_table AS t SET name = o.name, source_filter = o.source_filter, query = o.query, enabled = o.enabled
      FROM unnest(($2).tables) AS o WHERE t.plan = $1 AND t.source_name = o.source_name AND t.subdocument IS NOT DISTINCT FROM o.subdocument;
    UPDATE mongo.plan_foreign_key AS k SET enabled = o.enabled
      FROM unnest(($2).foreign_keys) AS o WHERE k.plan = $1 AND k.table_name = o.table_name AND k.columns = o.columns;
    UPDATE mongo.plan_index AS i SET enabled = o.enabled
      FROM unnest(($2).indexes) AS o WHERE i.plan = $1 AND i.table_name = o.table_name AND i.name = o.name;
$$;
COMMENT ON FUNCTION mongo_internal.keep_tables(text, mongo_internal.kept_rows) IS 'Puts what people changed in tables and constraints back into a plan that was made anew';

-- Edited rows of a plan that was made anew, by table and path; those that are gone are told.
CREATE FUNCTION mongo_internal.keep_edited(plan text, edited mongo.plan_column[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e mongo.plan_column;
    gone text[] := '{}';
BEGIN
    FOREACH e IN ARRAY coalesce(edited, '{}') LOOP
        UPDATE mongo.plan_column AS c
           SET name = e.name, type = e.type, refers_to = e.refers_to, expression = e.expression, inverse = e.inverse, not_null = e.not_null,
               on_misfit = e.on_misfit, nul = e.nul, tolerance = e.tolerance, enabled = e.enabled, why = e.why
         WHERE c.plan = keep_edited.plan AND c.table_name = e.table_name AND c.role = e.role AND c.path IS NOT DISTINCT FROM e.path
           AND (c.role <> 'ord' OR c.position = e.position);
        IF NOT FOUND THEN
            gone := gone || (e.table_name || coalesce('.' || e.path, ''));
        END IF;
    END LOOP;
    IF gone <> '{}' THEN
        RAISE NOTICE USING MESSAGE = format('edited rows whose path is gone: %s', array_to_string(gone, ', '));
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.keep_edited(text, mongo.plan_column[]) IS 'Puts edited columns back into a plan that was made anew';

CREATE FUNCTION mongo.create_plan(
    plan text, server text, database text, target_schema text, collections text[] DEFAULT NULL, source_schema text DEFAULT NULL,
    sample integer DEFAULT 1000, layout jsonb DEFAULT NULL, key text DEFAULT 'text', tolerance double precision DEFAULT 0.01,
    replace boolean DEFAULT false, rest_column text DEFAULT 'extra', options text[] DEFAULT NULL)
RETURNS TABLE (table_name name, source text, estimated_rows bigint, columns bigint, children bigint, note text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    rows mongo_internal.layout_row[];
    kept mongo_internal.kept_rows;
    found mongo.plan;
    choices text[] := mongo_internal.layout_choices(create_plan.layout);
    own record;
BEGIN
    PERFORM mongo_internal.check_plan_arguments(create_plan.plan, create_plan.key, create_plan.replace);
    rows := ARRAY(SELECT l FROM mongo_internal.layout(create_plan.server, create_plan.database, create_plan.collections,
        ARRAY['on_conversion_error=collect', 'sample=' || create_plan.sample, 'tolerance=' || create_plan.tolerance] || create_plan.options,
        choices) AS l);
    kept := mongo_internal.rows_to_keep(create_plan.plan);
    DELETE FROM mongo.plan_table AS t WHERE t.plan = create_plan.plan;
    INSERT INTO mongo.plan AS p (plan, server, database, target_schema, source_schema, options)
    VALUES (create_plan.plan, create_plan.server, create_plan.database, create_plan.target_schema,
            coalesce(create_plan.source_schema, create_plan.plan || '_source'),
            jsonb_strip_nulls(jsonb_build_object('collections', create_plan.collections, 'sample', create_plan.sample, 'layout', create_plan.layout,
                'key', create_plan.key, 'tolerance', create_plan.tolerance, 'rest_column', create_plan.rest_column, 'options', create_plan.options)))
    ON CONFLICT ON CONSTRAINT plan_pkey DO UPDATE SET server = excluded.server, database = excluded.database, target_schema = excluded.target_schema,
        source_schema = excluded.source_schema, options = excluded.options, state = 'planned'
    RETURNING p.* INTO found;
    PERFORM mongo_internal.insert_tables(create_plan.plan, create_plan.key, rows);
    FOR own IN WITH l AS MATERIALIZED (SELECT r.table_name, array_agg(r) AS rows FROM unnest(rows) AS r GROUP BY r.table_name)
               SELECT t AS target, l.rows FROM mongo.plan_table AS t JOIN l ON l.table_name = t.name
                WHERE t.plan = create_plan.plan ORDER BY t.position LOOP
        PERFORM mongo_internal.insert_columns(own.target, create_plan.rest_column, own.rows);
    END LOOP;
    PERFORM set_config('mongo_internal.planning', 'on', true); -- nobody has edited these rows
    PERFORM mongo_internal.split_subdocument(create_plan.plan, choices[n], choices[n + 1])
       FROM generate_series(1, coalesce(cardinality(choices), 0), 3) AS n WHERE choices[n + 2] = 'table';
    PERFORM set_config('mongo_internal.planning', '', true);
    PERFORM mongo_internal.insert_references(found, create_plan.collections);
    PERFORM mongo_internal.insert_unique_indexes(found);
    PERFORM mongo_internal.note_shapes(create_plan.plan);
    PERFORM mongo_internal.keep_tables(create_plan.plan, kept);
    PERFORM mongo_internal.keep_edited(create_plan.plan, kept.columns);
    RETURN QUERY
    SELECT t.name, t.collection || coalesce('.' || regexp_replace(t.unwind, '([^}])$', '\1[]'), '') || coalesce(' (' || t.subdocument || ')', ''), t.estimated_rows,
           (SELECT count(*) FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name),
           (SELECT count(*) FROM mongo.plan_table AS o WHERE o.plan = t.plan AND o.parent = t.name), t.note
      FROM mongo.plan_table AS t WHERE t.plan = create_plan.plan ORDER BY t.position;
END $$;
COMMENT ON FUNCTION mongo.create_plan(text, text, text, text, text[], text, integer, jsonb, text, double precision, boolean, text, text[]) IS
    'Makes a plan to bring a database into a schema, from what its documents show, and returns a row a target table. collections NULL: all but views. sample: documents to read of each collection, 0 for all. layout: {"collection.path": "flatten" | "jsonb" | "table" | "map"}. key: what becomes of ObjectIds: text, uuid, bytea, objectid, bigint, same. tolerance: share of misfits that does not change a type. rest_column: name of the jsonb column for what the others leave, NULL for none. options: those of IMPORT FOREIGN SCHEMA, name=value. replace keeps edited rows. The plan is rows of mongo.plan_table, plan_column, plan_foreign_key, plan_index: edit them. 42710 for a plan that exists, 42P01 for an unknown collection, 22023 for wrong arguments, 42501 without USAGE on the server';
