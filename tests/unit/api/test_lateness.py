"""A loop that is held up knows how late it is, and forgets it."""

import asyncio
import time

import pytest

from api import lateness
from api.lateness import LEAST_SECONDS, MOST_SECONDS, Lateness


async def held_up(seconds: float) -> None:
    """Blocks the loop, once it has come round to it."""
    asyncio.get_running_loop().call_soon(time.sleep, seconds)
    await asyncio.sleep(0)


async def until_at_least(measured: Lateness, seconds: float, held: float) -> None:
    async with asyncio.timeout(5):
        while measured.seconds < seconds:
            await held_up(held)


async def test_the_worst_is_known_and_fades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "LOOK_SECONDS", 0.002)
    async with Lateness() as measured:
        assert measured.seconds == LEAST_SECONDS
        await until_at_least(measured, 2 * LEAST_SECONDS, held=3 * LEAST_SECONDS)
        async with asyncio.timeout(5):
            while measured.seconds > LEAST_SECONDS:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.001)


async def test_it_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "LOOK_SECONDS", 0.002)
    async with Lateness() as measured:
        await until_at_least(measured, MOST_SECONDS, held=3 * MOST_SECONDS)
        assert measured.seconds == measured._worst == MOST_SECONDS, "it is forgotten as soon as any other"


async def test_it_ends() -> None:
    async with Lateness():
        looking = next(task for task in asyncio.all_tasks() if task.get_name() == "lateness")
    assert looking.cancelled()
