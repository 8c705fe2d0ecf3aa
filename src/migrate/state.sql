-- What is known of the loads of a plan: runs, the tables of a run, their chunks, and what was refused. Nothing of it is
-- dumped: a restored copy has loaded nothing.
CREATE TABLE mongo.load_run (
    run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan text NOT NULL REFERENCES mongo.plan ON UPDATE CASCADE ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'done', 'failed')),
    phase text NOT NULL DEFAULT 'chunks' CHECK (phase IN ('chunks', 'retry', 'prune', 'end')),
    tables name[],
    cluster_time bigint,
    chunks_at_once integer,
    ended_by integer,
    calls integer NOT NULL DEFAULT 1,
    started timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished timestamptz,
    documents bigint,
    inserted bigint,
    updated bigint,
    deleted bigint,
    message text
);
CREATE TABLE mongo.load_table (
    run bigint NOT NULL REFERENCES mongo.load_run ON DELETE CASCADE,
    table_name name NOT NULL,
    pass integer NOT NULL,
    rank integer NOT NULL,
    keys_only boolean NOT NULL DEFAULT false,
    was_empty boolean NOT NULL,
    estimated_documents bigint,
    next_key bytea,
    places bigint NOT NULL,
    cut boolean NOT NULL DEFAULT false,
    ended boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    pruned bigint NOT NULL DEFAULT 0,
    message text,
    PRIMARY KEY (run, table_name, pass)
);
CREATE TABLE mongo.load_chunk (
    run bigint NOT NULL,
    table_name name NOT NULL,
    pass integer NOT NULL,
    number integer NOT NULL,
    lower bytea,
    upper bytea,
    places bigint NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    documents bigint,
    bytes bigint,
    inserted bigint,
    updated bigint,
    deleted bigint,
    seconds double precision,
    finished timestamptz,
    worker integer,
    sqlstate text,
    message text,
    detail text,
    PRIMARY KEY (run, table_name, pass, number),
    FOREIGN KEY (run, table_name, pass) REFERENCES mongo.load_table ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX load_chunk_waiting ON mongo.load_chunk (run, table_name, pass, number) WHERE state = 'waiting';
CREATE TABLE mongo.load_target (
    plan text NOT NULL REFERENCES mongo.plan ON UPDATE CASCADE ON DELETE CASCADE,
    table_name name NOT NULL,
    held_rows boolean NOT NULL,
    first_load timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan, table_name)
);
CREATE TABLE mongo.reject (
    plan text NOT NULL REFERENCES mongo.plan ON UPDATE CASCADE ON DELETE CASCADE,
    table_name name NOT NULL,
    key_hash bytea NOT NULL,
    positions text[] NOT NULL,
    stage text NOT NULL CHECK (stage IN ('misfit', 'nul', 'expression', 'not_null', 'check', 'unique', 'foreign_key', 'exclusion', 'domain', 'reference', 'trigger', 'index')),
    column_name text NOT NULL,
    source_key bytea NOT NULL,
    document_id json,
    sqlstate text NOT NULL,
    reason text NOT NULL,
    value text,
    row_lost boolean NOT NULL,
    stale boolean NOT NULL,
    run bigint,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved timestamptz,
    PRIMARY KEY (plan, table_name, key_hash, positions, stage, column_name)
);
CREATE INDEX reject_open ON mongo.reject (plan, stage) WHERE resolved IS NULL;

COMMENT ON TABLE mongo.load_run IS 'Loads: a run goes on over several CALLs of mongo.load until all chunks are done or failed';
COMMENT ON COLUMN mongo.load_run.phase IS 'chunks; retry: rows refused for what other rows lacked; prune: rows whose document is gone; end';
COMMENT ON COLUMN mongo.load_run.cluster_time IS 'When all documents are read as they were then (snapshot): a timestamp of BSON';
COMMENT ON COLUMN mongo.load_run.calls IS 'CALLs of mongo.load that worked at it: after the first one documents may be gone that it has read';
COMMENT ON COLUMN mongo.load_run.documents IS 'Documents read, and below rows inserted, updated and deleted, once a run has ended: the ranges of older runs are forgotten';
COMMENT ON COLUMN mongo.load_run.ended_by IS 'Process that does what is left once all chunks have ended';
COMMENT ON COLUMN mongo.load_run.chunks_at_once IS 'Fewer chunks at a time than there are workers, because the server said that it is overloaded; NULL: as many';
COMMENT ON TABLE mongo.load_table IS 'The collections of a run, by the topmost table of each';
COMMENT ON COLUMN mongo.load_table.rank IS 'Tables of a rank are loaded once those of the ranks below have ended: references point downwards';
COMMENT ON COLUMN mongo.load_table.keys_only IS 'A first pass over tables that refer to each other in a circle: new rows are inserted without these references';
COMMENT ON COLUMN mongo.load_table.was_empty IS 'Whether the target tables were empty when the run began: rows are inserted without looking for their old versions';
COMMENT ON COLUMN mongo.load_table.next_key IS 'Where the next chunk begins; NULL: at the first document';
COMMENT ON COLUMN mongo.load_table.places IS 'Documents of the next chunk, so that it takes one or two seconds';
COMMENT ON COLUMN mongo.load_table.pruned IS 'Rows that were deleted because their document is gone';
COMMENT ON COLUMN mongo.load_table.cut IS 'Whether the last chunk is cut';
COMMENT ON TABLE mongo.load_chunk IS 'Ranges of keys, [lower, upper), NULL is open; each is loaded by one transaction';
COMMENT ON COLUMN mongo.load_chunk.places IS 'Documents that were cut off, before any source_filter';
COMMENT ON COLUMN mongo.load_chunk.detail IS 'What the last error said besides its message: details and hints';
COMMENT ON COLUMN mongo.load_chunk.worker IS 'Process that loaded it last, or tried to';
COMMENT ON TABLE mongo.load_target IS 'Whether a target table held rows before the first load of the plan: then nothing is pruned there unless forced';
COMMENT ON TABLE mongo.reject IS 'Values and rows that were refused, and why; resolved ones were loaded later, or are gone';
COMMENT ON COLUMN mongo.reject.key_hash IS 'sha256 of the key of the document (mongo.id_key)';
COMMENT ON COLUMN mongo.reject.positions IS 'Of rows of child tables: positions in the arrays, or keys of maps, from the topmost on';
COMMENT ON COLUMN mongo.reject.stage IS 'misfit: a value that does not fit its column; nul: text with NUL; expression: the plan''s expression raised; reference: a reference that is not found; trigger: a trigger of the target raised; index: a value is too long for an index; else the kind of the constraint';
COMMENT ON COLUMN mongo.reject.document_id IS '_id as canonical Extended JSON';
COMMENT ON COLUMN mongo.reject.row_lost IS 'The target has no row of it; of a topmost table, none of its children either';
COMMENT ON COLUMN mongo.reject.stale IS 'The target has an older version of the row';

-- They show text of documents: members of the plan's owner alone see them.
CREATE FUNCTION mongo_internal.own_plans() RETURNS SETOF text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.plan FROM mongo.plan AS p WHERE mongo_internal.is_member(p.owner)
$$;
COMMENT ON FUNCTION mongo_internal.own_plans() IS 'Plans whose owner the user is a member of';
DO $$
DECLARE
    t text;
    visible text;
BEGIN
    FOREACH t IN ARRAY '{load_run,load_table,load_chunk,load_target,reject}'::text[] LOOP
        visible := CASE WHEN t IN ('load_table', 'load_chunk') THEN 'run IN (SELECT r.run FROM mongo.load_run AS r)' ELSE 'plan IN (SELECT mongo_internal.own_plans())' END;
        EXECUTE format('ALTER TABLE mongo.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY members_of_the_owner ON mongo.%I USING (%s) WITH CHECK (%2$s)', t, visible);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON mongo.%I TO PUBLIC', t);
    END LOOP;
END $$;
