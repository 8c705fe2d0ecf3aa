-- Writing sets of documents. A set that is refused is parted until the documents, then the rows, stand alone that are: in four,
-- which takes as many statements as in two and writes two thirds of the rows.
CREATE TYPE mongo_internal.written AS (inserted bigint, updated bigint, deleted bigint, parents text[], refused integer[]);
COMMENT ON TYPE mongo_internal.written IS 'What became of a set of documents: rows written; keys of topmost rows that were there before; positions of the documents whose topmost row was refused';
CREATE TYPE mongo_internal.fault AS (stage text, column_name text, sqlstate text, reason text, value text);
COMMENT ON TYPE mongo_internal.fault IS 'Why a row was refused';

CREATE FUNCTION mongo_internal.both(a mongo_internal.written, b mongo_internal.written) RETURNS mongo_internal.written LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ROW(coalesce(($1).inserted, 0) + coalesce(($2).inserted, 0), coalesce(($1).updated, 0) + coalesce(($2).updated, 0),
               coalesce(($1).deleted, 0) + coalesce(($2).deleted, 0), ($1).parents || ($2).parents, ($1).refused || ($2).refused)::mongo_internal.written
$$;
COMMENT ON FUNCTION mongo_internal.both(mongo_internal.written, mongo_internal.written) IS 'What became of two sets';

-- One row a kind of refusal; a domain is told by the type that the error names.
CREATE FUNCTION mongo_internal.fault(sqlstate text, message text, detail text, column_name text, constraint_name text, type_name text) RETURNS mongo_internal.fault LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ROW(CASE WHEN $6 <> '' AND $1 ~ '^23' THEN 'domain' ELSE coalesce(k.stage, 'expression') END, coalesce(nullif($4, ''), nullif($5, ''), ''), $1, $2, nullif($3, ''))::mongo_internal.fault
      FROM (SELECT 1) AS one LEFT JOIN (VALUES ('23502', 'not_null'), ('23514', 'check'), ('23505', 'unique'), ('23503', 'foreign_key'), ('23P01', 'exclusion'), ('P0001', 'trigger'), ('54000', 'index')) AS k (sqlstate, stage) ON k.sqlstate = $1
$$;
COMMENT ON FUNCTION mongo_internal.fault(text, text, text, text, text, text) IS 'The fault of a row by what an error tells';

-- What a row is to blame for: all but connections, privileges, statements, transactions, resources and the system.
CREATE FUNCTION mongo_internal.is_about_row(sqlstate text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 !~ '^(0[0-9A-OQ-Z]|2[4568BD]|3|4[02]|5[35678]|72|F0|HV|XX)'
$$;
COMMENT ON FUNCTION mongo_internal.is_about_row(text) IS 'Whether an error says something about a row that was written';

CREATE FUNCTION mongo_internal.check_about_row(sqlstate text, message text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT mongo_internal.is_about_row(sqlstate) THEN
        RAISE EXCEPTION USING ERRCODE = sqlstate, MESSAGE = message;
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_about_row(text, text) IS 'Raises an error again that is not about a row';

CREATE FUNCTION mongo_internal.run_set(statement text, documents bytea[], parents text[], run bigint, lower bytea DEFAULT NULL, upper bytea DEFAULT NULL, first_row bigint DEFAULT NULL, last_row bigint DEFAULT NULL)
RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    w mongo_internal.written;
BEGIN
    EXECUTE statement INTO w USING documents, lower, upper, parents, run, first_row, last_row;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.run_set(text, bytea[], text[], bigint, bytea, bytea, bigint, bigint) IS 'Runs a statement of a table_load';

CREATE FUNCTION mongo_internal.note_reject(t mongo_internal.table_load, key bytea, positions text[], f mongo_internal.fault, stale boolean, row_lost boolean, run bigint) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO mongo.reject AS r (plan, table_name, key_hash, positions, stage, column_name, source_key, document_id, sqlstate, reason, value, row_lost, stale, run)
    VALUES (($1).plan, ($1).name, sha256(coalesce($2, '')), $3, ($4).stage, ($4).column_name, coalesce($2, ''), mongo.id_of_key($2), ($4).sqlstate, ($4).reason, left(($4).value, 2000), $6, $5, $7)
        ON CONFLICT (plan, table_name, key_hash, positions, stage, column_name)
        DO UPDATE SET last_seen = clock_timestamp(), resolved = NULL, run = excluded.run, reason = excluded.reason, value = excluded.value, row_lost = excluded.row_lost, stale = excluded.stale, sqlstate = excluded.sqlstate
$$;
COMMENT ON FUNCTION mongo_internal.note_reject(mongo_internal.table_load, bytea, text[], mongo_internal.fault, boolean, boolean, bigint) IS 'Notes a row that was refused, once however often it is';

CREATE FUNCTION mongo_internal.note_refused(t mongo_internal.table_load, run bigint, documents bytea[], lower bytea, upper bytea, number bigint, f mongo_internal.fault) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key bytea;
    at text[] := '{}';
    old boolean := false;
BEGIN
    IF t.quiet THEN
        RETURN;
    END IF;
    BEGIN
        EXECUTE t.identify INTO key, at USING documents, lower, upper, NULL::text[], run, number, number;
        EXECUTE t.stored INTO old USING documents, lower, upper, NULL::text[], run, number, number;
    EXCEPTION WHEN OTHERS THEN
        PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM); -- an expression of the row raises: the document alone tells it
    END;
    IF key IS NULL AND NOT t.of_query THEN
        EXECUTE format('SELECT s.__key FROM mongo.rows_of(NULL::%s, $1) AS s LIMIT 1', t.source) INTO key USING documents;
    END IF;
    PERFORM mongo_internal.note_reject(t, key, coalesce(at, '{}'), f, old, NOT old, run);
END $$;
COMMENT ON FUNCTION mongo_internal.note_refused(mongo_internal.table_load, bigint, bytea[], bytea, bytea, bigint, mongo_internal.fault) IS 'Notes that a row was refused: the one of that number';

-- Rows first to last of a set of which each document, or the whole, was refused.
CREATE FUNCTION mongo_internal.write_rows(t mongo_internal.table_load, run bigint, documents bytea[], lower bytea, upper bytea, first_row bigint, last_row bigint) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    middle bigint := (first_row + last_row) / 2;
    state text; message text; detail text; column_name text; constraint_name text; type_name text;
    w mongo_internal.written;
BEGIN
    IF first_row > last_row THEN
        RETURN w;
    END IF;
    BEGIN
        RETURN mongo_internal.run_set(t.some_rows, documents, NULL, run, lower, upper, first_row, last_row);
    EXCEPTION WHEN OTHERS THEN
        PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM);
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
            column_name = COLUMN_NAME, constraint_name = CONSTRAINT_NAME, type_name = PG_DATATYPE_NAME;
    END;
    IF first_row < last_row THEN
        RETURN mongo_internal.both(mongo_internal.write_rows(t, run, documents, lower, upper, first_row, middle),
                                   mongo_internal.write_rows(t, run, documents, lower, upper, middle + 1, last_row));
    END IF;
    PERFORM mongo_internal.note_refused(t, run, documents, lower, upper, first_row, mongo_internal.fault(state, message, detail, column_name, constraint_name, type_name));
    w.refused := ARRAY[first_row];
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.write_rows(mongo_internal.table_load, bigint, bytea[], bytea, bytea, bigint, bigint) IS 'Writes rows of a set, halving it where it is refused; rows that are refused alone are noted';

-- One document that was refused. Its children may have to make room for each other: unique values among them.
CREATE FUNCTION mongo_internal.write_document(t mongo_internal.table_load, run bigint, documents bytea[], place integer, f mongo_internal.fault) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rows bigint;
BEGIN
    IF t.root THEN
        PERFORM mongo_internal.note_refused(t, run, documents, NULL, NULL, 1, f);
        RETURN ROW(0, 0, 0, NULL, ARRAY[place])::mongo_internal.written;
    END IF;
    BEGIN
        RETURN mongo_internal.run_set(t.replace, documents, NULL, run);
    EXCEPTION WHEN OTHERS THEN
        PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM);
    END;
    EXECUTE t.count USING documents, NULL::bytea, NULL::bytea INTO rows;
    RETURN mongo_internal.write_rows(t, run, documents, NULL, NULL, 1, rows);
END $$;
COMMENT ON FUNCTION mongo_internal.write_document(mongo_internal.table_load, bigint, bytea[], integer, mongo_internal.fault) IS 'Writes the rows of a document that was refused as a whole';

-- A set of documents; place: that of the first one in the whole set.
CREATE FUNCTION mongo_internal.write_set(t mongo_internal.table_load, statement text, run bigint, documents bytea[], place integer DEFAULT 1) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    state text; message text; detail text; column_name text; constraint_name text; type_name text;
BEGIN
    BEGIN
        RETURN mongo_internal.run_set(statement, documents, NULL, run);
    EXCEPTION WHEN OTHERS THEN
        PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM);
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
            column_name = COLUMN_NAME, constraint_name = CONSTRAINT_NAME, type_name = PG_DATATYPE_NAME;
    END;
    IF cardinality(documents) > 1 THEN
        RETURN mongo_internal.write_parts(t, statement, run, documents, place);
    END IF;
    RETURN mongo_internal.write_document(t, run, documents, place, mongo_internal.fault(state, message, detail, column_name, constraint_name, type_name));
END $$;
COMMENT ON FUNCTION mongo_internal.write_set(mongo_internal.table_load, text, bigint, bytea[], integer) IS 'Writes the rows of a part of a set of documents, parting it where it is refused';

CREATE FUNCTION mongo_internal.parts(documents bytea[], OUT place integer, OUT part bytea[]) RETURNS SETOF record LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT n, $1[n:n + (cardinality($1) + 3) / 4 - 1] FROM generate_series(1, cardinality($1), (cardinality($1) + 3) / 4) AS n
$$;
COMMENT ON FUNCTION mongo_internal.parts(bytea[]) IS 'Four parts of a set of documents, and the place of the first of each';

CREATE FUNCTION mongo_internal.write_parts(t mongo_internal.table_load, statement text, run bigint, documents bytea[], place integer DEFAULT 1) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p record;
    w mongo_internal.written := ROW(0, 0, 0, NULL, NULL);
BEGIN
    FOR p IN SELECT * FROM mongo_internal.parts(documents) LOOP
        w := mongo_internal.both(w, mongo_internal.write_set(t, statement, run, p.part, place + p.place - 1));
    END LOOP;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.write_parts(mongo_internal.table_load, text, bigint, bytea[], integer) IS 'Writes the rows of a set of documents that was refused, part by part';

-- parents: topmost rows that were there before; children of theirs that are gone are deleted, with the whole set.
CREATE FUNCTION mongo_internal.write_table(t mongo_internal.table_load, statement text, run bigint, documents bytea[], parents text[]) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    w mongo_internal.written;
    cleared bigint;
BEGIN
    BEGIN
        RETURN mongo_internal.run_set(statement, documents, parents, run);
    EXCEPTION WHEN OTHERS THEN
        PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM);
    END;
    w := mongo_internal.write_parts(t, statement, run, documents);
    IF t.clear IS NOT NULL AND parents IS NOT NULL THEN
        EXECUTE t.clear USING documents, NULL::bytea, NULL::bytea, parents;
        GET DIAGNOSTICS cleared = ROW_COUNT;
        w.deleted := w.deleted + cleared;
    END IF;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.write_table(mongo_internal.table_load, text, bigint, bytea[], text[]) IS 'Writes the rows of a table of a set of documents';

CREATE FUNCTION mongo_internal.without(documents bytea[], places integer[]) RETURNS bytea[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(CASE WHEN o = ANY ($2) THEN NULL ELSE d END ORDER BY o) FROM unnest($1) WITH ORDINALITY AS u (d, o)
$$;
COMMENT ON FUNCTION mongo_internal.without(bytea[], integer[]) IS 'Documents with NULL at some places';

CREATE FUNCTION mongo_internal.fill_tables(family mongo_internal.table_load[], run bigint, documents bytea[]) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo_internal.table_load;
    w mongo_internal.written := ROW(0, 0, 0, NULL, NULL);
    added bigint;
BEGIN
    FOREACH t IN ARRAY family LOOP
        IF NOT t.of_query THEN
            EXECUTE t.fill USING documents, NULL::bytea, NULL::bytea, NULL::text[], run;
            GET DIAGNOSTICS added = ROW_COUNT;
            w.inserted := w.inserted + added;
        END IF;
    END LOOP;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.fill_tables(mongo_internal.table_load[], bigint, bytea[]) IS 'Inserts the rows of documents into tables that do not have them';

-- A part that is refused is parted again; one in which rows may be there already, or of a few documents, is left to converge.
CREATE FUNCTION mongo_internal.fill_parts(family mongo_internal.table_load[], run bigint, documents bytea[]) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p record;
    w mongo_internal.written := ROW(0, 0, 0, NULL, NULL);
BEGIN
    FOR p IN SELECT * FROM mongo_internal.parts(documents) LOOP
        w := mongo_internal.both(w, mongo_internal.write_documents(family, 'fill', run, p.part));
    END LOOP;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.fill_parts(mongo_internal.table_load[], bigint, bytea[]) IS 'Writes the rows of documents into tables that do not have them, part by part';

-- The documents' rows in all tables of the family, from one version of each document. way: fill, converge, add_keys or
-- replace. What fill cannot do converge does. parents: where the topmost table has a query of its own, those of its rows
-- that are there.
CREATE FUNCTION mongo_internal.write_documents(family mongo_internal.table_load[], way text, run bigint, documents bytea[], parents text[] DEFAULT NULL) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo_internal.table_load;
    w mongo_internal.written := ROW(0, 0, 0, NULL, NULL);
    one mongo_internal.written;
    parted boolean;
    refused_in name[] := CASE WHEN family[1].of_query THEN ARRAY[family[1].name] ELSE '{}' END;
BEGIN
    IF way = 'fill' AND NOT family[1].of_query THEN
        BEGIN
            RETURN mongo_internal.fill_tables(family, run, documents);
        EXCEPTION WHEN OTHERS THEN
            PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM);
            parted := SQLSTATE <> '23505' AND cardinality(documents) > 4;
        END;
        IF parted THEN
            RETURN mongo_internal.fill_parts(family, run, documents);
        END IF;
    END IF;
    FOREACH t IN ARRAY family LOOP
        CONTINUE WHEN t.of_query OR (way = 'add_keys' AND NOT t.root);
        t.quiet := way = 'add_keys';
        one := mongo_internal.write_table(t, CASE WHEN way = 'replace' AND t.root THEN t.replace WHEN way = 'add_keys' THEN t.add_keys
                                                  WHEN t.above = ANY (refused_in) THEN t.guarded ELSE t.converge END, run, documents, parents);
        IF t.root THEN
            parents := one.parents;
            documents := CASE WHEN one.refused IS NULL THEN documents ELSE mongo_internal.without(documents, one.refused) END;
        ELSIF one.refused IS NOT NULL OR t.above = ANY (refused_in) THEN
            refused_in := refused_in || t.name;
        END IF;
        w := mongo_internal.both(w, one);
    END LOOP;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.write_documents(mongo_internal.table_load[], text, bigint, bytea[], text[]) IS 'Writes the rows of documents into the tables of a collection';

-- Keys of a query that was refused, halved until a key stands alone that is.
CREATE FUNCTION mongo_internal.write_query_keys(t mongo_internal.table_load, run bigint, keys bytea[]) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    half integer := cardinality(keys) / 2;
    rows bigint;
BEGIN
    BEGIN
        RETURN mongo_internal.run_set(t.converge, keys, NULL, run);
    EXCEPTION WHEN OTHERS THEN
        PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM);
    END;
    IF half > 0 THEN
        RETURN mongo_internal.both(mongo_internal.write_query_keys(t, run, keys[1:half]), mongo_internal.write_query_keys(t, run, keys[half + 1:]));
    END IF;
    EXECUTE t.count USING keys, NULL::bytea, NULL::bytea INTO rows;
    RETURN mongo_internal.write_rows(t, run, keys, NULL, NULL, 1, rows);
END $$;
COMMENT ON FUNCTION mongo_internal.write_query_keys(mongo_internal.table_load, bigint, bytea[]) IS 'Writes the rows of a query of one''s own of some keys';

-- The rows that a query of one's own gives of a range, or a list, of keys. parents as in write_table.
CREATE FUNCTION mongo_internal.write_query(t mongo_internal.table_load, way text, run bigint, lower bytea, upper bytea, keys bytea[] DEFAULT NULL, parents text[] DEFAULT NULL) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rows bigint;
    found bytea[];
    w mongo_internal.written;
BEGIN
    BEGIN
        IF way = 'fill' THEN
            EXECUTE t.fill USING keys, lower, upper, NULL::text[], run;
            GET DIAGNOSTICS rows = ROW_COUNT;
            RETURN ROW(rows, 0, 0, NULL, NULL)::mongo_internal.written;
        END IF;
        RETURN mongo_internal.run_set(t.converge, keys, parents, run, lower, upper);
    EXCEPTION WHEN OTHERS THEN
        PERFORM mongo_internal.check_about_row(SQLSTATE, SQLERRM);
    END;
    EXECUTE t.keys USING keys, lower, upper INTO found;
    IF found IS NOT NULL THEN
        w := mongo_internal.write_query_keys(t, run, found);
    END IF;
    IF t.clear IS NOT NULL AND parents IS NOT NULL THEN
        EXECUTE t.clear USING keys, lower, upper, parents;
        GET DIAGNOSTICS rows = ROW_COUNT;
        w := mongo_internal.both(w, ROW(0, 0, rows, NULL, NULL)::mongo_internal.written);
    END IF;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.write_query(mongo_internal.table_load, text, bigint, bytea, bytea, bytea[], text[]) IS 'Writes the rows of a query of one''s own of a range, or a list, of keys';

-- A topmost query first: the children of its rows refer to them. The other queries last, with the rows that they look up.
CREATE FUNCTION mongo_internal.write_queries(family mongo_internal.table_load[], topmost boolean, way text, run bigint, lower bytea, upper bytea, keys bytea[], parents text[]) RETURNS mongo_internal.written LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t mongo_internal.table_load;
    w mongo_internal.written;
BEGIN
    FOREACH t IN ARRAY family LOOP
        IF t.of_query AND t.root = topmost AND way <> 'add_keys' THEN
            w := mongo_internal.both(w, mongo_internal.write_query(t, CASE way WHEN 'replace' THEN 'converge' ELSE way END, run, lower, upper, keys, parents));
        END IF;
    END LOOP;
    RETURN w;
END $$;
COMMENT ON FUNCTION mongo_internal.write_queries(mongo_internal.table_load[], boolean, text, bigint, bytea, bytea, bytea[], text[]) IS 'Writes the rows of queries of one''s own, of the topmost table or of the others';
