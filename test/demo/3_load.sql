-- 3. The load: two background workers, a range of documents a transaction. It may be ended at any time, and run again: then
--    it brings what changed. psql variable run: 1, 2, ... only for the report.
CALL mongo.load('shop', workers => 2);
\echo 'What it did:'
SELECT table_name, documents, inserted, updated, deleted, documents_per_second, rejects FROM mongo.progress WHERE plan = 'shop' ORDER BY table_name;
\echo 'What was refused, and why:'
SELECT table_name, stage, column_name, rejects, rows_lost, left(reason, 70) AS reason FROM mongo.reject_summary WHERE plan = 'shop' ORDER BY table_name, stage, column_name;
INSERT INTO shop.moves (target, run, rows, seconds)
SELECT table_name, :run, inserted + updated + deleted, documents / nullif(documents_per_second, 0) FROM mongo.progress WHERE plan = 'shop' ORDER BY table_name;
