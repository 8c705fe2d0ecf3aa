-- Conversions between types, and parts of dates: the same rows with push-down and without.
CREATE FOREIGN TABLE conversions (_id int, t text COLLATE "C", n numeric, z timestamptz, s timestamp OPTIONS (path 'z'), d date OPTIONS (path 'z'), b boolean, o mongo.objectid)
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test_more', on_conversion_error 'null', fdw_tuple_cost '10');
SET timezone = 'UTC';
-- What is sent: every condition, and what the server was not sure of is checked here.
SELECT line FROM plan_of('SELECT _id FROM conversions WHERE n::int = 3') p (line) WHERE line ~ 'Filter|Pipeline';
SELECT line FROM plan_of('SELECT _id FROM conversions WHERE t::bigint > 3') p (line) WHERE line ~ 'Filter|Pipeline';
-- Numbers: numeric to integers, half away from zero, and to float8.
SELECT same_rows('SELECT _id FROM conversions WHERE n::int IN (3, -3, 0, 9, -1) AND n < 100 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE n::bigint > 5 AND n < 1e18 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE n::smallint < 3 AND n < 100 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE n::float8 <= 2.5 AND n <> 1e-400 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE n::float8 IN (0.1, ''NaN'', 0.30000000000000004, 9007199254740992) AND n <> 1e-400 ORDER BY 1');
SELECT error_of('SELECT _id FROM conversions WHERE n::bigint > 5');
SELECT error_of('SELECT _id FROM conversions WHERE n::smallint > 5 AND _id = 10');
-- Text to numbers: what both sides read alike is decided there, white space and errors here.
SELECT same_rows('SELECT _id FROM conversions WHERE CASE WHEN _id IN (1, 2, 3, 4, 8, 9, 12) THEN t::int END >= 5 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE t::bigint < 0 AND _id IN (1, 2, 3, 4) ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE t::numeric <= 1.5 AND _id NOT IN (11) ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE t::float8 IN (-0.125, 1.5, 5, ''NaN'') AND _id <> 11 ORDER BY 1');
SELECT error_of('SELECT _id FROM conversions WHERE t::int > 1 AND _id = 11');
SELECT error_of('SELECT _id FROM conversions WHERE t::int > 1 AND _id = 6');
SELECT error_of('SELECT _id FROM conversions WHERE t::smallint < 1 AND _id = 2');
-- Booleans and object ids.
SELECT same_rows('SELECT _id FROM conversions WHERE b::int = 1 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE (_id - 3)::boolean IS FALSE ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE b::text LIKE ''t%'' ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE o::text = ''5f0000000000000000000001'' OR o::text LIKE ''6%'' ORDER BY 1');
-- Parts of dates.
SELECT same_rows('SELECT _id FROM conversions WHERE extract(second FROM z) = 15.678 OR extract(second FROM s) = 59.999 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE date_part(''second'', z) = 15.678 OR date_part(''second'', s) = 59.001 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE extract(milliseconds FROM z) > 15000 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE date_part(''milliseconds'', z) = 15678 OR extract(microseconds FROM s) = 59999000 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE extract(epoch FROM z) IN (1709209815.678, -0.999, 946684800) ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE date_part(''epoch'', s) IN (1709209815.678, -0.999, 946684800) OR date_part(''epoch'', z) > 1e10 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE extract(epoch FROM d) = 951782400 OR extract(epoch FROM d) < 0 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE extract(isoyear FROM z) IN (1970, 2020, 1999, 1) ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE extract(decade FROM z) IN (200, 202, 0, 999) ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE extract(century FROM z) IN (20, 1, 100) OR extract(millennium FROM d) = 2 ORDER BY 1');
SELECT error_of('SELECT _id FROM conversions WHERE extract(second FROM d) = 1');
-- Days added and between, dates as instants and in local time, a month of a date.
CREATE FUNCTION filter_of(condition text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(trim(line), ' ') FROM plan_of('SELECT _id FROM conversions WHERE ' || condition) p (line) WHERE line ~ 'Local' $$;
SELECT filter_of('d + 30 > ''2024-03-01'''), filter_of('d - ''2000-01-01''::date > 8000'), filter_of('date_trunc(''month'', d) = ''2024-02-01'''), filter_of('z::timestamp < ''2000-01-01''');
SELECT same_rows('SELECT _id FROM conversions WHERE d + 1 = ''2024-03-01'' OR 31 + d = ''1970-01-31'' OR d - _id < ''0001-01-01'' ORDER BY 1');
SELECT same_rows('SELECT _id, d - ''2000-01-01''::date AS days FROM conversions WHERE d - ''2000-01-01''::date BETWEEN -366 AND 8900 ORDER BY 1');
SELECT same_rows('SELECT sum(d - ''2000-01-01''::date), max(d + _id) FROM conversions WHERE _id < 5');
SELECT same_rows('SELECT _id FROM conversions WHERE d + interval ''12 hours'' = ''2000-01-01 12:00'' OR date_trunc(''month'', d) = ''2024-02-01'' OR d::timestamp < ''1000-01-01'' ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE s::timestamptz = z AND z::timestamp = s ORDER BY 1');
SELECT error_of('SELECT _id FROM conversions WHERE d + 2147483647 > ''2024-03-01''');
-- GREATEST and LEAST.
SELECT same_rows('SELECT _id FROM conversions WHERE greatest(n, 5) = 5 OR least(n, 0.25) = 0.25 ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE greatest(b, _id < 3) AND NOT least(b, _id < 2) ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE greatest(o, ''5f0000000000000000000002'') > ''5f0000000000000000000002'' ORDER BY 1');
DROP FUNCTION filter_of;
-- In a fixed zone with a shift, and in one with summer time.
SET timezone = '-05:30';
SELECT same_rows('SELECT _id FROM conversions WHERE s::timestamptz = z OR z::timestamp = ''2024-02-29 18:00:15.678'' OR d::timestamptz < ''1000-01-01'' ORDER BY 1');
SELECT same_rows('SELECT _id FROM conversions WHERE extract(epoch FROM z) = 946684800 OR extract(decade FROM z) = 200 OR extract(isoyear FROM z) = 2020 ORDER BY 1');
SET timezone = 'Europe/Vienna';
SELECT same_rows('SELECT _id FROM conversions WHERE extract(epoch FROM z) = 946684800 OR extract(decade FROM z) = 200 OR extract(isoyear FROM z) = 2020 ORDER BY 1');
RESET timezone;
-- Sums have the digits that PostgreSQL shows.
SELECT line ~ 'group' AS sent FROM plan_of('SELECT sum(extract(epoch FROM s)) FROM conversions') p (line) WHERE line ~ 'Pipeline' LIMIT 1;
SELECT same_rows('SELECT sum(extract(epoch FROM s)), max(extract(second FROM s)), sum(extract(milliseconds FROM s)), avg(extract(hour FROM s)), min(extract(epoch FROM d)) FROM conversions WHERE _id IN (1, 2, 3, 4, 8)');
SELECT same_rows('SELECT extract(second FROM s), count(*) FROM conversions GROUP BY 1 ORDER BY 1');
DROP FOREIGN TABLE conversions;

-- Arithmetic of numerics whose digits are known to fit a Decimal128; sums and averages show PostgreSQL's digits.
CREATE FOREIGN TABLE amounts (_id int, p numeric(6,2) OPTIONS (path 'a'), i int OPTIONS (path 'a'), n numeric OPTIONS (path 'a'), w numeric(30,10) OPTIONS (path 'a'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FUNCTION filter_of(condition text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(trim(line), ' ') FROM plan_of('SELECT _id FROM amounts WHERE ' || condition) p (line) WHERE line ~ 'Local' $$;
SELECT filter_of('p * i > 10.5'), filter_of('round(p * 1.19, 1) = 6.5'), filter_of('n + 1 > 2'), filter_of('w * w > 1'), filter_of('p / 3 > 1'), filter_of('round(p, i) > 1');
SELECT same_rows('SELECT _id, p * i AS product, p + 0.125 AS more FROM amounts WHERE p * i > 10.5 OR p + 0.125 < -1 ORDER BY 1');
SELECT same_rows('SELECT _id FROM amounts WHERE round(p * 1.19, 1) IN (6.0, 6.5, 0.1, -8.3) OR trunc(- p * 0.5, 1) = -2.7 OR ceil(p) = 6 OR floor(p) = 0 OR abs(p) = 7 ORDER BY 1');
SELECT same_rows('SELECT sum(p * i), avg(p * 1.5), max(p - 0.001), min(round(p * 0.3, 3)), sum(- p), count(DISTINCT i) FROM amounts WHERE p < 1000');
SELECT same_rows('SELECT p * 2 > 10 AS large, sum(p * p), avg(ceil(p)) FROM amounts WHERE p < 1000 GROUP BY 1 ORDER BY 1');
SELECT filter_of('p::numeric(5,1) > 1'), filter_of('sign(p) = 1'), filter_of('greatest(p, 1.00) > 2'), filter_of('p::numeric(5,-1) > 1');
SELECT same_rows('SELECT _id FROM amounts WHERE p::numeric(4,1) IN (5.5, 0.1, -7.0) OR sign(p) = -1 ORDER BY 1');
SELECT same_rows('SELECT sum((p * 0.5)::numeric(8,1)), sum(sign(p)), max(greatest(p, 1.00)), min(least(p, - p)) FROM amounts WHERE p < 1000');
SELECT error_of('SELECT _id FROM amounts WHERE (p * 1000)::numeric(4,1) > 1');
SELECT same_rows('SELECT _id FROM amounts WHERE (greatest(p, 5.50) > 5.5 OR least(p, 0.10, n) < 0) AND _id < 40 ORDER BY 1');
DROP FUNCTION filter_of;
DROP FOREIGN TABLE amounts;

-- Several DISTINCT arguments, and DISTINCT with FILTER.
CREATE FOREIGN TABLE spread (_id int, k int, name text OPTIONS (path 't') COLLATE "C", v float8) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'many', on_conversion_error 'null', fdw_tuple_cost '10');
CREATE FOREIGN TABLE mixed (_id int, i int OPTIONS (path 'a'), f float8 OPTIONS (path 'a'), t text OPTIONS (path 'a') COLLATE "C", z timestamptz OPTIONS (path 'a'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test', collection 'traps', on_conversion_error 'null', fdw_tuple_cost '10');
SELECT line FROM plan_of('SELECT count(DISTINCT k), count(DISTINCT _id % 7), count(*), sum(_id) FROM spread') p (line) WHERE line ~ 'Pipeline' LIMIT 1;
SELECT same_rows('SELECT count(DISTINCT k), count(DISTINCT _id % 7), count(*), sum(_id), max(name) FROM spread');
SELECT same_rows('SELECT k % 3 AS r, count(DISTINCT k), sum(DISTINCT _id % 7), count(DISTINCT k), avg(_id), min(_id) FROM spread GROUP BY 1 ORDER BY 1');
SELECT same_rows('SELECT k, count(DISTINCT _id % 7) FILTER (WHERE _id < 100), count(DISTINCT _id % 7), count(*) FILTER (WHERE _id < 9) FROM spread GROUP BY k ORDER BY k');
SELECT same_rows('SELECT count(DISTINCT i), count(DISTINCT t), count(DISTINCT z), count(i), count(*) FROM mixed WHERE (z < ''2100-01-01'' OR z IS NULL) AND _id < 36');
SELECT same_rows('SELECT i > 5 AS above, count(DISTINCT i), count(DISTINCT t) FILTER (WHERE _id > 20) FROM mixed GROUP BY 1 ORDER BY 1');
SELECT same_rows('SELECT count(DISTINCT k), count(DISTINCT _id) FROM spread WHERE k < -7');
SELECT same_rows('SELECT _id FROM mixed WHERE greatest(f, 7) = ''NaN'' OR least(''NaN'', f) = 5.5 OR least(f, 0) = ''-Infinity'' ORDER BY 1');
DROP FOREIGN TABLE spread, mixed;
