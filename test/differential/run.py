"""Differential tests of push-down: generated conditions over the trap collection, evaluated here and by the server.

usage: run.py ENGINE MONGO_URI [QUERIES [SEED [KIND]]]     KIND: conditions, sorts, groups or joins alone; any without it; rules:
each rule so many times, and plans must have applied each 50 times; catalogue: the conditions of conditions.txt so many times

The collections are those of test/tools/load_fixtures.py; psql connects as the environment says. Every query runs with
push-down off and on, as a custom and as a generic plan; rows, digits and errors must be the same. An error of the unpushed
side alone is allowed under on_conversion_error 'error' only (a pushed condition may remove the row that would have raised)
and is counted by SQLSTATE. Beside that: p, NOT p and p IS NULL part the rows (TLP), and a count under p is the count of the
rows for which p, evaluated as a value, is true (NoREC). A failure prints the seed, the query, both answers and the pipeline.
"""
import pathlib
import random
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tools"))
import load_fixtures

FIXTURES = "mongo_fdw_cpp_test"
# Values near to one another: a collection, a view of it, and a collection with a collation of its own.
NEAR = {"null": "near", "collect": "near_folded", "error": "near_view"}

HEX = ["5f0000000000000000000001", "5F0000000000000000000001", "600000000000000000000003"]
# type -> literals of it, as SQL; NULL is added by the generator
LITERALS = {
    "int2": ["5::int2", "(-7)::int2", "0::int2", "32767::int2"],
    "int4": ["5", "-7", "0", "70000", "2147483647", "6"],
    "int8": ["5::int8", "9007199254740993", "9223372036854775807", "(-9223372036854775808)", "70000::int8", "1152921504606846976", "2251799813685249"],
    "float8": ["5::float8", "5.5::float8", "0.1::float8", "'-0'::float8", "'NaN'::float8", "'Infinity'::float8", "'-Infinity'::float8", "1e300::float8", "9007199254740992::float8", "4503599627370495::float8", "123456789012344.5::float8"],
    "float4": ["5::float4", "5.5::float4", "0.1::float4", "'NaN'::float4", "'Infinity'::float4", "70000::float4"],
    "numeric": ["5", "5.00", "0.1", "5.5", "0.10000000000000000555", "'NaN'::numeric", "'Infinity'::numeric", "'-Infinity'::numeric", "1234567890123456789012345678901234",
                "1.234567890123456789012345678901234", "1234567890123456789012345678901234567890.5", "9007199254740993", "1e-50", "0"],
    "text": ["'5'", "''", "'abc'", "'\u00e9'", "'e\u0301'", "'x'"] + [f"'{h}'" for h in HEX],
    "name": ["'5'::name", "''::name", "'abc'::name", "'x'::name", "'5f0000000000000000000001'::name"],
    "bool": ["true", "false"],
    "mongo.objectid": [f"'{h}'::mongo.objectid" for h in HEX],
    "uuid": ["'00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid", "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"],
    "timestamptz": ["'2024-02-29 12:30:15.678+00'::timestamptz", "'2024-02-29 12:30:15.678001+00'::timestamptz", "'1969-12-31 23:59:59.999+00'::timestamptz", "'infinity'::timestamptz",
                    "'-infinity'::timestamptz", "'2024-02-29 00:00+00'::timestamptz"],
    "timestamp": ["'2024-02-29 12:30:15.678'::timestamp", "'1970-01-01'::timestamp", "'infinity'::timestamp", "'2024-02-29 12:30:15.6785'::timestamp"],
    "bytea": [r"'\x000102'::bytea", r"'\x'::bytea", r"'\xfffe'::bytea"],
    "date": ["'2024-02-29'::date", "'1969-12-31'::date", "'infinity'::date", "'-infinity'::date", "'2024-03-01'::date"],
    "interval": ["'1 day'::interval", "'0'::interval", "'24:00'::interval", "'1 mon'::interval", "'-0.001'::interval", "'0.000001'::interval", "'-178000000 years'::interval", "'19782 days 12:30:15.678'::interval"],
}
# column -> (type of its literals, definition)
COLUMNS = {
    "i2": ("int2", "int2 OPTIONS (path 'a')"), "i4": ("int4", "int4 OPTIONS (path 'a')"), "i8": ("int8", "int8 OPTIONS (path 'a')"),
    "f4": ("float4", "float4 OPTIONS (path 'a')"), "f8": ("float8", "float8 OPTIONS (path 'a')"), "nu": ("numeric", "numeric OPTIONS (path 'a')"),
    "np": ("numeric", "numeric(10,2) OPTIONS (path 'a')"), "tx": ("text", "text OPTIONS (path 'a') COLLATE \"C\""), "td": ("text", "text OPTIONS (path 'a')"),
    "vc": ("text", "varchar(5) OPTIONS (path 'a') COLLATE \"C\""), "bo": ("bool", "bool OPTIONS (path 'a')"), "oi": ("mongo.objectid", "mongo.objectid OPTIONS (path 'a')"),
    "uu": ("uuid", "uuid OPTIONS (path 'a')"), "tz": ("timestamptz", "timestamptz OPTIONS (path 'a')"), "ts": ("timestamp", "timestamp OPTIONS (path 'a')"),
    "da": ("date", "date OPTIONS (path 'a')"), "ab": ("int4", "int4 OPTIONS (path 'a.b')"), "at": ("text", "text OPTIONS (path 'a.b') COLLATE \"C\""),
    "nm": ("name", "name OPTIONS (path 'a')"), "by": ("bytea", "bytea OPTIONS (path 'a', bson_type 'binary:0')"),
    "n0": ("numeric", "numeric(5,0) OPTIONS (path 'a')"), "nz": ("numeric", "numeric(20,10) OPTIONS (path 'a')"),
    "id": ("int4", "int4 OPTIONS (path '_id')"), "no": ("int4", "int4 OPTIONS (path 'nowhere')"),
}
# array columns: (type of the elements, definition)
ARRAYS = {
    "ai": ("int4", "int4[] OPTIONS (path 'a')"), "al": ("text", "text[] OPTIONS (path 'a') COLLATE \"C\""), "aw": ("int8", "int8[] OPTIONS (path 'a', array_from_scalar 'true')"),
    "af": ("float4", "float4[] OPTIONS (path 'a', array_from_scalar 'true')"), "an": ("numeric", "numeric[] OPTIONS (path 'a')"), "ao": ("mongo.objectid", "mongo.objectid[] OPTIONS (path 'a')"),
    "ad": ("timestamptz", "timestamptz[] OPTIONS (path 'a', array_from_scalar 'true')"), "ac": ("int4", "int4[] OPTIONS (path 'a.b.c')"),
}
# columns of JSON
JSONS = {"js": "jsonb OPTIONS (path 'a')", "jn": "json OPTIONS (path 'a')", "jb": "jsonb OPTIONS (path 'a.b')"}
JSON_TEXTS = ["'5'", "'0.1'", "'5.5'", "'true'", "'x'", "'abc'", "''", "'-7'", "'5.0'", "'1'", "'2'", "'{\"b\": 5}'", "'[5]'", "'[]'", "'2024-02-29T12:30:15.678Z'", "'{\"$numberDouble\": \"NaN\"}'"] + [f"'{h}'" for h in HEX]
JSON_PARTS = ["{}", '{"b": 5}', '{"b": null}', '{"b": {"c": 1}}', '{"b": [{"c": 1}]}', '[5]', '[1, 3]', '5', '"abc"', '{"b": "x"}', '[{"b": 5}]', '{"b.c": 1, "b": 5}', 'true', '[[5]]', '{"b": 5.00}', '0.1']
PATTERNS = ["'a%'", "'%b%'", "'a_c'", "'5f%'", "'5F0000%'", "'%'", "''", "'_'", "'%0001'", "'abc'", "'x%x'", "'é%'", "'e_'", "'a%c%'", "'5\\%%'", "'.*'", "'a.c'", "'%\n%'", "'%\"q%'",
            "E'%\\\\\\\\%'", "'5______________________1'", "'____________%'", "'%'' OR 1=1'", "'$%'", "'{%'"]
REGEXES = ["'^a'", "'b'", "'a.c'", "'c$'", "'^5F'", "'^abc$'", "'é'", "'^.$'", "''", "'^'", "'$'", "'a|b'", "'[0-9]'", "'x.*'", "'\n'", "'^5f0000000000000000000001$'", "'A'", "'-'", "'a b'"]
CROSS = {"int2": ["int4", "int8"], "int4": ["int2", "int8"], "int8": ["int2", "int4"], "float8": ["float4"], "float4": ["float8"], "name": ["text"], "timestamptz": ["timestamp", "date"], "timestamp": ["timestamptz", "date"], "date": ["timestamp", "timestamptz"]}


# What groups over values of one kind alone are made of: (list of values, columns). The proofs of aggregates then hold.
KINDS = [("tenths", ["f8", "np", "nu", "nz"]), ("wide", ["i8", "f8", "nu", "i4"]), ("fives", ["i2", "i4", "i8", "f8", "np", "nu", "n0", "nz"]), ("sixties", ["i8", "f8", "nu"]), ("hundreds", ["i4", "f8", "np", "nu", "n0", "nz"]),
         ("fine", ["nu", "nz"]), ("huge", ["f8"]), ("zeros", ["i4", "f8", "np", "nu", "n0", "nz"]), ("odd", ["f8", "nu", "np"]), ("texts", ["tx", "vc", "td"]), ("ids", ["tx", "oi"]), ("times", ["tz", "ts", "da"]),
         ("booleans", ["bo"])]
NEAR_IDS = load_fixtures.near_ids()

IN_ORDER = " /* in order */"  # the order tells all rows apart: they are compared in it

# Differences that are known: (engine, or any of them; words of the query; the answer there; why). A difference that a row
# explains is counted, not failed.
DEVIATIONS = [
    ("documentdb", r"(DISTINCT|GROUP BY) [^()]*\m(np|nu)\M", "^(?!ERROR)", "equal decimals of different exponents may be two groups"),
    ("secantus", r"\m[nw]_collect\M.*(ORDER BY|DISTINCT ON)|(ORDER BY|min|max).*\m[nw]_collect\M", "^(?!ERROR)", "the collation 'simple' sorts without regard to case"),
    # PostgreSQL's own: which table of a join is read first decides whether a row that does not fit is read at all.
    ("any", r"^/\* remote \*/.*\m[tnu]_error\M", "^ERROR 22.*does not fit", "a join reads a table that another order of the joins would not reach"),
    # PostgreSQL's own: of 1e300, NaN and Infinity the first that is met decides, and a sort for GROUP BY changes the order.
    ("any", r"(stddev|stddev_pop|variance|var_pop|sum|avg)\(f8\)", "^ERROR 22003 value out of range: overflow", "the order of rows decides whether a float aggregate overflows"),
]


def inlined(text, parameters):
    """A text with the values of its parameters in place."""
    for number in range(len(parameters), 0, -1):
        kind, value = parameters[number - 1]
        text = text.replace(f"${number}", f"CAST({value} AS {kind})")
    return text


class Generator:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.parameters = []  # (type, literal)

    def operand(self, kind, other_types=True):
        """A literal, or a parameter that stands for it; also of a type that compares with this one."""
        rng = self.rng
        if other_types and kind in CROSS and rng.random() < 0.2:
            kind = rng.choice(CROSS[kind])
        text = f"NULL::{kind}" if rng.random() < 0.06 else rng.choice(LITERALS[kind])
        if rng.random() < 0.35 and len(self.parameters) < 8:
            self.parameters.append((kind, text))
            return f"${len(self.parameters)}"
        return text

    def raising(self, column, kind):
        """A condition whose parameter may raise where it is evaluated, mostly behind something that decides before."""
        rng = self.rng
        integer = kind in ("int2", "int4", "int8")
        self.parameters.append(("int4", rng.choice(["0", "2", "0"])) if integer and rng.random() < 0.5 else ("text", rng.choice(["''", "'x'", "'5'"])))
        number = f"${len(self.parameters)}"
        text = self.parameters[-1][0] == "text"
        value, nothing = (f"({number})::{kind}", f"{number} = ''") if text else (f"(10 / {number})", f"{number} = 0")
        test = rng.choice([f"{column} = {value}", f"{column} > {value}", f"{column} IS DISTINCT FROM {value}", f"{column} IN ({value}, {value})", f"{column} = ANY (ARRAY[{value}])", f"coalesce({column}, {value}) <= {value}"])
        return rng.choice([f"({nothing} OR {test})", f"(NOT ({nothing}) AND {test})", f"CASE WHEN {nothing} THEN {column} IS NULL ELSE {test} END", f"(id < 0 AND {test})", test])

    def elements(self, kind):
        rng = self.rng
        texts = rng.sample(LITERALS[kind], rng.randrange(1, min(4, len(LITERALS[kind])) + 1))
        return texts + ([f"NULL::{kind}"] if rng.random() < 0.15 else [])

    def array_atom(self):
        rng = self.rng
        column = rng.choice(list(ARRAYS))
        kind = ARRAYS[column][0]
        if rng.random() < 0.1:
            return f"{rng.choice(list(ARRAYS) + list(JSONS))} IS NOT NULL"
        if rng.random() < 0.1:
            return f"{rng.choice(['cardinality({})', 'array_length({}, 1)', 'array_upper({}, 1)']).format(column)} {rng.choice(['=', '>', '<=', '<>'])} {rng.randrange(0, 3)}"
        if rng.random() < 0.4:
            return f"{self.operand(kind)}::{kind} = ANY ({column})"
        items = f"ARRAY[{', '.join(self.elements(kind))}]::{kind}[]" if rng.random() < 0.9 else f"ARRAY[]::{kind}[]"
        return rng.choice([f"{column} @> {items}", f"{column} && {items}", f"{items} <@ {column}", f"{items} && {column}", f"{column} <@ {items}"])

    def json_atom(self):
        rng = self.rng
        column = rng.choice(list(JSONS))
        place = rng.choice([f"{column} ->> 'b'", f"{column} ->> 'c'", f"{column} -> 'b' ->> 'c'", f"{column} #>> '{{b,c}}'", f"{column} #>> '{{b}}'", f"{column} #>> '{{}}'", f"{column} #>> '{{0}}'", f"{column} #>> '{{1,b}}'", f"{column} #>> '{{0,c}}'", f"{column} -> 'b' #>> '{{0}}'", f"{column} ->> 'x.y'", f"{column} ->> '0'"])
        roll = rng.random()
        if roll < 0.35:
            return f"({place}) = {rng.choice(JSON_TEXTS)}" if rng.random() < 0.7 else f"{rng.choice(JSON_TEXTS)} = ({place})"
        if roll < 0.5:
            return f"({place}) IN ({', '.join(rng.sample(JSON_TEXTS, 3))})"
        if roll < 0.6:
            return f"({place}) IS {rng.choice(['NOT ', ''])}NULL"
        if roll < 0.7:
            return rng.choice([f"({place}) {rng.choice(['<>', '<', '>='])} {rng.choice(JSON_TEXTS)}", f"({place}) {rng.choice(['', 'NOT '])}LIKE {rng.choice(PATTERNS)}", f"length({place}) > {rng.randrange(3)}",
                               f"({place}) LIKE ANY (ARRAY[{rng.choice(PATTERNS)}, 'x%'])", f"NOT (({place}) = {rng.choice(JSON_TEXTS)})", f"({place}) ~ {rng.choice(REGEXES)}", f"({place}) <> ALL (ARRAY[{rng.choice(JSON_TEXTS)}])"])
        column = rng.choice(["js", "jb", "(js -> 'b')", "(jb #> '{0}')", "(js #> '{0}')", "(js #> '{b,0}')"])
        if roll < 0.82:
            return rng.choice([f"{column} ? {rng.choice(JSON_TEXTS)}", f"{column} ? 'b'", f"{column} ?| ARRAY['b', {rng.choice(JSON_TEXTS)}]", f"{column} ?& ARRAY['c', 'b']", f"{column} ?& ARRAY['b']"])
        return f"{column} @> '{rng.choice(JSON_PARTS)}'" if rng.random() < 0.8 else f"'{rng.choice(JSON_PARTS)}' <@ {column}"

    def row_atom(self):
        rng = self.rng
        if rng.random() < 0.4:
            time = rng.choice(["'2020-07-04 04:05:20+00'::timestamptz", "'2020-07-04 04:05:20.5+00'::timestamptz", "'infinity'::timestamptz", "'-infinity'::timestamptz", "'1969-01-01+00'::timestamptz", "'2110-01-01+00'::timestamptz", self.operand("timestamptz")])
            if rng.random() < 0.5:
                column, day = rng.choice(["tz", "ts"]), rng.choice(["'2024-02-29'::date", "'2024-02-28'::date", "'1969-12-31'::date", "'infinity'::date", "'-infinity'::date", "'5874897-12-31'::date", "'294276-12-31'::date", self.operand("date")])
                return f"{column} {rng.choice(['<', '<=', '>', '>=', '=', '<>'])} {day}" if rng.random() < 0.7 else f"{day} {rng.choice(['<', '<=', '>', '>=', '='])} {column}"
            return f"oi::timestamptz {rng.choice(['<', '<=', '>', '>=', '=', '<>'])} {time}" if rng.random() < 0.7 else f"{time} {rng.choice(['<', '<=', '>', '>=', '='])} oi::timestamptz"
        columns = rng.sample([c for c in COLUMNS if COLUMNS[c][0] not in ("bool",)], rng.randrange(2, 4))
        return f"({', '.join(columns)}) {rng.choice(['<', '<=', '>', '>=', '=', '<>'])} ({', '.join(self.operand(COLUMNS[c][0]) for c in columns)})"

    def atom(self):
        rng = self.rng
        if rng.random() < 0.08:
            return self.json_atom() if rng.random() < 0.6 else self.row_atom()
        if rng.random() < 0.06:
            return self.array_atom()
        column = rng.choice(list(COLUMNS))
        kind = COLUMNS[column][0]
        if kind in ("int2", "int4", "int8", "float8", "numeric", "timestamptz", "date", "mongo.objectid") and len(self.parameters) < 8 and rng.random() < 0.05:
            return self.raising(column, kind)
        roll = rng.random()
        if kind in ("text", "name") and roll < 0.4:
            pattern = rng.choice(PATTERNS)
            if rng.random() < 0.4 and len(self.parameters) < 8:
                self.parameters.append(("text", pattern))
                pattern = f"${len(self.parameters)}"
            return rng.choice([f"{column} LIKE {pattern}", f"{column} LIKE {pattern}", f"{column} NOT LIKE {pattern}", f"starts_with({column}, {pattern})", f"{column} ^@ {pattern}",
                               f"{column} ILIKE {pattern}", f"{column} NOT ILIKE {pattern}", f"{column} {rng.choice(['~', '~*', '!~'])} {rng.choice(REGEXES)}"])
        if kind == "bool" and roll < 0.5:
            return rng.choice([column, f"NOT {column}", f"{column} IS TRUE", f"{column} IS NOT TRUE", f"{column} IS FALSE", f"{column} IS NOT FALSE", f"{column} IS UNKNOWN", f"{column} IS NOT UNKNOWN"])
        if roll < 0.55:
            left, right = column, self.operand(kind)
            if rng.random() < 0.25:
                left, right = right, left
            return f"{left} {rng.choice(['=', '=', '<>', '<', '<=', '>', '>='])} {right}"
        if roll < 0.65:
            return f"{column} {rng.choice(['IN', 'NOT IN'])} ({', '.join(self.elements(kind))})"
        if roll < 0.72:
            return f"{column} {rng.choice(['= ANY', '<> ALL'])} (ARRAY[{', '.join(self.elements(kind))}]::{kind}[])"
        if roll < 0.80:
            return f"{column} {rng.choice(['', 'NOT '])}BETWEEN {self.operand(kind)} AND {self.operand(kind)}"
        if roll < 0.92:
            return f"{column} IS {rng.choice(['', 'NOT '])}NULL"
        return f"{column} IS {rng.choice(['', 'NOT '])}DISTINCT FROM {self.operand(kind)}"

    def span(self, depth):
        """What lies between two times."""
        kind = self.rng.choice(["timestamp", "timestamptz"])
        return f"({self.value(kind, depth)} - {self.value(kind, 0)})"

    def value(self, kind, depth):
        """An expression of a type: a column, a literal, or a function of such."""
        rng = self.rng
        columns = {"int": ["i4", "ab", "id", "no", "i2"], "bigint": ["i8"], "float": ["f8"], "text": ["tx", "at"], "timestamptz": ["tz"], "timestamp": ["ts"], "numeric": ["nu", "np"],
                   "date": ["da"], "interval": []}[kind]
        literals = {"int": "int4", "bigint": "int8", "float": "float8"}.get(kind, kind)
        if kind == "interval":
            return self.operand(kind) if depth == 0 or rng.random() < 0.1 else f"coalesce({self.span(depth - 1)}, {self.operand(kind)})" if rng.random() < 0.15 else self.span(depth - 1)
        if depth == 0 or rng.random() < 0.25:
            return self.operand(literals, kind not in ("date", "timestamp", "timestamptz")) if rng.random() < 0.25 else rng.choice(columns)
        value = lambda of=kind: self.value(of, depth - 1)
        shapes = [lambda: f"CASE WHEN {self.condition(1)} THEN {value()} ELSE {value()} END", lambda: f"CASE {value()} WHEN {value()} THEN {value()} WHEN {value()} THEN {rng.choice(columns)} {rng.choice(['', f'ELSE {value()} '])}END", lambda: f"coalesce({value()}, {value()})", lambda: f"NULLIF({rng.choice(columns)}, {value()})"]
        if kind in ("int", "bigint"):
            shapes += [lambda: f"({value()} {rng.choice(['+', '-', '*', '/', '%'])} {value()})"] * 3
            shapes += [lambda: f"abs({value()})", lambda: f"(- {value()})", lambda: f"mod({value()}, {value()})", lambda: f"greatest({value()}, {value()})", lambda: f"least({value()}, {value()})",
                       lambda: f"({value('float')})::{literals}", lambda: f"({value('bigint' if kind == 'int' else 'int')})::{literals}",
                       lambda: f"({value('numeric')})::{literals}", lambda: f"(CASE WHEN tx = '5' THEN tx::{literals} END)"]
            if kind == "int":
                shapes += [lambda: f"length({value('text')})", lambda: f"octet_length({value('text')})", lambda: f"strpos({value('text')}, {value('text')})", lambda: f"(bo)::int4", lambda: f"({value('date')} - {value('date')})", lambda: f"cardinality({rng.choice(list(ARRAYS))})"]
        elif kind == "float":
            shapes += [lambda: f"({value()} {rng.choice(['+', '-', '*', '/'])} {value()})"] * 3
            shapes += [lambda: f"{rng.choice(['abs', 'ceil', 'floor', 'round', 'trunc', 'sqrt', 'sign', 'ceiling'])}({value()})", lambda: f"({value('int')})::float8",
                       lambda: f"date_part('{rng.choice(['year', 'month', 'dow', 'hour', 'second', 'milliseconds', 'epoch', 'century'])}', {value(rng.choice(['timestamptz', 'timestamp']))})",
                       lambda: f"{rng.choice(['greatest', 'least'])}({value()}, {value()})", lambda: f"({value('numeric')})::float8", lambda: "(CASE WHEN tx IN ('5', '0.1') THEN tx::float8 END)",
                       lambda: f"date_part('{rng.choice(['epoch', 'day', 'hour', 'minute', 'second'])}', {self.span(depth - 1)})"]
        elif kind == "text":
            shapes += [lambda: f"{rng.choice(['lower', 'upper', 'btrim', 'ltrim', 'rtrim'])}({value()})", lambda: f"({value()} || {value()})", lambda: f"substr({value()}, {rng.randrange(-2, 5)})",
                       lambda: f"substr({value()}, {rng.randrange(-2, 5)}, {rng.randrange(-1, 6)})", lambda: f"replace({value()}, {value()}, {value()})", lambda: f"{rng.choice(['btrim', 'ltrim'])}({value()}, 'a5 ')",
                       lambda: f"({value('int')})::text", lambda: rng.choice(['(bo)::text', '(oi)::text']), lambda: f"concat({value()}, {value('int')}, '-', {rng.choice(columns)})", lambda: f"greatest({value()}, {value()})"]
        elif kind in ("timestamp", "timestamptz"):
            unit = rng.choice(["milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year"])
            interval = rng.choice(["1 day", "36 hours", "1.5 seconds", "0.0001 seconds", "1 month", "-7 days"])
            shapes += [lambda: f"date_trunc('{unit}', {value()})"] * 3 + [lambda: f"({value()} {rng.choice('+-')} interval '{interval}')", lambda: f"least({value()}, {value()})",
                       lambda: f"({value(rng.choice(['date', 'timestamptz' if kind == 'timestamp' else 'timestamp']))})::{kind}"]
            zone = rng.choice(ZONES)
            shapes += [lambda: f"({value('timestamptz' if kind == 'timestamp' else 'timestamp')} AT TIME ZONE {zone})"] + ([lambda: f"date_trunc('{unit}', {value()}, {zone})"] if kind == "timestamptz" and "interval" not in zone else [])
            if kind == "timestamp":
                shapes += [lambda: f"({value('date')} {rng.choice('+-')} interval '{interval}')"]
        elif kind == "numeric":
            unit = rng.choice(["minute", "hour", "day", "week", "month", "quarter", "year", "dow", "isodow", "doy", "isoyear", "decade", "century", "millennium", "epoch", "second", "milliseconds", "microseconds"])
            of = rng.choice(["timestamp", "timestamptz"] + (["date"] if unit not in ("minute", "hour", "second", "milliseconds", "microseconds") else []))  # a date has no hours
            shapes += [lambda: f"({rng.choice(['np', '(np * 1.005)', '(i4)::numeric'])})::numeric({rng.choice(['4,1', '12,0', '6,3', '20,10'])})", lambda: f"sign({rng.choice(['np', '(np * 0.5)'])})",
                       lambda: f"{rng.choice(['greatest', 'least'])}(np, {rng.choice(['1.50', '(np * -1)', '(np + 0.25)', value()])})"]
            shapes += [lambda: f"extract({rng.choice(['epoch', 'day', 'hour', 'minute', 'second'])} FROM {self.span(depth - 1)})", lambda: f"extract({unit} FROM {value(of)})", lambda: f"({value('int')})::numeric", lambda: f"(np {rng.choice(['+', '-', '*'])} {rng.choice(['np', '1.5', '(i4)::numeric', '0.005'])})", lambda: f"{rng.choice(['round', 'trunc'])}({rng.choice(['np', '(np * 0.005)'])}, {rng.randrange(4)})",
                       lambda: f"{rng.choice(['abs', 'ceil', 'floor', '-', 'ceiling', 'trunc', 'round'])}({rng.choice(['np', '(np * 1.005)'])})", lambda: f"({value()} {rng.choice(['+', '-', '*'])} {value()})", lambda: "(CASE WHEN tx IN ('5', '0.1') THEN tx::numeric END)"]
        elif kind == "date":
            days = lambda: rng.choice(["1", "30", "400", f"({self.value('int', 0)} % 100000)::int4"])
            shapes += [lambda: f"({value(rng.choice(['timestamp', 'timestamptz']))})::date", lambda: f"({value()} {rng.choice('+-')} {days()})", lambda: f"greatest({value()}, {value()})"]
        return rng.choice(shapes)()

    def computed(self):
        """A condition over computed values."""
        rng = self.rng
        kind = rng.choice(["int", "int", "bigint", "float", "text", "timestamptz", "timestamp", "numeric", "date", "interval"])
        left = self.value(kind, rng.randrange(1, 4))
        roll = rng.random()
        if roll < 0.6:
            return f"{left} {rng.choice(['=', '<>', '<', '<=', '>', '>='])} {self.value(kind, rng.randrange(0, 3))}"
        if roll < 0.75:
            return f"({left}) IS {rng.choice(['', 'NOT '])}NULL"
        if roll < 0.85:
            return f"({left}) IS {rng.choice(['', 'NOT '])}DISTINCT FROM {self.value(kind, 1)}"
        literals = {"int": "int4", "bigint": "int8", "float": "float8"}.get(kind, kind)
        return f"{left} {rng.choice(['IN', 'NOT IN'])} ({', '.join(self.elements(literals))})"

    def condition(self, depth):
        rng = self.rng
        if depth >= 2 and rng.random() < 0.25:
            return self.computed()
        if depth == 0 or rng.random() < 0.3:
            return self.atom()
        roll = rng.random()
        if roll < 0.2:
            return f"NOT ({self.condition(depth - 1)})"
        if roll < 0.27:
            return f"({self.condition(depth - 1)}) IS {rng.choice(['TRUE', 'NOT TRUE', 'FALSE', 'NOT FALSE', 'UNKNOWN', 'NOT UNKNOWN'])}"
        word = rng.choice([" AND ", " OR "])
        return "(" + word.join(self.condition(depth - 1) for _ in range(rng.randrange(2, 4))) + ")"

    def sort_key(self):
        """(what is shown of the key, whether that tells all of it, the key with its order)"""
        rng = self.rng
        kind = rng.choice(["int", "int", "bigint", "timestamptz", "text", "text", "float", "numeric", "interval"])
        key = rng.choice(["i4", "i8", "f4", "f8", "np", "tx", "at", "bo", "oi", "tz", "ts", "da", "ab", "id", "td", "nu", "vc"]) if rng.random() < 0.7 else None
        computed = key is None
        whole = key not in ("f8", "f4", "nu") if key else kind not in ("float", "numeric", "interval")  # zeros of both signs, 5 and 5.00, 1 day and 24 hours tie
        key = key or f"coalesce({self.value(kind, 2)}, {rng.choice(['NULL', self.value(kind, 1)])})"
        zero, five = ("'0'", "'1 day'") if kind == "interval" and computed else ("0", "5")
        return f"({key})::text" if whole else f"({key} = {zero} OR {key} > {five})", whole, f"{key} {rng.choice(['', 'ASC', 'DESC'])} {rng.choice(['', '', 'NULLS FIRST', 'NULLS LAST'])}"

    def sorted_query(self, table, condition):
        """The keys alone are shown: rows that tie on them may come in any order."""
        rng = self.rng
        keys = [self.sort_key() for _ in range(rng.randrange(1, 4))]
        if rng.random() < 0.15 and all(whole and "(" not in order for _, whole, order in keys):
            by = rng.randrange(1, len(keys) + 1)
            return (f"SELECT DISTINCT ON ({', '.join(order.split(' ')[0] for _, _, order in keys[:by])}) {', '.join(f'{shown} AS c{n}' for n, (shown, _, _) in enumerate(keys))}, id, ({rng.choice(list(COLUMNS))})::text AS other "
                    f"FROM {table} WHERE {condition} ORDER BY {', '.join(order for _, _, order in keys)}, id{rng.choice(['', ' DESC'])}{rng.choice(['', '', ' LIMIT 3'])}{IN_ORDER}")
        if rng.random() < 0.12 and keys[0][1]:  # PostgreSQL's own, over rows that the server sorts
            key, order = keys[0][0], keys[0][2]
            return rng.choice([f"SELECT id, row_number() OVER (ORDER BY {order}, id) FROM {table} WHERE {condition}",
                               f"SELECT {key} AS c0, count(*), sum(id) FROM {table} WHERE {condition} GROUP BY ROLLUP (1)"])
        inner = f"SELECT {', '.join(f'{shown} AS c{n}' for n, (shown, _, _) in enumerate(keys))} FROM {table} WHERE {condition} ORDER BY {', '.join(order for _, _, order in keys)}"
        if rng.random() < 0.7:
            return f"{inner} LIMIT {rng.randrange(0, 12)} OFFSET {rng.randrange(0, 4)}{IN_ORDER if all(whole for _, whole, _ in keys) else ''}"
        return f"SELECT string_agg(coalesce(c0, '~'), '/') FROM ({inner}) q" if all(whole for _, whole, _ in keys) else inner

    def aggregate(self):
        rng = self.rng
        roll = rng.random()
        if roll < 0.15:
            text = "count(*)"
        elif roll < 0.3:
            text = f"count({rng.choice(['', 'DISTINCT '])}{rng.choice(list(COLUMNS))})"
        elif roll < 0.55:
            name, column = rng.choice(["sum", "avg", "min", "max"]), rng.choice(["i2", "i4", "i8", "np", "nu", "n0", "nz", "ab", "id", "no"])
            if name in ("min", "max") and column == "nu":  # of 5 and 5.00 either may be the least
                return f"trim_scale({name}(nu))"
            text = f"{name}({rng.choice(['', '', 'DISTINCT ']) if column != 'nu' else ''}{column})"  # the same
        elif roll < 0.65:
            name = rng.choice(['sum', 'avg', 'stddev', 'stddev_pop', 'variance', 'var_pop'])
            distinct = rng.choice(['', 'DISTINCT ']) if name in ('sum', 'avg') else ''  # of zeros of both signs it keeps either
            return f"to_char({name}({distinct}f8){' + 0' if distinct else ''}, '9.99999EEEE')"
        elif roll < 0.8:
            column = rng.choice(["tx", "at", "tz", "ts", "da", "f8", "f4", "td", "vc"])
            text = f"{rng.choice(['min', 'max'])}({column})"
            if column in ("f8", "f4"):  # of zeros of both signs the first one counts
                filtered = f" FILTER (WHERE {self.condition(1)})" if rng.random() < 0.2 else ""
                return f"({text}{filtered} + 0)"
        elif roll < 0.88:
            text = f"{rng.choice(['bool_and', 'bool_or', 'every'])}({rng.choice(['bo', self.condition(1)])})"
        else:
            text = f"{rng.choice(['sum', 'min', 'max', 'count', 'avg'])}({self.value(rng.choice(['int', 'bigint']), 2) if rng.random() < 0.6 else rng.choice(['np * i4', 'np * np', 'np + 0.5', 'round(np * 1.19, 2)', '- np', 'trunc(np)'])})"
        if rng.random() < 0.2:
            text += f" FILTER (WHERE {self.condition(1)})"
        return text

    def proved_aggregate(self, columns):
        rng = self.rng
        column = rng.choice(columns)
        numeric = COLUMNS[column][0] == "numeric"
        names = ["count", "count(DISTINCT"] + (["max", "min"] if column != "oi" else [])
        if numeric or column in ("i2", "i4", "i8", "f8"):
            names += ["sum", "avg"] * 2 + (["sum(DISTINCT", "avg(DISTINCT", "stddev", "stddev_pop", "variance", "var_pop"] if not numeric else [])
        if column == "bo":
            names = ["bool_and", "bool_or", "count", "count(DISTINCT"]
        name = rng.choice(names)
        if column == "f8" and not name.startswith("count"):
            return f"({name}(f8) + 0)" if name in ("min", "max") else f"to_char({name}{' ' if '(' in name else '('}f8){' + 0' if 'DISTINCT' in name else ''}, '9.99999EEEE')"
        if numeric and column != "nu" and "DISTINCT" not in name and rng.random() < 0.3:
            column = rng.choice([f"abs({column})", f"{column} * 2", f"{column} + 1", f"- {column}", f"{column} + 0.5"])
        text = f"{name} {column})" if "(" in name else f"{name}({column})"
        if rng.random() < 0.15:
            text += f" FILTER (WHERE id % {rng.randrange(2, 4)} = 1)"
        return f"trim_scale({text})" if name in ("min", "max") and column == "nu" else text  # of 5 and 5.00 either may be the least

    def proved_query(self, table):
        """Groups of few values of one kind."""
        rng = self.rng
        name, columns = rng.choice(KINDS)
        ids = sorted(rng.sample(NEAR_IDS[name], rng.randrange(1, min(6, len(NEAR_IDS[name])) + 1)))
        condition = f"id IN ({', '.join(map(str, ids))})" if rng.random() < 0.8 else f"id BETWEEN {NEAR_IDS[name][0]} AND {NEAR_IDS[name][-1]}"
        aggregates = [self.proved_aggregate(columns) for _ in range(rng.randrange(1, 3))]
        if rng.random() < 0.45:
            return f"SELECT {', '.join(aggregates)} FROM {table} WHERE {condition}"
        shown = [column for column in columns if column not in ("f8", "nu")]  # zeros of both signs, 5 and 5.00 are one group
        keys = [rng.choice(shown + [f"id % {rng.randrange(2, 4)}"] * 2 + (["abs(n0)", "n0 * 2", "n0 + 1"] if "n0" in shown else []))]
        if rng.random() < 0.15:
            keys.append(rng.choice(shown + ["id % 2"]))
        having = f" HAVING {rng.choice(['count(*) > 1', 'count(*) < 3'] + ([f'{rng.choice(self.summed(columns))} {rng.choice(chr(60) + chr(62))} 5'] if self.summed(columns) else []))}" if rng.random() < 0.25 else ""
        query = f"SELECT {', '.join(keys + aggregates)} FROM {table} WHERE {condition} GROUP BY {', '.join(keys)}{having}"
        if rng.random() < 0.4:
            places = [str(n + 1) for n in range(len(keys))]
            places.insert(rng.randrange(2), rng.choice(["count(*)"] + self.summed(columns) + [f"{extreme}({column})" for column in shown for extreme in ("min", "max") if column not in ("bo", "oi")]))
            query += f" ORDER BY {', '.join(place + rng.choice(['', ' DESC']) + rng.choice(['', ' NULLS FIRST', ' NULLS LAST']) for place in places)} LIMIT {rng.randrange(1, 4)} OFFSET {rng.randrange(0, 2)}{IN_ORDER}"
        return query

    @staticmethod
    def summed(columns):
        return [f"sum({column})" for column in columns if column != "f8" and (column in ("i2", "i4", "i8") or COLUMNS[column][0] == "numeric")]

    def grouped_query(self, table, condition):
        rng = self.rng
        aggregates = ", ".join(self.aggregate() for _ in range(rng.randrange(1, 4)))
        if rng.random() < 0.3:
            return f"SELECT {aggregates} FROM {table} WHERE {condition}"
        keys = [rng.choice(["i4", "i8", "f8", "nu", "np", "n0", "abs(n0)", "n0 * 2", "tx", "td", "vc", "bo", "oi", "tz", "ts", "da", "ab", "at", "no"]) if rng.random() < 0.8 else f"({self.condition(1)})" for _ in range(rng.randrange(1, 3))]
        shown = [k for k in keys if k not in ("f8", "nu")]  # zeros of both signs, 5 and 5.00 are one group
        if rng.random() < 0.15 and shown:
            first = rng.choice(["", f" ORDER BY {', '.join(str(n + 1) + rng.choice(['', ' DESC']) for n in range(len(shown)))} LIMIT {rng.randrange(1, 5)}{IN_ORDER}"])
            return f"SELECT DISTINCT {', '.join(shown)} FROM {table} WHERE {condition}{first}"
        having = f" HAVING {rng.choice(['count(*) > 1', 'max(id) > 20', 'sum(i4) IS NOT NULL', 'count(DISTINCT i4) > 0', 'count(*) < 3', 'count(i4) > 1 AND max(id) < 60', 'max(i8) < 6', 'sum(i2) > 4', '30 > min(id)', 'max(i4) = min(i4)', 'count(*) >= 2 AND count(tx) = 0', 'sum(np) > 5', 'sum(i8) >= 5', 'sum(np) <> 5.00', 'max(np) > 0'])}" if rng.random() < 0.3 else ""
        query = f"SELECT {', '.join(shown + [aggregates])} FROM {table} WHERE {condition} GROUP BY {', '.join(keys)}{having}"
        if rng.random() < 0.4 and len(shown) == len(keys):  # a whole order: no group ties with another one
            places = [str(n + 1) for n in range(len(keys))]
            places.insert(rng.randrange(2), rng.choice([str(len(keys) + 1), "count(*)", "sum(i4)", "sum(np)", "max(tz)", "min(tx)", "sum(i8)", "max(da)", "min(da)"]))
            order = ", ".join(f"{place}{rng.choice(['', ' DESC'])}{rng.choice(['', ' NULLS FIRST', ' NULLS LAST'])}" for place in places)
            query = f"{query} ORDER BY {order} LIMIT {rng.randrange(0, 6)} OFFSET {rng.randrange(0, 3)}{IN_ORDER}"
        return query

    def join_query(self, table):
        """The traps with a local table of the literals, or with themselves."""
        rng = self.rng
        column = rng.choice([c for c in COLUMNS if COLUMNS[c][0] not in ("bool",)])
        kind = COLUMNS[column][0]
        if rng.random() < 0.7:
            other, key = "l", f"l.k_{(rng.choice(CROSS[kind]) if kind in CROSS and rng.random() < 0.3 else kind).replace('mongo.', '')}"
        else:
            other, key = f"(SELECT id AS n, {column} AS k FROM {table} WHERE id % 7 = {rng.randrange(7)}) l", "l.k"
        on = f"m.{column} = {key}" if rng.random() < 0.5 else f"{key} = m.{column}"
        extra = f" AND m.id % 3 = {rng.randrange(3)}" if rng.random() < 0.3 else ""
        extra += f" AND m.id = l.n + {rng.randrange(3)}" if rng.random() < 0.1 else ""
        where = f" WHERE {rng.choice([f'l.n % 2 = {rng.randrange(2)}', 'm.id IS NULL', f'm.id > {rng.randrange(60)}', 'coalesce(m.id, 7) < 50'])}" if rng.random() < 0.4 else ""
        shown = rng.choice([c for c in COLUMNS if c != column])
        shape = rng.random()
        if other == "l" and rng.random() < 0.3:  # a scan that is started again with other values
            if rng.random() < 0.5:
                inner = f"SELECT concat_ws(' ', {', '.join(self.aggregate() for _ in range(rng.randrange(1, 3)))}) FROM {table} m WHERE {on}{extra}"
            else:
                sort, _, order = self.sort_key()
                inner = f"SELECT concat(m.id, ' ', {sort}) FROM {table} m WHERE {rng.choice([on, f'm.id > l.n * {rng.randrange(1, 4)}'])}{extra} ORDER BY {order}, m.id LIMIT 1{rng.choice(['', ' OFFSET 1', ' OFFSET l.n % 3'])}"
            return inlined(f"SELECT l.n, ({inner}) AS one FROM l WHERE l.n < {rng.randrange(4, 21)}", self.parameters)
        if shape < 0.55:
            join = rng.choice(["JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
            tail = f" ORDER BY l.n, m.id LIMIT {rng.randrange(1, 20)}" if rng.random() < 0.15 else ""
            return f"SELECT l.n, m.id, (m.{shown})::text FROM {other} {join} {table} m ON {on}{extra if join not in ('FULL JOIN',) else ''}{where}{tail}"
        if shape < 0.8:
            return f"SELECT l.n FROM {other} WHERE {rng.choice(['', 'NOT '])}EXISTS (SELECT FROM {table} m WHERE {on}{extra})"
        return f"SELECT m.id, (m.{shown})::text FROM {table} m WHERE m.{column} IN (SELECT {key} FROM {other})"

    def remote_join_query(self, table):
        """The traps with themselves and with the ties, joined by the server: the harness switches PostgreSQL's joins off."""
        rng = self.rng
        def pair(left):
            column = rng.choice([c for c in COLUMNS if c not in ("bo",)])
            kind = COLUMNS[column][0]
            others = [c for c in COLUMNS if COLUMNS[c][0] in [kind] + CROSS.get(kind, [])]
            return f"{left}.{column} = {{}}.{rng.choice(others)}" if rng.random() < 0.75 else f"{left}.id = {{}}.id"
        extra = lambda alias: f" AND {alias}.{rng.choice(['id', 'i4'])} {rng.choice(['<', '>', '='])} {rng.choice(['5', '20', 'a.id', 'a.i4'])}" if rng.random() < 0.3 else ""
        some = lambda: f"a.id % {rng.randrange(2, 6)} = 1"
        shown = rng.sample([c for c in COLUMNS], 2)
        if table[0] in "tu" and rng.random() < 0.2:  # with the elements of the same documents
            pairs = [table.replace("u_", "t_"), table.replace("t_", "u_")]
            if rng.random() < 0.3:
                pairs.reverse()
            join = rng.choice(["JOIN", "LEFT JOIN"])
            tail = rng.choice(["", " WHERE b.i4 IS NULL", " WHERE b.i4 > 0 OR a.id < 9", f" WHERE a.{shown[0]} IS NOT NULL", " WHERE b.id IS NULL OR b.id % 2 = 0", " ORDER BY a.id, b.i4 LIMIT 9"])
            if rng.random() < 0.25:  # a third table above what may be NULL
                third, of = rng.choice([(pairs[0], "a.id"), (pairs[1], "a.id"), (pairs[0], "b.i4"), (pairs[0], "b.id"), (pairs[0], "a.i4")])
                return (f"/* remote */ SELECT a.id, b.id AS bid, c.id AS cid, (b.{shown[1]})::text AS other, (c.{shown[0]})::text FROM {pairs[0]} a {join} {pairs[1]} b ON a.id = b.id "
                        f"{rng.choice(['JOIN', 'LEFT JOIN'])} {third} c ON c.id = {of}")
            if rng.random() < 0.3:
                return f"/* remote */ SELECT a.i4, count(*), count(b.id), sum(b.i8), max(b.__ord) FROM {table.replace('u_', 't_')} a {join} {table.replace('t_', 'u_')} b ON a.id = b.id{tail if 'ORDER' not in tail else ''} GROUP BY 1"
            return f"/* remote */ SELECT a.id, (a.{shown[0]})::text, b.id AS bid, (b.{shown[1]})::text AS other, b.ai FROM {pairs[0]} a {join} {pairs[1]} b ON a.id = b.id{tail if 'ORDER' not in tail else ' ORDER BY a.id, b.i4, b.ai LIMIT 9'}"
        on = pair("a").format("b")
        shape = rng.random()
        if shape < 0.5:
            join = rng.choice(["JOIN", "LEFT JOIN"])
            tail = rng.choice(["", "", " WHERE b.id IS NULL", " WHERE b.i4 > 0 OR a.i4 > 0", " WHERE b.id < 40", f" WHERE {some()}"])
            if rng.random() < 0.4:
                keys = [f"{rng.choice(['a.i4', 'a.i8', 'b.i4', 'b.tz', 'b.tx', 'a.bo', 'b.i4 + a.id', 'b.oi'])}{rng.choice(['', ' DESC'])}{rng.choice(['', ' NULLS FIRST', ' NULLS LAST'])}"] if rng.random() < 0.8 else []
                ords = ["a.__ord", "b.__ord"] if table[0] in "uw" else []  # a document has several rows
                tail += f" ORDER BY {', '.join(keys + ['a.id', 'b.id'] + ords)} LIMIT {rng.randrange(0, 15)} OFFSET {rng.randrange(0, 4)}"
            return f"/* remote */ SELECT a.id, b.id AS bid, (a.{shown[0]})::text, (b.{shown[1]})::text FROM {table} a {join} {table} b ON {on}{extra('b')}{tail}"
        if shape < 0.65:
            return f"/* remote */ SELECT a.id, (a.{shown[0]})::text FROM {table} a WHERE {some()} AND {rng.choice(['', 'NOT '])}EXISTS (SELECT FROM {table} b WHERE {on}{extra('b')})"
        if shape < 0.8:
            other = pair(rng.choice(["a", "b"])).format("c")
            return f"/* remote */ SELECT a.id, b.id AS bid, c.id AS cid, (c.{shown[1]})::text FROM {table} a {rng.choice(['JOIN', 'LEFT JOIN'])} {table} b ON {on} {rng.choice(['JOIN', 'LEFT JOIN'])} {table} c ON {other} WHERE {some()}"
        keys = rng.choice(["a.i4", "b.i4", "b.bo", "a.tx", "b.da"])
        return f"/* remote */ SELECT {keys}, count(*), count(b.i4), sum(a.i4), max(b.id) FROM {table} a {rng.choice(['JOIN', 'LEFT JOIN'])} {table} b ON {on}{extra('b')} GROUP BY 1{rng.choice(['', ' ORDER BY 2 DESC, 1 LIMIT 3', ' ORDER BY 1 DESC LIMIT 2 OFFSET 1'])}"

    def query(self, table, kind="any"):
        """(SQL with parameters, parameter types, parameter values, condition with the values in place, whether its errors must not be spared)"""
        rng = self.rng
        chance = lambda of, p: rng.random() < p if kind == "any" else kind in of
        if chance(("joins",), 0.16):
            return (self.join_query if rng.random() < 0.6 else self.remote_join_query)(table), [], [], "true", False
        single = rng.random() < 0.2
        condition = self.computed() if single else self.condition(rng.randrange(0, 6))
        if chance(("sorts", "groups"), 0.45):
            low = rng.randrange(1, 130)  # few documents that stand beside each other are of one type
            window = f"id BETWEEN {low} AND {low + rng.randrange(1, 14)}"
            simple = rng.choice([condition, condition, "true", window if table[0] != "w" else "true"])
            sorts = chance(("sorts",), 0.4)
            if not sorts and rng.random() < 0.3:
                return self.proved_query(table.replace(table[0], "n", 1)), [], [], "true", True
            sql = (self.sorted_query if sorts else self.grouped_query)(table, simple)
            return sql, [kind for kind, _ in self.parameters], [text for _, text in self.parameters], "true", simple == "true" and "LIMIT" not in sql  # below a LIMIT PostgreSQL's own plans stop early
        shape = rng.random()
        targets = ", ".join(["id"] + rng.sample([c for c in COLUMNS if c != "id"], 2))
        if shape < 0.75:
            sql = f"SELECT {targets} FROM {table} WHERE {condition}"
        elif shape < 0.88:
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {condition} LIMIT {rng.randrange(0, 9)} OFFSET {rng.randrange(0, 4)}) q"
        else:
            sql = f"SELECT count(*), min(id), max(id) FROM {table} WHERE {condition}"
        return sql, [kind for kind, _ in self.parameters], [text for _, text in self.parameters], inlined(condition, self.parameters), single and shape < 0.75 and not any(word in condition for word in ('AND', 'OR', 'CASE', 'coalesce'))


# The columns that a rule's arguments of a type may be, and literals of the type.
OF_TYPE = {"smallint": (["i2"], "int2"), "integer": (["i4"], "int4"), "bigint": (["i8"], "int8"), "real": (["f4"], "float4"), "double precision": (["f8"], "float8"), "numeric": (["nu", "np", "np"], "numeric"),
           "text": (["tx"], "text"), "name": (["nm"], "name"), "boolean": (["bo"], "bool"), "uuid": (["uu"], "uuid"), "timestamp with time zone": (["tz"], "timestamptz"),
           "timestamp without time zone": (["ts"], "timestamp"), "date": (["da"], "date"), "bytea": (["by"], "bytea"), "mongo.objectid": (["oi"], "mongo.objectid")}
UNITS = ["'minute'", "'hour'", "'day'", "'week'", "'month'", "'quarter'", "'year'", "'dow'", "'isodow'", "'doy'", "'isoyear'", "'second'", "'epoch'", "'century'"]
TIMES = ("date", "timestamp without time zone", "timestamp with time zone")
ZONES = ["'UTC'", "'Etc/GMT-2'", "'+05:30'", "interval '-03:00'", "'Europe/Berlin'"]
PARTS_OF_SPANS = ["'minute'", "'hour'", "'day'", "'second'", "'epoch'"]
SPANS = ["(ts - '2024-02-29 12:30:15.678001'::timestamp)", "('2024-03-01'::timestamptz - tz)", "(ts - tz::timestamp)"]
INTERVALS = ["interval '1 day'", "interval '-3 hours'", "interval '1.5 seconds'", "interval '1 month'"]


# What an operand beside a column is in a function, where most literals of the type would leave it to PostgreSQL.
BESIDE = {"numeric": ["0.5", "(-1.25)", "np", "3"], "integer": ["1", "2", "0", "i4"], "text": ["'a'", "'5'", "tx", "'abc'"]}


def sweep(database, times, seed):
    """Queries that apply each rule so many times: (query, condition, whether it is a condition)."""
    rng = random.Random(seed)
    rows = psql(database, r"""SELECT kind, sql_name, arguments, coalesce((SELECT oprname FROM pg_operator WHERE oprcode = (sql_name || '(' || arguments || ')')::regprocedure LIMIT 1), '')
        FROM mongo.pushdown_rules WHERE kind <> 'form' AND arguments NOT LIKE '%internal%' ORDER BY 1, 2, 3;""").splitlines()
    queries = []
    for row in rows:
        kind, name, arguments, operator = row.split("|", 3)
        types = [t for t in arguments.split(",") if t]
        dated = name in ("date_trunc", "date_part", '"extract"')
        zoned = name in ("timezone", '"timezone"')

        def argument(at, own):
            kind_of = types[at]
            if zoned and at == 0 or dated and at == 2:
                return rng.choice([zone for zone in ZONES if ("interval" in zone) == (kind_of == "interval")])
            if kind_of == "interval":
                return rng.choice(SPANS if at == own and (dated or kind == "comparison") else INTERVALS)
            if kind_of == '"any"':
                return "tx, i4" if kind == "function" else rng.choice(list(COLUMNS))
            if kind_of in ("anyarray", "anycompatiblearray"):
                return rng.choice(list(ARRAYS))
            if dated and at == 0:
                return rng.choice(PARTS_OF_SPANS if "interval" in types else [u for u in UNITS if "date" not in types or u not in ("'minute'", "'hour'", "'second'")])
            if kind == "function" and at != own and kind_of in BESIDE:
                return "1" if "anyarray" in types else rng.choice(BESIDE[kind_of]) if kind_of != "integer" or types[0] == "integer" else rng.choice(BESIDE[kind_of][:3])
            if kind_of == "boolean" and at != own:
                return "(id > 30)"  # a constant would not stay a comparison
            return rng.choice(OF_TYPE[kind_of][0]) if at == own or rng.random() < 0.15 else rng.choice(LITERALS[OF_TYPE[kind_of][1]])

        # Some apply less often: PostgreSQL folds constants of several types, and sorts for an extreme alone.
        seldom = any(word in name for word in ("like", "regex", "min", "max", "bool_", "every")) or len(set(types)) > 1 and types[0] in TIMES and types[1] in TIMES or name.strip('"') == "timestamptz"
        for _ in range(times * 4 if seldom else times):
            own = 1 if dated or zoned else 0 if kind == "function" and types[0] != "interval" else rng.randrange(len(types)) if types else 0
            values = [argument(at, own) for at in range(len(types))]
            if kind == "aggregate":
                alone = rng.choice(["", ", count(*)"])  # min and max alone may become a sort with LIMIT 1
                queries.append((f"SELECT {name}({', '.join(values) if types else '*'}) IS NULL{alone} FROM {{table}} WHERE {{condition}}", "id < 1000", False))
            elif operator and len(values) == 2:
                value = f"({values[0]}) {operator} ({values[1]})"
                queries.append(("SELECT id FROM {table} WHERE {condition}", value if kind == "comparison" else f"({value}) IS NOT NULL", True))
            elif operator:
                queries.append(("SELECT id FROM {table} WHERE {condition}", f"({operator} ({values[0]})) IS NOT NULL", True))
            elif name == '"numeric"' and len(types) == 2:
                queries.append(("SELECT id FROM {table} WHERE {condition}", f"(np)::numeric({rng.choice(['6,1', '12,0', '4,3'])}) IS NOT NULL", True))
            elif kind == "function":
                queries.append(("SELECT id FROM {table} WHERE {condition}", f"{name}({', '.join(values)}) IS NOT NULL", True))
            elif kind == "comparison":
                queries.append(("SELECT id FROM {table} WHERE {condition}", f"{name}({', '.join(values)})", True))
    return queries


# What becomes of a condition of conditions.txt, which hold what a user may write, beside what the generator composes.
SHAPES = ["SELECT id FROM {table} WHERE {condition}", "SELECT id FROM {table} WHERE NOT ({condition})", "SELECT ({condition}) AS g, count(*), min(id) FROM {table} WHERE id < 44 GROUP BY 1", "SELECT count(*), max(id) FROM {table} WHERE {condition}",
          "SELECT id FROM {table} WHERE ({condition}) IS NULL AND id > 3 ORDER BY id LIMIT 6 /* in order */", "SELECT id FROM {table} ORDER BY ({condition}) DESC NULLS LAST, id LIMIT 5 /* in order */",
          "SELECT count(*) FILTER (WHERE {condition}), sum(id) FILTER (WHERE NOT ({condition})) FROM {table} WHERE id < 44"]


def catalogue(times, seed):
    rng = random.Random(seed)
    conditions = (pathlib.Path(__file__).parent / "conditions.txt").read_text(encoding="utf-8").splitlines()
    shapes = [(condition, rng.choice(SHAPES)) for _ in range(times) for condition in conditions]
    return [(shape, condition, shape == SHAPES[0]) for condition, shape in shapes]


HARNESS = r"""
SET client_min_messages = warning;
SET enable_partitionwise_aggregate = on;
SET enable_partitionwise_join = on;
CREATE FUNCTION prefer_remote(remote boolean) RETURNS void LANGUAGE sql AS $f$
    SELECT set_config(name, (NOT remote)::text, true) FROM unnest(ARRAY['enable_hashjoin', 'enable_mergejoin', 'enable_nestloop', 'mongo_fdw_cpp.enable_key_joins']) name
$f$;
-- The rows of a query as one text, or its error.
CREATE FUNCTION outcome(query text, types text, arguments text, pushdown boolean, plan text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE result text;
BEGIN
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', pushdown::text, true), set_config('plan_cache_mode', 'force_' || plan || '_plan', true);
    PERFORM prefer_remote(pushdown AND query LIKE '/* remote */%');
    EXECUTE 'PREPARE tried ' || types || ' AS SELECT coalesce(string_agg(r::text, E''\n''' || CASE WHEN query LIKE '%/* in order */' THEN '' ELSE ' ORDER BY r::text' END || '), ''(none)'') FROM (' || query || ') r';
    EXECUTE 'EXECUTE tried ' || arguments INTO result;
    EXECUTE 'DEALLOCATE tried';
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    -- The prepared statement outlives the rolled-back block.
    IF EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'tried') THEN EXECUTE 'DEALLOCATE tried'; END IF;
    RETURN 'ERROR ' || SQLSTATE || ' ' || SQLERRM;
END $f$;
CREATE FUNCTION pipeline_of(query text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE line text; result text := '';
BEGIN
    PERFORM prefer_remote(query LIKE '/* remote */%');
    PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', true);
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        IF line ~ '(Filter|Pipeline|Local Conditions):|MongoKeyJoin' THEN result := result || trim(line) || E'\n'; END IF;
    END LOOP;
    RETURN result;
EXCEPTION WHEN data_exception OR feature_not_supported THEN RETURN ''; -- constants are folded while the query is planned
END $f$;
-- The lines of one answer that the other has not.
CREATE FUNCTION rows_of(one text, other text) RETURNS text LANGUAGE sql AS $f$
    SELECT left(coalesce(string_agg(line, ' '), '(none)'), 400) FROM (SELECT unnest(string_to_array(one, E'\n')) AS line EXCEPT ALL SELECT unnest(string_to_array(other, E'\n'))) l
$f$;
CREATE TABLE tries (id int, seed bigint, policy text, own_error boolean, query text, types text, arguments text, inlined text, tbl text);
CREATE TABLE failures (id int, kind text, left_side text, right_side text);
CREATE TABLE spared (sqlstate text);
CREATE TABLE plans (sent boolean, checked_here boolean, kind text);
CREATE PROCEDURE run_tries() LANGUAGE plpgsql AS $p$
DECLARE t tries; part regclass; plain text; pushed text; plan text; parts bigint[]; total bigint; counted bigint; local_count bigint;
BEGIN
    FOR t IN SELECT * FROM tries ORDER BY id LOOP
        PERFORM set_config('timezone', (ARRAY['UTC', 'UTC', '-05:30', 'Asia/Kolkata', 'Europe/Vienna'])[1 + t.id / 7 % 5], false);
        -- Mostly what the server may do it does, however few documents there are.
        PERFORM set_config('cpu_tuple_cost', CASE WHEN t.id % 4 = 0 THEN '0.01' ELSE '0' END, false);
        IF t.inlined = 'true' THEN -- what a session has learned of a table's groups is forgotten: first as stored, then with guards
            FOR part IN SELECT relid FROM pg_partition_tree(t.tbl::regclass) WHERE isleaf UNION SELECT t.tbl::regclass WHERE t.tbl NOT LIKE 'p%' LOOP
                EXECUTE format('ALTER FOREIGN TABLE %s OPTIONS (SET fetch_size ''1000'')', part);
            END LOOP;
        END IF;
        plain := outcome(t.query, t.types, t.arguments, false, 'custom');
        IF plain ~ '^ERROR (?!2)' AND plain NOT LIKE 'ERROR 0A000 cannot convert%' THEN
            INSERT INTO failures VALUES (t.id, 'no such query', plain, '');
            CONTINUE;
        END IF;
        FOREACH plan IN ARRAY ARRAY['custom', 'generic'] LOOP
            pushed := outcome(t.query, t.types, t.arguments, true, plan);
            IF pushed = plain THEN CONTINUE; END IF;
            plain := outcome(t.query, t.types, t.arguments, false, plan); -- a constant may decide a custom plan alone
            IF pushed = plain THEN CONTINUE; END IF;
            IF plain ~ '^ERROR (22|0A000 cannot convert)' AND pushed NOT LIKE 'ERROR%' AND (NOT t.own_error OR (t.policy = 'error' AND plain LIKE '%does not fit%')) THEN
                INSERT INTO spared VALUES (substr(plain, 7, 5));
            ELSIF plain ~ '^ERROR (22|0A000 cannot convert)' AND pushed ~ '^ERROR (22|0A000 cannot convert)' THEN
                NULL; -- another row's error came first
            ELSE
                INSERT INTO failures VALUES (t.id, plan || ' plan', plain, pushed);
            END IF;
        END LOOP;
        IF t.inlined = 'true' THEN
            IF t.types = '' THEN
                pushed := pipeline_of(t.query);
                INSERT INTO plans VALUES (pushed ~ '[$](sort|group|lookup)|MongoKeyJoin' OR (t.query LIKE '/* remote */%' AND pushed NOT LIKE '%Pipeline%Pipeline%'), false, CASE WHEN t.query LIKE '/* remote */%' THEN 'remote joins' WHEN t.query ~ ' JOIN | l[ .]|FROM l$' THEN 'joins' WHEN t.query LIKE '%ORDER BY%' THEN 'sorts' ELSE 'groups' END);
            END IF;
            CONTINUE;
        END IF;
        pushed := pipeline_of('SELECT id FROM ' || t.tbl || ' WHERE ' || t.inlined);
        INSERT INTO plans VALUES (pushed LIKE '%$match%', pushed LIKE '%Filter:%', 'conditions');
        IF t.policy = 'error' OR plain LIKE 'ERROR%' THEN CONTINUE; END IF;
        BEGIN
        PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'on', false), set_config('plan_cache_mode', 'auto', false);
        EXECUTE format('SELECT count(*) FROM %s', t.tbl) INTO total;
        EXECUTE format('SELECT ARRAY[(SELECT count(*) FROM %1$s WHERE %2$s), (SELECT count(*) FROM %1$s WHERE NOT (%2$s)), (SELECT count(*) FROM %1$s WHERE (%2$s) IS NULL)]', t.tbl, t.inlined) INTO parts;
        IF (SELECT sum(p) FROM unnest(parts) p) <> total THEN
            INSERT INTO failures VALUES (t.id, 'p, NOT p, p IS NULL', parts::text, total::text);
        END IF;
        PERFORM set_config('mongo_fdw_cpp.enable_pushdown', 'off', false);
        EXECUTE format('SELECT count(*) FILTER (WHERE p) FROM (SELECT (%2$s) AS p FROM %1$s OFFSET 0) q', t.tbl, t.inlined) INTO local_count;
        IF local_count <> parts[1] THEN
            INSERT INTO failures VALUES (t.id, 'count under p', local_count::text, parts[1]::text);
        END IF;
        EXCEPTION WHEN data_exception OR feature_not_supported THEN
            IF SQLERRM LIKE '%MongoDB%' THEN RAISE; END IF; -- an expression that fails for some rows
        END;
        IF t.id % 100 = 0 THEN COMMIT; END IF;
    END LOOP;
END $p$;
"""


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def psql(database, script):
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=script, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[:3000])
    return done.stdout


def fresh_database(name, uri):
    """A database with the extension and server m."""
    psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE);")
    psql("postgres", f"CREATE DATABASE {name};")
    psql(name, f"CREATE EXTENSION mongo_fdw_cpp; CREATE SERVER m FOREIGN DATA WRAPPER mongo_fdw_cpp OPTIONS (uri {literal(uri)}); CREATE USER MAPPING FOR CURRENT_USER SERVER m;")


def every_column():
    return [(column, kind) for column, (_, kind) in {**COLUMNS, **ARRAYS, **{name: (None, kind) for name, kind in JSONS.items()}}.items()]


def definitions():
    """The columns of a foreign table over the traps."""
    return ", ".join(f'"{column}" {kind}' for column, kind in every_column())


def main():
    engine, uri = sys.argv[1:3]
    queries = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 20261124
    kind = sys.argv[5] if len(sys.argv) > 5 else "any"
    name = f"differential_{engine}"
    fresh_database(name, uri)
    script = [HARNESS]
    for policy in ("error", "null", "collect"):
        script.append(f"CREATE FOREIGN TABLE t_{policy} ({definitions()}, __errors jsonb) SERVER m OPTIONS (database '{FIXTURES}', collection 'traps', fetch_size '1000', fdw_tuple_cost '10', on_conversion_error '{policy}');")
        script.append(f"CREATE FOREIGN TABLE n_{policy} ({definitions()}, __errors jsonb) SERVER m OPTIONS (database '{FIXTURES}_more', collection '{NEAR[policy]}', fetch_size '1000', fdw_tuple_cost '10', on_conversion_error '{policy}');")
        plain = ", ".join(f'"{column}" {kind.partition(" OPTIONS")[0]}{" COLLATE " + chr(34) + "C" + chr(34) if "COLLATE" in kind else ""}' for column, kind in every_column())
        script.append(f"CREATE TABLE p_{policy} ({plain}, __errors jsonb) PARTITION BY RANGE (id);")
        for part, low, high, stage in ((1, "MINVALUE", "50", "$lt"), (2, "50", "MAXVALUE", "$gte")):
            script.append(f"CREATE FOREIGN TABLE p_{policy}_{part} ({definitions()}, __errors jsonb) SERVER m OPTIONS (database '{FIXTURES}_more', collection 'near', pipeline '[{{\"$match\": {{\"_id\": {{\"{stage}\": 50}}}}}}]', fetch_size '1000', fdw_tuple_cost '10', on_conversion_error '{policy}');"
                          f"ALTER TABLE p_{policy} ATTACH PARTITION p_{policy}_{part} FOR VALUES FROM ({low}) TO ({high});")
        script.append(f"CREATE FOREIGN TABLE w_{policy} ({definitions()}, __ord int, __errors jsonb) SERVER m OPTIONS (database '{FIXTURES}_more', collection '{NEAR[policy]}', unwind 'a', array_from_scalar 'true', fetch_size '1000', fdw_tuple_cost '10', on_conversion_error '{policy}');")
        script.append(f"CREATE FOREIGN TABLE u_{policy} ({definitions()}, __ord int, __errors jsonb) SERVER m OPTIONS (database '{FIXTURES}', collection 'traps', unwind 'a', fetch_size '1000', fdw_tuple_cost '10', on_conversion_error '{policy}');")
    kinds = list(LITERALS)
    keys = [f"({n}, " + ", ".join(f"{LITERALS[kind][n % len(LITERALS[kind])]}" if n < 20 else "NULL" for kind in kinds) + ")" for n in range(21)]
    script.append(f"CREATE TABLE l (n int, {', '.join('k_' + kind.replace('mongo.', '') + ' ' + kind for kind in kinds)}); INSERT INTO l VALUES {', '.join(keys)}; ANALYZE l;")
    rows = []
    times = queries if kind in ("rules", "catalogue") else 1 + queries // 1000  # each rule a few times more than chance does
    queries = 0 if kind in ("rules", "catalogue") else queries
    for number in range(queries):
        seed = first + number
        policy = ("null", "collect", "null", "error")[number % 4]
        table = f"{'ttttttttttnnnnppuuww'[number // 4 % 20]}_{policy}"  # the traps, values near to one another (also in partitions), elements of both
        sql, types, values, inlined, own = Generator(seed).query(table, kind)
        rows.append(f"({number}, {seed}, '{policy}', {own}, {literal(sql)}, {literal('(' + ', '.join(types) + ')' if types else '')}, "
                    f"{literal('(' + ', '.join(values) + ')' if values else '')}, {literal(inlined)}, '{table}')")
    for number, (query, condition, plain) in enumerate((sweep(name, times, first) if kind in ("any", "rules") else []) + (catalogue(times, first) if kind in ("any", "catalogue") else []), start=queries):
        policy = ("null", "collect", "null", "error")[number % 4]
        table = f"{'ttn'[number // 4 % 3]}_{policy}"
        sql = query.format(table=table, condition=condition)
        rows.append(f"({number}, {first}, '{policy}', false, {literal(sql)}, '', '', {literal(condition if plain else 'true')}, '{table}')")
    queries = len(rows)
    for start in range(0, len(rows), 500):
        script.append("INSERT INTO tries VALUES " + ",\n".join(rows[start:start + 500]) + ";")
    script.append("CALL run_tries();")
    # The rules that plans of that session have applied, and those that few have.
    script.append("\\pset tuples_only on\n\\pset format unaligned\nSELECT '# fewer than 50: ' || count(*) || ' rules' || coalesce(': ' || string_agg(sql_name || '(' || arguments || ') ' || uses, ', '), '') FROM mongo.pushdown_rules WHERE uses < 50 AND kind <> 'form'; -- forms stand in the generated queries\nSELECT '# rules by how often plans have applied them: ' || count(*) FILTER (WHERE uses >= 50) || ' of ' || count(*) || ' 50 times or more, ' || "
                  "count(*) FILTER (WHERE uses = 0) || ' never' || coalesce(': ' || string_agg(sql_name || '(' || arguments || ')', ', ') FILTER (WHERE uses = 0), '') FROM mongo.pushdown_rules WHERE uses IS NOT NULL;")
    coverage = [line for line in psql(name, "\n".join(script)).split("\n") if line.startswith("# ")]
    rare = coverage.pop(0)
    for of, words, answer, why in DEVIATIONS:
        if of in ("any", engine):
            count = psql(name, f"WITH gone AS (DELETE FROM failures f USING tries t WHERE t.id = f.id AND t.query ~ '{words}' AND (f.right_side ~ '{answer}' OR '{answer}' LIKE '^ERROR%' AND f.left_side ~ '{answer}') RETURNING f.id) SELECT count(DISTINCT id) FROM gone;").strip()
            if count != "0":
                print(f"# {count} known differences: {why}")
    failed = int(psql(name, "SELECT count(DISTINCT id) FROM failures;"))
    print(f"# engine {engine}: {queries} queries from seed {first}, each unpushed, custom and generic; {psql(name, 'SELECT count(*) FROM spared;').strip()} errors spared by removed rows: "
          + psql(name, "SELECT coalesce(string_agg(sqlstate || ' ' || n, ', '), 'none') FROM (SELECT sqlstate, count(*) n FROM spared GROUP BY 1 ORDER BY 1) s;").strip())
    print("# " + psql(name, "SELECT count(*) FILTER (WHERE sent AND NOT checked_here) || ' conditions sent exactly, ' || count(*) FILTER (WHERE sent AND checked_here) || ' sent and checked again, ' || count(*) FILTER (WHERE NOT sent) || ' local' FROM plans WHERE kind = 'conditions';").strip()
          + psql(name, "SELECT coalesce(string_agg('; ' || n || ' of ' || total || ' ' || kind || ' sent', ''), '') FROM (SELECT kind, count(*) FILTER (WHERE sent) AS n, count(*) AS total FROM plans WHERE kind <> 'conditions' GROUP BY 1 ORDER BY 1) k;").strip())
    print("\n".join(coverage))
    if kind == "rules" and not rare.startswith("# fewer than 50: 0 "):
        print(f"{rare}\nnot ok 1 - not every rule was applied 50 times")
        sys.exit(1)
    if failed:
        report = psql(name, r"""SELECT format(E'# seed %s, %s\n#   query: %s\n#   values: %s\n#   here alone: %s\n#   there alone: %s\n#   %s', t.seed, f.kind, t.query, t.arguments,
            rows_of(f.left_side, f.right_side), rows_of(f.right_side, f.left_side), replace(left(pipeline_of(CASE WHEN t.inlined = 'true' AND t.types = '' THEN t.query ELSE 'SELECT id FROM ' || t.tbl || ' WHERE ' || t.inlined END), 1500), E'\n', E'\n#   '))
            FROM failures f JOIN tries t USING (id) ORDER BY t.id LIMIT 12;""")
        print(report)
    print(f"{'ok' if not failed else 'not ok'} 1 - {queries} queries, {failed} differ")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
