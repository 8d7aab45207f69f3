"""The robots.txt of hosts as all processes know it, on a real Redis."""

from collections.abc import AsyncIterator

import pytest
from redis import asyncio as aioredis

from listino.live.rules import KEPT_SECONDS, TROUBLE_SECONDS, KeptRules, Rules

HOST = "shop.example"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[aioredis.Redis]:
    client = aioredis.Redis.from_url(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    ("rules", "seconds"),
    [(Rules("User-agent: *\nDisallow: /è/"), KEPT_SECONDS), (Rules("", "answered 503"), TROUBLE_SECONDS)],
)
async def test_what_one_process_has_read_all_know_for_a_while(
    rules: Rules, seconds: int, redis: aioredis.Redis
) -> None:
    known = KeptRules(redis)
    assert await known.get(HOST) is None
    await known.keep(HOST, rules)
    assert await KeptRules(redis).get(HOST.upper()) == rules
    assert await known.get("other.example") is None
    (key,) = await redis.keys("*")
    assert 0 < await redis.ttl(key) <= seconds
