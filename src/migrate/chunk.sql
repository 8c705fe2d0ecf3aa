CREATE FUNCTION mongo_internal.key_filter(lower bytea, upper bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_key_filter' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.key_filter(bytea, bytea) IS
    'A filter, as BSON, for the documents whose keys are not less than lower and less than upper, by conditions on _id that its index serves; NULL is open. 22023 where a bound is no key';
CREATE FUNCTION mongo_internal.next_key(foreign_table regclass, lower bytea, places bigint) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_next_key' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.next_key(regclass, bytea, bigint) IS
    'The key of the document of the table''s collection that stands so many places behind the first whose key is not less than lower (NULL: behind the first of all), by a walk through the index on _id; NULL where there are fewer. 22023 where lower is no key or places are below 1, 42809 for another relation, 42501 without SELECT on it';
CREATE FUNCTION mongo_internal.read_documents(foreign_table regclass, lower bytea, upper bytea, piece_bytes integer DEFAULT 1048576, cluster_time bigint DEFAULT NULL) RETURNS SETOF bytea[]
    AS 'MODULE_PATHNAME', 'mongo_read_documents' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.read_documents(regclass, bytea, bytea, integer, bigint) IS
    'The documents of the table''s collection with keys from lower on and below upper (NULL: open), that its option pipeline leaves, as BSON in arrays of about piece_bytes, each document in one array. cluster_time: as they were then (a timestamp of BSON: seconds in the upper 32 bits). In a SELECT list they are streamed, in FROM collected first. 22023 where a bound is no key, 42809 for another relation, 42501 without SELECT on it';
CREATE FUNCTION mongo_internal.rows_of_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'mongo_rows_of_support' LANGUAGE C STRICT;
COMMENT ON FUNCTION mongo_internal.rows_of_support(internal) IS 'Tells the planner how many rows mongo.rows_of gives: about one a document';
CREATE FUNCTION mongo.rows_of("row" anyelement, documents bytea[]) RETURNS SETOF anyelement
    AS 'MODULE_PATHNAME', 'mongo_rows_of' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000 SUPPORT mongo_internal.rows_of_support;
COMMENT ON FUNCTION mongo.rows_of(anyelement, bytea[]) IS
    'The rows that a foreign table (NULL::schema.table) would show of documents given as BSON: mongo.rows_of(NULL::source.orders, documents). NULL elements are skipped. 22P03 for malformed BSON, 42804 where the first argument is no row of a table, 42809 where the table is none of this wrapper, 42501 without SELECT on it; values that do not fit are treated as the table''s options say';
CREATE FUNCTION mongo_internal.read_documents_of_keys(foreign_table regclass, keys bytea[], piece_bytes integer DEFAULT 1048576) RETURNS SETOF bytea[]
    AS 'MODULE_PATHNAME', 'mongo_read_documents_of_keys' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo_internal.read_documents_of_keys(regclass, bytea[], integer) IS
    'As read_documents, the documents with these keys: those that are there';
