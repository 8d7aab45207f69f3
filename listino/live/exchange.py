"""Questions to Redis over one connection that all who ask share: one of the driver's for each takes more than twice the
processor time."""

import asyncio
from collections import deque
from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import hiredis
from redis import asyncio as aioredis
from redis._parsers import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from listino.live.client import COMMAND_SECONDS, hand_over

# A loop that stood still looks at its clock before it looks at its connections: so much longer, to read what lies there.
_SECOND_LOOK_SECONDS = 0.02
# What nobody waits for leaves with the next question, and no later than this: time enough for an answer to come to be delivered.
_ALONG_SECONDS = 0.002
_UNFINISHED = object()  # what the reader gives while an answer is not all there; in RESP3 False is an answer


class Exchange:
    """Asks on one of the client's connections, made with the first question and whenever the last one was lost. Errors are
    the driver's. Not for commands that wait in the server: all that is asked after them would wait as well."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._pool: Any = redis.connection_pool
        self._line: _Line | None = None

    async def ask(self, *command: Any, along: bool = False) -> Any:
        """The answer to one command of text, bytes and integers, in bytes. Raises the driver's TimeoutError after the seconds
        that the client gives a command, to connect included. `along`: it waits a moment for the next question, and leaves
        before it in the same write."""
        packed = hiredis.pack_command(command)
        line = self._line_now()
        try:
            return await line.ask(packed, along=along)
        except RedisConnectionError:
            if line.closed or not line.connected:
                raise  # the driver has tried twice
        # After a restart, what was asked on the connection from before fails once.
        return await self._line_now().ask(packed)

    def close(self) -> None:
        """Ends the connection, and with it what is not answered. The next question would make another one."""
        if self._line is not None:
            self._line.close()

    def _line_now(self) -> "_Line":
        if self._line is None or self._line.ended:
            self._line = _Line(self._pool)
        return self._line


class _Line(asyncio.Protocol):
    """One connection, from before it is made until it is given back to the pool. Answers come in the order of the questions;
    that of one who waits no more is read in its turn and thrown away."""

    def __init__(self, pool: Any) -> None:
        self.connected = self.ended = self.closed = False
        self._loop = asyncio.get_running_loop()
        self._seconds: float = pool.connection_kwargs.get("socket_timeout") or COMMAND_SECONDS
        self._transport: asyncio.Transport | None = None
        self._drivers: asyncio.Protocol  # from then on
        self._unsent: list[bytes] = []  # until it is connected, or others come that it goes along with
        self._sending: asyncio.TimerHandle | None = None  # where it waits for those
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()  # and when they asked
        # The oldest question has one clock for all: a timer for each would be a good part of what it costs.
        self._clock: asyncio.TimerHandle | None = None
        self._suspect: asyncio.Future[Any] | None = None  # was late at the first look
        self._reader = hiredis.Reader(
            protocolError=InvalidResponse, replyError=BaseParser.parse_error, notEnoughData=_UNFINISHED
        )
        self._over = asyncio.Event()
        self._life = self._loop.create_task(self._live(pool), name="questions to Redis")

    def ask(self, packed: bytes, *, along: bool = False) -> "asyncio.Future[Any]":
        answer = self._loop.create_future()
        self._waiting.append((answer, self._loop.time()))
        if self._clock is None:
            self._clock = self._loop.call_later(self._seconds, self._look)
        self._unsent.append(packed)
        if not along:
            self._send()
        elif self._sending is None:
            self._sending = self._loop.call_later(_ALONG_SECONDS, self._send)
        return answer

    def close(self) -> None:
        self.closed = True
        self._end(RedisConnectionError("the connection is closed"))

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not _UNFINISHED:
                self._take(answer)
        except Exception as error:
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._drivers.connection_lost(exc)
        self._end(RedisConnectionError(str(exc or "the server closed the connection")))

    async def _live(self, pool: Any) -> None:
        connection = None
        try:
            connection = await pool.get_connection()
            if not self.ended:  # nobody waits any more for what would be asked
                self._transport, self._drivers = await hand_over(connection, self)
                self.connected = True
                self._send()
                await self._over.wait()
        except Exception as error:  # whatever it is, it is a Redis that cannot be asked
            self._end(error if isinstance(error, RedisError) else RedisConnectionError(repr(error)))
        finally:
            self.close()  # as when the loop ends
            if connection is not None:
                await connection.disconnect(nowait=True)
                await pool.release(connection)

    def _send(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        if self._transport is None or not self._unsent:
            return
        packed = b"".join(self._unsent)
        self._unsent.clear()
        try:
            self._transport.write(packed)
        except RuntimeError as error:  # uvloop's, of a connection that is closed already
            self._end(RedisConnectionError(f"the server closed the connection: {error}"))

    def _take(self, answer: Any) -> None:
        if isinstance(answer, RedisConnectionError):  # such as that the server is loading its data
            raise answer
        if isinstance(answer, hiredis.PushNotification):  # no answer: news of the server's upkeep
            return
        if not self._waiting:
            raise InvalidResponse(f"nobody asked for {answer!r}")
        asked, _ = self._waiting.popleft()
        if asked.done():
            return
        if isinstance(answer, Exception):
            asked.set_exception(answer)
        else:
            asked.set_result(answer)

    def _look(self) -> None:
        """Ends a connection on which the oldest question waits for too long. Who asked later is told as well: it is the same
        Redis that does not answer."""
        self._clock = None
        if not self._waiting:
            return
        asked, since = self._waiting[0]
        left = since + self._seconds - self._loop.time()
        if left <= 0 and asked is self._suspect:
            self._end(RedisTimeoutError("Redis did not answer in time"))
            return
        if left <= 0:
            self._suspect, left = asked, _SECOND_LOOK_SECONDS
        self._clock = self._loop.call_later(left, self._look)

    def _end(self, error: Exception) -> None:
        if self.ended:
            return
        self.ended = True
        for timer in (self._clock, self._sending):
            if timer is not None:
                timer.cancel()
        for asked, _ in self._waiting:
            if not asked.done():
                asked.set_exception(error)
        self._waiting.clear()
        if self._transport is not None:
            self._transport.abort()
        self._over.set()


class Script:
    """One Lua script, run by its digest; sent whole to a server that does not know it yet."""

    def __init__(self, exchange: Exchange, text: str) -> None:
        self._exchange = exchange
        self._text = text
        self._digest = sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, keys: Sequence[str], args: Sequence[str | bytes | int], *, along: bool = False) -> Any:
        """What it gives. `along`: see Exchange.ask."""
        try:
            return await self._exchange.ask("EVALSHA", self._digest, len(keys), *keys, *args, along=along)
        except NoScriptError:
            return await self._exchange.ask("EVAL", self._text, len(keys), *keys, *args)
