CREATE FUNCTION mongo.conformance(
    foreign_table regclass, examples integer DEFAULT 5, method text DEFAULT 'auto',
    OUT column_name name, OUT path text, OUT type text, OUT method text, OUT documents bigint, OUT missing bigint,
    OUT nulls bigint, OUT bad bigint, OUT bad_types jsonb, OUT example_ids jsonb)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_conformance' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.conformance(regclass, integer, text) IS
    'How all documents of a foreign table fit its columns, one row a column: documents (rows of a child table), missing, nulls, values that would not convert (bad), their BSON types, and some _ids as Extended JSON. The output column method says who counted: the server in one $group, or a scan (types that the server cannot test exactly, nested arrays); argument method ''server'' or ''scan'' asks for one of them, ''auto'' takes the cheaper one by estimate. Rows without column_name: type ''array'' is the array of a child table; type ''no column'' is a path that neither a column of this table nor one of its schema over the same collection holds (bad: its values that are not null). 42809 for another relation, 42501 without SELECT on it';
