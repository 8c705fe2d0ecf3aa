-- Schema of everything that is no foreign-data wrapper. Assembled first into the extension script.
DO $$
BEGIN
    IF pg_catalog.to_regnamespace('mongo') IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_schema', MESSAGE = 'schema "mongo" exists already',
            DETAIL = 'mongo_fdw_cpp keeps its functions and types in a schema of its own with this name.',
            HINT = 'Rename yours while the extension is created: ALTER SCHEMA mongo RENAME TO mongo_of_mine; CREATE EXTENSION mongo_fdw_cpp. To have your name back, rename the extension''s schema afterwards, then yours.';
    END IF;
END $$;
CREATE SCHEMA mongo;
COMMENT ON SCHEMA mongo IS 'Functions and types of mongo_fdw_cpp';
GRANT USAGE ON SCHEMA mongo TO PUBLIC;
