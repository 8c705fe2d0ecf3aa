-- Differences row by row: level 3 and 4 of the checks, and mongo.diff.

CREATE TYPE mongo_internal.difference AS (kind text, row_key text, document_key bytea, column_name text, source_value text, target_value text, expected boolean);
COMMENT ON TYPE mongo_internal.difference IS 'A row that one side does not have, or a value that differs; expected: a load refused it';

-- Differences of some documents alone, read by a majority of the primary.
CREATE FUNCTION mongo_internal.differences_of(p mongo.plan, t mongo.plan_table, keys bytea[]) RETURNS SETOF mongo_internal.difference LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET jit = off SET random_page_cost = 1.1 AS $$
DECLARE
    statement text := mongo_internal.compare_sql(p, t, true);
    documents bytea[] := keys;
BEGIN
    IF t.query IS NULL THEN
        documents := ARRAY(SELECT d FROM mongo_internal.read_documents_of_keys(mongo_internal.source_of(p, t), keys) AS r, unnest(r) AS d);
    END IF;
    RETURN QUERY EXECUTE statement USING documents, NULL::bytea, NULL::bytea, keys;
END $$;
COMMENT ON FUNCTION mongo_internal.differences_of(mongo.plan, mongo.plan_table, bytea[]) IS 'Differences of the rows of some documents';

-- Looks again until nothing differs, or has at every look for so many seconds: others may be writing.
CREATE FUNCTION mongo_internal.settled(p mongo.plan, t mongo.plan_table, differences mongo_internal.difference[], settle double precision) RETURNS mongo_internal.difference[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => settle);
BEGIN
    WHILE cardinality(differences) > 0 AND clock_timestamp() < until LOOP
        PERFORM pg_sleep(greatest(least(settle / 10, 1), 0.05));
        differences := ARRAY(SELECT n FROM mongo_internal.differences_of(p, t, ARRAY(SELECT DISTINCT d.document_key FROM unnest(differences) AS d)) AS n
                              JOIN unnest(differences) AS d ON d.kind = n.kind AND d.row_key = n.row_key AND d.column_name IS NOT DISTINCT FROM n.column_name WHERE NOT n.expected);
    END LOOP;
    RETURN differences;
END $$;
COMMENT ON FUNCTION mongo_internal.settled(mongo.plan, mongo.plan_table, mongo_internal.difference[], double precision) IS 'Those of some differences that stay for so many seconds';

CREATE FUNCTION mongo_internal.check_comparable(t mongo.plan_table) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (mongo_internal.root_of(t)).key = 'none' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('rows of "%s" cannot be found again: they have no key of their document', t.name),
            HINT = 'Levels 0 and 1 of mongo.validate compare them as a whole.';
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_comparable(mongo.plan_table) IS 'Raises 0A000 for a table whose rows have no key';

-- Level 3: each row of the source query beside that of the target. Up to 10,000 documents that differ are looked at again.
CREATE FUNCTION mongo_internal.check_values(p mongo.plan, t mongo.plan_table, settle double precision) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET jit = off AS $$
DECLARE
    statement text := mongo_internal.compare_sql(p, t, false);
    differences mongo_internal.difference[];
    refused bigint;
BEGIN
    PERFORM mongo_internal.check_comparable(t);
    EXECUTE format('SELECT array_agg(ROW(f.kind, f.row_key, f.document_key, f.column_name, left(f.source_value, 200), left(f.target_value, 200), f.expected)::mongo_internal.difference) FILTER (WHERE NOT f.expected AND f.n <= 100000), count(DISTINCT f.row_key) FILTER (WHERE f.expected) FROM (SELECT d.*, row_number() OVER (PARTITION BY d.expected) AS n FROM (%s) AS d) AS f', statement)
       INTO differences, refused;
    differences := coalesce(differences, '{}');
    IF settle > 0 AND cardinality(differences) BETWEEN 1 AND 10000 THEN
        differences := mongo_internal.settled(p, t, ARRAY(SELECT f FROM unnest(differences) AS f WHERE f.document_key IS NOT NULL), settle) || ARRAY(SELECT f FROM unnest(differences) AS f WHERE f.document_key IS NULL);
    END IF;
    RETURN QUERY
    SELECT f.column_name::name, 'fail', CASE f.kind WHEN 'extra' THEN 'not there' ELSE min(f.source_value) END, CASE f.kind WHEN 'missing' THEN 'not there' ELSE min(f.target_value) END,
           CASE WHEN cardinality(differences) >= 100000 THEN 'at least ' ELSE '' END || CASE f.kind WHEN 'missing' THEN mongo_internal.counted(count(*), 'row') || ' missing' WHEN 'extra' THEN mongo_internal.counted(count(*), 'row') || ' too many' ELSE mongo_internal.counted(count(*), 'value') || ' different' END,
           (array_agg(f.row_key ORDER BY f.row_key))[1:10], CASE WHEN row_number() OVER () = 1 THEN statement END
      FROM unnest(differences) AS f GROUP BY f.kind, f.column_name ORDER BY f.kind, f.column_name;
    IF NOT FOUND OR refused > 0 THEN
        RETURN NEXT mongo_internal.found(NULL, 'ok', NULL, NULL, CASE WHEN refused > 0 THEN mongo_internal.counted(refused, 'row') || ' refused by a load' END, NULL, statement);
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_values(mongo.plan, mongo.plan_table, double precision) IS 'Whether each row of a table is that of the source query';

-- References whose row is not there; the rows of child tables count as references to their parents.
CREATE FUNCTION mongo_internal.plan_references(p mongo.plan) RETURNS TABLE (table_name name, columns name[], target_table name, target_columns name[]) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.name, (mongo_internal.key_columns(t))[1:cardinality(mongo_internal.key_columns(u))], u.name, mongo_internal.key_columns(u)
      FROM mongo.plan_table AS t JOIN mongo.plan_table AS u ON u.plan = t.plan AND u.name = t.parent WHERE t.plan = ($1).plan AND t.enabled AND u.enabled
    UNION ALL
    SELECT k.table_name, k.columns, k.target_table, mongo_internal.key_columns(u)
      FROM mongo.plan_foreign_key AS k JOIN mongo.plan_table AS t ON t.plan = k.plan AND t.name = k.table_name JOIN mongo.plan_table AS u ON u.plan = k.plan AND u.name = k.target_table
     WHERE k.plan = ($1).plan AND t.enabled AND u.enabled
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION mongo_internal.plan_references(mongo.plan) IS 'The references between the target tables of a plan, whether they are constraints or not';

CREATE TYPE mongo_internal.reference_count AS (table_name name, columns name[], target_table name, orphans bigint, sample text[]);
COMMENT ON TYPE mongo_internal.reference_count IS 'How many values of a reference have no row';

CREATE FUNCTION mongo_internal.count_orphans(p mongo.plan, table_name name, columns name[], target_table name, target_columns name[]) RETURNS mongo_internal.reference_count LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    array_of_keys boolean := mongo_internal.attribute_type(format('%I.%I', p.target_schema, table_name)::regclass, columns[1]) LIKE '%[]';
    value text := CASE WHEN array_of_keys THEN 'e.key' ELSE mongo_internal.aliased_list(columns, 't') END;
    r mongo_internal.reference_count := ROW(table_name, columns, target_table, NULL, NULL);
BEGIN
    EXECUTE format('SELECT count(*), (array_agg(DISTINCT o.key))[1:10] FROM (SELECT concat_ws('', '', %1$s) AS key FROM %2$I.%3$I AS t%4$s WHERE num_nulls(%1$s) = 0 AND NOT EXISTS (SELECT FROM %2$I.%5$I AS u WHERE %6$s)) AS o',
                   value, p.target_schema, table_name, CASE WHEN array_of_keys THEN format(', unnest(t.%I) AS e (key)', columns[1]) ELSE '' END, target_table,
                   (SELECT string_agg(format('u.%I = %s', b, CASE WHEN array_of_keys THEN value ELSE format('t.%I', a) END), ' AND ' ORDER BY n) FROM unnest(columns, target_columns) WITH ORDINALITY AS x (a, b, n))) INTO r.orphans, r.sample;
    RETURN r;
END $$;
COMMENT ON FUNCTION mongo_internal.count_orphans(mongo.plan, name, name[], name, name[]) IS 'How many values of a reference have no row';

CREATE FUNCTION mongo.check_references(plan text) RETURNS TABLE (table_name name, columns name[], target_table name, orphans bigint, sample text[]) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.* FROM mongo_internal.check_owner($1) AS p, mongo_internal.plan_references(p) AS f, mongo_internal.count_orphans(p, f.table_name, f.columns, f.target_table, f.target_columns) AS c
$$;
COMMENT ON FUNCTION mongo.check_references(text) IS
    'Every reference between the target tables of a plan, also those without a constraint, and of child tables to their parents: how many values have no row, with some of them. 42501 unless a member of the plan''s owner, 42704 for an unknown plan, 42P01 where a table is not there';

CREATE FUNCTION mongo_internal.check_references_of(p mongo.plan, t mongo.plan_table) RETURNS SETOF mongo_internal.finding LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.columns[1], CASE WHEN r.orphans = 0 THEN 'ok' WHEN k.enabled IS FALSE THEN 'warn' ELSE 'fail' END, 'rows of ' || r.target_table, NULL,
           CASE WHEN r.orphans > 0 THEN format('%s to %s without a row', mongo_internal.counted(r.orphans, 'reference'), r.target_table) END, r.sample, NULL
      FROM mongo_internal.plan_references($1) AS f CROSS JOIN LATERAL mongo_internal.count_orphans($1, f.table_name, f.columns, f.target_table, f.target_columns) AS r
      LEFT JOIN mongo.plan_foreign_key AS k ON k.plan = ($1).plan AND k.table_name = r.table_name AND k.columns = r.columns WHERE f.table_name = ($2).name
$$;
COMMENT ON FUNCTION mongo_internal.check_references_of(mongo.plan, mongo.plan_table) IS 'Whether the references of a table have rows; a warning where the plan has no constraint';

-- Numbers by value, whatever their type.
CREATE FUNCTION mongo_internal.by_value(document jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE jsonb_typeof($1) WHEN 'array' THEN (SELECT coalesce(jsonb_agg(mongo_internal.by_value(e) ORDER BY n), '[]') FROM jsonb_array_elements($1) WITH ORDINALITY AS u (e, n))
                WHEN 'object' THEN CASE WHEN $1 ? '$numberDecimal' AND $1 ->> '$numberDecimal' ~ '^-?[0-9.]+(E[+-]?[0-9]+)?$' THEN to_jsonb(($1 ->> '$numberDecimal')::numeric)
                                        ELSE (SELECT coalesce(jsonb_object_agg(e.key, mongo_internal.by_value(e.value)), '{}') FROM jsonb_each($1) AS e) END
                ELSE $1 END
$$;
COMMENT ON FUNCTION mongo_internal.by_value(jsonb) IS 'JSON in which decimals are numbers as others are';

-- Paths of a topmost table that the document query does not give back, with the reason.
CREATE FUNCTION mongo_internal.paths_without_inverse(t mongo.plan_table) RETURNS TABLE (table_name name, column_name name, path text, reason text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.table_name, c.name, c.path, CASE WHEN c.expression IS NOT NULL AND c.inverse IS NULL THEN 'it has an expression and no inverse' WHEN c.on_misfit = 'null' THEN 'values that do not fit it are dropped' WHEN NOT c.enabled THEN 'it is disabled, and no column keeps its values' WHEN c.tolerance > 0 THEN 'it is compared with a tolerance' ELSE 'NUL characters are stripped' END
      FROM mongo.plan_column AS c JOIN mongo.plan_table AS o ON o.plan = c.plan AND o.name = c.table_name
     WHERE c.plan = ($1).plan AND o.enabled AND (mongo_internal.root_of(o)).name = ($1).name AND c.role = 'field' AND c.path IS NOT NULL
       AND (c.enabled OR NOT EXISTS (SELECT FROM mongo.plan_column AS r WHERE r.plan = c.plan AND r.table_name = c.table_name AND r.role = 'rest' AND r.enabled))
       AND (NOT c.enabled OR mongo_internal.inverse_expression(c, 't') IS NULL OR c.on_misfit = 'null' OR c.nul = 'strip' OR c.tolerance > 0)
$$;
COMMENT ON FUNCTION mongo_internal.paths_without_inverse(mongo.plan_table) IS 'Columns of the tables of a collection whose values the document query does not give back';

-- Documents with other rejects: what was refused is not in the target.
CREATE FUNCTION mongo_internal.documents_with_rejects(t mongo.plan_table) RETURNS bytea[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT j.source_key), '{}') FROM mongo.reject AS j WHERE j.plan = ($1).plan AND j.resolved IS NULL AND j.table_name = ANY ((SELECT mongo_internal.family_names(($1).plan, ($1).name))::name[])
$$;
COMMENT ON FUNCTION mongo_internal.documents_with_rejects(mongo.plan_table) IS 'Keys of documents with rejects in the tables of a collection';

-- A document as JSON to compare: jsonb has no NUL.
CREATE FUNCTION mongo_internal.comparable(document bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.by_value(replace(mongo.bson_to_json($1, 'simple')::text, '\u0000', '\ufffd')::jsonb)
$$;
COMMENT ON FUNCTION mongo_internal.comparable(bytea) IS 'A document of BSON as simple JSON, numbers by value';

-- Keys whose document is not what the target's rows stand for.
CREATE FUNCTION mongo_internal.differing_documents(p mongo.plan, t mongo.plan_table, keys bytea[]) RETURNS bytea[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off SET random_page_cost = 1.1 AS $$
DECLARE
    source regclass := mongo_internal.source_of(p, t);
    documents bytea[] := ARRAY(SELECT d FROM mongo_internal.read_documents_of_keys(source, keys) AS r, unnest(r) AS d);
    keys_left_out text[] := ARRAY(SELECT mongo_internal.path_keys(i.path)::text FROM mongo_internal.paths_without_inverse(t) AS i WHERE i.table_name = t.name);
    stored text := 'mongo_internal.comparable(d.document)';
    made text := format('mongo_internal.comparable(%s)', mongo_internal.document_expression(t, 't'));
    path text;
    differing bytea[];
BEGIN
    FOREACH path IN ARRAY keys_left_out LOOP
        stored := format('mongo_internal.take(%s, %L, true)', stored, path);
        made := format('mongo_internal.take(%s, %L, true)', made, path);
    END LOOP;
    EXECUTE format('WITH stored AS MATERIALIZED (SELECT k.__key, %1$s AS document FROM (SELECT s.__key, row_number() OVER () AS n FROM mongo.rows_of(NULL::%2$s, $1) AS s) AS k JOIN unnest($1) WITH ORDINALITY AS d (document, n) ON d.n = k.n),
                         made AS MATERIALIZED (SELECT %3$s AS __key, %4$s AS document FROM %5$I.%6$I AS t WHERE %3$s = ANY ($2))
                    SELECT array_agg(coalesce(s.__key, q.__key)) FROM stored AS s FULL JOIN made AS q ON q.__key = s.__key WHERE s.document IS DISTINCT FROM q.document',
                   stored, source, mongo_internal.row_key(t, 't'), made, p.target_schema, t.name)
       INTO differing USING documents, keys;
    RETURN coalesce(differing, '{}');
END $$;
COMMENT ON FUNCTION mongo_internal.differing_documents(mongo.plan, mongo.plan_table, bytea[]) IS 'Those of some documents that the rows of the target do not stand for';

-- Keys of rows of a topmost table: a share of them, at least one where there is one.
CREATE FUNCTION mongo_internal.sampled_keys(p mongo.plan, t mongo.plan_table, fraction double precision) RETURNS bytea[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rows bigint;
    keys bytea[];
BEGIN
    EXECUTE format('SELECT count(*) FROM %I.%I', p.target_schema, t.name) INTO rows;
    EXECUTE format('SELECT array_agg(k.key) FROM (SELECT %s AS key FROM %I.%I AS t ORDER BY CASE WHEN $1 < $2 THEN random() END LIMIT $1) AS k', mongo_internal.row_key(t, 't'), p.target_schema, t.name)
       INTO keys USING ceil(CASE WHEN fraction IS NULL THEN least(rows, 1000) ELSE rows * fraction END)::bigint, rows;
    RETURN coalesce(keys, '{}');
END $$;
COMMENT ON FUNCTION mongo_internal.sampled_keys(mongo.plan, mongo.plan_table, double precision) IS 'Keys of the documents of some rows, up to 1000 without a fraction';

-- Level 4: there and back. Numbers by value, whatever the order of keys.
CREATE FUNCTION mongo_internal.check_documents(p mongo.plan, t mongo.plan_table, fraction double precision, settle double precision) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    i record;
    keys bytea[];
    differing bytea[] := '{}';
    until timestamptz;
BEGIN
    PERFORM mongo_internal.check_comparable(t);
    FOR i IN SELECT * FROM mongo_internal.paths_without_inverse(t) ORDER BY 1, 2 LOOP
        RETURN NEXT mongo_internal.found(i.column_name, 'skip', NULL, NULL, CASE WHEN i.table_name = t.name THEN i.reason ELSE format('table %s: %s', i.table_name, i.reason) END, NULL, NULL);
        IF i.table_name <> t.name THEN
            RETURN;
        END IF;
    END LOOP;
    keys := ARRAY(SELECT k FROM unnest(mongo_internal.sampled_keys(p, t, fraction)) AS k EXCEPT SELECT j FROM unnest(mongo_internal.documents_with_rejects(t)) AS j ORDER BY 1);
    FOR n IN 1..cardinality(keys) BY 1000 LOOP
        differing := differing || mongo_internal.differing_documents(p, t, keys[n:n + 999]);
    END LOOP;
    until := clock_timestamp() + make_interval(secs => settle);
    WHILE cardinality(differing) BETWEEN 1 AND 1000 AND clock_timestamp() < until LOOP
        PERFORM pg_sleep(greatest(least(settle / 10, 1), 0.05));
        differing := mongo_internal.differing_documents(p, t, differing);
    END LOOP;
    RETURN NEXT mongo_internal.found(NULL, CASE WHEN differing = '{}' THEN 'ok' ELSE 'fail' END, mongo_internal.counted(cardinality(keys), 'document'), NULL, CASE WHEN differing <> '{}' THEN mongo_internal.counted(cardinality(differing), 'document') || ' different from what the rows stand for' END,
                    (SELECT array_agg(mongo.id_of_key(d)::text ORDER BY d) FROM unnest(differing[1:10]) AS d), mongo.document_query(t.plan, t.name));
END $$;
COMMENT ON FUNCTION mongo_internal.check_documents(mongo.plan, mongo.plan_table, double precision, double precision) IS 'Whether documents are what the rows of the target stand for';
