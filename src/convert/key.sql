CREATE FUNCTION mongo.id_key(text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(mongo.objectid) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_objectid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(uuid) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(integer) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_int4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(bigint) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_int8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(numeric) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(double precision) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_float8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(boolean) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_bool' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.id_key(timestamptz) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_id_key_timestamptz' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.id_key(text) IS
    'The key of a document whose _id is that string: bytes that sort as MongoDB sorts ids of all types, and are equal where ids are. A foreign table gives the same as column __key (role key)';
COMMENT ON FUNCTION mongo.id_key(mongo.objectid) IS 'The key of a document whose _id is that ObjectId';
COMMENT ON FUNCTION mongo.id_key(uuid) IS 'The key of a document whose _id is that UUID (a binary of subtype 4)';
COMMENT ON FUNCTION mongo.id_key(bytea) IS 'The key of a document whose _id is a binary of those bytes (of subtype 0)';
COMMENT ON FUNCTION mongo.id_key(integer) IS 'The key of a document whose _id is that number, of whatever type: 5 and 5.0 have one key';
COMMENT ON FUNCTION mongo.id_key(bigint) IS 'The key of a document whose _id is that number, of whatever type';
COMMENT ON FUNCTION mongo.id_key(numeric) IS
    'The key of a document whose _id is that number, of whatever type: of a double by its exact value, so that 0.1 is the Decimal128. NULL for numbers beyond those of MongoDB';
COMMENT ON FUNCTION mongo.id_key(double precision) IS 'The key of a document whose _id is that number, by its exact value';
COMMENT ON FUNCTION mongo.id_key(boolean) IS 'The key of a document whose _id is that boolean';
COMMENT ON FUNCTION mongo.id_key(timestamptz) IS 'The key of a document whose _id is that date; NULL for infinity and for parts of milliseconds, which no date of MongoDB has';
