-- What lies between two times, doubles from 2^52 on, and conditions of which only some can be sent.
CREATE FOREIGN TABLE spans (_id int, opened timestamp, closed timestamp, seen timestamptz OPTIONS (path 'closed'), n bigint, m int OPTIONS (path 'n'), p numeric(18,0) OPTIONS (path 'n'), f float8 OPTIONS (path 'n'))
    SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test_spans', on_conversion_error 'null', fdw_tuple_cost '1000');
INSERT INTO spans (_id, opened, closed, n) SELECT i, timestamp '2024-02-28 23:59:59.5' + i * interval '7 hours 3 minutes 0.25 seconds',
    CASE WHEN i % 5 > 0 THEN timestamp '2024-03-01 12:00:00.123' - i * interval '5 days 1 hour' END, i FROM generate_series(1, 20) i;
INSERT INTO spans (_id, opened, closed) VALUES (21, '0001-06-01', '9999-06-01'), (22, '2024-01-01', '2024-01-01'), (23, '2024-01-02', '2024-01-01');
ANALYZE spans;
SET mongo_fdw_cpp.enable_pushdown = off;
UPDATE spans SET opened = NULL WHERE _id = 20;
RESET mongo_fdw_cpp.enable_pushdown;
SELECT line FROM plan_of('SELECT _id FROM spans WHERE closed - opened > interval ''1 day''') line WHERE line ~ '(Pipeline|Local)';
SELECT both_ways(query) FROM unnest(ARRAY[
    'SELECT _id FROM spans WHERE closed - opened > interval ''12 hours'' ORDER BY 1',
    'SELECT _id FROM spans WHERE opened - closed BETWEEN interval ''1 day'' AND interval ''1 mon'' ORDER BY 1',
    'SELECT _id FROM spans WHERE closed - opened = interval ''0'' OR closed - opened = interval ''-24 hours'' ORDER BY 1',
    'SELECT _id FROM spans WHERE closed - opened IN (interval ''0'', interval ''-1 day'') ORDER BY 1',
    'SELECT _id FROM spans WHERE timestamp ''2024-03-01 00:00:00.000001'' - closed < interval ''60 days'' ORDER BY 1',
    'SELECT _id FROM spans WHERE timestamp ''2024-01-01 00:00:00.000001'' - closed = interval ''0.000001'' ORDER BY 1',
    'SELECT _id FROM spans WHERE timestamptz ''2024-03-01 00:00Z'' - seen > opened - closed ORDER BY 1',
    'SELECT _id FROM spans WHERE coalesce(closed - opened, interval ''1 mon'') > interval ''20 days'' ORDER BY 1',
    'SELECT _id, closed - opened FROM spans ORDER BY closed - opened DESC NULLS LAST, _id LIMIT 4',
    'SELECT count(closed - opened), count(*) FILTER (WHERE closed - opened < interval ''0'') FROM spans',
    'SELECT extract(day FROM closed - opened), count(*) FROM spans WHERE _id < 9 GROUP BY 1 ORDER BY 1',
    'SELECT sum(extract(epoch FROM closed - opened)), min(extract(second FROM closed - opened)), max(date_part(''hour'', closed - opened)) FROM spans WHERE _id < 12',
    'SELECT _id FROM spans WHERE date_part(''epoch'', closed - opened) < -600000.5 ORDER BY 1',
    'SELECT _id FROM spans WHERE extract(minute FROM closed - opened) = -3 ORDER BY 1',
    'SELECT closed - opened, count(*) FROM spans WHERE _id > 20 GROUP BY 1 ORDER BY 1']) query;

-- Times and dates compared with those of another type, in the session's time zone.
ALTER FOREIGN TABLE spans ADD day date OPTIONS (path 'closed');
SET timezone = '+02';
SELECT line FROM plan_of('SELECT _id FROM spans WHERE closed > timestamptz ''2024-02-01 00:00+02'' AND day <= timestamptz ''2024-02-10 13:00+02''') line WHERE line ~ '(Pipeline|Local)';
SELECT _id FROM spans WHERE closed > timestamptz '2024-02-01 00:00+02' AND day <= timestamptz '2024-02-10 13:00+02' ORDER BY 1;
SELECT (SELECT count(*) FROM spans WHERE day = timestamp '2024-02-15'), (SELECT count(*) FROM spans WHERE day = timestamp '2024-02-15 00:00:01'), (SELECT count(*) FROM spans WHERE day > timestamp '2024-02-14 23:00'), (SELECT count(*) FROM spans WHERE day <> timestamptz '2024-02-15 00:00-02');
SET mongo_fdw_cpp.enable_pushdown = off;
SELECT _id FROM spans WHERE closed > timestamptz '2024-02-01 00:00+02' AND day <= timestamptz '2024-02-10 13:00+02' ORDER BY 1;
SELECT (SELECT count(*) FROM spans WHERE day = timestamp '2024-02-15'), (SELECT count(*) FROM spans WHERE day = timestamp '2024-02-15 00:00:01'), (SELECT count(*) FROM spans WHERE day > timestamp '2024-02-14 23:00'), (SELECT count(*) FROM spans WHERE day <> timestamptz '2024-02-15 00:00-02');
RESET mongo_fdw_cpp.enable_pushdown;
SET timezone = 'Europe/Berlin';
SELECT line FROM plan_of('SELECT _id FROM spans WHERE closed > timestamptz ''2024-02-01 00:00+01'' AND day > timestamp ''2024-02-03 01:00''') line WHERE line ~ '(Pipeline|Local)';
RESET timezone;

-- AT TIME ZONE with a fixed offset, whatever the session's zone.
SELECT error_of('SELECT 1') WHERE EXISTS (SELECT FROM plan_of('SELECT _id FROM spans WHERE seen AT TIME ZONE ''Europe/Berlin'' > ''2024-02-15''') line WHERE line ~ 'no constant of a fixed offset');
SET timezone = 'Europe/Berlin';
SELECT both_ways(query) FROM unnest(ARRAY['SELECT (seen AT TIME ZONE ''UTC'')::date, count(*) FROM spans WHERE _id < 8 GROUP BY 1', 'SELECT _id FROM spans WHERE seen AT TIME ZONE ''+05:30'' < ''2024-01-20''',
    'SELECT _id FROM spans WHERE opened AT TIME ZONE interval ''-02:00'' > ''2024-03-04 00:00+01'' AND _id < 21', 'SELECT date_trunc(''month'', seen, ''Etc/GMT+11''), count(*) FROM spans WHERE _id < 12 GROUP BY 1',
    'SELECT _id FROM spans WHERE extract(hour FROM seen AT TIME ZONE ''UTC'') = 3']) query;
RESET timezone;

-- Doubles of more than 15 digits, of which a server's $trunc and $round keep 15.
INSERT INTO spans (_id, n) VALUES (31, 4503599627370496), (32, 4503599627370498);
ALTER FOREIGN TABLE spans ALTER n OPTIONS (ADD bson_type 'double');
INSERT INTO spans (_id, n) VALUES (33, 4503599627370496), (34, 4503599627370498), (35, 4503599627370497), (36, -4503599627370497), (37, 9007199254740992), (38, 4503599627370495), (39, 2251799813685249), (40, 1700000000123456);
SELECT both_ways(query) FROM unnest(ARRAY[
    'SELECT _id, n FROM spans WHERE n > 4.5 AND _id > 30 ORDER BY 1', 'SELECT _id FROM spans WHERE n % 2 = 1 AND _id > 30 ORDER BY 1',
    'SELECT _id FROM spans WHERE n - 1 > 4503599627370495 AND _id > 30 ORDER BY 1', 'SELECT sum(n), count(n), min(n), max(n), count(m) FROM spans WHERE _id > 30 AND _id + 1 > 0',
    'SELECT sum(p), max(p), count(p) FROM spans WHERE _id > 30', 'SELECT _id FROM spans WHERE p + 1 > 4503599627370497 ORDER BY 1',
    'SELECT _id FROM spans WHERE n / 10 = 170000000012345 OR n / 1 = 2251799813685249 OR n / -4 = -562949953421312 ORDER BY 1']) query;
ALTER FOREIGN TABLE spans ALTER f OPTIONS (ADD bson_type 'double');
INSERT INTO spans (_id, f) VALUES (50, 2251799813685248.5), (51, 2251799813685249.5), (52, 123456789012344.5), (53, 123456789012345.5), (54, 99999999999999.98), (55, 3.4999999999999996), (56, -0.3), (57, -2.5), (58, -3.5), (59, 0.5), (60, 1e300);
SELECT both_ways(query) FROM unnest(ARRAY['SELECT round(f), trunc(f), floor(f), ceil(f), count(*) FROM spans WHERE _id >= 50 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4',
    'SELECT f::bigint, count(*) FROM spans WHERE _id BETWEEN 50 AND 59 GROUP BY 1', 'SELECT _id FROM spans WHERE _id >= 50 AND _id < 60 AND (round(f) = 123456789012346 OR trunc(f) = 99999999999999 OR f::bigint = 3) ORDER BY 1',
    'SELECT _id FROM spans WHERE n > 4.5 AND _id >= 50']) query;

-- The shortest decimal of a double as PostgreSQL writes it: not one halfway to the next double.
ALTER FOREIGN TABLE spans ADD d numeric OPTIONS (path 'n'), ADD w numeric(30,0) OPTIONS (path 'n');
CREATE FOREIGN TABLE ties (_id int, f float8 OPTIONS (path 'n', bson_type 'double')) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_test_spans', collection 'spans');
INSERT INTO ties VALUES (80, 1e23), (81, 18014398509481992), (82, 18014398509481988), (83, 36028797018963976), (84, 7), (85, 5.684341886080802e-14);
SELECT both_ways(query) FROM unnest(ARRAY['SELECT _id FROM spans WHERE d = 18014398509481992 AND _id >= 80', 'SELECT count(*) FROM spans WHERE d <> 18014398509481992 AND _id >= 80', 'SELECT _id FROM spans WHERE d < 1e23 AND _id >= 80',
    'SELECT _id FROM spans WHERE d >= 1e23 AND _id >= 80', 'SELECT _id FROM spans WHERE coalesce(w, 0) = 18014398509481992 AND _id >= 80', 'SELECT _id FROM spans WHERE (d = 18014398509481992) IS NOT TRUE AND _id >= 80',
    'SELECT _id, d FROM spans WHERE _id >= 80 ORDER BY d DESC, _id LIMIT 2', 'SELECT _id FROM spans WHERE w + 0 = 18014398509481992 AND _id >= 80', 'SELECT _id FROM spans WHERE d = 5.684341886080802e-14 AND _id >= 80 LIMIT 2',
    'SELECT sum(d), min(d), max(w) FROM spans WHERE _id IN (80, 81)']) query;
INSERT INTO ties VALUES (86, 2.5), (87, 0.1), (88, 99.995), (89, NULL);
-- Whether a number is NULL can be told, though not its digits.
SELECT both_ways(query) FROM unnest(ARRAY['SELECT count(*), sum(_id) FROM spans WHERE d IS NOT NULL AND _id >= 80', 'SELECT _id FROM spans WHERE d IS NOT NULL AND _id >= 80 ORDER BY _id LIMIT 20', 'SELECT count(*) FROM spans WHERE d IS NULL AND _id >= 80',
    'SELECT count(*), count(d) FROM spans WHERE (d IS NULL) = false AND _id >= 80']) query;
DELETE FROM ties WHERE _id >= 80;
DROP FOREIGN TABLE ties;

-- A unit that is known when the query runs.
SET plan_cache_mode = force_generic_plan;
PREPARE truncated(text) AS SELECT count(*) FROM spans WHERE date_trunc($1, closed) = '2024-02-01';
EXECUTE truncated('month');
EXECUTE truncated('bogus');
DEALLOCATE truncated;
RESET plan_cache_mode;
SELECT count(*) FROM spans WHERE date_trunc((SELECT 'month'), closed) = '2024-02-01';

-- What cannot be sent of one condition leaves the others sent.
SELECT line FROM plan_of('SELECT _id FROM spans WHERE opened + interval ''1 month'' > ''2024-04-01'' AND _id = 7') line WHERE line ~ '(Pipeline|Local)';
SET timezone = 'Europe/Berlin';
SELECT line FROM plan_of('SELECT _id FROM spans WHERE date_trunc(''month'', seen) < ''2024-04-01'' AND _id = 7') line WHERE line ~ '(Pipeline|Local)';
SELECT line FROM plan_of('SELECT _id FROM spans WHERE seen + interval ''1 hour'' < ''2024-04-01'' AND _id = 7') line WHERE line ~ '(Local)';
SET timezone = 'UTC';
SET plan_cache_mode = force_generic_plan;
PREPARE later(interval, int) AS SELECT _id FROM spans WHERE opened + $1 > '2024-03-20' AND _id = ANY (ARRAY[7, $2]) LIMIT 2;
PREPARE month(int) AS SELECT _id FROM spans WHERE date_trunc('month', seen) < '2024-04-01' AND _id = $1;
SELECT explain_lines('EXECUTE later(''1 month'', 9)', '(Filter|Pipeline|Local Conditions|Not Sent|Recheck|Remote):');
EXECUTE later('1 month', 9);
EXECUTE later('20 days', 9);
EXECUTE later('1 month', 9);
EXECUTE month(7);
SET timezone = 'Europe/Berlin';
SELECT explain_lines('EXECUTE month(7)', '(Filter|Pipeline|Local Conditions|Not Sent|Recheck|Remote):');
EXECUTE month(7);
RESET timezone;
RESET plan_cache_mode;
DEALLOCATE ALL;
DELETE FROM spans;
DROP FOREIGN TABLE spans;
