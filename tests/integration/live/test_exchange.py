"""Questions that share a connection to a real Redis, which is killed, started again and hangs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis import asyncio as aioredis
from redis.exceptions import BusyLoadingError, NoPermissionError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from servers import hung_redis

from listino.live.client import connect_async
from listino.live.exchange import Exchange, Script
from listino.local.engines import free_port, running_redis
from listino.settings import Settings

SECONDS = 0.3  # for an answer that does not come
SLOW = "local n = 0; for i = 1, tonumber(ARGV[1]) do n = n + i end; return n"


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[aioredis.Redis]:
    async with aioredis.Redis.from_url(settings.redis_address) as redis:
        yield redis


@pytest.fixture
async def exchange(settings: Settings) -> AsyncIterator[Exchange]:
    async with connect_async(settings, seconds=10) as client:
        yield Exchange(client)


async def connected(redis: aioredis.Redis) -> int:
    return len([one for one in await redis.client_list() if one["cmd"] != "client|list"])


async def test_pages_and_counters_go_over_one_connection(exchange: Exchange, redis: aioredis.Redis) -> None:
    before = await connected(redis)
    page = bytes(range(256)) * 4000
    await exchange.ask("SET", "page", page)
    told = await asyncio.gather(
        *(exchange.ask("INCR", "counter") if number % 3 else exchange.ask("GET", "page") for number in range(60))
    )
    assert told == [page if number % 3 == 0 else number - number // 3 for number in range(60)]
    assert await connected(redis) == before + 1


async def test_a_script_is_run_whether_the_server_knows_it_or_not(exchange: Exchange, redis: aioredis.Redis) -> None:
    script = Script(exchange, SLOW)
    for _ in range(2):
        await redis.script_flush()
        assert await asyncio.gather(*(script.run([], [number]) for number in range(4))) == [0, 1, 3, 6]
    with pytest.raises(ResponseError, match="not an integer"):
        await Script(exchange, "return redis.call('INCRBY', KEYS[1], ARGV[1])").run(["counter"], ["many"])


async def test_a_killed_connection_is_noticed_by_nobody(exchange: Exchange, redis: aioredis.Redis) -> None:
    for number in range(1, 6):
        asking = [asyncio.create_task(exchange.ask("INCR", "counter")) for _ in range(3)]
        await redis.client_kill_filter(_type="normal", skipme=True)
        assert len(await asyncio.gather(*asking)) == 3
        assert int(await redis.get("counter")) >= 3 * number


async def test_what_the_user_may_not_do_is_said_so(redis: aioredis.Redis, settings: Settings) -> None:
    await redis.execute_command("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+@connection")
    address = settings.redis_address.replace("redis://", "redis://reader:secret@").removesuffix("/0") + "/3"
    try:
        async with connect_async(settings.model_copy(update={"redis_url": address})) as client:
            exchange = Exchange(client)
            with pytest.raises(NoPermissionError):
                await exchange.ask("SET", "key", "word")
            assert await exchange.ask("GET", "key") is None
            assert b"user=reader" in await exchange.ask("CLIENT", "INFO")
            assert b" db=3 " in await exchange.ask("CLIENT", "INFO")
    finally:
        await redis.acl_deluser("reader")


async def test_a_hanging_server_is_waited_for_so_long_and_asked_again_when_it_is_back(
    settings: Settings,
) -> None:
    async with connect_async(settings, seconds=SECONDS) as client:
        exchange = Exchange(client)
        assert await exchange.ask("PING") == b"PONG"
        with hung_redis(settings.redis_address):
            for _ in range(2):  # on the connection from before, and on one that is to be made
                async with asyncio.timeout(SECONDS * 10):  # one after the other they would take twice as long
                    told = await asyncio.gather(*(exchange.ask("PING") for _ in range(20)), return_exceptions=True)
                assert [type(error) for error in told] == [RedisTimeoutError] * 20
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(RedisTimeoutError):
                    assert await exchange.ask("PING") == b"PONG"
                    break


async def test_one_who_gave_up_leaves_the_others_their_answers(exchange: Exchange, redis: aioredis.Redis) -> None:
    before = await connected(redis)
    await exchange.ask("PING")
    for number in range(50):
        hasty = asyncio.create_task(exchange.ask("ECHO", "nobody's"))
        patient = asyncio.create_task(exchange.ask("ECHO", number))
        await asyncio.sleep(0)
        hasty.cancel()
        assert await patient == b"%d" % number
        assert hasty.cancelled()
    assert await connected(redis) == before + 1


async def test_a_restarted_server_is_asked_as_before(tmp_path: Path, settings: Settings) -> None:
    port = free_port()
    here = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
    async with connect_async(here) as client:
        exchange = Exchange(client)
        with running_redis(tmp_path, port):
            assert await exchange.ask("PING") == b"PONG"
        with pytest.raises(RedisConnectionError):
            await exchange.ask("PING")
        with running_redis(tmp_path, port):
            assert await exchange.ask("PING") == b"PONG"
            slow = asyncio.create_task(Script(exchange, SLOW).run([], [10**12]))
            line = exchange._line
            assert line is not None
            async with asyncio.timeout(5):
                while not line._waiting:  # noqa: ASYNC110 - it is asked in its turn
                    await asyncio.sleep(0)
        with pytest.raises(RedisConnectionError):
            await slow  # killed in the middle, and away when it is asked once more
        with running_redis(tmp_path, port):
            with contextlib.suppress(BusyLoadingError):
                await exchange.ask("PING")
            assert await exchange.ask("PING") == b"PONG"
