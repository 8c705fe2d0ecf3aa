CREATE FUNCTION mongo.list_pushdown_rules(OUT sql_name text, OUT kind text, OUT arguments text, OUT verdict text, OUT since text, OUT note text, OUT uses bigint)
    RETURNS SETOF record AS 'MODULE_PATHNAME', 'mongo_list_pushdown_rules' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION mongo.list_pushdown_rules() IS 'The rules behind the view mongo.pushdown_rules';

CREATE VIEW mongo.pushdown_rules AS SELECT sql_name, kind, arguments, verdict, since, note, uses FROM mongo.list_pushdown_rules();
COMMENT ON VIEW mongo.pushdown_rules IS 'What MongoDB may evaluate: each function, form and aggregate with its verdict (exact: left to MongoDB; superset: sent, and checked again here; proved: believed when the result proves itself, else computed here) and the MongoDB version that has what it needs';
COMMENT ON COLUMN mongo.pushdown_rules.sql_name IS 'the function or form of SQL';
COMMENT ON COLUMN mongo.pushdown_rules.kind IS 'comparison, function, form or aggregate';
COMMENT ON COLUMN mongo.pushdown_rules.arguments IS 'the types of its arguments';
COMMENT ON COLUMN mongo.pushdown_rules.verdict IS 'exact, superset or proved';
COMMENT ON COLUMN mongo.pushdown_rules.since IS 'the first MongoDB version that has what it needs; servers are asked';
COMMENT ON COLUMN mongo.pushdown_rules.note IS 'what it depends on';
COMMENT ON COLUMN mongo.pushdown_rules.uses IS 'how often plans of this session have applied it';
GRANT SELECT ON mongo.pushdown_rules TO PUBLIC;
