-- Conditions on what a column of JSON holds, and row comparison: what is sent, the rows, and the same without push-down.
CREATE FOREIGN TABLE doc (_id int, a jsonb, plain json OPTIONS (path 'a'), wrapped jsonb OPTIONS (path 'a', json_format 'canonical'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null');
CREATE FUNCTION match_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Pipeline' THEN RETURN substring(line FROM '"\$match" : (.*) }, \{ "\$project'); END IF;
    END LOOP;
    RETURN NULL;
END $$;
SELECT match_of($$SELECT _id FROM doc WHERE a ->> 'b' = 'x'$$);
SELECT match_of($$SELECT _id FROM doc WHERE '5' = a #>> '{b,c}'$$);
SELECT match_of($$SELECT _id FROM doc WHERE plain -> 'b' ->> 'c' IN ('true', '5f0000000000000000000001', '2024-02-29T00:00:00Z')$$);
SELECT match_of($$SELECT _id FROM doc WHERE a ->> 'b' IS NOT NULL$$);
SELECT match_of($$SELECT _id FROM doc WHERE a ? 'b'$$);
SELECT match_of($$SELECT _id FROM doc WHERE a ?| ARRAY['b', 'c'] AND a ?& ARRAY['b', 'd']$$);
SELECT match_of($$SELECT _id FROM doc WHERE a @> '{"b": 5, "d": {"e": ["x", true]}}'$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a ->> 'b' = '5' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a #>> '{}' IN ('5', '5.5', 'true', '5f0000000000000000000001') ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a ? 'b' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a @> '{"b": 5}' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a @> '[5]' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a @> '[[5]]' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE NOT a @> '5' AND _id < 12 ORDER BY 1$$);
-- A key that the query language cannot name, another format, the complement of a superset: checked here alone; of <> that something is there.
SELECT match_of($$SELECT _id FROM doc WHERE a ->> 'b.c' = 'x'$$), match_of($$SELECT _id FROM doc WHERE wrapped ->> 'b' = 'x'$$),
    match_of($$SELECT _id FROM doc WHERE a ->> 'b' <> 'x'$$), match_of($$SELECT _id FROM doc WHERE NOT a ? 'b'$$);
-- Parameters are data.
PREPARE at_b(text) AS SELECT _id FROM doc WHERE a ->> 'b' = $1 ORDER BY 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE at_b('5');
EXECUTE at_b('{"$gt": ""}');
EXECUTE at_b(NULL);
RESET plan_cache_mode;
DEALLOCATE at_b;

-- Rows are compared column by column: pages after a key.
SELECT match_of($$SELECT _id FROM many WHERE (k, _id) > (8, 4900) $$);
SELECT same_rows($$SELECT k, _id FROM many WHERE (k, _id) > (9, 4960) ORDER BY k, _id$$);
SELECT same_rows($$SELECT count(*) FROM many WHERE (k, _id, t) <= (3, 1000, NULL)$$);
SELECT match_of($$SELECT _id FROM many WHERE (t, _id) > ('a', 1)$$);
-- Any other strict condition over a place asks that something is there; IS NULL that nothing is, or an array on the way.
SELECT match_of($$SELECT _id FROM doc WHERE a ->> 'b' > '4'$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a ->> 'b' > '4' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a ->> 'b' LIKE '%c%' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE length(a -> 'b' ->> 'c') < 9 OR a ->> 'b' <> ALL ('{5,x}') ORDER BY 1$$);
SELECT match_of($$SELECT _id FROM doc WHERE (a ->> 'b')::int + 1 > 5$$), match_of($$SELECT _id FROM doc WHERE coalesce(a ->> 'b', 'x') > 'a'$$);
CREATE FOREIGN TABLE loud (name text, a jsonb OPTIONS (path 'address')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'people');
CREATE FOREIGN TABLE baskets (_id int, a json OPTIONS (path 'items')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'orders');
SELECT match_of($$SELECT name FROM loud WHERE a ->> 'zip' IS NULL$$), match_of($$SELECT _id FROM doc WHERE a ->> 'b' IS NULL$$);
SELECT same_rows($$SELECT name FROM loud WHERE a ->> 'zip' IS NULL ORDER BY 1$$);
SELECT same_rows($$SELECT name FROM loud WHERE a ->> 'city' IS NULL OR a -> 'zip' IS NULL ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM baskets WHERE a -> 'sku' IS NULL ORDER BY 1$$);
DROP FOREIGN TABLE loud, baskets;
-- Elements of an unwound array that are arrays themselves.
CREATE FOREIGN TABLE elements (_id int, a jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', unwind 'a', on_conversion_error 'null');
SELECT match_of($$SELECT _id FROM elements WHERE a @> '[5]'$$), match_of($$SELECT _id FROM elements WHERE a #>> '{1}' IS NOT NULL$$), match_of($$SELECT _id FROM elements WHERE a ->> 'b' = '5'$$);
SELECT same_rows($$SELECT _id FROM elements WHERE a @> '[5]' OR a #>> '{1}' = '2' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM elements WHERE a ->> 'b' = '5' ORDER BY 1$$);
DROP FOREIGN TABLE elements;
-- Behind a position that ends a path MongoDB looks into no array.
SELECT match_of($$SELECT _id FROM doc WHERE a #> '{0}' @> '[5]'$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a #> '{0}' @> '[5]' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a #> '{0}' @> '5' ORDER BY 1$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a #> '{0}' ? 'x' OR a #> '{0}' @> '{"b": 5}' ORDER BY 1$$);
-- Positions that only PostgreSQL knows.
SELECT match_of($$SELECT _id FROM doc WHERE a #>> '{-1}' = '5'$$);
SELECT same_rows($$SELECT _id FROM doc WHERE a #>> '{-1}' = '5' OR a #>> '{0}' = '5' OR a #>> '{ 01}' = '6' ORDER BY 1$$);
DROP FUNCTION match_of;
DROP FOREIGN TABLE doc;
