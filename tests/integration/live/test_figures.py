"""What became of live refreshes lately, added up from several workers."""

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis

from listino.domain.clock import utc_now
from listino.live.answer import LiveAnswer, Reason
from listino.live.client import connect_async
from listino.live.figures import FigureSums, shop_figures
from listino.live.legs import Legs
from listino.settings import Settings

SHOP = "it:bottega"


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as redis:
        yield redis


def answer(ms: int, reason: Reason | None = None) -> LiveAnswer:
    """An answer for which the shop took so long."""
    legs = Legs(queued=1_000_000, started=1_002_000, asked=1_003_000, answered=1_003_000 + 1000 * ms)
    return LiveAnswer(product_id=f"{SHOP}:1", as_of=utc_now(), reason=reason, legs=legs)


async def told(settings: Settings, *sums: FigureSums) -> None:
    async with connect_async(settings) as redis:
        for one in sums:
            await one.tell(redis)


def test_what_several_workers_saw_is_one_figure(settings: Settings, redis: Redis) -> None:
    assert shop_figures(redis, [SHOP])[SHOP].fresh_share is None
    first, second = FigureSums(), FigureSums()
    for _ in range(8):
        first.refreshed(SHOP, answer(40))
    second.refreshed(SHOP, answer(9000, Reason.SHOP_SILENT))
    second.refreshed(SHOP, answer(40))
    second.refreshed("fr:atelier", answer(400))
    asyncio.run(told(settings, first, second))
    asyncio.run(told(settings, first))  # what was told is not told again

    found = shop_figures(redis, [SHOP, "de:kontor"])
    shop = found[SHOP]
    assert shop.outcomes == {"fresh": 9, "shop_silent": 1}
    assert shop.fresh_share == 0.9
    assert shop.last_fresh is not None
    assert (shop.legs["answered"].count, shop.legs["answered"].median, shop.legs["answered"].late) == (10, 0.05, None)
    assert shop.legs["started"].median == 0.0025
    assert found["de:kontor"].refreshes == 0
    assert (found[""].refreshes, found[""].legs["answered"].count) == (11, 11)
    assert all(redis.ttl(key) > 0 for key in redis.scan_iter("live:figures:*"))
