-- preflight: can it be done? It only reads.
CREATE FUNCTION mongo_internal.server_reply(server text, command text) RETURNS json
    AS 'MODULE_PATHNAME', 'mongo_server_reply' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.server_reply(text, text) IS
    'What a server says of itself: hello, isMaster, buildInfo, connectionStatus. A refusal is {"ok": 0, "code", "errmsg"}; a connection that fails raises';
CREATE FUNCTION mongo_internal.lacking_operators(server text, database text, OUT operators text, OUT since text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'mongo_lacking_operators' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.lacking_operators(text, text) IS 'Operators that are pushed down and that a server lacks, with the version of MongoDB that has them';
CREATE FUNCTION mongo_internal.collection_options(server text, database text, OUT collection text, OUT options json) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'mongo_collection_options' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.collection_options(text, text) IS 'Options of the collections of a database, as listCollections gives them; no row where the server refuses';
CREATE FUNCTION mongo_internal.change_stream_refusal(server text, database text) RETURNS text
    AS 'MODULE_PATHNAME', 'mongo_change_stream_refusal' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.change_stream_refusal(text, text) IS 'Opens a change stream of a database and closes it: NULL where the server gives one, else what it says';
CREATE FUNCTION mongo_internal.free_disk() RETURNS bigint
    AS 'MODULE_PATHNAME', 'mongo_free_disk' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.free_disk() IS 'Bytes left in the file system of the data directory; NULL for users that are no members of pg_monitor';

CREATE TYPE mongo_internal.preflight_row AS (check_name text, status text, detail text, hint text);
COMMENT ON TYPE mongo_internal.preflight_row IS 'A check: status is ok, warn, fail or skip';

CREATE FUNCTION mongo_internal.preflight_server(server text) RETURNS SETOF mongo_internal.preflight_row LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hello json;
    build json;
    version integer[];
    topology text;
    behind interval;
    told text;
BEGIN
    hello := mongo_internal.server_reply(server, 'hello');
    IF (hello ->> 'ok')::numeric = 0 THEN
        hello := mongo_internal.server_reply(server, 'isMaster');
    END IF;
    build := mongo_internal.server_reply(server, 'buildInfo');
    RETURN NEXT ('connection', 'ok', format('server "%s" answers', server), NULL)::mongo_internal.preflight_row;
    version := string_to_array(substring(build ->> 'version' FROM '^\d+\.\d+'), '.')::integer[];
    RETURN NEXT CASE WHEN version IS NULL THEN ('version', 'skip', 'the server does not say its version', NULL)::mongo_internal.preflight_row
                     WHEN version < '{4,2}' THEN ('version', 'warn', build ->> 'version', 'MongoDB before 4.2 lacks operators: more is done here, which takes longer.')::mongo_internal.preflight_row
                     ELSE ('version', 'ok', build ->> 'version', NULL)::mongo_internal.preflight_row END;
    topology := CASE WHEN hello ->> 'msg' = 'isdbgrid' THEN 'sharded cluster' WHEN hello ->> 'setName' IS NOT NULL THEN 'replica set ' || (hello ->> 'setName') ELSE 'single server' END;
    RETURN NEXT CASE topology WHEN 'single server'
                     THEN ('topology', 'warn', topology, 'There are no transactions, no snapshots and no change streams: stop writing while the last load runs, or make it a replica set of one.')::mongo_internal.preflight_row
                     ELSE ('topology', 'ok', topology, NULL)::mongo_internal.preflight_row END;
    behind := clock_timestamp() - (hello #>> '{localTime,$date}')::timestamptz;
    RETURN NEXT CASE WHEN behind IS NULL THEN ('clock', 'skip', 'the server does not say its time', NULL)::mongo_internal.preflight_row
                     WHEN abs(extract(epoch FROM behind)) > 5 THEN ('clock', 'warn', format('the clocks differ by %s', behind), 'Times of changes are compared with the time here: set both by NTP.')::mongo_internal.preflight_row
                     ELSE ('clock', 'ok', 'the clocks agree within 5 s', NULL)::mongo_internal.preflight_row END;
EXCEPTION WHEN SQLSTATE '08001' OR SQLSTATE '08004' OR SQLSTATE '08006' OR invalid_authorization_specification OR invalid_password THEN
    GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
    RETURN NEXT ('connection', 'fail', concat_ws(': ', SQLERRM, nullif(told, '')), 'Look at the server''s options and at the user mapping.')::mongo_internal.preflight_row;
END $$;
COMMENT ON FUNCTION mongo_internal.preflight_server(text) IS 'Connection, version, topology and clock of a server';

-- What the user may do: a server without access control grants everything.
CREATE FUNCTION mongo_internal.preflight_rights(server text, database text) RETURNS SETOF mongo_internal.preflight_row LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    status json := mongo_internal.server_reply(server, 'connectionStatus');
    users json := status #> '{authInfo,authenticatedUsers}';
    actions text[];
BEGIN
    IF users IS NULL THEN
        RETURN NEXT ('rights', 'skip', coalesce(status ->> 'errmsg', 'the server does not say who is logged in'), NULL)::mongo_internal.preflight_row;
        RETURN;
    ELSIF json_array_length(users) = 0 THEN
        RETURN NEXT ('rights', 'ok', 'nobody is logged in, and the server asks nobody to', NULL)::mongo_internal.preflight_row;
        RETURN;
    END IF;
    SELECT array_agg(DISTINCT a.action) INTO actions
      FROM json_array_elements(status #> '{authInfo,authenticatedUserPrivileges}') AS p (privilege), json_array_elements_text(p.privilege -> 'actions') AS a (action)
     WHERE coalesce(p.privilege #>> '{resource,db}', '') IN ('', database) OR (p.privilege #>> '{resource,anyResource}')::boolean;
    RETURN QUERY
    SELECT 'right ' || w.action, CASE WHEN w.action = ANY (actions) THEN 'ok' ELSE w.without END,
           format('%s on "%s"', CASE WHEN w.action = ANY (actions) THEN 'granted' ELSE 'not granted' END, database), CASE WHEN w.action = ANY (actions) THEN NULL ELSE w.hint END
      FROM (VALUES ('find', 'fail', 'Grant the role "read" on the database.'),
                   ('listCollections', 'warn', 'Name the collections: they cannot be listed.'),
                   ('changeStream', 'warn', 'Without it changes cannot be followed; the role "read" has it.'),
                   ('collStats', 'warn', 'Without it estimates of rows and bytes are guesses.')) AS w (action, without, hint);
END $$;
COMMENT ON FUNCTION mongo_internal.preflight_rights(text, text) IS 'What the user of the mapping may do in a database';

CREATE FUNCTION mongo_internal.preflight_database(database text, catalog json) RETURNS SETOF mongo_internal.preflight_row LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    collections bigint;
    bytes numeric;
    free bigint := mongo_internal.free_disk();
    odd record;
BEGIN
    SELECT count(*) FILTER (WHERE c.collection IS NOT NULL), sum(c.bytes) INTO collections, bytes FROM json_to_recordset(catalog) AS c (collection text, bytes bigint);
    RETURN NEXT CASE collections WHEN 0 THEN ('database', 'fail', format('"%s" has no collection', database), 'The names of databases are case-sensitive; mongo.catalog lists them.')::mongo_internal.preflight_row
                     ELSE ('database', 'ok', format('%s collections, %s', collections, coalesce(pg_size_pretty(bytes), 'of unknown size')), NULL)::mongo_internal.preflight_row END;
    FOR odd IN
        SELECT w.kind, w.status, count(*) AS n, string_agg(c.collection, ', ' ORDER BY c.collection) AS names, w.hint
          FROM json_to_recordset(catalog) AS c (collection text, kind text) JOIN (VALUES
              ('view', 'warn', 'Views are planned where create_plan names them.'), ('time series', 'warn', 'They have no unique _id: rows get an identity.'),
              ('capped', 'warn', 'Old documents leave a capped collection by themselves: load it soon.'),
              ('gridfs', 'warn', 'Files are planned as the two collections that they are.')) AS w (kind, status, hint) ON w.kind = c.kind
         GROUP BY w.kind, w.status, w.hint ORDER BY w.kind
    LOOP
        RETURN NEXT ('kind ' || odd.kind, odd.status, format('%s: %s', odd.n, left(odd.names, 200)), odd.hint)::mongo_internal.preflight_row;
    END LOOP;
    RETURN NEXT CASE WHEN free IS NULL THEN ('disk', 'skip', 'only members of pg_monitor are told', NULL)::mongo_internal.preflight_row
                     WHEN bytes IS NULL THEN ('disk', 'skip', 'the size of the documents is not known', NULL)::mongo_internal.preflight_row
                     WHEN free < bytes * 2 THEN ('disk', 'warn', format('%s left for documents of %s', pg_size_pretty(free), pg_size_pretty(bytes)), 'Tables with indexes take about twice the documents'' size.')::mongo_internal.preflight_row
                     ELSE ('disk', 'ok', format('%s left for documents of %s', pg_size_pretty(free), pg_size_pretty(bytes)), NULL)::mongo_internal.preflight_row END;
END $$;
COMMENT ON FUNCTION mongo_internal.preflight_database(text, json) IS 'What kinds of collections a database has, and whether there is room for it';

-- What following changes and reading at one point in time need of the server.
CREATE FUNCTION mongo_internal.preflight_changes(server text, database text) RETURNS SETOF mongo_internal.preflight_row LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    refusal text := mongo_internal.change_stream_refusal(server, database);
    reply json := mongo_internal.server_reply(server, 'getParameter');
    seconds numeric := (reply ->> 'minSnapshotHistoryWindowInSeconds')::numeric;
    lacking text;
    kept text;
BEGIN
    SELECT string_agg(format('%s (%s)', l.operators, l.since), '; ') INTO lacking FROM mongo_internal.lacking_operators(server, database) AS l;
    RETURN NEXT CASE WHEN lacking IS NULL THEN ('operators', 'ok', 'the server has all that are pushed down', NULL)::mongo_internal.preflight_row
                     ELSE ('operators', 'warn', 'it lacks ' || lacking, 'What needs them is worked out here: the rows are the same, more of them are sent.')::mongo_internal.preflight_row END;
    RETURN NEXT CASE WHEN refusal IS NULL THEN ('change stream', 'ok', format('the server gives one of "%s"', database), NULL)::mongo_internal.preflight_row
                     ELSE ('change stream', 'warn', refusal, 'Changes cannot be followed: stop writing while the last load runs.')::mongo_internal.preflight_row END;
    SELECT string_agg(o.collection, ', ' ORDER BY o.collection) INTO kept FROM mongo_internal.collection_options(server, database) AS o
     WHERE (o.options #>> '{changeStreamPreAndPostImages,enabled}')::boolean;
    RETURN NEXT ('pre-images', CASE WHEN refusal IS NULL THEN 'ok' ELSE 'skip' END, coalesce(left('kept of ' || kept, 200), 'not kept, and not needed'), NULL)::mongo_internal.preflight_row;
    RETURN NEXT CASE WHEN seconds IS NULL THEN ('snapshot window', 'skip', coalesce(reply ->> 'errmsg', 'the server does not say'), 'MongoDB keeps 300 seconds (minSnapshotHistoryWindowInSeconds) where nothing else is set.')::mongo_internal.preflight_row
                     WHEN seconds < 300 THEN ('snapshot window', 'warn', format('%s seconds', seconds), 'A read at one point in time must be done within it: set minSnapshotHistoryWindowInSeconds.')::mongo_internal.preflight_row
                     ELSE ('snapshot window', 'ok', format('%s seconds', seconds), NULL)::mongo_internal.preflight_row END;
END $$;
COMMENT ON FUNCTION mongo_internal.preflight_changes(text, text) IS 'Operators, change streams, pre-images and the window of snapshots';

-- The loads of ./dev demo move 5 to 15 MB of documents a second; the estimate is generous, for
-- an oplog that is too short means to begin again.
CREATE FUNCTION mongo_internal.estimated_load(bytes numeric) RETURNS interval LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT make_interval(secs => ceil(coalesce(bytes, 0) / 5e6)::double precision)
$$;
COMMENT ON FUNCTION mongo_internal.estimated_load(numeric) IS 'How long one worker takes for documents of so many bytes, at 5 MB a second';

CREATE FUNCTION mongo_internal.preflight_oplog(server text, catalog json) RETURNS SETOF mongo_internal.preflight_row LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ends bigint[];
    spans interval;
    load_takes interval;
    told text;
BEGIN
    SELECT array_agg((q.document #>> '{ts,$timestamp,t}')::bigint) INTO ends
      FROM (SELECT * FROM mongo.query(server, 'local', 'oplog.rs', '[{"$sort": {"$natural": 1}}, {"$limit": 1}, {"$project": {"ts": 1}}]') AS a (document)
            UNION ALL SELECT * FROM mongo.query(server, 'local', 'oplog.rs', '[{"$sort": {"$natural": -1}}, {"$limit": 1}, {"$project": {"ts": 1}}]') AS b (document)) AS q;
    IF cardinality(ends) IS DISTINCT FROM 2 THEN
        RETURN NEXT ('oplog', 'skip', 'there is none', NULL)::mongo_internal.preflight_row;
        RETURN;
    END IF;
    SELECT mongo_internal.estimated_load(sum(c.bytes)) INTO load_takes FROM json_to_recordset(catalog) AS c (bytes bigint);
    spans := make_interval(secs => abs(ends[2] - ends[1]));
    told := format('it spans %s, a load takes about %s', spans, load_takes);
    RETURN NEXT CASE WHEN spans < 2 * load_takes OR spans < interval '1 hour'
                     THEN ('oplog', 'warn', told, 'A load that takes longer than the oplog spans cannot be followed: enlarge it (replSetResizeOplog). That of a server that is new grows yet.')::mongo_internal.preflight_row
                     ELSE ('oplog', 'ok', told, NULL)::mongo_internal.preflight_row END;
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT ('oplog', 'skip', SQLERRM, NULL)::mongo_internal.preflight_row;
END $$;
COMMENT ON FUNCTION mongo_internal.preflight_oplog(text, json) IS 'How far back a server''s oplog goes, against the time that a load takes; skip where it cannot be read';

CREATE FUNCTION mongo_internal.preflight_target() RETURNS SETOF mongo_internal.preflight_row LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    workers integer := current_setting('max_worker_processes')::integer;
    encoding text := getdatabaseencoding();
    sorting text;
BEGIN
    RETURN NEXT CASE encoding WHEN 'UTF8' THEN ('encoding', 'ok', encoding, NULL)::mongo_internal.preflight_row
                     ELSE ('encoding', 'warn', encoding, 'Strings that the encoding cannot say become misfits: use a database in UTF8.')::mongo_internal.preflight_row END;
    SELECT d.datcollate INTO sorting FROM pg_database AS d WHERE d.datname = current_database();
    RETURN NEXT ('collation', CASE WHEN sorting IN ('C', 'POSIX', 'C.UTF-8') THEN 'ok' ELSE 'warn' END, sorting,
                 CASE WHEN sorting NOT IN ('C', 'POSIX', 'C.UTF-8') THEN 'MongoDB sorts text by bytes: ORDER BY gives another order here, unless a column has COLLATE "C".' END)::mongo_internal.preflight_row;
    RETURN NEXT CASE WHEN workers < 8 THEN ('workers', 'warn', format('max_worker_processes is %s', workers), 'Each worker of a load takes one: 8 or more, and a restart.')::mongo_internal.preflight_row
                     ELSE ('workers', 'ok', format('max_worker_processes is %s', workers), NULL)::mongo_internal.preflight_row END;
    BEGIN
        PERFORM xmlelement(name x);
        RETURN NEXT ('libxml', 'ok', 'reports in HTML can be made', NULL)::mongo_internal.preflight_row;
    EXCEPTION WHEN feature_not_supported THEN
        RETURN NEXT ('libxml', 'warn', 'PostgreSQL was built without libxml', 'Reports in HTML cannot be made; markdown and json can.')::mongo_internal.preflight_row;
    END;
END $$;
COMMENT ON FUNCTION mongo_internal.preflight_target() IS 'What the database here has for a migration';

CREATE FUNCTION mongo_internal.preflight_plan(plan text) RETURNS SETOF mongo_internal.preflight_row LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p mongo.plan := mongo_internal.plan_of(plan);
    faults bigint;
BEGIN
    SELECT count(*) INTO faults FROM mongo_internal.plan_faults(plan);
    RETURN NEXT CASE faults WHEN 0 THEN ('plan', 'ok', 'it does not contradict itself', NULL)::mongo_internal.preflight_row
                     ELSE ('plan', 'fail', format('%s rows contradict others', faults), 'mongo.plan_statements names the first.')::mongo_internal.preflight_row END;
    RETURN NEXT CASE WHEN mongo_internal.is_member(p.owner) THEN ('owner', 'ok', p.owner, NULL)::mongo_internal.preflight_row
                     ELSE ('owner', 'fail', p.owner, format('Run the plan as a member of that role: SET ROLE %I.', p.owner))::mongo_internal.preflight_row END;
    RETURN NEXT CASE WHEN CASE WHEN to_regnamespace(quote_ident(p.target_schema)) IS NULL THEN has_database_privilege(current_database(), 'CREATE')
                               ELSE has_schema_privilege(p.target_schema, 'CREATE') END
                     THEN ('target schema', 'ok', format('tables can be made in "%s"', p.target_schema), NULL)::mongo_internal.preflight_row
                     ELSE ('target schema', 'fail', format('no right to make tables in "%s"', p.target_schema), 'GRANT CREATE on it, or on the database where it is not there yet.')::mongo_internal.preflight_row END;
END $$;
COMMENT ON FUNCTION mongo_internal.preflight_plan(text) IS 'Whether a plan can be applied';

CREATE FUNCTION mongo.preflight(server text, database text, plan text DEFAULT NULL)
RETURNS TABLE (check_name text, status text, detail text, hint text) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    connected boolean := true;
    catalog json;
    r mongo_internal.preflight_row;
BEGIN
    FOR r IN SELECT * FROM mongo_internal.preflight_server(preflight.server) LOOP
        connected := connected AND NOT (r.check_name = 'connection' AND r.status = 'fail');
        check_name := r.check_name; status := r.status; detail := r.detail; hint := r.hint;
        RETURN NEXT;
    END LOOP;
    IF connected THEN
        RETURN QUERY SELECT * FROM mongo_internal.preflight_rights(preflight.server, preflight.database);
        -- Once: it asks for the statistics of every collection.
        catalog := (SELECT json_agg(json_build_object('collection', c.collection, 'kind', c.kind, 'bytes', c.bytes)) FROM mongo.catalog(preflight.server, preflight.database) AS c);
        RETURN QUERY SELECT * FROM mongo_internal.preflight_database(preflight.database, catalog);
        RETURN QUERY SELECT * FROM mongo_internal.preflight_changes(preflight.server, preflight.database);
        RETURN QUERY SELECT * FROM mongo_internal.preflight_oplog(preflight.server, catalog);
    END IF;
    RETURN QUERY SELECT * FROM mongo_internal.preflight_target();
    IF preflight.plan IS NOT NULL THEN
        RETURN QUERY SELECT * FROM mongo_internal.preflight_plan(preflight.plan);
    END IF;
END $$;
COMMENT ON FUNCTION mongo.preflight(text, text, text) IS
    'Can a database be brought here? Rows ok, warn, fail or skip, each with what to do: connection, version, topology, clock, rights, kinds of collections, room, operators, change streams, pre-images, window of snapshots, oplog against the time that a load takes, encoding, collation, workers, libxml, and with a plan whether it can be applied. Reads only. 42704 for an unknown server or plan, 42501 without USAGE on the server';
