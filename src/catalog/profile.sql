CREATE FUNCTION mongo.profile(
    server text, database text, collection text, sample integer DEFAULT 1000, filter json DEFAULT '{}',
    max_depth integer DEFAULT 16, max_paths integer DEFAULT 5000,
    OUT path text, OUT depth integer, OUT documents bigint, OUT missing_share double precision,
    OUT null_share double precision, OUT types jsonb, OUT distinct_estimate bigint, OUT unique_in_sample boolean,
    OUT min text, OUT max text, OUT longest bigint, OUT array_min bigint, OUT array_avg double precision,
    OUT array_max bigint, OUT fits text[], OUT semantic text, OUT is_map boolean, OUT examples text[],
    OUT suggested_name text, OUT suggested_type text, OUT confidence double precision, OUT sampled text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_profile' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.profile(text, text, text, integer, json, integer, integer) IS
    'What a collection holds, one row a path: items[] are the elements of an array, counters{} the values of a map. sample: documents to read, 0 for all; column sampled says how they were chosen. documents: containers in which the path could stand (documents, or elements); shares are of them. fits: types that keep every value exactly. confidence: lower bound (95 %) of the share of values that fit suggested_type. 54000 for more than max_paths paths, 42501 without USAGE on the server';
