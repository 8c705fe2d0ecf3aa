CREATE FUNCTION mongo.connections(
    OUT server_name text, OUT user_name text, OUT valid boolean, OUT usable boolean, OUT since timestamptz)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_connections' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.connections() IS
    'Open connections of this session: server, mapped user, whether the options are still those it was made with, whether it can be used again, since when';

CREATE FUNCTION mongo.disconnect(server text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_disconnect' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.disconnect(text) IS
    'Closes this session''s connections to a server; false when there was none, 42704 for an unknown server. Running scans keep theirs';

CREATE FUNCTION mongo.disconnect_all() RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_disconnect_all' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.disconnect_all() IS
    'Closes all connections of this session to servers that the user may use; false when there was none';
