CREATE FUNCTION mongo.mongo_fdw_cpp_handler() RETURNS fdw_handler
    AS 'MODULE_PATHNAME', 'mongo_fdw_cpp_handler' LANGUAGE C STRICT;
COMMENT ON FUNCTION mongo.mongo_fdw_cpp_handler() IS 'Handler of the foreign-data wrapper mongo_fdw_cpp';

CREATE FUNCTION mongo.mongo_fdw_cpp_validator(text[], oid) RETURNS void
    AS 'MODULE_PATHNAME', 'mongo_fdw_cpp_validator' LANGUAGE C STRICT;
COMMENT ON FUNCTION mongo.mongo_fdw_cpp_validator(text[], oid) IS
    'Checks options of servers, user mappings, foreign tables and columns; HV00D for an unknown one, 22023 for a wrong value';

CREATE FOREIGN DATA WRAPPER mongo_fdw_cpp
    HANDLER mongo.mongo_fdw_cpp_handler VALIDATOR mongo.mongo_fdw_cpp_validator;
COMMENT ON FOREIGN DATA WRAPPER mongo_fdw_cpp IS 'MongoDB collections as foreign tables';

CREATE FUNCTION mongo.version() RETURNS integer
    AS 'MODULE_PATHNAME', 'mongo_fdw_cpp_version' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.version() IS 'Version of the library: 10000 * major + 100 * minor + patch';
