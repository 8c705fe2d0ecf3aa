CREATE TYPE mongo.objectid;

CREATE FUNCTION mongo.objectid_in(cstring) RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_objectid_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_out(mongo.objectid) RETURNS cstring
    AS 'MODULE_PATHNAME', 'mongo_objectid_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_recv(internal) RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_objectid_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_send(mongo.objectid) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_objectid_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TYPE mongo.objectid (
    INPUT = mongo.objectid_in, OUTPUT = mongo.objectid_out, RECEIVE = mongo.objectid_recv, SEND = mongo.objectid_send,
    INTERNALLENGTH = 12, ALIGNMENT = char);
COMMENT ON TYPE mongo.objectid IS 'MongoDB''s ObjectId: 12 bytes, written as 24 hexadecimal digits, ordered by its bytes';
COMMENT ON FUNCTION mongo.objectid_in(cstring) IS 'Input of objectid: 24 hexadecimal digits in any case, else 22P02';
COMMENT ON FUNCTION mongo.objectid_out(mongo.objectid) IS 'Output of objectid: 24 lower-case hexadecimal digits';
COMMENT ON FUNCTION mongo.objectid_recv(internal) IS 'Binary input of objectid: 12 bytes';
COMMENT ON FUNCTION mongo.objectid_send(mongo.objectid) IS 'Binary output of objectid: 12 bytes';

CREATE FUNCTION mongo.objectid_eq(mongo.objectid, mongo.objectid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_objectid_eq' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_ne(mongo.objectid, mongo.objectid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_objectid_ne' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_lt(mongo.objectid, mongo.objectid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_objectid_lt' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_le(mongo.objectid, mongo.objectid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_objectid_le' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_gt(mongo.objectid, mongo.objectid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_objectid_gt' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_ge(mongo.objectid, mongo.objectid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_objectid_ge' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_cmp(mongo.objectid, mongo.objectid) RETURNS integer
    AS 'MODULE_PATHNAME', 'mongo_objectid_cmp' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_hash(mongo.objectid) RETURNS integer
    AS 'MODULE_PATHNAME', 'mongo_objectid_hash' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_hash_extended(mongo.objectid, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'mongo_objectid_hash_extended' LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;

CREATE OPERATOR pg_catalog.= (
    LEFTARG = mongo.objectid, RIGHTARG = mongo.objectid, FUNCTION = mongo.objectid_eq,
    COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES);
CREATE OPERATOR pg_catalog.<> (
    LEFTARG = mongo.objectid, RIGHTARG = mongo.objectid, FUNCTION = mongo.objectid_ne,
    COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR pg_catalog.< (
    LEFTARG = mongo.objectid, RIGHTARG = mongo.objectid, FUNCTION = mongo.objectid_lt,
    COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=), RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR pg_catalog.<= (
    LEFTARG = mongo.objectid, RIGHTARG = mongo.objectid, FUNCTION = mongo.objectid_le,
    COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>), RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
CREATE OPERATOR pg_catalog.> (
    LEFTARG = mongo.objectid, RIGHTARG = mongo.objectid, FUNCTION = mongo.objectid_gt,
    COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=), RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
CREATE OPERATOR pg_catalog.>= (
    LEFTARG = mongo.objectid, RIGHTARG = mongo.objectid, FUNCTION = mongo.objectid_ge,
    COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<), RESTRICT = scalargesel, JOIN = scalargejoinsel);

CREATE OPERATOR CLASS mongo.objectid_ops DEFAULT FOR TYPE mongo.objectid USING btree AS
    OPERATOR 1 pg_catalog.<, OPERATOR 2 pg_catalog.<=, OPERATOR 3 pg_catalog.=, OPERATOR 4 pg_catalog.>=, OPERATOR 5 pg_catalog.>,
    FUNCTION 1 mongo.objectid_cmp(mongo.objectid, mongo.objectid);
CREATE OPERATOR CLASS mongo.objectid_ops DEFAULT FOR TYPE mongo.objectid USING hash AS
    OPERATOR 1 pg_catalog.=,
    FUNCTION 1 mongo.objectid_hash(mongo.objectid),
    FUNCTION 2 mongo.objectid_hash_extended(mongo.objectid, bigint);

CREATE FUNCTION mongo.to_text(mongo.objectid) RETURNS text
    AS 'MODULE_PATHNAME', 'mongo_objectid_to_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.to_objectid(text) RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_objectid_from_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.to_bytea(mongo.objectid) RETURNS bytea
    AS 'MODULE_PATHNAME', 'mongo_objectid_to_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.to_objectid(bytea) RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_objectid_from_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.to_timestamptz(mongo.objectid) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'mongo_objectid_to_timestamptz' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.to_text(mongo.objectid) IS 'The 24 lower-case hexadecimal digits of an ObjectId';
COMMENT ON FUNCTION mongo.to_objectid(text) IS 'The ObjectId of 24 hexadecimal digits; 22P02 for anything else';
COMMENT ON FUNCTION mongo.to_bytea(mongo.objectid) IS 'The 12 bytes of an ObjectId';
COMMENT ON FUNCTION mongo.to_objectid(bytea) IS 'The ObjectId of 12 bytes; 22P03 for another length';
COMMENT ON FUNCTION mongo.to_timestamptz(mongo.objectid) IS 'The second in which an ObjectId was made, from its first four bytes';

CREATE CAST (mongo.objectid AS text) WITH FUNCTION mongo.to_text(mongo.objectid) AS ASSIGNMENT;
CREATE CAST (text AS mongo.objectid) WITH FUNCTION mongo.to_objectid(text);
CREATE CAST (mongo.objectid AS bytea) WITH FUNCTION mongo.to_bytea(mongo.objectid);
CREATE CAST (bytea AS mongo.objectid) WITH FUNCTION mongo.to_objectid(bytea);
CREATE CAST (mongo.objectid AS timestamptz) WITH FUNCTION mongo.to_timestamptz(mongo.objectid);

CREATE FUNCTION mongo.objectid_smaller(mongo.objectid, mongo.objectid) RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_objectid_smaller' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.objectid_larger(mongo.objectid, mongo.objectid) RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_objectid_larger' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE AGGREGATE pg_catalog.min(mongo.objectid) (
    SFUNC = mongo.objectid_smaller, STYPE = mongo.objectid, COMBINEFUNC = mongo.objectid_smaller,
    SORTOP = OPERATOR(pg_catalog.<), PARALLEL = SAFE);
CREATE AGGREGATE pg_catalog.max(mongo.objectid) (
    SFUNC = mongo.objectid_larger, STYPE = mongo.objectid, COMBINEFUNC = mongo.objectid_larger,
    SORTOP = OPERATOR(pg_catalog.>), PARALLEL = SAFE);
COMMENT ON FUNCTION mongo.objectid_smaller(mongo.objectid, mongo.objectid) IS 'The smaller of two ObjectIds';
COMMENT ON FUNCTION mongo.objectid_larger(mongo.objectid, mongo.objectid) IS 'The larger of two ObjectIds';
COMMENT ON AGGREGATE pg_catalog.min(mongo.objectid) IS 'The smallest ObjectId';
COMMENT ON AGGREGATE pg_catalog.max(mongo.objectid) IS 'The largest ObjectId';

CREATE FUNCTION mongo.new_objectid() RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_new_objectid' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION mongo.new_objectid() IS
    'A new ObjectId, as drivers make it: the second, five random bytes of this process, a counter';

CREATE FUNCTION mongo.objectid_to_uuid(mongo.objectid) RETURNS uuid
    AS 'MODULE_PATHNAME', 'mongo_objectid_to_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.uuid_to_objectid(uuid) RETURNS mongo.objectid
    AS 'MODULE_PATHNAME', 'mongo_uuid_to_objectid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.objectid_to_uuid(mongo.objectid) IS
    'The 96 bits of an ObjectId as a UUID of version 8 (RFC 9562), in their order: it sorts as the ObjectId does, and can be told back';
COMMENT ON FUNCTION mongo.uuid_to_objectid(uuid) IS 'The ObjectId that objectid_to_uuid made a UUID of; NULL for any other UUID';

CREATE FUNCTION mongo.referenced_id(value jsonb, collection text DEFAULT NULL) RETURNS mongo.objectid LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN t.id ~ '^[0-9a-f]{24}$' AND ($2 IS NULL OR coalesce($1 ->> '$ref', $2) = $2) THEN t.id::mongo.objectid END
      FROM (SELECT coalesce(i.id ->> '$oid', i.id #>> '{}') AS id
              FROM (SELECT CASE jsonb_typeof($1) WHEN 'object' THEN coalesce($1 -> '$id', $1 -> '_id', $1 -> 'id', $1) ELSE $1 END AS id) AS i) AS t
$$;
COMMENT ON FUNCTION mongo.referenced_id(jsonb, text) IS
    'The ObjectId that a reference names: one in itself or as 24 hexadecimal digits, a DBRef, {"_id": …} or {"id": …}. NULL for anything else, and for a DBRef to another collection than the one given';
