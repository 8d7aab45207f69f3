"""How long somebody waits who asks for a live price while Redis takes connections and answers nothing."""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator

import pytest
from servers import hung_redis

from listino.live.answer import Reason
from listino.live.client import connect_subscriber
from listino.live.synchronous import LivePrices
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


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name the options otherwise")
async def test_the_system_asks_whether_the_server_of_a_silent_subscription_is_there(settings: Settings) -> None:
    async with connect_subscriber(settings) as redis:
        connection = await redis.connection_pool.get_connection()
        used = connection._writer.get_extra_info("socket")
        told = [
            used.getsockopt(*option)
            for option in (
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            )
        ]
        await redis.connection_pool.release(connection)
    assert told == [1, 5, 2, 3]
