"""Events of many requests are written together, and nobody waits for what nobody asks for any more."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from api import intake
from api.intake import Intake
from listino.domain.clock import utc_now
from listino.domain.errors import EngineUnavailable
from listino.domain.events import Event, EventType
from listino.settings import Settings
from listino.store.aio import AsyncEvents


class Held:
    """A store that takes what it is given when it is let go."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.writes: list[list[str]] = []
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def keep(self, events: Sequence[Event]) -> None:
        self.writes.append([event.id for event in events])
        self.kept += self.writes[-1]
        self.asked.set()
        await self.let_go.wait()

    async def sum_up(self) -> bool:
        return False


def some(name: str) -> list[Event]:
    return [Event(id=name, type=EventType.SEARCH, at=utc_now(), session="v", consent=False)]


def intake_of(store: Held) -> Intake:
    return Intake(Settings(_env_file=None), cast("AsyncEvents", store))


async def test_at_the_end_only_the_write_under_way_is_awaited() -> None:
    store = Held()
    async with intake_of(store) as taken:
        first = asyncio.create_task(taken.keep(some("first")))
        await store.asked.wait()
        second = asyncio.create_task(taken.keep(some("second")))
        await asyncio.sleep(0)
        leaving = asyncio.create_task(taken.__aexit__(None, None, None))
        try:
            with pytest.raises(EngineUnavailable, match="this node ends"):
                await asyncio.wait_for(second, 2)
            assert not leaving.done()
        finally:
            store.let_go.set()
        await asyncio.gather(first, leaving)
    assert store.kept == ["first"]


async def test_what_nobody_waits_for_any_more_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Held()
    async with intake_of(store) as taken:
        first: Any = asyncio.create_task(taken.keep(some("first")))
        await store.asked.wait()
        monkeypatch.setattr(intake, "KEEP_SECONDS", 0.01)
        with pytest.raises(EngineUnavailable):
            await taken.keep(some("second"))
        store.let_go.set()
        await first
    assert store.kept == ["first"]
    assert taken._number == 0


async def test_what_comes_soon_after_a_write_is_gathered_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    store, asleep, time_is_up, really = Held(), asyncio.Event(), asyncio.Event(), asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds < intake.GATHER_SECONDS / 2:
            await really(max(seconds, 0))
        else:
            asleep.set()
            await time_is_up.wait()

    monkeypatch.setattr(intake, "GATHER_SECONDS", 3600.0)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    store.let_go.set()
    async with intake_of(store) as taken:
        await asyncio.wait_for(taken.keep(some("first")), 10)
        second: Any = asyncio.create_task(taken.keep(some("second")))
        await asyncio.wait_for(asleep.wait(), 10)
        assert store.kept == ["first"]
        third: Any = asyncio.create_task(taken.keep(some("third")))
        await really(0)
        time_is_up.set()
        await asyncio.wait_for(asyncio.gather(second, third), 10)
    assert store.writes == [["first"], ["second", "third"]]
