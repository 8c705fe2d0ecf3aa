-- The forms of json_format, as json and as jsonb; whole documents.
CREATE FOREIGN TABLE forms (_id int, n text,
    simple json OPTIONS (path 'a'), relaxed json OPTIONS (path 'a', json_format 'relaxed'),
    canonical json OPTIONS (path 'a', json_format 'canonical'), legacy json OPTIONS (path 'a', json_format 'legacy'),
    simple_b jsonb OPTIONS (path 'a'), relaxed_b jsonb OPTIONS (path 'a', json_format 'relaxed'),
    canonical_b jsonb OPTIONS (path 'a', json_format 'canonical'), legacy_b jsonb OPTIONS (path 'a', json_format 'legacy'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
CREATE VIEW common_forms AS SELECT * FROM forms WHERE n !~ '^(date (past|last|min|max)|symbol|dbpointer|.*E.6|double huge)';
SELECT n, simple FROM common_forms WHERE simple IS NOT NULL ORDER BY _id;
SELECT n, relaxed FROM common_forms WHERE relaxed::text <> simple::text ORDER BY _id;
SELECT n, canonical FROM common_forms WHERE canonical::text <> relaxed::text ORDER BY _id;
SELECT n, legacy FROM common_forms WHERE legacy::text <> relaxed::text ORDER BY _id;
-- The jsonb writer is our own: its bytes must be those of jsonb_in for the same text.
SELECT form, count(*) AS compared, count(*) FILTER (WHERE NOT same) AS different FROM (
    SELECT form, jsonb_send(b) = jsonb_send(j::text::jsonb) AND hashtextextended(b::text, 0) = hashtextextended((j::text::jsonb)::text, 0)
           AND jsonb_hash(b) = jsonb_hash(j::text::jsonb) AND pg_column_size(b) = pg_column_size(j::text::jsonb) AS same
    FROM forms, LATERAL (VALUES ('simple', simple, simple_b), ('relaxed', relaxed, relaxed_b), ('canonical', canonical, canonical_b),
                                ('legacy', legacy, legacy_b)) v(form, j, b)
    WHERE j IS NOT NULL AND n <> 'string NUL' AND n !~ '^(date (past|last|min|max)|symbol|dbpointer)') x GROUP BY form ORDER BY form;
SELECT n, simple, simple_b FROM forms WHERE n = 'string NUL';
CREATE TEMP TABLE stored AS SELECT n, simple_b, canonical_b FROM forms WHERE simple_b IS NOT NULL AND n !~ '^(date (past|last|min|max)|symbol|dbpointer)';
SELECT count(*) FROM stored s JOIN stored t USING (simple_b);
SELECT canonical_b->'b'->0->'c'->>'$numberInt' AS c FROM stored WHERE n = 'object {b:[{c:1},{c:2}]}';
-- Objects with many keys: sorted by length, then bytes; offsets every 32 entries.
CREATE FOREIGN TABLE wide (_id int, doc jsonb OPTIONS (role 'doc'), docj json OPTIONS (role 'doc')) SERVER mongodb OPTIONS (
    database 'mongo_fdw_cpp_test', collection 'scalars', pipeline
    '[{"$match": {"_id": 1}}, {"$addFields": {"k10": 1, "k9": 2, "aa": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40],
       "b": {"z": 1, "y": {"x": []}, "w": {}}, "k1": 1, "k2": 2, "k3": 3, "k4": 4, "k5": 5, "k6": 6, "k7": 7, "k8": 8, "long key number one": "text", "ä": "ö"}}]');
SELECT doc, jsonb_send(doc) = jsonb_send(docj::text::jsonb) AS same, pg_column_size(doc) = pg_column_size(docj::text::jsonb) AS same_size FROM wide;
SELECT docj FROM wide;
-- Whole documents beside columns, in all types; the form is canonical unless told otherwise.
CREATE FOREIGN TABLE docs (_id text, __doc json, b jsonb OPTIONS (role 'doc'), t text OPTIONS (role 'doc', json_format 'relaxed'),
    raw bytea OPTIONS (role 'doc'), name text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
SELECT _id, name, __doc, b, t, raw FROM docs WHERE name = 'Donald';
SELECT name, __doc->'big' AS big, t FROM docs WHERE name IN ('Ada', 'Edsger') ORDER BY name;
DROP VIEW common_forms;
DROP FOREIGN TABLE forms, wide, docs;
