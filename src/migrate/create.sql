-- create_plan: from a layout with its evidence to the rows of a plan.
CREATE TYPE mongo_internal.layout_row AS (
    collection text, table_name text, parent text, unwind text, levels integer, position integer, column_name text,
    path text, type text, bson_type text, types jsonb, containers bigint, present bigint, nulls bigint, misfits bigint,
    unique_index boolean, why text, kind text, sampled text, complete boolean, left_over text, semantic text, subdocument text);
COMMENT ON TYPE mongo_internal.layout_row IS 'A table (position NULL) or a column of a layout, with what the documents said';
CREATE FUNCTION mongo_internal.layout(server text, database text, collections text[], options text[], choices text[])
    RETURNS SETOF mongo_internal.layout_row AS 'MODULE_PATHNAME', 'mongo_layout' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.layout(text, text, text[], text[], text[]) IS
    'The layout that IMPORT FOREIGN SCHEMA makes, as rows. collections NULL: all but views; options as of import_statements; choices: collection.path and kind (flatten, jsonb, table, map), two texts each. 42P01 for an unknown collection, 22023 for a choice that names no path, or one that cannot be laid out so';

-- {"orders.items": "table"} or {"orders": {"items": "table"}} as pairs; 22023 for anything else.
CREATE FUNCTION mongo_internal.layout_choices(layout jsonb) RETURNS text[] LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    choices text[] := '{}';
    choice record;
BEGIN
    IF jsonb_typeof(layout) <> 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'layout must be a JSON object: {"collection.path": "table"}';
    END IF;
    FOR choice IN
        SELECT e.key AS path, e.value #>> '{}' AS kind FROM jsonb_each(layout) AS e WHERE jsonb_typeof(e.value) <> 'object'
        UNION ALL SELECT e.key || '.' || i.key, i.value #>> '{}' FROM jsonb_each(layout) AS e, jsonb_each(e.value) AS i
         WHERE jsonb_typeof(e.value) = 'object' ORDER BY 1
    LOOP
        IF choice.kind IS NULL OR choice.kind NOT IN ('flatten', 'jsonb', 'table', 'map') THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('invalid layout of "%s": %s', choice.path, coalesce(choice.kind, 'null')),
                HINT = 'Valid kinds are "flatten", "jsonb", "table" and "map".';
        END IF;
        choices := choices || ARRAY[choice.path, choice.kind];
    END LOOP;
    RETURN choices;
END $$;
COMMENT ON FUNCTION mongo_internal.layout_choices(jsonb) IS 'The argument layout of create_plan as pairs of collection.path and kind';

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
                   (2, '{int,long,double,decimal,string,"null"}', 'number in text', 'numeric', 'mongo.to_exact_numeric(value)', 'numbers, and text that says one as numeric does')) AS c (place, types, semantic, type, expression, why)
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
    INSERT INTO mongo.plan_table (plan, position, name, source_name, collection, unwind, levels, parent, key, estimated_rows, enabled, note)
    SELECT $1, t.number, t.table_name, t.table_name, t.collection, t.unwind, t.levels, t.parent,
           CASE WHEN t.kind IN ('time series', 'view') THEN 'none' ELSE $2 END, t.present,
           t.parent IS NULL OR t.kind NOT IN ('time series', 'view'),
           nullif(concat_ws('; ', CASE WHEN t.kind <> 'collection' THEN t.kind END,
                            CASE WHEN t.kind IN ('time series', 'view') AND t.parent IS NOT NULL THEN 'not made: the rows above have no key that it could refer to' END, mongo_internal.bucket_note(t.collection, (SELECT b.collections FROM buckets AS b)), 'laid out from ' || t.sampled,
                            'in the rest column alone: ' || t.left_over), '')
      FROM unnest($3) WITH ORDINALITY AS t (collection, table_name, parent, unwind, levels, position, column_name, path,
               type, bson_type, types, containers, present, nulls, misfits, unique_index, why, kind, sampled, complete,
               left_over, semantic, subdocument, number) WHERE t.position IS NULL
$$;
COMMENT ON FUNCTION mongo_internal.insert_tables(text, text, mongo_internal.layout_row[]) IS 'Adds the tables of a layout to a plan';

-- plain: the value in the target tells the document. json: canonical Extended JSON does (ids of several types, binaries of
-- whatever subtype). hash: only the key of the document does (documents, in which the order of fields counts; null).
CREATE FUNCTION mongo_internal.id_form(id mongo_internal.layout_row) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).types ? 'object' OR ($1).types ? 'null' THEN 'hash'
                -- Of a collection that is empty nobody knows.
                WHEN coalesce(($1).types, '{}') = '{}' THEN 'json'
                WHEN ($1).type LIKE 'json%' OR ($1).type = 'bytea' OR ($1).types ? 'timestamp' OR count(DISTINCT c.class) > 1 THEN 'json' ELSE 'plain' END
      FROM (SELECT CASE WHEN k IN ('int', 'long', 'double', 'decimal') THEN 'number' WHEN k IN ('string', 'symbol') THEN 'string' ELSE k END AS class
              FROM jsonb_object_keys(($1).types) AS k) AS c
$$;
COMMENT ON FUNCTION mongo_internal.id_form(mongo_internal.layout_row) IS 'How a target keeps _id: plain, json or hash';

-- Numbers of which the type decides how exact they are have a key that numeric does not tell.
CREATE FUNCTION mongo_internal.needs_source_key(id mongo_internal.layout_row) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.id_form($1) <> 'plain' OR (($1).type = 'numeric' AND ($1).types ? 'double')
           OR NOT (($1).type ~ '\.objectid$' OR ($1).type IN ('text', 'uuid', 'integer', 'bigint', 'numeric', 'double precision', 'boolean', 'timestamp with time zone'))
$$;
COMMENT ON FUNCTION mongo_internal.needs_source_key(mongo_internal.layout_row) IS 'Whether a target table needs the column source_key, because the key of its rows cannot be made of _id';

CREATE FUNCTION mongo_internal.may_be_empty(fields mongo_internal.layout_row[]) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM (SELECT f.present, f.containers, (mongo_internal.path_keys(f.path))[1:cardinality(mongo_internal.path_keys(f.path)) - 1] AS above FROM unnest($1) AS f) AS b
                    WHERE b.above <> '{}' GROUP BY b.above HAVING bool_and(b.present < b.containers))
$$;
COMMENT ON FUNCTION mongo_internal.may_be_empty(mongo_internal.layout_row[]) IS 'Whether a sub-document of a layout has no field that all of them have';

CREATE FUNCTION mongo_internal.evidence_of(f mongo_internal.layout_row) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('types', ($1).types, 'containers', ($1).containers, 'misfits', ($1).misfits)
$$;
COMMENT ON FUNCTION mongo_internal.evidence_of(mongo_internal.layout_row) IS 'What a plan keeps of what the documents say about a column';

-- The columns that identify a row: the key, or the parent's key and the positions.
CREATE FUNCTION mongo_internal.insert_keys(target mongo.plan_table, id mongo_internal.layout_row, taken text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root mongo.plan_table := mongo_internal.root_of(target);
    form text := CASE WHEN root.key = 'none' THEN 'none' ELSE mongo_internal.id_form(id) END;
    hashed boolean := form = 'hash' AND root.key <> 'bigint';
    id_type text := CASE WHEN form IN ('json', 'hash') THEN 'jsonb' ELSE id.type END;
    many text := CASE WHEN target.levels > 1 THEN 's' ELSE '' END;
    at integer := 0;
    c record;
BEGIN
    FOR c IN
        SELECT 'key' AS role, 'id' AS name, CASE WHEN hashed THEN '__key' ELSE id.column_name END AS source, CASE WHEN hashed THEN 'bytea' ELSE id_type END AS type, true AS must,
               CASE WHEN hashed THEN 'sha256 of the key of the document: _id is null, or a document, in which the order of fields counts'
                    WHEN form = 'none' THEN 'a number of its own: rows have no unique _id' ELSE mongo_internal.told(id.why) END AS why WHERE target.parent IS NULL
        UNION ALL SELECT 'legacy', CASE root.key WHEN 'bigint' THEN 'legacy_id' ELSE 'document_id' END, id.column_name, id_type, form <> 'none' AND NOT id.types ? 'null', mongo_internal.told(id.why)
                   WHERE target.parent IS NULL AND id.column_name IS NOT NULL AND (hashed OR root.key IN ('bigint', 'none'))
        UNION ALL SELECT 'source_key', 'source_key', '__key', 'bytea', true, 'tells the documents apart that _id alone would not: bytes that sort as MongoDB sorts ids'
                   WHERE target.parent IS NULL AND root.key <> 'none' AND mongo_internal.needs_source_key(id)
        UNION ALL SELECT 'parent', root.name || '_id', CASE WHEN hashed THEN '__key' ELSE id.column_name END, CASE WHEN hashed THEN 'bytea' ELSE id_type END, true, mongo_internal.told(id.why)
                   WHERE target.parent IS NOT NULL
        UNION ALL (SELECT 'ord', CASE m.mark WHEN '{}' THEN 'key' ELSE 'ord' END
                                 || CASE count(*) OVER (PARTITION BY m.mark) WHEN 1 THEN '' ELSE (row_number() OVER (PARTITION BY m.mark ORDER BY m.n))::text END,
                          CASE m.mark WHEN '{}' THEN '__name' ELSE '__ord' END || many, CASE m.mark WHEN '{}' THEN 'text' ELSE 'integer' END, true,
                          CASE m.mark WHEN '{}' THEN 'name of the field in the map' ELSE 'position in the array, from 1' END
                     FROM unnest(mongo_internal.level_marks(target.unwind)) WITH ORDINALITY AS m (mark, n) ORDER BY m.n)
    LOOP
        at := at + 1;
        INSERT INTO mongo.plan_column (plan, table_name, position, name, role, path, source_column, source_type, type, bson_type, not_null, why, evidence)
        VALUES (target.plan, target.name, at, mongo_internal.free_name(c.name, taken), c.role, CASE WHEN c.source = id.column_name THEN '_id' END, c.source, c.type,
                CASE WHEN c.role = 'ord' AND c.type = 'text' THEN 'text COLLATE "C"' END, CASE WHEN c.source = id.column_name THEN id.bson_type END, c.must, c.why,
                CASE WHEN c.source = id.column_name AND c.role <> 'parent' THEN mongo_internal.evidence_of(id) END);
        taken := taken || mongo_internal.free_name(c.name, taken);
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.insert_keys(mongo.plan_table, mongo_internal.layout_row, text[]) IS 'Adds the columns that identify the rows of a table to a plan';

CREATE FUNCTION mongo_internal.insert_fields(target mongo.plan_table, rest_column text, fields mongo_internal.layout_row[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO mongo.plan_column (plan, table_name, position, name, path, source_column, source_type, type, expression, bson_type, not_null, on_misfit, nul, why, evidence)
    SELECT ($1).plan, ($1).name, k.last + row_number() OVER (ORDER BY f.position), f.column_name, f.path, f.column_name, f.type,
           coalesce(v.type, mongo_internal.target_type(f.type, k.key)), v.expression, f.bson_type,
           v.type IS NULL AND f.complete AND f.present = f.containers AND f.nulls = 0 AND f.misfits = 0 AND f.containers > 0,
           CASE WHEN $2 IS NULL THEN 'reject' ELSE 'rest' END, 'reject', concat_ws('; ', mongo_internal.told(f.why), 'converted: ' || v.why), mongo_internal.evidence_of(f)
      FROM unnest($3) AS f, LATERAL mongo_internal.conversion_of(f) AS v,
           LATERAL (SELECT count(*) AS last, (mongo_internal.root_of($1)).key AS key FROM mongo.plan_column AS c WHERE c.plan = ($1).plan AND c.table_name = ($1).name) AS k
     WHERE f.path <> '_id'
$$;
COMMENT ON FUNCTION mongo_internal.insert_fields(mongo.plan_table, text, mongo_internal.layout_row[]) IS 'Adds the fields of a table to a plan';

CREATE FUNCTION mongo_internal.insert_columns(target mongo.plan_table, rest_column text, rows mongo_internal.layout_row[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fields mongo_internal.layout_row[] := ARRAY(SELECT r FROM unnest(rows) AS r WHERE r.position IS NOT NULL ORDER BY r.position);
BEGIN
    PERFORM mongo_internal.insert_keys(target, (SELECT f FROM unnest(fields) AS f WHERE f.path = '_id'), ARRAY(SELECT f.column_name FROM unnest(fields) AS f WHERE f.path <> '_id'));
    PERFORM mongo_internal.insert_fields(target, rest_column, fields);
    PERFORM mongo_internal.split_subdocument(target, f.subdocument, array_agg(f.path))
       FROM unnest(fields) AS f WHERE f.subdocument IS NOT NULL GROUP BY f.subdocument ORDER BY cardinality(mongo_internal.path_keys(f.subdocument)), f.subdocument;
END $$;
COMMENT ON FUNCTION mongo_internal.insert_columns(mongo.plan_table, text, mongo_internal.layout_row[]) IS 'Adds the columns of a table, of which rows tells, to a plan, and tables of its sub-documents';

-- Whether a column does not tell the type of all of its values: ObjectIds in text, subtypes of binaries.
CREATE FUNCTION mongo_internal.loses_types(f mongo_internal.layout_row) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ($1).path <> '_id' AND (($1).type ~ '^bytea' OR (($1).type ~ '^timestamp' AND ($1).types ? 'timestamp')
           OR (($1).type ~ '^text' AND EXISTS (SELECT FROM jsonb_object_keys(($1).types) AS k WHERE k NOT IN ('string', 'null'))))
$$;
COMMENT ON FUNCTION mongo_internal.loses_types(mongo_internal.layout_row) IS 'Whether a column shows values whose type it does not tell';

-- Where all documents were read and every value has its column nothing is left, but for empty arrays and sub-documents.
CREATE FUNCTION mongo_internal.insert_rest(target mongo.plan_table, rest_column text, rows mongo_internal.layout_row[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO mongo.plan_column (plan, table_name, position, name, role, source_column, source_type, type, nul, why)
    SELECT ($1).plan, ($1).name, c.last + 1, mongo_internal.free_name($2, c.names), 'rest', '__rest', 'jsonb', 'jsonb', 'escape',
           'what the other columns leave of the ' || CASE WHEN ($1).unwind IS NULL THEN 'document' ELSE 'element' END || ': fields outside the sample, misfits, explicit nulls'
      FROM (SELECT max(o.position) AS last, array_agg(o.name::text) AS names FROM mongo.plan_column AS o WHERE o.plan = ($1).plan AND o.table_name = ($1).name) AS c,
           (SELECT bool_and(r.complete) AND bool_and(r.left_over IS NULL) AND max(r.present) FILTER (WHERE r.position IS NULL) > 0
                   AND bool_and(coalesce(r.misfits, 0) = 0 AND coalesce(r.nulls, 0) = 0) AND NOT coalesce(bool_or(mongo_internal.loses_types(r)), false) AS whole FROM unnest($3) AS r) AS e
     WHERE $2 IS NOT NULL AND NOT (e.whole AND NOT mongo_internal.may_be_empty(ARRAY(SELECT r FROM unnest($3) AS r WHERE r.position IS NOT NULL))
           AND NOT EXISTS (SELECT FROM mongo.plan_table AS k WHERE k.plan = ($1).plan AND k.parent = ($1).name)
           AND NOT EXISTS (SELECT FROM mongo.plan_column AS o, mongo_internal.key_table(o) AS k WHERE o.plan = ($1).plan AND o.table_name = ($1).name AND o.role = 'field'
                              AND (o.expression IS NOT NULL OR (o.refers_to IS NOT NULL AND k.key = 'bigint'))))
$$;
COMMENT ON FUNCTION mongo_internal.insert_rest(mongo.plan_table, text, mongo_internal.layout_row[]) IS 'Adds the column for what the others leave, where something may be left';

-- A sub-document that is to be a table: its columns leave the table above, whose source table it shares.
CREATE FUNCTION mongo_internal.split_subdocument(target mongo.plan_table, path text, paths text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys text[] := mongo_internal.path_keys(path);
    upper mongo.plan_table;
    prefix text;
    own mongo.plan_table;
BEGIN
    -- The table of the sub-document around it, or the target itself.
    SELECT t.* INTO upper FROM mongo.plan_table AS t
     WHERE t.plan = target.plan AND t.source_name = target.source_name AND (t.subdocument IS NULL OR (mongo_internal.path_keys(t.subdocument) <> keys
           AND mongo_internal.path_keys(t.subdocument) = keys[1:cardinality(mongo_internal.path_keys(t.subdocument))]))
     ORDER BY cardinality(mongo_internal.path_keys(t.subdocument)) DESC NULLS LAST LIMIT 1;
    prefix := array_to_string(keys[1 + coalesce(cardinality(mongo_internal.path_keys(mongo_internal.unwind_path(target.unwind))), 0):], '_');
    UPDATE mongo.plan_table AS t SET position = t.position + 1 WHERE t.plan = upper.plan AND t.position > upper.position;
    INSERT INTO mongo.plan_table (plan, position, name, source_name, collection, unwind, levels, subdocument, parent, key, estimated_rows, note)
    VALUES (upper.plan, upper.position + 1, mongo_internal.free_name(target.name || '_' || prefix, ARRAY(SELECT t.name::text FROM mongo.plan_table AS t WHERE t.plan = target.plan)),
            target.source_name, target.collection, target.unwind, target.levels, path, upper.name, target.key, target.estimated_rows, 'sub-document ' || path || ': a row where one of its fields is there')
    RETURNING * INTO own;
    INSERT INTO mongo.plan_column (plan, table_name, position, name, role, path, source_column, source_type, type, bson_type, not_null, why)
    SELECT c.plan, own.name, row_number() OVER (ORDER BY c.position), CASE c.role WHEN 'key' THEN mongo_internal.cut(target.name, 60) || '_id' ELSE c.name END,
           CASE c.role WHEN 'key' THEN 'parent' ELSE c.role END, c.path, c.source_column, c.source_type, c.type, c.bson_type, true, c.why
      FROM mongo.plan_column AS c WHERE c.plan = target.plan AND c.table_name = target.name AND c.role IN ('key', 'parent', 'ord');
    PERFORM mongo_internal.move_columns(target, own, prefix, paths);
END $$;
COMMENT ON FUNCTION mongo_internal.split_subdocument(mongo.plan_table, text, text[]) IS 'Makes a table of the columns of a sub-document';

CREATE FUNCTION mongo_internal.move_columns(target mongo.plan_table, own mongo.plan_table, prefix text, paths text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken text[];
    last integer;
    c mongo.plan_column;
    shorter text;
BEGIN
    SELECT array_agg(o.name::text), count(*) INTO taken, last FROM mongo.plan_column AS o WHERE o.plan = own.plan AND o.table_name = own.name;
    FOR c IN SELECT o.* FROM mongo.plan_column AS o WHERE o.plan = target.plan AND o.table_name = target.name AND o.role = 'field' AND o.path = ANY (paths) ORDER BY o.position LOOP
        last := last + 1;
        shorter := mongo_internal.free_name(coalesce(nullif(substr(c.name, length(prefix) + 2), ''), c.name), taken);
        shorter := CASE WHEN starts_with(c.name, prefix || '_') THEN shorter ELSE mongo_internal.free_name(c.name, taken) END;
        UPDATE mongo.plan_column AS o SET table_name = own.name, position = last, name = shorter
         WHERE o.plan = c.plan AND o.table_name = c.table_name AND o.position = c.position;
        taken := taken || shorter;
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.move_columns(mongo.plan_table, mongo.plan_table, text, text[]) IS 'Moves columns of a plan''s table to that of their sub-document, under shorter names';

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

-- How a column can take the form of the key that it refers to: same, array, mixed (ids, DBRefs, {id}), text (hexadecimal digits), number.
CREATE FUNCTION mongo_internal.reference_form(own text, key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $2 LIKE 'json%' THEN NULL WHEN $1 = $2 THEN 'same' WHEN $1 = $2 || '[]' THEN 'array'
                WHEN $2 ~ '\.objectid$' AND $1 LIKE 'json%' THEN 'mixed' WHEN $2 ~ '\.objectid$' AND $1 = 'text' THEN 'text'
                WHEN $1 IN ('integer', 'bigint', 'numeric') AND $2 IN ('integer', 'bigint', 'numeric') THEN 'number' END
$$;
COMMENT ON FUNCTION mongo_internal.reference_form(text, text) IS 'How a column of a type refers to a key of a type; NULL where it cannot';

-- A path of its own, or the id within what a column of jsonb holds: a DBRef, {"_id": ...}, {"id": ...}.
CREATE FUNCTION mongo_internal.is_path_of(c mongo.plan_column, keys text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT k.own = $2 OR (($1).source_type LIKE 'json%' AND k.own = $2[:cardinality(k.own)] AND $2[cardinality(k.own) + 1:] IN ('{$id}', '{_id}', '{id}'))
      FROM (SELECT mongo_internal.path_keys(($1).path) AS own) AS k
$$;
COMMENT ON FUNCTION mongo_internal.is_path_of(mongo.plan_column, text[]) IS 'Whether a reference stands at the path of a column';

-- Candidate references whose target is a key of the plan: the column takes the key's form. Others are told in why.
CREATE FUNCTION mongo_internal.insert_references(found mongo.plan, collections text[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT DISTINCT ON (c.table_name, c.position) c.table_name, c.name, c.position, t.name AS target, t.key, t.collection, k.source_type AS key_type,
               CASE WHEN k.source_column <> '__key' THEN mongo_internal.reference_form(c.source_type, k.source_type) END AS form, f.share, f.via, f.checked, f.hits
          FROM mongo_internal.id_references(found.server, found.database, collections, 0.9, true) AS f
          JOIN mongo.plan_table AS own ON own.plan = found.plan AND own.collection = f.from_collection
          JOIN mongo.plan_column AS c ON c.plan = own.plan AND c.table_name = own.name AND c.role = 'field' AND c.expression IS NULL
                                     AND mongo_internal.is_path_of(c, mongo_internal.profile_keys(f.from_path))
          JOIN mongo.plan_table AS t ON t.plan = found.plan AND t.collection = f.to_collection AND t.parent IS NULL AND t.key <> 'none'
          JOIN mongo.plan_column AS k ON k.plan = t.plan AND k.table_name = t.name AND k.role = 'key'
         WHERE f.to_path = '_id'
         ORDER BY c.table_name, c.position, mongo_internal.reference_form(c.source_type, k.source_type) IS NULL, f.share DESC, t.position
    LOOP
        UPDATE mongo.plan_column AS c
           SET refers_to = CASE WHEN r.form IS NOT NULL THEN r.target END, type = CASE WHEN r.form IS NULL THEN c.type WHEN r.form = 'number' THEN r.key_type END,
               not_null = c.not_null AND (r.form IS NULL OR (r.form NOT IN ('mixed', 'text') AND r.key <> 'bigint')),
               expression = CASE r.form WHEN 'mixed' THEN format('mongo.referenced_id(value, %L)', r.collection) WHEN 'text' THEN format('mongo.referenced_id(to_jsonb(value), %L)', r.collection) END,
               why = concat_ws('; ', c.why, format('%s to %s: %s of %s different values found', CASE WHEN r.form IS NULL THEN 'seems to refer' ELSE 'refers' END, r.target, r.hits, r.checked),
                               CASE r.form WHEN 'mixed' THEN 'written as ids, DBRefs or {id}: converted to the id' WHEN 'text' THEN 'written as text: converted to the id' END)
         WHERE c.plan = found.plan AND c.table_name = r.table_name AND c.position = r.position;
        CONTINUE WHEN r.form IS NULL OR r.form = 'array';
        INSERT INTO mongo.plan_foreign_key (plan, table_name, columns, target_table, share, enabled, why)
        VALUES (found.plan, r.table_name, ARRAY[r.name], r.target, r.share, r.share = 1,
                format('by %s: %s of %s different values of a sample are there', r.via, r.hits, r.checked)
                || CASE WHEN r.share < 1 THEN format('; orphans: %s, so the constraint is off', r.checked - r.hits) ELSE '' END);
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.insert_references(mongo.plan, text[]) IS 'Adds the foreign keys that mongo.references proposes to a plan';

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

CREATE FUNCTION mongo_internal.check_plan_arguments(plan text, key text, replace boolean, target_schema text, source_schema text) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF plan IS NULL OR octet_length(plan) NOT BETWEEN 1 AND 50 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the name of a plan has 1 to 50 bytes';
    ELSIF key IS NULL OR key NOT IN ('text', 'uuid', 'bytea', 'objectid', 'bigint', 'same') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('invalid key: "%s"', key),
            HINT = 'Valid values are "text", "uuid", "bytea", "objectid", "bigint" and "same".';
    ELSIF target_schema IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'target_schema must be given';
    ELSIF target_schema = source_schema THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the source tables and the target tables need a schema each';
    ELSIF NOT EXISTS (SELECT FROM mongo.plan AS p WHERE p.plan = check_plan_arguments.plan) THEN
        RETURN;
    ELSIF replace THEN
        PERFORM mongo_internal.check_owner(plan);
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('plan "%s" exists already', plan),
            HINT = 'replace => true makes it anew and keeps the rows that you have edited.';
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_plan_arguments(text, text, boolean, text, text) IS 'Raises what create_plan raises for its arguments: 22023, 42710, 42501';

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
    PERFORM mongo_internal.check_plan_arguments(create_plan.plan, create_plan.key, create_plan.replace, create_plan.target_schema, coalesce(create_plan.source_schema, create_plan.plan || '_source'));
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
    PERFORM set_config('mongo_internal.planning', 'on', true); -- nobody has edited these rows
    PERFORM mongo_internal.insert_tables(create_plan.plan, create_plan.key, rows);
    FOR own IN WITH l AS MATERIALIZED (SELECT r.table_name, array_agg(r) AS rows FROM unnest(rows) AS r GROUP BY r.table_name)
               SELECT t AS target, l.rows FROM mongo.plan_table AS t JOIN l ON l.table_name = t.name WHERE t.plan = create_plan.plan ORDER BY t.position LOOP
        PERFORM mongo_internal.insert_columns(own.target, create_plan.rest_column, own.rows);
    END LOOP;
    PERFORM mongo_internal.insert_references(found, create_plan.collections);
    FOR own IN WITH l AS MATERIALIZED (SELECT r.table_name, array_agg(r) AS rows FROM unnest(rows) AS r GROUP BY r.table_name)
               SELECT t AS target, l.rows FROM mongo.plan_table AS t JOIN l ON l.table_name = t.name WHERE t.plan = create_plan.plan ORDER BY t.position LOOP
        PERFORM mongo_internal.insert_rest(own.target, create_plan.rest_column, own.rows);
    END LOOP;
    PERFORM mongo_internal.insert_indexes(found);
    PERFORM mongo_internal.note_shapes(create_plan.plan);
    PERFORM set_config('mongo_internal.planning', '', true);
    PERFORM mongo_internal.keep_changes(create_plan.plan, kept);
    RETURN QUERY
    SELECT t.name, t.collection || coalesce('.' || CASE WHEN t.unwind LIKE '%{}' THEN t.unwind ELSE t.unwind || '[]' END, '') || coalesce(' (' || t.subdocument || ')', ''), t.estimated_rows,
           (SELECT count(*) FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name),
           (SELECT count(*) FROM mongo.plan_table AS o WHERE o.plan = t.plan AND o.parent = t.name), t.note
      FROM mongo.plan_table AS t WHERE t.plan = create_plan.plan ORDER BY t.position;
END $$;
COMMENT ON FUNCTION mongo.create_plan(text, text, text, text, text[], text, integer, jsonb, text, double precision, boolean, text, text[]) IS
    'Makes a plan to bring a database into a schema, from what its documents show, and returns a row a target table. collections NULL: all but views. sample: documents to read of each collection, 0 for all. layout: {"collection.path": "flatten" | "jsonb" | "table" | "map"}. key: what becomes of ObjectIds: text, uuid, bytea, objectid, bigint, same. tolerance: share of misfits that does not change a type. rest_column: name of the jsonb column for what the others leave, NULL for none. options: those of IMPORT FOREIGN SCHEMA, name=value. replace keeps edited rows. The plan is rows of mongo.plan_table, plan_column, plan_foreign_key, plan_index: edit them. 42710 for a plan that exists, 42P01 for an unknown collection, 22023 for wrong arguments, 42501 without USAGE on the server';

CREATE FUNCTION mongo_internal.add_rest(holder mongo.plan_table, wanted text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    planning text := current_setting('mongo_internal.planning', true);
BEGIN
    PERFORM set_config('mongo_internal.planning', 'on', true); -- nobody has edited this row
    INSERT INTO mongo.plan_column (plan, table_name, position, name, role, source_column, source_type, type, nul, why)
    SELECT holder.plan, holder.name, max(o.position) + 1, mongo_internal.free_name(wanted, array_agg(o.name::text)), 'rest', '__rest', 'jsonb', 'jsonb', 'escape', 'what the other columns leave'
      FROM mongo.plan_column AS o WHERE o.plan = holder.plan AND o.table_name = holder.name;
    PERFORM set_config('mongo_internal.planning', coalesce(planning, ''), true);
END $$;
COMMENT ON FUNCTION mongo_internal.add_rest(mongo.plan_table, text) IS 'Gives a table of a plan a column for what the others leave';

-- A column that takes fewer values than the documents hold, or none any more, leaves them to the rest column.
CREATE FUNCTION mongo_internal.ensure_rest() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted text := (SELECT p.options ->> 'rest_column' FROM mongo.plan AS p WHERE p.plan = NEW.plan);
    holder mongo.plan_table := (SELECT o FROM mongo.plan_table AS t JOIN mongo.plan_table AS o ON o.plan = t.plan AND o.source_name = t.source_name AND o.subdocument IS NULL
                                 WHERE t.plan = NEW.plan AND t.name = NEW.table_name);
BEGIN
    IF wanted IS NULL OR current_setting('mongo_internal.planning', true) IS NOT DISTINCT FROM 'on'
       OR EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = holder.plan AND c.table_name = holder.name AND c.role = 'rest') THEN
        RETURN NULL;
    END IF;
    PERFORM mongo_internal.add_rest(holder, wanted);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mongo_internal.ensure_rest() IS 'Gives a table of a plan its rest column where an edit leaves values over';
CREATE TRIGGER rest AFTER UPDATE OF type, expression, enabled ON mongo.plan_column
    FOR EACH ROW WHEN (NEW.role = 'field' AND (NEW.type IS DISTINCT FROM OLD.type OR NEW.expression IS DISTINCT FROM OLD.expression OR NOT NEW.enabled))
    EXECUTE FUNCTION mongo_internal.ensure_rest();
