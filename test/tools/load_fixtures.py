"""Loads the collections that the SQL suite reads into a MongoDB-compatible server.

usage: load_fixtures.py URI [DATABASE]

Documents are sent as raw BSON, so that duplicate keys, old types and malformed-looking keys arrive as they are.
"""
import datetime
import decimal
import struct
import sys
import uuid

import bson
import pymongo
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.raw_bson import RawBSONDocument

OID = ObjectId("5f0000000000000000000001")
UTC = datetime.timezone.utc


def element(kind, key, payload):
    return bytes([kind]) + key.encode() + b"\0" + payload


def text(value):
    raw = value.encode()
    return struct.pack("<i", len(raw) + 1) + raw + b"\0"


def document(*elements):
    body = b"".join(elements)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def raw(identifier, *elements):
    """A document with an int _id and hand-made elements."""
    return RawBSONDocument(document(element(0x10, "_id", struct.pack("<i", identifier)), *elements))


def date_ms(ms):
    return lambda key: element(0x09, key, struct.pack("<q", ms))


UNDEFINED = lambda key: element(0x06, key, b"")
SYMBOL = lambda key: element(0x0E, key, text("sym"))
DBPOINTER = lambda key: element(0x0C, key, text("db.coll") + OID.binary)

# name -> value of field a; one document each, the name in field n
TRAPS = [
    ("missing", None),
    ("null", "NULL"),
    ("undefined", UNDEFINED),
    ("int32", 5),
    ("int64", Int64(5)),
    ("int64 big", Int64(2**53 + 1)),
    ("int64 max", Int64(2**63 - 1)),
    ("int32 negative", -7),
    ("int32 beyond int2", 70000),
    ("double integral", 5.0),
    ("double fraction", 5.5),
    ("double tenth", 0.1),
    ("double negative zero", -0.0),
    ("double NaN", float("nan")),
    ("double Infinity", float("inf")),
    ("double -Infinity", float("-inf")),
    ("double huge", 1e300),
    ("double 2^60", float(2**60)),
    ("decimal 5.00", Decimal128("5.00")),
    ("decimal tenth", Decimal128("0.1")),
    ("decimal NaN", Decimal128("NaN")),
    ("decimal -Infinity", Decimal128("-Infinity")),
    ("decimal 34 digits", Decimal128("1234567890123456789012345678901234")),
    ("decimal 34 fraction", Decimal128("1.234567890123456789012345678901234")),
    ("decimal 1E+6111", Decimal128("1E+6111")),
    ("decimal 1E-6176", Decimal128("1E-6176")),
    ("decimal -0", Decimal128("-0")),
    ("string digit", "5"),
    ("string empty", ""),
    ("string composed", "\u00e9"),
    ("string decomposed", "e\u0301"),
    ("string NUL", "a\0b"),
    ("string emoji", "\U0001f600 \"quoted\" \\ \n"),
    ("string long", "x" * 70),
    ("string hex", "5f0000000000000000000001"),
    ("string HEX", "5F0000000000000000000001"),
    ("string abc", "abc"),
    ("true", True),
    ("false", False),
    ("objectid", OID),
    ("date", datetime.datetime(2024, 2, 29, 12, 30, 15, 678000, tzinfo=UTC)),
    ("date before 1970", datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    ("date midnight", datetime.datetime(2024, 2, 29, tzinfo=UTC)),
    ("date past 294276", date_ms(9224318016000000)),
    ("date last", date_ms(9224318015999999)),
    ("date min", date_ms(-(2**63))),
    ("date max", date_ms(2**63 - 1)),
    ("array [5]", [5]),
    ("array [5,6]", [5, 6]),
    ("array []", []),
    ("array [[5]]", [[5]]),
    ("array [[1,2],[3,4]]", [[1, 2], [3, 4]]),
    ("array [[1],[2,3]]", [[1], [2, 3]]),
    ("array [[1],[[2]]]", [[1], [[2]]]),
    ("array [null]", [None]),
    ("array [1,null,3]", [1, None, 3]),
    ("array strings", ["x", "y"]),
    ("array mixed", [1, "x", 2.5]),
    ("object {}", {}),
    ("object {b:5}", {"b": 5}),
    ("object {b:null}", {"b": None}),
    ("object {b:[{c:1},{c:2}]}", {"b": [{"c": 1}, {"c": 2}]}),
    ("object {b:'x',c:true}", {"b": "x", "c": True}),
    ("array [{b:5}]", [{"b": 5}]),
    ("array [{b:5},{b:6},{}]", [{"b": 5}, {"b": 6}, {}]),
    ("binary 0", Binary(b"\x00\x01\x02", 0)),
    ("binary 2", Binary(b"\x00\x01\x02", 2)),
    ("binary 3", Binary(bytes(range(16)), 3)),
    ("binary 4", Binary(bytes(range(16)), 4)),
    ("binary 5", Binary(bytes(range(16)), 5)),
    ("binary 128", Binary(b"\xff\xfe", 128)),
    ("timestamp", Timestamp(1700000000, 7)),
    ("regex", Regex("^a.*b$", "im")),
    ("code", Code("function() { return 1; }")),
    ("code with scope", Code("return x", {"x": 1})),
    ("symbol", SYMBOL),
    ("dbpointer", DBPOINTER),
    ("dbref", DBRef("other", OID)),
    ("minkey", MinKey()),
    ("maxkey", MaxKey()),
]


# Values that are equal in one world or type and not in another, beside ordinary ones; of types that one column can read.
NEAR = {
    "tenths": [0.1, struct.unpack("<f", struct.pack("<f", 0.1))[0], 0.1000000001, Decimal128("0.1"), Decimal128("0.10"), Decimal128("0.1000000001")],
    "wide": [16777216, 16777217, 16777218.0, 2**31 - 1, float(2**31), Int64(2**53), Int64(2**53 + 1), float(2**53), Decimal128("9007199254740993"), Decimal128("9007199254740992.0")],
    "halves": [float(2**52), float(2**52 + 2), float(2**52 + 1), float(2**52 - 1), 2**51 + 0.5, float(-2**52), float(-2**52 - 3), Int64(2**52 + 1), Decimal128("4503599627370497"), Decimal128("4503599627370497.5")],
    "fives": [5, Int64(5), 5.0, Decimal128("5"), Decimal128("5.00"), 5.0000001, Decimal128("5.0000000001"), 4, 6, 7, 32767, 32768, -5, Decimal128("-5.5"), -5.5],
    "sixties": [Int64(2**60 + 1), Int64(2**60 + 2), float(2**60), Int64(7)],
    "hundreds": [100, Decimal128("1.0E+2"), Decimal128("100.00"), Decimal128("100"), Decimal128("1E+2"), Decimal128("2.50"), 3],
    "fine": [Decimal128("1." + "0" * 33), Decimal128("100000000000000000000"), Decimal128("2"), Decimal128("12345678901234567890123456789012.34"), 2],
    "huge": [1e200, -1e200, 3e200, 1.7e308, 1.7e308, 2.5, 1e100, 1e152],
    "zeros": [0, -0.0, 0.0, Decimal128("-0"), Decimal128("0E+3"), Decimal128("0.000"), Decimal128("1E-400"), 5e-324, 1e-310],
    "odd": [float("nan"), float("nan"), Decimal128("NaN"), float("inf"), Decimal128("Infinity"), float("-inf"), Decimal128("1E+400"), 2.0, Decimal128("7")],
    "texts": ["a", "A", "b", "\u00e9", "e\u0301", "abc", "abcde", "abcdef", "abcdeg", "abc", "5", " 5", "5 ", "05", "5.0", "\uffff", "\U00010000", None],
    "symbols": [lambda key: element(0x0E, key, text("abc")), lambda key: element(0x0E, key, text("5"))],
    "ids": ["5f0000000000000000000001", "5F0000000000000000000001", OID, OID, ObjectId("5f0000000000000000000002"), None],
    "times": [date_ms(ms) for ms in (1709209815678, 1709209815679, 1709164800000, 1709164799999, 1709209815678, 1709251199999, 1709251200000, 0, -1)] + [None],
    "booleans": [True, False, True, None, None],
    "arrays": [[5], [5, 5.0], [Decimal128("5.00")], [], [[5]], {"b": 5}, {"b": 5.0}, {"b": Decimal128("5.00")}, {"b": "x"}, {"b": [5]}, {}, [{"b": 5}, {"b": {"c": 1}}], [{"b": [5, 6]}],
               [{"c": 1}, {"b": "x"}], [[5, {"b": 5}], 5]],
    "others": [Binary(b"\x00\x01\x02", 0), Binary(b"\x00\x01", 0), Binary(bytes(range(16)), 4), Binary(bytes(range(16)), 4), UNDEFINED],
}


def near_ids():
    """The _id of each of these values, by the name of its list."""
    ids = iter(range(1, 1000))
    return {name: [next(ids) for _ in values] for name, values in NEAR.items()}


def labelled(number, name, value):
    label = element(0x02, "n", text(name))
    if callable(value):
        return raw(number, label, value("a"))
    if name == "missing":
        return raw(number, label)
    return raw(number, label, bson.encode({"a": None if name == "null" else value})[4:-1])


def trap_documents():
    for number, (name, value) in enumerate(TRAPS, 1):
        yield labelled(number, name, value)


def key_documents():
    """Keys that are no ordinary keys, the same key twice, keys differing only in case."""
    i = lambda key, value: element(0x10, key, struct.pack("<i", value))
    yield raw(1, i("a.b", 1), i("$x", 2), i("with blank", 3), i("", 4), i("0", 5), i("name" * 20, 6), i("plain", 7))
    yield raw(2, i("dup", 1), i("dup", 2), i("Case", 10), i("case", 20))
    yield raw(3, element(0x03, "a", document(i("b", 100), i("x.y", 101))), i("a.b", 200), i("__doc", 300), i("__ord", 301))


def load(uri, name):
    client = pymongo.MongoClient(uri, serverSelectionTimeoutMS=5000)
    client.drop_database(name)
    db = client[name]
    report = []

    def fill(collection, documents, into=db):
        for one in documents:
            try:
                into[collection].insert_one(one)
            except pymongo.errors.PyMongoError as error:
                report.append(f"{collection}: refused {error}")

    fill("traps", trap_documents())
    fill("keys", key_documents())
    day = lambda d, h=0: datetime.datetime(2024, 1, d, h, tzinfo=UTC)
    fill("people", [
        {"_id": ObjectId("600000000000000000000001"), "name": "Ada", "age": 36, "born": day(1), "active": True,
         "score": 9.5, "tags": ["math", "code"], "address": {"city": "London", "zip": "N1"}, "big": Int64(10**15)},
        {"_id": ObjectId("600000000000000000000002"), "name": "Grace", "age": 85, "born": day(2, 5), "active": False,
         "score": 8, "tags": [], "address": {"city": "New York", "zip": "10001"}, "big": 1},
        {"_id": ObjectId("600000000000000000000003"), "name": "Edsger", "age": None, "born": None, "active": True,
         "score": Decimal128("7.25"), "address": {"city": None}, "big": Int64(2**62)},
        {"_id": ObjectId("600000000000000000000004"), "name": "alan", "age": 41, "born": day(3, 23), "tags": [None, "logic"],
         "score": float("nan"), "address": "unknown", "big": -5},
        {"_id": "600000000000000000000004", "name": "Barbara", "age": 84, "active": None, "score": 1},
        {"_id": "x", "name": "Donald"},
    ])
    fill("orders", [
        {"_id": 1, "customer": "ann", "items": [{"sku": "a", "qty": 2, "parts": [{"p": 1}, {"p": 2}]},
                                                 {"sku": "b", "qty": 1, "parts": []}]},
        {"_id": 2, "customer": "bob", "items": []},
        {"_id": 3, "customer": "cid", "items": None},
        {"_id": 4, "customer": "dan"},
        {"_id": 5, "customer": "eve", "items": [{"sku": "c", "parts": [{"p": 3}]}, {"qty": 7}, {"sku": "d", "qty": 9, "parts": None}]},
        {"_id": 6, "customer": "fay", "items": ["loose", 5, None, {"sku": "e", "qty": 4}]},
    ])
    fill("orders_odd", [
        {"_id": 1, "items": [{"sku": "a", "qty": 2}]},
        {"_id": 2, "items": {"sku": "lonely", "qty": 1}},
        {"_id": 3, "items": "text"},
        {"_id": 4, "items": [{"sku": "z", "qty": "many"}]},
    ])
    fill("misfits", [{"_id": 1, "tags": "no array", "items": [{"qty": f"bad {i}"} for i in range(200)]}])
    fill("scalars", [{"_id": 1, "tags": ["x", "y", "x"]}, {"_id": 2, "tags": "z"}, {"_id": 3, "tags": []}])
    db.create_collection("empty")
    fill("many", ({"_id": i, "k": i % 10, "t": f"row {i:05d}", "v": i * 1.5} for i in range(0)))
    # What is equal here and not as it is stored, or the other way round: days, reals, doubles beside integers, decimals near zero.
    day = lambda hour: datetime.datetime(2020, 1, 1, hour, tzinfo=datetime.timezone.utc)
    more = client[name + "_more"]
    more.ties.drop()
    more.ties.insert_many([
        {"_id": 1, "d": day(3), "r": 0.1, "i": 3, "v": "abc", "n": Int64(2**60), "m": Int64(2**63 - 1), "a": 1, "b": 5, "f": -1.0},
        {"_id": 2, "d": day(5), "r": 0.10000000001, "i": 1, "v": "abcdef", "n": float(2**60), "m": Int64(2**63 - 1), "a": 0, "b": "bad", "f": Decimal128("1E-400")},
        {"_id": 3, "d": day(4), "r": 0.1000000000001, "i": 2, "v": "abc", "n": Int64(7), "m": Int64(1), "a": 2, "b": 7, "f": 1.0}])
    # What a result over groups shows or raises otherwise than its parts let one think.
    more.proofs.drop()
    more.proofs.insert_many([
        {"_id": number, "g": g, "d": d and day(d), "w": w, "p": p and Decimal128(p), "e": e and Decimal128(e), "z": z and Decimal128(z), "k": k, "s": s and Decimal128(s), "f": f, "h": h,
         "x": float("nan") if number == 4 else h, "l": [{"b": number}, {"b": {"c": 7}}]}
        for number, g, d, w, p, e, z, k, s, f, h in [
            (1, "a", 3, Int64(2**60 + 1), "1.5", "1.0E+2", "0.00", 5, "1." + "0" * 33, 1e200, 1.7e308),
            (2, "a", 5, Int64(2**60 + 2), "2.25", "100.00", "-0.0", Decimal128("5.0"), "100000000000000000000", -1e200, 1.7e308),
            (3, "b", 4, Int64(7), None, "100.00", "-0.0", 5.0, "2", 3e200, 1.7e308),
            (4, "b", 3, Int64(7), "0.1", "1.0E+2", "0.00", Decimal128("-5.00"), "3", 3e200, 1.7e308),
            (5, "c", None, None, None, None, None, None, None, 1.0, 2.0)]])
    # The same in a collection that has a collation of its own, and through a view, as far as a server has these.
    for near, options in (("near", {}), ("near_folded", {"collation": {"locale": "en", "strength": 2}}), ("near_view", {"viewOn": "near", "pipeline": []})):
        more[near].drop()
        try:
            more.create_collection(near, **options)
        except pymongo.errors.PyMongoError as error:
            report.append(f"{near}: {error}")
        if not more[near].find_one():  # one server takes the options of a view and makes a collection
            fill(near, (labelled(number, "near", value) for number, value in enumerate((value for values in NEAR.values() for value in values), 1)), more)
    more.conversions.drop()
    more.conversions.insert_many([
        {"_id": 1, "t": "5", "n": Decimal128("2.5"), "z": datetime.datetime(2024, 2, 29, 12, 30, 15, 678000, tzinfo=UTC), "b": True, "o": OID},
        {"_id": 2, "t": "-70000", "n": Decimal128("-2.5"), "z": datetime.datetime(1969, 12, 31, 23, 59, 59, 1000, tzinfo=UTC), "b": False, "o": ObjectId("600000000000000000000003")},
        {"_id": 3, "t": " 7 ", "n": Decimal128("0.4999999999999999999999999999999999"), "z": datetime.datetime(2000, 1, 1, tzinfo=UTC), "b": True},
        {"_id": 4, "t": "007", "n": Decimal128("9.499999999999999999999999999999999"), "z": datetime.datetime(2001, 1, 1, tzinfo=UTC)},
        {"_id": 5, "t": "1.50", "n": Decimal128("0.1"), "z": datetime.datetime(1, 1, 1, tzinfo=UTC), "o": "5f0000000000000000000001"},
        {"_id": 6, "t": "12345678901234567890", "n": Decimal128("12345678901234567890"), "z": datetime.datetime(9999, 12, 31, 12, tzinfo=UTC)},
        {"_id": 7, "t": "NaN", "n": Decimal128("NaN"), "b": "true"},
        {"_id": 8, "t": "5\n", "n": Decimal128("1E-400"), "z": datetime.datetime(2020, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)},
        {"_id": 9, "t": None, "n": None, "z": None, "b": None, "o": None},
        {"_id": 10, "t": "-0.125", "n": Int64(2**53 + 1), "z": datetime.datetime(1999, 12, 31, 23, 0, 30, tzinfo=UTC)},
        {"_id": 11, "t": "", "n": 0.1 + 0.2},
        {"_id": 12, "t": "5", "n": -0.5, "z": datetime.datetime(2300, 7, 4, 1, 2, 3, 4000, tzinfo=UTC)},
    ])
    db.many.insert_many([{"_id": i, "k": i % 10, "t": f"row {i:05d}", "v": i * 1.5} for i in range(5000)])
    try:
        db.create_collection("folded", collation={"locale": "en", "strength": 2})
        fill("folded", [{"_id": 1, "t": "a"}, {"_id": 2, "t": "A"}])
        db.create_collection("folded_view", viewOn="folded", pipeline=[], collation={"locale": "en", "strength": 2})
    except pymongo.errors.PyMongoError as error:
        report.append(f"folded: {error}")
    indexed = db.client[db.name.replace("_test", "_index")].c
    indexed.drop()
    indexed.create_index([("zone", 1), ("age", -1), ("_id", 1)])
    # Kinds of indexes that both servers have; the others are told as listIndexes would tell them.
    kinds = db.client[db.name.replace("_test", "_indexes")].things
    kinds.drop()
    kinds.insert_many([{"_id": i, "city": ("Oslo", "Lima")[i % 2], "rank": i, "name": f"n{i}", "status": ("new", "paid")[i % 2], "opt": i if i % 3 else None,
                        "created": datetime.datetime(2026, 1, 1, tzinfo=UTC) + datetime.timedelta(days=i), "tags": ["a", f"t{i}"],
                        "items": [{"sku": f"s{i}", "qty": i, "at": datetime.datetime(2026, 1, 1, tzinfo=UTC)}], "dates": [datetime.datetime(2026, 1, 1, tzinfo=UTC)], "attrs": {f"k{i}": i, "x": 1}, "title": "the title", "body": "some words",
                        "loc": {"type": "Point", "coordinates": [1.0 * i, 2.0]}, **({"email": f"e{i}@example.org"} if i % 4 else {})} for i in range(1, 41)])
    for keys, name, options in (([("city", 1), ("rank", -1)], "compound", {}), ([("name", 1)], "uniq", {"unique": True}), ([("email", 1)], "uniq_sparse", {"unique": True, "sparse": True}),
                                ([("opt", 1)], "sparse", {"sparse": True}), ([("rank", 1)], "partial", {"partialFilterExpression": {"status": "new", "rank": {"$gt": 5}}}),
                                ([("items.sku", 1)], "multikey", {}), ([("tags", 1)], "multikey_scalar", {}), ([("loc", "2dsphere")], "place", {}), ([("$**", 1)], "wild", {}),
                                ([("created", 1)], "ttl", {"expireAfterSeconds": 2_000_000_000})):
        kinds.create_index(keys, name=name, **options)
    return report


if __name__ == "__main__":
    for line in load(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "mongo_fdw_cpp_test"):
        print(line, file=sys.stderr)
