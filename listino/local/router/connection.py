"""A connection that carries whole messages, to a driver or to a server."""

import asyncio
from collections import deque

from listino.local.router.wire import Framer, WireError

# Reading pauses while this many bytes wait to be handled, so that a fast sender cannot fill the memory.
_READ_AHEAD_BYTES = 1 << 20


class ConnectionLost(Exception):
    """Raised when the other side is gone; whether it carried out what it was sent is unknown."""


class Connection(asyncio.Protocol):
    """Receives messages in order, one at a time; to be made by an event loop's create_connection or create_server."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._frames: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._receiver: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._reason: str | None = None

    @property
    def lost(self) -> bool:
        return self._reason is not None or self._transport is None or self._transport.is_closing()

    async def receive(self) -> bytes:
        """The next whole message, header included; raises ConnectionLost."""
        while not self._frames:
            if self._reason is not None:
                raise ConnectionLost(self._reason)
            self._receiver = asyncio.get_running_loop().create_future()
            try:
                await self._receiver
            finally:
                self._receiver = None
        frame = self._frames.popleft()
        self._waiting_bytes -= len(frame)
        if self._waiting_bytes <= _READ_AHEAD_BYTES and self._transport is not None and self._reason is None:
            self._transport.resume_reading()
        return frame

    async def send(self, frame: bytes) -> None:
        """Returns when the message is on its way; raises ConnectionLost."""
        if self.lost or self._transport is None:
            raise ConnectionLost(self._reason or "the connection is closed")
        self._transport.write(frame)
        if not self._writable.is_set():
            await self._writable.wait()

    def close(self) -> None:
        """Ends the connection at once; whoever waits on it gets ConnectionLost."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # streams hand out transports that write, too

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._framer.feed(data)
        except WireError as error:
            self._end(f"the other side sent {error}")
            self.close()
            return
        self._frames += frames
        self._waiting_bytes += sum(map(len, frames))
        if self._waiting_bytes > _READ_AHEAD_BYTES and self._transport is not None:
            self._transport.pause_reading()
        if frames:
            self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc) if exc else "the other side hung up")

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._writable.set()
        self._wake()

    def _wake(self) -> None:
        if self._receiver is not None and not self._receiver.done():
            self._receiver.set_result(None)
