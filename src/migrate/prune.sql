-- Pruning: rows whose document is gone.
-- Keys of target rows whose document the source does not have, with the rows' own keys; and how many rows and documents
-- there are.
CREATE FUNCTION mongo_internal.gone_keys(p mongo.plan, t mongo.plan_table, OUT gone bytea[], OUT ids text[], OUT kept bigint, OUT documents bigint) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off SET random_page_cost = 1.1 AS $$
DECLARE
    source text := CASE WHEN t.query IS NULL THEN format('SELECT s.__key FROM %I.%I AS s', p.source_schema, t.source_name) ELSE format('SELECT DISTINCT s.__key FROM %s AS s', mongo_internal.own_query(t)) END;
BEGIN
    EXECUTE format('WITH s AS MATERIALIZED (%s), k AS (SELECT %s AS __key, t.%I::text AS id FROM %I.%I AS t)
                    SELECT array_agg(k.__key) FILTER (WHERE s.__key IS NULL), array_agg(k.id) FILTER (WHERE s.__key IS NULL), count(s.__key), (SELECT count(*) FROM s) FROM k LEFT JOIN s ON s.__key = k.__key WHERE k.__key IS NOT NULL',
                   source, mongo_internal.row_key(t, 't'), (mongo_internal.key_columns(t))[1], p.target_schema, t.name) INTO gone, ids, kept, documents;
    gone := coalesce(gone, '{}');
    ids := coalesce(ids, '{}');
END $$;
COMMENT ON FUNCTION mongo_internal.gone_keys(mongo.plan, mongo.plan_table) IS 'Rows of a topmost target table that the source does not have';

-- By a majority of the primary: a secondary may not have heard of a document yet.
CREATE FUNCTION mongo_internal.keys_that_are_there(t mongo_internal.table_load, keys bytea[]) RETURNS bytea[] LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    there bytea[];
BEGIN
    IF t.of_query THEN
        EXECUTE t.keys INTO there USING keys, NULL::bytea, NULL::bytea;
        RETURN coalesce(there, '{}');
    END IF;
    RETURN ARRAY(SELECT d FROM mongo_internal.read_documents_of_keys(t.source::regclass, keys) AS p, mongo_internal.keys_of(t, p) AS d);
END $$;
COMMENT ON FUNCTION mongo_internal.keys_that_are_there(mongo_internal.table_load, bytea[]) IS 'Those of some keys that the source has';

-- Looked for once more, by key: a document may have come back, or come, in between.
CREATE FUNCTION mongo_internal.delete_gone(family mongo_internal.table_load[], keys bytea[], ids text[]) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo_internal.table_load;
    there bytea[] := mongo_internal.keys_that_are_there(family[1], keys);
    gone text[] := ARRAY(SELECT u.i FROM unnest(keys, ids) AS u (k, i) WHERE u.k <> ALL (there));
    own name;
    deleted bigint;
BEGIN
    FOR i IN REVERSE cardinality(family)..1 LOOP
        t := family[i];
        own := (mongo_internal.key_columns(mongo_internal.table_of(t.plan, t.name)))[1];
        EXECUTE format('DELETE FROM %s AS t WHERE t.%I = ANY ($1::%s[])', t.target, own, mongo_internal.attribute_type(t.target::regclass, own)) USING gone;
        GET DIAGNOSTICS deleted = ROW_COUNT;
    END LOOP;
    RETURN deleted;
END $$;
COMMENT ON FUNCTION mongo_internal.delete_gone(mongo_internal.table_load[], bytea[], text[]) IS 'Deletes the rows, and child rows, of documents that are gone; how many topmost rows';

-- A row that others refer to stays, and is a reject: its document is gone, theirs are not.
CREATE FUNCTION mongo_internal.prune_set(family mongo_internal.table_load[], keys bytea[], ids text[], run bigint) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off SET random_page_cost = 1.1 AS $$
DECLARE
    half integer := cardinality(keys) / 2;
    state text;
    message text;
    detail text;
    f mongo_internal.fault;
BEGIN
    BEGIN
        UPDATE mongo.load_table AS t SET pruned = t.pruned + mongo_internal.delete_gone(family, keys, ids)
         WHERE t.run = prune_set.run AND t.table_name = family[1].name AND t.pass = 1;
        RETURN 0;
    EXCEPTION WHEN integrity_constraint_violation OR raise_exception THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    END;
    IF half > 0 THEN
        RETURN mongo_internal.prune_set(family, keys[1:half], ids[1:half], run) + mongo_internal.prune_set(family, keys[half + 1:], ids[half + 1:], run);
    END IF;
    f := mongo_internal.fault(state, message, detail, NULL, NULL, '');
    f.reason := 'its document is gone, but it cannot be deleted: ' || f.reason;
    PERFORM mongo_internal.note_reject(family[1], keys[1], '{}', f, true, false, run);
    RETURN 1;
END $$;
COMMENT ON FUNCTION mongo_internal.prune_set(mongo_internal.table_load[], bytea[], text[], bigint) IS 'Deletes rows of documents that are gone, halving the set where it is refused; gives how many stay';

-- What one table would lose, after all that speaks against it was looked at.
CREATE FUNCTION mongo_internal.rows_to_prune(p mongo.plan, t mongo.plan_table, prune text, OUT gone bytea[], OUT ids text[], OUT refusal text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    g record;
BEGIN
    IF prune <> 'force' AND mongo_internal.held_rows(p.plan, t.name) THEN
        RAISE NOTICE USING MESSAGE = format('%I.%I is not pruned: it held rows before the first load', p.target_schema, t.name);
        RETURN;
    ELSIF mongo_internal.row_key(t, 't') IS NULL THEN
        RAISE NOTICE USING MESSAGE = format('%I.%I is not pruned: its rows do not tell their documents', p.target_schema, t.name);
        RETURN;
    END IF;
    g := mongo_internal.gone_keys(p, t);
    refusal := CASE WHEN prune = 'force' OR cardinality(g.gone) = 0 THEN NULL
                    WHEN NOT EXISTS (SELECT FROM mongo.catalog(p.server, p.database) AS c WHERE c.collection = t.collection) THEN 'its collection is not there'
                    WHEN g.documents = 0 THEN 'its source is empty'
                    WHEN cardinality(g.gone) * 10 > cardinality(g.gone) + g.kept THEN format('%s of %s rows have no document any more, which is more than a tenth', cardinality(g.gone), cardinality(g.gone) + g.kept) END;
    IF refusal IS NOT NULL THEN
        refusal := format('table %I.%I is not pruned: %s', p.target_schema, t.name, refusal);
        RETURN;
    END IF;
    gone := g.gone;
    ids := g.ids;
END $$;
COMMENT ON FUNCTION mongo_internal.rows_to_prune(mongo.plan, mongo.plan_table, text) IS 'The rows that a table is to lose; or why none: that is more than a tenth, or the source is empty or not there';

-- Rows of a child table with a query of its own that the query gives no more: they may belong to no row of the topmost
-- table, so that no chunk tells. Under the same conditions.
CREATE FUNCTION mongo_internal.prune_query(p mongo.plan, t mongo.plan_table, prune text, OUT refusal text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    target text := format('%I.%I', p.target_schema, t.name);
    gone text := format('FROM %s AS t WHERE NOT EXISTS (SELECT FROM %s AS q WHERE %s)', target, mongo_internal.own_query(t), mongo_internal.same_row(t, 't', 'q'));
    lost bigint;
    held bigint;
BEGIN
    IF prune <> 'force' THEN
        EXECUTE format('SELECT (SELECT count(*) %s), (SELECT count(*) FROM %s)', gone, target) INTO lost, held;
        IF lost > 0 AND mongo_internal.held_rows(p.plan, t.name) THEN
            RAISE NOTICE USING MESSAGE = format('%s is not pruned: it held rows before the first load', target);
            RETURN;
        ELSIF lost * 10 > held THEN
            refusal := format('table %s is not pruned: its query gives %s of %s rows no more, which is more than a tenth', target, lost, held);
            RETURN;
        END IF;
    END IF;
    EXECUTE 'DELETE ' || gone;
END $$;
COMMENT ON FUNCTION mongo_internal.prune_query(mongo.plan, mongo.plan_table, text) IS 'Deletes rows that a query of one''s own gives no more; or why not';

CREATE FUNCTION mongo_internal.prune_queries(p mongo.plan, root text, prune text) RETURNS text LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(r.refusal) FROM mongo.plan_table AS t, LATERAL mongo_internal.prune_query($1, t, $3) AS r
     WHERE t.plan = ($1).plan AND t.enabled AND t.query IS NOT NULL AND t.parent IS NOT NULL AND (mongo_internal.root_of(t)).name = $2
$$;
COMMENT ON FUNCTION mongo_internal.prune_queries(mongo.plan, text, text) IS 'prune_query of the child tables below a topmost table';

-- Tables in reverse order of references, again where rows stayed for others that went later. refusal: why a table keeps
-- rows whose documents are gone; the others are pruned.
CREATE PROCEDURE mongo_internal.prune(plan text, run bigint, prune text, INOUT refusal text) LANGUAGE plpgsql AS $$
DECLARE
    p mongo.plan := mongo_internal.plan_of(plan);
    root pg_catalog.name;
    family mongo_internal.table_load[];
    r record;
    at pg_catalog.int4;
    stayed pg_catalog.int8 := 0;
    before pg_catalog.int8;
BEGIN
    LOOP
        before := stayed;
        stayed := 0;
        FOR root IN SELECT t.table_name FROM mongo_internal.tables_to_prune(run) AS t LOOP
            PERFORM mongo_internal.wait(0); -- one statement over all keys, which statement_timeout would never let end
            r := mongo_internal.rows_to_prune(p, mongo_internal.table_of(plan, root), prune);
            r.refusal := COALESCE(r.refusal, mongo_internal.prune_queries(p, root, prune));
            refusal := COALESCE(refusal, r.refusal);
            family := CASE WHEN pg_catalog.cardinality(r.gone) OPERATOR(pg_catalog.>) 0 THEN mongo_internal.family(plan, root) END;
            at := 1;
            WHILE at OPERATOR(pg_catalog.<=) pg_catalog.cardinality(r.gone) LOOP
                PERFORM mongo_internal.begin_chunk();
                stayed := stayed OPERATOR(pg_catalog.+) mongo_internal.prune_set(family, r.gone[at:at OPERATOR(pg_catalog.+) 999], r.ids[at:at OPERATOR(pg_catalog.+) 999], run);
                at := at OPERATOR(pg_catalog.+) 1000;
                COMMIT;
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            END LOOP;
        END LOOP;
        EXIT WHEN stayed OPERATOR(pg_catalog.=) 0 OR stayed OPERATOR(pg_catalog.=) before;
    END LOOP;
END $$;
COMMENT ON PROCEDURE mongo_internal.prune(text, bigint, text, text) IS 'Deletes rows of a run''s tables whose documents are gone, a thousand a transaction';

-- What was empty when the run began has no row but those that it read itself, in one go.
CREATE FUNCTION mongo_internal.tables_to_prune(run bigint) RETURNS TABLE (table_name name) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.table_name FROM mongo.load_table AS t JOIN mongo.load_run AS r ON r.run = t.run
     WHERE t.run = $1 AND t.pass = 1 AND (mongo_internal.table_of(r.plan, t.table_name)).key <> 'none' AND (NOT t.was_empty OR r.calls > 1) ORDER BY t.rank DESC, t.table_name
$$;
COMMENT ON FUNCTION mongo_internal.tables_to_prune(bigint) IS 'The topmost tables of a run that have keys, those that refer to others first';
