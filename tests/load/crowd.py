"""Thousands of viewers of one product at once, each on a connection of its own, straight at the API nodes.

nginx holds 4,096 connections, two for each shopper who waits, so a crowd that waits all at once goes past it. k6 would need
gigabytes for so many.
"""

import asyncio
import contextlib
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop
from generators import GeneratorFailed
from views import OK, View

_AT_ONCE = 100  # connections that are being opened; more than a listener's backlog would be refused
_PATIENCE_SECONDS = 60.0
_OTHER_FILES = 200


@dataclass(frozen=True, slots=True)
class Crowd:
    """The viewers, and in how many seconds all had asked."""

    views: list[View]
    asked_in: float


def demand_files(viewers: int) -> None:
    """Lets this process, and those it starts, have a connection for each viewer; raises GeneratorFailed where that is not
    allowed."""
    wanted = viewers + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise GeneratorFailed(
            f"{viewers} viewers need {wanted} open files, `ulimit -Hn` says {hard}: leave out c (--only)"
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def crowd(ports: Sequence[int], product_id: str, viewers: int) -> Crowd:
    """So many viewers, spread evenly over the nodes, ask for the product's live price as quickly as that can be written."""
    return uvloop.run(_crowd(ports, product_id, viewers))


async def _crowd(ports: Sequence[int], product_id: str, viewers: int) -> Crowd:
    doors = asyncio.Semaphore(_AT_ONCE)
    connections = await asyncio.gather(*(_opened(ports[number % len(ports)], doors) for number in range(viewers)))
    request = f"GET /products/{product_id}/price HTTP/1.1\r\nHost: listino\r\n\r\n".encode()
    asked: list[float] = []
    for _, writer in connections:  # without a pause: what is answered already is heard when all have asked
        asked.append(time.time())
        writer.write(request)
    views = await asyncio.gather(
        *(_view(connection, product_id, at) for connection, at in zip(connections, asked, strict=True))
    )
    return Crowd(views, asked[-1] - asked[0])


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _opened(port: int, doors: asyncio.Semaphore) -> _Connection:
    async with doors:
        return await asyncio.open_connection("127.0.0.1", port)


async def _view(connection: _Connection, product_id: str, opened: float) -> View:
    reader, writer = connection
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
