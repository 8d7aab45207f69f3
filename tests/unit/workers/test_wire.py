"""HTTP/1.1 as live workers read it, of shops that say it in all their ways."""

import httpcore2
import httpx2
import pytest
from talks import (
    PAGE,
    Talk,
    always,
    saying,
    visiting,
)

from workers.network import Connection
from workers.wire import Wire


async def test_who_sends_no_length_ends_with_the_connection() -> None:
    async def closing(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    async with visiting(closing) as (client, _):
        assert (await client.get("/")).text == "all of it"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-said: late\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + PAGE,
        b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok",
    ],
    ids=["chunks", "chunks and a length", "trailers", "interim answers", "no reason", "http 1.0"],
)
async def test_answers_of_all_forms_are_read_and_the_connection_goes_on(answer: bytes) -> None:
    async with visiting(saying(answer, answer)) as (client, server):
        for _ in range(2):
            told = await client.get("/")
            assert (told.status_code, told.text) == (200, "ok")
            assert not {"x-said", "link"} & told.headers.keys()
        assert len(server.talks) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        PAGE + PAGE,
        PAGE + b"HTTP/1.0 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
        PAGE + b"HTTP/1.0 40",
        PAGE + b"what nobody asked",
    ],
    ids=[
        "said to be the last",
        "http 1.0",
        "two answers to one request",
        "another answer",
        "half a status line",
        "noise after it",
    ],
)
async def test_a_connection_that_ends_or_says_too_much_is_not_used_again(answer: bytes) -> None:
    async with visiting(saying(answer, answer)) as (client, server):
        for count in (1, 2):
            told = await client.get("/")
            assert (told.status_code, told.http_version.encode(), told.text) == (200, answer[:8], "ok")
            assert len(server.talks) == count


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal",
        b"it is a pleasure to see you\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n",
    ],
    ids=["nothing", "half a head", "half a chunk", "no http", "two lengths", "another protocol"],
)
async def test_what_is_no_whole_answer_is_an_error(answer: bytes) -> None:
    async with visiting(saying(answer, closes=True)) as (client, server):
        for count in (1, 2):
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.get("/")
            assert len(server.talks) == count


@pytest.mark.parametrize(
    "begin",
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"],
    ids=["head", "trailers"],
)
async def test_what_is_said_beside_the_body_without_end_is_an_error(begin: bytes) -> None:
    async with visiting(saying(begin + b"x-more: %b\r\n" % (b"x" * 1000) * 300)) as (client, server):
        with pytest.raises(httpx2.RemoteProtocolError, match="beside its body"):
            await client.get("/")
        await server.talks[0].over.wait()


class Refusing(Connection):
    """A shop that has answered and closed before it took the request."""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as the others have it
        raise httpcore2.WriteError("closed by the shop")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # as above
        return b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


async def test_a_shop_that_refuses_a_request_before_it_took_it_is_heard() -> None:
    wire = Wire(Refusing())
    status, _ = await wire.ask(httpx2.Request("POST", "http://shop.example/", content=b"all of it"), {})
    assert status == 413
    assert await wire.part({}) == b""
    assert not wire.may_go_on


async def test_a_header_cannot_say_more_than_one_line() -> None:
    async with visiting(always) as (client, _):
        with pytest.raises(httpx2.LocalProtocolError):
            await client.get("/", headers={"x-shop": "a\r\nx-other: b"})
        assert (await client.get("/", headers={"x-shop": "a"})).text == "ok"
