"""Differential tests of direct modification: generated UPDATE and DELETE statements over copies of the trap collection.

usage: updates.py ENGINE MONGO_URI [STATEMENTS [SEED]]

Every statement runs on one copy with push-down, where the server computes the new values, and on another row by row: the
counts, the errors and the documents, byte for byte, must be the same. An error of the copy without push-down alone is allowed
under on_conversion_error 'error', or for JSON with a NUL in it, and is counted: a condition there may remove the row that raises.
"""
import random
import re
import sys

from run import FIXTURES, Generator, definitions, fresh_database, literal, psql

# column that is assigned -> kind of the generator's values
TARGETS = {"i2": "int", "i4": "int", "i8": "bigint", "f8": "float", "tx": "text", "tz": "timestamptz", "ts": "timestamp", "no": "int", "bo": "bool"}

TYPES = {"i2": "int2", "i4": "int", "i8": "bigint", "f8": "float8", "tx": "text", "tz": "timestamptz", "ts": "timestamp", "no": "int", "bo": "bool"}

# What an engine is known not to take: (engine, words of the statement, why). Such statements are left out.
REFUSED = [("secantus", r"294276|5874897", "dates beyond the year 9999")]

HARNESS = r"""
SET client_min_messages = error;
CREATE TABLE tries (id int, policy text, statement text, docs text);
CREATE TABLE failures (id int, what text, pushed text, plain text);
CREATE TABLE tally (what text);
CREATE FUNCTION attempt(statement text, pushdown boolean, OUT outcome text, OUT plan text) LANGUAGE plpgsql AS $f$
DECLARE line text;
BEGIN
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', pushdown::text, true);
    plan := ''; outcome := '0';
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || statement LOOP
        IF line ~ 'Command|Row by Row' THEN plan := plan || trim(line) || ' '; END IF;
        IF line ~ '(Documents|Documents Written): ' THEN outcome := substring(line FROM ': (\d+)'); END IF;
    END LOOP;
EXCEPTION WHEN OTHERS THEN outcome := 'ERROR ' || SQLSTATE || ' ' || SQLERRM; plan := plan || ' (error)';
END $f$;
CREATE PROCEDURE run_tries() LANGUAGE plpgsql AS $p$
DECLARE t tries; pushed record; plain record; other text;
BEGIN
    FOR t IN SELECT * FROM tries ORDER BY id LOOP
        TRUNCATE bytes_one, bytes_two;
        EXECUTE 'INSERT INTO bytes_one SELECT __doc FROM traps WHERE ' || t.docs;
        EXECUTE 'INSERT INTO bytes_two SELECT __doc FROM traps WHERE ' || t.docs;
        pushed := attempt(replace(t.statement, '{table}', 'one_' || t.policy), true);
        plain := attempt(replace(t.statement, '{table}', 'two_' || t.policy), false);
        INSERT INTO tally VALUES (CASE WHEN pushed.plan ~ 'Row by Row|[(]error' THEN 'fell back' WHEN pushed.plan ~ 'pipeline' THEN 'pipelines' WHEN pushed.plan ~ 'Many' THEN 'direct' ELSE 'row by row' END);
        IF plain.outcome LIKE 'ERROR 22%' AND pushed.outcome LIKE 'ERROR 22%' THEN CONTINUE; END IF;
        IF plain.outcome LIKE 'ERROR 22%' AND pushed.outcome NOT LIKE 'ERROR%' AND (t.policy = 'error' OR plain.outcome LIKE 'ERROR 22P05%') THEN -- JSON with a NUL
            INSERT INTO tally VALUES ('errors spared');
            CONTINUE;
        END IF;
        SELECT string_agg(encode(d, 'escape'), E'\n') INTO other
            FROM ((SELECT __doc FROM bytes_one EXCEPT ALL SELECT __doc FROM bytes_two) UNION ALL (SELECT __doc FROM bytes_two EXCEPT ALL SELECT __doc FROM bytes_one)) x (d);
        IF other IS NOT NULL OR (pushed.outcome LIKE 'ERROR%') <> (plain.outcome LIKE 'ERROR%') THEN
            INSERT INTO failures VALUES (t.id, pushed.plan, pushed.outcome, plain.outcome || coalesce(E'\n# ' || left(other, 1000), ''));
        END IF;
        COMMIT;
    END LOOP;
END $p$;
"""


def generated(seed, engine):
    """The statement of a seed; of a later one where the engine would refuse it."""
    while True:
        text = statement(seed)
        if not any(of == engine and re.search(words, text) for of, words, _ in REFUSED):
            return text
        seed += 1000000


def read_value(rng, column):
    """A new value that is read from MongoDB while the statement runs: from its own table, from another, by a function."""
    number = rng.randrange(400)
    return rng.choice([
        f"(SELECT {column} FROM {{table}} WHERE id = {number})",
        f"(SELECT x.{column} FROM {{table}} x WHERE x.{column} IS NOT NULL ORDER BY x.id LIMIT 1)",
        f"(SELECT {column} FROM other WHERE id = {number})",
        f"stored_{column}('{{table}}', {number})",
        f"stored_{column}('other', {number})",
    ])


def statement(seed):
    generator = Generator(seed)
    rng = generator.rng
    condition = generator.condition(rng.randrange(0, 2))
    if rng.random() < 0.1:
        text = f"DELETE FROM {{table}} WHERE {condition}"
    else:
        column = rng.choice(list(TARGETS))
        kind = TARGETS[column]
        value = f"({generator.condition(1)})" if kind == "bool" else generator.value(kind, rng.randrange(1, 3))
        if rng.random() < 0.15:
            value = read_value(rng, column)
        elif column == "i2":
            value = f"({value})::int2" if rng.random() < 0.5 else "i2"
        text = f"UPDATE {{table}} SET {column} = {value}" + (f" WHERE {condition}" if rng.random() < 0.5 else "")
    for number in range(len(generator.parameters), 0, -1):
        text = text.replace(f"${number}", f"({generator.parameters[number - 1][1]})")
    return text


def main():
    engine, uri = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 20261125
    name = f"updates_{engine}"
    fresh_database(name, uri)
    script = [f"CREATE FOREIGN TABLE traps (id int OPTIONS (path '_id'), __doc bytea) SERVER m OPTIONS (database '{FIXTURES}', collection 'traps');", HARNESS]
    script.append(f"CREATE FOREIGN TABLE other ({definitions()}) SERVER m OPTIONS (database '{FIXTURES}', collection 'traps', on_conversion_error 'null');")
    for column in TARGETS:
        script.append(f"CREATE FUNCTION stored_{column}(source regclass, number int, OUT result {TYPES[column]}) STABLE LANGUAGE plpgsql AS $f$ BEGIN EXECUTE format('SELECT {column} FROM %s WHERE id = $1', source) INTO result USING number; END $f$;")
    for copy in ("one", "two"):
        script.append(f"CREATE FOREIGN TABLE bytes_{copy} (__doc bytea) SERVER m OPTIONS (database 'mongo_fdw_cpp_updates', collection '{copy}');")
        for policy in ("error", "null"):
            script.append(f"CREATE FOREIGN TABLE {copy}_{policy} ({definitions()}) SERVER m OPTIONS (database 'mongo_fdw_cpp_updates', collection '{copy}', on_conversion_error '{policy}');")
    rows = []
    for number in range(count):
        rng = random.Random(first + number)
        policy = "error" if rng.random() < 0.25 else "null"
        # Under error few documents at a time: one that does not fit ends the statement.
        docs = f"id % {rng.choice([40, 60])} = {rng.randrange(40)}" if policy == "error" else f"id % 8 = {rng.randrange(8)}"
        rows.append(f"({number}, '{policy}', {literal(generated(first + number, engine))}, {literal(docs)})")
    script.append("INSERT INTO tries VALUES " + ",\n".join(rows) + ";")
    script.append("CALL run_tries();")
    psql(name, "\n".join(script))
    tally = psql(name, "SELECT string_agg(n || ' ' || what, ', ') FROM (SELECT what, count(*) n FROM tally GROUP BY 1 ORDER BY 1) t;").strip()
    failed = int(psql(name, "SELECT count(DISTINCT id) FROM failures;"))
    print(f"# engine {engine}: {count} statements from seed {first}: {tally}")
    if failed:
        print(psql(name, r"SELECT format(E'# seed %s, %s\n#   %s\n#   pushed: %s\n#   plain: %s', " + str(first) + " + id, what, replace(statement, '{table}', policy), pushed, plain) FROM failures JOIN tries USING (id) ORDER BY id LIMIT 8;"))
    print(f"{'ok' if not failed else 'not ok'} 1 - {count} modifications, {failed} differ")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
