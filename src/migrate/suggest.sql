-- What becomes of an index: its definition, how exact that is, and why.
CREATE TYPE mongo_internal.index_proposal AS (collection text, source_index text, kind text, table_name name, columns text, definition text, is_unique boolean, exactness text, enabled boolean, expire_after_seconds numeric, why text);
COMMENT ON TYPE mongo_internal.index_proposal IS 'An index of MongoDB and what does its work here';

CREATE FUNCTION mongo_internal.proposed(s mongo_internal.source_index, table_name name, columns text, definition text, is_unique boolean, exactness text, why text) RETURNS mongo_internal.index_proposal LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ROW(($1).collection, ($1).name, ($1).kind, $2, $3, $4, $5, $6, $6 <> 'none' AND NOT ($1).is_hidden, ($1).expire_after_seconds,
               concat_ws('; ', format('%sindex "%s"', CASE WHEN ($1).is_unique THEN 'unique ' ELSE '' END, ($1).name) || coalesce(': ' || nullif($7, ''), ''), CASE WHEN ($1).is_hidden THEN 'hidden in MongoDB, so it is off here' END))::mongo_internal.index_proposal
$$;
COMMENT ON FUNCTION mongo_internal.proposed(mongo_internal.source_index, name, text, text, boolean, text, text) IS 'What becomes of an index';

CREATE FUNCTION mongo_internal.names_of(columns mongo_internal.index_column[]) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT string_agg(c.name, '_' ORDER BY c.place) FROM unnest($1) AS c $$;
COMMENT ON FUNCTION mongo_internal.names_of(mongo_internal.index_column[]) IS 'Columns of an index, for its name';

-- The columns of an ordered index. Strength 1 and 2 of a collation see no case, unless a level says so; 3 and above sort as the locale does.
CREATE FUNCTION mongo_internal.sorted_columns(columns mongo_internal.index_column[], collation_options json) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(CASE WHEN mongo_internal.type_family(c.type) = 'text' AND ($2 ->> 'strength')::integer < 3 AND NOT mongo_internal.is_true($2 -> 'caseLevel') THEN format('lower(%I)', c.name)
                           WHEN mongo_internal.type_family(c.type) = 'text' AND l.collname IS NOT NULL THEN format('%I COLLATE %I', c.name, l.collname)
                           ELSE quote_ident(c.name) END || CASE WHEN c.descends THEN ' DESC' ELSE '' END, ', ' ORDER BY c.place)
      FROM unnest($1) AS c LEFT JOIN pg_collation AS l ON l.collnamespace = 'pg_catalog'::regnamespace AND l.collname = replace($2 ->> 'locale', '_', '-') || '-x-icu'
$$;
COMMENT ON FUNCTION mongo_internal.sorted_columns(mongo_internal.index_column[], json) IS 'The columns of an ordered index in SQL';

-- Whether a filter asks for columns whose values that do not fit are NULL here.
CREATE FUNCTION mongo_internal.filters_misfits(t mongo.plan_table, filter json) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM mongo.plan_column AS c WHERE c.plan = ($1).plan AND c.table_name = ($1).name AND c.path IS NOT NULL AND ((c.evidence ->> 'misfits')::bigint > 0 OR c.expression IS NOT NULL)
                      AND strpos($2::text, to_json(array_to_string(mongo_internal.path_keys(c.path), '.'))::text) > 0)
$$;
COMMENT ON FUNCTION mongo_internal.filters_misfits(mongo.plan_table, json) IS 'Whether a partial filter asks for columns with values that do not fit';

CREATE FUNCTION mongo_internal.holds_no_dates(columns mongo_internal.index_column[]) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT bool_or(c.type NOT LIKE 'timestamp%' AND c.form = 'plain') FROM unnest($1) AS c $$;
COMMENT ON FUNCTION mongo_internal.holds_no_dates(mongo_internal.index_column[]) IS 'Whether by a TTL index over these columns no document expires';

-- What an index of MongoDB does that the one here does otherwise: a row each.
CREATE FUNCTION mongo_internal.index_differences(s mongo_internal.source_index, t mongo.plan_table, columns mongo_internal.index_column[]) RETURNS SETOF text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT d.difference
      FROM (SELECT bool_or(c.may_be_null) AS nulls, bool_or(c.has_misfits) AS misfits, mongo_internal.holds_no_dates($3) AS no_dates FROM unnest($3) AS c) AS k,
           LATERAL (VALUES
           (1, ($2).unwind IS NOT NULL AND ($1).is_unique, 'unique over the elements of all documents: MongoDB lets a document have an element twice, so it is no constraint here'),
           (2, ($1).is_unique AND ($2).unwind IS NULL AND k.nulls AND k.misfits, 'values that do not fit the column are NULL here, so NULLs may be there more than once'),
           (3, ($1).is_sparse AND k.nulls, 'sparse: MongoDB has explicit nulls in it, here no NULL is'),
           (4, ($1).partial_filter::text ~ '\$exists', 'MongoDB counts an explicit null as existing'),
           (5, ($2).unwind IS NOT NULL AND ($1).partial_filter IS NOT NULL, 'its filter chooses documents in MongoDB, elements here'),
           (6, ($1).partial_filter IS NOT NULL AND mongo_internal.filters_misfits($2, ($1).partial_filter), 'its filter sees values that do not fit as NULL here'),
           (7, ($1).expire_after_seconds IS NOT NULL AND k.no_dates, 'TTL: its values are no dates, by which MongoDB deletes nothing'),
           (8, ($1).expire_after_seconds IS NOT NULL AND NOT k.no_dates, format('TTL: MongoDB deletes documents %s seconds after that date; here a job has to', ($1).expire_after_seconds)),
           (9, ($1).collation_options ->> 'locale' <> 'simple', format('its collation (locale %s, strength %s%s) is not that of the column: comparisons have to say it', ($1).collation_options ->> 'locale', ($1).collation_options ->> 'strength', CASE WHEN mongo_internal.is_true(($1).collation_options -> 'caseLevel') THEN ', with case' ELSE '' END)),
           (10, (SELECT count(*) FROM json_each_text(($1).keys) AS e WHERE e.value IN ('hashed', '2d', '2dsphere', 'text') OR e.key ~ '\$\*\*$') = 1 AND (SELECT count(*) FROM json_object_keys(($1).keys) AS e WHERE e <> '_ftsx') > 1 AND ($1).kind <> 'hashed', format('its other keys are not in it: %s', ($1).keys)),
           (11, ($1).definition -> 'wildcardProjection' IS NOT NULL, format('it is over all fields here, in MongoDB by %s', ($1).definition -> 'wildcardProjection'))) AS d (place, holds, difference)
     WHERE d.holds ORDER BY d.place
$$;
COMMENT ON FUNCTION mongo_internal.index_differences(mongo_internal.source_index, mongo.plan_table, mongo_internal.index_column[]) IS 'How an index differs from what it becomes';

-- The last word on an index of any kind: its filter and what is told of it. A definition without an equal of the filter is none.
CREATE FUNCTION mongo_internal.proposed_on(s mongo_internal.source_index, t mongo.plan_table, columns mongo_internal.index_column[], definition text, is_unique boolean, approximate boolean, why text) RETURNS mongo_internal.index_proposal LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    differences text[] := ARRAY(SELECT mongo_internal.index_differences(s, t, columns));
    condition text := CASE WHEN s.partial_filter IS NOT NULL THEN mongo_internal.filter_condition(t, s.partial_filter) END;
BEGIN
    IF s.partial_filter IS NOT NULL AND condition IS NULL THEN
        differences := format('its partial filter has no equal over the columns of "%s": %s', t.name, s.partial_filter) || differences;
        definition := '';
    END IF;
    s.expire_after_seconds := CASE WHEN NOT mongo_internal.holds_no_dates(columns) THEN s.expire_after_seconds END;
    RETURN mongo_internal.proposed(s, t.name, mongo_internal.names_of(columns), CASE WHEN definition = '' THEN '' ELSE concat_ws(' WHERE ', definition, condition) END, is_unique,
        CASE WHEN definition = '' THEN 'none' WHEN approximate OR differences <> '{}' THEN 'approximate' ELSE 'exact' END, concat_ws('; ', why, nullif(array_to_string(differences, '; '), '')));
END $$;
COMMENT ON FUNCTION mongo_internal.proposed_on(mongo_internal.source_index, mongo.plan_table, mongo_internal.index_column[], text, boolean, boolean, text) IS 'What becomes of an index on a table: its definition with its filter, and what differs';

CREATE FUNCTION mongo_internal.propose_ordered(s mongo_internal.source_index, t mongo.plan_table, columns mongo_internal.index_column[]) RETURNS mongo_internal.index_proposal LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_unique boolean := s.is_unique AND t.unwind IS NULL;
    nulls boolean := (SELECT bool_or(c.may_be_null) FROM unnest(columns) AS c);
    misfits boolean := (SELECT bool_or(c.has_misfits) FROM unnest(columns) AS c);
    sorted text := mongo_internal.sorted_columns(columns, s.collation_options);
    sparse text := CASE WHEN s.is_sparse AND s.partial_filter IS NULL AND nulls AND (NOT is_unique OR cardinality(columns) > 1) THEN (SELECT string_agg(format('%I IS NOT NULL', c.name), ' OR ' ORDER BY c.place) FROM unnest(columns) AS c) END;
    -- MongoDB takes a missing field for null, and lets one document have it.
    one_null boolean := is_unique AND nulls AND NOT misfits AND NOT (s.is_sparse AND cardinality(columns) = 1);
BEGIN
    -- A constraint has no directions, no expressions and no condition.
    RETURN mongo_internal.proposed_on(s, t, columns,
        CASE WHEN is_unique AND sparse IS NULL AND s.partial_filter IS NULL AND sorted = mongo_internal.name_list(ARRAY(SELECT c.name FROM unnest(columns) AS c ORDER BY c.place)) THEN format('UNIQUE %s(%s)', CASE WHEN one_null THEN 'NULLS NOT DISTINCT ' ELSE '' END, sorted)
             ELSE concat_ws(' ', '(' || sorted || ')', CASE WHEN one_null THEN 'NULLS NOT DISTINCT' END, 'WHERE ' || sparse) END, is_unique, false, NULL);
END $$;
COMMENT ON FUNCTION mongo_internal.propose_ordered(mongo_internal.source_index, mongo.plan_table, mongo_internal.index_column[]) IS 'What becomes of an index of plain columns of a table';

-- The first weights are A, B, C, whatever they are; the others D.
CREATE FUNCTION mongo_internal.propose_text(p mongo.plan, s mongo_internal.source_index) RETURNS mongo_internal.index_proposal LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    weights json := s.definition -> 'weights';
    language text := coalesce((SELECT c.cfgname FROM pg_ts_config AS c WHERE c.cfgnamespace = 'pg_catalog'::regnamespace AND c.cfgname = s.definition ->> 'default_language'), 'simple');
    columns mongo_internal.index_column[] := mongo_internal.table_of_index(p, mongo_internal.source_index(s.collection, json_build_object('key', weights)));
    document text;
BEGIN
    IF columns IS NULL OR EXISTS (SELECT FROM unnest(columns) AS c WHERE NOT (c.form = 'json' OR (c.form = 'plain' AND mongo_internal.type_family(c.type) = 'text'))) THEN
        RETURN mongo_internal.proposed(s, NULL, NULL, '', false, 'none', format('no table has %s as columns of text: make a column of tsvector by hand', (SELECT string_agg(k, ', ') FROM json_object_keys(weights) AS k)));
    END IF;
    SELECT string_agg(format('setweight(to_tsvector(''%s''::regconfig, %s), ''%s'')', language, CASE c.form WHEN 'plain' THEN format('coalesce(%I, '''')', c.name) ELSE format('coalesce(%I, ''{}'')', c.name) END,
                             (ARRAY['A', 'B', 'C', 'D'])[least(r.rank, 4)]), ' || ' ORDER BY r.rank, c.place) INTO document
      FROM unnest(columns) AS c JOIN (SELECT w.key, dense_rank() OVER (ORDER BY w.value::numeric DESC) AS rank FROM json_each_text(weights) AS w) AS r ON r.key = c.path;
    RETURN mongo_internal.proposed_on(s, mongo_internal.table_of(p.plan, columns[1].table_name), columns, format('USING gin ((%s))', document), false, true,
        format('words by PostgreSQL''s configuration "%s": WHERE (the expression of the index) @@ websearch_to_tsquery(''%1$s'', ...)', language));
END $$;
COMMENT ON FUNCTION mongo_internal.propose_text(mongo.plan, mongo_internal.source_index) IS 'What becomes of a text index';

CREATE FUNCTION mongo_internal.propose_wildcard(p mongo.plan, s mongo_internal.source_index) RETURNS mongo_internal.index_proposal LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key text := (SELECT k FROM json_object_keys(s.keys) AS k WHERE k ~ '\$\*\*$' LIMIT 1);
    prefix text := regexp_replace(key, '\.?\$\*\*$', '');
    columns mongo_internal.index_column[] := CASE WHEN prefix <> '' THEN mongo_internal.table_of_index(p, mongo_internal.source_index(s.collection, json_build_object('key', json_build_object(key, 1)))) END;
    t mongo.plan_table;
    rest name;
BEGIN
    IF columns[1].form = 'json' THEN
        RETURN mongo_internal.proposed_on(s, mongo_internal.table_of(p.plan, columns[1].table_name), columns, format('USING gin (%I jsonb_path_ops)', columns[1].name), false, true, 'serves equality (@>) and jsonpath (@@), no ranges and no order');
    END IF;
    SELECT o.* INTO t FROM mongo.plan_table AS o WHERE o.plan = p.plan AND o.collection = s.collection AND o.parent IS NULL;
    SELECT c.name INTO rest FROM mongo.plan_column AS c WHERE prefix = '' AND c.plan = t.plan AND c.table_name = t.name AND c.role = 'rest' AND c.enabled;
    IF rest IS NOT NULL THEN
        RETURN mongo_internal.proposed_on(s, t, ARRAY[ROW(1, NULL, false, t.name, rest, 'jsonb', 'json', true, false)::mongo_internal.index_column], format('USING gin (%I jsonb_path_ops)', rest), false, true, 'what has a column needs an index of its own; serves equality (@>), no ranges and no order');
    END IF;
    RETURN mongo_internal.proposed(s, NULL, NULL, '', false, 'none', CASE prefix WHEN '' THEN 'every field has a column: make an index for each that is asked for' ELSE format('"%s" is columns of their own: make an index for each that is asked for', prefix) END);
END $$;
COMMENT ON FUNCTION mongo_internal.propose_wildcard(mongo.plan, mongo_internal.source_index) IS 'What becomes of a wildcard index';

CREATE FUNCTION mongo_internal.propose_place(p mongo.plan, s mongo_internal.source_index) RETURNS mongo_internal.index_proposal LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.proposed($2, c.table_name, c.name, CASE WHEN c.form = 'json' AND ($2).kind = '2dsphere' THEN format('USING gist (geography(ST_GeomFromGeoJSON(%I)))', c.name) ELSE '' END, false, 'none',
               'needs the extension PostGIS' || CASE WHEN c.form = 'json' AND ($2).kind = '2dsphere' THEN ': with it the definition does for GeoJSON, enable it' ELSE format(', and "%s" as one column: of jsonb (layout), or geography', (SELECT k FROM json_object_keys(($2).keys) AS k WHERE ($2).keys ->> k LIKE '2d%' LIMIT 1)) END)
      FROM (VALUES (1)) AS one LEFT JOIN LATERAL (SELECT k.* FROM mongo.plan_table AS t, mongo_internal.columns_of_index(t, $2) AS k
             WHERE t.plan = ($1).plan AND t.collection = ($2).collection AND ($2).keys ->> k.path LIKE '2d%' ORDER BY t.levels, t.position LIMIT 1) AS c ON true
$$;
COMMENT ON FUNCTION mongo_internal.propose_place(mongo.plan, mongo_internal.source_index) IS 'What becomes of an index of places';

-- Of one key that is an array or a sub-document in one column.
CREATE FUNCTION mongo_internal.propose_contained(s mongo_internal.source_index, t mongo.plan_table, c mongo_internal.index_column) RETURNS mongo_internal.index_proposal LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.proposed_on($1, $2, ARRAY[$3], CASE WHEN ($3).type = 'json' THEN '' ELSE format('USING gin (%I%s)', ($3).name, CASE WHEN ($3).type = 'jsonb' THEN ' jsonb_path_ops' ELSE '' END) END, false, true,
               CASE WHEN ($1).is_unique THEN 'it is not unique here; ' ELSE '' END || CASE ($3).form WHEN 'array' THEN 'serves elements (@>, &&), no ranges and no order' ELSE format('"%s" is within a column of %s: serves equality (@>), no ranges and no order', ($3).path, ($3).type) END)
$$;
COMMENT ON FUNCTION mongo_internal.propose_contained(mongo_internal.source_index, mongo.plan_table, mongo_internal.index_column) IS 'What becomes of an index whose key is within a column';

CREATE FUNCTION mongo_internal.propose_index(p mongo.plan, s mongo_internal.source_index) RETURNS mongo_internal.index_proposal LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns mongo_internal.index_column[];
    t mongo.plan_table;
BEGIN
    CASE s.kind
        WHEN 'text' THEN RETURN mongo_internal.propose_text(p, s);
        WHEN 'wildcard' THEN RETURN mongo_internal.propose_wildcard(p, s);
        WHEN '2dsphere', '2d' THEN RETURN mongo_internal.propose_place(p, s);
        WHEN 'ordered', 'hashed' THEN NULL;
        ELSE RETURN mongo_internal.proposed(s, NULL, NULL, '', s.is_unique, 'none', format('indexes of kind %s have no equal', s.kind));
    END CASE;
    columns := mongo_internal.table_of_index(p, s);
    IF columns IS NULL THEN
        RETURN mongo_internal.proposed(s, NULL, NULL, '', s.is_unique, 'none', 'no table has all of its fields as columns' || CASE WHEN s.expire_after_seconds IS NOT NULL THEN '; TTL: no column tells when documents expire' ELSE '' END);
    END IF;
    t := mongo_internal.table_of(p.plan, columns[1].table_name);
    IF EXISTS (SELECT FROM unnest(columns) AS c WHERE c.form <> 'plain') THEN
        RETURN CASE cardinality(columns) WHEN 1 THEN mongo_internal.propose_contained(s, t, columns[1])
               ELSE mongo_internal.proposed(s, columns[1].table_name, mongo_internal.names_of(columns), '', s.is_unique, 'none', 'one of its fields is within an array or jsonb: give that a column or a table') END;
    ELSIF s.kind = 'hashed' AND cardinality(columns) = 1 THEN
        RETURN mongo_internal.proposed_on(s, t, columns, format('USING hash (%I)', columns[1].name), false, false, NULL);
    END IF;
    RETURN mongo_internal.propose_ordered(s, t, columns);
END $$;
COMMENT ON FUNCTION mongo_internal.propose_index(mongo.plan, mongo_internal.source_index) IS 'What becomes of an index of MongoDB';

-- An index of which nothing becomes stands with the topmost table of its collection.
CREATE FUNCTION mongo_internal.insert_indexes(p mongo.plan) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken text[] := ARRAY(SELECT t.name::text FROM mongo.plan_table AS t WHERE t.plan = p.plan);
    i record;
    own text;
BEGIN
    FOR i IN
        SELECT t.name AS own_table, o.*
          FROM mongo_internal.source_indexes(p.server, p.database, ARRAY(SELECT DISTINCT t.collection FROM mongo.plan_table AS t WHERE t.plan = p.plan)) AS s, LATERAL mongo_internal.propose_index(p, s) AS o
          JOIN mongo.plan_table AS t ON t.plan = p.plan AND t.collection = o.collection AND (t.name = o.table_name OR (o.table_name IS NULL AND t.parent IS NULL))
         WHERE s.kind <> 'id'
         ORDER BY t.position, o.source_index
    LOOP
        own := mongo_internal.free_name(i.own_table || '_' || coalesce(i.columns, i.source_index), taken, CASE WHEN i.is_unique THEN '_key' ELSE '_idx' END);
        taken := taken || own;
        INSERT INTO mongo.plan_index (plan, table_name, name, definition, is_unique, exactness, enabled, source_index, expire_after_seconds, why)
        VALUES (p.plan, i.own_table, own, i.definition, i.is_unique, i.exactness, i.enabled, i.source_index, i.expire_after_seconds, i.why);
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.insert_indexes(mongo.plan) IS 'Adds what becomes of the indexes of a plan''s collections to it';

-- What a job has to run instead of a TTL index, as its columns and its table are called now; NULL where no column tells when.
CREATE FUNCTION mongo_internal.expire_statement(i mongo.plan_index) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p mongo.plan := mongo_internal.plan_of(i.plan);
    t mongo.plan_table := mongo_internal.table_of(i.plan, i.table_name);
    root mongo.plan_table := mongo_internal.root_of(t);
    parts text[] := regexp_match(i.definition, '^\((\w+|"[^"]+")(?: DESC)?\)(?: WHERE (.*))?$');
    condition text := format('%s < now() - interval ''%s seconds''%s', parts[1], i.expire_after_seconds, coalesce(' AND (' || parts[2] || ')', ''));
BEGIN
    RETURN CASE WHEN parts IS NULL THEN NULL
                WHEN t.parent IS NULL THEN format('DELETE FROM %I.%I WHERE %s', p.target_schema, t.name, condition)
                ELSE format('DELETE FROM %I.%I WHERE %s IN (SELECT %s FROM %I.%I WHERE %s)', p.target_schema, root.name, mongo_internal.name_list(mongo_internal.key_columns(root)),
                            mongo_internal.name_list((mongo_internal.key_columns(t))[1:1]), p.target_schema, t.name, condition) END;
END $$;
COMMENT ON FUNCTION mongo_internal.expire_statement(mongo.plan_index) IS 'The DELETE that does what a TTL index does; NULL where no column tells when';

CREATE FUNCTION mongo.suggest_indexes(plan text)
RETURNS TABLE (collection text, source_index text, kind text, table_name name, exactness text, statement text, why text, operations bigint, since timestamptz) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p mongo.plan := mongo_internal.plan_of(suggest_indexes.plan);
BEGIN
    RETURN QUERY
    SELECT x.collection, x.name, x.kind, o.table_name, CASE x.kind WHEN 'id' THEN 'exact' ELSE o.exactness END,
           CASE WHEN o.definition <> '' THEN mongo_internal.index_statement(p.target_schema, o.table_name, NULL, o.definition, o.is_unique) END,
           concat_ws('; ', CASE x.kind WHEN 'id' THEN 'the primary key of the table' ELSE o.why END, CASE WHEN x.operations = 0 AND x.kind <> 'id' THEN concat_ws(' ', 'not used since', coalesce(x.since::timestamptz(0)::text, 'the server started')) END, x.note), x.operations, x.since
      FROM mongo_internal.used_indexes(p.server, p.database, ARRAY(SELECT DISTINCT t.collection FROM mongo.plan_table AS t WHERE t.plan = p.plan)) AS u, LATERAL (SELECT (u.source).*, u.operations, u.since, u.note) AS x
      LEFT JOIN LATERAL (SELECT r.* FROM mongo_internal.propose_index(p, u.source) AS r WHERE x.kind <> 'id') AS o ON true
     ORDER BY x.collection, x.name;
END $$;
COMMENT ON FUNCTION mongo.suggest_indexes(text) IS
    'What becomes of each index of the collections of a plan: statement as text, exactness (exact, approximate, none) and why, and how often MongoDB used it. create_plan has filled plan_index so; this looks again, at the plan as it is now. Writes nothing. 42704 for an unknown plan';
