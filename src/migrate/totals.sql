-- Totals of the columns of a table, by MongoDB on one side and by PostgreSQL on the other. The source's side never passes
-- through the decoder of foreign tables: a fault of it would be on both sides.
CREATE FUNCTION mongo_internal.totals_stages(foreign_table regclass, columns name[], plain boolean, barrier boolean, OUT stages json, OUT kinds text[])
    AS 'MODULE_PATHNAME', 'mongo_totals_stages' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.totals_stages(regclass, name[], boolean, boolean) IS
    'Stages of a pipeline that add up the values that columns of a foreign table would show, as MongoDB reads the type matrix; kinds: of each column what is told of it, NULL where the server cannot tell. Without stages where the server cannot make the rows. plain: stored values are added up, for columns that take a type as it is, which kinds then tells. barrier: values are made once, at the price that a sharded collection is added up in one place';

CREATE FUNCTION mongo_internal.summary(foreign_table regclass, pipeline json) RETURNS json
    AS 'MODULE_PATHNAME', 'mongo_summary' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.summary(regclass, json) IS 'The only document of a pipeline over the collection of a foreign table, as canonical Extended JSON; NULL for none. Read by a majority, texts compared by their bytes';

CREATE TYPE mongo_internal.totals_column AS (name name, source_column name, kind text, plain text, value text, reason text);
COMMENT ON TYPE mongo_internal.totals_column IS 'A column of a target and what is added up of it: plain is what stored values must be to be added up as they are; value is SQL over t as the source has it; without a kind the reason says why nothing is';

-- The value of a target column as MongoDB shows it; NULL where no operator gives it.
CREATE FUNCTION mongo_internal.totals_value(c mongo.plan_column, target regclass) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).source_type ~ '\.objectid$' THEN
                CASE WHEN a.type LIKE 'text%' OR a.type LIKE '%objectid' THEN format('t.%I::text', ($1).name) WHEN a.type = 'uuid' THEN format('mongo.uuid_to_objectid(t.%I)::text', ($1).name)
                     WHEN a.type = 'bytea' THEN format('encode(t.%I, ''hex'')', ($1).name) END
                WHEN ($1).source_type ~ '\.objectid\[\]$' OR regexp_replace(a.type, '\(.*$', '') = regexp_replace(mongo_internal.type_name(mongo_internal.read_type($1)), '\(.*$', '') THEN format('t.%I', ($1).name) END
      FROM (SELECT mongo_internal.attribute_type($2, ($1).name) AS type) AS a
$$;
COMMENT ON FUNCTION mongo_internal.totals_value(mongo.plan_column, regclass) IS 'SQL over t for a target column''s value as the source has it; NULL where it is converted';

CREATE FUNCTION mongo_internal.totals_reason(c mongo.plan_column, target regclass) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).expression IS NOT NULL THEN 'it has an expression'
                WHEN ($1).role = 'rest' THEN 'it holds what other columns leave'
                WHEN ($1).source_column IS NULL OR ($1).source_column IN ('__key', '__name', '__names', '__ords') THEN 'it is made of more than a value'
                WHEN mongo_internal.takes_any_value($1) OR mongo_internal.read_type($1) LIKE 'json%' THEN 'values of several types are not added up'
                WHEN (mongo_internal.key_table($1)).key = 'bigint' AND ($1).role <> 'legacy' THEN 'its values are numbers of the target''s own'
                WHEN ($1).role <> 'ord' AND mongo_internal.totals_value($1, $2) IS NULL THEN format('it is converted from %s to %s', mongo_internal.read_type($1), mongo_internal.attribute_type($2, ($1).name)) END
$$;
COMMENT ON FUNCTION mongo_internal.totals_reason(mongo.plan_column, regclass) IS 'Why a column is not added up; NULL where it may be';

-- The columns of a table; those that the target makes by itself are none.
CREATE FUNCTION mongo_internal.totals_columns(p mongo.plan, t mongo.plan_table) RETURNS mongo_internal.totals_column[] LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := mongo_internal.target_of(p, t);
    columns mongo_internal.totals_column[];
    asked name[];
    told record;
    plain text[];
    n integer := 0;
BEGIN
    SELECT array_agg(ROW(c.name, c.source_column, NULL, NULL, CASE c.role WHEN 'ord' THEN format('t.%I', c.name) ELSE mongo_internal.totals_value(c, target) END, mongo_internal.totals_reason(c, target))::mongo_internal.totals_column ORDER BY c.position)
      INTO columns FROM mongo.plan_column AS c WHERE c.plan = t.plan AND c.table_name = t.name AND c.enabled AND c.name = ANY (mongo_internal.loaded_columns(t));
    asked := ARRAY(SELECT u.source_column FROM unnest(columns) WITH ORDINALITY AS u WHERE u.reason IS NULL ORDER BY u.ordinality);
    told := mongo_internal.totals_stages(mongo_internal.source_of(p, t), asked, false, false);
    plain := (mongo_internal.totals_stages(mongo_internal.source_of(p, t), asked, true, false)).kinds;
    FOR i IN 1..cardinality(columns) LOOP
        CONTINUE WHEN columns[i].reason IS NOT NULL;
        n := n + 1;
        columns[i].kind := CASE WHEN told.kinds[n] = 'text' AND mongo_internal.attribute_type(target, columns[i].name) LIKE 'character(%' THEN 'count' ELSE told.kinds[n] END;
        columns[i].plain := plain[n];
        columns[i].reason := CASE WHEN told.stages IS NULL THEN 'the server cannot make the rows of arrays inside of others, of maps or below a path' WHEN columns[i].kind IS NULL THEN 'the server cannot tell which values fit its type' END;
    END LOOP;
    RETURN columns;
END $$;
COMMENT ON FUNCTION mongo_internal.totals_columns(mongo.plan, mongo.plan_table) IS 'The columns of a target table with what is added up of each';

-- Figures: p values, l the least, g the greatest, s the sum, m the sum of magnitudes, b bytes, t how many are true.
CREATE FUNCTION mongo_internal.figures_of_kind(kind text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE $1 WHEN 'number' THEN '{p,l,g,s}' WHEN 'date' THEN '{p,l,g,s}' WHEN 'float' THEN '{p,l,g,s,m}' WHEN 'text' THEN '{p,l,g,b}' WHEN 'bytes' THEN '{p,b}'
                   WHEN 'bool' THEN '{p,t}' WHEN 'id' THEN '{p,l,g}' WHEN 'count' THEN '{p}' END::text[]
$$;
COMMENT ON FUNCTION mongo_internal.figures_of_kind(text) IS 'What is told of a kind of column';

CREATE FUNCTION mongo_internal.figure_name(figure text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE $1 WHEN 'p' THEN 'values' WHEN 'l' THEN 'least' WHEN 'g' THEN 'greatest' WHEN 's' THEN 'sum' WHEN 'm' THEN 'sum of magnitudes' WHEN 'b' THEN 'bytes' WHEN 't' THEN 'true' END
$$;
COMMENT ON FUNCTION mongo_internal.figure_name(text) IS 'A figure in words';

-- The same by PostgreSQL. Uuids have no least before PostgreSQL 18: their digits have.
CREATE FUNCTION mongo_internal.figure_sql(kind text, figure text, value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE $2 WHEN 'p' THEN format('count(%s)', $3) WHEN 'b' THEN format('coalesce(sum(octet_length(%s)), 0)', $3) WHEN 't' THEN format('count(*) FILTER (WHERE %s)', $3)
                   WHEN 'l' THEN format('min(%s)', v.sql) WHEN 'g' THEN format('max(%s)', v.sql) WHEN 's' THEN format('coalesce(sum(%s), 0)', v.sql) WHEN 'm' THEN format('coalesce(sum(abs(%s)), 0)', v.sql) END
      FROM (SELECT CASE $1 WHEN 'number' THEN format('nullif(%s::numeric, ''NaN'')', $3) WHEN 'float' THEN format('nullif(%s::float8, ''NaN'')', $3)
                           WHEN 'date' THEN format('(extract(epoch FROM %s) * 1000)', $3) WHEN 'id' THEN format('replace(%s::text, ''-'', '''') COLLATE "C"', $3) ELSE format('%s::text COLLATE "C"', $3) END AS sql) AS v
$$;
COMMENT ON FUNCTION mongo_internal.figure_sql(text, text, text) IS 'SQL for a figure of a column''s values';

-- What MongoDB said, as text.
CREATE FUNCTION mongo_internal.figure_text(figure jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN jsonb_typeof($1) = 'object' AND $1 ? '$binary' THEN encode(decode($1 #>> '{$binary,base64}', 'base64'), 'hex')
                WHEN jsonb_typeof($1) = 'object' AND $1 ? '$date' THEN coalesce($1 #>> '{$date,$numberLong}', $1 ->> '$date')
                WHEN jsonb_typeof($1) = 'object' AND $1 ? '$uuid' THEN replace($1 ->> '$uuid', '-', '')
                WHEN jsonb_typeof($1) = 'object' THEN (SELECT e.value FROM jsonb_each_text($1) AS e LIMIT 1) ELSE $1 #>> '{}' END
$$;
COMMENT ON FUNCTION mongo_internal.figure_text(jsonb) IS 'A figure as MongoDB sends it, canonical Extended JSON, as text';

-- Sums of doubles depend on the order of their terms.
CREATE FUNCTION mongo_internal.same_figure(kind text, figure text, a text, b text, magnitude text, narrow boolean, tolerance double precision, count bigint) RETURNS boolean LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $3 IS NULL OR $4 IS NULL THEN $3 IS NOT DISTINCT FROM $4
                WHEN $2 IN ('p', 'b', 't') THEN $3::numeric = $4::numeric
                -- PostgreSQL adds doubles one by one.
                WHEN $1 = 'float' AND $2 = 's' THEN $3::float8 = $4::float8 OR abs($3::float8 - $4::float8) <= greatest(greatest(CASE WHEN $6 THEN 1e-6 ELSE 1e-12 END, 1.2e-16 * $8) * greatest($5::float8, abs($3::float8)), t.allowed * $8)
                WHEN $1 = 'float' AND $6 THEN $3::float8::float4 = $4::float8::float4 OR abs($3::float8 - $4::float8) <= t.allowed
                WHEN $1 = 'float' THEN $3::float8 = $4::float8 OR abs($3::float8 - $4::float8) <= t.allowed
                -- MongoDB's decimals have 34 digits.
                WHEN $1 IN ('number', 'date') THEN $3::numeric = $4::numeric OR abs($3::numeric - $4::numeric) <= t.allowed::numeric * CASE $2 WHEN 's' THEN $8 ELSE 1 END
                     OR ($2 = 's' AND length(regexp_replace($4, '[^0-9]', '', 'g')) > 34 AND abs($3::numeric - $4::numeric) <= abs($4::numeric) * 1e-33 * $8)
                ELSE $3 = $4 END
      FROM (SELECT coalesce($7, 0) AS allowed) AS t
$$;
COMMENT ON FUNCTION mongo_internal.same_figure(text, text, text, text, text, boolean, double precision, bigint) IS 'Whether a figure is the same on both sides; narrow: of floats of four bytes';

-- Rows of a target with the key of their document.
CREATE FUNCTION mongo_internal.target_from(p mongo.plan, t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%I.%I AS t', ($1).target_schema, ($2).name)
        || CASE WHEN ($2).parent IS NULL THEN '' ELSE format(' JOIN %I.%I AS r ON r.%I = t.%I', ($1).target_schema, (mongo_internal.root_of($2)).name, (mongo_internal.key_columns(mongo_internal.root_of($2)))[1], (mongo_internal.key_columns($2))[1]) END
$$;
COMMENT ON FUNCTION mongo_internal.target_from(mongo.plan, mongo.plan_table) IS 'SQL for the rows t of a target table, beside the row r of their document where it is another';

CREATE FUNCTION mongo_internal.document_key(t mongo.plan_table) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.row_key(mongo_internal.root_of($1), CASE WHEN ($1).parent IS NULL THEN 't' ELSE 'r' END)
$$;
COMMENT ON FUNCTION mongo_internal.document_key(mongo.plan_table) IS 'SQL over the rows of target_from for the key of the document';

-- Figures by the target: of rows whose document has a key in a range and is not among some, for each of the ranges that
-- bounds cut from it (0: below the first one).
CREATE FUNCTION mongo_internal.target_totals(p mongo.plan, t mongo.plan_table, columns mongo_internal.totals_column[], lower bytea, upper bytea, without bytea[], bounds bytea[] DEFAULT '{}') RETURNS jsonb[] LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    key text := mongo_internal.document_key(t);
    partly boolean := lower IS NOT NULL OR upper IS NOT NULL OR cardinality(without) > 0 OR cardinality(bounds) > 0;
    figures text;
    parts jsonb[];
    part jsonb;
    totals jsonb[] := array_fill('{"n": 0}'::jsonb, ARRAY[cardinality(bounds) + 1]);
BEGIN
    FOR first_column IN 1..greatest(cardinality(columns), 1) BY 200 LOOP
        SELECT string_agg(format(', %s AS %I', mongo_internal.figure_sql(c.kind, f, c.value), f || (c.ordinality - 1)), '' ORDER BY c.ordinality, f) INTO figures
          FROM unnest(columns) WITH ORDINALITY AS c (name, source_column, kind, plain, value, reason, ordinality), unnest(mongo_internal.figures_of_kind(c.kind)) AS f WHERE c.ordinality BETWEEN first_column AND first_column + 199;
        -- No loop over the query: a cursor has no parallel workers.
        EXECUTE format('SELECT array_agg(to_jsonb(x)) FROM (SELECT %s AS bucket, count(*) AS n%s FROM %s%s) AS x', CASE WHEN cardinality(bounds) > 0 THEN 'coalesce(width_bucket(t.__document_key, $4), 0)' ELSE '0' END, figures,
                       -- The key of a row is made once.
                       CASE WHEN partly THEN format('(SELECT t.*, %s AS __document_key FROM %s OFFSET 0) AS t', key, mongo_internal.target_from(p, t)) ELSE format('%I.%I AS t', p.target_schema, t.name) END,
                       CASE WHEN partly THEN ' WHERE ($1 IS NULL OR t.__document_key >= $1) AND (t.__document_key < $2 OR $2 IS NULL OR (t.__document_key IS NULL AND $1 IS NULL)) AND (t.__document_key = ANY ($3)) IS NOT TRUE' ELSE '' END || CASE WHEN cardinality(bounds) > 0 THEN ' GROUP BY 1' ELSE '' END)
           INTO parts USING lower, upper, without, bounds;
        FOREACH part IN ARRAY coalesce(parts, '{}') LOOP
            totals[(part ->> 'bucket')::integer + 1] := totals[(part ->> 'bucket')::integer + 1] || part;
        END LOOP;
    END LOOP;
    RETURN totals;
END $$;
COMMENT ON FUNCTION mongo_internal.target_totals(mongo.plan, mongo.plan_table, mongo_internal.totals_column[], bytea, bytea, bytea[], bytea[]) IS 'Figures of columns of a target table, of a range of documents cut by bounds';

CREATE FUNCTION mongo_internal.joined_stages(VARIADIC parts json[]) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(json_agg(s.stage ORDER BY u.o, s.o), '[]') FROM unnest($1) WITH ORDINALITY AS u (part, o), json_array_elements(u.part) WITH ORDINALITY AS s (stage, o)
$$;
COMMENT ON FUNCTION mongo_internal.joined_stages(json[]) IS 'Arrays of stages as one; NULLs are none';

-- Documents of a plan's table: those of its filter, in a range of keys, without some.
CREATE FUNCTION mongo_internal.match_stages(t mongo.plan_table, lower bytea, upper bytea, without bytea[]) RETURNS json LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.joined_stages(
        CASE WHEN (mongo_internal.root_of($1)).source_filter IS NOT NULL THEN json_build_array(json_build_object('$match', (mongo_internal.root_of($1)).source_filter)) END,
        CASE WHEN $2 IS NOT NULL OR $3 IS NOT NULL THEN json_build_array(json_build_object('$match', mongo.bson_to_json(mongo_internal.key_filter($2, $3)))) END,
        CASE WHEN cardinality($4) > 0 THEN json_build_array(json_build_object('$match', json_build_object('_id', json_build_object('$nin', (SELECT json_agg(mongo.id_of_key(k)) FROM unnest($4) AS k))))) END)
$$;
COMMENT ON FUNCTION mongo_internal.match_stages(mongo.plan_table, bytea, bytea, bytea[]) IS 'Stages that choose documents';

-- What a pipeline says of some columns: their figures under the numbers that they have among all.
CREATE FUNCTION mongo_internal.asked_totals(p mongo.plan, t mongo.plan_table, columns mongo_internal.totals_column[], numbers integer[], plain boolean, matching json) RETURNS jsonb LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    barrier boolean := NOT plain AND (mongo_internal.server_reply(p.server, 'hello') ->> 'msg') IS DISTINCT FROM 'isdbgrid';
    stages json := (mongo_internal.totals_stages(mongo_internal.source_of(p, t), ARRAY(SELECT columns[n + 1].source_column FROM unnest(numbers) WITH ORDINALITY AS u (n, o) ORDER BY o), plain, barrier)).stages;
    reply jsonb := mongo_internal.summary(mongo_internal.source_of(p, t), mongo_internal.joined_stages(matching, coalesce(stages, mongo_internal.element_stages(t))))::jsonb;
BEGIN
    RETURN coalesce((SELECT jsonb_object_agg(CASE WHEN e.key ~ '[0-9]$' THEN left(e.key, 1) || numbers[substr(e.key, 2)::integer + 1] ELSE e.key END, e.value) FROM jsonb_each(reply) AS e WHERE e.key <> '_id'), '{"n": 0}');
END $$;
COMMENT ON FUNCTION mongo_internal.asked_totals(mongo.plan, mongo.plan_table, mongo_internal.totals_column[], integer[], boolean, json) IS 'Figures of some columns of a table by MongoDB';

-- Whether plain figures are those of the column: types sort one after another, so that the ends tell of all values, but for
-- numbers, whose sum is of the widest type; 2^40 stands for what no end tells of.
CREATE FUNCTION mongo_internal.plain_figures_tell(plain_kind text, number integer, figures jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.p = 0 OR coalesce(CASE
               WHEN $1 = 'ord' THEN true
               WHEN $1 IN ('bool', 'bytes') THEN f.p < 1099511627776
               WHEN $1 = 'id' THEN f.l ? '$oid' AND f.g ? '$oid'
               WHEN $1 = 'text' THEN jsonb_typeof(f.l) = 'string' AND jsonb_typeof(f.g) = 'string' AND mongo_internal.figure_text($3 -> ('b' || $2))::numeric < 1099511627776
               WHEN $1 = 'date' THEN f.l ? '$date' AND f.g ? '$date' AND mongo_internal.figure_text(f.l)::numeric >= -62135596800000 AND mongo_internal.figure_text(f.g)::numeric < 253402300800000
               WHEN NOT (f.l ?| n.types AND f.g ?| n.types) OR 'NaN' IN (mongo_internal.figure_text(f.l), mongo_internal.figure_text(f.g), mongo_internal.figure_text(f.s)) THEN false
               WHEN $1 = 'int4' THEN f.s ?| '{$numberInt,$numberLong}' AND mongo_internal.figure_text(f.l)::numeric >= -2147483648 AND mongo_internal.figure_text(f.g)::numeric <= 2147483647
               WHEN $1 = 'int8' THEN f.s ?| '{$numberInt,$numberLong}'
               WHEN $1 = 'numeric' THEN NOT f.s ? '$numberDouble'
               WHEN $1 = 'float8' THEN f.s ? '$numberDouble' END, false)
      FROM (SELECT mongo_internal.figure_text($3 -> ('p' || $2))::numeric AS p, $3 -> ('l' || $2) AS l, $3 -> ('g' || $2) AS g, $3 -> ('s' || $2) AS s) AS f, (SELECT '{$numberInt,$numberLong,$numberDouble,$numberDecimal}'::text[] AS types) AS n
$$;
COMMENT ON FUNCTION mongo_internal.plain_figures_tell(text, integer, jsonb) IS 'Whether figures of stored values are those of a column';

-- Of columns with values of many types, and where an operator is not known: the one that fails is told alone, as e.
CREATE FUNCTION mongo_internal.guarded_totals(p mongo.plan, t mongo.plan_table, columns mongo_internal.totals_column[], numbers integer[], matching json) RETURNS jsonb LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    half integer := cardinality(numbers) / 2;
BEGIN
    BEGIN
        RETURN mongo_internal.asked_totals(p, t, columns, numbers, false, matching);
    EXCEPTION WHEN fdw_error OR feature_not_supported OR data_exception THEN
        IF half = 0 THEN
            RETURN jsonb_build_object('e' || numbers[1], SQLERRM);
        END IF;
    END;
    RETURN mongo_internal.guarded_totals(p, t, columns, numbers[1:half], matching) || mongo_internal.guarded_totals(p, t, columns, numbers[half + 1:], matching);
END $$;
COMMENT ON FUNCTION mongo_internal.guarded_totals(mongo.plan, mongo.plan_table, mongo_internal.totals_column[], integer[], json) IS 'Figures of columns by MongoDB, each value as the type matrix reads it';

-- Stored values are added up first; what they do not tell is asked again.
CREATE FUNCTION mongo_internal.source_totals(p mongo.plan, t mongo.plan_table, columns mongo_internal.totals_column[], lower bytea, upper bytea, without bytea[]) RETURNS jsonb LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    matching json := mongo_internal.match_stages(t, lower, upper, without);
    numbers integer[] := ARRAY(SELECT i - 1 FROM generate_subscripts(columns, 1) AS i WHERE columns[i].plain IS NOT NULL ORDER BY i);
    figures jsonb := '{}';
    others integer[];
BEGIN
    BEGIN
        figures := mongo_internal.asked_totals(p, t, columns, numbers, true, matching);
    EXCEPTION WHEN fdw_error OR feature_not_supported OR data_exception THEN
        numbers := '{}';
    END;
    others := ARRAY(SELECT i - 1 FROM generate_subscripts(columns, 1) AS i WHERE NOT (i - 1 = ANY (numbers) AND (figures -> 'n' = '0' OR mongo_internal.plain_figures_tell(columns[i].plain, i - 1, figures))) ORDER BY i);
    IF cardinality(others) > 0 AND (figures ->> 'n') IS DISTINCT FROM '0' THEN
        figures := figures || mongo_internal.guarded_totals(p, t, columns, others, matching);
    END IF;
    IF NOT figures ? 'n' THEN
        figures := figures || mongo_internal.asked_totals(p, t, columns, '{}', true, matching);
    END IF;
    RETURN figures;
END $$;
COMMENT ON FUNCTION mongo_internal.source_totals(mongo.plan, mongo.plan_table, mongo_internal.totals_column[], bytea, bytea, bytea[]) IS 'Figures of columns of a table by MongoDB, of a range of documents without some; e: why those of a column are not known';
