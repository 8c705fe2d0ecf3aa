CREATE FUNCTION mongo.catalog(
    server text, database text DEFAULT NULL, OUT database text, OUT collection text, OUT kind text,
    OUT documents bigint, OUT bytes bigint, OUT average_bytes bigint, OUT indexes json, OUT validator jsonb, OUT note text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_catalog' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.catalog(text, text) IS
    'Collections of a server, or of one of its databases (without one: of all but admin, config and local): kind is collection, view, capped, time series or gridfs; documents and bytes are the server''s estimates; indexes as listIndexes gives them. A database or collection that the user may not look into is a row with a note. 42704 for an unknown server, 42501 without USAGE on it';
