-- The end of a run: rows that lacked others are tried again, rows whose document is gone are deleted.

CREATE FUNCTION mongo_internal.open_rejects(plan text, run bigint, stages text[]) RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM mongo.reject AS r WHERE r.plan = $1 AND (r.run = $2 OR $2 IS NULL) AND r.resolved IS NULL AND (r.stage = ANY ($3) OR $3 IS NULL)
$$;
COMMENT ON FUNCTION mongo_internal.open_rejects(text, bigint, text[]) IS 'How many rejects are not resolved: of a run, or of all; of some stages, or of all';

CREATE FUNCTION mongo_internal.family_names(plan text, root text) RETURNS name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(t.name) FROM mongo.plan_table AS t WHERE t.plan = $1 AND (mongo_internal.root_of(t)).name = $2
$$;
COMMENT ON FUNCTION mongo_internal.family_names(text, text) IS 'The tables below a topmost table, and itself';

-- The next keys, in the order of their hashes, of documents with rejects.
CREATE FUNCTION mongo_internal.rejected_keys(plan text, root text, run bigint, stages text[], behind bytea, most integer DEFAULT 500) RETURNS bytea[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    SELECT array_agg(k.source_key ORDER BY k.key_hash)
      FROM (SELECT DISTINCT ON (r.key_hash) r.key_hash, r.source_key FROM mongo.reject AS r
             WHERE r.plan = $1 AND r.table_name = ANY ((SELECT mongo_internal.family_names($1, $2))::name[]) AND (r.run = $3 OR $3 IS NULL) AND r.resolved IS NULL
               AND (r.stage = ANY ($4) OR $4 IS NULL) AND r.source_key <> '' AND ($5 IS NULL OR r.key_hash > $5) ORDER BY r.key_hash LIMIT $6) AS k
$$;
COMMENT ON FUNCTION mongo_internal.rejected_keys(text, text, bigint, text[], bytea, integer) IS 'Keys of documents with open rejects';

-- What the rejects of documents were is told anew when they are written. Of documents that are gone nothing is lost, but
-- what stays of them stays a reject.
CREATE FUNCTION mongo_internal.forget_rejects(family mongo_internal.table_load[], keys bytea[], gone boolean DEFAULT false) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE mongo.reject AS r SET resolved = clock_timestamp()
     WHERE r.plan = ($1)[1].plan AND r.table_name = ANY (ARRAY(SELECT f.name FROM unnest($1) AS f)) AND r.resolved IS NULL
       AND r.key_hash = ANY (ARRAY(SELECT sha256(k) FROM unnest($2) AS k)) AND NOT ($3 AND r.stale)
$$;
COMMENT ON FUNCTION mongo_internal.forget_rejects(mongo_internal.table_load[], bytea[], boolean) IS 'Marks the rejects of documents as resolved';

-- The documents of some keys, as a chunk is written.
CREATE FUNCTION mongo_internal.write_keys(family mongo_internal.table_load[], way text, run bigint, keys bytea[]) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off SET random_page_cost = 1.1 AS $$
DECLARE
    pieces CURSOR FOR SELECT mongo_internal.read_documents_of_keys(family[1].source::regclass, write_keys.keys);
    documents bytea[];
    here bytea[];
    there bytea[] := '{}';
    w mongo_internal.written;
BEGIN
    IF EXISTS (SELECT FROM unnest(family) AS f WHERE f.of_query) THEN
        PERFORM mongo_internal.forget_rejects(family, keys);
    END IF;
    w := mongo_internal.write_queries(family, true, way, run, NULL, NULL, keys, NULL);
    OPEN pieces;
    LOOP
        FETCH pieces INTO documents;
        EXIT WHEN documents IS NULL;
        here := ARRAY(SELECT k FROM mongo_internal.keys_of(family[1], documents) AS k);
        there := there || here;
        PERFORM mongo_internal.forget_rejects(family, here);
        w := mongo_internal.both(w, mongo_internal.write_documents(family, way, run, documents, w.parents));
    END LOOP;
    CLOSE pieces;
    w := mongo_internal.both(w, mongo_internal.write_queries(family, false, way, run, NULL, NULL, keys, w.parents));
    PERFORM mongo_internal.forget_rejects(family, ARRAY(SELECT k FROM unnest(keys) AS k WHERE k <> ALL (there)), gone => true);
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.write_keys(mongo_internal.table_load[], text, bigint, bytea[]) IS 'Reads the documents of some keys and writes their rows';

-- Columns of the unique indexes of a target that a load fills.
CREATE FUNCTION mongo_internal.unique_columns(t mongo_internal.table_load) RETURNS SETOF name[] LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT array_agg(a.attname ORDER BY k.o) FROM unnest(i.indkey) WITH ORDINALITY AS k (n, o) JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.n WHERE k.o <= i.indnkeyatts)
      FROM pg_index AS i WHERE i.indrelid = ($1).target::regclass AND i.indisunique AND NOT i.indisprimary AND i.indexprs IS NULL AND i.indpred IS NULL
       AND NOT EXISTS (SELECT FROM unnest(i.indkey) AS k (n) JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.n
                        WHERE a.attname <> ALL (mongo_internal.loaded_columns(mongo_internal.table_of(($1).plan, ($1).name))))
$$;
COMMENT ON FUNCTION mongo_internal.unique_columns(mongo_internal.table_load) IS 'The columns of each unique index of a target but the primary key';

-- Documents whose unique values are held by no row but the old ones of the set itself: these may change places.
CREATE FUNCTION mongo_internal.exchangeable(t mongo_internal.table_load, documents bytea[]) RETURNS bytea[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root mongo.plan_table := mongo_internal.table_of(t.plan, t.name);
    rows text := format('SELECT row_number() OVER () AS __row, o.* FROM (%s) AS o', mongo_internal.rows_sql(mongo_internal.plan_of(t.plan), root)); -- a row a document
    columns name[];
    kept bigint[];
    before bigint := 0;
BEGIN
    kept := ARRAY(SELECT g FROM generate_series(1, cardinality(documents)) AS g);
    WHILE cardinality(kept) <> before LOOP
        before := cardinality(kept);
        FOR columns IN SELECT u FROM mongo_internal.unique_columns(t) AS u LOOP
            EXECUTE format('WITH s AS MATERIALIZED (SELECT * FROM (%s) AS n WHERE n.__row = ANY ($8)) SELECT ARRAY(SELECT o.__row FROM (SELECT s.*, row_number() OVER (PARTITION BY %s ORDER BY s.__key) AS __nth FROM s) AS o
                               WHERE (o.__nth = 1 OR num_nulls(%s) > 0) AND NOT EXISTS (SELECT FROM %s AS t WHERE %s AND NOT EXISTS (SELECT FROM s WHERE %s)) ORDER BY o.__row)',
                           rows, mongo_internal.aliased_list(columns, 's'), mongo_internal.aliased_list(columns, 'o'), t.target,
                           mongo_internal.aliased_list(columns, 't', ' AND ', '%1$s.%2$s = o.%2$s'), mongo_internal.same_row(root, 't', 's'))
               INTO kept USING documents, NULL::bytea, NULL::bytea, NULL::text[], NULL::bigint, NULL::bigint, NULL::bigint, kept;
        END LOOP;
    END LOOP;
    RETURN ARRAY(SELECT documents[k] FROM unnest(kept) AS k);
END $$;
COMMENT ON FUNCTION mongo_internal.exchangeable(mongo_internal.table_load, bytea[]) IS 'Among documents that were refused for unique values of the topmost table those that can be written together';

-- A row that is deleted and inserted again takes no row with it but those that the load writes again.
CREATE FUNCTION mongo_internal.may_replace(family mongo_internal.table_load[]) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.contype = 'f' AND k.confrelid = ($1)[1].target::regclass AND k.confdeltype IN ('c', 'n', 'd')
                          AND k.conrelid <> ALL (ARRAY(SELECT f.target::regclass::oid FROM unnest($1) AS f)))
$$;
COMMENT ON FUNCTION mongo_internal.may_replace(mongo_internal.table_load[]) IS 'Whether rows of a topmost table may be deleted and inserted again: no other table''s rows would go, or change, with them';

-- Unique values that were exchanged between documents: the old rows make room first.
CREATE FUNCTION mongo_internal.exchange_unique(family mongo_internal.table_load[], run bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off SET random_page_cost = 1.1 AS $$
DECLARE
    keys bytea[] := ARRAY(SELECT r.source_key FROM mongo.reject AS r WHERE r.plan = family[1].plan AND r.table_name = family[1].name AND r.resolved IS NULL AND r.stage = 'unique' AND r.stale ORDER BY r.key_hash LIMIT 2000);
    documents bytea[];
    w mongo_internal.written;
BEGIN
    IF cardinality(keys) = 0 OR family[1].of_query OR NOT mongo_internal.may_replace(family) THEN
        RETURN;
    END IF;
    documents := ARRAY(SELECT d FROM mongo_internal.read_documents_of_keys(family[1].source::regclass, keys) AS p, unnest(p) AS d);
    documents := mongo_internal.exchangeable(family[1], documents);
    IF cardinality(documents) > 0 THEN
        keys := ARRAY(SELECT k FROM mongo_internal.keys_of(family[1], documents) AS k);
        PERFORM mongo_internal.forget_rejects(family, keys);
        w := mongo_internal.write_documents(family, 'replace', run, documents);
        PERFORM mongo_internal.write_queries(family, false, 'replace', run, NULL, NULL, keys, w.parents);
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.exchange_unique(mongo_internal.table_load[], bigint) IS 'Writes rows again that were refused because another document''s old row had their unique value';

CREATE FUNCTION mongo_internal.keys_of(t mongo_internal.table_load, documents bytea[]) RETURNS SETOF bytea LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT s.__key FROM mongo.rows_of(NULL::%s, $1) AS s', t.source) USING documents;
END $$;
COMMENT ON FUNCTION mongo_internal.keys_of(mongo_internal.table_load, bytea[]) IS 'The keys of documents';

-- Rejects of earlier runs that this one did not see again are resolved, but where a chunk of it failed.
CREATE FUNCTION mongo_internal.resolve_rejects(run bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT l.plan, k.table_name, mongo_internal.family_names(l.plan, k.table_name) AS names FROM mongo.load_run AS l JOIN mongo.load_table AS k ON k.run = l.run
              WHERE l.run = resolve_rejects.run AND k.pass = 1 AND k.ended AND k.cut LOOP
        UPDATE mongo.reject AS r SET resolved = clock_timestamp()
         WHERE r.plan = t.plan AND r.table_name = ANY (t.names) AND r.resolved IS NULL AND r.run < resolve_rejects.run
           AND NOT EXISTS (SELECT FROM mongo.load_chunk AS c WHERE c.run = resolve_rejects.run AND c.table_name = t.table_name AND c.state = 'failed'
                              AND (c.lower IS NULL OR c.lower <= r.source_key) AND (c.upper IS NULL OR r.source_key < c.upper));
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.resolve_rejects(bigint) IS 'Marks rejects that a run did not meet again';

-- Rows of the others are loaded anew as a whole.
CREATE FUNCTION mongo_internal.tables_with_keys(plan text) RETURNS TABLE (table_name name) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.table_name FROM mongo_internal.load_order($1) AS o JOIN mongo.plan_table AS t ON t.plan = $1 AND t.name = o.table_name AND t.key <> 'none' ORDER BY o.rank, o.table_name
$$;
COMMENT ON FUNCTION mongo_internal.tables_with_keys(text) IS 'The topmost tables of a plan whose rows tell their documents, in the order of loading';

-- Rows refused for what other rows lacked then, until nothing changes.
CREATE PROCEDURE mongo_internal.retry(plan text, run bigint, of_run bigint, stages text[]) LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    pending bigint := mongo_internal.open_rejects(plan, of_run, stages);
    root pg_catalog.name;
    family mongo_internal.table_load[];
    keys pg_catalog.bytea[];
    behind pg_catalog.bytea;
BEGIN
    WHILE pending OPERATOR(pg_catalog.>) 0 AND (before IS NULL OR pending OPERATOR(pg_catalog.<) before) LOOP
        before := pending;
        FOR root IN SELECT o.table_name FROM mongo_internal.tables_with_keys(plan) AS o LOOP
            behind := NULL;
            family := NULL;
            LOOP
                PERFORM mongo_internal.begin_chunk();
                keys := mongo_internal.rejected_keys(plan, root, of_run, stages, behind);
                EXIT WHEN keys IS NULL;
                family := coalesce(family, mongo_internal.family(plan, root));
                PERFORM mongo_internal.write_keys(family, 'converge', run, keys);
                behind := pg_catalog.sha256(keys[pg_catalog.cardinality(keys)]);
                COMMIT;
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            END LOOP;
            IF family IS NOT NULL THEN
                PERFORM mongo_internal.exchange_unique(family, run);
                COMMIT;
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            END IF;
        END LOOP;
        pending := mongo_internal.open_rejects(plan, of_run, stages);
    END LOOP;
END $$;
COMMENT ON PROCEDURE mongo_internal.retry(text, bigint, bigint, text[]) IS 'Loads documents with rejects of some stages again, until nothing changes';
