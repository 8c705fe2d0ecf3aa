-- Checks of a plan: faults planted in a target, each of which is found at the level that promises it.
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT put_documents('mongo_fdw_cpp_checks', 'people', ARRAY(SELECT format('{"_id": {"$oid": "%s"}, "name": "person %s"}', lpad(to_hex(g), 24, '0'), g) FROM generate_series(1, 20) g));
-- (A NUL comes after the plan, which would have read the texts as json else.)
CREATE FUNCTION put_things(VARIADIC more text[]) RETURNS void LANGUAGE sql AS $$
SELECT put_documents('mongo_fdw_cpp_checks', 'things', ARRAY(SELECT format('{"_id": %1$s, "person": {"$oid": "%2$s"}, "at": {"$date": {"$numberLong": "%3$s"}}, "name": " Thing %1$s ", "price": {"$numberDecimal": "%1$s.25"}, "weight": {"$numberDouble": "%4$s"}, "big": {"$numberLong": "%5$s"}, "note": %6$s, "flag": %7$s, "tags": ["a", "b%1$s"], "data": %8$s, "parts": [{"p": 1, "q": "x"}, {"p": 2, "q": "y"}, {"p": 3}]}',
    g, lpad(to_hex(g % 20 + 1), 24, '0'), 1700000000000 + g * 1001, g / 7.0, 9007199254740993 + g, CASE g % 3 WHEN 0 THEN 'null' WHEN 1 THEN '""' ELSE format('"note %s"', g) END, CASE g % 3 WHEN 0 THEN 'null' WHEN 1 THEN 'true' ELSE 'false' END,
    CASE g % 4 WHEN 0 THEN '{"k": 1, "l": [1, 2]}' WHEN 1 THEN '"text"' WHEN 2 THEN '5' ELSE '[1]' END) FROM generate_series(1, 48) g)
    || more);
$$;
SELECT put_things(VARIADIC '{}');
SELECT table_name, columns FROM mongo.create_plan('checks', 'mongodb', 'mongo_fdw_cpp_checks', 'checked', '{people,things}', sample => 0);
SELECT put_things('{"_id": 101, "person": {"$oid": "000000000000000000000001"}, "at": {"$date": {"$numberLong": "1700000000000"}}, "name": " Thing 101 ", "price": {"$numberDecimal": "101.25"}, "weight": {"$numberDouble": "1.5"}, "big": {"$numberLong": "9007199254740994"}, "note": "nul\u0000", "tags": ["a"], "data": 5}', '{"_id": 102, "person": {"$oid": "000000000000000000000001"}, "at": {"$date": {"$numberLong": "1700000000000"}}, "name": " Thing 102 ", "price": {"$numberDecimal": "102.25"}, "weight": {"$numberInt": "1"}, "big": 5, "note": 7, "flag": "yes", "tags": ["a"], "data": 5}');
UPDATE mongo.plan_foreign_key SET enabled = true WHERE plan = 'checks';
CALL mongo.apply_plan('checks');
CALL mongo.load('checks', workers => 0);
CALL mongo.apply_plan('checks', '{constraints}');
CALL mongo.validate('checks', 4);
SELECT check_name AS "check", level AS l, concat_ws('.', table_name, column_name) AS what, status, left(expected, 60) AS expected, CASE WHEN actual IS DISTINCT FROM expected THEN actual END AS actual, difference FROM mongo.check_result WHERE plan = 'checks' ORDER BY number;
SELECT level, state, ok, warn, fail, skip FROM mongo.check_run WHERE plan = 'checks';

-- One fault at a time; the next load mends it. Nothing else may be reported. promised: the level from which it is found whatever
-- the values are; below it only where an end, or a range of keys, shows it.
CREATE TABLE fault (number serial, promised integer, name text, statement text);
INSERT INTO fault (promised, name, statement) VALUES
    (0, 'lost row', 'DELETE FROM checked.things WHERE id = 10'),
    (0, 'extra row', 'INSERT INTO checked.people (id, name) VALUES (''0000000000000000000000ff'', ''nobody'')'),
    (1, 'row of another id', 'DELETE FROM checked.things_parts WHERE things_id = 35; UPDATE checked.things SET id = 1000 WHERE id = 35'),
    (1, 'date later by a millisecond', 'UPDATE checked.things SET at = at + ''1 ms''::interval WHERE id = 11'),
    (1, 'date in another zone', 'UPDATE checked.things SET at = at + ''2 h''::interval WHERE id = 12'),
    (1, 'text trimmed', 'UPDATE checked.things SET name = trim(name) WHERE id = 13'),
    (3, 'case of a text', 'UPDATE checked.things SET name = upper(name) WHERE id = 14'),
    (1, 'last digit of a decimal', 'UPDATE checked.things SET price = price + 0.01 WHERE id = 15'),
    (1, 'double as real', 'UPDATE checked.things SET weight = weight::real WHERE id = 16'),
    (1, 'last digit of a long', 'UPDATE checked.things SET big = big - 1 WHERE id = 17'),
    (3, 'case of a text amid others', 'UPDATE checked.things SET note = upper(note) WHERE id = 14'),
    (3, 'null for missing', 'UPDATE checked.things SET extra = coalesce(extra, ''{}'') || ''{"other": null}'' WHERE id = 18'),
    (3, 'missing for null', 'UPDATE checked.things SET extra = NULL WHERE id = 21'),
    (1, 'empty text for null', 'UPDATE checked.things SET note = '''' WHERE id = 24'),
    (1, 'false for null', 'UPDATE checked.things SET flag = false WHERE id = 27'),
    (3, 'two children exchanged', 'UPDATE checked.things_parts SET p = CASE p WHEN 1 THEN 2 ELSE 1 END, q = CASE q WHEN ''x'' THEN ''y'' ELSE ''x'' END WHERE things_id = 28 AND p < 3'),
    (0, 'child lost', 'DELETE FROM checked.things_parts WHERE things_id = 29 AND ord = 3'),
    (0, 'child twice', 'INSERT INTO checked.things_parts (things_id, ord, p, q) SELECT things_id, 4, p, q FROM checked.things_parts WHERE things_id = 30 AND ord = 1'),
    (3, 'key of a document lost', 'UPDATE checked.things SET data = data - ''k'' WHERE id = 32'),
    (3, 'element of an array lost', 'UPDATE checked.things SET tags = tags[1:1] WHERE id = 33'),
    (3, 'reference to somebody else', 'UPDATE checked.things SET person = ''000000000000000000000001'' WHERE id = 34'),
    (1, 'NUL stripped', 'UPDATE checked.things SET note = ''nul'' WHERE id = 101');
\set ECHO errors
CREATE TABLE found (fault integer, validated integer, check_name text, level integer, table_name name, column_name name, difference text, sample text[]);
\o /dev/null
SELECT CASE v.level WHEN -1 THEN f.statement WHEN 9 THEN 'CALL mongo.load(''checks'', workers => 0)' ELSE format('CALL mongo.validate(''checks'', %s)', v.level) END,
       CASE WHEN v.level BETWEEN 0 AND 3 THEN format('INSERT INTO found SELECT %s, %s, check_name, level, table_name, column_name, difference, sample FROM mongo.check_result WHERE status NOT IN (''ok'', ''skip'')', f.number, v.level) END
  FROM fault f, unnest('{-1,0,1,2,3,9}'::integer[]) AS v (level) WHERE v.level IN (-1, 3, 9) OR v.level IN (f.promised, f.promised - 1) ORDER BY f.number, v.level \gexec
\o
\set ECHO all
SELECT f.number, f.name, o.level AS l, o.check_name AS "check", concat_ws('.', o.table_name, o.column_name) AS what, o.difference, array_to_string(o.sample, '; ') AS ids FROM fault f LEFT JOIN found o ON o.fault = f.number AND o.validated = 3 ORDER BY f.number, o.level, o.check_name, o.table_name, o.column_name, o.difference;
-- Each at the level that promises it, and what the level below it says of that fault.
SELECT f.name, f.promised, EXISTS (SELECT FROM found o WHERE o.fault = f.number AND o.validated = f.promised AND o.level = f.promised) AS found_there,
       (SELECT string_agg(DISTINCT o.check_name, ', ') FROM found o WHERE o.fault = f.number AND o.validated = f.promised - 1) AS below FROM fault f ORDER BY f.number;
-- What changed places between two rows leaves the totals of the table as they are, not those of ranges.
UPDATE checked.things SET big = CASE id WHEN 20 THEN big + 10 ELSE big - 10 END WHERE id IN (20, 30);
CALL mongo.validate('checks', 2, '{things}');
SELECT check_name AS "check", difference, array_to_string(sample, '; ') AS ids FROM mongo.check_result WHERE status NOT IN ('ok', 'skip');
UPDATE checked.things SET big = CASE id WHEN 20 THEN big - 10 ELSE big + 10 END WHERE id IN (20, 30);
-- All at once.
SELECT statement FROM fault ORDER BY number \gexec
CALL mongo.validate('checks', 4);
SELECT check_name AS "check", level AS l, concat_ws('.', table_name, column_name) AS what, difference, array_to_string(sample[1:6], '; ') AS ids FROM mongo.check_result WHERE status NOT IN ('ok', 'skip') ORDER BY number;
SELECT * FROM mongo.diff('checks', 'people');
SELECT * FROM mongo.diff('checks', 'things') ORDER BY length(key), key, column_name;
SELECT d.key, d.column_name FROM mongo.diff('checks', 'things', 'bisect') AS d ORDER BY length(d.key), d.key, d.column_name;
SELECT left(t.line, 100) FROM mongo.check_tap('checks') WITH ORDINALITY AS t (line, n) WHERE t.n <= 8;
SELECT * FROM mongo.repair_statements('checks');
SELECT statement FROM mongo.repair_statements('checks') WHERE statement NOT LIKE '--%' \gexec
SELECT d.* FROM unnest('{people,things,things_parts}'::text[]) t, mongo.diff('checks', t) d;
CALL mongo.load('checks', workers => 0);
CALL mongo.validate('checks', 4);
SELECT count(*) FROM mongo.check_result WHERE status NOT IN ('ok', 'skip');
SELECT * FROM mongo.check_references('checks');
ALTER TABLE checked.things DROP CONSTRAINT things_person_fkey;
UPDATE checked.things SET person = 'ffffffffffffffffffffffff' WHERE id = 3;
SELECT * FROM mongo.check_references('checks');
UPDATE checked.things SET person = (SELECT person FROM checked.things WHERE id = 23) WHERE id = 3;

-- A check that cannot run is skipped, and says why; the others run.
\getenv uri MONGO_URI
ALTER SERVER mongodb OPTIONS (SET uri 'mongodb://127.0.0.1:1/', ADD server_selection_timeout '200 ms');
CALL mongo.validate('checks', 4, '{people}');
SELECT check_name AS "check", concat_ws('.', table_name, column_name) AS what, status, left(difference, 45) AS difference FROM mongo.check_result ORDER BY number;
ALTER SERVER mongodb OPTIONS (SET uri :'uri', DROP server_selection_timeout);
ALTER TABLE checked.things_parts RENAME TO elsewhere;
CALL mongo.validate('checks', 3, '{people,things_parts}');
SELECT check_name AS "check", table_name, status, difference FROM mongo.check_result WHERE column_name IS NULL ORDER BY number;
ALTER TABLE checked.elsewhere RENAME TO things_parts;
CREATE ROLE check_owner;
GRANT check_owner TO CURRENT_USER;
UPDATE mongo.plan SET owner = 'check_owner' WHERE plan = 'checks';
GRANT USAGE ON FOREIGN SERVER mongodb TO check_owner;
SET ROLE check_owner;
CALL mongo.validate('checks', 1, '{people}');
SELECT check_name AS "check", table_name, status, difference FROM mongo.check_result ORDER BY number;
RESET ROLE;
UPDATE mongo.plan SET owner = CURRENT_USER WHERE plan = 'checks';
DROP OWNED BY check_owner;
DROP ROLE check_owner;

-- What a load refused is expected; a row of it that is there is told.
DELETE FROM checked.things WHERE weight >= 6.5;
ALTER TABLE checked.things ADD CONSTRAINT light CHECK (weight < 6.5);
DELETE FROM checked.things_parts WHERE things_id = 5 AND p = 2;
ALTER TABLE checked.things_parts ADD CONSTRAINT part CHECK (things_id <> 5 OR p <> 2);
CALL mongo.load('checks', workers => 0);
CALL mongo.validate('checks', 4);
SELECT check_name AS "check", table_name, status, expected, actual, difference FROM mongo.check_result WHERE column_name IS NULL AND table_name <> 'people' OR status NOT IN ('ok', 'skip') ORDER BY number;
SELECT * FROM mongo.diff('checks', 'things') ORDER BY key;
SELECT * FROM mongo.diff('checks', 'things_parts') WHERE key LIKE '(5,%';
-- More refused documents than a command of the server can name.
INSERT INTO mongo.reject (plan, table_name, key_hash, positions, stage, column_name, source_key, document_id, sqlstate, reason, row_lost, stale)
SELECT 'checks', 'things', sha256(mongo.id_key(g)), '{}', 'check', 'many', mongo.id_key(g), to_json(g), '23514', 'made', true, false FROM generate_series(100000, 110000) g;
CALL mongo.validate('checks', 1, '{things}');
SELECT check_name AS "check", column_name, status, difference FROM mongo.check_result WHERE column_name IS NULL ORDER BY number;
DELETE FROM mongo.reject WHERE column_name = 'many';
ALTER TABLE checked.things DROP CONSTRAINT light;
INSERT INTO checked.things (id, name, person, at, price, weight, big, tags, data) SELECT 46, ' Thing 46 ', person, at, price, weight, big, tags, data FROM checked.things WHERE id = 8;
CALL mongo.validate('checks', 0, '{things}');
SELECT check_name AS "check", table_name, status, expected, actual, difference, sample FROM mongo.check_result ORDER BY number;
CALL mongo.drop_plan('checks', source_tables => true);
DROP SCHEMA checked CASCADE;

-- Keys of the target's own, a tolerance, an expression with and without its inverse, a query of one's own.
SELECT put_things(VARIADIC '{}');
SELECT table_name, columns FROM mongo.create_plan('checks', 'mongodb', 'mongo_fdw_cpp_checks', 'checked', '{people,things}', sample => 0, key => 'bigint');
UPDATE mongo.plan_column SET tolerance = 0.001 WHERE plan = 'checks' AND name = 'weight';
UPDATE mongo.plan_column SET expression = 'upper(value)' WHERE plan = 'checks' AND table_name = 'things' AND name = 'name';
UPDATE mongo.plan_column SET expression = 'value - 1', inverse = 'value + 1' WHERE plan = 'checks' AND table_name = 'things' AND name = 'big';
CALL mongo.apply_plan('checks');
CALL mongo.load('checks', workers => 0);
UPDATE checked.things SET weight = weight + CASE id WHEN 7 THEN 0.0001 ELSE 0.01 END WHERE id IN (7, 8);
INSERT INTO checked.people (id, legacy_id, name) OVERRIDING SYSTEM VALUE SELECT max(id) + 1, '0000000000000000000000ff', 'nobody' FROM checked.people;
CALL mongo.validate('checks', 4);
SELECT check_name AS "check", concat_ws('.', table_name, column_name) AS what, status, expected, actual, difference FROM mongo.check_result WHERE check_name <> 'totals' OR status NOT IN ('ok', 'skip') OR column_name IN ('name', 'big', 'person', 'weight') AND table_name = 'things' ORDER BY number;
SELECT * FROM mongo.repair_statements('checks');
UPDATE mongo.plan_table SET query = 'SELECT s._id::text AS legacy_id, s.name || ''!'' AS name, s.__key FROM checks_source.people AS s' WHERE plan = 'checks' AND name = 'people';
CALL mongo.validate('checks', 4, '{people}');
SELECT check_name AS "check", column_name, status, difference FROM mongo.check_result ORDER BY number;
CREATE TABLE plain_types (b bit(8), c char(3));
-- NUL taken out of text, or written as \u0000: MongoDB adds up what the column shows.
SELECT put_documents('mongo_fdw_cpp_nul', 'texts', ARRAY['{"_id": 1, "a": "one", "b": "two"}']);
SELECT table_name FROM mongo.create_plan('nul', 'mongodb', 'mongo_fdw_cpp_nul', 'nul', '{texts}');
UPDATE mongo.plan_column SET nul = CASE name WHEN 'a' THEN 'strip' ELSE 'escape' END, not_null = false WHERE plan = 'nul' AND name IN ('a', 'b');
CALL mongo.apply_plan('nul');
SELECT put_documents('mongo_fdw_cpp_nul', 'texts', ARRAY(SELECT format('{"_id": %s, "a": "a%1$s\u0000\u0000b", "b": %s}', g, CASE g % 4 WHEN 0 THEN 'null' WHEN 1 THEN '5' ELSE '"b' || g || ' \\ \u0000"' END) FROM generate_series(1, 20) g));
CALL mongo.load('nul', workers => 0);
CALL mongo.validate('nul', 2);
SELECT check_name AS "check", column_name, status, expected, actual, difference FROM mongo.check_result WHERE plan = 'nul' AND column_name IN ('a', 'b') OR plan = 'nul' AND status = 'fail' ORDER BY number;
UPDATE nul.texts SET a = 'a7' || E'\x01' || 'b' WHERE id = 7;
UPDATE nul.texts SET b = replace(b, '\u0000', '') WHERE id = 6;
CALL mongo.validate('nul', 2);
SELECT check_name AS "check", column_name, status, difference, sample FROM mongo.check_result WHERE plan = 'nul' AND status = 'fail' ORDER BY number;
CALL mongo.drop_plan('nul', source_tables => true);
DROP SCHEMA nul CASCADE;
-- Any two tables.
CREATE TABLE one (id integer, part integer, t text, n numeric, j json);
CREATE TABLE two (LIKE one);
INSERT INTO one VALUES (1, 1, 'a', 1.0, '{"a": 1}'), (1, 2, 'b ', 2, NULL), (2, 1, 'c', NULL, '[]'), (3, 1, 'd', 4, '[]');
INSERT INTO two VALUES (1, 1, 'a', 1.00, '{"a":1}'), (1, 2, 'b', 2, NULL), (2, 1, 'C', 0, '[]'), (4, 1, 'd', 4, '[]');
SELECT * FROM mongo.diff_tables('one', 'two', '{id,part}');
SELECT * FROM mongo.diff_tables('one', 'two', '{id,part}', '{n}');
SELECT * FROM mongo.diff_tables('one', 'two', '{id,part}', max => 1);
ALTER TABLE two ALTER n TYPE double precision, ALTER id TYPE bigint;
SELECT * FROM mongo.diff_tables('one', 'two', '{id,part}', '{n}');
SELECT * FROM mongo.diff_tables('one', 'two', '{id,other}');
SELECT * FROM mongo.diff_tables('one', 'two', '{}');
-- Figures that are the same, and ones that are not, whatever the tolerance.
SELECT mongo_internal.same_figure('float', 'l', '1', '2', NULL, false, NULL, 2) AS least, mongo_internal.same_figure('number', 'p', '4', '3', NULL, false, 1, 4) AS count, mongo_internal.same_figure('number', 's', '10.001', '10', NULL, false, NULL, 2) AS sum,
       mongo_internal.same_figure('float', 's', '100000', '100000.00000133288', '100000', false, NULL, 1000000) AS "naive sum", mongo_internal.same_figure('number', 's', '12345678901234567890123456789012.00', '12345678901234567890123456789012.0001', NULL, false, NULL, 2) AS "long sum",
       mongo_internal.same_figure('number', 's', '10.001', '10', NULL, false, 0.001, 2) AS within, mongo_internal.figure_in_words('date', 's', 'Infinity') AS "endless", mongo_internal.figure_in_words('date', 'l', '9999999999999999') AS "far";
SELECT mongo_internal.plain_type(c, 'b') AS bits, mongo_internal.plain_type(c, 'c') AS characters FROM (SELECT 'plain_types'::regclass AS c) AS t;
-- What a person may get wrong.
BEGIN;
CALL mongo.validate('checks');
ROLLBACK;
CALL mongo.validate('nothing');
CALL mongo.validate('checks', 5);
CALL mongo.validate('checks', tables => '{nothing}');
CALL mongo.validate('checks', fraction => 0);
CALL mongo.validate('checks', settle => -1);
SELECT * FROM mongo.diff('checks', 'nothing');
SELECT * FROM mongo.diff('checks', 'things', 'guess');
SELECT * FROM mongo.diff('checks', 'things', max => 0);
SELECT * FROM mongo.diff('checks', 'people', 'bisect');
CREATE ROLE check_other;
SET ROLE check_other;
CALL mongo.validate('checks');
SELECT * FROM mongo.diff('checks', 'things');
SELECT * FROM mongo.check_references('checks');
SELECT * FROM mongo.repair_statements('checks');
SELECT * FROM mongo.check_tap('checks');
SELECT count(*) FROM mongo.check_result;
RESET ROLE;
DROP ROLE check_other;
CALL mongo.drop_plan('checks', source_tables => true);
SELECT count(*) FROM mongo.check_result;
DROP SCHEMA checked CASCADE;
DROP TABLE one, two, fault, found, plain_types;
DROP FUNCTION put_things;
RESET client_min_messages;
