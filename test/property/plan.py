"""A plan loses nothing: every scalar of every document is in some column, child row or rest column of its targets.

The oracle reads the raw BSON; the other side reads the target tables that create_plan, apply_plan and source_query made.
"""
import base64
import json
import re
import struct
from collections import Counter
from decimal import Decimal

from oracle import elements, scalar

ISO = re.compile(r"([+-]?\d{4,})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d+)?(Z|\+00(:00)?)")
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def days_since_1970(year, month, day):
    """In the proleptic Gregorian calendar, whatever the year (H. Hinnant, days_from_civil)."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def of_text(text):
    """Strings that look like a time are taken for one on both sides: simple JSON shows a date so."""
    match = ISO.fullmatch(text)
    if match:
        year, month, day, hour, minute, second = (int(match[n]) for n in range(1, 7))
        return "date", ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000 + round(float(match[7] or 0) * 1000)
    if UUID.fullmatch(text):  # which a column of binaries shows without hyphens
        return "text", text.replace("-", "")
    return "text", text


def of_number(number):
    if isinstance(number, str):
        return "number", number
    return "number", Decimal(number).normalize() + 0


def of_binary(data):
    return "text", data.hex()


def stored(kind, raw):
    """A scalar as the oracle sees it; None where nothing has to be found."""
    if kind == 0x08:
        return "bool", bool(raw[0])
    if kind == 0x07:
        return "text", raw.hex()
    if kind == 0x09:
        return "date", struct.unpack("<q", raw)[0]
    if kind == 0x05:
        return of_binary(raw[9:] if raw[4] == 2 else raw[5:])  # the old subtype holds its length once more
    if kind in (0x01, 0x02, 0x0E, 0x10, 0x12, 0x13):
        what, value = scalar(kind, raw)
        return of_text(value) if what == "string" else of_number(value)
    return "other", kind


def stored_scalars(kind, raw):
    if kind in (0x03, 0x04):
        seen = set()
        for inner, key, value in elements(raw):
            if kind == 0x04 or key not in seen:
                seen.add(key)
                yield from stored_scalars(inner, value)
    elif kind not in (0x06, 0x0A):
        yield stored(kind, raw)


OTHERS = {"$regularExpression": 0x0B, "$dbPointer": 0x0C, "$code": 0x0D, "$timestamp": 0x11, "$minKey": 0xFF, "$maxKey": 0x7F}


def wrapped(value):
    """An Extended JSON wrapper as a scalar, or None."""
    (key, inner), = value.items() if len(value) == 1 else [(None, None)]
    if key in ("$numberInt", "$numberLong", "$numberDouble", "$numberDecimal") and isinstance(inner, str):
        return of_number(inner if inner in ("NaN", "Infinity", "-Infinity") else Decimal(inner))
    if key == "$oid":
        return "text", inner
    if key == "$symbol":
        return of_text(inner)
    if key == "$date":
        return of_text(inner) if isinstance(inner, str) else ("date", int(inner["$numberLong"]))
    if key == "$binary":
        return of_binary(base64.b64decode(inner["base64"]))
    if key == "$uuid":
        return of_text(inner)
    if set(value) == {"$code", "$scope"}:
        return "other", 0x0F
    return ("other", OTHERS[key]) if key in OTHERS else None


def json_scalars(value, escaped):
    if isinstance(value, dict):
        one = wrapped(value)
        if one:
            yield one
            return
        for inner in value.values():
            yield from json_scalars(inner, escaped)
    elif isinstance(value, list):
        for inner in value:
            yield from json_scalars(inner, escaped)
    elif isinstance(value, bool):
        yield "bool", value
    elif isinstance(value, (int, Decimal)):
        yield of_number(value)
    elif isinstance(value, str):
        yield of_text(re.sub(r"\\(\\|u0000)", lambda m: "\\" if m[1] == "\\" else "\0", value) if escaped else value)


def column_scalars(value, kind, role):
    """The scalars of a target's value, given as JSON of its text."""
    if value is None:
        return
    if kind.endswith("[]"):
        for inner in value:
            yield from column_scalars(inner, kind[:-2], role)
    elif kind in ("json", "jsonb"):
        yield from json_scalars(json.loads(value, parse_float=Decimal, parse_int=Decimal), role == "rest")
    elif kind == "boolean":
        yield "bool", value == "true"
    elif kind.startswith("timestamp"):
        yield "date", int(value)
    elif kind in ("integer", "bigint", "numeric", "double precision"):
        yield of_number(value if value in ("NaN", "Infinity", "-Infinity") else Decimal(value))
    elif kind == "bytea":
        yield "text", value.removeprefix("\\x")
    else:
        yield of_text(value)


def text_of(name, kind):
    """SQL that shows a column's value as column_scalars takes it."""
    if kind.endswith("[]"):
        return f"(SELECT json_agg({text_of('u.v', kind[:-2])}) FROM unnest({name}) AS u (v))"
    if kind.startswith("timestamp"):
        return f"round(extract(epoch FROM {name}) * 1000)::bigint::text"
    return f"{name}::text"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def plan_differences(sql, raw, database, collection, **arguments):
    """Makes the targets of a collection and compares all of their scalars with those of its documents."""
    more = "".join(f", {name} => {literal(str(value))}" for name, value in arguments.items())
    sql.run("DROP SCHEMA IF EXISTS prop CASCADE; DROP SCHEMA IF EXISTS prop_source CASCADE; DELETE FROM mongo.plan;")
    sql.run(f"SELECT mongo.create_plan('prop', 'm', {literal(database)}, 'prop', ARRAY[{literal(collection)}], sample => 0{more}); CALL mongo.apply_plan('prop');")
    columns = sql.rows("""SELECT c.table_name, c.name, c.role, t.key, format_type(a.atttypid, NULL) AS kind, mongo.source_query('prop', t.name) AS query
        FROM mongo.plan_table t JOIN mongo.plan_column c ON c.plan = t.plan AND c.table_name = t.name
        JOIN pg_attribute a ON a.attrelid = format('prop.%I', t.name)::regclass AND a.attname = c.name ORDER BY t.position, c.position""")
    found = Counter()
    for table in dict.fromkeys(column["table_name"] for column in columns):
        own = [column for column in columns if column["table_name"] == table]
        names = ", ".join(quoted(column["name"]) for column in own if not (column["role"] == "key" and column["key"] == "bigint"))
        sql.run(f"INSERT INTO prop.{quoted(table)} ({names}) {own[0]['query']};")
        told = [column for column in own if column["role"] in ("field", "key", "legacy", "rest") and not (column["role"] == "key" and column["key"] == "bigint")]
        shown = ", ".join(text_of(quoted(column["name"]), column["kind"]) for column in told)
        for row in sql.rows(f"SELECT json_build_array({shown}) AS v FROM prop.{quoted(table)}" if shown else f"SELECT '[]'::json AS v FROM prop.{quoted(table)}"):
            for column, value in zip(told, row["v"]):
                found.update(column_scalars(value, column["kind"], column["role"]))
    wanted = Counter()
    for document in raw:
        wanted.update(stored_scalars(0x03, document))
    lost = wanted - found
    if lost:
        yield f"{arguments}: lost {sum(lost.values())} of {sum(wanted.values())} scalars: {list(lost.items())[:6]}"
    again = sql.rows("SELECT count(*) AS n FROM mongo.unmapped('prop')")
    if again[0]["n"] and not any(column["role"] == "rest" for column in columns):
        yield f"{arguments}: {again[0]['n']} paths are unmapped and there is no rest column"
