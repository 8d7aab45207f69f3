"""The HTTP transport of live workers, against servers that do what shops do: over real sockets."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

import httpcore2
import httpx2
import psutil
import pytest
from certificates import Certificate
from talks import (
    LARGE,
    SECONDS,
    SOON,
    Server,
    Talk,
    always,
    connections_to,
    statuses_of,
    until,
    visiting,
)

from workers import pools
from workers.network import connect
from workers.pools import HostPools


async def test_a_connection_serves_one_request_after_the_other() -> None:
    async with visiting(always) as (client, server):
        for _ in range(3):
            assert (await client.get("/")).text == "ok"
        assert len(server.talks) == 1


async def test_requests_of_one_moment_have_a_connection_each() -> None:
    async with visiting(always) as (client, server):
        answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
        assert [answer.text for answer in answers] == ["ok"] * 5
        assert len(server.talks) == 5


async def test_who_closes_while_idle_is_connected_to_anew() -> None:
    async def once(talk: Talk) -> None:
        await talk.request()
        await talk.answer()

    async with visiting(once) as (client, server):
        first = await client.send(client.build_request("GET", "/"), stream=True)
        await first.aread()
        connection = first.extensions["network_stream"]
        await until(lambda: connection.get_extra_info("is_readable"))
        assert (await client.get("/")).text == "ok"
        assert len(server.talks) == 2


async def test_large_bodies_come_whole_both_ways() -> None:
    async def echo(talk: Talk) -> None:
        await talk.request()
        body = await talk.reader.readexactly(len(LARGE))
        await talk.answer(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    async with visiting(echo) as (client, _):
        assert (await client.post("/", content=LARGE)).content == LARGE


async def test_a_reader_who_does_not_read_holds_the_shop() -> None:
    """A shop that sends without end must not fill our memory."""
    sent = 0

    async def endless(talk: Talk) -> None:
        nonlocal sent
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while True:
            await talk.answer(LARGE)
            sent += len(LARGE)

    async with visiting(endless) as (client, server), client.stream("GET", "/") as answer:
        parts = answer.aiter_raw()
        assert await anext(parts)
        talk = server.talks[0]
        await until(talk.writer.transport.get_write_buffer_size)
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(SOON)
        assert sent <= 8 * len(LARGE), "the sockets' own buffers"
        assert await anext(parts)


async def test_a_connection_that_dies_mid_body_is_not_used_again() -> None:
    async def dying(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        talk.writer.transport.abort()

    async with visiting(dying) as (client, server):
        for count in (1, 2):
            with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
                await client.get("/")
            assert len(server.talks) == count


async def test_a_body_that_is_closed_twice_leaves_alone_who_has_its_connection_now() -> None:
    rest = asyncio.Event()

    async def slow(talk: Talk) -> None:
        await talk.request()
        await talk.answer()
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha")
        await rest.wait()
        await talk.answer(b"lf")

    async with visiting(slow) as (client, server):
        async with client.stream("GET", "/") as first:
            assert await first.aread() == b"ok"
        body = first.stream
        assert isinstance(body, httpx2.AsyncByteStream)
        async with client.stream("GET", "/") as second:
            await body.aclose()
            rest.set()
            assert await second.aread() == b"half"
        assert len(server.talks) == 1


async def test_other_schemes_are_not_asked() -> None:
    async with httpx2.AsyncClient(transport=HostPools(ssl.create_default_context())) as client:
        with pytest.raises(httpx2.UnsupportedProtocol):
            await client.get("ftp://shop.example/")


async def test_a_read_that_times_out_closes_the_connection() -> None:
    async def silent(talk: Talk) -> None:
        await talk.request()
        await talk.until_over()

    async with visiting(silent, seconds=SOON) as (client, server):
        with pytest.raises(httpx2.ReadTimeout):
            await client.get("/")
        await server.talks[0].over.wait()


async def test_who_breaks_off_closes_the_connection() -> None:
    asked = asyncio.Event()

    async def silent(talk: Talk) -> None:
        await talk.request()
        asked.set()
        await talk.until_over()

    async with visiting(silent) as (client, server):
        asking = asyncio.create_task(client.get("/"))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await server.talks[0].over.wait()


async def test_who_breaks_off_mid_body_closes_the_connection() -> None:
    async def slow(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await talk.until_over()

    async with visiting(slow) as (client, server):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await client.get("/")
        await server.talks[0].over.wait()


async def test_a_write_that_nobody_takes_times_out() -> None:
    async def deaf(talk: Talk) -> None:
        await asyncio.Event().wait()

    async with visiting(deaf) as (_, server):
        url = httpx2.URL(server.url)
        connection = await connect(url.host, url.port or 0, SECONDS)
        with pytest.raises(httpcore2.WriteTimeout):
            await connection.write(LARGE * 4, timeout=SOON)
        await connection.aclose()
        with pytest.raises(httpcore2.WriteError):
            await connection.write(b"more")
        with pytest.raises(httpcore2.ReadError):
            await connection.read(1)


async def test_nobody_there_is_a_connect_error() -> None:
    async with Server().serving(always) as server:
        url = server.url
    async with httpx2.AsyncClient(transport=HostPools(ssl.create_default_context())) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(url)


@pytest.mark.usefixtures("hasty")
async def test_connections_of_a_host_that_is_asked_no_more_are_closed_when_another_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closes = asyncio.Event()

    async def once(talk: Talk) -> None:
        await talk.request()
        await talk.answer()
        await closes.wait()

    monkeypatch.setattr(pools, "_IDLE_SECONDS", 60.0)
    async with visiting(once) as (client, shop), Server().serving(always) as other:
        port = httpx2.URL(shop.url).port
        assert port is not None
        await asyncio.gather(*(client.get("/") for _ in range(5)))
        closes.set()
        await until(lambda: statuses_of(port) == [psutil.CONN_CLOSE_WAIT] * 5)
        await client.get(other.url)
        assert connections_to(port) == 5, "which the shop has closed, and nobody looks at"

        monkeypatch.setattr(pools, "_IDLE_SECONDS", 0.0)
        await client.get(other.url)
        await until(lambda: connections_to(port) == 0)
        assert (await client.get("/")).text == "ok"


@pytest.mark.usefixtures("hasty")
async def test_a_host_whose_answer_is_still_read_keeps_its_connections() -> None:
    rest = asyncio.Event()

    async def slow(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nha")
        await rest.wait()
        await talk.answer(b"lf")

    async with (
        visiting(slow) as (client, _),
        Server().serving(always) as other,
        client.stream("GET", "/") as answer,
    ):
        assert (await client.get(other.url)).text == "ok"
        rest.set()
        assert await answer.aread() == b"half"


@pytest.fixture
def full() -> Iterator[int]:
    """The port of a server that answers no more attempts to connect: its queue is full, and it accepts none."""
    with socket.socket() as server, contextlib.ExitStack() as queue:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@pytest.mark.parametrize("seconds", [SOON, None])
async def test_a_connection_that_does_not_come_is_given_up(full: int, seconds: float | None) -> None:
    before = connections_to(full)
    async with httpx2.AsyncClient(transport=HostPools(ssl.create_default_context()), timeout=seconds) as client:
        with pytest.raises(httpx2.ConnectTimeout if seconds else TimeoutError):
            async with asyncio.timeout(None if seconds else SOON):
                await client.get(f"http://127.0.0.1:{full}/")
        assert connections_to(full) == before


async def test_a_connection_is_as_secure_as_its_certificate(certificate: Certificate) -> None:
    async with visiting(always, tls=certificate.server(), trusted=certificate.trusted()) as (client, server):
        for _ in range(2):
            answer = await client.get("/")
            assert (answer.text, answer.http_version) == ("ok", "HTTP/1.1")
        assert len(server.talks) == 1
        with pytest.raises(httpx2.ConnectError, match="Hostname mismatch"):
            await client.get(server.url.replace("127.0.0.1", "localhost"))


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Certificate) -> None:
    async with visiting(always, tls=certificate.server()) as (client, server):
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get("/")
        assert server.talks == []


async def test_large_bodies_come_whole_over_tls(certificate: Certificate) -> None:
    async def large(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\n\r\n" + LARGE)

    async with visiting(large, tls=certificate.server(), trusted=certificate.trusted()) as (client, _):
        assert (await client.get("/")).content == LARGE


async def test_a_handshake_that_nobody_answers_times_out_and_closes(certificate: Certificate) -> None:
    async def silent(talk: Talk) -> None:
        await talk.until_over()

    async with visiting(silent, trusted=certificate.trusted(), seconds=SOON) as (client, server):
        with pytest.raises(httpx2.ConnectTimeout):
            await client.get(server.url.replace("http:", "https:"))
        await server.talks[0].over.wait()


async def test_who_breaks_off_a_handshake_closes_the_connection(certificate: Certificate) -> None:
    async def silent(talk: Talk) -> None:
        await talk.until_over()

    async with visiting(silent, trusted=certificate.trusted()) as (client, server):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await client.get(server.url.replace("http:", "https:"))
        await server.talks[0].over.wait()


@pytest.mark.parametrize(
    "name", [name for name in vars(httpcore2) if name.endswith(("Timeout", "Error", "Protocol")) and name[0].isupper()]
)
def test_every_error_of_httpcore_has_its_namesake(name: str) -> None:
    assert issubclass(getattr(httpx2, name), httpx2.HTTPError)
