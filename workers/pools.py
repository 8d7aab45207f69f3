"""The HTTP transport of live workers: connections to shops, in a pool of its own for each host."""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator
from functools import cache
from typing import cast

import httpcore2
import httpx2

from workers.network import Connection, connect
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
        try:
            return await self._pool(request.url).ask(request)
        except _ERRORS as error:
            raise _as_httpx2(error) from error

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
        self._shared: _Shared | None = None
        self._leaving: set[_Shared] = set()  # which take no request more, and have answers still to be read
        self._idle: deque[Wire] = deque()  # that of longest ago first
        self._busy: set[Wire] = set()

    def is_unused(self, now: float) -> bool:
        """Whether no request came for as long as connections may be idle, and none is under way."""
        is_quiet = not self._busy and all(shared.is_quiet for shared in self._all_shared())
        return now - self.asked_at >= _IDLE_SECONDS and is_quiet

    async def close(self) -> None:
        for wire in (*self._idle, *self._busy):
            await wire.close()
        self._idle.clear()
        for shared in self._all_shared():
            await shared.close()
        self._leaving.clear()

    async def ask(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, whose body is still to be read."""
        timeouts: Timeouts = request.extensions.get("timeout", {})
        while True:
            found = await self._at_hand() or await self._met(timeouts)
            if isinstance(found, Wire):
                return await self._over(found, request, timeouts)
            with contextlib.suppress(httpcore2.ConnectionNotAvailable):  # the shop has closed it meanwhile
                return await self._over_shared(found, request)

    def _all_shared(self) -> list["_Shared"]:
        return [shared for shared in (self._shared, *self._leaving) if shared is not None]

    async def _shared_at_hand(self) -> "_Shared | None":
        if self._shared is not None and not self._shared.may_go_on:
            self._leaving.add(self._shared)
            self._shared = None
            await self.close_left()
        return self._shared

    async def _at_hand(self) -> "Wire | _Shared | None":
        if (shared := await self._shared_at_hand()) is not None:
            return shared
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        while self._idle and self._idle[0].idle_since < oldest:
            await self._idle.popleft().close()
        while self._idle:
            if (wire := self._idle.pop()).is_idle_still:
                return wire
            await wire.close()
        return None

    async def _met(self, timeouts: Timeouts) -> "Wire | _Shared":
        if not self._speaks_http1:
            async with self._meeting:
                if (found := await self._at_hand()) is not None:
                    return found
                if not self._speaks_http1:
                    return await self._connected(timeouts)
        return await self._connected(timeouts)

    async def _connected(self, timeouts: Timeouts) -> "Wire | _Shared":
        host, seconds = self._origin.host.decode("ascii"), timeouts.get("connect")
        connection = await connect(host, self._origin.port, seconds)
        if self._trusted is not None:
            await connection.start_tls(self._trusted, host, seconds)
            if connection.get_extra_info("ssl_object").selected_alpn_protocol() == _PROTOCOLS[0]:
                return await self._shared_over(connection)
            self._speaks_http1 = True
        return Wire(connection)

    async def _shared_over(self, connection: Connection) -> "_Shared":
        """What carries all requests: that connection, unless one made beside it does already."""
        self._speaks_http1 = False
        if (shared := await self._shared_at_hand()) is not None:
            await connection.aclose()
            return shared
        self._shared = _Shared(self._origin, connection)
        return self._shared

    async def _over_shared(self, shared: "_Shared", request: httpx2.Request) -> httpx2.Response:
        try:
            answer = await shared.ask(request)
        except BaseException:
            await self.close_left()
            raise
        parts = cast("httpcore2._async.http2.HTTP2ConnectionByteStream", answer.stream)
        body = _SharedBody(self, parts)
        return httpx2.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    async def close_left(self) -> None:
        """Closes the connections that no request takes any more, and of which the last answer was read."""
        for shared in [shared for shared in self._leaving if shared.is_quiet]:
            self._leaving.discard(shared)
            await shared.close()

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
        """Keeps it for the next request, if there can be one. Once for each request: another may have it afterwards."""
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
        self._is_closed = False

    def __aiter__(self) -> "_Body":
        return self

    async def __anext__(self) -> bytes:
        try:
            part = await self._wire.part(self._timeouts)
        except _ERRORS as error:
            raise _as_httpx2(error) from error
        if not part:
            raise StopAsyncIteration
        return part

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self._pool.put_back(self._wire)


class _Shared:
    """A connection that carries any number of requests at a time, by HTTP/2."""

    def __init__(self, origin: httpcore2.Origin, connection: Connection) -> None:
        self._connection = connection
        self._http2 = httpcore2.AsyncHTTP2Connection(origin, connection, keepalive_expiry=_IDLE_SECONDS)

    @property
    def may_go_on(self) -> bool:
        """Whether it takes another request. That the shop has closed it httpcore2 does not know before it reads."""
        return self._http2.is_available() and not self._http2.has_expired() and not self._connection.is_over

    @property
    def is_quiet(self) -> bool:
        """Whether no answer over it is still to be read."""
        return self._http2.is_idle() or self._http2.is_closed()

    async def ask(self, request: httpx2.Request) -> httpcore2.Response:
        url = request.url
        return await self._http2.handle_async_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=cast("httpx2.AsyncByteStream", request.stream),
                extensions=request.extensions,
            )
        )

    async def close(self) -> None:
        await self._http2.aclose()


class _SharedBody(httpx2.AsyncByteStream):
    """The body of an answer that comes over a shared connection of that pool."""

    def __init__(self, pool: _Pool, parts: "httpcore2._async.http2.HTTP2ConnectionByteStream") -> None:
        self._pool, self._parts = pool, parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._parts:
                yield part
        except _ERRORS as error:
            raise _as_httpx2(error) from error

    async def aclose(self) -> None:
        await self._parts.aclose()
        await self._pool.close_left()


def _as_httpx2(error: Exception) -> Exception:
    namesake: Exception = getattr(httpx2, type(error).__name__)(str(error))
    return namesake
