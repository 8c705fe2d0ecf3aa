-- Paths, types and names, for the functions of plans. Paths are read as the options of the wrapper read them.
CREATE FUNCTION mongo_internal.path_keys(path text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'mongo_path_keys' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.path_keys(text) IS 'The keys of a path: dotted, or a JSON array of keys';
CREATE FUNCTION mongo_internal.unwind_path(unwind text) RETURNS text
    AS 'MODULE_PATHNAME', 'mongo_unwind_path' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.unwind_path(text) IS 'The path of the innermost array, or map, of an unwound path';
CREATE FUNCTION mongo_internal.level_marks(unwind text) RETURNS text[]
    AS 'MODULE_PATHNAME', 'mongo_level_marks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.level_marks(text) IS 'What the levels of an unwound path are: [] an array, {} a map';
CREATE FUNCTION mongo_internal.relative_path(unwind text, path text) RETURNS text
    AS 'MODULE_PATHNAME', 'mongo_relative_path' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.relative_path(text, text) IS
    'The path of a field within the document (unwind NULL), or within the elements of an unwound array; empty for the element itself, NULL for a field that is not in it';

CREATE FUNCTION mongo_internal.read_type_name(type text) RETURNS text
    AS 'MODULE_PATHNAME', 'mongo_type_name' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mongo_internal.read_type_name(text) IS 'A type as format_type says it; NULL for one that does not exist, 42601 for what is no type';
CREATE FUNCTION mongo_internal.type_name(type text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    collation_name text := substring(type FROM '(?i)\sCOLLATE\s+(.*)$');
BEGIN
    IF collation_name IS NOT NULL AND to_regcollation(collation_name) IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN mongo_internal.read_type_name(regexp_replace(type, '\sCOLLATE\s.*$', '', 'i'));
EXCEPTION WHEN syntax_error OR invalid_parameter_value OR invalid_name OR undefined_object OR undefined_table OR invalid_schema_name THEN
    RETURN NULL;
END $$;
COMMENT ON FUNCTION mongo_internal.type_name(text) IS 'A type, with a COLLATE clause or without, as format_type says it, without the clause; NULL for what is none';

-- As mongo.profile shows paths: items[].sku, or a JSON array with [] and {} in it.
CREATE FUNCTION mongo_internal.profile_keys(path text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN $1 LIKE '["%' THEN ARRAY(SELECT e.value #>> '{}' FROM json_array_elements($1::json) WITH ORDINALITY AS e (value, n) WHERE json_typeof(e.value) = 'string' ORDER BY e.n)
           ELSE string_to_array(replace(replace($1, '[]', ''), '{}', ''), '.') END
$$;
COMMENT ON FUNCTION mongo_internal.profile_keys(text) IS 'The keys of a path as mongo.profile shows it';

CREATE FUNCTION mongo_internal.cut(name text, bytes integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN octet_length($1) <= $2 THEN $1
           ELSE left($1, (SELECT max(n) FROM generate_series(0, $2) AS n WHERE octet_length(left($1, n)) <= $2)) END
$$;
COMMENT ON FUNCTION mongo_internal.cut(text, integer) IS 'As many whole characters of a name as so many bytes hold';

-- Names are cut as identifiers are, but where they differ.
CREATE FUNCTION mongo_internal.system_columns() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT '{ctid,xmin,xmax,cmin,cmax,tableoid}'::text[] $$;
COMMENT ON FUNCTION mongo_internal.system_columns() IS 'Names that no column may have';

CREATE FUNCTION mongo_internal.free_name(wanted text, taken text[], suffix text DEFAULT '') RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.name FROM (SELECT n, mongo_internal.cut($1, 63 - octet_length(t.ending)) || t.ending AS name
                          FROM generate_series(1, coalesce(cardinality($2), 0) + 2) AS n, LATERAL (SELECT CASE n WHEN 1 THEN '' ELSE '_' || n END || $3 AS ending) AS t) AS c
     WHERE c.name <> ALL (coalesce($2, '{}')) AND c.name <> ALL (mongo_internal.system_columns()) LIMIT 1
$$;
COMMENT ON FUNCTION mongo_internal.free_name(text, text[], text) IS 'A name with a suffix, of at most 63 bytes, that is neither taken nor that of a system column: with _2, _3, ... where it is';
