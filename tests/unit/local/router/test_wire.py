import struct

import bson
import pytest

from listino.local.router import wire
from listino.local.router.wire import Framer, Message, WireError, encode, encode_reply, parse

PING = bson.encode({"ping": 1, "$db": "admin"})
DOCUMENTS = [bson.encode({"_id": number}) for number in range(3)]


def message(flags: int, *sections: bytes, tail: bytes = b"") -> bytes:
    body = struct.pack("<I", flags) + b"".join(sections) + tail
    return struct.pack("<iiii", 16 + len(body), 7, 0, wire.OP_MSG) + body


def test_a_message_is_read_as_it_was_written() -> None:
    assert parse(encode(7, 5, PING)) == Message(7, 5, PING)


def test_document_sequences_stand_beside_the_body() -> None:
    read = parse(encode(7, 0, PING, [("documents", DOCUMENTS), ("others", [])]))
    assert read.document == PING
    assert read.sequences == (("documents", DOCUMENTS), ("others", []))


def test_the_body_may_follow_its_sequences() -> None:
    sequence = b"\1" + struct.pack("<i", 4 + 2 + len(DOCUMENTS[1])) + b"d\0" + DOCUMENTS[1]
    read = parse(message(0, sequence, b"\0" + PING))
    assert (read.document, read.sequences) == (PING, (("d", [DOCUMENTS[1]]),))


def test_more_to_come_is_noticed_and_a_checksum_passed_over() -> None:
    assert parse(message(wire.MORE_TO_COME, b"\0" + PING)).more_to_come
    assert parse(message(wire.CHECKSUM_PRESENT, b"\0" + PING, tail=b"\1\2\3\4")).document == PING


def test_an_optional_flag_is_passed_over() -> None:
    assert parse(message(1 << 16, b"\0" + PING)).document == PING


def test_the_first_hello_of_a_driver_is_read() -> None:
    body = struct.pack("<i", 0) + b"admin.$cmd\0" + struct.pack("<ii", 0, -1) + PING
    read = parse(struct.pack("<iiii", 16 + len(body), 9, 0, wire.OP_QUERY) + body)
    assert read == Message(9, 0, PING, legacy=True)


def test_the_answer_to_it_holds_one_document() -> None:
    reply = encode_reply(3, 9, PING)
    assert struct.unpack_from("<iiii", reply) == (len(reply), 3, 9, wire.OP_REPLY)
    assert struct.unpack_from("<iqii", reply, 16) == (8, 0, 0, 1)
    assert reply[36:] == PING


@pytest.mark.parametrize(
    "frame",
    [
        message(0),
        message(0, b"\0" + PING, b"\0" + PING),
        message(0, b"\2" + PING),
        message(1 << 5, b"\0" + PING),
        message(0, b"\0" + PING[:-4]),
        message(0, b"\0" + struct.pack("<i", 3)),
        message(0, b"\0" + PING, b"\1" + struct.pack("<i", 99) + b"d\0"),
        message(0, b"\0" + PING, b"\1" + struct.pack("<i", 5) + b"d"),
        message(0, b"\0" + PING, b"\1" + struct.pack("<i", 2)),
        message(0, b"\0" + PING, b"\1"),
        struct.pack("<iiii", 17, 1, 0, wire.OP_MSG) + b"\0",
        struct.pack("<iiii", 20, 1, 0, wire.OP_QUERY) + b"\0\0\0\0",
        struct.pack("<iiii", 21, 1, 0, 2012) + b"\0\0\0\0\0",
    ],
    ids=[
        *("no body", "two bodies", "unknown section", "unknown flag", "body cut short", "impossible size"),
        *("long sequence", "unnamed sequence", "short sequence", "sequence without size"),
        *("no flags", "query without name", "compressed"),
    ],
)
def test_a_malformed_message_is_refused(frame: bytes) -> None:
    with pytest.raises(WireError):
        parse(frame)


@pytest.mark.parametrize("size", [1, 3, 17, 10_000])
def test_messages_are_cut_out_of_a_stream_wherever_it_breaks(size: int) -> None:
    frames = [encode(number, 0, PING, [("documents", DOCUMENTS)]) for number in range(5)]
    stream = b"".join(frames)
    framer = Framer()
    found = [frame for start in range(0, len(stream), size) for frame in framer.feed(stream[start : start + size])]
    assert found == frames


@pytest.mark.parametrize("length", [-1, 0, 15, 16, wire.MAX_MESSAGE_BYTES + 1])
def test_a_length_no_message_can_have_ends_the_stream(length: int) -> None:
    with pytest.raises(WireError):
        Framer().feed(struct.pack("<iiii", length, 1, 0, wire.OP_MSG))
