-- Seeing how a load goes.
CREATE VIEW mongo.progress WITH (security_invoker) AS
SELECT r.plan, t.table_name, r.run, r.state, CASE WHEN r.phase = 'chunks' AND t.keys_only THEN 'keys' ELSE r.phase END AS phase,
       t.estimated_documents, coalesce(c.documents, 0) AS documents,
       CASE WHEN t.ended AND c.failed = 0 THEN 100 WHEN t.estimated_documents > 0 THEN least(round(100.0 * coalesce(c.documents, 0) / t.estimated_documents, 1), 99.9) END AS per_cent,
       coalesce(c.inserted, 0) AS inserted, coalesce(c.updated, 0) AS updated, coalesce(c.deleted, 0) AS deleted,
       round(c.rate_documents) AS documents_per_second, round((c.rate_bytes / 1e6)::numeric, 1) AS megabytes_per_second,
       CASE WHEN t.ended THEN '0'::interval WHEN c.rate_documents > 0 AND t.estimated_documents > c.documents THEN make_interval(secs => round((t.estimated_documents - c.documents) / c.rate_documents)::double precision) END AS remaining,
       (SELECT count(*) FROM mongo.reject AS j WHERE j.plan = r.plan AND j.resolved IS NULL AND j.table_name = ANY ((SELECT mongo_internal.family_names(r.plan, t.table_name))::name[])) AS rejects,
       coalesce(c.failed, 0) AS failed_chunks, coalesce(t.message, c.message) AS message
  FROM mongo.load_run AS r JOIN mongo.load_table AS t ON t.run = r.run
  LEFT JOIN LATERAL (SELECT sum(k.documents) AS documents, sum(k.inserted) AS inserted, sum(k.updated) AS updated, sum(k.deleted) AS deleted, count(*) FILTER (WHERE k.state = 'failed') AS failed,
                            (array_agg(k.message ORDER BY k.finished DESC) FILTER (WHERE k.message IS NOT NULL))[1] AS message,
                            sum(k.documents)::numeric / nullif(extract(epoch FROM max(k.finished) - min(k.finished - make_interval(secs => k.seconds))), 0) AS rate_documents,
                            sum(k.bytes)::numeric / nullif(extract(epoch FROM max(k.finished) - min(k.finished - make_interval(secs => k.seconds))), 0) AS rate_bytes
                       FROM mongo.load_chunk AS k WHERE k.run = t.run AND k.table_name = t.table_name AND k.pass = t.pass) AS c ON true
 WHERE r.run = (SELECT max(l.run) FROM mongo.load_run AS l WHERE l.plan = r.plan);
COMMENT ON VIEW mongo.progress IS 'The last load of each plan, a row a collection: documents read and how many there are by estimate, rows written, speed since the first chunk, time that remains at this speed, open rejects';
GRANT SELECT ON mongo.progress TO PUBLIC;
CREATE VIEW mongo.reject_summary WITH (security_invoker) AS
SELECT r.plan, r.table_name, r.stage, r.column_name, count(*) AS rejects, count(*) FILTER (WHERE r.row_lost) AS rows_lost, count(*) FILTER (WHERE r.stale) AS rows_stale,
       min(r.reason) AS reason, min(r.value) AS example, (array_agg(r.document_id::text ORDER BY r.key_hash))[1:3] AS document_ids
  FROM mongo.reject AS r WHERE r.resolved IS NULL
 GROUP BY r.plan, r.table_name, r.stage, r.column_name;
COMMENT ON VIEW mongo.reject_summary IS 'Open rejects by table, stage and column, with an example of the reason, of the value, and three ids';
GRANT SELECT ON mongo.reject_summary TO PUBLIC;

CREATE FUNCTION mongo_internal.tell_progress(plan text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT * FROM mongo.progress AS v WHERE v.plan = tell_progress.plan AND (v.documents > 0 OR v.message IS NOT NULL) AND v.remaining IS DISTINCT FROM '0' ORDER BY v.table_name LOOP
        RAISE NOTICE USING MESSAGE = format('%s: %s documents%s, %s a second%s%s', p.table_name, p.documents, CASE WHEN p.per_cent IS NULL THEN '' ELSE format(' of about %s (%s %%)', p.estimated_documents, p.per_cent) END, coalesce(p.documents_per_second, 0),
            CASE WHEN p.rejects > 0 THEN format(', %s rejects', p.rejects) ELSE '' END, coalesce('; ' || p.message, ''));
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.tell_progress(text) IS 'Says in NOTICEs how a load goes';
