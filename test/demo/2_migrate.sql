-- 2. The whole road: load by two background workers, constraints, indexes, comments, checks. It may be ended at any time, and
--    called again: then it goes on, or brings what changed.
CALL mongo.migrate('shop', 'shop_mongodb', 'demo', 'shop', workers => 2);
\echo 'What was refused, and why:'
SELECT table_name, stage, column_name, rejects, rows_lost, left(reason, 70) AS reason FROM mongo.reject_summary WHERE plan = 'shop' ORDER BY table_name, stage, column_name;
