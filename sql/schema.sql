-- Schema from evidence: catalog, profile, IMPORT FOREIGN SCHEMA, import_schema, conformance, ANALYZE.
-- (Random documents against an oracle: test/property. Commands, memory, faults: test/t/006_schema.pl.)

-- catalog: sizes depend on the server's product
SELECT database, collection, kind, documents, jsonb_path_query_array(indexes::jsonb, '$[*].name') AS indexes, note
  FROM mongo.catalog('mongodb', 'mongo_fdw_cpp_test') WHERE collection IN ('empty', 'many', 'orders', 'people') ORDER BY collection;
SELECT count(*) FROM mongo.catalog('mongodb') WHERE database = 'mongo_fdw_cpp_test' AND collection = 'people';
SELECT count(*) FROM mongo.catalog('mongodb', 'no such database');
SELECT error_of($$SELECT * FROM mongo.catalog('nowhere')$$);
SELECT error_of($$SELECT * FROM mongo.catalog(NULL)$$);

-- profile
SELECT path, depth, documents, round(missing_share::numeric, 2) AS missing, round(null_share::numeric, 2) AS nulls, types, distinct_estimate AS distinct,
       unique_in_sample AS uniq, min, max, longest, array_min, array_avg, array_max
  FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'people') ORDER BY path COLLATE "C";
SELECT path, fits, semantic, is_map, suggested_name, suggested_type, confidence, sampled
  FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'people') ORDER BY path COLLATE "C";
SELECT path, documents, types, array_min, array_max, suggested_name, suggested_type
  FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'orders', filter => '{"_id": {"$in": [1, 5]}}') ORDER BY path COLLATE "C";
SELECT DISTINCT documents, sampled, confidence FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'many', sample => 300);
SELECT path, types, min, max, fits, semantic FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'many', sample => 0, filter => '{"_id": {"$lt": 1000}}') ORDER BY path;
SELECT path, depth, types, fits FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'traps', filter => '{"n": {"$in": ["object {b:5}", "int32", "binary 4"]}}', max_depth => 1) ORDER BY path COLLATE "C";
SELECT path, suggested_type, fits, min, max FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'traps', filter => '{"n": {"$in": ["string NUL", "string abc"]}}') WHERE path = 'a';
SELECT path, suggested_type, fits, min, max, examples FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'traps', filter => '{"n": {"$regex": "^(decimal|double|int)"}}') WHERE path = 'a';
SELECT count(*) FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'empty');
SELECT path, types, suggested_name FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'keys') WHERE path ~ '[^a-zA-Z_0-9 ]' ORDER BY path COLLATE "C";
SELECT error_of($$SELECT * FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'people', max_paths => 8)$$);
SELECT error_of($$SELECT * FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'people', sample => -1)$$);
SELECT error_of($$SELECT * FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'people', filter => '[1]')$$);
SELECT error_of($$SELECT * FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'people', filter => '{"$nope": 1}')$$) ~ '^22023: server "mongodb" reports an error' AS refused;

-- IMPORT FOREIGN SCHEMA
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA mongo_fdw_cpp_test LIMIT TO (people, orders, misfits_items, scalars, empty) FROM SERVER mongodb INTO imported OPTIONS (sample '0');
CREATE FUNCTION tables_of(schema_name text) RETURNS TABLE (table_name name, columns text, options text[]) LANGUAGE sql AS $$
    SELECT c.relname, string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
             || coalesce(' COLLATE ' || (SELECT quote_ident(collname) FROM pg_collation l WHERE l.oid = a.attcollation AND collname <> 'default'), '')
             || coalesce(' ' || a.attfdwoptions::text, ''), ', ' ORDER BY (a.attname LIKE '\_\_%'), a.attname COLLATE "C"), t.ftoptions
      FROM pg_class c JOIN pg_foreign_table t ON t.ftrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = schema_name::regnamespace GROUP BY c.relname, t.ftoptions ORDER BY c.relname COLLATE "C" $$;
SELECT * FROM tables_of('imported');
SELECT count(*), count(people) FROM imported.people;
SELECT * FROM imported.misfits_items ORDER BY __ord LIMIT 2;
SELECT count(*) FROM imported.empty;
DROP SCHEMA imported CASCADE;
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA mongo_fdw_cpp_test EXCEPT (traps, keys, many, folded, folded_view, misfits, orders_odd, orders) FROM SERVER mongodb INTO imported
    OPTIONS (sample '0', name_case 'snake', collate_c 'true', on_conversion_error 'collect', doc_column 'true', id_type 'text', nested 'jsonb', arrays 'table');
SELECT * FROM tables_of('imported');
DROP SCHEMA imported CASCADE;
CREATE SCHEMA imported;
SELECT error_of($$IMPORT FOREIGN SCHEMA d FROM SERVER mongodb INTO imported OPTIONS (samples '5')$$);
SELECT error_of($$IMPORT FOREIGN SCHEMA d FROM SERVER mongodb INTO imported OPTIONS (sample 'many')$$);
SELECT error_of($$IMPORT FOREIGN SCHEMA d FROM SERVER mongodb INTO imported OPTIONS (nested 'no')$$);
SELECT error_of($$IMPORT FOREIGN SCHEMA d FROM SERVER mongodb INTO imported OPTIONS (doc_column 'perhaps')$$);
IMPORT FOREIGN SCHEMA mongo_fdw_cpp_test LIMIT TO (nope) FROM SERVER mongodb INTO imported;
IMPORT FOREIGN SCHEMA mongo_fdw_cpp_test EXCEPT (empty, folded, folded_view, keys, many, misfits_items, orders, orders_odd, people, scalars, traps) FROM SERVER mongodb INTO imported;
SELECT table_name FROM tables_of('imported');
DROP FOREIGN TABLE imported.misfits;
IMPORT FOREIGN SCHEMA "no such database" FROM SERVER mongodb INTO imported;
SELECT * FROM tables_of('imported');

-- The same with comments.
CALL mongo.import_schema('mongodb', 'mongo_fdw_cpp_test', 'imported', limit_to => '{people,misfits,misfits_items}', sample => 0, id_type => 'text');
SELECT c.relname, a.attname, coalesce(col_description(c.oid, a.attnum), '-') AS comment FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE c.relnamespace = 'imported'::regnamespace ORDER BY 1, 2;
SELECT relname, obj_description(oid, 'pg_class') FROM pg_class WHERE relnamespace = 'imported'::regnamespace ORDER BY 1;
SELECT statement FROM mongo.import_statements('mongodb', 'mongo_fdw_cpp_test', 'some where', limit_to => '{orders_odd}', options => '{sample=0,on_conversion_error=null}') WHERE kind = 'table';
SELECT error_of($$SELECT * FROM mongo.import_statements('mongodb', 'd', 's', limit_to => '{a}', except_tables => '{b}')$$);
SELECT error_of($$CALL mongo.import_schema('mongodb', 'd', 's', nested => 'no')$$);
DROP SCHEMA imported CASCADE;

-- conformance: what the server counts, what a scan counts
CREATE FOREIGN TABLE judged (_id text, n text OPTIONS (path 'name'), name varchar(5), age smallint, born date, active boolean, score numeric(3,1), real_score real OPTIONS (path 'score'),
    tags text[], city text OPTIONS (path 'address.city'), address jsonb, big int, nothing uuid, __errors jsonb, __missing text[], __doc jsonb)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people', on_conversion_error 'collect');
SELECT column_name, path, type, documents, missing, nulls, bad, bad_types FROM mongo.conformance('judged', method => 'server');
SELECT string_agg(column_name, ' ') FILTER (WHERE method = 'server') AS server, string_agg(column_name, ' ') FILTER (WHERE method = 'scan') AS scan
  FROM mongo.conformance('judged', method => 'server') WHERE column_name <> 'score'; -- whose doubles one server cannot show exactly
SELECT column_name, method, bad, jsonb_array_length(example_ids) FROM mongo.conformance('judged', examples => 1, method => 'scan') WHERE bad > 0;
SELECT column_name, bad, (SELECT jsonb_agg(e ORDER BY e) FROM jsonb_array_elements(example_ids) e) AS example_ids FROM mongo.conformance('judged', method => 'server') WHERE bad > 0;
SELECT column_name FROM (SELECT column_name, documents, missing, nulls, bad, bad_types FROM mongo.conformance('judged', method => 'server')) s
   FULL JOIN (SELECT column_name, documents, missing, nulls, bad, bad_types FROM mongo.conformance('judged', method => 'scan')) c USING (column_name, documents, missing, nulls, bad, bad_types)
 WHERE s IS NULL OR c IS NULL;
CREATE FOREIGN TABLE judged_items (_id int, __ord int, sku text OPTIONS (path 'items.sku'), qty int OPTIONS (path 'items.qty'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders_odd', unwind 'items');
SELECT column_name, path, type, method, documents, missing, bad, bad_types, example_ids FROM mongo.conformance('judged_items', method => 'server');
CREATE FOREIGN TABLE judged_orders (_id int, __ord int, customer text, sku text OPTIONS (path 'items.sku'), qty int OPTIONS (path 'items.qty'), item json OPTIONS (path 'items'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders', unwind 'items');
SELECT column_name, path, type, method, documents, missing, nulls, bad, bad_types, example_ids FROM mongo.conformance('judged_orders', method => 'server');
SELECT column_name, method, documents, missing, nulls, bad, bad_types FROM mongo.conformance('judged_orders', method => 'scan');
CREATE FOREIGN TABLE judged_parts (_id int, __ords int[], p text OPTIONS (path 'items.parts.p'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders', unwind 'items[].parts');
SELECT column_name, path, method, documents, missing, bad, bad_types, example_ids FROM mongo.conformance('judged_parts', method => 'server');
CREATE FOREIGN TABLE judged_pipeline (_id int, v int, t mongo.objectid)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', pipeline '[{"$match": {"_id": {"$lt": 100}}}]');
SELECT column_name, method, documents, bad, bad_types FROM mongo.conformance('judged_pipeline', method => 'server');
-- Who counts is chosen by what it costs: documents that are dear to fetch are counted there, unless a column needs the scan.
SELECT column_name, method FROM mongo.conformance('judged_pipeline');
ALTER FOREIGN TABLE judged_pipeline OPTIONS (ADD fdw_tuple_cost '2');
ALTER FOREIGN TABLE judged OPTIONS (ADD fdw_tuple_cost '2');
SELECT column_name, method FROM mongo.conformance('judged_pipeline');
SELECT DISTINCT method FROM mongo.conformance('judged');
ALTER FOREIGN TABLE judged_pipeline OPTIONS (DROP fdw_tuple_cost);
ALTER FOREIGN TABLE judged OPTIONS (DROP fdw_tuple_cost);
SELECT error_of($$SELECT * FROM mongo.conformance('pg_class')$$);
SELECT error_of($$SELECT * FROM mongo.conformance('judged', method => 'guess')$$);
SELECT error_of($$SELECT * FROM mongo.conformance(NULL)$$);

-- references need more documents than these; the arguments are checked
SELECT count(*) FROM mongo.references('mongodb', 'mongo_fdw_cpp_test', ARRAY['people']);
SELECT count(*) FROM mongo.references('mongodb', 'mongo_fdw_cpp_test', ARRAY['nope']);
SELECT error_of($$SELECT * FROM mongo.references('mongodb', 'd', min_hit => 2)$$);

-- ANALYZE: misfits are NULL whatever the option says; arrays and jsonb have PostgreSQL's own statistics
CREATE FOREIGN TABLE strict (_id text, name int, tags text[], address jsonb, age int) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
CREATE FOREIGN TABLE counted (_id integer, k integer, t text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many');
ANALYZE judged, judged_items, strict, counted, judged_pipeline;
SELECT relname, reltuples FROM pg_class WHERE relname IN ('judged', 'judged_items', 'strict', 'counted', 'judged_pipeline') ORDER BY 1;
SELECT attname, null_frac, n_distinct, most_common_elems FROM pg_stats WHERE tablename = 'strict' ORDER BY 1;
SELECT attname, most_common_vals, correlation IS NOT NULL AS correlated FROM pg_stats WHERE tablename = 'counted' AND attname = 'k';
EXPLAIN SELECT * FROM counted WHERE k = 3;
ANALYZE counted (k);

-- Who may ask
CREATE ROLE mongo_fdw_cpp_nobody;
SET ROLE mongo_fdw_cpp_nobody;
SELECT error_of($$SELECT * FROM mongo.catalog('mongodb')$$);
SELECT error_of($$SELECT * FROM mongo.profile('mongodb', 'd', 'c')$$);
SELECT error_of($$SELECT * FROM mongo.references('mongodb', 'd')$$);
SELECT error_of($$SELECT * FROM mongo.import_statements('mongodb', 'd', 's')$$);
SELECT error_of($$SELECT * FROM mongo.conformance('judged')$$);
RESET ROLE;
DROP ROLE mongo_fdw_cpp_nobody;
DROP FOREIGN TABLE judged, judged_items, judged_pipeline, strict, counted, judged_orders, judged_parts;
DROP FUNCTION tables_of;

-- Paths that no column holds: fields outside of the sample, beside columns, inside child tables; by the server and by a scan.
CREATE FOREIGN TABLE fill (__doc json) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_writes', collection 'late');
TRUNCATE fill;
INSERT INTO fill SELECT json_build_object('_id', g, 'name', 'n' || g, 'at', json_build_object('city', 'c'), 'items', json_build_array(json_build_object('sku', 's', 'qty', g))) FROM generate_series(1, 60) g;
CREATE SCHEMA late;
SELECT table_name, left(statement, 60) FROM mongo.import_statements('mongodb', 'mongo_fdw_cpp_writes', 'late', '{late}', options => '{sample=10,on_conversion_error=collect}') WHERE kind = 'table';
CALL mongo.import_schema('mongodb', 'mongo_fdw_cpp_writes', 'late', '{late,late_items}', sample => 10, on_conversion_error => 'collect');
SELECT path, type, bad FROM mongo.conformance('late.late', method => 'server') WHERE bad > 0 OR column_name IS NULL;
INSERT INTO fill VALUES ('{"_id": 61, "name": "x", "extra": {"$numberLong": "5"}, "at": {"city": "c", "zip": "1"}, "items": [{"sku": "s", "qty": 1, "note": null}, "odd", {"a.b": 1, "": 2}]}'),
    ('{"_id": 62, "extra": "text", "at": "nowhere", "items": [], "$dollar": true, "x.y": {"z": 1}}'), ('{"_id": 63, "extra": null, "at": [{"city": "c"}]}');
CREATE FUNCTION unknown(tab regclass, how text) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT path, documents, missing, nulls, bad, bad_types, example_ids -> 0 AS example FROM mongo.conformance(tab, method => how) WHERE type = 'no column' $$;
SELECT * FROM unknown('late.late', 'server') x (path text, documents bigint, missing bigint, nulls bigint, bad bigint, bad_types jsonb, example jsonb);
SELECT * FROM unknown('late.late_items', 'server') x (path text, documents bigint, missing bigint, nulls bigint, bad bigint, bad_types jsonb, example jsonb);
SELECT tab, count(*) FROM (VALUES ('late.late'), ('late.late_items')) t (tab), LATERAL (
    SELECT path, documents, missing, nulls, bad, bad_types FROM mongo.conformance(tab::regclass, method => 'server') WHERE type = 'no column'
    INTERSECT SELECT path, documents, missing, nulls, bad, bad_types FROM mongo.conformance(tab::regclass, method => 'scan') WHERE type = 'no column') q GROUP BY 1 ORDER BY 1;
-- A value that is no array is a row of its own, for both.
INSERT INTO fill VALUES ('{"_id": 64, "items": {"sku": 1}}');
SELECT s.path, s.documents, s.missing FROM mongo.conformance('late.late_items', method => 'server') s WHERE s.type = 'no column'
EXCEPT SELECT s.path, s.documents, s.missing FROM mongo.conformance('late.late_items', method => 'scan') s WHERE s.type = 'no column';
DELETE FROM fill WHERE __doc -> '_id' ->> '$numberInt' = '64';
-- A column for the document holds everything; without the child table its array is unknown.
DROP FOREIGN TABLE late.late_items;
SELECT path, bad FROM mongo.conformance('late.late', method => 'server') WHERE type = 'no column' AND path = 'items';
ALTER FOREIGN TABLE late.late ADD COLUMN __doc jsonb;
SELECT count(*) FROM mongo.conformance('late.late', method => 'server') WHERE type = 'no column';
DROP SCHEMA late CASCADE;

-- One odd document decides nothing, within the tolerance.
TRUNCATE fill;
INSERT INTO fill SELECT json_build_object('_id', g, 'items', json_build_array(json_build_object('sku', g)), 'n', g, 'sub', json_build_object('a', 1)) FROM generate_series(1, 400) g;
INSERT INTO fill VALUES ('{"_id": "odd", "items": {"sku": 1}, "n": "text", "sub": "none"}'), ('{"_id": 402, "items": [{"sku": 1}, 5], "n": 1, "sub": {"a": 2}}');
CREATE FUNCTION tables_of(tolerance text) RETURNS TABLE (name text, columns text) LANGUAGE sql AS $$
    SELECT table_name, regexp_replace(substring(statement FROM '\((.*?)\)\n'), '\s+', ' ', 'g') FROM mongo.import_statements('mongodb', 'mongo_fdw_cpp_writes', 's', '{late,late_items}', options => ARRAY['sample=0', tolerance]) WHERE kind = 'table' $$;
SELECT * FROM tables_of('tolerance=0');
SELECT * FROM tables_of('tolerance=0.01');
SELECT * FROM tables_of('on_conversion_error=collect');
SELECT substring(statement FROM 'IS (.*)') FROM mongo.import_statements('mongodb', 'mongo_fdw_cpp_writes', 's', '{late,late_items}', options => '{sample=0,tolerance=0.01}') WHERE kind = 'comment' AND statement ~ 'not fit|no arrays|paths have';
SELECT error_of($$SELECT mongo.import_statements('mongodb', 'mongo_fdw_cpp_writes', 's', options => '{tolerance=0.9}')$$);
-- What the main shape leaves out is told: also what stands where a sub-document is expected.
CREATE SCHEMA late;
CALL mongo.import_schema('mongodb', 'mongo_fdw_cpp_writes', 'late', limit_to => '{late,late_items}', sample => 0, on_conversion_error => 'collect');
SELECT _id, n, sub_a, jsonb_pretty(__errors) FROM late.late WHERE __errors IS NOT NULL;
SELECT _id, __ord, sku, __errors FROM late.late_items WHERE __errors IS NOT NULL ORDER BY 1, 2;
SELECT count(*) FROM late.late WHERE sub_a IS NULL;
DROP SCHEMA late CASCADE;
-- Maps of values of several types.
TRUNCATE fill;
INSERT INTO fill SELECT json_build_object('_id', g, 'counters', json_object_agg('2024-01-' || lpad((g * 7 + i)::text, 2, '0'), CASE i % 3 WHEN 0 THEN to_json(i) WHEN 1 THEN to_json('text'::text) ELSE '{"a": 1}'::json END)) FROM generate_series(1, 3) g, generate_series(1, 9) i GROUP BY g;
SELECT * FROM tables_of('tolerance=0');
-- More paths than an import takes: excluded collections are not read; others get _id and the document.
TRUNCATE fill;
INSERT INTO fill SELECT json_object_agg(CASE g WHEN 0 THEN '_id' ELSE 'field' || g END, g) FROM generate_series(0, 100001) g;
SELECT * FROM tables_of('tolerance=0');
SET client_min_messages = warning;
SELECT count(*) FROM mongo.import_statements('mongodb', 'mongo_fdw_cpp_writes', 's', except_tables => '{late}', options => '{sample=1}') WHERE table_name ~ '^late';
RESET client_min_messages;
SELECT left(error_of($$SELECT * FROM mongo.profile('mongodb', 'mongo_fdw_cpp_writes', 'late')$$), 80);
TRUNCATE fill;
-- Compound indexes keep their order.
SELECT i -> 'key' AS key FROM mongo.catalog('mongodb', 'mongo_fdw_cpp_index') c, json_array_elements(c.indexes) i WHERE i ->> 'name' <> '_id_';
DROP FOREIGN TABLE fill;
DROP FUNCTION unknown, tables_of;
