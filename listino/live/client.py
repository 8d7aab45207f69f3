"""Connections to Redis, and how they fail."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

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
PAGE_SECONDS = 0.7  # the same for a person's page, which can do without it: it answers in a millisecond or not at all
ONCE_MORE = 1  # at once: after Redis was restarted, every connection kept from before fails on its first command
# Only a lost connection is worth it. One that is silent was waited for already, and the driver's attempts multiply: a
# command's with those of its connection.
_WORTH_REPEATING = (RedisConnectionError,)
_HEALTH_CHECK_SECONDS = 30
# A server that vanished without a word is noticed after 5 + 3 x 2 seconds of silence; by the driver's own terms, after 45.
# macOS has another name for the first.
_PROBES = (("TCP_KEEPIDLE", 5), ("TCP_KEEPALIVE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3))


class _Noticing:
    """A connection whose loop may know before the driver that the server has closed it. uvloop refuses then what is written with an
    error that is none of the driver's nor of the system's: a server that is killed while somebody connects looks like that."""

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        try:
            await super().send_packed_command(*args, **options)  # type: ignore[misc]  # the driver's class comes after this one
        except RuntimeError as error:
            raise RedisConnectionError(f"the server closed the connection: {error}") from error


class _Plain(_Noticing, aioredis.Connection):
    pass


class _Encrypted(_Noticing, aioredis.SSLConnection):
    pass


class _Local(_Noticing, aioredis.UnixDomainSocketConnection):
    pass


# By the driver's, which goes by the scheme of the address.
_CONNECTIONS: Mapping[type, type] = MappingProxyType(
    {
        aioredis.Connection: _Plain,
        aioredis.SSLConnection: _Encrypted,
        aioredis.UnixDomainSocketConnection: _Local,
    }
)


def connect(settings: Settings, *, seconds: float = COMMAND_SECONDS) -> Redis:
    """A synchronous client that hands out bytes. No command waits longer than `seconds`."""
    with _address_checked(settings):
        return Redis.from_url(settings.redis_address, **impatient_options(seconds), **_lasting_options(settings))


@contextlib.contextmanager
def connected(settings: Settings) -> Iterator[Redis]:
    """The same for a command, closed at the end; raises EngineUnavailable, with what to do, where Redis is away."""
    with contextlib.closing(connect(settings)) as redis:
        try:
            yield redis
        except UNAVAILABLE as error:
            raise no_redis(settings, error) from None


def no_redis(settings: Settings, error: Exception | None = None) -> EngineUnavailable:
    """The error to show when Redis is away."""
    why = f" ({error})" if error else ""
    return EngineUnavailable(
        f"Redis does not answer at {masked(settings.redis_address)}{why}: start the platform with `listino up`, or set "
        "LISTINO_REDIS_URL"
    )


def impatient_options(seconds: float) -> dict[str, Any]:
    """Keywords for a synchronous driver's client of which no command waits longer than `seconds`."""
    return {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "retry": Retry(NoBackoff(), ONCE_MORE, _WORTH_REPEATING),
    }


def connect_worker(settings: Settings, patience: Retry, *, read_seconds: float) -> Redis:
    """As `connect`, for RQ workers and the scheduler: `patience` decides what becomes of a Redis that is away, and
    blocking pops must end within `read_seconds`."""
    with _address_checked(settings):
        return Redis.from_url(
            settings.redis_address,
            socket_timeout=read_seconds,
            socket_connect_timeout=COMMAND_SECONDS,
            retry=patience,
            **_lasting_options(settings),
        )


def connect_async(
    settings: Settings,
    *,
    seconds: float = COMMAND_SECONDS,
    connections: int = 64,
    greet: Callable[[Any], Awaitable[None]] | None = None,
) -> aioredis.Redis:
    """An asynchronous client that hands out bytes. No command waits longer than `seconds` for a connection, nor for its
    answer: a burst of viewers takes turns, it is not refused. `greet` takes the place of the driver's first words on
    each new connection, and says them itself."""
    with _address_checked(settings):
        pool = aioredis.BlockingConnectionPool.from_url(
            settings.redis_address,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            max_connections=connections,
            redis_connect_func=greet,
            timeout=seconds,
            retry=AsyncRetry(NoBackoff(), ONCE_MORE, _WORTH_REPEATING),
            **_lasting_options(settings),
        )
    pool.connection_class = _CONNECTIONS[pool.connection_class]
    return aioredis.Redis.from_pool(pool)


def connect_subscriber(settings: Settings) -> aioredis.Redis:
    """As `connect_async`, for a subscription, which may hear nothing for hours: the system asks whether the server is
    still there."""
    with _address_checked(settings):
        redis = aioredis.Redis.from_url(
            settings.redis_address,
            socket_timeout=None,
            socket_connect_timeout=COMMAND_SECONDS,
            **_lasting_options(settings, probed=True),
        )
    pool = redis.connection_pool
    pool.connection_class = _CONNECTIONS[pool.connection_class]
    return redis


def _lasting_options(settings: Settings, *, probed: bool = False) -> dict[str, Any]:
    """Keywords for connections that last. Whoever is at the other end of a socket of this machine's does not vanish without
    a word, and its connections know no probes."""
    options: dict[str, Any] = {"health_check_interval": _HEALTH_CHECK_SECONDS}
    if not _is_socket(settings.redis_address):
        options["socket_keepalive"] = True
        if probed:
            probes = {getattr(socket, name): value for name, value in _PROBES if hasattr(socket, name)}
            options["socket_keepalive_options"] = probes
    return options


def _is_socket(address: str) -> bool:
    return address.startswith("unix:")


async def hand_over(connection: Any, protocol: asyncio.Protocol) -> tuple[asyncio.Transport, asyncio.Protocol]:
    """From now on the protocol reads what comes on the driver's connection, which has said its first words. The driver's own,
    given as well, is to be told when the connection is lost, if anybody has the driver close it and waits for that."""
    transport: asyncio.Transport = connection._writer.transport
    # An end that the driver has read already would not be told again.
    if await connection.can_read() or transport.is_closing():
        raise RedisConnectionError("the server closed the connection")
    drivers: asyncio.Protocol = transport.get_protocol()  # type: ignore[assignment]  # a stream's
    transport.set_protocol(protocol)
    return transport, drivers


@contextlib.contextmanager
def _address_checked(settings: Settings) -> Iterator[None]:
    """The driver's complaint of an address as an InvalidSettings that names the key, and ours of a socket's."""
    try:
        if _is_socket(settings.redis_address) and urlsplit(settings.redis_address).hostname:
            # The driver would leave out what stands before the first slash.
            raise ValueError("a socket is named by its whole path, as in unix:///run/redis.sock")
        yield
    except ValueError as error:
        raise InvalidSettings(f"LISTINO_REDIS_URL={masked(settings.redis_address)!r}: {error}") from None
