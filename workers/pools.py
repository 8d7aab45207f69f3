"""The HTTP transport of live workers: connections to shops, in a pool of its own for each host."""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import cast

import httpcore2
import httpx2

from workers.network import connect
from workers.wire import Timeouts, Wire

_IDLE_SECONDS = 60.0
_LOOK_SECONDS = 5.0  # at least between two looks for pools that nobody uses
_PROTOCOLS = ("h2", "http/1.1")  # as they are offered to hosts: ALPN, RFC 7301

# httpx2 has each of their kinds under the same name.
_ERRORS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol)

_Origin = tuple[bytes, bytes, int | None]


@cache
def trusted() -> ssl.SSLContext:
    """What verifies certificates, with the system's authorities; made on first use, which takes a while."""
    return httpx2.create_ssl_context(trust_env=False)


class HostPools(httpx2.AsyncBaseTransport):
    """HTTP/1.1, and HTTP/2 where a host offers it, to hosts whose certificates `trusted` verifies. No proxies.

    A pool whose host is asked no more is closed when another is asked. Raises errors of httpx2.
    """

    def __init__(self, trusted: ssl.SSLContext) -> None:
        trusted.set_alpn_protocols(_PROTOCOLS)
        self._trusted = trusted
        self._pools: dict[_Origin, _Pool] = {}
        self._look_at = 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await self._close_unused()
        with _as_httpx2():
            return await self._pool(request.url).ask(request)

    async def aclose(self) -> None:
        for pool in list(self._pools.values()):
            await pool.close()

    async def _close_unused(self) -> None:
        """Closes the pools whose hosts nobody has asked for a while, nor reads an answer of."""
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        for origin in [origin for origin, pool in self._pools.items() if pool.is_unused(now)]:
            # Another request may come while this one is closed: for it there must be a new one.
            if pool := self._pools.pop(origin, None):
                await pool.close()

    def _pool(self, url: httpx2.URL) -> "_Pool":
        origin = (url.raw_scheme, url.raw_host, url.port)
        if origin not in self._pools:
            if url.scheme not in ("http", "https"):
                raise httpcore2.UnsupportedProtocol(f"{url} is neither http nor https")
            self._pools[origin] = _Pool(
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/").origin,
                self._trusted if url.scheme == "https" else None,
            )
        pool = self._pools[origin]
        pool.asked_at = asyncio.get_running_loop().time()
        return pool


class _Pool:
    """A host's connections: one that carries all requests where it offers HTTP/2, else one for each request at a time. How many
    those are the host's turns decide. Raises errors of httpcore2.

    `asked_at`: when the last request came, by the loop's clock.
    """

    def __init__(self, origin: httpcore2.Origin, trusted: ssl.SSLContext | None) -> None:
        self.asked_at = 0.0
        self._origin, self._trusted = origin, trusted
        self._speaks_http1 = trusted is None
        self._meeting = asyncio.Lock()  # the first connection may be enough for all who want one
        self._http2: httpcore2.AsyncHTTP2Connection | None = None
        self._idle: deque[Wire] = deque()  # that of longest ago first
        self._busy: set[Wire] = set()

    def is_unused(self, now: float) -> bool:
        """Whether no request came for as long as connections may be idle, and none is under way."""
        is_quiet = self._http2 is None or self._http2.is_idle() or self._http2.is_closed()
        return now - self.asked_at >= _IDLE_SECONDS and not self._busy and is_quiet

    async def close(self) -> None:
        for wire in (*self._idle, *self._busy):
            await wire.close()
        self._idle.clear()
        if self._http2 is not None:
            await self._http2.aclose()

    async def ask(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, whose body is still to be read."""
        timeouts: Timeouts = request.extensions.get("timeout", {})
        while True:
            found = await self._at_hand() or await self._met(timeouts)
            if isinstance(found, Wire):
                return await self._over(found, request, timeouts)
            with contextlib.suppress(httpcore2.ConnectionNotAvailable):  # the shop has closed it meanwhile
                return await _multiplexed(found, request)

    async def _at_hand(self) -> Wire | httpcore2.AsyncHTTP2Connection | None:
        if self._http2 is not None:
            if self._http2.is_available() and not self._http2.has_expired():
                return self._http2
            gone, self._http2 = self._http2, None
            if gone.is_idle():
                await gone.aclose()
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle and self._idle[0].idle_since < oldest:
            await self._idle.popleft().close()
        while self._idle:
            if (wire := self._idle.pop()).is_idle_still:
                return wire
            await wire.close()
        return None

    async def _met(self, timeouts: Timeouts) -> Wire | httpcore2.AsyncHTTP2Connection:
        if not self._speaks_http1:
            async with self._meeting:
                if (found := await self._at_hand()) is not None:
                    return found
                if not self._speaks_http1:
                    return await self._connected(timeouts)
        return await self._connected(timeouts)

    async def _connected(self, timeouts: Timeouts) -> Wire | httpcore2.AsyncHTTP2Connection:
        host, seconds = self._origin.host.decode("ascii"), timeouts.get("connect")
        connection = await connect(host, self._origin.port, seconds)
        if self._trusted is not None:
            await connection.start_tls(self._trusted, host, seconds)
            if connection.get_extra_info("ssl_object").selected_alpn_protocol() == _PROTOCOLS[0]:
                self._http2 = httpcore2.AsyncHTTP2Connection(self._origin, connection, keepalive_expiry=_IDLE_SECONDS)
                return self._http2
            self._speaks_http1 = True
        return Wire(connection)

    async def _over(self, wire: Wire, request: httpx2.Request, timeouts: Timeouts) -> httpx2.Response:
        self._busy.add(wire)
        try:
            status, headers = await wire.ask(request, timeouts)
        except BaseException:
            await self.put_back(wire)
            raise
        about = {"http_version": wire.version, "network_stream": wire.connection}
        return httpx2.Response(status, headers=headers, stream=_Body(self, wire, timeouts), extensions=about)

    async def put_back(self, wire: Wire) -> None:
        """Keeps it for the next request, if there can be one."""
        if wire not in self._busy:
            return
        self._busy.remove(wire)
        if wire.may_go_on:
            wire.idle_since = asyncio.get_running_loop().time()
            self._idle.append(wire)
        else:
            await wire.close()


class _Body(httpx2.AsyncByteStream):
    """The body of an answer that comes over a wire of that pool."""

    def __init__(self, pool: _Pool, wire: Wire, timeouts: Timeouts) -> None:
        self._pool, self._wire, self._timeouts = pool, wire, timeouts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx2():
            while part := await self._wire.part(self._timeouts):
                yield part

    async def aclose(self) -> None:
        await self._pool.put_back(self._wire)


class _MultiplexedBody(httpx2.AsyncByteStream):
    """The same over HTTP/2."""

    def __init__(self, parts: "httpcore2._async.http2.HTTP2ConnectionByteStream") -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx2():
            async for part in self._parts:
                yield part

    async def aclose(self) -> None:
        await self._parts.aclose()


async def _multiplexed(connection: httpcore2.AsyncHTTP2Connection, request: httpx2.Request) -> httpx2.Response:
    url = request.url
    answer = await connection.handle_async_request(
        httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=cast("httpx2.AsyncByteStream", request.stream),
            extensions=request.extensions,
        )
    )
    body = _MultiplexedBody(cast("httpcore2._async.http2.HTTP2ConnectionByteStream", answer.stream))
    return httpx2.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)


@contextlib.contextmanager
def _as_httpx2() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        raise getattr(httpx2, type(error).__name__)(str(error)) from error
