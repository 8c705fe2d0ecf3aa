-- Functions that say what values of mixed types mean: NULL for what is not one, whatever the session's settings are.
SET timezone = 'Asia/Tokyo';
SET datestyle = 'SQL, DMY';
SELECT t, mongo.to_timestamptz(t) AT TIME ZONE 'UTC' AS utc FROM unnest(ARRAY[
    '2024-02-29', '20240229', '2024-02-29T12:30', '2024-02-29 12:30:15', '2024-02-29t12:30:15.25z', '20240229T123015Z',
    '2024-02-29T12:30:15,5+01:00', '2024-02-29T12:30:15-0330', '2024-02-29T12:30:15+14', '2024-02-29T24:00:00Z',
    '2024-12-31T23:59:60Z', '2024-02-29T23:59:59.9999995Z', '2024-02-29T12:30:15.1234565Z', ' 2024-02-29 ',
    '+002024-02-29T00:00:00Z', '-000043-03-15', '0000-01-01', '+294276-12-31T23:59:59.999999Z', '-004712-01-01',
    '+294277-01-01', '-005000-01-01', '+999999-12-31', '2024-02-29T24:00:01Z', '2023-02-29', '2024-13-01', '2024-00-10', '2024-2-9',
    '2024-02', '2024', '12:30', '29.02.2024', '02/29/2024', 'Feb 29, 2024', 'today', 'now', 'epoch', 'infinity', '',
    '2024-02-29T', '2024-02-29T12', '2024-02-29T1230:15', '2024-02-29T12:3015', '2024-02-29T12:30:15.', '2024-02-29T12:30:15 Z',
    '2024-02-29T12:30:15+', '2024-02-29T12:30:15+1', '2024-02-29T12:30:15+16:00', '2024-02-29T12:30:15 Europe/Berlin',
    '2024-02-29T12:30:61Z', '2024-02-29T12:60Z', '2024-02-29T25:00Z', '2024-02-29x', '1709210000']) AS t;
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT j, mongo.to_timestamptz(j::jsonb) FROM unnest(ARRAY[
    '"2024-02-29"', '{"$date": "2024-02-29T12:30:15.25Z"}', '{"$date": {"$numberLong": "1709210000123"}}', '{"$date": 1709210000123}',
    '{"$date": {"$numberLong": "-1"}}', '{"$date": {"$numberLong": "9223372036854775807"}}', '{"$date": "soon"}', '{"$date": true}',
    '{"$date": "2024-02-29", "more": 1}', '{}', '[]', '["2024-02-29"]', 'null', 'true', '1709210000', '"1709210000"']) AS j;
SELECT t, mongo.to_numeric(t) AS point, mongo.to_numeric(t, ',') AS comma FROM unnest(ARRAY[
    '12', '-12.50', '+12.50', ' 12 ', '.5', '5.', '0.10', '1234567.891', '1,234,567.891', '1.234.567,891', '1 234 567.891', '1''234.5',
    E'1\u00a0234,5', E'1\u202f234,5', E'1\u2019234.50', '1,234', '1.234', '12,34', '1,23,456', '1234,567', '1,234 567', ',5', '1,,234', '1,234,',
    '(1,234.50)', '(-5)', '()', '-(5)', '$12.50', '-$12.50', '$-12.50', '--5', '12.50 €', '€12,50', 'EUR 12', '12EUR', '12 EUR', 'eur 12', 'EUR', '$$5', '£ 1,000.00',
    E'\u22125', '1e3', '1.5E-3', '1e', '1e+', '1,000e3', '1e200000', '1e-20000', '1e9999999999', '0x10', '1_000', '50%', 'NaN', 'Infinity', '-', '+', '.', '', 'twelve',
    '12 34', '- 12', '1.2.3', '12abc']) AS t;
SELECT length(mongo.to_numeric('1e131071')::text), mongo.to_numeric('1e131072') IS NULL AS beyond, mongo.to_numeric('1e-16383') > 0 AS least,
       mongo.to_numeric('1e-16384') IS NULL AS below, mongo.to_numeric(repeat('9', 131073)) IS NULL AS long;
SELECT error_of($$SELECT mongo.to_numeric('1', ';')$$);
SELECT error_of($$SELECT mongo.to_numeric('{}'::jsonb, '')$$);
SELECT j, left(mongo.to_numeric(j::jsonb)::text, 20) AS number FROM unnest(ARRAY[
    '12.50', '"1,234.5"', '{"$numberInt": "5"}', '{"$numberLong": "9007199254740993"}', '{"$numberDouble": "-0.0"}', '{"$numberDouble": "NaN"}',
    '{"$numberDecimal": "12.340"}', '{"$numberDecimal": "-Infinity"}', '{"$numberDecimal": "1E+6144"}', '{"$numberDecimal": "x"}', '{"$numberInt": 5}',
    '"NaN"', 'true', 'null', '[1]', '{"n": 1}', '{"$numberInt": "5", "n": 1}']) AS j;
SELECT mongo.to_numeric('"1.234,5"'::jsonb, ',');
SELECT t, mongo.to_boolean(t) FROM unnest(ARRAY['true', 'TRUE', ' t ', 'yes', 'Y', 'on', '1', 'false', 'F', 'No', 'n', 'off', '0', 'tr', 'ye', 'of', '01', '2', '', 'ja']) AS t;
SELECT j, mongo.to_boolean(j::jsonb) FROM unnest(ARRAY['true', 'false', '1', '0', '1.0', '2', '"yes"', '"maybe"', '{"$numberInt": "1"}', '{"$numberDecimal": "0.00"}', '{"$numberInt": "3"}', 'null', '[]', '{}']) AS j;
SELECT mongo.from_epoch(1709210000.1234567, 'seconds'), mongo.from_epoch(1709210000123, 'MS'), mongo.from_epoch(1709210000123456, 'us'),
       mongo.from_epoch(1709210000123456789, 'nanoseconds'), mongo.from_epoch(-1, 's');
SELECT mongo.from_epoch('NaN'::numeric, 's') IS NULL AS nan, mongo.from_epoch('Infinity'::numeric, 's') IS NULL AS infinite, mongo.from_epoch(1e30, 's') IS NULL AS late,
       mongo.from_epoch(-1e30, 'ns') IS NULL AS early, mongo.from_epoch(9224318015999.999999, 's') AS last, mongo.from_epoch(9224318016000, 's') IS NULL AS next,
       mongo.from_epoch(-210866803200, 's') AS first, mongo.from_epoch(-210866803200.000001, 's') IS NULL AS before;
SELECT error_of($$SELECT mongo.from_epoch(1, 'days')$$);
SELECT j, mongo.from_epoch(j::jsonb, 'ms') FROM unnest(ARRAY['1709210000123', '"1709210000123"', '{"$numberLong": "1709210000123"}', '{"$numberDouble": "NaN"}', '"soon"', 'null', 'true', '{}']) AS j;
-- Strict: NULL in, NULL out; immutable, and so usable in indexes and generated columns.
SELECT mongo.to_timestamptz(NULL::text) IS NULL AND mongo.to_numeric(NULL::jsonb) IS NULL AND mongo.to_boolean(NULL::text) IS NULL AND mongo.from_epoch(1, NULL) IS NULL AS strict;
CREATE TEMP TABLE cleaned (raw text, at timestamptz GENERATED ALWAYS AS (mongo.to_timestamptz(raw)) STORED);
INSERT INTO cleaned VALUES ('2024-02-29T12:30Z'), ('soon');
CREATE INDEX ON cleaned (mongo.to_numeric(raw));
TABLE cleaned;
-- Over a foreign table, whose column reads every type as jsonb, PostgreSQL evaluates them.
CREATE FOREIGN TABLE mixed (_id int, value jsonb) SERVER mongodb OPTIONS (database 'mongo_fdw_cpp_conversions', collection 'mixed');
TRUNCATE mixed;
INSERT INTO mixed VALUES (1, '{"$date": "2024-02-29T12:30:15.250Z"}'), (2, '"2024-02-29T12:30:15.25+00:00"'), (3, '12.5'), (4, '"1,200"'), (5, '{"$numberDecimal": "7.10"}'), (6, 'true'), (7, '"no"'), (8, '{"a": 1}'), (9, NULL);
SELECT _id, mongo.to_timestamptz(value) AS at, mongo.to_numeric(value) AS number, mongo.to_boolean(value) AS truth FROM mixed ORDER BY _id;
SELECT _id FROM mixed WHERE mongo.to_timestamptz(value) = '2024-02-29 12:30:15.25+00' ORDER BY _id;
DROP FOREIGN TABLE mixed;
SELECT v, mongo.to_exact_numeric(v) FROM jsonb_array_elements('[1.50, "1.50", "007", "+5", "1e3", "12.50 EUR", "-0", "0", "-12.340", "x", true, null, [1], {"$numberDecimal": "5.0"}]') v;
