"""HTTP/1.1 over one connection to a shop, read by llhttp: one request at a time, any number after one another.

To be asked is what has a body in its answer, GET and POST, with a body that is there in one piece: a live worker asks nothing else.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpcore2
import httptools
import httpx2

from workers.network import Connection

_PIECE = 64 * 1024  # bytes that are read at a time
_MOST_BESIDE_BODY = 100 * 1024  # bytes of an answer that come without any of its body, as head and trailers do

Timeouts = Mapping[str, float | None]  # seconds, by `connect`, `read` and `write`, as httpx2 gives them


class Wire:
    """A connection that speaks HTTP/1.1. Raises errors of httpcore2; after one it is of no use any more.

    `version`: that of the answer, `HTTP/1.1`. `may_go_on`: whether the answer was read to its end, and another request may
    follow. `idle_since`: by the loop's clock.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.idle_since = 0.0
        self._parser: Any = httptools.HttpResponseParser(self)
        # An answer that has a length besides its chunks goes by its chunks, as for everybody else (RFC 9112, 6.3).
        self._parser.set_dangerous_leniencies(lenient_chunked_length=True)
        self._begin()

    def _begin(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._status = 0
        self.version = b""
        self._bytes_beside_body = 0
        self._has_head = self._is_whole = self._ends_with_connection = False
        self._is_kept = False  # the shop would hear another request
        self._is_surplus = False  # the shop says more than it was asked

    @property
    def is_idle_still(self) -> bool:
        """Whether the shop has neither closed it nor said anything since the last answer."""
        return not self.connection.get_extra_info("is_readable")

    @property
    def may_go_on(self) -> bool:
        return self._is_whole and self._is_kept and not self._is_surplus

    async def ask(self, request: httpx2.Request, timeouts: Timeouts) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Status and headers of the answer, whose body `part` gives."""
        self._begin()
        # Who refuses a request need not have read it: what he says then is worth hearing.
        with suppress(httpcore2.WriteError):
            await self.connection.write(_written(request), timeouts.get("write"))
        while not self._has_head:
            await self._read(timeouts)
        return self._status, self._headers

    async def part(self, timeouts: Timeouts) -> bytes:
        """What came of the body since the last part; nothing at its end."""
        while not self._parts and not self._is_whole:
            await self._read(timeouts)
        parts, self._parts = self._parts, []
        return b"".join(parts)

    async def _read(self, timeouts: Timeouts) -> None:
        data = await self.connection.read(_PIECE, timeouts.get("read"))
        if not data:
            if not self._ends_with_connection:
                said = "in the middle of its answer" if self._has_head else "without an answer"
                raise httpcore2.RemoteProtocolError(f"the shop closed the connection {said}")
            self._is_whole = True
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._is_whole:
                raise httpcore2.RemoteProtocolError(str(error)) from error
            self._is_surplus = True  # which takes nothing from the answer before
        self._bytes_beside_body += 0 if self._parts else len(data)
        if self._bytes_beside_body > _MOST_BESIDE_BODY:
            raise httpcore2.RemoteProtocolError(f"the answer has more than {_MOST_BESIDE_BODY} bytes beside its body")

    async def close(self) -> None:
        await self.connection.aclose()

    # What follows the parser calls.

    def on_message_begin(self) -> None:
        self._is_surplus = self._is_whole

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # after it come trailers
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._is_surplus:
            return
        # The parser knows that of the message it read last, which need not be this answer any more when somebody asks.
        self._status = self._parser.get_status_code()
        if self._status < httpx2.codes.OK:
            self._headers.clear()  # that the answer is to come
            return
        self.version = b"HTTP/" + self._parser.get_http_version().encode()
        self._has_head = True
        names = {name.lower() for name, _ in self._headers}
        self._ends_with_connection = names.isdisjoint((b"content-length", b"transfer-encoding"))

    def on_body(self, data: bytes) -> None:
        if not self._is_surplus:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        self._is_whole = self._has_head
        self._is_kept = bool(self._parser.should_keep_alive())


def _written(request: httpx2.Request) -> bytes:
    """The request as it is sent; raises LocalProtocolError where a line of it is none."""
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [name + b": " + value for name, value in request.headers.raw]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
        raise httpcore2.LocalProtocolError(f"{request.url} is asked with a header that is more than a line")
    return head + b"\r\n\r\n" + request.content
