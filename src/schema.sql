-- Schema of everything that is no foreign-data wrapper. Assembled first into the extension script.
CREATE SCHEMA mongo;
COMMENT ON SCHEMA mongo IS 'Functions and types of mongo_fdw_cpp';
GRANT USAGE ON SCHEMA mongo TO PUBLIC;
