-- What checks of a plan found. Nothing of it is dumped.
CREATE TABLE mongo.check_run (
    run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan text NOT NULL REFERENCES mongo.plan ON UPDATE CASCADE ON DELETE CASCADE,
    level integer NOT NULL,
    tables name[],
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done')),
    pid integer,
    started timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished timestamptz,
    ok bigint,
    warn bigint,
    fail bigint,
    skip bigint
);
CREATE TABLE mongo.check_result (
    run bigint NOT NULL REFERENCES mongo.check_run ON DELETE CASCADE,
    plan text NOT NULL REFERENCES mongo.plan ON UPDATE CASCADE ON DELETE CASCADE,
    number integer NOT NULL,
    check_name text NOT NULL,
    level integer NOT NULL,
    table_name name NOT NULL,
    column_name name,
    status text NOT NULL CHECK (status IN ('ok', 'warn', 'fail', 'skip')),
    expected text,
    actual text,
    difference text,
    sample text[],
    seconds double precision,
    sql text,
    PRIMARY KEY (run, number)
);
COMMENT ON TABLE mongo.check_run IS 'Runs of mongo.validate, with how many checks were ok, warned, failed and could not run';
COMMENT ON COLUMN mongo.check_run.pid IS 'Process that validates, or did';
COMMENT ON TABLE mongo.check_result IS 'What the last mongo.validate of each plan found';
COMMENT ON COLUMN mongo.check_result.check_name IS 'collections, rows, sequence, rejects (level 0), totals (1), ranges (2), values, references, unmapped (3), documents (4)';
COMMENT ON COLUMN mongo.check_result.status IS 'ok; fail: both sides differ; warn: something that a person should know; skip: the check could not run, difference says why';
COMMENT ON COLUMN mongo.check_result.expected IS 'What the source has';
COMMENT ON COLUMN mongo.check_result.actual IS 'What the target has';
COMMENT ON COLUMN mongo.check_result.difference IS 'What differs, or why a check was skipped';
COMMENT ON COLUMN mongo.check_result.sample IS 'Keys of some rows';
COMMENT ON COLUMN mongo.check_result.seconds IS 'How long a check of a table took, in its first line';
COMMENT ON COLUMN mongo.check_result.sql IS 'What was run';
DO $$
BEGIN
    ALTER TABLE mongo.check_run ENABLE ROW LEVEL SECURITY;
    ALTER TABLE mongo.check_result ENABLE ROW LEVEL SECURITY;
    CREATE POLICY members_of_the_owner ON mongo.check_run USING (plan IN (SELECT mongo_internal.own_plans())) WITH CHECK (plan IN (SELECT mongo_internal.own_plans()));
    CREATE POLICY members_of_the_owner ON mongo.check_result USING (plan IN (SELECT mongo_internal.own_plans())) WITH CHECK (plan IN (SELECT mongo_internal.own_plans()));
    GRANT SELECT, INSERT, UPDATE, DELETE ON mongo.check_run, mongo.check_result TO PUBLIC;
END $$;

CREATE FUNCTION mongo_internal.counted(number bigint, noun text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT $1 || ' ' || $2 || CASE $1 WHEN 1 THEN '' ELSE 's' END
$$;
COMMENT ON FUNCTION mongo_internal.counted(bigint, text) IS 'A number of things in words';

CREATE TYPE mongo_internal.finding AS (column_name name, status text, expected text, actual text, difference text, sample text[], sql text);
COMMENT ON TYPE mongo_internal.finding IS 'What a check found';

CREATE FUNCTION mongo_internal.found(column_name name, status text, expected text, actual text, difference text, sample text[], sql text) RETURNS mongo_internal.finding LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT ROW($1, $2, $3, $4, $5, $6, $7)::mongo_internal.finding
$$;
COMMENT ON FUNCTION mongo_internal.found(name, text, text, text, text, text[], text) IS 'What a check found';
