-- What one of the development servers does not store as sent: dates beyond what it can hold, the
-- same key twice, the old types symbol and DBPointer.
SET timezone = 'UTC';
CREATE FOREIGN TABLE stored (_id int, n text) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps');
SELECT count(*) = 4 AS stored FROM stored WHERE n IN ('date past 294276', 'date last', 'date min', 'date max') \gset
\if :stored
CREATE FOREIGN TABLE dates (_id int, n text, ts timestamptz OPTIONS (path 'a'), d date OPTIONS (path 'a'), j jsonb OPTIONS (path 'a'), __errors jsonb)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'collect');
SELECT n, ts, d, j, jsonb_path_query_array(__errors, '$[*].wanted') AS errors FROM dates WHERE n ~ '^date (past|last|min|max)' ORDER BY _id;
SELECT n FROM dates WHERE ts > '290000-01-01' ORDER BY 1;
SELECT n FROM dates WHERE ts < '0001-01-01' ORDER BY 1;
SELECT n FROM dates WHERE ts IS NULL AND n ~ '^date' ORDER BY 1;
CREATE FOREIGN TABLE twice (_id int, dup int, dupb jsonb OPTIONS (path 'dup'), doc json OPTIONS (role 'doc', json_format 'simple'),
    docb jsonb OPTIONS (role 'doc', json_format 'simple')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'keys');
SELECT * FROM twice WHERE _id = 2;
SELECT _id FROM twice WHERE dup = 1;
SELECT _id FROM twice WHERE dup = 2;
CREATE FOREIGN TABLE old_types (_id int, n text, t text OPTIONS (path 'a'), name name OPTIONS (path 'a'), simple json OPTIONS (path 'a'),
    canonical json OPTIONS (path 'a', json_format 'canonical'), legacy json OPTIONS (path 'a', json_format 'legacy'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
SELECT n, t, name, simple, canonical, legacy FROM old_types WHERE n IN ('symbol', 'dbpointer') ORDER BY _id;
SELECT * FROM both_ways('SELECT n FROM old_types WHERE t = ''sym''');
SELECT * FROM both_ways('SELECT n FROM old_types WHERE t > ''sx''');
DROP FOREIGN TABLE dates, twice, old_types;
\else
\echo this server does not store them
\endif
DROP FOREIGN TABLE stored;
