"""PostgreSQL's functions against recorded answers of a real MongoDB server.

usage: run.py FOLDER (with expressions.ndjson, filters.ndjson, accumulators.ndjson)

A rule of push-down says that an operator of MongoDB computes what a function of PostgreSQL does, for the operands that it
lets through (src/mql/expression.cpp leaves the others to PostgreSQL). For every recorded case whose operands a rule lets
through, PostgreSQL computes the answer, and it must be the recorded one. Prints, rule by rule, cases used and passed; psql
connects as the environment says. Operands that a rule does not let through are not used, whatever their answer.
"""
import collections
import decimal
import json
import math
import re
import subprocess
import sys

LARGE, EXACT = 2**62, 2**52
FIRST_YEAR, LAST_YEAR = -62135596800000 + 86400000, 253402300800000 - 86400000  # in_common_years


class Value:
    """A BSON value of a type that push-down knows, or kind None."""

    def __init__(self, json_value):
        self.kind, self.value = None, None
        if json_value is None:
            self.kind = "null"
        elif isinstance(json_value, bool):
            self.kind, self.value = "bool", json_value
        elif isinstance(json_value, str):
            self.kind, self.value = "text", json_value
        elif isinstance(json_value, dict) and len(json_value) == 1:
            (key, inner), = json_value.items()
            if key in ("$numberInt", "$numberLong"):
                self.kind, self.value = "int", int(inner)
            elif key == "$numberDouble":
                self.kind, self.value = "float", float(inner)
            elif key == "$numberDecimal":
                self.kind, self.value = "numeric", decimal.Decimal(inner)
            elif key == "$date" and isinstance(inner, dict):
                self.kind, self.value = "date", int(inner["$numberLong"])
            elif key == "$oid":
                self.kind, self.value = "oid", inner

    def sql(self):
        if self.kind == "null":
            return "NULL"
        if self.kind == "bool":
            return str(self.value).lower()
        if self.kind == "text":
            return "'" + self.value.replace("'", "''") + "'::text COLLATE \"C\""
        if self.kind == "int":
            return f"({self.value})::int8"
        if self.kind == "float":
            return f"'{self.value!r}'::float8"
        if self.kind == "numeric":
            return f"'{self.value}'::numeric"
        if self.kind == "date":
            return f"(timestamptz 'epoch' + {self.value} * interval '1 millisecond')"
        return f"'{self.value}'"


def known(values, *kinds):
    return len(values) == len(kinds) and all(v.kind == k for v, k in zip(values, kinds))


def below(limit, *values):
    return all(-limit < v.value < limit for v in values)


def clean(*values):
    return all("\0" not in v.value for v in values)


def common(value):
    return FIRST_YEAR < value.value < LAST_YEAR


def arithmetic(sign, limit):
    def integers(a):
        return f"{a[0].sql()} {sign} {a[1].sql()}" if known(a, "int", "int") and below(limit, *a) else None

    def floats(a):
        if not known(a, "float", "float") or not all(math.isfinite(v.value) for v in a):
            return None
        result = {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y}[sign](a[0].value, a[1].value)
        return f"{a[0].sql()} {sign} {a[1].sql()}" if math.isfinite(result) and (sign != "*" or result != 0) else None
    return [integers, floats]


def numerics(sign):
    """Numerics whose digits are known to fit a Decimal128, and their results too (src/plan/digits.cpp)."""
    def rule(a):
        if len(a) != 2 or {v.kind for v in a} not in ({"numeric"}, {"int", "numeric"}) or any(v.kind == "numeric" and not v.value.is_finite() for v in a):
            return None
        whole, behind = zip(*(digits(v) for v in a))
        total = sum(whole) + sum(behind) if sign == "*" else max(whole) + max(behind) + 1
        return f"{a[0].sql()} {sign} {a[1].sql()}" if total <= 34 else None
    return rule


def digits(v):
    """Digits before and behind the point."""
    number = decimal.Decimal(v.value)
    return max(number.adjusted() + 1, 1), max(-number.as_tuple().exponent, 0)


def of_numeric(name):
    return lambda a: f"{name}({a[0].sql()})" if known(a, "numeric") and a[0].value.is_finite() and sum(digits(a[0])) <= 34 else None


def truncated(a):
    if known(a, "numeric", "int") and a[0].value.is_finite() and sum(digits(a[0])) <= 34 and 0 <= a[1].value <= 20:
        return f"trunc({a[0].sql()}, ({a[1].value})::int4)"
    return None


def divide(a):
    if known(a, "int", "int") and a[1].value != 0 and below(EXACT, *a):
        return f"trunc(({a[0].value})::float8 / ({a[1].value})::float8), ({a[0].sql()} / {a[1].sql()})"
    if known(a, "float", "float") and a[1].value != 0 and all(math.isfinite(v.value) for v in a) and a[0].value / a[1].value != 0:
        return f"{a[0].sql()} / {a[1].sql()}"
    return None


def modulo(a):
    return f"{a[0].sql()} % {a[1].sql()}" if known(a, "int", "int") and a[1].value != 0 and below(EXACT, *a) else None


def of_float(name):
    return lambda a: f"{name}({a[0].sql()})" if known(a, "float") and below(EXACT, a[0]) else None


def absolute(a):
    if known(a, "int") and a[0].value > -2**63 or known(a, "float"):
        return f"abs({a[0].sql()})"
    return None


def square_root(a):
    return f"sqrt({a[0].sql()})" if known(a, "float") and not a[0].value < 0 else None


def text(template, count=1):
    def rule(a):
        return template.format(*(v.sql() for v in a)) if known(a, *["text"] * count) and clean(*a) else None
    return rule


def position(a):  # the rule adds 1
    return f"strpos({a[0].sql()}, {a[1].sql()}) - 1" if known(a, "text", "text") and clean(*a) else None


def part(name, shift=""):
    return lambda a: f"extract({name} FROM {a[0].sql()}){shift}" if known(a, "date") and common(a[0]) else None


def comparison(sign):
    def rule(a):
        numbers = len(a) == 2 and all(v.kind in ("int", "numeric") for v in a)
        if numbers and not any(v.kind == "numeric" and v.value.is_nan() for v in a):
            return f"{a[0].sql()}::numeric {sign} {a[1].sql()}::numeric"
        same = any(known(a, k, k) for k in ("text", "bool", "date", "float"))
        if same and not any(v.kind == "float" and math.isnan(v.value) for v in a) and not any(v.kind == "text" and "\0" in v.value for v in a):
            return f"{a[0].sql()} {sign} {a[1].sql()}"
        return None
    return rule


def logic(word):
    return lambda a: f" {word} ".join(v.sql() for v in a) if a and all(v.kind == "bool" for v in a) else None


def if_null(a):
    kinds = {v.kind for v in a} - {"null"}
    return f"coalesce({', '.join(v.sql() for v in a)})" if len(a) == 2 and len(kinds) == 1 and None not in kinds and kinds != {"oid"} and not any(v.kind == "text" and "\0" in v.value for v in a) else None


def extreme(name):
    def rule(a):
        kinds = {v.kind for v in a} - {"null"}
        return f"{name}({', '.join(v.sql() for v in a)})" if len(a) > 1 and kinds in ({"int"}, {"text"}, {"date"}) and not any(v.kind == "text" and "\0" in v.value for v in a) else None
    return rule


def to_int(a):  # of a float that $round made integral
    if known(a, "float") and below(EXACT, a[0]) and a[0].value == int(a[0].value):
        return f"{a[0].sql()}::int8"
    return a[0].sql() if known(a, "int") else None


def to_float(a):
    return f"{a[0].sql()}::float8" if known(a, "int") else None


def to_numeric(a):
    if known(a, "int"):
        return f"{a[0].sql()}::numeric"
    return None


def to_text(a):
    return f"({a[0].value})::int8::text" if known(a, "int") else None


def parsed(kind, pattern):
    return lambda a: f"{a[0].sql()}::{kind}" if known(a, "text") and re.fullmatch(pattern, a[0].value) else None


WHOLE, FRACTION = "(0|-?[1-9][0-9]{0,17})", "-?(0|[1-9][0-9]{0,14})([.][0-9]{1,15})?"


def numeric_to_int(a):  # of a numeric that $trunc made integral
    return f"{a[0].sql()}::int8" if known(a, "numeric") and a[0].value.is_finite() and below(LARGE, a[0]) and a[0].value == int(a[0].value) else None


def numeric_to_float(a):
    return f"{a[0].sql()}::float8" if known(a, "numeric") and a[0].value.is_finite() and decimal.Decimal("1E-300") <= abs(a[0].value) <= decimal.Decimal("1E300") else None


def bool_to_text(a):
    return f"{a[0].sql()}::text" if known(a, "bool") else None


def moved(sign):
    def rule(a):
        if known(a, "date", "int") and abs(a[1].value) < LAST_YEAR and common(a[0]) and FIRST_YEAR < a[0].value + (a[1].value if sign == "+" else -a[1].value) < LAST_YEAR:
            return f"{a[0].sql()} {sign} {a[1].value} * interval '1 millisecond'"
        return None
    return rule


def condition(a):
    if len(a) == 3 and a[0].kind == "bool" and a[1].kind == a[2].kind and a[1].kind in ("int", "text"):
        return f"CASE WHEN {a[0].sql()} THEN {a[1].sql()} ELSE {a[2].sql()} END"
    return None


RULES = {
    "add": [("+", r) for r in arithmetic("+", LARGE)] + [("timestamp + interval", moved("+")), ("numeric +", numerics("+"))],
    "subtract": [("-", r) for r in arithmetic("-", LARGE)] + [("timestamp - interval", moved("-")), ("numeric -", numerics("-"))],
    "multiply": [("*", r) for r in arithmetic("*", 2**31)] + [("numeric *", numerics("*"))], "divide": [("/", divide)], "mod": [("%", modulo)], "abs": [("abs", absolute), ("abs(numeric)", of_numeric("abs"))],
    "ceil": [("ceil(float8)", of_float("ceil")), ("ceil(numeric)", of_numeric("ceil"))], "floor": [("floor(float8)", of_float("floor")), ("floor(numeric)", of_numeric("floor"))], "round": [("round(float8)", of_float("round"))], "trunc": [("trunc(float8)", of_float("trunc")), ("trunc(numeric)", of_numeric("trunc")), ("trunc(numeric, digits)", truncated)],
    "sqrt": [("sqrt(float8)", square_root)], "toInt": [("to integer", to_int)], "toLong": [("to bigint", to_int), ("numeric to bigint", numeric_to_int), ("text to bigint", parsed("int8", WHOLE))],
    "toDouble": [("to float8", to_float), ("numeric to float8", numeric_to_float), ("text to float8", parsed("float8", FRACTION))],
    "toDecimal": [("to numeric", to_numeric), ("text to numeric", parsed("numeric", FRACTION))],
    "toString": [("integer to text", to_text), ("boolean to text", bool_to_text)],
    "strLenCP": [("length", text("length({})"))], "strLenBytes": [("octet_length", text("octet_length({})"))], "toLower": [("lower", text("lower({})"))], "toUpper": [("upper", text("upper({})"))],
    "concat": [("||", text("({} || {})", 2))], "indexOfCP": [("strpos", position)],
    "year": [("extract year", part("year"))], "month": [("extract month", part("month"))], "dayOfMonth": [("extract day", part("day"))], "hour": [("extract hour", part("hour"))],
    "minute": [("extract minute", part("minute"))], "dayOfWeek": [("extract dow", part("dow", " + 1"))], "isoDayOfWeek": [("extract isodow", part("isodow"))], "isoWeek": [("extract week", part("week"))],
    "dayOfYear": [("extract doy", part("doy"))], "isoWeekYear": [("extract isoyear", part("isoyear"))], "millisecond": [("extract milliseconds", part("milliseconds", " % 1000"))],
    "second": [("extract second", lambda a: f"floor(extract(second FROM {a[0].sql()}))" if known(a, "date") and common(a[0]) else None)],
    "eq": [("=", comparison("="))], "ne": [("<>", comparison("<>"))], "lt": [("<", comparison("<"))], "lte": [("<=", comparison("<="))], "gt": [(">", comparison(">"))], "gte": [(">=", comparison(">="))],
    "and": [("AND", logic("AND"))], "or": [("OR", logic("OR"))], "not": [("NOT", lambda a: f"NOT {a[0].sql()}" if known(a, "bool") else None)], "ifNull": [("COALESCE", if_null)],
    "max": [("GREATEST", extreme("greatest"))], "min": [("LEAST", extreme("least"))], "cond": [("CASE", condition)],
}
# operators whose operands have names: expression -> operands in order, as the rule sends them
NAMED = {
    "trim": ("btrim", ("input", "chars"), "btrim({}, {})"), "ltrim": ("ltrim", ("input", "chars"), "ltrim({}, {})"), "rtrim": ("rtrim", ("input", "chars"), "rtrim({}, {})"),
    "replaceAll": ("replace", ("input", "find", "replacement"), "replace({}, {}, {})"),
}


def resolved(operand, document):
    if isinstance(operand, str) and operand.startswith("$"):
        name = operand[1:]
        return Value((document or {}).get(name)) if "." not in name and name in (document or {}) else Value({})
    if isinstance(operand, dict) and list(operand) == ["$literal"]:
        operand = operand["$literal"]
    return Value(operand)


def expression_cases(folder):
    """(rule, SQL, expected)"""
    for line in open(f"{folder}/expressions.ndjson"):
        case = json.loads(line)
        if "expected" not in case or not isinstance(case["expression"], dict) or len(case["expression"]) != 1:
            continue
        (name, operands), = case["expression"].items()
        document = case.get("doc")
        if name[1:] in NAMED and isinstance(operands, dict) and set(operands) == set(NAMED[name[1:]][1]):
            rule, names, template = NAMED[name[1:]]
            values = [resolved(operands[n], document) for n in names]
            if all(v.kind == "text" for v in values) and is_answer(values, Value(case["expected"])) and clean(*values) and not (rule == "replace" and values[1].value == ""):
                yield rule, template.format(*(v.sql() for v in values)), Value(case["expected"])
            continue
        if name == "$substrCP" and isinstance(operands, list) and len(operands) == 3:
            a = [resolved(o, document) for o in operands]
            if known(a, "text", "int", "int") and a[1].value >= 0 and a[2].value > 0 and clean(a[0]):
                yield "substr", f"substr({a[0].sql()}, ({a[1].value + 1})::int4, ({a[2].value})::int4)", Value(case["expected"])
            continue
        if name == "$dateFromParts" and isinstance(operands, dict) and set(operands) in ({"year"}, {"year", "month"}):
            a = [resolved(operands[n], document) for n in sorted(operands, reverse=True)]
            if all(v.kind == "int" for v in a) and 1 < a[0].value < 9999 and (len(a) == 1 or 1 <= a[1].value <= 12):
                yield "date_trunc month, year", f"make_timestamptz({a[0].value}, {a[1].value if len(a) > 1 else 1}, 1, 0, 0, 0, 'UTC')", Value(case["expected"])
            continue
        if not isinstance(operands, list):
            operands = [operands]
        values = [resolved(o, document) for o in operands]
        if any(v.kind is None for v in values) or not is_answer(values, Value(case["expected"])) or name == "$round" and len(values) > 1 or name == "$trunc" and len(values) > 1 and not known(values, "numeric", "int"):
            continue
        for rule, render in RULES.get(name[1:], []):
            sql = render(values)
            if sql:
                yield rule, sql, Value(case["expected"])
                break


def is_answer(values, expected):
    """Some lines record the type of the answer, or the place of another one: other lines of the same expression show it."""
    if expected.kind == "null":
        return any(v.kind == "null" for v in values)
    type_name = expected.value in ("bool", "string", "int", "long", "double", "decimal", "date", "null")
    return not (expected.kind == "text" and type_name and not any(v.value == expected.value for v in values))


def filter_cases(folder):
    signs = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
    for line in open(f"{folder}/filters.ndjson"):
        case = json.loads(line)
        condition = case["filter"]
        if "expected" not in case or len(condition) != 1 or "limit" in case or "projection" in case:
            continue
        (path, inner), = condition.items()
        if "." in path or path.startswith("$"):
            continue
        tests = inner if isinstance(inner, dict) and inner and all(k in signs for k in inner) else None
        if not tests:
            continue
        returned = {json.dumps(d.get("_id")) for d in case["expected"]}
        for document in case["docs"]:
            if "_id" not in document:
                continue
            value = Value(document.get(path))
            constants = [Value(c) for c in tests.values()]
            numbers = ("int", "float", "numeric")
            special = [v for v in [value] + constants if v.kind in ("float", "numeric") and (v.value.is_nan() if v.kind == "numeric" else not math.isfinite(v.value))]
            if value.kind in (None, "null", "oid") or special or any(c.kind in (None, "null", "oid") for c in constants) or any(v.kind == "text" and "\0" in v.value for v in [value] + constants):
                continue
            if any(v.kind == "float" and v.value != int(v.value) for v in [value] + constants):
                continue  # a fraction compares by its binary value there: the rule sends two bounds
            expected = Value(json.dumps(document["_id"]) in returned)
            parts = []
            for sign, constant in zip(tests, constants):
                if value.kind == constant.kind:
                    parts.append(f"{value.sql()} {signs[sign]} {constant.sql()}")
                elif value.kind in numbers and constant.kind in numbers:
                    parts.append(f"'{value.value}'::numeric {signs[sign]} '{constant.value}'::numeric")
                else:
                    parts.append("false")  # the query language compares within a type
            yield "filter " + ", ".join(signs[t] for t in tests), " AND ".join(parts), expected


NUMBERS = ("int", "float", "numeric")
TYPES = {"number": NUMBERS, "string": ("text",), "bool": ("bool",), "date": ("date",), "objectId": ("oid",), "null": ("null",)}


def plain(value):
    """A value that a filter compares as PostgreSQL does: no NULL, NaN, infinity, fraction, NUL."""
    if value.kind in (None, "null", "oid") or value.kind == "text" and "\0" in value.value:
        return False
    return value.kind not in ("float", "numeric") or math.isfinite(value.value) and (value.kind == "numeric" or value.value == int(value.value))


def equals(left, right):
    """Equality within a type; values of several types are not equal."""
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return f"'{left.value}'::numeric = '{right.value}'::numeric"
    return f"{left.sql()} = {right.sql()}" if left.kind == right.kind else "false"


def is_common_pattern(pattern, any_case):
    if any_case and (re.search("[iks]", pattern, re.I) or not pattern.isascii()):
        return False
    return isinstance(pattern, str) and not re.search(r"[*+?()\[\]{}|\\]", pattern) and "^" not in pattern[1:] and "$" not in pattern[:-1]


def test_of(name, argument, raw, options):
    """(rule, SQL) of a test of the query language over a document's value, or None where no rule sends it so."""
    if name in ("$eq", "$ne") and isinstance(argument, list):
        return None  # arrays as wholes
    elements = [Value(e) for e in raw] if isinstance(raw, list) else None
    value = Value(raw) if elements is None else None
    constants = [Value(c) for c in (argument if isinstance(argument, list) else [argument])]
    if name in ("$eq", "$in") and elements is not None and elements and all(map(plain, elements + constants)):
        return "value = ANY (array)", " OR ".join(f"({equals(e, c)})" for e in elements for c in constants) or "false"
    if name == "$size" and elements is not None and constants[0].kind == "int" and all(map(plain, elements)):
        texts = ", ".join("'" + str(e.value).replace("'", "''") + "'" for e in elements)
        return "cardinality", f"cardinality(ARRAY[{texts}]::text[]) = {constants[0].value}"
    if value is None or value.kind is None:
        return None
    if name in ("$eq", "$ne") and constants[0].kind == "null" and argument is None:
        return ("IS NULL" if name == "$eq" else "IS NOT NULL"), f"({value.sql()}) IS {'NOT ' if name == '$ne' else ''}NULL"
    if name == "$type" and all(isinstance(t, str) and t in TYPES for t in (argument if isinstance(argument, list) else [argument])):
        return "type guard", str(any(value.kind in TYPES[t] for t in (argument if isinstance(argument, list) else [argument]))).lower()
    if name == "$regex" and isinstance(argument, str) and options in ("", "s", "i", "is") and is_common_pattern(argument, "i" in options):
        if value.kind == "text" and not re.search("[\0\n]", value.value + argument):
            return ("~*" if "i" in options else "~"), f"{value.sql()} ~{'*' if 'i' in options else ''} {Value(argument).sql()}"
        return None
    if not plain(value) or not all(map(plain, constants)):
        return None
    alike = all((value.kind in NUMBERS and c.kind in NUMBERS) or value.kind == c.kind for c in constants)
    if name == "$in":
        return "IN", " OR ".join(f"({equals(value, c)})" for c in constants) or "false"
    if name == "$nin" and alike:
        return "NOT IN", "NOT (" + (" OR ".join(f"({equals(value, c)})" for c in constants) or "false") + ")"
    if name == "$ne" and alike:
        return "<> as a filter", f"NOT ({equals(value, constants[0])})"
    return None


def more_filter_cases(folder):
    for line in open(f"{folder}/filters.ndjson"):
        case = json.loads(line)
        if not isinstance(case.get("expected"), list) or len(case["filter"]) != 1 or "limit" in case or "projection" in case:
            continue
        (path, inner), = case["filter"].items()
        if "." in path or path.startswith("$") or not isinstance(inner, dict) or not set(inner) <= {"$eq", "$ne", "$in", "$nin", "$type", "$regex", "$options", "$size"}:
            continue
        returned = {json.dumps(d.get("_id")) for d in case["expected"]}
        options = inner.get("$options", "")
        for document in case["docs"]:
            tests = [test_of(name, argument, document.get(path), options) for name, argument in inner.items() if name != "$options"]
            if "_id" in document and tests and None not in tests and (path in document or "$type" not in inner):
                yield "filter " + ", ".join(sorted(rule for rule, _ in tests)), " AND ".join(f"({sql})" for _, sql in tests), Value(json.dumps(document["_id"]) in returned)


def group_cases(folder):
    """Groups by a key: how many there are, and what each gives."""
    for line in open(f"{folder}/accumulators.ndjson"):
        case = json.loads(line)
        group = case["pipeline"][0].get("$group") if case["pipeline"] else None
        later = [list(stage)[0] for stage in case["pipeline"][1:]]
        expected = case.get("expected")
        if not group or not isinstance(expected, list) or not isinstance(group["_id"], str) or not group["_id"].startswith("$") or "." in group["_id"] or set(later) - {"$sort"} or not all("_id" in e for e in expected):
            continue
        keys = [Value(d.get(group["_id"][1:])) for d in case["docs"] or []]
        if not keys:
            continue
        kinds = {k.kind for k in keys} - {"null"}
        if len(kinds) > 1 and not kinds <= {"int", "numeric", "float"} or None in kinds or any(k.kind in ("float", "numeric") and not math.isfinite(k.value) for k in keys):
            continue
        typed = lambda v: f"'{v.value}'::numeric" if v.kind in NUMBERS else v.sql()
        rows = lambda values: ", ".join(f"({typed(k)}, {v})" for k, v in zip(keys, values))
        yield "GROUP BY: groups", f"(SELECT count(*) FROM (SELECT k FROM (VALUES {rows(['1'] * len(keys))}) t(k, v) GROUP BY k) g)", Value({"$numberInt": str(len(expected))})
        for name, accumulator in group.items():
            (function, operand), = accumulator.items() if isinstance(accumulator, dict) and len(accumulator) == 1 else [(None, None)]
            if function not in ("$sum", "$min", "$max") or not isinstance(operand, str) or not operand.startswith("$") or "." in operand:
                continue
            values = [Value(d.get(operand[1:])) for d in case["docs"]]
            if {v.kind for v in values} - {"null", "int"}:
                continue
            for one in expected:
                key, result = Value(one["_id"]), Value(one.get(name))
                sql = f"(SELECT {function[1:]}(v) FROM (VALUES {rows([v.sql() if v.kind == 'int' else 'NULL::int8' for v in values])}) t(k, v) WHERE k IS NOT DISTINCT FROM {typed(key)})"
                if function == "$sum" and all(v.kind == "null" for k, v in zip(keys, values) if k.kind == key.kind and k.value == key.value):
                    sql = f"coalesce({sql}, 0)"  # the count beside it makes NULL of it
                if result.kind is not None:
                    yield f"GROUP BY: {function[1:]}", sql, result


def not_a_number(value):
    return value.kind == "float" and math.isnan(value.value) or value.kind == "numeric" and value.value.is_nan()


def extreme_beside_nan(function, numbers, expected):
    """NaN is the least number there and the greatest here: where one is among the values the extreme is decided here.
    What is relied on is that $min shows it, which is the proof of stored values, and that $max is that of the others."""
    column = ", ".join(f"('{v.value}'::numeric)" for v in numbers)
    others = "" if function == "min" or all(map(not_a_number, numbers)) else " WHERE v <> 'NaN'"
    shown = "CASE WHEN bool_or(v = 'NaN') THEN 'NaN' ELSE min(v) END" if function == "min" else "max(v)"
    return f"{function} beside NaN", f"(SELECT {shown} FROM (VALUES {column}) t(v){others})", expected


def accumulator_cases(folder):
    for line in open(f"{folder}/accumulators.ndjson"):
        case = json.loads(line)
        group = case["pipeline"][0].get("$group") if case["pipeline"] else None
        if "expected" not in case or not group or set(group) - {"_id"} == set() or len(group) != 2 or group["_id"] is not None:
            continue
        (_, accumulator), = ((k, v) for k, v in group.items() if k != "_id")
        if not isinstance(accumulator, dict) or len(accumulator) != 1:
            continue
        (name, operand), = accumulator.items()
        if name not in ("$sum", "$avg", "$min", "$max") or not isinstance(operand, str) or not operand.startswith("$") or "." in operand:
            continue
        expected = case["expected"]
        expected = expected[0] if isinstance(expected, list) and len(expected) == 1 else expected
        if not isinstance(expected, dict) or not ({"value", "result"} & set(expected)):
            continue
        expected = Value(expected.get("value", expected.get("result")))
        values = [Value(d.get(operand[1:])) for d in case["docs"]]
        numbers = [v for v in values if v.kind in NUMBERS]
        if name in ("$min", "$max") and any(not_a_number(v) for v in numbers) and len(numbers) == sum(v.kind != "null" for v in values):
            yield extreme_beside_nan(name[1:], numbers, expected)
            continue
        kinds = {v.kind for v in values} - {"null"}
        if len(kinds) != 1 or None in kinds or expected.kind is None or any(v.kind == "text" and "\0" in v.value for v in values):
            continue
        kind, = kinds
        if name in ("$sum", "$avg") and kind not in ("int", "float", "numeric") or kind in ("bool", "oid"):
            continue
        finite = [v for v in values if v.kind == "numeric" and v.value.is_finite()]
        digits = max([-v.value.as_tuple().exponent for v in finite] + [0])
        if name in ("$sum", "$avg") and kind == "numeric" and (len(finite) < sum(v.kind == "numeric" for v in values) or digits > 10 or sum(abs(v.value) for v in finite) >= decimal.Decimal(10)**23):
            continue  # not proved
        if kind == "float" and expected.kind == "float" and math.isinf(expected.value) and all(math.isfinite(v.value) for v in values if v.kind == "float"):
            continue  # beyond double precision: not proved, PostgreSQL raises
        if kind == "int" and name == "$sum" and abs(sum(v.value for v in values if v.kind == "int")) >= 2**63:
            continue  # the sum is a double there: not proved
        if kind == "float" and (name in ("$sum", "$avg") and any(v.kind == "float" and not math.isfinite(v.value) for v in values) or name in ("$min", "$max") and expected.value == 0):
            continue
        column = ", ".join(f"({v.sql()})" for v in values)
        if name == "$avg" and kind != "float":
            continue  # sum and count are sent
        yield f"{name[1:]}({kind})", f"(SELECT {name[1:]}(v) FROM (VALUES {column}) t(v))", expected


def agrees(result, expected):
    if result is None:
        return expected.kind == "null"
    if result.startswith("ERROR"):
        return False
    if expected.kind == "bool":
        return result == ("true" if expected.value else "false")
    if expected.kind == "text":
        return result == expected.value
    if expected.kind == "date":
        return result == f"ms {expected.value}"
    if expected.kind in ("int", "float", "numeric"):
        if result == "NaN" or str(expected.value) in ("nan", "NaN"):
            return result == "NaN" and str(expected.value).lower() == "nan"
        if expected.kind == "float":
            return float(result) == expected.value or math.isclose(float(result), expected.value, rel_tol=1e-12)
        return decimal.Decimal(result) == decimal.Decimal(expected.value)
    return False


HARNESS = r"""
SET timezone = 'UTC';
CREATE FUNCTION pg_temp.answer(expression text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE result text; kind text;
BEGIN
    EXECUTE 'SELECT pg_typeof(e)::text, CASE WHEN pg_typeof(e)::text LIKE ''timestamp%'' THEN ''ms '' || round(extract(epoch FROM e::text::timestamptz) * 1000)::text ELSE e::text END FROM (SELECT '
        || expression || ' AS e) x' INTO kind, result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN RETURN 'ERROR ' || SQLSTATE || ' ' || SQLERRM;
END $f$;
CREATE TEMP TABLE cases (id int, expression text);
"""


def main():
    folder = sys.argv[1]
    cases = [case for source in (expression_cases, filter_cases, more_filter_cases, accumulator_cases, group_cases) for case in source(folder) if case[2].kind is not None]
    script = [HARNESS, "COPY cases FROM STDIN (FORMAT csv);"]
    for number, (_, sql, _) in enumerate(cases):
        sql = sql.split("), (")[1][:-1] if "), (" in sql and sql.startswith("trunc((") else sql
        script.append(f'{number},"' + sql.replace('"', '""') + '"')
    script.append("\\.")
    script.append("SELECT json_build_array(id, pg_temp.answer(expression)) FROM cases ORDER BY id;")
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", "-"], input="\n".join(script) + "\n", capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[:2000])
    used, passed, wrong = collections.Counter(), collections.Counter(), []
    for line in done.stdout.splitlines():
        number, result = json.loads(line)
        rule, sql, expected = cases[number]
        if rule == "/" and expected.kind == "float" and result is not None and "trunc" in sql:
            expected.value = math.trunc(expected.value)
        used[rule] += 1
        if agrees(result, expected):
            passed[rule] += 1
        else:
            wrong.append(f"# {rule}: {sql[:200]} gives {result}, recorded {expected.value!r}")
    print("\n".join(wrong[:40]))
    for number, rule in enumerate(sorted(used), 1):
        print(f"{'ok' if used[rule] == passed[rule] else 'not ok'} {number} - {rule}: {used[rule]} cases used, {passed[rule]} passed")
    print(f"# {sum(used.values())} recorded answers used")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
