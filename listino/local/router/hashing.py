"""Where a value of a shard key lies: its hash, and its place in MongoDB's order of values.

The hash is the first eight bytes of MD5 over a seed, the value's type and its bytes, as in
https://github.com/mongodb/mongo/blob/v6.0/src/mongo/db/hasher.cpp; the server's `$toHashedIndexKey` gives
the same. The order: https://www.mongodb.com/docs/v6.0/reference/bson-type-comparison-order/.
"""

import hashlib
import math
import struct

from listino.local.router import elements
from listino.local.router.elements import Element

_SEED = struct.pack("<i", 0)

# Types compare and hash in these groups: a number is the same number whatever it is stored as.
_MIN_KEY, _NULL, _NUMBER, _STRING, _BINARY, _OBJECT_ID, _BOOLEAN, _DATE, _TIMESTAMP, _MAX_KEY = (
    *(-1, 5, 10, 15, 30, 35, 40, 45, 47),
    127,
)
_HASHED_GROUPS = {
    elements.NULL: _NULL,
    elements.STRING: _STRING,
    elements.BINARY: _BINARY,
    elements.OBJECT_ID: _OBJECT_ID,
    elements.BOOLEAN: _BOOLEAN,
    elements.DATE: _DATE,
    elements.TIMESTAMP: _TIMESTAMP,
}
_NUMBERS = {elements.INT32: "<i", elements.INT64: "<q", elements.DOUBLE: "<d"}

# A value's place in the order: its group, then the value as Python compares it.
Position = tuple[int, int | float | bytes | tuple[int, int, bytes]]


class Unplaceable(Exception):
    """Raised for values whose hash or place only the servers know: documents, decimals, numbers out of range."""


def hashed(value: Element) -> int:
    """The 64-bit hash of a field's value in a hashed shard key."""
    if value.kind in _NUMBERS:
        group, data = _NUMBER, struct.pack("<q", _whole(value))
    elif value.kind in _HASHED_GROUPS:
        group, data = _HASHED_GROUPS[value.kind], value.value
    else:
        raise Unplaceable(f"no hash for BSON type {value.kind:#x}")
    digest = hashlib.md5(_SEED + struct.pack("<i", group) + data, usedforsecurity=False).digest()
    result: int = struct.unpack_from("<q", digest)[0]
    return result


def _whole(value: Element) -> int:
    number = struct.unpack(_NUMBERS[value.kind], value.value)[0]
    if isinstance(number, float) and not (math.isfinite(number) and abs(number) < 2.0**63):
        raise Unplaceable("a number beyond 64 bits")
    return int(number)


def hashed_position(value: Element) -> Position:
    """Where the hash of a value lies among the chunks."""
    return (_NUMBER, hashed(value))


def position(value: Element) -> Position:
    """Where a value itself lies among others; raises Unplaceable where comparing takes more than its bytes."""
    kind, data = value.kind, value.value
    if kind in _NUMBERS:
        number = struct.unpack(_NUMBERS[kind], data)[0]
        if number != number:
            raise Unplaceable("not a number")
        return (_NUMBER, number)
    if kind == elements.STRING:
        # UTF-8 sorts like the characters it encodes; before it stands the length, behind it a NUL.
        return (_STRING, data[4:-1])
    if kind == elements.BINARY:
        return (_BINARY, (len(data), data[4], data[5:]))
    if kind == elements.OBJECT_ID:
        return (_OBJECT_ID, data)
    if kind == elements.BOOLEAN:
        return (_BOOLEAN, data[0])
    if kind == elements.DATE:
        return (_DATE, struct.unpack("<q", data)[0])
    if kind == elements.TIMESTAMP:
        return (_TIMESTAMP, struct.unpack("<Q", data)[0])
    places = {elements.MIN_KEY: _MIN_KEY, elements.NULL: _NULL, elements.MAX_KEY: _MAX_KEY}
    if kind not in places:
        raise Unplaceable(f"no order for BSON type {kind:#x}")
    return (places[kind], 0)
