"""Questions that share a connection, to a server that the test plays: each gets its own answer, or is told why not."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import hiredis
import pytest
import uvloop
from certificates import Certificate
from redis import asyncio as aioredis
from redis.exceptions import (
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

import listino.live.exchange
from listino.live.client import connect_async
from listino.live.exchange import Exchange, Script
from listino.settings import Settings

SECONDS = 0.3  # where it matters when they are over
Answer = Callable[[list[bytes]], bytes | None]


class Server:
    """Answers each command as `answer` says; None closes the connection."""

    def __init__(self) -> None:
        self.asked: list[list[bytes]] = []
        self.connections: list[asyncio.StreamWriter] = []
        self.answer: Answer = lambda command: b"+%s\r\n" % command[-1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        parser = hiredis.Reader()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                parser.feed(data)
                while (command := parser.gets()) is not False:
                    self.asked.append(command)
                    if (answer := self.answer(command)) is None:
                        writer.transport.abort()
                        return
                    writer.write(answer)
        writer.close()

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(5):
            while len(self.asked) < times:  # noqa: ASYNC110 - it comes over the network
                await asyncio.sleep(0.001)


async def silent(connection: Any) -> None:
    """No first words: the server knows none."""
    connection._parser.on_connect(connection)


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Server, int]]:
    played = Server()
    listening = await asyncio.start_server(played.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield played, listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for writer in played.connections:
            if not writer.transport.is_closing():  # Python 3.11.2 cannot abort a secure one that is
                writer.transport.abort()


def client(settings: Settings, address: str, greet: Any = silent, **options: Any) -> aioredis.Redis:
    return connect_async(
        settings.model_copy(update={"redis_url": address}), **{"seconds": 10, "greet": greet, **options}
    )


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    async with serving() as played:
        yield played


@pytest.fixture
async def played(server: tuple[Server, int]) -> Server:
    return server[0]


@pytest.fixture
async def exchange(server: tuple[Server, int], settings: Settings) -> AsyncIterator[Exchange]:
    async with client(settings, f"redis://127.0.0.1:{server[1]}/0") as redis:
        yield Exchange(redis)


@pytest.fixture
async def hasty(server: tuple[Server, int], settings: Settings) -> AsyncIterator[Exchange]:
    async with client(settings, f"redis://127.0.0.1:{server[1]}/0", seconds=SECONDS) as redis:
        yield Exchange(redis)


async def test_everybody_gets_the_answer_to_the_own_question_over_one_connection(
    exchange: Exchange, played: Server
) -> None:
    for _ in range(3):
        answers = await asyncio.gather(*(exchange.ask("ECHO", number) for number in range(100)))
        assert answers == [b"%d" % number for number in range(100)]
    assert (len(played.asked), len(played.connections)) == (300, 1)


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may go along with the next question waits for it as long as it takes."""
    monkeypatch.setattr(listino.live.exchange, "_ALONG_SECONDS", 60)


class Writes:
    """A connection, and what was written to it."""

    def __init__(self, line: Any) -> None:
        self._transport, line._transport = line._transport, self
        self.commands: list[list[bytes]] = []

    def write(self, data: bytes) -> None:
        reader = hiredis.Reader()
        reader.feed(data)
        self.commands.append([command[-1] for command in iter(reader.gets, False)])
        self._transport.write(data)

    def abort(self) -> None:
        self._transport.abort()


@pytest.mark.usefixtures("_patient")
async def test_what_nobody_waits_for_leaves_before_the_next_question_in_one_write(exchange: Exchange) -> None:
    await exchange.ask("ECHO", "first")
    writes = Writes(exchange._line)
    along = [asyncio.create_task(exchange.ask("ECHO", number, along=True)) for number in range(2)]
    await asyncio.sleep(0)
    assert writes.commands == []
    assert await exchange.ask("ECHO", "told") == b"told"
    assert [await one for one in along] == [b"0", b"1"]
    assert await exchange.ask("ECHO", "next") == b"next"
    assert writes.commands == [[b"0", b"1", b"told"], [b"next"]]


async def test_what_nobody_waits_for_leaves_alone_where_nothing_else_is_asked(exchange: Exchange) -> None:
    for word in (b"before it is connected", b"after it"):
        assert await asyncio.wait_for(exchange.ask("ECHO", word, along=True), 5) == word


@pytest.mark.usefixtures("_patient")
async def test_what_waits_to_go_along_is_told_when_the_connection_is_lost_and_asked_once_more(
    exchange: Exchange, played: Server
) -> None:
    await exchange.ask("ECHO", "first")
    along = asyncio.create_task(exchange.ask("ECHO", "along", along=True))
    await asyncio.sleep(0)
    played.connections[0].transport.abort()
    assert await asyncio.wait_for(along, 5) == b"along"
    assert (played.asked[-1], len(played.connections)) == ([b"ECHO", b"along"], 2)


@pytest.mark.usefixtures("_patient")
async def test_an_exchange_that_is_closed_ends_its_connection_and_what_waits_and_may_be_asked_again(
    exchange: Exchange, played: Server
) -> None:
    exchange.close()  # there is nothing yet
    await exchange.ask("ECHO", "first")
    line = exchange._line
    assert line is not None
    asking = asyncio.gather(*(line.ask(b"", along=along) for along in (False, True)), return_exceptions=True)
    exchange.close()
    told = await asyncio.wait_for(asking, 5)
    assert [type(one) for one in told] == [RedisConnectionError, RedisConnectionError]
    await asyncio.wait_for(line._life, 5)
    assert await exchange.ask("ECHO", "again") == b"again"
    assert len(played.connections) == 2


async def test_the_answer_to_one_who_waits_no_more_is_thrown_away_in_its_turn(
    exchange: Exchange, played: Server
) -> None:
    await exchange.ask("ECHO", "first")
    played.answer = lambda command: b""
    asking = [asyncio.create_task(exchange.ask("ECHO", number)) for number in range(3)]
    await played.until_asked(4)
    asking[1].cancel()
    await asyncio.wait([asking[1]])
    played.connections[0].write(b"+zero\r\n+one\r\n$3\r\ntw")
    assert await asking[0] == b"zero"
    assert not asking[2].done()
    played.connections[0].write(b"o\r\n")
    assert await asking[2] == b"two"
    assert asking[1].cancelled()
    assert len(played.connections) == 1


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("ERR unknown command", ResponseError),
        ("NOSCRIPT No matching script.", NoScriptError),
        ("OOM command not allowed", OutOfMemoryError),
        ("READONLY You can't write", ReadOnlyError),
        ("NOPERM this user has no permissions", NoPermissionError),
        ("WRONGTYPE Operation against a key", ResponseError),
    ],
)
async def test_an_answer_may_be_an_error_and_the_connection_goes_on(
    exchange: Exchange, played: Server, said: str, error: type[Exception]
) -> None:
    played.answer = lambda command: b"-%s\r\n" % said.encode() if command[0] == b"FAIL" else b"+fine\r\n"
    told = await asyncio.gather(exchange.ask("FAIL"), exchange.ask("PING"), return_exceptions=True)
    assert [type(told[0]), told[1]] == [error, b"fine"]
    assert said.endswith(str(told[0]))
    assert len(played.connections) == 1


async def test_a_server_that_loads_its_data_is_asked_once_more(exchange: Exchange, played: Server) -> None:
    played.answer = lambda command: b"-LOADING Redis is loading the dataset in memory\r\n"
    with pytest.raises(BusyLoadingError):
        await exchange.ask("PING")
    assert (len(played.asked), len(played.connections)) == (2, 2)
    played.answer = lambda command: b"+PONG\r\n"
    assert await exchange.ask("PING") == b"PONG"


@pytest.mark.parametrize("answer", [b"#f\r\n", b"_\r\n", b"$-1\r\n", b":0\r\n", b"*0\r\n"])
async def test_nothing_is_an_answer_too(exchange: Exchange, played: Server, answer: bytes) -> None:
    played.answer = lambda command: answer
    assert await asyncio.wait_for(exchange.ask("GET", "key"), 5) in (False, None, [])


async def test_news_of_the_server_is_no_answer(exchange: Exchange, played: Server) -> None:
    played.answer = lambda command: b">2\r\n+MOVING\r\n:1\r\n+fine\r\n"
    assert [await exchange.ask("PING") for _ in range(2)] == [b"fine"] * 2


async def test_a_server_that_knows_not_the_script_is_sent_it(exchange: Exchange, played: Server) -> None:
    played.answer = lambda command: b"-NOSCRIPT no\r\n" if command[0] == b"EVALSHA" else b":42\r\n"
    assert await Script(exchange, "return 42").run(["key"], [b"word", 7]) == 42
    assert played.asked[1] == [b"EVAL", b"return 42", b"1", b"key", b"word", b"7"]


async def test_after_a_lost_connection_each_is_asked_once_more_over_one_new(exchange: Exchange, played: Server) -> None:
    await exchange.ask("ECHO", "first")
    played.answer = lambda command: b"" if len(played.connections) == 1 else b"+%s\r\n" % command[-1]
    asking = [asyncio.create_task(exchange.ask("ECHO", number)) for number in range(5)]
    await played.until_asked(6)
    played.connections[0].transport.abort()
    assert await asyncio.gather(*asking) == [b"%d" % number for number in range(5)]
    assert (len(played.asked), len(played.connections)) == (11, 2)


async def test_what_loses_the_second_connection_too_fails(exchange: Exchange, played: Server) -> None:
    played.answer = lambda command: None
    with pytest.raises(RedisConnectionError):
        await exchange.ask("PING")
    assert (len(played.asked), len(played.connections)) == (2, 2)


async def test_a_connection_that_was_lost_while_nobody_asked_is_replaced(exchange: Exchange, played: Server) -> None:
    for number in range(1, 4):
        assert await exchange.ask("ECHO", "word") == b"word"
        assert (len(played.asked), len(played.connections)) == (number, number)
        played.connections[-1].transport.abort()
        line = exchange._line
        assert line is not None
        await asyncio.wait_for(line._life, 5)


async def test_a_silent_server_is_waited_for_so_long_and_asked_once(hasty: Exchange, played: Server) -> None:
    played.answer = lambda command: b""
    told = await asyncio.wait_for(asyncio.gather(*(hasty.ask("PING") for _ in range(3)), return_exceptions=True), 5)
    assert [type(error) for error in told] == [RedisTimeoutError] * 3
    assert (len(played.asked), len(played.connections)) == (3, 1)
    played.answer = lambda command: b"+PONG\r\n"
    assert await hasty.ask("PING") == b"PONG"
    assert len(played.connections) == 2


async def test_an_answered_question_does_not_count_against_the_next(hasty: Exchange, played: Server) -> None:
    """Each is answered in time; the clock rings, which began with the first, while the second waits."""

    def slowly(command: list[bytes]) -> bytes:
        asyncio.get_running_loop().call_later(SECONDS * 2 / 3, played.connections[0].write, b"+PONG\r\n")
        return b""

    played.answer = slowly
    assert [await hasty.ask("PING") for _ in range(3)] == [b"PONG"] * 3
    assert len(played.connections) == 1


async def test_what_lies_there_when_a_loop_that_stood_still_goes_on_is_in_time(server: tuple[Server, int]) -> None:
    """The server is in another thread, that it may answer meanwhile."""
    loop, settings = asyncio.get_running_loop(), Settings(_env_file=None, env="test")

    async def ask() -> list[bytes]:
        async with client(settings, f"redis://127.0.0.1:{server[1]}/0", seconds=SECONDS) as redis:
            exchange = Exchange(redis)
            await exchange.ask("ECHO", "first")
            asking = asyncio.create_task(exchange.ask("ECHO", "word"))
            await asyncio.sleep(0)  # it is written
            asyncio.run_coroutine_threadsafe(server[0].until_asked(2), loop).result(5)
            time.sleep(2 * SECONDS)  # noqa: ASYNC251 - the loop is to stand still
            return [await asking]

    def run() -> list[bytes]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # asyncio's looks at its connections first
            return runner.run(ask())

    assert await asyncio.to_thread(run) == [b"word"]
    assert len(server[0].connections) == 1


async def test_an_answer_that_cannot_be_read_ends_the_connection(exchange: Exchange, played: Server) -> None:
    played.answer = lambda command: b"what?\r\n"
    with pytest.raises(InvalidResponse):
        await exchange.ask("PING")
    played.answer = lambda command: b"+PONG\r\n+PONG\r\n"  # nobody asked for the other
    assert await exchange.ask("PING") == b"PONG"
    played.answer = lambda command: b"+PONG\r\n"
    assert await exchange.ask("PING") == b"PONG"


async def test_who_cannot_connect_is_told_and_what_was_given_up_is_not_asked(
    server: tuple[Server, int], settings: Settings
) -> None:
    async with client(settings, "redis://127.0.0.1:9/0") as redis:
        with pytest.raises(RedisConnectionError):
            await Exchange(redis).ask("PING")

    greeted = asyncio.Event()

    async def slow(connection: Any) -> None:
        await greeted.wait()
        await silent(connection)

    async with client(
        settings, f"redis://127.0.0.1:{server[1]}/0", greet=slow, connections=1, seconds=SECONDS
    ) as redis:
        exchange = Exchange(redis)
        with pytest.raises(RedisTimeoutError):
            await asyncio.wait_for(exchange.ask("ECHO", "late"), 5)
        greeted.set()
        assert await exchange.ask("ECHO", "word") == b"word"
        assert server[0].asked == [[b"ECHO", b"word"]]


async def test_closing_the_client_ends_the_connection_and_those_who_wait(
    server: tuple[Server, int], settings: Settings
) -> None:
    redis = client(settings, f"redis://127.0.0.1:{server[1]}/0")
    exchange = Exchange(redis)
    await exchange.ask("ECHO", "first")
    line = exchange._line
    assert line is not None
    await asyncio.wait_for(redis.aclose(), 5)
    await asyncio.wait_for(line._life, 5)
    assert await exchange.ask("ECHO", "again") == b"again"
    await asyncio.wait_for(redis.aclose(), 5)


def test_what_uvloop_refuses_to_write_was_asked_on_a_lost_connection(settings: Settings) -> None:
    async def ask() -> None:
        async with serving() as (played, port), client(settings, f"redis://127.0.0.1:{port}/0") as redis:
            exchange = Exchange(redis)
            await exchange.ask("ECHO", "first")
            line, closed = exchange._line, asyncio.Event()
            assert line is not None
            assert line._transport is not None
            line.connection_lost = lambda exc: closed.set()  # type: ignore[method-assign]  # it does not hear of it
            line._transport.abort()
            await asyncio.wait_for(closed.wait(), 5)
            await asyncio.sleep(0)  # uvloop closes it after it has told
            assert await asyncio.wait_for(exchange.ask("ECHO", "word"), 5) == b"word"
            assert len(played.connections) == 2

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_the_connection_may_be_encrypted(settings: Settings, tmp_path: Path, loop: Any) -> None:
    certificate = Certificate(tmp_path)

    async def ask() -> None:
        async with serving(certificate.server()) as (played, port):
            address = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate.file}"
            async with client(settings, address) as redis:
                exchange = Exchange(redis)
                words = [str(number) * 1000 for number in range(50)]
                assert await asyncio.gather(*(exchange.ask("ECHO", word) for word in words)) == [
                    word.encode() for word in words
                ]
                played.connections[0].transport.abort()
                assert await exchange.ask("ECHO", "again") == b"again"

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ask())
