"""What tests of the caches and queues in Redis share."""

from collections.abc import Iterator

import pytest
from redis import Redis

from listino.settings import Settings


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_address) as client:
        yield client
