"""Gunicorn's worker for the API: uvicorn's, whose answers leave in one piece.

uvicorn hands the head and the body of an answer to the connection one after the other, and each is a step of the
operating system's: with it the receiver wakes up twice. The second one costs a fifth of what a page out of the cache does.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

# How long a connection may lie idle: longer than nginx keeps its own ones (deploy/nginx/nginx.conf). Gunicorn's two seconds are
# shorter, and a POST that is sent into a connection that is being closed is lost.
KEEP_ALIVE_SECONDS = 60


class JoinedWrites:
    """A connection that sends what is written in pairs, at the end of the loop's turn where the second one is late; in all
    else the `transport` itself."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._first: bytes | None = None
        self.is_closing = transport.is_closing  # asked at each answer, and sooner found here

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Sends it with what was written before; else soon."""
        if self._first is not None:
            first, self._first = self._first, None
            self._transport.writelines((first, data))
        elif data:
            self._first = data
            self._loop.call_soon(self._send)

    def close(self) -> None:
        """Closes the connection once everything is sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        first, self._first = self._first, None
        if first is not None and not self._transport.is_closing():
            self._transport.write(first)


class Protocol(HttpToolsProtocol):
    """uvicorn's faster reading of HTTP/1.1, with joined writes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]  # a transport in all it does


class Worker(UvicornWorker):
    """`gunicorn -k api.worker.Worker`. Applications are told the peer itself: whom to believe what it says of others is one of
    Listino's settings (api/limits.py), not uvicorn's."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        "loop": "uvloop",
        "http": Protocol,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "proxy_headers": False,
    }
