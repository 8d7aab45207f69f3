"""By which way a server is reached: its socket, where it has one that answers, else its port."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import bson
import pytest

from listino.local.router import wire
from listino.local.router.connection import Connection, ConnectionLost
from listino.local.router.upstream import Upstream
from listino.local.sockets import member_socket


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


async def _answer(connection: Connection, way: str) -> None:
    message = wire.parse(await connection.receive())
    await connection.send(wire.encode(1, message.request_id, bson.encode({"way": way, "ok": 1.0})))


@asynccontextmanager
async def serving(folder: Path, *, at_socket: bool = True, at_port: bool = True) -> AsyncIterator[str]:
    """A server that says by which way it was asked; gives its address."""
    loop = asyncio.get_running_loop()
    answering: list[asyncio.Task[None]] = []

    def accept(way: str) -> Connection:
        connection = Connection()
        answering.append(loop.create_task(_answer(connection, way)))
        return connection

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        servers = []
        if at_port:
            servers.append(await loop.create_server(lambda: accept("port"), sock=listening))
        if at_socket:
            servers.append(await loop.create_unix_server(lambda: accept("socket"), str(folder / member_socket(port))))
        yield f"127.0.0.1:{port}"
        for server in servers:
            server.close()
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)


async def way_of(upstream: Upstream, host: str) -> str:
    async with asyncio.timeout(10):
        reply = await upstream.call(host, "admin", {"hello": 1})
    upstream.close()
    return str(reply["way"])


async def test_a_server_with_a_socket_is_asked_there(folder: Path) -> None:
    async with serving(folder) as host:
        assert await way_of(Upstream(folder), host) == "socket"
        assert await way_of(Upstream(), host) == "port"


async def test_a_server_of_another_name_is_asked_at_its_port(folder: Path) -> None:
    async with serving(folder) as host:
        assert await way_of(Upstream(folder), host.replace("127.0.0.1", "localhost")) == "port"


@pytest.mark.parametrize("left", ["nothing", "a socket where nobody listens"])
async def test_without_a_socket_that_answers_it_is_the_port(folder: Path, left: str) -> None:
    async with serving(folder, at_socket=False) as host:
        if left != "nothing":
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(folder / member_socket(int(host.rpartition(":")[2]))))
        assert await way_of(Upstream(folder), host) == "port"


async def test_a_server_that_is_nowhere_is_lost(folder: Path) -> None:
    with pytest.raises(ConnectionLost, match="cannot be reached"):
        await Upstream(folder).call("127.0.0.1:1", "admin", {"hello": 1})
