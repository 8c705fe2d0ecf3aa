CREATE FUNCTION mongo.query(server text, database text, collection text, pipeline json, json_format text DEFAULT 'simple')
    RETURNS SETOF json AS 'MODULE_PATHNAME', 'mongo_query' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.query(text, text, text, json, text) IS
    'Runs an aggregation pipeline (a JSON array of stages, Extended JSON allowed, key order kept) and returns its documents as json in the form simple, relaxed, canonical or legacy. Needs USAGE on the server (42501). A pipeline that writes ($out, $merge) is refused with 22023';
