CREATE FUNCTION mongo.references(
    server text, database text, collections text[] DEFAULT NULL, min_hit double precision DEFAULT 0.9,
    OUT from_collection text, OUT from_path text, OUT to_collection text, OUT to_path text, OUT via text,
    OUT checked bigint, OUT hits bigint, OUT share double precision, OUT cardinality text, OUT target_unique boolean)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_references' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.references(text, text, text[], double precision) IS
    'Candidate foreign keys of a database, from a sample of 1000 documents of each collection: via dbref, name (the path is named after the collection or field) or value (its values are found there), with how they were read where ids stand in another type: (objectid in text), (uuid in text), (text of objectid). checked: distinct values looked up in the whole target; share: hits / checked, at least min_hit but for dbref. collections: whose paths are looked at, null for all. cardinality as from the referring side. 42501 without USAGE on the server';
