"""What is heard of a real Redis's announcements, and by whom it is known that nothing is."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis import asyncio as aioredis
from redis.exceptions import ConnectionError as RedisConnectionError

from listino.live.client import connect_subscriber, hand_over
from listino.live.subscription import _Subscription, hear
from listino.settings import Settings

NEWS, PRICES = "test:news", "test:prices"
MANY = [b"%d " % number + b"x" * 1000 for number in range(500)]  # more than one reading of a connection takes


class Ear:
    """Hears both channels, and what is said of its listening."""

    def __init__(self) -> None:
        self.news: list[bytes] = []
        self.prices: list[bytes] = []
        self.listening: list[bool] = []

    async def hear(self, settings: Settings) -> None:
        await hear(settings, {NEWS: self.news.append, PRICES: self.prices.append}, self.listening.append)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[aioredis.Redis]:
    async with aioredis.Redis.from_url(settings.redis_address) as redis:
        yield redis


@pytest.fixture
async def ear(settings: Settings) -> AsyncIterator[Ear]:
    made = Ear()
    hearing = asyncio.create_task(made.hear(settings))
    yield made
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the server makes it true, and tells nobody
            await asyncio.sleep(0.005)


async def test_all_is_heard_in_its_order_each_on_its_channel(ear: Ear, redis: aioredis.Redis) -> None:
    await until(lambda: ear.listening)
    async with redis.pipeline(transaction=False) as pipe:
        for one in MANY:
            pipe.publish(NEWS, one)
            pipe.publish(PRICES, one[:5])
        assert await pipe.execute() == [1] * 2 * len(MANY)
    await until(lambda: len(ear.prices) == len(MANY))
    assert (ear.news, ear.prices) == (MANY, [one[:5] for one in MANY])
    assert ear.listening == [True], "once it hears both"


async def test_a_lost_connection_is_told_of_and_replaced(ear: Ear, redis: aioredis.Redis) -> None:
    for told in ([True], [True, False, True]):
        await until(lambda told=told: ear.listening == told)
        await redis.client_kill_filter(_type="pubsub")
    await until(lambda: ear.listening == [True, False, True, False, True])
    assert await redis.publish(NEWS, b"again") == 1
    await until(lambda: ear.news == [b"again"])


async def test_who_may_not_hear_of_one_channel_tries_again(redis: aioredis.Redis, settings: Settings) -> None:
    rights = ("ACL", "SETUSER", "half-deaf", "on", ">secret", "+@all", f"&{NEWS}")
    await redis.execute_command(*rights)
    address = settings.redis_address.replace("redis://", "redis://half-deaf:secret@")
    ear = Ear()
    hearing = asyncio.create_task(ear.hear(settings.model_copy(update={"redis_url": address})))
    try:
        await until(lambda: len(ear.listening) >= 2)
        assert not any(ear.listening)
        await redis.execute_command(*rights, f"&{PRICES}")
        await until(lambda: ear.listening[-1])
        await redis.publish(PRICES, b"heard")
        await until(lambda: ear.prices == [b"heard"])
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await redis.acl_deluser("half-deaf")


async def test_a_connection_that_ended_before_anybody_subscribed_is_known_to_be_lost(
    redis: aioredis.Redis, settings: Settings
) -> None:
    async with connect_subscriber(settings) as client:
        connection = client.connection_pool.make_connection()
        await connection.connect()
        await redis.client_kill_filter(_type="normal", skipme=True)
        await until(lambda: connection._reader.at_eof())
        with pytest.raises(RedisConnectionError):
            await hand_over(connection, _Subscription({NEWS: print}, lambda: None))
        await connection.disconnect(nowait=True)


async def test_a_mistake_of_who_hears_is_not_passed_over(redis: aioredis.Redis, settings: Settings) -> None:
    listening: list[bool] = []
    hearing = asyncio.create_task(hear(settings, {NEWS: lambda told: [][len(told)]}, listening.append))
    await until(lambda: listening)
    await redis.publish(NEWS, b"something")
    with pytest.raises(IndexError):
        await asyncio.wait_for(hearing, 5)
    assert listening == [True, False]
