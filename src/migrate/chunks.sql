-- Runs, and the chunks of a run: who cuts them, who takes them, what becomes of one. JIT is off where many small statements run:
-- their rows are estimated by the thousand, and to compile them takes longer than to run them. random_page_cost is low where
-- rows are looked up by keys: those of a range lie together, and a join that reads an index from its beginning costs more
-- with every range.

CREATE FUNCTION mongo_internal.begin_chunk() RETURNS void
    AS 'MODULE_PATHNAME', 'mongo_begin_chunk' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.begin_chunk() IS 'Lets statement_timeout begin anew: in a CALL of many transactions it counts for each';
CREATE FUNCTION mongo_internal.chunk_timed_out() RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_chunk_timed_out' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.chunk_timed_out() IS 'Whether a cancel was one by statement_timeout: that has passed since begin_chunk';
-- A server that takes too long says so with the same code as PostgreSQL.
CREATE FUNCTION mongo_internal.is_cancelled(sqlstate text, message text) RETURNS boolean LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 = '57014' AND $2 NOT LIKE 'server "%' AND NOT mongo_internal.chunk_timed_out()
$$;
COMMENT ON FUNCTION mongo_internal.is_cancelled(text, text) IS 'Whether an error is the wish of a person that the statement end, and no time-out here or of a server';
CREATE FUNCTION mongo_internal.start_worker(command text, application_name text, slot integer) RETURNS integer
    AS 'MODULE_PATHNAME', 'mongo_start_worker' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.start_worker(text, text, integer) IS
    'Starts a background worker that runs a CALL with the rights and settings of this session, and gives its process id; NULL where PostgreSQL has no slot. It ends with the CALL of this session that started it';
CREATE FUNCTION mongo_internal.worker_state(slot integer, OUT state text, OUT sqlstate text, OUT message text)
    AS 'MODULE_PATHNAME', 'mongo_worker_state' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.worker_state(integer) IS 'What a worker that this CALL started is doing: running, done, failed (with what it said), lost (it was terminated)';
CREATE FUNCTION mongo_internal.leader_is_gone() RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_leader_is_gone' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.leader_is_gone() IS 'In a worker: whether the CALL that started it has ended';
CREATE FUNCTION mongo_internal.wait(milliseconds integer) RETURNS void
    AS 'MODULE_PATHNAME', 'mongo_wait' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION mongo_internal.wait(integer) IS 'Waits, at most so long, for a worker to end';

CREATE TYPE mongo_internal.load_options AS (plan text, run bigint, workers integer, number integer, until timestamptz, max_rate integer);
COMMENT ON TYPE mongo_internal.load_options IS 'What a worker of a load has to know';

CREATE FUNCTION mongo_internal.holds_rows(target regclass) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO found;
    RETURN found;
END $$;
COMMENT ON FUNCTION mongo_internal.holds_rows(regclass) IS 'Whether a table has rows';

CREATE FUNCTION mongo_internal.held_rows(plan text, table_name text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.held_rows FROM mongo.load_target AS g WHERE g.plan = $1 AND g.table_name = $2
$$;
COMMENT ON FUNCTION mongo_internal.held_rows(text, text) IS 'Whether a target table held rows before the first load of a plan';

CREATE FUNCTION mongo_internal.check_tables(plan text, tables name[]) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong name := (SELECT w FROM unnest(tables) AS w WHERE NOT EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = check_tables.plan AND t.name = w AND t.enabled AND t.parent IS NULL) LIMIT 1);
BEGIN
    IF wrong IS NOT NULL THEN
        PERFORM mongo_internal.table_of(plan, wrong);
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('table "%s" of plan "%s" is not loaded by itself', wrong, plan),
            HINT = 'Name the topmost tables: those of their arrays are loaded with them. Disabled tables are not loaded.';
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.check_tables(text, name[]) IS 'Raises 42704 or 22023 for a table that a plan does not load by itself';

CREATE FUNCTION mongo_internal.first_places(average_bytes bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 > 0 THEN least(greatest(8000000 / $1, 100), 5000) ELSE 4000 END
$$;
COMMENT ON FUNCTION mongo_internal.first_places(bigint) IS 'Documents of the first chunk: about eight megabytes';

-- A run that did not end is given up for another set of tables, unless somebody works at it.
CREATE FUNCTION mongo_internal.give_up_runs(plan text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    waiting bigint := (SELECT count(*) FROM mongo.load_chunk AS c JOIN mongo.load_run AS r ON r.run = c.run WHERE r.plan = give_up_runs.plan AND c.state = 'waiting');
    free bigint := (SELECT count(*) FROM (SELECT FROM mongo.load_chunk AS c JOIN mongo.load_run AS r ON r.run = c.run WHERE r.plan = give_up_runs.plan AND c.state = 'waiting' FOR UPDATE OF c SKIP LOCKED) AS f);
BEGIN
    IF free < waiting THEN
        RAISE EXCEPTION USING ERRCODE = 'object_in_use', MESSAGE = format('plan "%s" is being loaded, with other tables', plan), HINT = 'Wait for its end, or give the same tables to help.';
    END IF;
    UPDATE mongo.load_run AS r SET state = 'failed', finished = clock_timestamp(), message = 'given up for another load' WHERE r.plan = give_up_runs.plan AND r.state IN ('running', 'paused');
    -- What earlier runs did to each chunk is of no use any more.
    DELETE FROM mongo.load_chunk AS c USING mongo.load_run AS r WHERE r.plan = give_up_runs.plan AND c.run = r.run;
END $$;
COMMENT ON FUNCTION mongo_internal.give_up_runs(text) IS 'Ends the runs of a plan before another begins; 55006 while somebody works at one';

CREATE FUNCTION mongo_internal.is_behind_server(target regclass) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_partition_tree($1) AS t JOIN pg_class AS c ON c.oid = t.relid WHERE c.relkind = 'f') OR EXISTS (SELECT FROM pg_class AS c WHERE c.oid = $1 AND c.relkind = 'f')
$$;
COMMENT ON FUNCTION mongo_internal.is_behind_server(regclass) IS 'Whether rows of a table are in another database: they may be committed there and not here';

-- The run that goes on, or a new one. Several sessions may come at once.
CREATE FUNCTION mongo_internal.begin_run(plan text, tables name[]) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    p mongo.plan := mongo_internal.plan_of(plan);
    own bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('mongo.load ' || plan, 0));
    SELECT r.run INTO own FROM mongo.load_run AS r WHERE r.plan = begin_run.plan AND r.state IN ('running', 'paused', 'failed')
       AND r.tables IS NOT DISTINCT FROM begin_run.tables ORDER BY r.run DESC LIMIT 1;
    IF own IS NOT NULL AND own = (SELECT max(r.run) FROM mongo.load_run AS r WHERE r.plan = begin_run.plan) THEN
        PERFORM mongo_internal.resume_run(own);
        UPDATE mongo.load_run AS r SET calls = r.calls + 1 WHERE r.run = own;
        RETURN own;
    END IF;
    PERFORM mongo_internal.give_up_runs(plan);
    INSERT INTO mongo.load_run (plan, tables) VALUES (plan, tables) RETURNING run INTO own;
    INSERT INTO mongo.load_target (plan, table_name, held_rows)
    SELECT t.plan, t.name, mongo_internal.holds_rows(mongo_internal.target_of(p, t)) FROM mongo.plan_table AS t
     WHERE t.plan = begin_run.plan AND t.enabled AND ((mongo_internal.root_of(t)).name = ANY (tables) OR tables IS NULL)
        ON CONFLICT DO NOTHING;
    INSERT INTO mongo.load_table (run, table_name, pass, rank, keys_only, was_empty, estimated_documents, places)
    SELECT own, o.table_name, n, o.rank + n, o.circle AND n = 0,
           NOT EXISTS (SELECT FROM mongo.plan_table AS t WHERE t.plan = begin_run.plan AND t.enabled AND (mongo_internal.root_of(t)).name = o.table_name
               AND (mongo_internal.holds_rows(mongo_internal.target_of(p, t)) OR mongo_internal.is_behind_server(mongo_internal.target_of(p, t))))
           AND NOT o.circle, c.documents, mongo_internal.first_places(c.average_bytes)
      FROM mongo_internal.load_order(plan) AS o JOIN mongo.plan_table AS r ON r.plan = begin_run.plan AND r.name = o.table_name
      LEFT JOIN mongo.catalog(p.server, p.database) AS c ON c.collection = r.collection, generate_series(CASE WHEN o.circle AND cardinality(mongo_internal.circular_columns(r)) > 0 THEN 0 ELSE 1 END, 1) AS n
     WHERE o.table_name = ANY (tables) OR tables IS NULL;
    RETURN own;
END $$;
COMMENT ON FUNCTION mongo_internal.begin_run(text, name[]) IS 'The run of a plan that has not ended, its failed chunks waiting again; or a new one';

CREATE FUNCTION mongo_internal.resume_run(run bigint) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE mongo.load_run AS r SET state = 'running', phase = CASE WHEN r.state = 'failed' THEN 'chunks' ELSE r.phase END, message = NULL, finished = NULL, chunks_at_once = NULL WHERE r.run = $1 AND (r.state = 'failed' OR r.chunks_at_once IS NOT NULL);
    UPDATE mongo.load_chunk AS c SET state = 'waiting', attempts = 0 WHERE c.run = $1 AND c.state = 'failed';
    UPDATE mongo.load_table AS t SET attempts = 0, ended = false, message = NULL
     WHERE t.run = $1 AND t.ended AND (NOT t.cut OR EXISTS (SELECT FROM mongo.load_chunk AS c WHERE c.run = t.run AND c.table_name = t.table_name AND c.pass = t.pass AND c.state = 'waiting'));
$$;
COMMENT ON FUNCTION mongo_internal.resume_run(bigint) IS 'Lets failed chunks of a run wait again';

-- The rank whose tables are being loaded; NULL when all chunks have ended.
CREATE FUNCTION mongo_internal.current_rank(run bigint) RETURNS integer LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(t.rank) FROM mongo.load_table AS t WHERE t.run = $1 AND NOT t.ended
$$;
COMMENT ON FUNCTION mongo_internal.current_rank(bigint) IS 'The rank whose tables are being loaded';

-- Tables without a unique _id are one chunk: nothing tells their documents apart.
CREATE FUNCTION mongo_internal.cut_chunk(t mongo.load_table, plan text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p mongo.plan := mongo_internal.plan_of(plan);
    root mongo.plan_table := mongo_internal.table_of(plan, t.table_name);
    bound bytea;
BEGIN
    IF root.key <> 'none' THEN
        bound := mongo_internal.next_key(mongo_internal.source_of(p, root), t.next_key, t.places);
    END IF;
    INSERT INTO mongo.load_chunk (run, table_name, pass, number, lower, upper, places)
    SELECT t.run, t.table_name, t.pass, 1 + coalesce(max(c.number), 0), t.next_key, bound, t.places FROM mongo.load_chunk AS c
     WHERE c.run = t.run AND c.table_name = t.table_name AND c.pass = t.pass;
    UPDATE mongo.load_table AS l SET next_key = bound, cut = bound IS NULL, attempts = 0
     WHERE l.run = t.run AND l.table_name = t.table_name AND l.pass = t.pass;
END $$;
COMMENT ON FUNCTION mongo_internal.cut_chunk(mongo.load_table, text) IS 'Cuts the next chunk of a table, from the bound of the last one on';

-- A chunk a worker is cut ahead, so that none waits for its cut. False where there is nothing to cut, or somebody else cuts.
CREATE FUNCTION mongo_internal.cut_ahead(o mongo_internal.load_options) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    t mongo.load_table;
    failure text;
BEGIN
    IF (SELECT count(*) FROM mongo.load_chunk AS c WHERE c.run = (o).run AND c.state = 'waiting') >= greatest((o).workers, 1)
       OR NOT pg_try_advisory_xact_lock(hashtextextended('mongo.load cutter ' || (o).plan, 0)) THEN
        RETURN false;
    END IF;
    -- What fails from its beginning fails to its end.
    UPDATE mongo.load_table AS l SET ended = true, message = 'its first ten chunks failed, no more are cut'
     WHERE l.run = (o).run AND NOT l.cut AND NOT l.ended AND EXISTS (SELECT FROM mongo.load_chunk AS c WHERE c.run = l.run AND c.table_name = l.table_name AND c.pass = l.pass AND c.number = 10)
       AND NOT EXISTS (SELECT FROM mongo.load_chunk AS c WHERE c.run = l.run AND c.table_name = l.table_name AND c.pass = l.pass AND c.state <> 'failed');
    SELECT l.* INTO t FROM mongo.load_table AS l
     WHERE l.run = (o).run AND NOT l.cut AND NOT l.ended AND l.rank = mongo_internal.current_rank((o).run) ORDER BY l.table_name LIMIT 1;
    IF t.run IS NULL THEN
        RETURN false;
    END IF;
    BEGIN
        t.places := least(t.places, CASE WHEN (o).max_rate IS NOT NULL THEN greatest(2 * (o).max_rate, 100) END);
        PERFORM mongo_internal.cut_chunk(t, (o).plan);
    EXCEPTION WHEN connection_exception OR fdw_error OR serialization_failure OR invalid_cursor_name OR query_canceled OR insufficient_resources THEN
        IF mongo_internal.is_cancelled(SQLSTATE, SQLERRM) THEN
            RAISE;
        END IF;
        failure := SQLERRM;
        UPDATE mongo.load_table AS l SET attempts = l.attempts + 1, message = failure, ended = l.attempts >= 2
         WHERE l.run = t.run AND l.table_name = t.table_name AND l.pass = t.pass;
        PERFORM pg_sleep(least(t.attempts + 1, 3));
    END;
    RETURN true;
END $$;
COMMENT ON FUNCTION mongo_internal.cut_ahead(mongo_internal.load_options) IS 'Cuts a chunk where few wait; whether it did something';

CREATE FUNCTION mongo_internal.take_chunk(run bigint) RETURNS mongo.load_chunk LANGUAGE sql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    SELECT c.* FROM mongo.load_chunk AS c JOIN mongo.load_table AS t ON t.run = c.run AND t.table_name = c.table_name AND t.pass = c.pass
     WHERE c.run = $1 AND c.state = 'waiting' AND t.rank = mongo_internal.current_rank($1)
     ORDER BY c.attempts, c.table_name, c.number LIMIT 1 FOR UPDATE OF c SKIP LOCKED
$$;
COMMENT ON FUNCTION mongo_internal.take_chunk(bigint) IS 'A waiting chunk of a run that nobody works at, locked until the end of the transaction';

-- Ends tables whose chunks are all done or failed. The last worker of a chunk may not see those of others yet: whoever
-- comes next ends the table.
CREATE FUNCTION mongo_internal.end_tables(run bigint) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE mongo.load_table AS t SET ended = true
     WHERE t.run = $1 AND NOT t.ended AND t.cut AND t.rank = mongo_internal.current_rank($1)
       AND NOT EXISTS (SELECT FROM mongo.load_chunk AS c WHERE c.run = t.run AND c.table_name = t.table_name AND c.pass = t.pass AND c.state = 'waiting')
$$;
COMMENT ON FUNCTION mongo_internal.end_tables(bigint) IS 'Marks tables of a run whose chunks have ended';

CREATE TYPE mongo_internal.chunk_result AS (documents bigint, bytes bigint, written mongo_internal.written);
COMMENT ON TYPE mongo_internal.chunk_result IS 'What became of a chunk';

-- Rows that nothing tells apart are loaded anew, in one transaction.
CREATE FUNCTION mongo_internal.empty_targets(family mongo_internal.table_load[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR i IN REVERSE cardinality(family)..1 LOOP
        IF mongo_internal.held_rows(family[i].plan, family[i].name) THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('table %s held rows before plan "%s" loaded it first', family[i].target, family[i].plan),
                DETAIL = 'Its rows have no key, so that each load writes all of them anew; what was there would be lost, or doubled.', HINT = 'Give the plan a table of its own.';
        END IF;
        EXECUTE format('DELETE FROM %s', family[i].target);
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.empty_targets(mongo_internal.table_load[]) IS 'Deletes the rows of tables without a key; 55000 where one held others than those of the plan';

CREATE FUNCTION mongo_internal.load_range(family mongo_internal.table_load[], way text, run bigint, lower bytea, upper bytea) RETURNS mongo_internal.chunk_result LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pieces CURSOR FOR SELECT mongo_internal.read_documents(family[1].source::regclass, load_range.lower, load_range.upper,
        cluster_time => (SELECT l.cluster_time FROM mongo.load_run AS l WHERE l.run = load_range.run));
    documents bytea[];
    parents text[];
    r mongo_internal.chunk_result := ROW(0, 0, NULL);
BEGIN
    PERFORM mongo_internal.empty_targets(family) WHERE family[1].replace IS NULL;
    r.written := mongo_internal.write_queries(family, true, way, run, lower, upper, NULL, NULL);
    parents := (r.written).parents;
    IF EXISTS (SELECT FROM unnest(family) AS f WHERE NOT f.of_query) THEN
        OPEN pieces;
        LOOP
            FETCH pieces INTO documents;
            EXIT WHEN documents IS NULL;
            r.documents := r.documents + cardinality(documents);
            r.bytes := r.bytes + (SELECT sum(octet_length(d)) FROM unnest(documents) AS d);
            r.written := mongo_internal.both(r.written, mongo_internal.write_documents(family, way, run, documents, parents));
        END LOOP;
        CLOSE pieces;
    END IF;
    r.written := mongo_internal.both(r.written, mongo_internal.write_queries(family, false, way, run, lower, upper, NULL, (r.written).parents));
    RETURN r;
END $$;
COMMENT ON FUNCTION mongo_internal.load_range(mongo_internal.table_load[], text, bigint, bytea, bytea) IS 'Reads the documents of a range, each once, and writes their rows';

CREATE FUNCTION mongo_internal.way_of(t mongo.load_table) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).keys_only THEN 'add_keys' WHEN ($1).was_empty THEN 'fill' ELSE 'converge' END
$$;
COMMENT ON FUNCTION mongo_internal.way_of(mongo.load_table) IS 'How the documents of a table are written in a pass';

-- A chunk shall take one to two seconds. A server whose time hardly depends on how much it is asked for is not asked for
-- less and less.
CREATE FUNCTION mongo_internal.next_places(places bigint, seconds double precision) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $2 BETWEEN 0.75 AND 3 THEN $1 ELSE least(greatest(($1 * least(greatest(1.5 / greatest($2, 0.001), 0.25), 4))::bigint, 100), 1000000) END
$$;
COMMENT ON FUNCTION mongo_internal.next_places(bigint, double precision) IS 'Documents of the next chunk, by how long one took';

-- Connections, locks, resources, time: what another attempt may not meet.
CREATE FUNCTION mongo_internal.may_pass(sqlstate text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 ~ '^(08|34|40|53|55|57|58|HV)'
$$;
COMMENT ON FUNCTION mongo_internal.may_pass(text) IS 'Whether a failed chunk is worth another attempt';

-- A chunk is one transaction, which the caller commits: its rows, its rejects, and that it is done. What fails is rolled
-- back and tried again, at most three times in all.
CREATE FUNCTION mongo_internal.load_chunk(c mongo.load_chunk, family mongo_internal.table_load[]) RETURNS mongo.load_chunk LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off SET random_page_cost = 1.1 AS $$
DECLARE
    t mongo.load_table;
    began timestamptz := clock_timestamp();
    detail text;
    hint text;
    r mongo_internal.chunk_result;
BEGIN
    SELECT l.* INTO t FROM mongo.load_table AS l WHERE l.run = c.run AND l.table_name = c.table_name AND l.pass = c.pass;
    c.attempts := c.attempts + 1;
    BEGIN
        r := mongo_internal.load_range(family, mongo_internal.way_of(t), c.run, c.lower, c.upper);
        c.state := 'done';
        c.sqlstate := NULL;
        c.message := NULL;
        c.detail := NULL;
    EXCEPTION WHEN query_canceled THEN
        IF mongo_internal.is_cancelled(SQLSTATE, SQLERRM) THEN
            RAISE;
        END IF;
        c.sqlstate := SQLSTATE;
        c.message := SQLERRM;
    WHEN admin_shutdown OR crash_shutdown OR assert_failure THEN
        RAISE;
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        c.sqlstate := SQLSTATE;
        c.message := SQLERRM;
        c.detail := nullif(concat_ws(' ', nullif(detail, ''), nullif(hint, '')), '');
    END;
    c.seconds := extract(epoch FROM clock_timestamp() - began);
    IF c.state <> 'done' AND (c.attempts >= CASE c.sqlstate WHEN '53400' THEN 10 ELSE 3 END OR NOT mongo_internal.may_pass(c.sqlstate)) THEN
        c.state := 'failed';
    ELSIF c.state = 'done' AND c.upper IS NOT NULL THEN
        UPDATE mongo.load_table AS l SET places = mongo_internal.next_places(c.places, c.seconds) WHERE l.run = c.run AND l.table_name = c.table_name AND l.pass = c.pass;
    END IF;
    UPDATE mongo.load_chunk AS k SET state = c.state, attempts = c.attempts, documents = r.documents, bytes = r.bytes, inserted = (r.written).inserted,
           updated = (r.written).updated, deleted = (r.written).deleted, seconds = c.seconds, finished = clock_timestamp(), worker = pg_backend_pid(), sqlstate = c.sqlstate, message = c.message, detail = c.detail
     WHERE k.run = c.run AND k.table_name = c.table_name AND k.pass = c.pass AND k.number = c.number;
    c.documents := r.documents;
    RETURN c;
END $$;
COMMENT ON FUNCTION mongo_internal.load_chunk(mongo.load_chunk, mongo_internal.table_load[]) IS 'Loads a chunk; errors but a cancel are the chunk''s';
