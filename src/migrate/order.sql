-- References that matter to the order: constraints, and numbers that are looked up.
CREATE FUNCTION mongo_internal.references_between(plan text) RETURNS TABLE (from_table name, to_table name) LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT (mongo_internal.root_of(t)).name, (mongo_internal.root_of(u)).name
      FROM (SELECT c.table_name, c.refers_to FROM mongo.plan_column AS c JOIN mongo.plan_table AS k ON k.plan = c.plan AND k.name = c.refers_to
             WHERE c.plan = $1 AND c.enabled AND k.key = 'bigint'
            UNION SELECT t.name, u.name FROM mongo.plan AS p, mongo.plan_table AS t, mongo.plan_table AS u, pg_constraint AS k
             WHERE p.plan = $1 AND t.plan = $1 AND u.plan = $1 AND k.contype = 'f' AND k.conrelid = to_regclass(format('%I.%I', p.target_schema, t.name))
               AND k.confrelid = to_regclass(format('%I.%I', p.target_schema, u.name)) AND ((mongo_internal.root_of(t)).name <> (mongo_internal.root_of(u)).name OR (t.name = u.name AND t.parent IS NULL))) AS r
      JOIN mongo.plan_table AS t ON t.plan = $1 AND t.name = r.table_name AND t.enabled
      JOIN mongo.plan_table AS u ON u.plan = $1 AND u.name = r.refers_to AND u.enabled
$$;
COMMENT ON FUNCTION mongo_internal.references_between(text) IS 'Which topmost table refers to which, its children included';

CREATE TYPE mongo_internal.link AS (from_table name, to_table name);
COMMENT ON TYPE mongo_internal.link IS 'A topmost table that refers to another';

-- In which order topmost tables are loaded: those that others refer to first. Tables in a circle come together, in two passes.
CREATE FUNCTION mongo_internal.load_order(plan text) RETURNS TABLE (table_name name, rank integer, circle boolean) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    links mongo_internal.link[] := ARRAY(SELECT ROW(r.from_table, r.to_table)::mongo_internal.link FROM mongo_internal.references_between(load_order.plan) AS r);
    self name[] := ARRAY(SELECT l.from_table FROM unnest(links) AS l WHERE l.from_table = l.to_table);
    pending name[] := ARRAY(SELECT t.name FROM mongo.plan_table AS t WHERE t.plan = load_order.plan AND t.enabled AND t.parent IS NULL ORDER BY t.position);
    free name[];
BEGIN
    rank := 0;
    WHILE cardinality(pending) > 0 LOOP
        rank := rank + 2;
        free := ARRAY(SELECT n FROM unnest(pending) AS n WHERE NOT EXISTS (SELECT FROM unnest(links) AS r
                       WHERE r.from_table = n AND r.to_table <> n AND r.to_table = ANY (pending)));
        circle := cardinality(free) = 0;
        IF circle THEN
            -- Those that are in a circle themselves, not those that wait for one.
            free := ARRAY(SELECT n FROM unnest(pending) AS n WHERE n IN (
                WITH RECURSIVE below AS (SELECT r.to_table FROM unnest(links) AS r WHERE r.from_table = n AND r.to_table = ANY (pending)
                     UNION SELECT r.to_table FROM below AS b JOIN unnest(links) AS r ON r.from_table = b.to_table WHERE r.to_table = ANY (pending))
                SELECT b.to_table FROM below AS b));
        END IF;
        RETURN QUERY SELECT n, load_order.rank, load_order.circle OR n = ANY (self) FROM unnest(free) AS n;
        pending := ARRAY(SELECT n FROM unnest(pending) WITH ORDINALITY AS u (n, o) WHERE n <> ALL (free) ORDER BY o);
    END LOOP;
END $$;
COMMENT ON FUNCTION mongo_internal.load_order(text) IS 'The topmost tables of a plan with the order in which they are loaded, and whether references lead back to them';

-- Columns that refer to tables of the same circle, and need not be there at first.
CREATE FUNCTION mongo_internal.circular_columns(t mongo.plan_table) RETURNS name[] LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    circle name[];
BEGIN
    SELECT r.tables INTO circle FROM (SELECT array_agg(o.table_name) AS tables FROM mongo_internal.load_order(t.plan) AS o GROUP BY o.rank) AS r WHERE t.name = ANY (r.tables);
    RETURN coalesce((SELECT array_agg(c.name ORDER BY c.position) FROM mongo.plan_column AS c
                      WHERE c.plan = t.plan AND c.table_name = t.name AND c.enabled AND NOT c.not_null AND c.role = 'field'
                        AND (c.refers_to = ANY (circle) OR EXISTS (SELECT FROM mongo.plan_foreign_key AS k
                             WHERE k.plan = c.plan AND k.table_name = c.table_name AND k.target_table = ANY (circle) AND c.name = ANY (k.columns)))), '{}');
END $$;
COMMENT ON FUNCTION mongo_internal.circular_columns(mongo.plan_table) IS 'Columns of a table in a circle of references that a first pass leaves NULL';
