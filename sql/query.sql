-- mongo.query: pipelines of the user's own.
SELECT mongo.query('mongodb', 'mongo_fdw_cpp_test', 'many', '[{"$match": {"_id": {"$lt": 3}}}, {"$sort": {"k": -1, "_id": 1}}]');
SELECT mongo.query('mongodb', 'mongo_fdw_cpp_test', 'people', '[{"$match": {"name": "Ada"}}, {"$project": {"big": 1}}]', 'canonical');
SELECT count(*) FROM mongo.query('mongodb', 'mongo_fdw_cpp_test', 'many', '[]');
SELECT q->>'n' FROM mongo.query('mongodb', 'mongo_fdw_cpp_test', 'many', '[{"$count": "n"}]') q;
SELECT error_of($$SELECT mongo.query('mongodb', 'd', 'c', '[{"$out": "x"}]')$$);
SELECT error_of($$SELECT mongo.query('mongodb', 'd', 'c', '[{"$facet": {"x": [{"$merge": {"into": "y"}}]}}]')$$);
SELECT error_of($$SELECT mongo.query('mongodb', 'd', 'c', '{"$match": {}}')$$);
SELECT error_of($$SELECT mongo.query('mongodb', 'd', 'c', NULL)$$);
SELECT error_of($$SELECT mongo.query('mongodb', 'd', 'c', '[]', 'xml')$$);
SELECT error_of($$SELECT mongo.query('nobody', 'd', 'c', '[]')$$);
SELECT left(error_of($$SELECT mongo.query('mongodb', 'mongo_fdw_cpp_test', 'many', '[{"$noSuchStage": {}}]')$$), 41);
-- Operators that other readers of JSON take for old spellings of Extended JSON; values in all the spellings of dates and binaries.
SELECT (q->>'n')::int > 2 AS dates FROM mongo.query('mongodb', 'mongo_fdw_cpp_test', 'traps', '[{"$match": {"a": {"$type": "date"}}}, {"$count": "n"}]') q;
SELECT (q->>'n')::int > 2 AS dates FROM mongo.query('mongodb', 'mongo_fdw_cpp_test', 'traps', '[{"$match": {"a": {"$type": 9}}}, {"$count": "n"}]') q;
SELECT (q->>'n')::int > 3 AS times FROM mongo.query('mongodb', 'mongo_fdw_cpp_test', 'traps', '[{"$match": {"a": {"$type": ["date", "timestamp"]}}}, {"$count": "n"}]') q;
SELECT q->>'n' AS texts FROM mongo.query('mongodb', 'mongo_fdw_cpp_test', 'traps', '[{"$match": {"n": {"$regex": "^INT32$", "$options": "i"}}}, {"$count": "n"}]') q;
SELECT q FROM mongo.query('mongodb', 'mongo_fdw_cpp_test', 'many', '[{"$limit": 1}, {"$project": {"_id": 0,
    "v2": {"$literal": {"$date": {"$numberLong": "5"}}}, "iso": {"$literal": {"$date": "1970-01-01T00:00:00.005Z"}}, "v1": {"$literal": {"$date": 5}},
    "b2": {"$literal": {"$binary": {"base64": "AQI=", "subType": "00"}}}, "b1": {"$literal": {"$binary": "AQI=", "$type": "00"}},
    "type": {"$type": {"$literal": {"$numberDecimal": "1.10"}}}, "d": {"$literal": {"$numberDecimal": "1.10"}}}}]', 'canonical') q;
SELECT count(*) FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'traps', sample => 0, filter => '{"a": {"$type": "date"}}') WHERE path = 'a';
CREATE FOREIGN TABLE typed (a timestamptz) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', pipeline '[{"$match": {"a": {"$type": "date", "$gt": {"$date": 0}, "$lt": {"$date": "2200-01-01T00:00:00Z"}}}}]');
SELECT count(*) > 0 AS found FROM typed;
DROP FOREIGN TABLE typed;
-- What is no JSON, no condition, malformed, or never ends.
\set VERBOSITY default
SELECT mongo.query('mongodb', 'd', 'c', '[{"$match": {"_id": {"$oid": "short"}}}]');
SELECT count(*) FROM mongo.profile('mongodb', 'mongo_fdw_cpp_test', 'many', filter => '{"$oid": "507f1f77bcf86cd799439011"}');
SELECT mongo.query('mongodb', 'd', 'c', '[{"$changeStream": {}}]');
SELECT mongo.query('mongodb', 'd', 'c', '[1]');
\set VERBOSITY terse
