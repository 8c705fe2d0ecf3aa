-- Level 2: totals by ranges of keys, cut into smaller ones until few documents are left that differ. No document but those
-- comes here.

CREATE TYPE mongo_internal.key_range AS (lower bytea, upper bytea, documents bigint, columns text[], keys bytea[]);
COMMENT ON TYPE mongo_internal.key_range IS 'Keys from lower on and below upper (NULL: open), of so many documents; columns that differ in it, an empty name for the number of rows, and documents that do (NULL: not known)';

CREATE TYPE mongo_internal.summed_table AS (p mongo.plan, t mongo.plan_table, columns mongo_internal.totals_column[], without bytea[]);
COMMENT ON TYPE mongo_internal.summed_table IS 'A table, what is added up of it, and the documents that are left out';

CREATE FUNCTION mongo_internal.summed_table(p mongo.plan, t mongo.plan_table) RETURNS mongo_internal.summed_table LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF t.query IS NOT NULL OR t.subdocument IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('rows of "%s" are not added up', t.name), DETAIL = CASE WHEN t.query IS NOT NULL THEN 'The table has a query of its own.' ELSE 'Its values are those of the table above.' END;
    END IF;
    PERFORM mongo_internal.check_comparable(t);
    RETURN ROW(p, t, ARRAY(SELECT u FROM unnest(mongo_internal.totals_columns(p, t)) AS u WHERE u.reason IS NULL), mongo_internal.checked_documents(mongo_internal.refused_documents(t, true)))::mongo_internal.summed_table;
END $$;
COMMENT ON FUNCTION mongo_internal.summed_table(mongo.plan, mongo.plan_table) IS 'What is added up of a table; 0A000 where nothing can be';

-- Whether figures differ that the server is sure of.
CREATE FUNCTION mongo_internal.totals_differ(s mongo_internal.summed_table, source jsonb, target jsonb) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.figure_text($2 -> 'n')::numeric IS DISTINCT FROM ($3 ->> 'n')::numeric OR EXISTS (SELECT FROM mongo_internal.compare_totals(($1).t, ($1).columns, $2, $3) AS f WHERE f.status = 'fail')
$$;
COMMENT ON FUNCTION mongo_internal.totals_differ(mongo_internal.summed_table, jsonb, jsonb) IS 'Whether the figures of a range differ';

-- At most sixteen parts of about as many documents each.
CREATE FUNCTION mongo_internal.cut_range(s mongo_internal.summed_table, r mongo_internal.key_range) RETURNS bytea[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    source regclass := mongo_internal.source_of(s.p, s.t);
    places bigint := greatest((r.documents + 15) / 16, 1);
    bounds bytea[] := '{}';
    bound bytea := r.lower;
BEGIN
    FOR n IN 1..15 LOOP
        bound := mongo_internal.next_key(source, bound, places);
        EXIT WHEN bound IS NULL OR bound >= r.upper;
        bounds := bounds || bound;
    END LOOP;
    RETURN bounds;
END $$;
COMMENT ON FUNCTION mongo_internal.cut_range(mongo_internal.summed_table, mongo_internal.key_range) IS 'Bounds that cut a range into parts';

CREATE FUNCTION mongo_internal.differing_parts(s mongo_internal.summed_table, r mongo_internal.key_range) RETURNS SETOF mongo_internal.key_range LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bounds bytea[] := mongo_internal.cut_range(s, r);
    target jsonb[] := mongo_internal.target_totals(s.p, s.t, s.columns, r.lower, r.upper, s.without, bounds);
    lower bytea;
    upper bytea;
BEGIN
    FOR i IN 0..cardinality(bounds) LOOP
        lower := CASE i WHEN 0 THEN r.lower ELSE bounds[i] END;
        upper := CASE i WHEN cardinality(bounds) THEN r.upper ELSE bounds[i + 1] END;
        IF mongo_internal.totals_differ(s, mongo_internal.source_totals(s.p, s.t, s.columns, lower, upper, s.without), target[i + 1]) THEN
            RETURN NEXT ROW(lower, upper, (r.documents + 15) / 16, NULL, NULL)::mongo_internal.key_range;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.differing_parts(mongo_internal.summed_table, mongo_internal.key_range) IS 'Parts of a range whose figures differ';

-- Ranges of a document that differ, at most so many of them. They are cut before any source_filter.
CREATE FUNCTION mongo_internal.differing_ranges(s mongo_internal.summed_table, most integer) RETURNS mongo_internal.key_range[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    open mongo_internal.key_range[] := ARRAY[ROW(NULL, NULL, greatest(mongo_internal.counted_by_server(s.p, s.t, '[{"$count": "n"}]'), 2), NULL, NULL)::mongo_internal.key_range];
    found_ranges mongo_internal.key_range[] := '{}';
    r mongo_internal.key_range;
BEGIN
    WHILE cardinality(open) > 0 AND cardinality(found_ranges) < most LOOP
        r := open[1];
        open := open[2:];
        IF r.documents > 1 THEN
            open := ARRAY(SELECT d FROM mongo_internal.differing_parts(s, r) AS d) || open;
        ELSE
            found_ranges := found_ranges || r;
        END IF;
    END LOOP;
    RETURN found_ranges;
END $$;
COMMENT ON FUNCTION mongo_internal.differing_ranges(mongo_internal.summed_table, integer) IS 'Ranges of keys of a document each whose figures differ';

-- Documents of a small range that differ: those that one side alone has, and the others where the figures differ without them.
CREATE FUNCTION mongo_internal.differing_keys(s mongo_internal.summed_table, r mongo_internal.key_range, source jsonb) RETURNS bytea[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    root mongo.plan_table := mongo_internal.root_of(s.t);
    here bytea[];
    there bytea[];
    missing bytea[];
    extra bytea[];
    rest jsonb;
BEGIN
    EXECUTE format('SELECT array_agg(s.__key) FROM %I.%I AS s WHERE true%s%s', (s.p).source_schema, root.source_name,
                   CASE WHEN r.lower IS NOT NULL THEN format(' AND s.__key >= %L::bytea', r.lower) ELSE '' END, CASE WHEN r.upper IS NOT NULL THEN format(' AND s.__key < %L::bytea', r.upper) ELSE '' END) INTO here;
    EXECUTE format('SELECT array_agg(DISTINCT %1$s) FROM %2$s WHERE ($1 IS NULL OR %1$s >= $1) AND ($2 IS NULL OR %1$s < $2)', mongo_internal.document_key(root), mongo_internal.target_from(s.p, root)) INTO there USING r.lower, r.upper;
    missing := ARRAY(SELECT k FROM unnest(here) AS k WHERE (k = ANY (there)) IS NOT TRUE AND k <> ALL (s.without));
    extra := ARRAY(SELECT k FROM unnest(there) AS k WHERE (k = ANY (here)) IS NOT TRUE AND k <> ALL (s.without));
    rest := CASE missing WHEN '{}' THEN source ELSE mongo_internal.source_totals(s.p, s.t, s.columns, r.lower, r.upper, s.without || missing) END;
    -- A document without elements has no row that could be missing.
    IF (s.t).parent IS NOT NULL AND mongo_internal.figure_text(rest -> 'n')::numeric = mongo_internal.figure_text(source -> 'n')::numeric THEN
        missing := '{}';
    END IF;
    RETURN missing || extra || CASE WHEN mongo_internal.totals_differ(s, rest, (mongo_internal.target_totals(s.p, s.t, s.columns, r.lower, r.upper, s.without || extra))[1]) THEN ARRAY(SELECT k FROM unnest(here) AS k WHERE k = ANY (there) AND k <> ALL (s.without)) ELSE '{}' END;
END $$;
COMMENT ON FUNCTION mongo_internal.differing_keys(mongo_internal.summed_table, mongo_internal.key_range, jsonb) IS 'Keys of documents of a small range whose figures differ; source: what MongoDB tells of it';

-- What cannot be told just now is not the same.
CREATE FUNCTION mongo_internal.still_differing(s mongo_internal.summed_table, r mongo_internal.key_range) RETURNS mongo_internal.key_range LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    source jsonb := mongo_internal.source_totals(s.p, s.t, s.columns, r.lower, r.upper, s.without);
    target jsonb := (mongo_internal.target_totals(s.p, s.t, s.columns, r.lower, r.upper, s.without))[1];
    columns text[] := ARRAY(SELECT f.column_name::text FROM mongo_internal.compare_totals(s.t, s.columns, source, target) AS f WHERE f.status <> 'ok')
                      || CASE WHEN mongo_internal.figure_text(source -> 'n')::numeric <> (target ->> 'n')::numeric THEN ARRAY[''] ELSE '{}' END;
BEGIN
    r.columns := ARRAY(SELECT d FROM unnest(columns) AS d WHERE r.columns IS NULL OR d = ANY (r.columns));
    r.keys := CASE WHEN r.columns = '{}' THEN '{}' ELSE ARRAY(SELECT k FROM unnest(mongo_internal.differing_keys(s, r, source)) AS k WHERE r.keys IS NULL OR k = ANY (r.keys)) END;
    RETURN r;
END $$;
COMMENT ON FUNCTION mongo_internal.still_differing(mongo_internal.summed_table, mongo_internal.key_range) IS 'A range with the columns whose figures differ, an empty name for the number of rows, and the documents that do: of those that differed before';

-- Ranges with the columns and the documents that differ at every look, for so many seconds: what differs once in one and once in
-- another is being written.
CREATE FUNCTION mongo_internal.standing_ranges(s mongo_internal.summed_table, settle double precision, most integer) RETURNS mongo_internal.key_range[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    ranges mongo_internal.key_range[] := mongo_internal.differing_ranges(s, most);
    until timestamptz := clock_timestamp() + make_interval(secs => settle);
BEGIN
    LOOP
        ranges := ARRAY(SELECT n FROM (SELECT mongo_internal.still_differing(s, r) AS n FROM unnest(ranges) AS r OFFSET 0) AS l WHERE (n).columns <> '{}' AND (n).keys <> '{}');
        EXIT WHEN ranges = '{}' OR clock_timestamp() >= until;
        PERFORM pg_sleep(greatest(least(settle / 10, 1), 0.05));
    END LOOP;
    RETURN ranges;
END $$;
COMMENT ON FUNCTION mongo_internal.standing_ranges(mongo_internal.summed_table, double precision, integer) IS 'Ranges of a document each whose figures differ, and stay so for so many seconds; at most so many of them';

-- Figures of a whole table hardly stand still while others write; those of single documents do. NULL, so that nothing is taken
-- back, where documents do not tell of all rows: too many differ, some were refused, or have no document; and where they could not
-- be looked at.
CREATE FUNCTION mongo_internal.standing_failures(p mongo.plan, t mongo.plan_table, settle double precision) RETURNS text[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    nothing mongo_internal.totals_column[] := '{}';
    ranges mongo_internal.key_range[];
BEGIN
    IF mongo_internal.refused_documents(t, true) <> '{}'
       OR (mongo_internal.target_totals(p, t, nothing, NULL, NULL, '{}'))[1] <> (mongo_internal.target_totals(p, t, nothing, NULL, NULL, ARRAY['\x'::bytea]))[1] THEN
        RETURN NULL;
    END IF;
    ranges := mongo_internal.standing_ranges(mongo_internal.summed_table(p, t), settle, 100);
    RETURN CASE WHEN cardinality(ranges) < 100 THEN ARRAY(SELECT DISTINCT c FROM unnest(ranges) AS r, unnest(r.columns) AS c) END;
EXCEPTION WHEN connection_exception OR fdw_error OR feature_not_supported OR data_exception OR object_not_in_prerequisite_state OR insufficient_resources OR program_limit_exceeded THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mongo_internal.standing_failures(mongo.plan, mongo.plan_table, double precision) IS 'Columns that differ, and stay so for some seconds, in documents of a table; an empty name for the number of rows';

CREATE FUNCTION mongo_internal.bisected(p mongo.plan, t mongo.plan_table, settle double precision, most integer) RETURNS bytea[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    s mongo_internal.summed_table := mongo_internal.summed_table(p, t);
BEGIN
    RETURN ARRAY(SELECT DISTINCT k FROM unnest(mongo_internal.standing_ranges(s, settle, most)) AS r, unnest(r.keys) AS k);
END $$;
COMMENT ON FUNCTION mongo_internal.bisected(mongo.plan, mongo.plan_table, double precision, integer) IS 'Keys of documents whose figures differ and stay so for some seconds';

CREATE FUNCTION mongo_internal.check_ranges(p mongo.plan, t mongo.plan_table, settle double precision) RETURNS SETOF mongo_internal.finding LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys bytea[] := mongo_internal.bisected(p, t, settle, 100);
    others text := (SELECT string_agg(quote_ident(c.name), ', ') FROM unnest(mongo_internal.totals_columns(p, t)) AS c WHERE c.reason IS NOT NULL);
BEGIN
    RETURN NEXT mongo_internal.found(NULL, CASE WHEN keys = '{}' THEN 'ok' ELSE 'fail' END, NULL, NULL, CASE WHEN keys = '{}' THEN 'without ' || others ELSE CASE WHEN cardinality(keys) >= 100 THEN 'at least ' ELSE '' END || mongo_internal.counted(cardinality(keys), 'document') || ' different' END,
                                     (SELECT array_agg(mongo.id_of_key(k)::text ORDER BY k) FROM (SELECT k FROM unnest(keys) AS k ORDER BY k LIMIT 10) AS u), NULL);
END $$;
COMMENT ON FUNCTION mongo_internal.check_ranges(mongo.plan, mongo.plan_table, double precision) IS 'Whether the figures of all ranges of keys of a table are those that MongoDB tells, and which documents differ';
