"""One drain of what waits for a shop, with a shop and a waiting room that are none: each product has exactly one answer."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace

import pytest

import workers.live
from listino.domain.clock import utc_now
from listino.domain.product import Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.times import BREAK_AFTER
from listino.live.waiting import DrainLost
from listino.shops.platform import Fetch, Known, Refresh
from listino.shops.shop import Shop
from workers.inquiry import Inquiry, Outcome

IDS = [f"it:bottega:{number}" for number in range(60)]
Work = Callable[[Inquiry], Outcome]


class Room:
    """A waiting room that holds the ids and hears the answers."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.waiting = list(ids)
        self.taken: list[int] = []
        self.answers: list[LiveAnswer] = []
        self.breaker_open = False
        self.wanted, self.lost, self.news = True, False, asyncio.Event()
        self.abandoned = False
        self._silent_in_a_row = 0

    async def take(self, most: int, *, late: int | None = None) -> list[str]:
        if self.lost:
            raise DrainLost
        ids, self.waiting = self.waiting[:most], self.waiting[most:]
        self.taken.append(len(ids))
        self.wanted = bool(self.waiting)
        return ids

    def abandon(self) -> None:
        self.abandoned = True

    def put(self, ids: Sequence[str]) -> None:
        """More of them, of which the drain is told."""
        self.waiting.extend(ids)
        self.wanted = True
        self.news.set()

    async def deliver(self, *answers: LiveAnswer, heard: bool, errors: Mapping[str, str]) -> set[str]:
        self._silent_in_a_row = 0 if heard else self._silent_in_a_row
        known = {answer.product_id for answer in self.answers}
        first = [answer for answer in answers if answer.product_id not in known]
        self.answers += first
        return {str(answer.product_id) for answer in first}

    async def trouble(self) -> bool:
        self._silent_in_a_row += 1
        return self._silent_in_a_row >= BREAK_AFTER


class Asking:
    """A refresher of a shop that answers what the test says; `size`: how many products it asks for with one request."""

    def __init__(self, shop: Shop, work: Work, *, size: int = 1, batch: int = 1) -> None:
        self.shop, self.batch = shop, batch
        self._work, self._size = work, size
        self.asked: list[list[str]] = []
        self.in_flight = self.peak = 0

    async def prepare(self, ids: Sequence[str]) -> Outcome:
        parts = [ids[start : start + self._size] for start in range(0, len(ids), self._size)]
        return Outcome(open=[self._inquiry(part) for part in parts])

    def _inquiry(self, ids: Sequence[str]) -> Inquiry:
        known = tuple(Known(sku=key, url="") for key in ids)
        products = {key: _named(key) for key in ids}
        return Inquiry(Refresh(fetch=Fetch(url="", purpose="offer"), known=known), products)

    async def ask(self, inquiry: Inquiry, *, probing: bool) -> Outcome:
        self.asked.append(inquiry.product_ids)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        return self._work(inquiry)


def _named(key: str) -> Product:
    return SimpleNamespace(id=key)  # type: ignore[return-value]  # nothing else is looked at here


def answering(reason: Reason | None) -> Work:
    def work(inquiry: Inquiry) -> Outcome:
        answers = [LiveAnswer(product_id=key, as_of=utc_now(), reason=reason) for key in inquiry.product_ids]
        return Outcome(answers, heard=reason is not Reason.SHOP_SILENT)

    return work


async def drain(
    asking: Asking,
    room: Room,
    monkeypatch: pytest.MonkeyPatch,
    until: float | None = None,
    leaving: asyncio.Event | None = None,
) -> int:
    monkeypatch.setattr(workers.live, "runtime", lambda: SimpleNamespace(refresher=lambda key: asking))
    if leaving is None:
        monkeypatch.setattr(workers.live, "LINGER_SECONDS", 0.01)
    end = time.monotonic() + 60 if until is None else until
    return await workers.live._drain("it:bottega", room, until=end, leaving=leaving or asyncio.Event())  # type: ignore[arg-type]


def answered(room: Room) -> list[str]:
    counts = Counter(str(answer.product_id) for answer in room.answers)
    assert set(counts.values()) <= {1}, "one answer each"
    return sorted(counts)


async def test_one_by_one_as_many_at_a_time_as_the_shop_allows(bottega: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    room, asking = Room(IDS), Asking(bottega, answering(None))
    assert await drain(asking, room, monkeypatch) == len(IDS)
    assert answered(room) == sorted(IDS)
    assert asking.peak == bottega.live_concurrency
    assert max(room.taken) <= bottega.live_concurrency, "what is not asked for yet stays with the others"


async def test_several_with_one_request(bottega: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    room, asking = Room(IDS), Asking(bottega, answering(None), size=25, batch=25)
    assert await drain(asking, room, monkeypatch) == len(IDS)
    assert [len(ids) for ids in asking.asked] == [25, 25, 10]
    assert asking.peak == 3, "while places are free nobody waits for an answer"
    assert answered(room) == sorted(IDS)


async def test_what_cannot_be_asked_together_keeps_the_shops_limit_too(
    bottega: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, asking = Room(IDS), Asking(bottega, answering(None), size=1, batch=25)
    assert await drain(asking, room, monkeypatch) == len(IDS)
    assert answered(room) == sorted(IDS)
    assert asking.peak == bottega.live_concurrency


async def test_what_is_still_open_is_asked_for_next(bottega: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(inquiry: Inquiry) -> Outcome:
        if len(inquiry.products) == 1:
            return answering(None)(inquiry)
        return Outcome(open=[asking._inquiry([key]) for key in inquiry.product_ids])

    room, asking = Room(IDS[:5]), Asking(bottega, lambda inquiry: work(inquiry), size=25, batch=25)
    assert await drain(asking, room, monkeypatch) == 5
    assert [len(ids) for ids in asking.asked] == [5, 1, 1, 1, 1, 1]
    assert answered(room) == sorted(IDS[:5])


@pytest.mark.parametrize("size", [1, 5])
async def test_a_hanging_shop_is_left_and_everybody_told(
    size: int, bottega: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(IDS)
    asking = Asking(bottega, answering(Reason.SHOP_SILENT), size=size, batch=25)
    assert await drain(asking, room, monkeypatch) == len(IDS)
    assert answered(room) == sorted(IDS)
    assert {answer.reason for answer in room.answers} == {Reason.SHOP_SILENT, Reason.SHOP_DOWN}
    assert BREAK_AFTER <= len(asking.asked) <= 2 * bottega.live_concurrency


async def test_one_silent_answer_for_many_is_one_sign_of_a_hanging_shop(
    bottega: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(inquiry: Inquiry) -> Outcome:
        return answering(Reason.SHOP_SILENT if len(asking.asked) == 1 else None)(inquiry)

    room, asking = Room(IDS), Asking(bottega, lambda inquiry: work(inquiry), size=25, batch=25)
    await drain(asking, room, monkeypatch)
    assert len(asking.asked) == 3, "the others were asked for all the same"


async def test_what_was_taken_and_not_asked_for_in_time_is_left(bottega: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)

    def work(inquiry: Inquiry) -> Outcome:
        clock.now = 100.0
        return answering(None)(inquiry)

    room, asking = Room(IDS), Asking(bottega, work, size=1, batch=25)
    monkeypatch.setattr(workers.live, "time", SimpleNamespace(monotonic=lambda: clock.now))
    assert await drain(asking, room, monkeypatch, until=15.0) == bottega.live_concurrency
    assert answered(room) == sorted(IDS[: bottega.live_concurrency])
    assert room.taken == [25], "the rest is in the room's hands, which puts it back"


async def answers(room: Room, count: int) -> None:
    while len(room.answers) < count:  # noqa: ASYNC110 - the room is not one that says when
        await asyncio.sleep(0)


async def test_a_drain_without_work_does_nothing_until_it_is_woken(
    bottega: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, asking, leaving = Room(IDS[:1]), Asking(bottega, answering(None)), asyncio.Event()
    at_work = asyncio.create_task(drain(asking, room, monkeypatch, leaving=leaving))
    async with asyncio.timeout(5):
        await answers(room, 1)
        for _ in range(100):
            await asyncio.sleep(0)
        assert room.taken == [1], "it looks when it is told to"
        room.put(IDS[1:4])
        await answers(room, 4)
        assert room.taken == [1, 3]
        leaving.set()
        room.news.set()
        assert await at_work == 4


async def test_nothing_waits_until_somebody_wakes_the_drain_when_a_place_comes_free(
    bottega: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, asking = Room(IDS), Asking(bottega, answering(None))
    assert await drain(asking, room, monkeypatch) == len(IDS)
    assert all(room.taken), "nor is it looked for what is not there"


async def test_a_drain_that_has_lost_its_shop_begins_nothing_more_though_every_place_is_taken(
    bottega: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, answered_at_last = Room(IDS), asyncio.Event()
    asking = Asking(bottega, answering(None), size=1, batch=25)

    async def hanging(inquiry: Inquiry, *, probing: bool) -> Outcome:
        asking.asked.append(inquiry.product_ids)
        await answered_at_last.wait()
        return answering(None)(inquiry)

    monkeypatch.setattr(asking, "ask", hanging)
    at_work = asyncio.create_task(drain(asking, room, monkeypatch))
    async with asyncio.timeout(5):
        while len(asking.asked) < bottega.live_concurrency:  # noqa: ASYNC110 - the shop is not one that says when
            await asyncio.sleep(0)
        room.lost = True
        room.news.set()
        while not room.abandoned:  # noqa: ASYNC110
            await asyncio.sleep(0)
        answered_at_last.set()
        with pytest.raises(DrainLost):
            await at_work
    assert len(asking.asked) == bottega.live_concurrency, "the others are for who has the shop now"
