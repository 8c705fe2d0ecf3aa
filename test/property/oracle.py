"""An independent count of what documents hold: paths, BSON types, missing and null values, arrays, distinct scalars.

Reads raw BSON bytes with struct alone, so that it shares nothing with the extension or with the driver's decoder.
"""
import struct
from decimal import Decimal, getcontext

getcontext().prec = 60  # Decimal128 has 34 digits

NAMES = {
    0x01: "double", 0x02: "string", 0x03: "object", 0x04: "array", 0x05: "binData", 0x06: "undefined", 0x07: "objectId",
    0x08: "bool", 0x09: "date", 0x0A: "null", 0x0B: "regex", 0x0C: "dbPointer", 0x0D: "javascript", 0x0E: "symbol",
    0x0F: "javascriptWithScope", 0x10: "int", 0x11: "timestamp", 0x12: "long", 0x13: "decimal", 0x7F: "maxKey",
    0xFF: "minKey",
}
FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}
ELEMENT, ENTRY = object(), object()  # steps of a path beside keys: into an array, into a map


def size_of(kind, raw, at):
    if kind in FIXED:
        return FIXED[kind]
    length = struct.unpack_from("<i", raw, at)[0] if kind != 0x0B else 0
    if kind in (0x02, 0x0D, 0x0E):
        return 4 + length
    if kind in (0x03, 0x04, 0x0F):
        return length
    if kind == 0x05:
        return 5 + length
    if kind == 0x0C:
        return 4 + length + 12
    if kind == 0x0B:
        first = raw.index(b"\0", at)
        return raw.index(b"\0", first + 1) + 1 - at
    raise ValueError(f"BSON type {kind}")


def elements(raw):
    """(type, key, value bytes) of a document or array."""
    at = 4
    while raw[at] != 0:
        kind, end = raw[at], raw.index(b"\0", at + 1)
        key, at = raw[at + 1:end].decode(), end + 1
        size = size_of(kind, raw, at)
        yield kind, key, raw[at:at + size]
        at += size


def decimal_value(raw):
    low, high = struct.unpack("<QQ", raw)
    sign, combination = high >> 63, (high >> 58) & 0x1F
    if combination == 0x1F:
        return "NaN"
    if combination == 0x1E:
        return "-Infinity" if sign else "Infinity"
    exponent = ((high >> 49) & 0x3FFF) - 6176
    digits = ((high & 0x1FFFFFFFFFFFF) << 64) | low
    return Decimal((sign, tuple(int(d) for d in str(digits)), exponent))


def scalar(kind, raw):
    """A value that is equal for numbers of equal value and different for anything else."""
    if kind == 0x01:
        value = struct.unpack("<d", raw)[0]
        special = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(value))
        return ("number", special) if special else ("number", Decimal(repr(value)).normalize() + 0)
    if kind == 0x10:
        return "number", Decimal(struct.unpack("<i", raw)[0]).normalize() + 0
    if kind == 0x12:
        return "number", Decimal(struct.unpack("<q", raw)[0]).normalize() + 0
    if kind == 0x13:
        value = decimal_value(raw)
        return ("number", value) if isinstance(value, str) else ("number", value.normalize() + 0)
    if kind in (0x02, 0x0E):
        return "string", raw[4:-1].decode()
    return kind, raw


class Path:
    def __init__(self):
        self.types, self.present, self.lengths, self.scalars, self.longest = {}, 0, [], [], 0

    def add(self, kind, raw):
        name = NAMES[kind]
        self.present += 1
        self.types[name] = self.types.get(name, 0) + 1
        if kind == 0x04:
            self.lengths.append(sum(1 for _ in elements(raw)))
        elif kind not in (0x03, 0x06, 0x0A):
            self.scalars.append(scalar(kind, raw))
            if kind in (0x02, 0x0E):
                self.longest = max(self.longest, len(raw[4:-1].decode()))


class Count:
    """Counts documents; maps is the set of paths whose keys are entries."""

    def __init__(self, maps=frozenset(), max_depth=16):
        self.paths, self.documents, self.maps, self.max_depth = {}, 0, maps, max_depth

    def add(self, raw):
        self.documents += 1
        self._document((), raw, 0)

    def _document(self, path, raw, depth):
        seen = set()
        for kind, key, value in elements(raw):
            if path in self.maps:
                self._value(path + (ENTRY,), kind, value, depth + 1)
            elif key not in seen:  # of equal keys the first counts
                seen.add(key)
                self._value(path + (key,), kind, value, depth + 1)

    def _value(self, path, kind, raw, depth):
        self.paths.setdefault(path, Path()).add(kind, raw)
        if kind == 0x03 and depth < self.max_depth:
            self._document(path, raw, depth)
        elif kind == 0x04:
            for inner, _, value in elements(raw):
                self._value(path + (ELEMENT,), inner, value, depth)

    def base(self, path):
        """Containers in which a path could stand."""
        if path[-1] is ELEMENT or path[-1] is ENTRY:
            return self.paths[path].present
        for length in range(len(path) - 1, 0, -1):
            if path[length - 1] is ELEMENT or path[length - 1] is ENTRY:
                return self.paths[path[:length]].present
        return self.documents


def shown(path):
    """A path as mongo.profile writes it."""
    import json
    keys = [step for step in path if step is not ELEMENT and step is not ENTRY]
    if all(key and not set(key) & set('.[]{}"') for key in keys):
        text = ""
        for step in path:
            text += "[]" if step is ELEMENT else "{}" if step is ENTRY else ("." if text else "") + step
        return text
    return "[" + ", ".join("[]" if s is ELEMENT else "{}" if s is ENTRY else json.dumps(s, ensure_ascii=False) for s in path) + "]"
