"""The HTTP transport of live workers: httpcore2's connections, in a pool of its own for each host."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

import httpcore2
import httpx2

from workers.network import Network

# Of each host; how many requests it is asked at a time its turns decide.
_MOST_CONNECTIONS = 200
_MOST_IDLE = 100
_IDLE_SECONDS = 60.0
_LOOK_SECONDS = 5.0  # at least between two looks for pools that nobody uses

# httpx2 has each of their kinds under the same name.
_ERRORS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol)

_Origin = tuple[bytes, bytes, int | None]


@cache
def trusted() -> ssl.SSLContext:
    """What verifies certificates, with the system's authorities; made on first use, which takes a while."""
    return httpx2.create_ssl_context(trust_env=False)


class HostPools(httpx2.AsyncBaseTransport):
    """HTTP/1.1, and HTTP/2 where a host offers it, to hosts whose certificates `trusted` verifies. No proxies.

    At the beginning and the end of every request a pool looks at each connection that it has. In one pool for all hosts that
    would be other hosts' connections, mostly; so a pool whose host is asked no more is closed when another is asked.
    Raises errors of httpx2.
    """

    def __init__(self, trusted: ssl.SSLContext) -> None:
        self._trusted = trusted
        self._network = Network()
        self._pools: dict[_Origin, _Pool] = {}
        self._look_at = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        await self._close_unused()
        with _as_httpx2():
            answer = await self._pool(url).handle_async_request(
                httpcore2.Request(
                    request.method,
                    httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=cast("httpx2.AsyncByteStream", request.stream),
                    extensions=request.extensions,
                )
            )
        body = _Body(cast("httpcore2._async.connection_pool.PoolByteStream", answer.stream))
        return httpx2.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    async def aclose(self) -> None:
        for pool in list(self._pools.values()):
            await pool.connections.aclose()

    async def _close_unused(self) -> None:
        """Closes the pools whose hosts nobody has asked for a while, nor reads an answer of."""
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        for origin in [origin for origin, pool in self._pools.items() if pool.is_unused(now)]:
            # Another request may come while this one is closed: for it there must be a new one.
            if pool := self._pools.pop(origin, None):
                await pool.connections.aclose()

    def _pool(self, url: httpx2.URL) -> httpcore2.AsyncConnectionPool:
        origin = (url.raw_scheme, url.raw_host, url.port)
        if origin not in self._pools:
            self._pools[origin] = _Pool(
                httpcore2.AsyncConnectionPool(
                    ssl_context=self._trusted,
                    max_connections=_MOST_CONNECTIONS,
                    max_keepalive_connections=_MOST_IDLE,
                    keepalive_expiry=_IDLE_SECONDS,
                    http2=True,
                    network_backend=self._network,
                )
            )
        pool = self._pools[origin]
        pool.asked_at = asyncio.get_running_loop().time()
        return pool.connections


@dataclass(slots=True)
class _Pool:
    """`asked_at`: when the last request came, by the loop's clock."""

    connections: httpcore2.AsyncConnectionPool
    asked_at: float = 0.0

    def is_unused(self, now: float) -> bool:
        """Whether no request came for as long as connections may be idle, and none is under way."""
        return now - self.asked_at >= _IDLE_SECONDS and all(
            one.is_idle() or one.is_closed() for one in self.connections.connections
        )


class _Body(httpx2.AsyncByteStream):
    def __init__(self, parts: "httpcore2._async.connection_pool.PoolByteStream") -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx2():
            async for part in self._parts:
                yield part

    async def aclose(self) -> None:
        await self._parts.aclose()


@contextlib.contextmanager
def _as_httpx2() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        raise getattr(httpx2, type(error).__name__)(str(error)) from error
