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
