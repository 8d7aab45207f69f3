"""Hearing what is announced on channels of Redis.

Each process hears of much that concerns nobody in it. What comes is read where it comes in, without a task that wakes up
for it: the driver's own subscriptions take three times as much processor time a message.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import hiredis
import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, RedisError, ResponseError

from listino.live.client import connect_subscriber, hand_over
from listino.settings import Settings

log = structlog.get_logger(__name__)

RESUBSCRIBE_SECONDS = 0.1  # what is announced until then is heard by nobody

Hear = Callable[[bytes], None]  # what was announced; it must not take long


async def hear(
    settings: Settings, channels: Mapping[str, Hear], listening: Callable[[bool], None] = lambda _: None
) -> NoReturn:
    """Hears all that is announced on the channels, until it is cancelled.

    After a lost connection it subscribes again, and says so once; what was announced meanwhile is not heard. `listening`
    is told from when on everything is heard, and from when on nothing. What one of those who are told raises ends it.
    """
    lost = False

    def subscribed() -> None:
        nonlocal lost
        lost = False
        listening(True)

    async with connect_subscriber(settings) as redis:
        pool: Any = redis.connection_pool
        while True:
            connection = pool.make_connection()
            try:
                await connection.connect()
                subscription = _Subscription(channels, subscribed)
                transport, _ = await hand_over(connection, subscription)
                transport.write(subscription.command)
                await subscription.ended
            except RedisError as error:
                if not lost:
                    log.warning("live.subscription_lost", error=str(error))
                lost = True
            finally:
                listening(False)
                await connection.disconnect(nowait=True)
            await asyncio.sleep(RESUBSCRIBE_SECONDS)


class _Subscription(asyncio.Protocol):
    """One connection's subscription to the channels. `ended` is done, with an error, when nothing will be heard any more."""

    def __init__(self, channels: Mapping[str, Hear], subscribed: Callable[[], None]) -> None:
        command: Any = ("SUBSCRIBE", *channels)
        self.command = hiredis.pack_command(command)
        self.ended: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        self._hear = {channel.encode(): hear for channel, hear in channels.items()}
        self._unconfirmed = set(self._hear)
        self._subscribed = subscribed
        self._reader = hiredis.Reader(protocolError=InvalidResponse, replyError=ResponseError)

    def data_received(self, data: bytes) -> None:
        if self.ended.done():
            return
        try:
            self._reader.feed(data)
            while (message := self._reader.gets()) is not False:
                self._take(message)
        except Exception as error:
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(RedisConnectionError(str(exc or "the server closed the connection")))

    def _take(self, message: Any) -> None:
        match message:
            case [b"message", channel, what]:
                self._hear[channel](what)
            case [b"subscribe", channel, _]:
                self._unconfirmed.discard(channel)
                if not self._unconfirmed:
                    self._subscribed()
            case Exception():  # such as that the user may not hear of a channel
                raise message

    def _end(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)
