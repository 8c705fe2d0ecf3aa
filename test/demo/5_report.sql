-- 5. The report.
\pset footer off
\echo
\echo 'Rows moved'
SELECT target, max(rows) FILTER (WHERE run = 1) AS "first load", max(rows) FILTER (WHERE run = 2) AS "second load (changes only)",
    round((max(rows) FILTER (WHERE run = 1) / nullif(max(seconds) FILTER (WHERE run = 1), 0))::numeric) AS "rows per second"
FROM shop.moves GROUP BY target ORDER BY min(step);
\echo 'Rejects and traps'
SELECT trap, count(*), min(source_id) AS "for example", min(detail::text) AS "holds" FROM traps GROUP BY trap ORDER BY trap;
\echo 'Checks'
SELECT CASE WHEN passed THEN 'ok' ELSE 'FAILED' END AS result, name, left(found, 80) AS found FROM checks WHERE NOT passed OR name !~ '^totals' ORDER BY passed, name;
SELECT count(*) FILTER (WHERE passed) AS passed, count(*) FILTER (WHERE NOT passed) AS failed FROM checks \gset
SELECT sum(rows) FILTER (WHERE run = 1) AS moved, round((sum(rows) FILTER (WHERE run = 1) / sum(seconds) FILTER (WHERE run = 1))::numeric) AS speed,
    sum(rows) FILTER (WHERE run = 2) AS changed FROM shop.moves \gset
SELECT count(*) AS rejects FROM traps \gset
\echo :moved 'rows moved at' :speed 'rows per second,' :changed 'changed by the second load,' :rejects 'rejects,' :passed 'checks passed,' :failed 'failed'
SELECT :failed > 0 OR :changed <> 3 AS bad \gset
\if :bad
\echo 'The demo failed.'
SELECT 1 / 0 AS "a check that should pass has failed";
\endif
