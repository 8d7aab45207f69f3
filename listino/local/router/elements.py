"""Looks up single elements of BSON documents without decoding them.

Most of what passes through the router is handed on as it came; of each statement only its shard key is looked at.
Specification: https://bsonspec.org/spec.html.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

# Nested documents stay bytes; dates stay milliseconds, because Python's own do not reach as far as BSON's.
RAW: CodecOptions[RawBSONDocument] = CodecOptions(
    document_class=RawBSONDocument, datetime_conversion=DatetimeConversion.DATETIME_MS
)

DOUBLE, STRING, DOCUMENT, ARRAY, BINARY = 0x01, 0x02, 0x03, 0x04, 0x05
UNDEFINED, OBJECT_ID, BOOLEAN, DATE, NULL, REGEX = 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B
DB_POINTER, CODE, SYMBOL, CODE_WITH_SCOPE = 0x0C, 0x0D, 0x0E, 0x0F
INT32, TIMESTAMP, INT64, DECIMAL, MIN_KEY, MAX_KEY = 0x10, 0x11, 0x12, 0x13, 0xFF, 0x7F

_FIXED = {
    **{DOUBLE: 8, UNDEFINED: 0, OBJECT_ID: 12, BOOLEAN: 1, DATE: 8, NULL: 0},
    **{INT32: 4, TIMESTAMP: 8, INT64: 8, DECIMAL: 16, MIN_KEY: 0, MAX_KEY: 0},
}
# What an int32 at the start of the value leaves out of the value's length.
_COUNTED = {
    **{STRING: 4, CODE: 4, SYMBOL: 4, DB_POINTER: 4 + 12, BINARY: 4 + 1},
    **{DOCUMENT: 0, ARRAY: 0, CODE_WITH_SCOPE: 0},
}
_INT32 = struct.Struct("<i")


@dataclass(frozen=True, slots=True)
class Element:
    """One field of a document: its BSON type, and its value's bytes."""

    kind: int
    value: bytes

    def decoded(self) -> Any:
        """The value as Python knows it; raises bson.errors.InvalidBSON when the bytes are no value of that type."""
        size = _INT32.size + 2 + len(self.value) + 1
        return bson.decode(b"".join((_INT32.pack(size), bytes((self.kind,)), b"\0", self.value, b"\0")), RAW)[""]


def fields(document: bytes) -> dict[str, Any]:
    """The top level of a document, in its order; nested documents stay raw."""
    return dict(RawBSONDocument(document, RAW))


def raw(document: RawBSONDocument) -> bytes:
    """The bytes of a document that is part of another one; long ones would share the other's memory otherwise."""
    return bytes(document.raw)


def find(document: bytes, name: str) -> Element | None:
    """The first top-level field of that name."""
    wanted = name.encode()
    for label, kind, start, end in _walk(document):
        if label == wanted:
            return Element(kind, document[start:end])
    return None


def only(document: bytes) -> tuple[str, Element] | None:
    """The field of a document that has exactly one."""
    walk = list(_walk(document))
    if len(walk) != 1:
        return None
    label, kind, start, end = walk[0]
    return label.decode(), Element(kind, document[start:end])


def values(document: bytes) -> list[Element]:
    """The values of the top-level fields, in their order."""
    return [Element(kind, document[start:end]) for _, kind, start, end in _walk(document)]


def _walk(document: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Name, type, and where the value begins and ends, for each field; raises ValueError at an unknown type."""
    offset, last = _INT32.size, len(document) - 1
    while offset < last:
        kind = document[offset]
        stop = document.index(0, offset + 1)
        start = stop + 1
        if (size := _FIXED.get(kind)) is not None:
            end = start + size
        elif (extra := _COUNTED.get(kind)) is not None:
            end = start + _INT32.unpack_from(document, start)[0] + extra
        elif kind == REGEX:
            end = document.index(0, document.index(0, start) + 1) + 1
        else:
            raise ValueError(f"BSON type {kind:#x} is not known")
        yield document[offset + 1 : stop], kind, start, end
        offset = end
