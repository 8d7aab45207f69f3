"""Every kind of client, at a Redis that is reached by a socket of the machine's, before and after it was killed."""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from limits.storage import storage_from_string
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from backoffice.limits import _storage
from listino.live.client import connect, connect_async, connect_worker, connected
from listino.live.exchange import Exchange
from listino.live.subscription import hear
from listino.local.engines import running_redis, socket_url
from listino.local.sockets import LONGEST_PATH
from listino.settings import Settings


@pytest.fixture
def local() -> Iterator[Path]:
    """As long a path as a socket may have, with what addresses write otherwise in it."""
    with tempfile.TemporaryDirectory(prefix="a ?#%é-") as folder:
        yield Path(folder) / "x".ljust(LONGEST_PATH - len(folder.encode()) - 1, "x")


@pytest.fixture
def here(settings: Settings, local: Path) -> Settings:
    return settings.model_copy(update={"redis_url": socket_url(local)})


async def test_questions_and_announcements_outlast_a_server_that_is_killed(
    here: Settings, local: Path, tmp_path: Path
) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    listening: asyncio.Queue[bool] = asyncio.Queue()
    async with asyncio.timeout(20), connect_async(here) as redis:
        exchange = Exchange(redis)
        with running_redis(tmp_path, local=local):
            hearing = asyncio.create_task(hear(here, {"news": heard.put_nowait}, listening.put_nowait))
            assert await listening.get()
            assert await exchange.ask("PUBLISH", "news", "first") == 1
            assert await heard.get() == b"first"
        assert await asyncio.to_thread(local.is_socket), "what was killed leaves it"
        with pytest.raises(RedisConnectionError):
            await exchange.ask("PING")
        with running_redis(tmp_path, local=local):
            while not await listening.get():
                pass
            assert await exchange.ask("PUBLISH", "news", "second") == 1
            assert await heard.get() == b"second"
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


def test_threads_workers_and_counts_of_attempts_reach_it_too(here: Settings, local: Path, tmp_path: Path) -> None:
    with running_redis(tmp_path, local=local):
        with connected(here) as redis:
            redis.set("a", "1")
        patience = Retry(NoBackoff(), 0)
        with contextlib.closing(connect_worker(here, patience, read_seconds=1.0)) as redis:
            assert redis.get("a") == b"1"
        with contextlib.closing(connect(here)) as redis:
            assert redis.connection_pool.connection_kwargs["path"] == str(local)
        storage = storage_from_string(_storage(here.redis_address))
        assert [storage.incr("attempts", 60), storage.incr("attempts", 60)] == [1, 2]
        assert storage.check()
