"""Random documents for the property tests: one schema a seed, values of every BSON type, traps of keys and shapes."""
import datetime
import random
import struct
import uuid

import bson
from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

KEYS = ["name", "Name", "a.b", "$price", "with blank", "", "select", "x" * 77, "caf\u00e9", "\ufeffbom", "0", "42", "items",
        "user", "value", "__doc", "_id_", "ctid", "tags", "very_long_" * 7, "very_long_" * 7 + "b", "a_b", "a", "b", "quote\"d", "it's",
        "[x]", "lists[]", "camelCase", "HTTPCode", "camel_case"]


def date(rng):
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(milliseconds=rng.randrange(-10**12, 4 * 10**12))


def text(rng):
    return "".join(rng.choice("abc \u00e9\u4e2d\U0001f600'\"\\{},") for _ in range(rng.randrange(12)))


SCALARS = {
    "int": lambda rng: rng.randrange(-2**31, 2**31),
    "small": lambda rng: rng.randrange(5),
    "long": lambda rng: Int64(rng.choice([rng.randrange(-2**63, 2**63), rng.randrange(100), 2**53 + 1, -2**63, 2**63 - 1])),
    "double": lambda rng: rng.choice([rng.random() * 1e6, -0.0, 0.1, 1e300, 5e-324, float(rng.randrange(10**6))]),
    "special": lambda rng: rng.choice([float("nan"), float("inf"), float("-inf"), 1.5]),
    "decimal": lambda rng: Decimal128(rng.choice(["5.00", "0.1", "-0", "NaN", "1E+20", "1234567890123456789012345678901234", f"{rng.randrange(10**6)}.{rng.randrange(100):02d}"])),
    "string": text,
    "digits": lambda rng: str(rng.randrange(10**6)),
    "hex": lambda rng: f"{rng.randrange(16**24):024x}",
    "email": lambda rng: f"user{rng.randrange(99)}@example.org",
    "nul": lambda rng: rng.choice(["a\0b", "plain"]),
    "bool": lambda rng: rng.random() < 0.5,
    "oid": lambda rng: ObjectId(f"{rng.randrange(16**24):024x}"),
    "date": date,
    "uuid": lambda rng: Binary(uuid.UUID(int=rng.randrange(2**128)).bytes, 4),
    "binary": lambda rng: Binary(rng.randbytes(rng.randrange(20)), rng.choice([0, 5, 128])),
    "timestamp": lambda rng: Timestamp(rng.randrange(2**31), rng.randrange(99)),
    "regex": lambda rng: Regex("^a.*" + rng.choice(["b", "c"]), "i"),
    "code": lambda rng: Code("return 1"),
    "scope": lambda rng: Code("return x", {"x": rng.randrange(9)}),
    "legacy uuid": lambda rng: Binary(rng.randbytes(16), 3),
    "minmax": lambda rng: rng.choice([MinKey(), MaxKey()]),
    "dbref": lambda rng: DBRef("other", ObjectId(f"{rng.randrange(16**24):024x}")),
    "null": lambda rng: None,
}


def element(kind, key, payload):
    return bytes([kind]) + key.encode() + b"\0" + payload


def text_bytes(text):
    raw = text.encode() + b"\0"
    return struct.pack("<i", len(raw)) + raw


# Types that the driver does not write, and what only some servers keep as sent: dates of any int64, a key twice.
RAW = {
    "undefined": lambda rng: element(0x06, "raw undefined", b""),
    "symbol": lambda rng: element(0x0E, "raw symbol", text_bytes(rng.choice(["one", "two"]))),
    "pointer": lambda rng: element(0x0C, "raw pointer", text_bytes("db.coll") + rng.randbytes(12)),
}
RAW_AS_SENT = {
    "date": lambda rng: element(0x09, "raw date", struct.pack("<q", rng.choice([2**63 - 1, -2**63, 9224318016000000, 0]))),
    "twice": lambda rng: element(0x10, "raw twice", struct.pack("<i", 1)) + element(0x02, "raw twice", text_bytes("again")),
}


def with_raw_elements(document, rng, as_sent):
    """The bytes of a document with elements behind its own that no driver makes."""
    raw = bson.encode(document)
    extra = b"".join(make(rng) for make in [*RAW.values(), *(RAW_AS_SENT.values() if as_sent else [])] if rng.random() < 0.4)
    body = raw[4:-1] + extra
    return struct.pack("<i", len(body) + 5) + body + b"\0"


class Schema:
    """A generator of values: a scalar type, a mixture, a sub-document, a map or an array."""

    def __init__(self, rng, depth=0):
        roll = rng.random()
        self.fields, self.element, self.parts, self.scalar, self.map = {}, None, [], None, None
        if depth == 0 or (roll < 0.16 and depth < 5):
            keys = rng.sample(KEYS, rng.randrange(1 if depth else 4, 9 if depth else 14))
            self.fields = {key: (Schema(rng, depth + 1), rng.choice([1.0, 1.0, 0.8, 0.3, 0.05])) for key in keys}
        elif roll < 0.30 and depth < 5:
            self.element = Schema(rng, depth + 1)
        elif roll < 0.36 and depth < 4:
            self.map = Schema(rng, depth + 4)
        elif roll < 0.52 and depth < 6:
            self.parts = [Schema(rng, depth + 1) for _ in range(rng.randrange(2, 4))]
        else:
            self.scalar = SCALARS[rng.choice(list(SCALARS))]

    def value(self, rng):
        if self.fields:
            return {key: schema.value(rng) for key, (schema, share) in self.fields.items() if rng.random() < share}
        if self.element:
            return [self.element.value(rng) for _ in range(rng.choice([0, 1, 1, 2, 3, 5]))]
        if self.map:
            return {f"2024-0{rng.randrange(1, 10)}-{rng.randrange(10, 29)}": self.map.value(rng) for _ in range(rng.randrange(1, 6))}
        if self.parts:
            return rng.choice(self.parts).value(rng)
        return None if rng.random() < 0.05 else self.scalar(rng)


def documents(seed, count=None):
    rng = random.Random(seed)
    schema = Schema(rng)
    count = rng.choice([1, 3, 40, 200]) if count is None else count
    ids = rng.choice([lambda i: i, lambda i: f"id {i:06d}", lambda i: ObjectId(f"{i * 7919:024x}"),
                      lambda i: i if i % 3 else ObjectId(f"{i:024x}"), lambda i: {"region": i % 5, "n": i}])
    for number in range(count):
        document = schema.value(rng)
        document.pop("_id", None)
        yield {"_id": ids(number), **document}
