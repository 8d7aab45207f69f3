"""Whose word counts for when a request arrived, and which words mean anything."""

import asyncio
import time
from ipaddress import ip_network
from typing import Any

import pytest

from api.arrivals import MOST_SECONDS, Arrivals
from api.limits import Clients

ARRIVALS = Arrivals(Clients((ip_network("10.0.0.0/8"),)))
BALANCER, STRANGER = "10.0.0.1", "192.0.2.7"
_ROUNDED = 0.002  # nginx says milliseconds


def arrived(said: str | None, peer: str | None = BALANCER) -> tuple[float, float]:
    """How long ago it arrived, at least and at most."""

    async def find() -> tuple[float, float]:
        headers = [(b"host", b"shop"), *([(b"x-request-start", said.encode())] if said else [])]
        scope: dict[str, Any] = {"client": peer and (peer, 4711), "headers": headers}
        clock = asyncio.get_running_loop().time
        before = clock()
        at = ARRIVALS.of(scope)
        return before - at, clock() - at

    return asyncio.run(find())


def ago(seconds: float) -> str:
    return f"t={time.time() - seconds:.3f}"


def test_a_callers_time_begins_at_the_balancer() -> None:
    least, most = arrived(ago(0.3))
    assert most >= 0.3 - _ROUNDED
    assert least < MOST_SECONDS


@pytest.mark.parametrize("peer", [STRANGER, None])
def test_strangers_are_not_believed(peer: str | None) -> None:
    assert arrived(ago(0.3), peer)[0] <= 0


@pytest.mark.parametrize("seconds", [-60, MOST_SECONDS + 0.01, 3600])
def test_another_clock_is_not_heard(seconds: float) -> None:
    assert arrived(ago(seconds))[0] <= 0


@pytest.mark.parametrize("said", [None, "t=nan", "t=-1.000", "t=1e3", "1700000000.000", "t=", "x" * 99])
def test_what_is_no_time_is_not_heard(said: str | None) -> None:
    assert arrived(said)[0] <= 0
