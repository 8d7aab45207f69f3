"""Connections to shops, straight over asyncio's transports: what workers.wire and httpcore2's HTTP/2 speak over.

httpcore2's own go through anyio: a cancel scope, two checkpoints and a look at the kind of event loop for each read and write,
and a poll(2) for each idle connection at the beginning and the end of every request. Here what has come is simply there, and
that a shop closed a connection is known because its transport told.
"""

import asyncio
import ssl
from socket import IPPROTO_TCP, SOCK_STREAM
from typing import Any, cast

import aiohappyeyeballs
import httpcore2

_MOST_UNREAD = 256 * 1024  # bytes that wait for their reader before the shop has to wait
_NEXT_ADDRESS_SECONDS = 0.25  # until a host's next address is tried beside one that is slow: RFC 8305, section 5


async def connect(host: str, port: int, seconds: float | None) -> "Connection":
    """A connection by TCP to whichever of the host's addresses answers first. Raises ConnectTimeout or ConnectError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            addresses = await loop.getaddrinfo(host, port, type=SOCK_STREAM, proto=IPPROTO_TCP)
            socket = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS)
            try:
                _, connection = await loop.create_connection(Connection, sock=socket)
            except BaseException:
                socket.close()
                raise
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpcore2.ConnectError(str(error)) from error
    return connection


class Connection(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection, for one reader and one writer at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._unread = bytearray()
        self._ended = False  # by the shop, in order: no more will come
        self._lost: Exception | None = None  # why nothing can be sent any more, and no more will come
        self._is_held = False  # the shop has to wait until somebody reads
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None  # while the shop takes no more

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore2's own signature
        """What has come, one byte at least; none where the shop has ended it. Raises ReadTimeout or ReadError."""
        if not self._is_readable:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._reader
            except TimeoutError as error:
                raise httpcore2.ReadTimeout(str(error)) from error
            finally:
                self._reader = None
        if not self._unread and not self._ended:
            raise httpcore2.ReadError(str(self._lost)) from self._lost
        data = bytes(self._unread[:max_bytes])
        del self._unread[:max_bytes]
        if self._is_held and len(self._unread) < _MOST_UNREAD:
            self._is_held = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as above
        """Sends it, and waits while the shop takes no more. Raises WriteTimeout or WriteError."""
        if self._lost is None:
            self._transport.write(buffer)
        if self._writer is not None:
            try:
                async with asyncio.timeout(timeout):
                    await asyncio.shield(self._writer)  # others of HTTP/2 may wait for it, too
            except TimeoutError as error:
                raise httpcore2.WriteTimeout(str(error)) from error
        if self._lost is not None:
            raise httpcore2.WriteError(str(self._lost)) from self._lost

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # as above
    ) -> "Connection":
        """The same connection, secure from now on. Raises ConnectTimeout or ConnectError, and then it is closed."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                secure = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
            if secure is None:
                raise ConnectionResetError("closed before it was secure")
        except BaseException as error:
            await self.aclose()
            if isinstance(error, TimeoutError):
                raise httpcore2.ConnectTimeout(str(error)) from error
            if isinstance(error, OSError):  # of which TLS errors are some
                raise httpcore2.ConnectError(str(error)) from error
            raise
        self._transport = secure
        return self

    async def aclose(self) -> None:
        """Closes it now: what was not sent is not sent any more."""
        self._lose(ConnectionAbortedError("closed by ourselves"))
        self._transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """`is_readable`: whether there is something to read, be it the connection's end; `ssl_object`: the transport's."""
        if info == "is_readable":
            return self._is_readable
        return self._transport.get_extra_info(info) if info == "ssl_object" else None

    @property
    def is_over(self) -> bool:
        """Whether no more will come than has come already."""
        return self._ended or self._lost is not None

    @property
    def _is_readable(self) -> bool:
        return bool(self._unread) or self.is_over

    # What follows the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's have its methods, and not its class

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) >= _MOST_UNREAD and not self._is_held:
            self._is_held = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        """Whether we may still send: not over TLS, which ends both ways at once."""
        self._ended = True
        _wake(self._reader)
        return self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and self._lost is None:
            self._ended = True
        self._lose(exc or ConnectionResetError("closed by the shop"))

    def pause_writing(self) -> None:
        self._writer = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        writer, self._writer = self._writer, None
        _wake(writer)

    def _lose(self, error: Exception) -> None:
        self._lost = self._lost or error
        _wake(self._reader)
        self.resume_writing()


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
