"""Property tests of mongo.profile, IMPORT FOREIGN SCHEMA, mongo.conformance and ANALYZE against an independent oracle.

usage: run.py ENGINE MONGO_URI [SEEDS [FIRST]]

psql connects as the environment says. Prints lines "ok N - name" and "not ok N - name"; a failure says the seed.
"""
import json
import os
import random
import re
import struct
import subprocess
import sys
import traceback
import uuid
from decimal import Decimal

import bson
import pymongo
from bson.raw_bson import RawBSONDocument

from documents import documents, with_raw_elements
from oracle import ELEMENT, Count, elements, scalar, shown
from plan import plan_differences
from shapes import SHAPES, changed, forget, migration_differences

DATABASE = "mongo_fdw_cpp_property"
JSON_TYPES = ("json", "jsonb")
# The forms of these types are the same in SQL's text and in the oracle's.
COMPARED = {"integer", "bigint", "text", "boolean", "mongo.objectid", "numeric", "double precision", "uuid", "timestamp with time zone"}


class Tests:
    def __init__(self):
        self.number = self.failed = 0

    def ok(self, good, name, detail=""):
        self.number += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.number} - {name}", flush=True)
        if not good:
            for line in str(detail).splitlines()[:40]:
                print(f"#   {line[:600]}", flush=True)
        return good


class Sql:
    def __init__(self, database):
        self.database = database

    def run(self, script):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.database, "-f", "-"], input=script,
                              capture_output=True, text=True, encoding="utf-8")
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() + "\n" + script[:2000])
        return done.stdout

    def rows(self, query):
        """The rows of a query as dictionaries."""
        return json.loads(self.run(f"SELECT coalesce(json_agg(q), '[]') FROM ({query}) q;"))


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def raw_documents(client, collection, database=DATABASE):
    options = bson.CodecOptions(document_class=RawBSONDocument)
    return [bytes(document.raw) for document in client[database].get_collection(collection, codec_options=options).find(sort=[("_id", 1)])]


def load(client, collection, docs):
    client[DATABASE].drop_collection(collection)
    docs = [RawBSONDocument(document if isinstance(document, bytes) else bson.encode(document)) for document in docs]
    for start in range(0, len(docs), 1000):
        client[DATABASE][collection].insert_many(docs[start:start + 1000])


# --- profile ---

def close(a, b):
    return a is None and b is None or (a is not None and b is not None and abs(a - b) < 1e-9)


def path_differences(row, count, path):
    facts, base = count.paths[path], count.base(path)
    nulls = facts.types.get("null", 0) + facts.types.get("undefined", 0)
    distinct = len(set(facts.scalars))
    expected = {
        "documents": base,
        "depth": sum(step is not ELEMENT for step in path),
        "missing_share": (base - facts.present) / base if base else None,
        "null_share": nulls / base if base else None,
        "types": facts.types,
        "array_min": min(facts.lengths) if facts.lengths else None,
        "array_max": max(facts.lengths) if facts.lengths else None,
        "array_avg": sum(facts.lengths) / len(facts.lengths) if facts.lengths else None,
        "longest": facts.longest if facts.types.get("string", 0) + facts.types.get("symbol", 0) else None,
        "unique_in_sample": distinct == len(facts.scalars) if facts.scalars else None,
    }
    for name, value in expected.items():
        same = close(row[name], value) if isinstance(value, float) else row[name] == value
        if not same:
            yield f"{row['path']}: {name} is {row[name]}, the oracle says {value}"
    yield from extreme_differences(row, facts)
    yield from fit_differences(row, facts)
    estimate = row["distinct_estimate"]
    if facts.scalars and abs(estimate - distinct) > 3 + 0.15 * distinct:
        yield f"{row['path']}: about {estimate} distinct values, the oracle says {distinct}"


def extreme_differences(row, facts):
    """Minimum and maximum of paths that hold numbers or short strings alone."""
    kinds = {kind for kind, _ in facts.scalars}
    values = [value for _, value in facts.scalars]
    if kinds == {"number"} and all(isinstance(value, Decimal) for value in values):
        least, greatest = Decimal(row["min"]), Decimal(row["max"])
    elif kinds == {"string"} and all(len(value.encode()) < 80 and value.isprintable() and not set(value) & set('"\\') for value in values):
        values = [value.encode() for value in values]
        least, greatest = row["min"].encode(), row["max"].encode()
    else:
        return
    if (least, greatest) != (min(values), max(values)):
        yield f"{row['path']}: from {row['min']} to {row['max']}, the oracle says {min(values)} to {max(values)}"


def fit_differences(row, facts):
    """Which types hold every value, for the types whose rule is short."""
    types = set(facts.types) - {"null", "undefined"}
    if not types:
        return
    numbers = types <= {"int", "long", "double", "decimal"}
    integral = numbers and all(isinstance(v, Decimal) and v == v.to_integral_value() for _, v in facts.scalars)
    expected = {
        "integer": integral and all(-2**31 <= v < 2**31 for _, v in facts.scalars),
        "bigint": integral and all(-2**63 <= v < 2**63 for _, v in facts.scalars),
        "numeric": numbers,
        "boolean": types == {"bool"},
        "mongo.objectid": types == {"objectId"},
        "bytea": types == {"binData"},
        "text": types <= {"string", "symbol", "objectId"} and not any(kind == "string" and "\0" in v for kind, v in facts.scalars),
    }
    for name, fits in expected.items():
        if (name in row["fits"]) != fits:
            yield f"{row['path']}: fits {row['fits']}, the oracle says {name}: {fits}"


def maps_of(rows, raw):
    """Paths that the profile shows as maps, outermost first, found among the oracle's own paths."""
    wanted, maps = {row["path"] for row in rows if row["is_map"]}, set()
    while True:
        count = Count(frozenset(maps))
        for document in raw:
            count.add(document)
        found = {path for path in count.paths if shown(path) in wanted} - maps
        if not found:
            return count
        maps |= found


def profile_differences(sql, raw, collection):
    rows = sql.rows(f"SELECT * FROM mongo.profile('m', '{DATABASE}', {literal(collection)}, sample => 0)")
    count = maps_of(rows, raw)
    by_path = {row["path"]: row for row in rows}
    paths = {shown(path): path for path in count.paths}
    for text in sorted(set(paths) ^ set(by_path)):
        yield f"path {text!r} only in {'the oracle' if text in paths else 'the profile'}"
    for text in sorted(set(paths) & set(by_path)):
        yield from path_differences(by_path[text], count, paths[text])


# --- import ---

IMPORTS = [
    {"sample": "0"},
    {"sample": "0", "nested": "jsonb", "id_type": "text"},
    {"sample": "0", "arrays": "table", "name_case": "snake", "max_depth": "16"},
    {"sample": "0", "arrays": "jsonb", "max_columns": "5", "collate_c": "true"},
    {"sample": "0", "max_depth": "1", "doc_column": "true", "errors_column": "true"},
]


def import_schema(sql, collection, options, schema="i"):
    text = ", ".join(f"{name} {literal(value)}" for name, value in options.items())
    sql.run(f"""SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};
        IMPORT FOREIGN SCHEMA "{DATABASE}" FROM SERVER m INTO {schema} OPTIONS ({text});""")
    return sql.rows(f"""
        SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
               (SELECT option_value FROM pg_options_to_table(a.attfdwoptions) WHERE option_name = 'path') AS path,
               (SELECT option_value FROM pg_options_to_table(t.ftoptions) WHERE option_name = 'unwind') AS unwind
          FROM pg_class c JOIN pg_foreign_table t ON t.ftrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
         WHERE c.relnamespace = '{schema}'::regnamespace
           AND (SELECT option_value FROM pg_options_to_table(t.ftoptions) WHERE option_name = 'collection') = {literal(collection)}
         ORDER BY 1, a.attnum""")


def keys_of(text):
    """Keys of the option path, as the manual defines it."""
    if text.lstrip(" ").startswith("["):
        return tuple(json.loads(text))
    parts = text.split(".")
    return (text,) if "" in parts else tuple(parts)


def unwind_of(text):
    """Keys of the innermost array of the option unwind."""
    keys = ()
    for part in text.split("[]."):
        keys += keys_of(part)
    return keys


def leaves(path, kind, raw):
    """(path of keys, arrays on the way, whether a scalar, type, bytes) of every scalar below a value."""
    if kind == 0x03:
        seen = set()
        for inner, key, value in elements(raw):
            if key not in seen:
                seen.add(key)
                yield from leaves(path + (key,), inner, value)
    elif kind == 0x04:
        for inner, _, value in elements(raw):
            yield from leaves(path + (ELEMENT,), inner, value)
    elif kind not in (0x06, 0x0A):
        yield path, kind, raw


class Column:
    def __init__(self, row):
        self.table, self.name, self.type = row["table"], row["column"], row["type"]
        self.role = row["path"] is None and row["column"] in ("__doc", "__errors", "__ord", "__ords", "__missing")
        self.keys = () if self.role else keys_of(row["path"] if row["path"] is not None else row["column"])
        self.unwind = unwind_of(row["unwind"]) if row["unwind"] else None
        # The keys of every array that is unwound on the way.
        self.arrays = set()
        if row["unwind"]:
            keys = ()
            for part in row["unwind"].split("[]."):
                keys += keys_of(part)
                self.arrays.add(keys)

    def reaches(self, path):
        """Whether a leaf is seen through this column: its path without the arrays that are unwound is the column's."""
        if self.role:
            return self.name == "__doc"
        keys = ()
        for index, step in enumerate(path):
            if keys == self.keys and (keys not in self.arrays or path[index] is not ELEMENT):
                rest = path[index:]
                return self.type in JSON_TYPES or (self.type.endswith("[]") and rest == (ELEMENT,))
            if step is ELEMENT:
                if keys not in self.arrays:
                    return False
            else:
                keys += (step,)
        return keys == self.keys and not self.type.endswith("[]")


def import_differences(sql, raw, collection, options):
    rows = import_schema(sql, collection, options)
    columns = [Column(row) for row in rows]
    tables = sorted({row["table"] for row in rows})
    for table in tables:
        if len(table.encode()) > 63:
            yield f"name of table {table} is too long"
        try:
            sql.run(f"SELECT sum(length(q::text)) FROM i.{quoted(table)} q;")
        except RuntimeError as error:
            yield f"{options}: {error}"
    values = {}
    for document in raw:
        for path, kind, value in leaves((), 0x03, document):
            values.setdefault(path, []).append((kind, value))
    for path in values:
        if not any(column.reaches(path) for column in columns):
            yield f"{options}: {shown(path)} is reached by no column"
    for table in tables:
        yield from value_differences(sql, [column for column in columns if column.table == table], values, options)
    for column in columns:
        if column.name == "__doc" and column.role and column.type == "bytea":
            got = sql.rows(f"SELECT encode(__doc, 'hex') AS d FROM i.{quoted(column.table)}")
            if sorted(row["d"] for row in got) != sorted(document.hex() for document in raw):
                yield f"{options}: __doc of {column.table} is not the documents byte for byte"
    yield from analyze_differences(sql, tables, options)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def plain(kind, raw):
    """A value as SQL's text shows it."""
    if kind == 0x08:
        return "true" if raw[0] else "false"
    if kind == 0x07:
        return raw.hex()
    if kind == 0x09:
        return str(struct.unpack("<q", raw)[0])
    if kind == 0x05:
        return str(uuid.UUID(bytes=raw[5:21]))
    value = scalar(kind, raw)
    if value[0] == "string":
        return value[1]
    number = value[1]
    if isinstance(number, str):
        return number
    return number


def value_differences(sql, columns, values, options):
    """The multiset of each column's values is that of the leaves it reaches. columns: of one table."""
    wanted = [column for column in columns if not column.role and column.type.rstrip("[]") in COMPARED
              and not (column.unwind and column.keys == ("_id",))]  # a child table repeats its parent's key
    for start in range(0, len(wanted), 200):
        part = wanted[start:start + 200]
        table = f"i.{quoted(part[0].table)}"
        def query(index, column):
            name = quoted(column.name)
            def shown_as(value):  # dates as milliseconds
                return f"(extract(epoch FROM {value}) * 1000)::bigint::text" if column.type.startswith("timestamp") else f"{value}::text"
            if column.type.endswith("[]"):
                return f"(SELECT array_agg({shown_as('v')}) FROM {table}, unnest({name}) v WHERE v IS NOT NULL) AS c{index}"
            return f"array_agg({shown_as(name)}) FILTER (WHERE {name} IS NOT NULL) AS c{index}"
        row = sql.rows("SELECT " + ", ".join(query(i, c) for i, c in enumerate(part)) + f" FROM {table}")[0]
        for index, column in enumerate(part):
            expected = [plain(kind, raw) for path, found in values.items() if column.reaches(path) for kind, raw in found]
            yield from multiset_differences(column, expected, row[f"c{index}"] or [], options)


def multiset_differences(column, expected, got, options):
    kind = column.type.rstrip("[]")
    def key(value):
        if isinstance(value, str) and (kind not in ("integer", "bigint", "numeric", "double precision") or value in ("NaN", "Infinity", "-Infinity")):
            return repr(value)
        number = Decimal(value)
        return repr(float(number) + 0.0) if kind == "double precision" else repr(number.normalize() + 0)
    left, right = sorted(map(key, expected)), sorted(map(key, got))
    if left != right:
        extra, lost = [v for v in right if v not in left][:3], [v for v in left if v not in right][:3]
        yield f"{options}: column {column.table}.{column.name} ({column.type}) has {len(got)} values, the documents {len(expected)}; lost {lost}, extra {extra}"


def analyze_differences(sql, tables, options):
    for table in tables:
        try:
            sql.run(f"ANALYZE i.{quoted(table)};")
        except RuntimeError as error:
            yield f"{options}: {error}"


# --- conformance ---

def unknown_differences(sql, table):
    """Paths that no column holds: the server and the scan find the same, keys of every kind among them."""
    fields = "path, documents, missing, nulls, bad, bad_types"
    both = [sql.rows(f"SELECT {fields} FROM mongo.conformance('{table}', method => '{method}') WHERE type = 'no column'") for method in ("server", "scan")]
    if both[0] != both[1]:
        yield f"no column in {table}: {[row for row in both[0] if row not in both[1]][:5]} and {[row for row in both[1] if row not in both[0]][:5]}"


def conformance_differences(sql, collection):
    """Columns of the wrong types over the same documents: server, scan, and a scan under 'collect' agree."""
    rows = sql.rows(f"SELECT path, is_map FROM mongo.profile('m', '{DATABASE}', {literal(collection)}, sample => 0) WHERE depth <= 3 AND path !~ '[][{{}}]' LIMIT 12")
    types = ["integer", "bigint", "text", "varchar(6)", "numeric(8,2)", "double precision", "real", "boolean", "mongo.objectid", "timestamptz",
             "date", "uuid", "bytea", "integer[]", "text[]", "numeric", "smallint", "jsonb"]
    columns = []
    for index, row in enumerate(rows):
        for step in range(4):
            columns.append((f"c{index}_{step}", types[(index * 5 + step * 3 + len(collection)) % len(types)], row["path"]))
    if not columns:
        return
    definition = ", ".join(f"{name} {kind} OPTIONS (path {literal(path)})" for name, kind, path in columns)
    sql.run(f"""SET client_min_messages = warning; DROP FOREIGN TABLE IF EXISTS odd; CREATE FOREIGN TABLE odd (_id jsonb, {definition}, __errors jsonb, __missing text[]) SERVER m
        OPTIONS (database '{DATABASE}', collection {literal(collection)}, on_conversion_error 'collect');""")
    fields = "column_name, documents, missing, nulls, bad, bad_types"
    yield from unknown_differences(sql, "odd")
    server = {row["column_name"]: row for row in sql.rows(f"SELECT {fields} FROM mongo.conformance('odd', method => 'server') WHERE type <> 'no column'")}
    scan = {row["column_name"]: row for row in sql.rows(f"SELECT {fields} FROM mongo.conformance('odd', method => 'scan') WHERE type <> 'no column'")}
    for name, row in server.items():
        if row != scan[name]:
            yield f"{name} {[c for c in columns if c[0] == name]}: the server counts {row}, the scan {scan[name]}"
    total = sum(row["bad"] for row in scan.values())
    lines = sql.rows("SELECT coalesce(sum(jsonb_array_length(__errors)), 0) AS n, count(*) AS rows FROM odd")[0]
    if lines["n"] != total:
        yield f"under 'collect' {lines['n']} lines, conformance counts {total}"
    missing = sql.rows("SELECT m AS path, count(*) AS n FROM odd, unnest(__missing) m GROUP BY 1")
    by_path = {row["path"]: row["n"] for row in missing}
    for name, kind, path in columns:
        same = sum(1 for other in columns if other[2] == path)
        if by_path.get(path, 0) != scan[name]["missing"] * same:
            yield f"{path}: __missing {by_path.get(path, 0)}, conformance {scan[name]['missing']} times {same}"


def child_conformance_differences(sql, collection):
    """The same for the rows of child tables: arrays of every shape, elements as columns of the wrong types."""
    rows = sql.rows(f"SELECT path FROM mongo.profile('m', '{DATABASE}', {literal(collection)}, sample => 0)")
    rows = [row for row in rows if re.match(r"[^][{}.\"]+\[\]", row["path"])][:40]
    types = ["text", "integer", "numeric", "boolean", "jsonb", "double precision[]", "timestamptz"]
    arrays = sorted({row["path"].split("[]")[0] for row in rows})[:4]
    for number, array in enumerate(arrays):
        inner = [row["path"].replace("[]", "", 1) for row in rows if row["path"].startswith(array + "[]") and row["path"].count("[]") == 1][:8]
        definition = ", ".join(f"c{i} {types[(i + number) % len(types)]} OPTIONS (path {literal(path)})" for i, path in enumerate(inner + [array, array]))
        sql.run(f"""SET client_min_messages = warning; DROP FOREIGN TABLE IF EXISTS odd_child; CREATE FOREIGN TABLE odd_child (_id jsonb, __ord int, {definition}, __errors jsonb) SERVER m
            OPTIONS (database '{DATABASE}', collection {literal(collection)}, unwind {literal(array)}, on_conversion_error 'collect');""")
        fields = "column_name, documents, missing, nulls, bad, bad_types"
        yield from unknown_differences(sql, "odd_child")
        server = sql.rows(f"SELECT {fields} FROM mongo.conformance('odd_child', method => 'server') WHERE type <> 'no column' ORDER BY 1")
        scan = sql.rows(f"SELECT {fields} FROM mongo.conformance('odd_child', method => 'scan') WHERE type <> 'no column' ORDER BY 1")
        for left, right in zip(server, scan):
            if left != right:
                yield f"array {array}, {definition}: the server counts {left}, the scan {right}"
        lines = sql.rows("SELECT coalesce(sum(jsonb_array_length(__errors)), 0) AS n, count(*) AS rows FROM odd_child")[0]
        if lines["n"] != sum(row["bad"] for row in scan) or lines["rows"] != scan[0]["documents"]:
            yield f"array {array}: under 'collect' {lines}, conformance {scan}"


# --- fixed cases ---

def fixed_cases(tests, client, sql):
    wide = [{"_id": i, **{f"field_{n:03d}": n * i if n % 2 else f"text {n}" for n in range(400)}} for i in range(50)]
    load(client, "wide", wide)
    deep = {"leaf": 7}
    for level in range(15):
        deep = {f"level{level}": deep, "x": level}
    load(client, "deep", [{"_id": 1, **deep}])
    long_key = "k" * 77
    load(client, "long", [{"_id": 1, long_key: 5, "a": {long_key: "x"}}])
    load(client, "many_paths", [{"_id": i, "part": {f"p{n:04d}": n for n in range(i * 100, i * 100 + 100)}} for i in range(50)])
    load(client, "votes", [{"_id": i, "votes": {f"user{(i * 7 + n * 13) % 400}": n for n in range(20)}} for i in range(200)])
    for name in ("wide", "deep", "long", "many_paths", "votes"):
        differences = list(profile_differences(sql, raw_documents(client, name), name))
        tests.ok(not differences, f"profile of {name} equals the oracle's count", "\n".join(differences))
        differences = [line for options in ({"sample": "0", "max_depth": "16"}, {"sample": "0", "max_columns": "1500", "map_threshold": "10000", "max_depth": "16"})
                       for line in import_differences(sql, raw_documents(client, name), name, options)]
        tests.ok(not differences, f"import of {name} reaches every value", "\n".join(differences))
    rows = import_schema(sql, "wide", {"sample": "0"})
    tests.ok(len(rows) == 401, "a table of 401 columns", len(rows))
    rows = import_schema(sql, "deep", {"sample": "0", "max_depth": "16"})
    tests.ok(sum(row["path"] is not None and row["path"].count(".") == 15 for row in rows) == 1, "a column of depth 16", rows)
    rows = sql.rows(f"SELECT path, is_map FROM mongo.profile('m', '{DATABASE}', 'votes', sample => 0)")
    tests.ok(sorted(row["path"] for row in rows) == ["_id", "votes", "votes{}"], "400 data-like keys are one map", rows)
    count = len(sql.rows(f"SELECT path FROM mongo.profile('m', '{DATABASE}', 'many_paths', sample => 0, max_paths => 6000)"))
    tests.ok(count == 3, "5,000 rare keys of one type are a map", count)
    client[DATABASE].drop_collection("many_paths")
    load(client, "mixed_paths", [{"_id": i, "part": {"common": i, **{f"p{n:04d}": n if n % 2 else f"t{n}" for n in range(i * 100, i * 100 + 100)}}} for i in range(50)])
    count = len(sql.rows(f"SELECT path FROM mongo.profile('m', '{DATABASE}', 'mixed_paths', sample => 0, max_paths => 5003)"))
    tests.ok(count == 5003, "5,000 paths beside one that all have are no map", count)
    try:
        sql.run(f"\\set VERBOSITY verbose\nSELECT count(*) FROM mongo.profile('m', '{DATABASE}', 'mixed_paths', sample => 0, max_paths => 5002);")
        tests.ok(False, "one path more than max_paths is an error")
    except RuntimeError as error:
        tests.ok("54000" in str(error), "one path more than max_paths is an error", error)
    differences = list(import_differences(sql, raw_documents(client, "mixed_paths"), "mixed_paths", {"sample": "0"}))
    tests.ok(not differences, "import of 5,000 paths reaches every value", "\n".join(differences))
    client[DATABASE].drop_collection("mixed_paths")


def traps(tests, client, sql):
    """The trap collection of the SQL suite, and its odd keys: profile, import and conformance."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
    import load_fixtures
    for name, docs in (("traps", load_fixtures.trap_documents()), ("keys", load_fixtures.key_documents())):
        client[DATABASE].drop_collection(name)
        for document in docs:
            try:
                client[DATABASE][name].insert_one(document)
            except pymongo.errors.PyMongoError:
                pass  # dates beyond year 9999 on one engine
        raw = raw_documents(client, name)
        tests.ok(len(raw) >= 3, f"{name} are loaded", len(raw))
        check_collection(tests, sql, raw, name, name)
        client[DATABASE].drop_collection(name)


PLANS = [{}, {"key": "bigint", "tolerance": "0.3"}, {"key": "bytea", "tolerance": "0"}, {"key": "uuid"}, {"turn": 0}, {"turn": 1}, {"turn": 2, "key": "bigint"}]


def check_collection(tests, sql, raw, collection, label):
    """All properties of one collection."""
    for name, differences in (
            ("profile equals the oracle's count", profile_differences(sql, raw, collection)),
            ("every value is reached, no import raises", (line for options in IMPORTS for line in import_differences(sql, raw, collection, options))),
            ("a second import is the same", repeated_import_differences(sql, collection)),
            ("conformance by server, scan and 'collect' agree", conformance_differences(sql, collection)),
            ("and of child tables", child_conformance_differences(sql, collection)),
            ("a plan loses nothing", (line for arguments in PLANS for line in plan_differences(sql, raw, DATABASE, collection, **arguments)))):
        try:
            lines = list(differences)
        except Exception:
            lines = [traceback.format_exc()]
        tests.ok(not lines, f"{label}: {name}", "\n".join(lines))


def repeated_import_differences(sql, collection):
    first, second = (import_schema(sql, collection, {"sample": "0"}) for _ in range(2))
    if first != second:
        yield f"{first}\n{second}"


def spaced_samples(tests, client, sql):
    """Samples along _id: two runs give the same DDL, the sample spreads over the ids, small collections are read whole."""
    from bson import Int64, ObjectId
    shapes = {
        "ints": lambda i: i, "skewed": lambda i: i if i < 4990 else 10**15 + i, "oids": lambda i: ObjectId(f"{i * 99991 + 7:024x}"),
        "texts": lambda i: f"user/{i:08d}", "mixed": lambda i: i if i % 2 else f"t{i:06d}", "doubles": lambda i: i * 1.5,
        "accents": lambda i: "\u00e9" * (i % 40) + str(i), "longs": lambda i: Int64(i * 2**40),
        "documents": lambda i: {"region": i // 50, "n": i}, "decimals": lambda i: bson.Decimal128(str(i)), "NaN and ints": lambda i: i if i else float("nan"),
        "long texts": lambda i: "p" * 120 + f"{i:05d}", "cyrillic": lambda i: "\u0416" + "".join(chr(0x430 + (i // 10**k) % 10) for k in (3, 2, 1, 0)),
    }
    for name, shape in shapes.items():
        client[DATABASE].drop_collection("spaced")
        client[DATABASE].spaced.insert_many([{"_id": shape(i), "n": i, f"group{i // 500}": i} for i in range(5000)])
        first, second = (import_schema(sql, "spaced", {"sample": "200"}) for _ in range(2))
        tests.ok(first == second, f"two imports of a sample of {name} are the same")
        groups = sum(row["column"].startswith("group") for row in first)
        # Half of the ten tenths of the collection at least: texts of one length are cut by their characters.
        tests.ok(groups >= 5, f"a sample of {name} spreads over the ids", groups)
        total = sql.rows(f"SELECT max(documents) AS n, min(sampled) AS how FROM mongo.profile('m', '{DATABASE}', 'spaced', sample => 200)")[0]
        tests.ok(total == {"n": 200, "how": "$sample"}, f"a profile of {name} reads 200 documents by $sample", total)
    # Bools have no measure: the sample says that it is the first documents by _id.
    client[DATABASE].drop_collection("spaced")
    client[DATABASE].spaced.insert_many([{"_id": [{"b": True}, {"b": False}][i % 2] | {"n": i}, "n": i} for i in range(300)])
    sql.run(f"DROP SCHEMA i CASCADE; CREATE SCHEMA i; CALL mongo.import_schema('m', '{DATABASE}', 'i', '{{spaced}}', sample => 100);")
    comment = sql.rows("SELECT obj_description('i.spaced'::regclass, 'pg_class') AS c")[0]["c"]
    tests.ok("a sample of 100 documents (first by _id)" in comment, "ids without a measure are said so", comment)
    client[DATABASE].drop_collection("spaced")


def maps(tests, client, sql):
    """Sub-documents with fields are none, however their keys look; those with data as keys are."""
    db = client[DATABASE]
    fields = ["Street Name", "House Number", "Post Code", "City", "Country Name", "First Line", "Second Line", "Care Of"]
    shapes = {
        "words with blanks": (False, lambda i: {name: f"v{i}" for name in fields}),
        "two fields beside rare keys": (False, lambda i: {"total": i, "count": i, f"k{i % 78}": i, f"k{(i * 7) % 78}": i}),
        "rare keys": (True, lambda i: {f"user{(i * 7 + n * 13) % 400}": n for n in range(20)}),
        "days": (True, lambda i: {f"2024-05-{day:02d}": i for day in range(1, 20)}),
        "ids": (True, lambda i: {f"{i * 100 + n:024x}": n for n in range(3)}),
        "rare keys of several types": (True, lambda i: {f"k{(i * 7 + n) % 300}": n if n % 2 else str(n) for n in range(6)}),
    }
    for name, (expected, make) in shapes.items():
        db.drop_collection("shape")
        db.shape.insert_many([{"_id": i, "part": make(i)} for i in range(200)])
        row = sql.rows(f"SELECT is_map FROM mongo.profile('m', '{DATABASE}', 'shape', sample => 0) WHERE path = 'part'")[0]
        tests.ok(row["is_map"] is expected, f"{name}: {'a map' if expected else 'no map'}", row)
    # More columns than max_columns, in one pass.
    db.drop_collection("shape")
    db.shape.insert_one({"_id": 1, **{f"part{n}": {f"f{k}": k for k in range(20)} for n in range(200)}})
    rows = import_schema(sql, "shape", {"sample": "0", "max_columns": "300"})
    tests.ok(len(rows) <= 301 and any(row["type"] == "jsonb" for row in rows), "sub-documents are folded until max_columns fits", len(rows))
    # Text with a NUL below the depth that is walked, and below max_depth.
    deep = {"s": "a\0b"}
    for _ in range(104):
        deep = {"d": deep}
    db.drop_collection("shape")
    db.shape.insert_one({"_id": 1, **deep})
    kinds = {row["column"]: row["type"] for row in import_schema(sql, "shape", {"sample": "0", "max_depth": "2"})}
    tests.ok(kinds.get("d_d") == "json", "a NUL deep inside makes json", kinds)
    sql.run("SELECT * FROM i.shape")
    row = sql.rows(f"SELECT fits, suggested_type FROM mongo.profile('m', '{DATABASE}', 'shape', max_depth => 1) WHERE path = 'd'")[0]
    tests.ok(row == {"fits": ["json"], "suggested_type": "json"}, "and is seen by a profile that does not go there", row)
    # Names that differ in case alone: every table of a full import can be imported by itself.
    db.drop_collection("shape")
    for name in ("Foo", "foo"):
        db.drop_collection(name)
        db[name].insert_one({"_id": 1, "items": [{"q": 1}], "Items": [{"q": 1}]})
    sql.run(f'DROP SCHEMA i CASCADE; CREATE SCHEMA i; IMPORT FOREIGN SCHEMA "{DATABASE}" FROM SERVER m INTO i;')
    tables = [row["relname"] for row in sql.rows("SELECT relname FROM pg_class WHERE relnamespace = 'i'::regnamespace AND relname ILIKE 'foo%'")]
    alone = []
    for table in tables:
        sql.run(f'DROP SCHEMA i CASCADE; CREATE SCHEMA i; IMPORT FOREIGN SCHEMA "{DATABASE}" LIMIT TO ({quoted(table)}) FROM SERVER m INTO i;')
        alone += [row["relname"] for row in sql.rows("SELECT relname FROM pg_class WHERE relnamespace = 'i'::regnamespace")]
    tests.ok(len(tables) == 6 and sorted(alone) == sorted(tables), "LIMIT TO gives each table under the name of a full import", f"{tables} {alone}")
    sql.run("ALTER SERVER m OPTIONS (ADD on_conversion_error 'collect')")
    table = import_schema(sql, "Foo", {"sample": "0"})[0]["table"]
    tests.ok(sql.rows(f"SELECT count(*) AS n FROM i.{quoted(table)}")[0]["n"] == 1, "a server that collects gets columns for the errors")
    sql.run("ALTER SERVER m OPTIONS (DROP on_conversion_error)")
    for name in ("Foo", "foo"):
        db.drop_collection(name)
    db.shape.insert_many([{"_id": i, "d": bson.Decimal128(text)} for i, text in enumerate(["1.00000000000000000005", "1.00000000000000000001", "1.00000000000000000009"])])
    row = sql.rows(f"SELECT min, max FROM mongo.profile('m', '{DATABASE}', 'shape', sample => 0) WHERE path = 'd'")[0]
    tests.ok(row == {"min": "1.00000000000000000001", "max": "1.00000000000000000009"}, "minima and maxima digit by digit", row)
    db.drop_collection("shape")


def references(tests, client, sql):
    """Candidates by DBRef, by name and by value; shares, cardinality, uniqueness of the target."""
    from bson import DBRef, ObjectId
    db = client[DATABASE]
    oid = lambda kind, i: ObjectId(f"{kind:04x}{i:020x}")
    db.authors.insert_many([{"_id": oid(1, i), "code": f"A{i:04d}", "login": f"login{i}"} for i in range(60)])
    db.authors.create_index("code", unique=True)
    db.books.insert_many([{"_id": oid(2, i), "author_id": oid(1, i % 60 if i % 4 else 999), "codes": [f"A{i % 60:04d}", f"A{(i + 1) % 60:04d}"],
                           "ref": DBRef("authors", oid(1, i % 50)), "gone": DBRef("authors", oid(9, i)), "other": DBRef("authors", oid(1, 1), "elsewhere"),
                           "who": oid(1, (i * 7) % 60), "isbn": f"I{i:05d}", "rank": i % 30} for i in range(240)])
    db.prints.insert_many([{"_id": i, "isbn": f"I{i:05d}", "pages": i} for i in range(100)])
    db.books.insert_one({"_id": oid(2, 5000), "isbn": "I00003"})  # one isbn stands twice
    rows = {(r["from_collection"], r["from_path"], r["to_collection"], r["to_path"]): r for r in sql.rows(f"SELECT * FROM mongo.references('m', '{DATABASE}', min_hit => 0.5)")}
    def row(*key):
        return rows.get(key, {})
    def shown_as(found, **wanted):
        return found != {} and all(found[name] == value for name, value in wanted.items())
    author = row("books", "author_id", "authors", "_id")
    tests.ok(shown_as(author, via="name", cardinality="many to one", target_unique=True) and 0.5 < author["share"] < 1, "author_id refers to authors, not all of them", author)
    tests.ok(shown_as(row("books", "codes[]", "authors", "code"), via="value", share=1, cardinality="many to many", target_unique=True), "an array of values of a unique index", rows.keys())
    tests.ok(shown_as(row("books", "ref.$id", "authors", "_id"), via="dbref", share=1), "a DBRef", rows.keys())
    tests.ok(shown_as(row("books", "gone.$id", "authors", "_id"), via="dbref", hits=0), "a DBRef whose documents are gone", rows.keys())
    tests.ok(not row("books", "other.$id", "authors", "_id"), "a DBRef into another database is none here", rows.keys())
    tests.ok(shown_as(row("books", "who", "authors", "_id"), via="value", share=1), "by value, whatever the name", rows.keys())
    isbn = row("prints", "isbn", "books", "isbn")
    tests.ok(isbn == {} or shown_as(isbn, via="name", target_unique=False), "a target with one duplicate is not unique", isbn)
    tests.ok(not any(key[1] in ("rank", "pages") for key in rows), "small integers refer to nothing", rows.keys())
    strict = sql.rows(f"SELECT * FROM mongo.references('m', '{DATABASE}', ARRAY['books'], 0.99) WHERE from_path = 'author_id'")
    tests.ok(strict == [], "min_hit", strict)
    # Ids beside DBRefs and copies of what they refer to; ids in text of both kinds; text ids that ObjectIds refer to.
    import uuid
    db.devices.insert_many([{"_id": bson.Binary(uuid.UUID(int=i).bytes, 4), "n": i} for i in range(60)])
    db.tags.insert_many([{"_id": str(oid(3, i))} for i in range(60)])
    db.loans.insert_many([{"_id": i, "author": [oid(1, i % 60), DBRef("authors", oid(1, i % 60)), {"_id": oid(1, i % 60), "n": "x"}][0 if i % 10 else 1 + i // 10 % 2],
                           "author_text": str(oid(1, i % 60)).upper() if i % 2 else oid(1, i % 60), "device": str(uuid.UUID(int=i % 60)), "tag": oid(3, i % 60),
                           "author_lists": oid(1, i % 60) if i % 3 else [oid(1, (i + 1) % 60)], "note": f"text {i}"} for i in range(200)])
    found = sql.rows(f"SELECT * FROM mongo.references('m', '{DATABASE}', ARRAY['loans'])")
    rows = {(r["from_path"], r["to_collection"]): r for r in found}
    tests.ok(len(rows) == len(found), "one row for each path and target", found)
    expected = {("author", "authors"): "name", ("author.$id", "authors"): "dbref", ("author._id", "authors"): "name", ("author_text", "authors"): "value (objectid in text)",
                ("device", "devices"): "name (uuid in text)", ("tag", "tags"): "name (text of objectid)", ("author_lists", "authors"): "value", ("author_lists[]", "authors"): "value"}
    vias = {key: r["via"] for key, r in rows.items()}
    tests.ok(vias == expected, "ids beside DBRefs, sub-documents and lists; ids in text", vias)
    tests.ok(all(r["share"] == 1 and r["hits"] == r["checked"] for r in rows.values()), "all of their values are found", found)
    for name in ("authors", "books", "prints", "devices", "tags", "loans"):
        db.drop_collection(name)


def shop(tests, client, sql):
    """The demo's data: the profile and the references name every planted trap."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "demo"))
    import load as demo
    for name, docs in demo.shop().items():
        client[DATABASE].drop_collection(name)
        client[DATABASE][name].insert_many(docs)
    def profile(collection, path):
        return sql.rows(f"SELECT * FROM mongo.profile('m', '{DATABASE}', '{collection}', sample => 0) WHERE path = '{path}'")[0]
    quantity = profile("orders", "items[].qty")
    tests.ok(quantity["types"].get("string") == 1 and quantity["max"] == "three" and quantity["suggested_type"] == "jsonb", "text_quantity: one string among the quantities", quantity)
    ordered = profile("orders", "ordered")
    tests.ok(abs(ordered["missing_share"] * ordered["documents"] - 1) < 1e-6, "missing_date: one order has no date", ordered)
    price = profile("products", "price")
    tests.ok(not any(kind == "double precision" for kind in price["fits"]) and "numeric(27,24)" in price["fits"] and price["suggested_type"] == "numeric", "decimal_price: more digits than a double holds", price)
    email = profile("users", "email")
    tests.ok(email["semantic"] == "email" and email["unique_in_sample"] is True, "users.email holds addresses", email)
    sku = profile("products", "sku")
    tests.ok(sku["unique_in_sample"] is False and sku["distinct_estimate"] > 450, "duplicate_sku: a sku stands twice", sku)
    references = sql.rows(f"SELECT * FROM mongo.references('m', '{DATABASE}', ARRAY['orders'])")
    found = {(row["from_path"], row["to_collection"], row["to_path"]): row for row in references}
    user = found.get(("user", "users", "_id"))
    tests.ok(bool(user) and user["via"] == "name" and user["cardinality"] == "many to one" and user["target_unique"], "orders.user refers to users by its name", references)
    product = found.get(("items[].product", "products", "_id"))
    tests.ok(bool(product) and product["via"] == "name" and product["share"] == 1 and product["cardinality"] == "many to many", "items[].product refers to products", references)
    tests.ok(len(found) == 2, "no other candidates among the orders", references)
    orphan = sql.rows(f"""SELECT count(*) AS n FROM mongo.query('m', '{DATABASE}', 'orders', '[{{"$lookup": {{"from": "users", "localField": "user", "foreignField": "_id", "as": "u"}}}}, {{"$match": {{"u": []}}}}]') q""")
    tests.ok(orphan == [{"n": 1}], "orphan_order: one order's user does not exist", orphan)
    for name in ("users", "products", "orders"):
        client[DATABASE].drop_collection(name)


def evidence(tests, client, sql, engine):
    """Indexes and validators are evidence beside the documents; the catalog names every kind of collection."""
    db = client[DATABASE]
    db.drop_collection("evidence")
    validator = {"$jsonSchema": {"bsonType": "object", "required": ["code"], "properties": {
        "code": {"bsonType": "string"}, "amount": {"bsonType": ["decimal", "null"]}, "when": {"bsonType": "date"},
        "shape": {"bsonType": "object", "properties": {"side": {"bsonType": "int"}}},
        "tags": {"bsonType": "array", "items": {"bsonType": "string"}}, "any": {"type": "number"}}}}
    if engine == "secantus":
        db.create_collection("evidence", validator=validator)
    db.evidence.insert_many([{"_id": i, "code": f"c{i}", "items": [{"sku": i}], "n": i} for i in range(20)])
    db.evidence.create_index("serial", unique=True, sparse=True)
    db.evidence.create_index([("owner.name", 1), ("items.note", 1)])
    rows = {(row["table"], row["column"]): row["type"] for row in import_schema(sql, "evidence", {"sample": "0"})}
    expected = {("evidence", "_id"): "integer", ("evidence", "code"): "text", ("evidence", "n"): "integer", ("evidence", "serial"): "jsonb",
                ("evidence", "owner_name"): "jsonb", ("evidence_items", "_id"): "integer", ("evidence_items", "__ord"): "integer",
                ("evidence_items", "sku"): "integer", ("evidence_items", "note"): "jsonb"}
    if engine == "secantus":
        expected |= {("evidence", "amount"): "numeric", ("evidence", "when"): "timestamp with time zone", ("evidence", "shape_side"): "integer",
                     ("evidence", "tags"): "text[]", ("evidence", "any"): "numeric"}
    tests.ok(rows == expected, "an import knows the paths of indexes and validators", f"{rows}\nexpected {expected}")
    sql.run(f"DROP SCHEMA i CASCADE; CREATE SCHEMA i; CALL mongo.import_schema('m', '{DATABASE}', 'i', '{{evidence}}', sample => 0);")
    comment = sql.rows("SELECT col_description('i.evidence'::regclass, attnum) AS c FROM pg_attribute WHERE attrelid = 'i.evidence'::regclass AND attname = 'serial'")[0]["c"]
    tests.ok("no value seen" in comment and "unique index" in comment, "a comment names the index", comment)
    row = sql.rows(f"SELECT * FROM mongo.catalog('m', '{DATABASE}') WHERE collection = 'evidence'")[0]
    names = sorted(index["name"] for index in row["indexes"])
    tests.ok(row["documents"] == 20 and len(names) == 3 and any(index.get("unique") for index in row["indexes"]), "the catalog lists the indexes", row)
    if engine == "documentdb":
        tests.ok(row["bytes"] > 0 and abs(row["average_bytes"] - row["bytes"] / 20) <= 1, "the catalog tells sizes", row)
    if engine == "secantus":
        tests.ok(row["validator"] == validator, "the catalog shows the validator", row["validator"])
        db.create_collection("ring", capped=True, size=100000)
        db.create_collection("weather", timeseries={"timeField": "t", "metaField": "m"})
        db.create_collection("codes", viewOn="evidence", pipeline=[{"$project": {"code": 1}}])
        db["fs.files"].insert_one({"filename": "f"})
        db["fs.chunks"].insert_one({"n": 0, "data": b"x"})
        db["lonely.files"].insert_one({"filename": "f"})
        kinds = {row["collection"]: (row["kind"], row["note"]) for row in sql.rows(f"SELECT * FROM mongo.catalog('m', '{DATABASE}')")}
        wanted = {"evidence": ("collection", None), "ring": ("capped", None), "weather": ("time series", None), "codes": ("view", 'view on "evidence"'),
                  "fs.files": ("gridfs", 'GridFS bucket "fs"'), "fs.chunks": ("gridfs", 'GridFS bucket "fs"'), "lonely.files": ("collection", None)}
        tests.ok({name: kinds.get(name) for name in wanted} == wanted, "the catalog tells kinds of collections", kinds)
        rows = {row["column"]: row["type"] for row in import_schema(sql, "codes", {"sample": "10"})}
        tests.ok(rows == {"_id": "integer", "code": "text"}, "a view is imported", rows)
    for name in ("evidence", "ring", "weather", "codes", "fs.files", "fs.chunks", "lonely.files"):
        db.drop_collection(name)


def shapes(tests, client, sql, engine):
    """Shapes that public data sets have, migrated with everything at its defaults, and again after changes at the source."""
    for name, make in SHAPES.items():
        if engine != "documentdb" and name not in ("accounts", "books"):
            continue  # the other engine takes a minute for them
        database = f"{DATABASE}_{name}"
        made = make(random.Random(name))
        forget(sql, name)
        for turn in ("with defaults", "again, after changes"):
            client.drop_database(database)
            for collection, docs in made.items():
                client[database][collection].insert_many([RawBSONDocument(bson.encode(document)) for document in docs])
            raw = {collection: raw_documents(client, collection, database) for collection in client[database].list_collection_names()}
            try:
                differences = list(migration_differences(sql, raw, database, name))
            except RuntimeError as error:
                differences = [str(error)]
            tests.ok(not differences, f"{name}: migrated {turn}, every value is found", "\n".join(differences))
            rng = random.Random(name)
            made = {collection: list(changed(docs, rng)) for collection, docs in made.items()}
        client.drop_database(database)


def main():
    engine, uri = sys.argv[1:3]
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 25
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    client = pymongo.MongoClient(uri, serverSelectionTimeoutMS=10000)
    client.drop_database(DATABASE)
    name = f"property_{engine}"
    Sql("postgres").run(f"DROP DATABASE IF EXISTS {name};")
    Sql("postgres").run(f"CREATE DATABASE {name};")
    sql = Sql(name)
    sql.run(f"CREATE EXTENSION mongo_fdw_cpp; CREATE SERVER m FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri {literal(uri)}); CREATE USER MAPPING FOR CURRENT_USER SERVER m;")
    tests = Tests()
    if first == 1:
        shop(tests, client, sql)
        evidence(tests, client, sql, engine)
        traps(tests, client, sql)
        maps(tests, client, sql)
        references(tests, client, sql)
        fixed_cases(tests, client, sql)
        shapes(tests, client, sql, engine)
        for other in ("wide", "deep", "long", "votes"):
            client[DATABASE].drop_collection(other)
        spaced_samples(tests, client, sql)
    for seed in range(first, first + seeds):
        collection = f"seed.{seed}" if seed % 4 == 0 else f"seed{seed}"
        try:
            rng = random.Random(seed)
            made = documents(seed)
            if seed % 3 == 0:
                made = (with_raw_elements(document, rng, engine == "documentdb") for document in made)
            load(client, collection, made)
            raw = raw_documents(client, collection)
            check_collection(tests, sql, raw, collection, f"seed {seed}")
        except Exception:
            tests.ok(False, f"seed {seed}", traceback.format_exc())
        client[DATABASE].drop_collection(collection)
    client.drop_database(DATABASE)
    sys.exit(tests.failed > 0)


if __name__ == "__main__":
    main()
