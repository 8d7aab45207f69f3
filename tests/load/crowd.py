"""Thousands of viewers of one product at once, each on a connection of its own, straight at the API nodes.

nginx holds 4,096 connections, two for each shopper who waits, so a crowd that waits all at once goes past it. k6 would need
gigabytes for so many.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop
from views import OK, View

_AT_ONCE = 100  # connections that are being opened; more than a listener's backlog would be refused
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """The viewers, and in how many seconds all had asked."""

    views: list[View]
    asked_in: float


def crowd(ports: Sequence[int], product_id: str, *, viewers: int, seconds: float) -> Crowd:
    """So many viewers ask for the product's live price, spread evenly over the time and over the nodes."""
    return uvloop.run(_crowd(ports, product_id, viewers, seconds))


async def _crowd(ports: Sequence[int], product_id: str, viewers: int, seconds: float) -> Crowd:
    doors = asyncio.Semaphore(_AT_ONCE)
    connections = await asyncio.gather(*(_opened(ports[number % len(ports)], doors) for number in range(viewers)))
    start = asyncio.get_running_loop().time() + 0.2
    views = await asyncio.gather(
        *(
            _view(connection, product_id, start + seconds * number / viewers)
            for number, connection in enumerate(connections)
        )
    )
    opened = [view.opened for view in views]
    return Crowd(list(views), max(opened) - min(opened))


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _opened(port: int, doors: asyncio.Semaphore) -> _Connection:
    async with doors:
        return await asyncio.open_connection("127.0.0.1", port)


async def _view(connection: _Connection, product_id: str, when: float) -> View:
    reader, writer = connection
    await asyncio.sleep(when - asyncio.get_running_loop().time())
    opened = time.time()
    writer.write(f"GET /products/{product_id}/price HTTP/1.1\r\nHost: listino\r\n\r\n".encode())
    status, body = 0, b""
    with contextlib.suppress(OSError, EOFError, TimeoutError):  # status 0 says that there was no answer
        async with asyncio.timeout(_PATIENCE_SECONDS):
            status, body = await _answer(reader)
    closed = time.time()
    writer.close()
    seen = {"product_id": product_id, "opened": opened, "closed": closed, "page_status": OK, "status": status}
    return View.told({**seen, "waited_ms": 1000 * (closed - opened)}, body)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(b":") for line in lines)}
    return int(first.split()[1]), await reader.readexactly(int(headers[b"content-length"]))
