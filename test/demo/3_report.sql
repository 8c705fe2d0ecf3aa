-- 3. The proof, once more and deeper: documents put together again from the rows. Then the report (psql variable report: a file).
CALL mongo.validate('shop', 4, fraction => 0.002);
\pset format unaligned
\pset tuples_only on
\o :report
SELECT mongo.report('shop', 'html');
\o
\pset format aligned
\pset tuples_only off
\echo 'What was compared, and what of it is not as it should be:'
SELECT check_name AS "check", level, count(*) FILTER (WHERE status = 'ok') AS ok, count(*) FILTER (WHERE status = 'fail') AS failed, count(*) FILTER (WHERE status = 'warn') AS warnings, count(*) FILTER (WHERE status = 'skip') AS skipped,
       min(difference) FILTER (WHERE status = 'skip') AS "skipped, for example, because"
  FROM mongo.check_result WHERE plan = 'shop' GROUP BY check_name, level ORDER BY level, check_name;
SELECT table_name, column_name, check_name, status, expected, actual, difference, sample FROM mongo.check_result WHERE plan = 'shop' AND status IN ('fail', 'warn') ORDER BY number;
