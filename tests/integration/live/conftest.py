"""What tests of the caches and queues in Redis share."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from guarding import Guarded, Side
from redis import Redis

from listino.live.client import connect_async
from listino.live.exchange import Exchange
from listino.live.page_guard import PageGuard
from listino.settings import Settings


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as client:
        yield client


@pytest.fixture(params=["threads", "loop", "along"])
async def guarded(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Guarded]:
    """Makes guards as callers of threads have them, those of an event loop, and those that share an exchange there."""
    made: list[PageGuard] = []
    async with connect_async(settings) as redis:
        exchange = Exchange(redis)

        def guarded(*given: Any, settings: Settings = settings) -> Side:
            made.append(
                guard := PageGuard(settings, *given, **({"exchange": exchange} if request.param == "along" else {}))
            )
            return Side(guard, synchronous=request.param == "threads")

        yield guarded
        for guard in made:
            guard.close()
