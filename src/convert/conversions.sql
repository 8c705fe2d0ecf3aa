CREATE FUNCTION mongo.to_timestamptz(text) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'mongo_timestamptz_of_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.to_timestamptz(jsonb) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'mongo_timestamptz_of_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.to_timestamptz(text) IS
    'The time that a text in a form of ISO 8601 says (2024-02-29, 2024-02-29T12:30:00.5+01:00, 20240229T123000Z), UTC where it names no zone; NULL for anything else. Depends on no setting';
COMMENT ON FUNCTION mongo.to_timestamptz(jsonb) IS
    'The time that a string in a form of ISO 8601, or {"$date": …}, says; NULL for anything else, numbers too (mongo.from_epoch takes them)';

CREATE FUNCTION mongo.to_numeric(text, decimal_mark text DEFAULT '.') RETURNS numeric
    AS 'MODULE_PATHNAME', 'mongo_numeric_of_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.to_numeric(jsonb, decimal_mark text DEFAULT '.') RETURNS numeric
    AS 'MODULE_PATHNAME', 'mongo_numeric_of_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.to_numeric(text, text) IS
    'The number that a text says: 1234.50, -1,234.50, (12.50), $ 1 234, 12.5 EUR, 1e3; decimal_mark is . or , (22023 for another); thousands stand in groups of three with one separator. NULL for anything else';
COMMENT ON FUNCTION mongo.to_numeric(jsonb, text) IS
    'The number that a JSON number, {"$numberInt": …}, {"$numberLong": …}, {"$numberDouble": …}, {"$numberDecimal": …}, or a string as mongo.to_numeric(text) reads it, says; NULL for anything else';
CREATE FUNCTION mongo.to_exact_numeric(value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.value FROM (SELECT mongo.to_numeric($1) AS value) AS n WHERE jsonb_typeof($1) <> 'string' OR n.value::text = $1 #>> '{}'
$$;
COMMENT ON FUNCTION mongo.to_exact_numeric(jsonb) IS
    'The number that mongo.to_numeric reads, where nothing is lost: of a string that is written as numeric writes it; NULL for 007, +5, 1e3, 12.50 EUR and whatever is no number';

CREATE FUNCTION mongo.to_boolean(text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_boolean_of_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.to_boolean(jsonb) RETURNS boolean
    AS 'MODULE_PATHNAME', 'mongo_boolean_of_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.to_boolean(text) IS
    'TRUE for true, t, yes, y, on, 1; FALSE for false, f, no, n, off, 0, in any case; NULL for anything else';
COMMENT ON FUNCTION mongo.to_boolean(jsonb) IS
    'A JSON Boolean, the numbers 1 and 0, or a string as mongo.to_boolean(text) reads it; NULL for anything else';

CREATE FUNCTION mongo.from_epoch(numeric, unit text) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'mongo_timestamptz_of_epoch' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION mongo.from_epoch(jsonb, unit text) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'mongo_timestamptz_of_epoch_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo.from_epoch(numeric, text) IS
    'The time that many units after 1970-01-01 00:00 UTC; unit is seconds (s), milliseconds (ms), microseconds (us) or nanoseconds (ns), 22023 for another; rounded to microseconds; NULL for what is beyond timestamptz, NaN too';
COMMENT ON FUNCTION mongo.from_epoch(jsonb, text) IS
    'mongo.from_epoch of a JSON number, an Extended JSON number, or a string that is a plain number; NULL for anything else';
