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


def stored_tree(kind, raw):
    """A stored value with its nesting, scalars as stored() sees them; of equal keys the last, as jsonb keeps them."""
    if kind == 0x03:
        tree = {}
        for inner, key, value in elements(raw):
            tree[key] = stored_tree(inner, value)
        return tree
    if kind == 0x04:
        return [stored_tree(inner, value) for inner, _, value in elements(raw)]
    return ("null", None) if kind in (0x06, 0x0A) else stored(kind, raw)


def given_tree(value):
    """The same of a document query's Extended JSON."""
    if isinstance(value, dict):
        one = wrapped(value)
        if one:
            return one
        return ("null", None) if value == {"$undefined": True} else {key: given_tree(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [given_tree(inner) for inner in value]
    if value is None:
        return "null", None
    return next(iter(json_scalars(value, False)))


def identity(tree):
    """A text that is the same for equal trees, whatever the order of their keys."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {identity(tree[key])}" for key in sorted(tree)) + "}"
    return repr([identity(inner) for inner in tree]) if isinstance(tree, list) else repr(tree)


def first_difference(stored_value, given, path=""):
    if isinstance(stored_value, dict) and isinstance(given, dict):
        for key in stored_value.keys() | given.keys():
            if key not in stored_value or key not in given:
                return f"{path}.{key} is {'not given back' if key in stored_value else 'given back, and not stored'}: {stored_value.get(key, given.get(key))}"
            found = first_difference(stored_value[key], given[key], f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(stored_value, list) and isinstance(given, list) and len(stored_value) == len(given):
        for at, pair in enumerate(zip(stored_value, given)):
            found = first_difference(*pair, f"{path}[{at}]")
            if found:
                return found
        return None
    return None if stored_value == given else f"{path}: stored {stored_value}, given back {given}"


def without_path(tree, keys):
    """Leaves out what the plan says it does not write back: columns with an expression and no inverse."""
    if isinstance(tree, list):
        for inner in tree:
            without_path(inner, keys)
    elif isinstance(tree, dict) and keys:
        if len(keys) == 1:
            tree.pop(keys[0], None)
        elif keys[0] in tree:
            without_path(tree[keys[0]], keys[1:])


def without_empty(tree):
    """Sub-documents that hold nothing but what is left out count as nothing."""
    if isinstance(tree, dict):
        return {key: inner for key, inner in ((key, without_empty(inner)) for key, inner in tree.items()) if inner != {}}
    return [without_empty(inner) for inner in tree] if isinstance(tree, list) else tree


def document_differences(sql, raw, table, plan="prop"):
    """Compares every stored document with the one that the target gives back."""
    left_out = [json.loads(row["path"]) if row["path"].startswith("[") else row["path"].split(".")
                for row in sql.rows(f"SELECT path FROM mongo.plan_column WHERE plan = {literal(plan)} AND enabled AND role = 'field' AND expression IS NOT NULL AND inverse IS NULL")]
    query = sql.rows(f"SELECT mongo.document_query({literal(plan)}, {literal(table)}) AS back")[0]["back"]
    trees = {}
    for row in sql.rows(f"SELECT document::text AS d FROM ({query}) AS back"):
        tree = given_tree(json.loads(row["d"], parse_float=Decimal, parse_int=Decimal))
        trees.setdefault(identity(tree.get("_id")), []).append(tree)
    for document in raw:
        tree = stored_tree(0x03, document)
        candidates = trees.get(identity(tree["_id"]))
        given = candidates.pop() if candidates else None
        if given is None:
            yield f"_id {tree['_id']} is not given back"
            continue
        for keys in left_out:
            without_path(tree, keys)
            without_path(given, keys)
        if left_out:
            tree, given = without_empty(tree), without_empty(given)
        found = first_difference(tree, given)
        if found:
            yield f"_id {tree['_id']}: {found}"


KINDS = {"object": ("table", "map", "jsonb", "flatten"), "array": ("table", "jsonb")}


def make_plan(sql, database, collection, turn, arguments):
    """Makes and applies a plan; with a turn its topmost sub-documents and arrays are laid out in each way, in turn."""
    layout = {}
    if turn is not None:
        for row in sql.rows(f"SELECT path, types FROM mongo.profile('m', {literal(database)}, {literal(collection)}, sample => 0) WHERE depth = 1"):
            if row["path"].endswith("[]") or (row["path"].startswith("[") and json.loads(row["path"])[-1] == []):
                continue  # elements of an array
            for kind in (kind for kind in KINDS if kind in row["types"]):
                layout[f"{collection}.{row['path']}"] = KINDS[kind][(turn + len(layout)) % len(KINDS[kind])]
    while True:
        if turn is not None:
            arguments["layout"] = json.dumps(layout)
        more = "".join(f", {name} => {literal(str(value))}" for name, value in arguments.items())
        try:
            sql.run(f"SELECT mongo.create_plan('prop', 'm', {literal(database)}, 'prop', ARRAY[{literal(collection)}], sample => 0{more});")
            break
        except RuntimeError as refusal:  # arrays within arrays, the _id and the like: refused by name
            named = re.search(r'ERROR:  "(.*)" cannot be laid out as', str(refusal))
            if not named or not layout.pop(named[1], None):
                raise
    sql.run("CALL mongo.apply_plan('prop');")


def plan_columns(sql, plan, schema):
    """The columns of a plan's targets, with the types that they have and the query of each table."""
    return sql.rows(f"""SELECT c.table_name, t.collection, c.name, c.role, t.key, t.parent, format_type(a.atttypid, NULL) AS kind, mongo.source_query({literal(plan)}, t.name) AS query
        FROM mongo.plan_table t JOIN mongo.plan_column c ON c.plan = t.plan AND c.table_name = t.name
        JOIN pg_attribute a ON a.attrelid = format('%I.%I', {literal(schema)}, t.name)::regclass AND a.attname = c.name
       WHERE t.plan = {literal(plan)} AND t.enabled AND c.enabled ORDER BY t.position, c.position""")


def target_scalars(sql, schema, own):
    """All scalars of a target table, whose columns own tells."""
    found = Counter()
    told = [column for column in own if column["role"] in ("field", "key", "legacy", "rest") and not (column["role"] == "key" and column["key"] in ("bigint", "none"))]
    shown = ", ".join(text_of(quoted(column["name"]), column["kind"]) for column in told)
    table = f"{quoted(schema)}.{quoted(own[0]['table_name'])}"
    for row in sql.rows(f"SELECT json_build_array({shown}) AS v FROM {table}" if shown else f"SELECT '[]'::json AS v FROM {table}"):
        for column, value in zip(told, row["v"]):
            found.update(column_scalars(value, column["kind"], column["role"]))
    return found


def document_scalars(raw):
    wanted = Counter()
    for document in raw:
        wanted.update(stored_scalars(0x03, document))
    return wanted


def plan_differences(sql, raw, database, collection, turn=None, **arguments):
    """Makes the targets of a collection and compares all of their scalars with those of its documents."""
    sql.run("DROP SCHEMA IF EXISTS prop CASCADE; DROP SCHEMA IF EXISTS prop_source CASCADE; DELETE FROM mongo.plan;")
    make_plan(sql, database, collection, turn, arguments)
    columns = plan_columns(sql, "prop", "prop")
    found = Counter()
    for table in dict.fromkeys(column["table_name"] for column in columns):
        own = [column for column in columns if column["table_name"] == table]
        names = ", ".join(quoted(column["name"]) for column in own if not (column["role"] == "key" and column["key"] == "bigint"))
        sql.run(f"INSERT INTO prop.{quoted(table)} ({names}) SELECT {names} FROM ({own[0]['query']}) AS q;")
        found += target_scalars(sql, "prop", own)
    back = list(document_differences(sql, raw, columns[0]["table_name"]))
    if back:
        yield f"{arguments}: {len(back)} of {len(raw)} documents are not given back: {back[:4]}"
    wanted = document_scalars(raw)
    lost = wanted - found
    if lost and arguments.get("key") != "uuid":  # which are told by their documents alone
        yield f"{arguments}: lost {sum(lost.values())} of {sum(wanted.values())} scalars: {list(lost.items())[:6]}"
    again = sql.rows("SELECT count(*) AS n FROM mongo.unmapped('prop')")
    if again[0]["n"] and not any(column["role"] == "rest" for column in columns):
        yield f"{arguments}: {again[0]['n']} paths are unmapped and there is no rest column"
