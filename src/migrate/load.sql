-- mongo.load and what goes with it.
-- Whether a worker may begin a chunk: go, wait (paused, or too many for an overloaded server), end (also where somebody dropped the run).
CREATE FUNCTION mongo_internal.go_on(o mongo_internal.load_options) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT CASE WHEN mongo_internal.leader_is_gone() OR clock_timestamp() >= ($1).until OR r.state NOT IN ('running', 'paused') OR mongo_internal.current_rank(r.run) IS NULL THEN 'end'
                                 WHEN r.state = 'paused' OR ($1).number > r.chunks_at_once THEN 'wait' ELSE 'go' END
                       FROM mongo.load_run AS r WHERE r.run = ($1).run), 'end')
$$;
COMMENT ON FUNCTION mongo_internal.go_on(mongo_internal.load_options) IS 'Whether a worker may begin a chunk: go, wait or end';

-- Without a transaction that would hold back VACUUM.
CREATE PROCEDURE mongo_internal.rest(milliseconds integer) LANGUAGE plpgsql AS $$
BEGIN
    COMMIT;
    WHILE milliseconds OPERATOR(pg_catalog.>) 0 LOOP
        PERFORM mongo_internal.wait(LEAST(milliseconds, 500));
        COMMIT;
        EXIT WHEN mongo_internal.leader_is_gone();
        milliseconds := milliseconds OPERATOR(pg_catalog.-) 500;
    END LOOP;
END $$;
COMMENT ON PROCEDURE mongo_internal.rest(integer) IS 'Commits, and waits';

-- Loads chunks until none is left, beside whoever else does. One chunk is one transaction.
CREATE PROCEDURE mongo_internal.work(o mongo_internal.load_options) LANGUAGE plpgsql AS $$
DECLARE
    c mongo.load_chunk;
    family mongo_internal.table_load[];
    next pg_catalog.text;
    told pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    LOOP
        IF o.workers OPERATOR(pg_catalog.=) 0 AND pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>) (told OPERATOR(pg_catalog.+) '5 s'::pg_catalog.interval) THEN
            PERFORM mongo_internal.tell_progress(o.plan);
            told := pg_catalog.clock_timestamp();
        END IF;
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        PERFORM mongo_internal.begin_chunk();
        next := mongo_internal.go_on(o);
        IF next OPERATOR(pg_catalog.=) 'go' THEN
            IF mongo_internal.cut_ahead(o) THEN
                COMMIT; -- others see it now
                SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
            END IF;
            c := mongo_internal.take_chunk(o.run);
            IF c.run IS NOT NULL THEN
                IF family IS NULL OR family[1].name OPERATOR(pg_catalog.<>) c.table_name THEN
                    family := mongo_internal.family(o.plan, c.table_name);
                END IF;
                PERFORM mongo_internal.begin_chunk();
                c := mongo_internal.load_chunk(c, family);
                PERFORM mongo_internal.ask_for_less(o) WHERE c.sqlstate OPERATOR(pg_catalog.=) '53400';
                CALL mongo_internal.rest(mongo_internal.pause_after(c, o));
                CONTINUE;
            END IF;
            PERFORM mongo_internal.end_tables(o.run);
            EXIT WHEN mongo_internal.current_rank(o.run) IS NULL;
        END IF;
        EXIT WHEN next OPERATOR(pg_catalog.=) 'end';
        CALL mongo_internal.rest(CASE WHEN next OPERATOR(pg_catalog.=) 'wait' THEN 500 ELSE 50 END);
    END LOOP;
    COMMIT;
END $$;
COMMENT ON PROCEDURE mongo_internal.work(mongo_internal.load_options) IS 'Loads chunks of a run until none is left';

-- An overloaded server (code 462, or the label SystemOverloadedError) is asked by half as many workers, until the next CALL.
CREATE FUNCTION mongo_internal.ask_for_less(o mongo_internal.load_options) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE mongo.load_run AS r SET chunks_at_once = greatest(coalesce(r.chunks_at_once, ($1).workers) / 2, 1) WHERE r.run = ($1).run
$$;
COMMENT ON FUNCTION mongo_internal.ask_for_less(mongo_internal.load_options) IS 'Lets fewer workers go on';

-- After a failure a little, so that a server can come back; else what max_rate asks for.
CREATE FUNCTION mongo_internal.pause_after(c mongo.load_chunk, o mongo_internal.load_options) RETURNS integer LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN ($1).sqlstate IS NOT NULL THEN 1000 * ($1).attempts
                WHEN ($2).max_rate IS NOT NULL THEN least(greatest((1000.0 * coalesce(($1).documents, 0) * greatest(($2).workers, 1) / ($2).max_rate - 1000 * ($1).seconds)::bigint, 0), 3600000)::integer
                ELSE 0 END
$$;
COMMENT ON FUNCTION mongo_internal.pause_after(mongo.load_chunk, mongo_internal.load_options) IS 'Milliseconds to wait after a chunk';

CREATE FUNCTION mongo_internal.check_load(plan text, tables name[], workers integer, max_seconds numeric, max_rate integer, prune text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    p mongo.plan := mongo_internal.check_owner(plan);
    wrong text := CASE WHEN max_seconds <= 0 THEN 'max_seconds must be above 0'
                       WHEN max_rate <= 0 THEN 'max_rate must be above 0' WHEN prune IS NULL OR prune NOT IN ('safe', 'force', 'off') THEN 'prune must be safe, force or off' END;
BEGIN
    PERFORM mongo_internal.check_range('workers', workers, 0, 64);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = wrong;
    END IF;
    PERFORM mongo_internal.checked_plan(plan);
    PERFORM mongo_internal.check_tables(plan, tables);
    IF p.state <> 'applied' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('plan "%s" has not been applied', plan), HINT = format('CALL mongo.apply_plan(%L) makes its tables.', plan);
    ELSIF EXISTS (SELECT FROM mongo.load_run AS r WHERE r.plan = check_load.plan AND r.state = 'paused') THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('the load of plan "%s" is paused', plan), HINT = format('SELECT mongo.resume_load(%L) lets it go on.', plan);
    END IF;
    PERFORM mongo_internal.note_missing(p, tables);
END $$;
COMMENT ON FUNCTION mongo_internal.check_load(text, name[], integer, numeric, integer, text) IS 'Everything that speaks against a load before it begins';

-- Asks the server once, so that one that is not there is told at once.
CREATE FUNCTION mongo_internal.note_missing(p mongo.plan, tables name[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    there text[] := ARRAY(SELECT c.collection FROM mongo.catalog(p.server, p.database) AS c);
    t record;
BEGIN
    FOR t IN SELECT o.name, o.collection FROM mongo.plan_table AS o WHERE o.plan = p.plan AND o.enabled AND o.parent IS NULL AND (o.name = ANY (tables) OR tables IS NULL) AND o.collection <> ALL (there) ORDER BY o.position LOOP
        RAISE WARNING USING ERRCODE = 'undefined_table', MESSAGE = format('collection "%s" of table "%s" is not there: nothing is loaded from it', t.collection, t.name);
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.note_missing(mongo.plan, name[]) IS 'Warns of collections that are not there';

-- Starts workers and waits for them; one that ends early is started again, three times in all.
CREATE PROCEDURE mongo_internal.lead(o mongo_internal.load_options) LANGUAGE plpgsql AS $$
DECLARE
    starts pg_catalog.int4[] := pg_catalog.array_fill(0, ARRAY[o.workers]);
    running pg_catalog.int4 := mongo_internal.start_workers(o);
    told pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    IF running OPERATOR(pg_catalog.=) 0 THEN
        CALL mongo_internal.work(o);
        RETURN;
    END IF;
    LOOP
        CALL mongo_internal.rest(200);
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        PERFORM mongo_internal.begin_chunk();
        SELECT l.running, l.starts INTO running, starts FROM mongo_internal.look_after_workers(o, starts) AS l;
        EXIT WHEN running OPERATOR(pg_catalog.=) 0;
        IF pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>) (told OPERATOR(pg_catalog.+) '5 s'::pg_catalog.interval) THEN
            PERFORM mongo_internal.tell_progress(o.plan);
            told := pg_catalog.clock_timestamp();
        END IF;
    END LOOP;
    IF NOT mongo_internal.chunks_ended(o) AND mongo_internal.go_on(o) OPERATOR(pg_catalog.<>) 'end' THEN
        RAISE WARNING USING MESSAGE = pg_catalog.format('no worker of the load of plan "%s" is left: this session goes on alone', o.plan);
        CALL mongo_internal.work(o);
    END IF;
    COMMIT;
END $$;
COMMENT ON PROCEDURE mongo_internal.lead(mongo_internal.load_options) IS 'Has workers load a run';

CREATE FUNCTION mongo_internal.start_one(o mongo_internal.load_options, slot integer) RETURNS integer LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.start_worker(format('CALL mongo_internal.work(ROW (%L, %L, %L, %L, %L, %L)::mongo_internal.load_options)', ($1).plan, ($1).run, ($1).workers, $2, ($1).until, ($1).max_rate),
                                       format('mongo.load %s, worker %s', ($1).plan, $2), $2)
$$;
COMMENT ON FUNCTION mongo_internal.start_one(mongo_internal.load_options, integer) IS 'Starts a worker of a load';

CREATE FUNCTION mongo_internal.start_workers(o mongo_internal.load_options) RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR slot IN 1..o.workers LOOP
        IF mongo_internal.start_one(o, slot) IS NULL THEN
            RAISE NOTICE USING MESSAGE = CASE slot WHEN 1 THEN 'no background worker can be started: this session loads alone' ELSE format('%s of %s background workers can be started', slot - 1, o.workers) END,
                HINT = 'max_worker_processes has no room for more.';
            RETURN slot - 1;
        END IF;
    END LOOP;
    RETURN o.workers;
END $$;
COMMENT ON FUNCTION mongo_internal.start_workers(mongo_internal.load_options) IS 'Starts the workers of a load, as many as there is room for';

CREATE FUNCTION mongo_internal.look_after_workers(o mongo_internal.load_options, INOUT starts integer[], OUT running integer) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    w record;
BEGIN
    running := 0;
    FOR slot IN 1..o.workers LOOP
        w := mongo_internal.worker_state(slot);
        IF w.state = 'failed' AND (w.sqlstate = '57014' OR starts[slot] >= 3) THEN
            RAISE EXCEPTION USING ERRCODE = w.sqlstate, MESSAGE = w.message, HINT = format('CALL mongo.load(%L) goes on.', o.plan);
        ELSIF w.state IN ('failed', 'lost') AND starts[slot] < 3 THEN
            RAISE WARNING USING MESSAGE = format('worker %s of the load of plan "%s" %s, another is started', slot, o.plan, CASE w.state WHEN 'lost' THEN 'was terminated' ELSE 'ended: ' || w.message END);
            starts[slot] := starts[slot] + 1;
            w.state := CASE WHEN mongo_internal.start_one(o, slot) IS NOT NULL THEN 'running' ELSE 'lost' END;
        END IF;
        running := running + CASE w.state WHEN 'running' THEN 1 ELSE 0 END;
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.look_after_workers(mongo_internal.load_options, integer[]) IS 'Starts workers again that ended early; how many run';

-- A run keeps its time over several CALLs; one without snapshot lets it go.
CREATE FUNCTION mongo_internal.set_snapshot(o mongo_internal.load_options, snapshot boolean) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at bigint := (SELECT r.cluster_time FROM mongo.load_run AS r WHERE r.run = o.run);
BEGIN
    IF snapshot AND at IS NULL THEN
        at := mongo_internal.cluster_time((mongo_internal.plan_of(o.plan)).server);
        IF at IS NULL THEN
            RAISE NOTICE USING MESSAGE = 'the server gives no snapshots: documents are read as they are', HINT = 'Snapshots need a replica set or a sharded cluster.';
        END IF;
    END IF;
    UPDATE mongo.load_run AS r SET cluster_time = CASE WHEN snapshot THEN at END WHERE r.run = o.run AND r.cluster_time IS DISTINCT FROM CASE WHEN snapshot THEN at END;
END $$;
COMMENT ON FUNCTION mongo_internal.set_snapshot(mongo_internal.load_options, boolean) IS 'Notes the time of the cluster at which a run reads; a NOTICE where the server has none';

CREATE FUNCTION mongo_internal.cluster_time(server text) RETURNS bigint LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN h ->> 'setName' IS NOT NULL OR h ->> 'msg' = 'isdbgrid' THEN ((h #>> '{operationTime,$timestamp,t}')::bigint << 32) | (h #>> '{operationTime,$timestamp,i}')::bigint END
      FROM mongo_internal.server_reply($1, 'hello') AS h
$$;
COMMENT ON FUNCTION mongo_internal.cluster_time(text) IS 'The time of a cluster as a timestamp of BSON; NULL where a server is none';

CREATE PROCEDURE mongo.load(plan text, tables name[] DEFAULT NULL, workers integer DEFAULT 1, max_seconds numeric DEFAULT NULL, max_rate integer DEFAULT NULL, prune text DEFAULT 'safe', snapshot boolean DEFAULT false) LANGUAGE plpgsql AS $$
DECLARE
    o mongo_internal.load_options;
BEGIN
    PERFORM mongo_internal.refuse_transaction_block('mongo.load');
    PERFORM mongo_internal.check_load(plan, tables, workers, max_seconds, max_rate, prune);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    o := ROW(plan, mongo_internal.begin_run(plan, (SELECT pg_catalog.array_agg(DISTINCT t ORDER BY t) FROM pg_catalog.unnest(tables) AS t)), workers, 1, pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => max_seconds::pg_catalog.float8), max_rate);
    PERFORM mongo_internal.set_snapshot(o, COALESCE(snapshot, false));
    COMMIT;
    IF workers OPERATOR(pg_catalog.=) 0 THEN
        CALL mongo_internal.work(o);
    ELSE
        CALL mongo_internal.lead(o);
    END IF;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    PERFORM mongo_internal.begin_chunk();
    IF mongo_internal.chunks_ended(o) AND mongo_internal.claim_end(o.run) THEN
        CALL mongo_internal.finish_run(o, prune);
    END IF;
    COMMIT;
    PERFORM mongo_internal.tell_end(o);
END $$;
COMMENT ON PROCEDURE mongo.load(text, name[], integer, numeric, integer, text, boolean) IS
    'Loads the tables of a plan (tables: the topmost ones; NULL: all), a range of keys a transaction, so that it may be ended at any time: the same CALL again goes on, and once a run has ended brings what changed at the source. workers: background workers (0: this session alone); the same CALL in other sessions helps as well. max_seconds: stops then. max_rate: documents a second, of all workers. prune: rows whose document is gone are deleted (safe: but not more than a tenth of a table, and none where the table held rows before the first load; force; off). snapshot: all documents are read as they were at one time of the cluster, for as long as the server keeps it. Values and rows that are refused are in mongo.reject. 25001 inside a transaction block, 42501 unless a member of the plan''s owner, 55000 for a plan that is not applied or a load that is paused, 42704 for an unknown plan; chunks that failed three times end it with their error';

CREATE FUNCTION mongo_internal.chunks_ended(o mongo_internal.load_options) RETURNS boolean LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT mongo_internal.end_tables(($1).run);
    SELECT mongo_internal.current_rank(($1).run) IS NULL;
$$;
COMMENT ON FUNCTION mongo_internal.chunks_ended(mongo_internal.load_options) IS 'Whether all chunks of a run are done or failed';

-- Of several sessions one does the rest; another one takes over from one that is gone, or gave up.
CREATE FUNCTION mongo_internal.claim_end(run bigint) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE mongo.load_run AS r SET ended_by = pg_backend_pid()
     WHERE r.run = claim_end.run AND r.state <> 'done' AND (r.ended_by IS NULL OR r.ended_by = pg_backend_pid() OR NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = r.ended_by AND a.state IS DISTINCT FROM 'idle'));
    IF NOT FOUND AND EXISTS (SELECT FROM mongo.load_run AS r WHERE r.run = claim_end.run AND r.state <> 'done') THEN
        RAISE NOTICE USING MESSAGE = 'another session does what is left of the load';
    END IF;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION mongo_internal.claim_end(bigint) IS 'Whether this session is to do what is left of a run once its chunks have ended';

CREATE FUNCTION mongo_internal.set_phase(run bigint, phase text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE mongo.load_run AS r SET phase = $2 WHERE r.run = $1
$$;
COMMENT ON FUNCTION mongo_internal.set_phase(bigint, text) IS 'Notes what a run is at';

CREATE FUNCTION mongo_internal.failed_chunks(run bigint, OUT failed bigint, OUT sqlstate text, OUT message text, OUT detail text) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*), (array_agg(f.sqlstate ORDER BY f.at))[1], (array_agg(f.message ORDER BY f.at))[1], (array_agg(f.detail ORDER BY f.at))[1]
      FROM (SELECT c.sqlstate, format('table "%s", chunk %s: %s', c.table_name, c.number, c.message) AS message, c.detail, c.finished AS at FROM mongo.load_chunk AS c WHERE c.run = $1 AND c.state = 'failed'
            UNION ALL SELECT '08006', format('table "%s" could not be cut into chunks: %s', t.table_name, t.message), NULL, 'infinity' FROM mongo.load_table AS t WHERE t.run = $1 AND t.ended AND NOT t.cut) AS f
$$;
COMMENT ON FUNCTION mongo_internal.failed_chunks(bigint) IS 'How many chunks of a run failed, and what the first of them said';

CREATE PROCEDURE mongo_internal.finish_run(o mongo_internal.load_options, prune text) LANGUAGE plpgsql AS $$
DECLARE
    failed pg_catalog.int8 := (mongo_internal.failed_chunks(o.run)).failed;
    refusal pg_catalog.text;
BEGIN
    PERFORM mongo_internal.set_phase(o.run, 'retry');
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    CALL mongo_internal.retry(o.plan, o.run, o.run, '{unique,foreign_key,exclusion,reference}');
    PERFORM mongo_internal.resolve_rejects(o.run);
    COMMIT;
    IF failed OPERATOR(pg_catalog.=) 0 AND prune OPERATOR(pg_catalog.<>) 'off' THEN
        PERFORM mongo_internal.set_phase(o.run, 'prune');
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        CALL mongo_internal.prune(o.plan, o.run, prune, refusal);
        -- What stood in the way may be gone now.
        CALL mongo_internal.retry(o.plan, o.run, o.run, '{unique,exclusion}');
    END IF;
    PERFORM mongo_internal.end_run(o.run, failed);
    COMMIT;
    IF refusal IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = refusal, DETAIL = 'All documents that are there have been loaded.',
            HINT = pg_catalog.format('If the source is as it should be: CALL mongo.load(%L, prune => ''force''). With prune => ''off'' the rows stay.', o.plan);
    END IF;
END $$;
COMMENT ON PROCEDURE mongo_internal.finish_run(mongo_internal.load_options, text) IS 'What is left of a run once its chunks have ended';

CREATE FUNCTION mongo_internal.run_figures(run bigint, OUT documents bigint, OUT inserted bigint, OUT updated bigint, OUT deleted bigint) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(c.documents) FILTER (WHERE c.pass = 1), 0), coalesce(sum(c.inserted), 0), coalesce(sum(c.updated), 0), coalesce(sum(c.deleted), 0) + (SELECT coalesce(sum(t.pruned), 0) FROM mongo.load_table AS t WHERE t.run = $1)
      FROM mongo.load_chunk AS c WHERE c.run = $1
$$;
COMMENT ON FUNCTION mongo_internal.run_figures(bigint) IS 'What a run has read and written so far';

CREATE FUNCTION mongo_internal.end_run(run bigint, failed bigint) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    UPDATE mongo.load_run AS r
       SET phase = 'end', ended_by = NULL, state = CASE WHEN $2 = 0 THEN 'done' ELSE 'failed' END, finished = clock_timestamp(), message = (mongo_internal.failed_chunks($1)).message,
           documents = f.documents, inserted = f.inserted, updated = f.updated, deleted = f.deleted
      FROM mongo_internal.run_figures($1) AS f WHERE r.run = $1
$$;
COMMENT ON FUNCTION mongo_internal.end_run(bigint, bigint) IS 'Notes the end of a run';

-- What a person should know at the end; failed chunks are an error.
CREATE FUNCTION mongo_internal.tell_end(o mongo_internal.load_options) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    r mongo.load_run;
    f record := mongo_internal.failed_chunks(o.run);
    s record;
BEGIN
    SELECT l.* INTO r FROM mongo.load_run AS l WHERE l.run = o.run;
    SELECT w.*, (SELECT count(*) FROM mongo.reject AS j WHERE j.plan = o.plan AND j.resolved IS NULL) AS rejects INTO s FROM mongo_internal.run_figures(o.run) AS w;
    IF f.failed > 0 THEN
        RAISE EXCEPTION USING ERRCODE = f.sqlstate, MESSAGE = f.message, DETAIL = concat_ws(E'\n', f.detail, format('%s chunk(s) of the load of plan "%s" failed; the others are loaded.', f.failed, o.plan)),
            HINT = format('CALL mongo.load(%L) tries them again; mongo.load_chunk has what each said.', o.plan);
    ELSIF r.state = 'done' THEN
        RAISE NOTICE USING MESSAGE = format('plan "%s" is loaded: %s documents read, %s rows inserted, %s updated, %s deleted%s', o.plan, s.documents, s.inserted, s.updated, s.deleted,
            CASE WHEN s.rejects > 0 THEN format('; %s rejects, see mongo.reject_summary', s.rejects) ELSE '' END);
    ELSE
        RAISE NOTICE USING MESSAGE = format('the load of plan "%s" has not ended: %s documents read so far', o.plan, s.documents), HINT = 'The same CALL again goes on.';
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.tell_end(mongo_internal.load_options) IS 'A NOTICE of what a load did; raises what the first failed chunk said';

CREATE PROCEDURE mongo.retry_rejects(plan text) LANGUAGE plpgsql AS $$
DECLARE
    before pg_catalog.int8;
    run pg_catalog.int8;
BEGIN
    PERFORM mongo_internal.refuse_transaction_block('mongo.retry_rejects');
    PERFORM mongo_internal.check_owner(plan);
    PERFORM mongo_internal.checked_plan(plan);
    before := mongo_internal.open_rejects(plan, NULL, NULL);
    run := (SELECT pg_catalog.max(r.run) FROM mongo.load_run AS r WHERE r.plan OPERATOR(pg_catalog.=) retry_rejects.plan);
    COMMIT;
    CALL mongo_internal.retry(plan, run, NULL, NULL);
    RAISE NOTICE USING MESSAGE = pg_catalog.format('plan "%s": %s of %s rejects are resolved', plan, before OPERATOR(pg_catalog.-) mongo_internal.open_rejects(plan, NULL, NULL), before);
END $$;
COMMENT ON PROCEDURE mongo.retry_rejects(text) IS
    'Loads the documents with rejects once more, until nothing changes: after a constraint or the plan was mended, or the source. 25001 inside a transaction block, 42501 unless a member of the plan''s owner, 42704 for an unknown plan';

CREATE FUNCTION mongo_internal.set_paused(plan text, from_state text, to_state text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM mongo_internal.check_owner(plan);
    UPDATE mongo.load_run AS r SET state = to_state WHERE r.plan = set_paused.plan AND r.state = from_state;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('no load of plan "%s" is %s', plan, from_state);
    END IF;
END $$;
COMMENT ON FUNCTION mongo_internal.set_paused(text, text, text) IS 'Pauses or resumes the load of a plan';
CREATE FUNCTION mongo.pause_load(plan text) RETURNS void LANGUAGE sql AS $$ SELECT mongo_internal.set_paused($1, 'running', 'paused') $$;
COMMENT ON FUNCTION mongo.pause_load(text) IS
    'Lets the load of a plan wait: chunks that have begun are ended, no other is begun, until resume_load. 55000 where none is running, 42501 unless a member of the plan''s owner';
CREATE FUNCTION mongo.resume_load(plan text) RETURNS void LANGUAGE sql AS $$ SELECT mongo_internal.set_paused($1, 'paused', 'running') $$;
COMMENT ON FUNCTION mongo.resume_load(text) IS 'Lets a load go on that pause_load paused. 55000 where none is paused, 42501 unless a member of the plan''s owner';
