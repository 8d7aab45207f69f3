"""The HTTP transport of live workers, against servers that do what shops do: over real sockets."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import h2.config
import h2.connection
import h2.events
import httpcore2
import httpx2
import psutil
import pytest
from certificates import Certificate

from workers import pools
from workers.network import Connection, connect
from workers.pools import HostPools
from workers.wire import Wire

SECONDS = 5.0  # for what is to come
SOON = 0.1  # for what is not

PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LARGE = bytes(range(256)) * 16 * 1024  # 4 MiB

Serve = Callable[["Talk"], Awaitable[None]]


class Talk:
    """One connection, as the server has it. `over` is set when the client has closed it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.over = asyncio.Event()

    async def request(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self, data: bytes = PAGE) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_over(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        self.over.set()


class Server:
    """`talks`: its connections, in the order they came."""

    def __init__(self) -> None:
        self.talks: list[Talk] = []
        self.url = ""

    @contextlib.asynccontextmanager
    async def serving(self, serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator["Server"]:
        tasks: list[asyncio.Task[None]] = []

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(task := asyncio.current_task())  # type: ignore[arg-type]  # there is one
            assert task is not None
            self.talks.append(talk := Talk(reader, writer))
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await serve(talk)
            writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def always(talk: Talk) -> None:
    while True:
        await talk.request()
        await talk.answer()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110  # nobody tells what a socket holds
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def visiting(
    serve: Serve, *, tls: ssl.SSLContext | None = None, trusted: ssl.SSLContext | None = None, seconds: float = SECONDS
) -> AsyncIterator[tuple[httpx2.AsyncClient, Server]]:
    transport = HostPools(trusted or ssl.create_default_context())
    async with (
        asyncio.timeout(4 * SECONDS),
        Server().serving(serve, tls) as server,
        httpx2.AsyncClient(transport=transport, timeout=seconds, base_url=server.url) as client,
    ):
        yield client, server


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


async def test_who_sends_no_length_ends_with_the_connection() -> None:
    async def closing(talk: Talk) -> None:
        await talk.request()
        await talk.answer(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    async with visiting(closing) as (client, _):
        assert (await client.get("/")).text == "all of it"


def saying(*answers: bytes, closes: bool = False) -> Serve:
    """A shop that answers one request after the other with these bytes, whatever it is asked, and the last one again."""

    async def serve(talk: Talk) -> None:
        for answer in answers:
            await talk.request()
            await talk.answer(answer)
        if not closes:
            await talk.until_over()

    return serve


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


async def test_a_header_cannot_say_more_than_one_line() -> None:
    async with visiting(always) as (client, _):
        with pytest.raises(httpx2.LocalProtocolError):
            await client.get("/", headers={"x-shop": "a\r\nx-other: b"})
        assert (await client.get("/", headers={"x-shop": "a"})).text == "ok"


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


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever host was asked is long ago, and every request looks for such."""
    monkeypatch.setattr(pools, "_IDLE_SECONDS", 0.0)
    monkeypatch.setattr(pools, "_LOOK_SECONDS", 0.0)


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


def connections_to(port: int) -> int:
    return len(statuses_of(port))


def statuses_of(port: int) -> list[str]:
    """Of connections to that port, as the system calls them."""
    found = psutil.Process().net_connections("tcp")
    return [one.status for one in found if one.raddr and one.raddr.port == port]


@pytest.mark.parametrize("seconds", [SOON, None])
async def test_a_connection_that_does_not_come_is_given_up(full: int, seconds: float | None) -> None:
    before = connections_to(full)
    async with httpx2.AsyncClient(transport=HostPools(ssl.create_default_context()), timeout=seconds) as client:
        with pytest.raises(httpx2.ConnectTimeout if seconds else TimeoutError):
            async with asyncio.timeout(None if seconds else SOON):
                await client.get(f"http://127.0.0.1:{full}/")
        assert connections_to(full) == before


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


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


async def over_http2(talk: Talk) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    await talk.answer(connection.data_to_send())
    while data := await talk.reader.read(65536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                connection.send_headers(event.stream_id, [(":status", "200")])
                connection.send_data(event.stream_id, b"ok", end_stream=True)
        await talk.answer(connection.data_to_send())


async def test_http2_is_spoken_where_it_is_offered(certificate: Certificate) -> None:
    tls = certificate.server("h2", "http/1.1")
    async with visiting(over_http2, tls=tls, trusted=certificate.trusted()) as (client, server):
        answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
        assert {(answer.text, answer.http_version) for answer in answers} == {("ok", "HTTP/2")}
        assert len(server.talks) == 1


async def test_hosts_that_offer_http1_alone_have_a_connection_for_each_request_over_tls(
    certificate: Certificate,
) -> None:
    tls = certificate.server("http/1.1")
    async with visiting(always, tls=tls, trusted=certificate.trusted()) as (client, server):
        for _ in range(2):
            answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
            assert [(answer.text, answer.http_version) for answer in answers] == [("ok", "HTTP/1.1")] * 5
        assert len(server.talks) == 5


async def test_a_connection_of_http2_that_ended_is_replaced(certificate: Certificate) -> None:
    async def once(talk: Talk) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        await talk.answer(connection.data_to_send())
        while not talk.over.is_set():
            for event in connection.receive_data(await talk.reader.read(65536)):
                if isinstance(event, h2.events.RequestReceived):
                    connection.send_headers(event.stream_id, [(":status", "200")])
                    connection.send_data(event.stream_id, b"ok", end_stream=True)
                    connection.close_connection()
                    talk.over.set()
            await talk.answer(connection.data_to_send())

    tls = certificate.server("h2")
    async with visiting(once, tls=tls, trusted=certificate.trusted()) as (client, server):
        for count in (1, 2):
            assert (await client.get("/")).text == "ok"
            assert len(server.talks) == count


async def test_a_connection_of_http2_that_the_shop_closed_while_it_was_idle_is_not_used(
    certificate: Certificate,
) -> None:
    closes = asyncio.Event()

    async def closing(talk: Talk) -> None:
        speaking = asyncio.create_task(over_http2(talk))
        await closes.wait()
        speaking.cancel()

    tls = certificate.server("h2")
    async with visiting(closing, tls=tls, trusted=certificate.trusted()) as (client, server):
        first = await client.get("/")
        connection = first.extensions["network_stream"]
        closes.set()
        await until(lambda: connection.is_over)
        closes.clear()
        assert (await client.get("/")).text == "ok"
        assert len(server.talks) == 2


async def test_of_connections_of_http2_made_side_by_side_one_remains(certificate: Certificate) -> None:
    """As where the first answer came from a node that speaks HTTP/1.1 alone."""
    tls = certificate.server("http/1.1")

    async def once(talk: Talk) -> None:
        if len(server.talks) > 1:
            await over_http2(talk)
        else:
            await talk.request()
            await talk.answer(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")

    async with visiting(once, tls=tls, trusted=certificate.trusted()) as (client, server):
        assert (await client.get("/")).http_version == "HTTP/1.1"
        tls.set_alpn_protocols(["h2"])
        answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
        assert [(answer.text, answer.http_version) for answer in answers] == [("ok", "HTTP/2")] * 5
        port = httpx2.URL(server.url).port
        assert port is not None
        await until(lambda: connections_to(port) == 1)
        assert (await client.get("/")).http_version == "HTTP/2"
    await until(lambda: connections_to(port) == 0)


@pytest.mark.usefixtures("hasty")
async def test_a_connection_of_http2_that_takes_no_more_is_closed_when_its_last_answer_was_read(
    certificate: Certificate,
) -> None:
    async def halting(talk: Talk) -> None:
        """Answers over the first connection by half."""
        if len(server.talks) > 1:
            return await over_http2(talk)
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        await talk.answer(connection.data_to_send())
        while data := await talk.reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    connection.send_headers(event.stream_id, [(":status", "200")])
                    connection.send_data(event.stream_id, b"ha")
            await talk.answer(connection.data_to_send())
        return None

    tls = certificate.server("h2")
    async with (
        visiting(halting, tls=tls, trusted=certificate.trusted()) as (client, server),
        Server().serving(always) as other,
    ):
        port = httpx2.URL(server.url).port
        assert port is not None
        async with client.stream("GET", "/"):
            with pytest.raises(httpx2.ReadTimeout):
                await client.get("/", timeout=SOON)
            assert (await client.get("/")).text == "ok"
            assert (await client.get(other.url)).text == "ok", "for which connections that nobody uses are closed"
            assert connections_to(port) == 2
        await until(lambda: connections_to(port) == 1)


@pytest.mark.parametrize(
    "name", [name for name in vars(httpcore2) if name.endswith(("Timeout", "Error", "Protocol")) and name[0].isupper()]
)
def test_every_error_of_httpcore_has_its_namesake(name: str) -> None:
    assert issubclass(getattr(httpx2, name), httpx2.HTTPError)
