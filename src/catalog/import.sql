CREATE FUNCTION mongo.import_statements(
    server text, database text, schema text, limit_to text[] DEFAULT NULL, except_tables text[] DEFAULT NULL,
    options text[] DEFAULT NULL, OUT table_name text, OUT kind text, OUT statement text)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_import_statements' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.import_statements(text, text, text, text[], text[], text[]) IS
    'The statements that mongo.import_schema would run, as text: CREATE FOREIGN TABLE (kind table) and COMMENT (kind comment). options is an array of name=value, the options of IMPORT FOREIGN SCHEMA. Reads samples, changes nothing. Needs USAGE on the server (42501); HV00D for an unknown option';

CREATE PROCEDURE mongo.import_schema(
    server text, database text, schema text, limit_to text[] DEFAULT NULL, except_tables text[] DEFAULT NULL,
    sample integer DEFAULT NULL, nested text DEFAULT NULL, arrays text DEFAULT NULL, max_depth integer DEFAULT NULL,
    max_columns integer DEFAULT NULL, map_threshold integer DEFAULT NULL, id_type text DEFAULT NULL,
    doc_column boolean DEFAULT NULL, errors_column boolean DEFAULT NULL, on_conversion_error text DEFAULT NULL,
    name_case text DEFAULT NULL, collate_c boolean DEFAULT NULL, tolerance double precision DEFAULT NULL)
    LANGUAGE plpgsql AS $$
DECLARE
    options pg_catalog.text[];
    command pg_catalog.text;
    -- The schema of the extension may have been renamed.
    lister pg_catalog.regproc := (SELECT p.oid FROM pg_catalog.pg_proc AS p
                                   WHERE p.prosrc OPERATOR(pg_catalog.=) 'mongo_import_statements');
BEGIN
    SELECT pg_catalog.array_agg(o.name OPERATOR(pg_catalog.||) '=' OPERATOR(pg_catalog.||) o.value) INTO options
      FROM (VALUES ('sample', sample::pg_catalog.text), ('nested', nested), ('arrays', arrays),
                   ('max_depth', max_depth::pg_catalog.text), ('max_columns', max_columns::pg_catalog.text),
                   ('map_threshold', map_threshold::pg_catalog.text), ('id_type', id_type),
                   ('doc_column', doc_column::pg_catalog.text), ('errors_column', errors_column::pg_catalog.text),
                   ('on_conversion_error', on_conversion_error), ('name_case', name_case),
                   ('collate_c', collate_c::pg_catalog.text), ('tolerance', tolerance::pg_catalog.text)) AS o (name, value)
     WHERE o.value IS NOT NULL;
    FOR command IN EXECUTE pg_catalog.format('SELECT s.statement FROM %s($1, $2, $3, $4, $5, $6) AS s', lister)
        USING server, database, schema, limit_to, except_tables, options LOOP
        EXECUTE command;
    END LOOP;
END $$;
COMMENT ON PROCEDURE mongo.import_schema(text, text, text, text[], text[], integer, text, text, integer, integer,
    integer, text, boolean, boolean, text, text, boolean, double precision) IS
    'IMPORT FOREIGN SCHEMA with a comment on every table and column that says what the documents showed: shares of types, missing values, why the type was chosen. Arguments are the options of IMPORT FOREIGN SCHEMA; limit_to names tables, child tables too; except_tables names collections'' tables, whose child tables are left out with them. tolerance: the share of the values of a path that may be misfits of its main shape; 0, and 0.01 where the tables collect what does not fit. HV00Q for an unknown database';
