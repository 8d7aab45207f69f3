"""MongoDB's wire protocol as far as a router needs it: OP_MSG, and the OP_QUERY a driver says its first hello with.

Specification: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/. Documents are handed on as bytes.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

OP_REPLY = 1
OP_QUERY = 2004
OP_MSG = 2013

# The greatest message a server takes (MaxMessageSizeBytes), and what is advertised to drivers.
MAX_MESSAGE_BYTES = 48_000_000

CHECKSUM_PRESENT = 1
MORE_TO_COME = 2
# Bits 0 to 15 change how a message is to be read: one that is not known must be refused.
_REQUIRED_BITS = 0xFFFF
_KNOWN_BITS = CHECKSUM_PRESENT | MORE_TO_COME

_HEADER = struct.Struct("<iiii")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")
_SHORTEST_DOCUMENT = 5

# A document sequence (section kind 1): the field it stands for, and its documents.
DocumentSequence = tuple[str, Sequence[bytes]]


class WireError(Exception):
    """Raised for bytes that are no message of the protocol; where the next one would begin is unknown, so hang up."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message: one document, the sequences beside it, and how the sender wants it answered.

    `legacy` is an OP_QUERY, to be answered with an OP_REPLY. To a message with `more_to_come` no answer may be sent.
    """

    request_id: int
    response_to: int
    document: bytes
    sequences: tuple[DocumentSequence, ...] = ()
    more_to_come: bool = False
    legacy: bool = False


class Framer:
    """Cuts a stream of bytes into whole messages, header included."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with these bytes; raises WireError at a length no message can have."""
        if not self._buffer and len(data) >= _HEADER.size and _length(data, 0) == len(data):
            return [data]
        self._buffer += data
        complete = []
        start = 0
        while len(self._buffer) - start >= _HEADER.size:
            end = start + _length(self._buffer, start)
            if end > len(self._buffer):
                break
            complete.append(bytes(self._buffer[start:end]))
            start = end
        if start:
            del self._buffer[:start]
        return complete


def _length(data: bytes | bytearray, offset: int) -> int:
    length: int = _INT32.unpack_from(data, offset)[0]
    if not _HEADER.size < length <= MAX_MESSAGE_BYTES:
        raise WireError(f"a message of {length} bytes")
    return length


def parse(frame: bytes) -> Message:
    """Reads a whole message; raises WireError when it is none, or of a kind that drivers of MongoDB 6.0 do not send."""
    _, request_id, response_to, operation = _HEADER.unpack_from(frame)
    try:
        if operation == OP_MSG:
            return _parse_message(frame, request_id, response_to)
        if operation == OP_QUERY:
            return _parse_query(frame, request_id, response_to)
    except (struct.error, IndexError, ValueError) as error:
        raise WireError(f"a message cut short or malformed: {error}") from None
    raise WireError(f"operation {operation} is not known")


def _parse_message(frame: bytes, request_id: int, response_to: int) -> Message:
    (flags,) = _UINT32.unpack_from(frame, _HEADER.size)
    if flags & _REQUIRED_BITS & ~_KNOWN_BITS:
        raise WireError(f"flags {flags:#x} are not known")
    offset = _HEADER.size + _UINT32.size
    end = len(frame) - (_UINT32.size if flags & CHECKSUM_PRESENT else 0)
    document = None
    sequences = []
    while offset < end:
        kind = frame[offset]
        offset += 1
        if kind == 0:
            if document is not None:
                raise WireError("more than one body")
            document, offset = _document(frame, offset, end)
        elif kind == 1:
            size = _INT32.unpack_from(frame, offset)[0]
            if size < _INT32.size or offset + size > end:
                raise WireError("a document sequence longer than its message")
            sequences.append(_sequence(frame, offset + _INT32.size, offset + size))
            offset += size
        else:
            raise WireError(f"a section of kind {kind}")
    if document is None:
        raise WireError("no body")
    return Message(request_id, response_to, document, tuple(sequences), bool(flags & MORE_TO_COME))


def _sequence(frame: bytes, offset: int, end: int) -> DocumentSequence:
    stop = frame.index(0, offset, end)
    name = frame[offset:stop].decode()
    offset = stop + 1
    documents = []
    while offset < end:
        document, offset = _document(frame, offset, end)
        documents.append(document)
    return name, documents


def _parse_query(frame: bytes, request_id: int, response_to: int) -> Message:
    # int32 flags, the namespace with its NUL, int32 to skip, int32 to return, the query, perhaps a projection.
    offset = frame.index(0, _HEADER.size + _INT32.size) + 1 + 2 * _INT32.size
    document, _ = _document(frame, offset, len(frame))
    return Message(request_id, response_to, document, legacy=True)


def _document(frame: bytes, offset: int, end: int) -> tuple[bytes, int]:
    size = _INT32.unpack_from(frame, offset)[0]
    stop = offset + size
    if size < _SHORTEST_DOCUMENT or stop > end or frame[stop - 1] != 0:
        raise WireError("a document longer than its message")
    return frame[offset:stop], stop


def encode(request_id: int, response_to: int, document: bytes, sequences: Sequence[DocumentSequence] = ()) -> bytes:
    """An OP_MSG of that document and those sequences."""
    parts = [b"\0\0\0\0\0", document]
    for name, documents in sequences:
        label = name.encode() + b"\0"
        size = _INT32.size + len(label) + sum(map(len, documents))
        parts += (b"\1", _INT32.pack(size), label, *documents)
    size = _HEADER.size + sum(map(len, parts))
    return b"".join((_HEADER.pack(size, request_id, response_to, OP_MSG), *parts))


def encode_reply(request_id: int, response_to: int, document: bytes) -> bytes:
    """An OP_REPLY with one document, the answer to an OP_QUERY."""
    # int32 flags (8: AwaitCapable, as servers set it), int64 cursor, int32 start, int32 number of documents.
    body = struct.pack("<iqii", 8, 0, 0, 1) + document
    return _HEADER.pack(_HEADER.size + len(body), request_id, response_to, OP_REPLY) + body
