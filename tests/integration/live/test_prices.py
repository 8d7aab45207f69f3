"""How long somebody waits who asks for a live price while Redis takes connections and answers nothing."""

import contextlib
import time
from collections.abc import Iterator

import pytest
from servers import hung_redis

from listino.live.answer import Reason
from listino.live.prices import LivePrices
from listino.settings import Settings

ID = "it:bottega:8411"


@pytest.fixture
def live(settings: Settings) -> Iterator[LivePrices]:
    """Live prices whose connections are warm; no worker answers."""
    with contextlib.closing(LivePrices(settings)) as made:
        assert made.get(ID, wait_ms=10).reason is Reason.DEADLINE
        yield made


def test_a_caller_with_time_is_told_at_once_that_redis_hangs(live: LivePrices, settings: Settings) -> None:
    began = time.perf_counter()
    with hung_redis(settings.redis_address):
        reasons = [live.get(ID, wait_ms=5000).reason for _ in range(2)]
    seconds = time.perf_counter() - began

    assert reasons == [Reason.NO_QUEUE] * 2
    assert seconds < 5
    assert live.get(ID, wait_ms=10).reason is Reason.DEADLINE, "Redis answers again"


def test_a_caller_in_a_hurry_does_not_wait_for_redis(live: LivePrices, settings: Settings) -> None:
    began = time.perf_counter()
    with hung_redis(settings.redis_address):
        reason = live.get(ID, wait_ms=300).reason
    seconds = time.perf_counter() - began

    assert reason is Reason.DEADLINE
    assert seconds < 2
