"""Connections to a Redis that goes away: whatever the event loop makes of it, callers are told by an error they know."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop
from redis import asyncio as aioredis

from listino.domain.errors import InvalidSettings
from listino.live.client import UNAVAILABLE, _Noticing, connect, connect_async, connect_subscriber
from listino.settings import Settings

_CLOSE_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what is closed is reset, as when its process is killed


@pytest.fixture
def dying(settings: Settings) -> Iterator[tuple[Settings, socket.socket]]:
    """Settings that name a server of the test's, and the server, which has taken no connection yet."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        address = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        yield settings.model_copy(update={"redis_url": address}), server


def _kill(server: socket.socket, address: tuple[str, int]) -> None:
    """Resets connections until that one is among them: one that was given up may have come before it."""
    taken_from = None
    while taken_from != address:
        taken, taken_from = server.accept()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_AT_ONCE)
        taken.close()


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
@pytest.mark.parametrize("make", [connect_async, connect_subscriber])
def test_a_server_that_is_killed_while_somebody_connects_is_away(
    dying: tuple[Settings, socket.socket], make: Any, loop: Any
) -> None:
    settings, server = dying
    greeted = 0

    async def greet(connection: Any) -> None:
        """The driver's first words, said when the server is dead already."""
        nonlocal greeted
        greeted += 1
        await asyncio.to_thread(_kill, server, connection._writer.get_extra_info("sockname"))
        async with asyncio.timeout(10):
            while connection._reader.exception() is None:  # noqa: ASYNC110 - the loop hears of it by and by
                await asyncio.sleep(0.001)
        await connection.send_command("PING")

    async def ask() -> None:
        redis: aioredis.Redis = make(settings)
        async with contextlib.aclosing(redis):
            redis.connection_pool.connection_kwargs["redis_connect_func"] = greet
            with pytest.raises(UNAVAILABLE):
                await redis.ping()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ask())
    assert greeted >= 1


@pytest.mark.parametrize("make", [connect_async, connect_subscriber])
@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("rediss://127.0.0.1:1/0", aioredis.SSLConnection),
        ("unix:///nowhere/redis.sock", aioredis.UnixDomainSocketConnection),
    ],
)
async def test_connections_of_other_kinds_notice_it_too(
    settings: Settings, make: Any, address: str, kind: type
) -> None:
    async with contextlib.aclosing(make(settings.model_copy(update={"redis_url": address}))) as redis:
        made = redis.connection_pool.connection_class
        assert issubclass(made, kind)
        assert issubclass(made, _Noticing)


@pytest.mark.parametrize("make", [connect, connect_async, connect_subscriber])
def test_a_socket_that_is_not_named_by_its_whole_path_is_refused(settings: Settings, make: Any) -> None:
    given = settings.model_copy(update={"redis_url": "unix://run/redis.sock?password=geheim"})
    with pytest.raises(InvalidSettings, match=r"^LISTINO_REDIS_URL='unix://run/redis.sock\?password=\*\*\*': .* path"):
        make(given)
