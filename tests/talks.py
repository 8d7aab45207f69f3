"""Shops that are played over real sockets, for the HTTP transport of live workers to visit."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import psutil

from workers.pools import HostPools

SECONDS = 5.0  # for what is to come
SOON = 0.1  # for what is not

PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LARGE = bytes(range(256)) * 16 * 1024  # 4 MiB

Serve = Callable[["Talk"], Awaitable[None]]


class Talk:
    """One connection, as the server has it. `over` is set when the client has closed it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.over = asyncio.Event()

    async def request(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self, data: bytes = PAGE) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_over(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        self.over.set()


class Server:
    """`talks`: its connections, in the order they came."""

    def __init__(self) -> None:
        self.talks: list[Talk] = []
        self.url = ""

    @contextlib.asynccontextmanager
    async def serving(self, serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator["Server"]:
        tasks: list[asyncio.Task[None]] = []

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(task := asyncio.current_task())  # type: ignore[arg-type]  # there is one
            assert task is not None
            self.talks.append(talk := Talk(reader, writer))
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await serve(talk)
            writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def always(talk: Talk) -> None:
    while True:
        await talk.request()
        await talk.answer()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110  # nobody tells what a socket holds
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def visiting(
    serve: Serve, *, tls: ssl.SSLContext | None = None, trusted: ssl.SSLContext | None = None, seconds: float = SECONDS
) -> AsyncIterator[tuple[httpx2.AsyncClient, Server]]:
    transport = HostPools(trusted or ssl.create_default_context())
    async with (
        asyncio.timeout(4 * SECONDS),
        Server().serving(serve, tls) as server,
        httpx2.AsyncClient(transport=transport, timeout=seconds, base_url=server.url) as client,
    ):
        yield client, server


def saying(*answers: bytes, closes: bool = False) -> Serve:
    """A shop that answers one request after the other with these bytes, whatever it is asked, and the last one again."""

    async def serve(talk: Talk) -> None:
        for answer in answers:
            await talk.request()
            await talk.answer(answer)
        if not closes:
            await talk.until_over()

    return serve


def connections_to(port: int) -> int:
    return len(statuses_of(port))


def statuses_of(port: int) -> list[str]:
    """Of connections to that port, as the system calls them."""
    found = psutil.Process().net_connections("tcp")
    return [one.status for one in found if one.raddr and one.raddr.port == port]
