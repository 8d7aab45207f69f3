"""Connections to Redis, how they fail, and the times that live refreshes keep."""

import contextlib
from collections.abc import Iterator
from typing import Any

from redis import Redis
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from listino.domain.errors import EngineUnavailable, InvalidSettings
from listino.settings import Settings, masked

# What the driver raises when Redis cannot be asked.
UNAVAILABLE = (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OutOfMemoryError)

COMMAND_SECONDS = 2.0  # a live price has one second in all; a Redis that needs longer is as good as away
ONCE_MORE = 1  # at once: after Redis was restarted, every connection kept from before fails on its first command
_OPTIONS: dict[str, Any] = {"socket_connect_timeout": 2, "health_check_interval": 30, "socket_keepalive": True}


def connect(settings: Settings) -> Redis:
    """A synchronous client that hands out bytes. No command waits longer than two seconds."""
    with _address_checked(settings):
        return Redis.from_url(
            settings.redis_address, socket_timeout=COMMAND_SECONDS, retry=Retry(NoBackoff(), ONCE_MORE), **_OPTIONS
        )


def connect_worker(settings: Settings) -> Redis:
    """As `connect`, for RQ workers, whose blocking pops outlast any read time-out."""
    with _address_checked(settings):
        return Redis.from_url(settings.redis_address, **_OPTIONS)


def connect_async(settings: Settings) -> aioredis.Redis:
    """An asynchronous client that hands out bytes. No command waits longer than two seconds for a connection, nor for
    its answer: a burst of viewers takes turns, it is not refused."""
    with _address_checked(settings):
        pool = aioredis.BlockingConnectionPool.from_url(
            settings.redis_address,
            socket_timeout=COMMAND_SECONDS,
            max_connections=64,
            timeout=COMMAND_SECONDS,
            retry=AsyncRetry(NoBackoff(), ONCE_MORE),
            **_OPTIONS,
        )
    return aioredis.Redis.from_pool(pool)


def connect_subscriber(settings: Settings) -> aioredis.Redis:
    """As `connect_async`, for a subscription, which may hear nothing for hours."""
    with _address_checked(settings):
        return aioredis.Redis.from_url(settings.redis_address, socket_timeout=None, **_OPTIONS)


@contextlib.contextmanager
def _address_checked(settings: Settings) -> Iterator[None]:
    """The driver's complaint of an address as an InvalidSettings that names the key."""
    try:
        yield
    except ValueError as error:
        raise InvalidSettings(f"LISTINO_REDIS_URL={masked(settings.redis_address)!r}: {error}") from None


def unavailable(settings: Settings, error: BaseException) -> EngineUnavailable:
    """The error to show when the driver raised one of UNAVAILABLE."""
    return EngineUnavailable(
        f"Redis does not answer at {masked(settings.redis_address)} ({error}): "
        "start the platform with `listino up`, or set LISTINO_REDIS_URL"
    )


def flight_ms(settings: Settings) -> int:
    """How long a refresh may be in flight before somebody else may start it anew: the shop's time and a second of ours."""
    return settings.live_timeout_ms + 1000


def drain_ms(settings: Settings) -> int:
    """How long a drain may go without taking anything before another may begin: its worker must have died by then."""
    return settings.live_timeout_ms + 5000
