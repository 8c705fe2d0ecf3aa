-- assess: how much work a migration is, before it is begun. The rules are rows that a person edits.
CREATE TABLE mongo.assess_rule (
    rule text PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('A', 'B', 'C')),
    units numeric NOT NULL CHECK (units >= 0),
    most numeric CHECK (most >= 0),
    meaning text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    edited boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE mongo.assess_rule IS 'What mongo.assess counts: levels A (the kit does it), B (a person decides or rewrites something), C (a project of its own). Edit units, levels and enabled; edited rows are dumped';
COMMENT ON COLUMN mongo.assess_rule.units IS 'Units of work for each time that a rule is met in a collection; a unit is five minutes of somebody who knows both databases, unless assess is told otherwise';
COMMENT ON COLUMN mongo.assess_rule.most IS 'At most so many units for a collection, however often the rule is met; NULL: no limit';
INSERT INTO mongo.assess_rule (rule, level, units, most, meaning) VALUES
    ('collection', 'A', 1, NULL, 'a collection: its plan is read, its rows are looked at'),
    ('child table', 'A', 0.5, 10, 'an array of documents: a table of its own'),
    ('wide', 'A', 2, NULL, 'more than 100 paths'),
    ('large documents', 'A', 1, NULL, 'documents of more than 16 kB on average'),
    ('index', 'A', 0.2, 4, 'an index that the plan makes'),
    ('mixed types', 'B', 1, 12, 'a path whose values have several types'),
    ('map', 'B', 2, 8, 'a sub-document whose keys are data'),
    ('deep', 'B', 1, 4, 'a path more than three levels deep'),
    ('array in array', 'B', 2, 8, 'an array whose elements are arrays'),
    ('mixed ids', 'B', 3, NULL, '_id of several types, or documents as _id'),
    ('unsure reference', 'B', 1, 8, 'a field that refers to documents of which some are missing'),
    ('validator', 'B', 1, NULL, 'validation rules: constraints have to say them'),
    ('capped', 'B', 2, NULL, 'a capped collection: something has to delete old rows'),
    ('time series', 'B', 4, NULL, 'a time series: rows have no unique _id, partitions may be wanted'),
    ('gridfs', 'B', 6, NULL, 'a GridFS bucket: where files go is a decision'),
    ('TTL index', 'B', 1, NULL, 'documents that delete themselves: a job has to'),
    ('partial index', 'B', 0.5, 4, 'a partial index'),
    ('text index', 'B', 4, NULL, 'a text index: full-text search answers otherwise'),
    ('wildcard index', 'B', 2, NULL, 'a wildcard index: which fields are asked for has to be found out'),
    ('place index', 'C', 12, NULL, 'an index of places: PostGIS, and other queries'),
    ('view', 'C', 8, NULL, 'a view: its pipeline becomes SQL'),
    ('unreadable', 'C', 4, NULL, 'a collection that the user may not read, or whose paths are too many');
GRANT SELECT ON mongo.assess_rule TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('mongo.assess_rule', 'WHERE edited');

-- A restore inserts what was edited, beside the rows that the extension brings.
CREATE FUNCTION mongo_internal.note_rule() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        DELETE FROM mongo.assess_rule AS r WHERE r.rule = NEW.rule AND NOT r.edited;
    END IF;
    NEW.edited := true;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION mongo_internal.note_rule() IS 'Marks rules that a person writes, in place of the rule of that name that the extension brought';
CREATE TRIGGER edited BEFORE INSERT OR UPDATE ON mongo.assess_rule FOR EACH ROW EXECUTE FUNCTION mongo_internal.note_rule();

CREATE TYPE mongo_internal.rule_hit AS (rule text, path text);
COMMENT ON TYPE mongo_internal.rule_hit IS 'A rule of mongo.assess_rule that was met, and where';

-- Numbers of several types are one, and so is what is missing.
CREATE FUNCTION mongo_internal.type_classes(types jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(DISTINCT CASE WHEN k IN ('int', 'long', 'double', 'decimal') THEN 'number' WHEN k IN ('string', 'symbol') THEN 'string' ELSE k END) FROM jsonb_object_keys($1) AS k WHERE k NOT IN ('null', 'undefined')
$$;
COMMENT ON FUNCTION mongo_internal.type_classes(jsonb) IS 'How many types a path has, numbers of all kinds as one, without null';

-- What the paths of a collection say.
CREATE FUNCTION mongo_internal.hits_of_paths(server text, database text, collection text, sample integer) RETURNS SETOF mongo_internal.rule_hit LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH p AS MATERIALIZED (SELECT f.path, f.depth, f.types, f.is_map FROM mongo.profile(server, database, collection, sample) AS f)
    SELECT h.rule, p.path
      FROM p, LATERAL (VALUES ('child table', p.types ? 'array' AND EXISTS (SELECT FROM p AS e WHERE e.path = p.path || '[]' AND e.types ? 'object')),
                              ('mixed types', p.path <> '_id' AND mongo_internal.type_classes(p.types) > 1), ('map', p.is_map),
                              ('deep', p.depth > 3 AND NOT EXISTS (SELECT FROM p AS e WHERE e.depth > 3 AND e.path <> p.path AND starts_with(p.path, e.path))),
                              ('array in array', p.path LIKE '%[]' AND p.types ? 'array'),
                              ('mixed ids', p.path = '_id' AND (mongo_internal.type_classes(p.types) > 1 OR p.types ? 'object'))) AS h (rule, met)
     WHERE h.met
    UNION ALL SELECT 'wide', count(*) || ' paths' FROM p HAVING count(*) > 100;
EXCEPTION WHEN insufficient_privilege OR program_limit_exceeded OR fdw_error THEN
    RETURN QUERY SELECT 'unreadable', SQLERRM;
END $$;
COMMENT ON FUNCTION mongo_internal.hits_of_paths(text, text, text, integer) IS 'Rules that the paths of a collection meet';

CREATE FUNCTION mongo_internal.hits_of_indexes(indexes json) RETURNS SETOF mongo_internal.rule_hit LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.rule, x.index ->> 'name'
      FROM json_array_elements($1) AS x (index), LATERAL (SELECT mongo_internal.index_kind(x.index -> 'key') AS kind) AS k,
           LATERAL (VALUES ('index', k.kind IN ('ordered', 'hashed')), ('TTL index', x.index -> 'expireAfterSeconds' IS NOT NULL), ('partial index', x.index -> 'partialFilterExpression' IS NOT NULL),
                           ('text index', k.kind = 'text'), ('wildcard index', k.kind = 'wildcard'), ('place index', k.kind IN ('2dsphere', '2d', 'geoHaystack'))) AS h (rule, met)
     WHERE h.met AND json_typeof($1) = 'array'
$$;
COMMENT ON FUNCTION mongo_internal.hits_of_indexes(json) IS 'Rules that the indexes of a collection meet';

CREATE FUNCTION mongo.assess(server text, database text, sample integer DEFAULT 1000, minutes_a_unit numeric DEFAULT 5)
RETURNS TABLE (collection text, level text, units numeric, minutes numeric, documents bigint, bytes bigint, findings jsonb) LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    WITH c AS MATERIALIZED (SELECT g.collection, g.kind, g.documents, g.bytes, g.average_bytes, g.indexes, g.validator FROM mongo.catalog($1, $2) AS g WHERE g.collection IS NOT NULL),
         hits AS MATERIALIZED (
            SELECT c.collection, h.rule, h.path FROM c, LATERAL (VALUES ('collection', c.kind <> 'view', NULL), (c.kind, c.kind <> 'collection', NULL), ('validator', c.validator IS NOT NULL, NULL), ('large documents', c.average_bytes > 16384, c.average_bytes || ' bytes')) AS h (rule, met, path) WHERE h.met
            UNION ALL SELECT c.collection, h.rule, h.path FROM c, LATERAL mongo_internal.hits_of_paths($1, $2, c.collection, $3) AS h WHERE c.kind <> 'view'
            UNION ALL SELECT c.collection, h.rule, h.path FROM c, LATERAL mongo_internal.hits_of_indexes(c.indexes) AS h
            UNION ALL SELECT r.from_collection, 'unsure reference', format('%s to %s: %s of %s', r.from_path, r.to_collection, r.hits, r.checked) FROM mongo.references($1, $2) AS r WHERE r.share < 1 AND r.to_path = '_id'),
         counted AS (SELECT h.collection, r.rule, r.level, least(count(*) * r.units, r.most) AS units, count(*) AS times, (array_agg(h.path ORDER BY h.path COLLATE "C") FILTER (WHERE h.path IS NOT NULL))[1:10] AS places
                       FROM hits AS h JOIN mongo.assess_rule AS r ON r.rule = h.rule AND r.enabled GROUP BY h.collection, r.rule, r.level, r.units, r.most)
    SELECT c.collection, coalesce(max(f.level), 'A'), coalesce(sum(f.units), 0), round(coalesce(sum(f.units), 0) * $4), c.documents, c.bytes,
           coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('rule', f.rule, 'level', f.level, 'times', f.times, 'units', f.units, 'where', f.places)) ORDER BY f.level DESC, f.units DESC, f.rule) FILTER (WHERE f.rule IS NOT NULL), '[]')
      FROM c LEFT JOIN counted AS f ON f.collection = c.collection
     GROUP BY c.collection, c.documents, c.bytes
     ORDER BY coalesce(max(f.level), 'A') DESC, coalesce(sum(f.units), 0) DESC, c.collection
$$;
COMMENT ON FUNCTION mongo.assess(text, text, integer, numeric) IS
    'How much work it is to bring a database here, a row a collection: level (A: the kit does it, B: a person decides or rewrites something, C: a project of its own), units and minutes, and which rules of mongo.assess_rule were met where. sample: documents to read of each, 0 for all. It is an estimate by rules, of documents and indexes alone: queries of the application are not looked at. 42704 for an unknown server, 42501 without USAGE on it';
