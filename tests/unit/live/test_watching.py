"""Watching prices, with a store that the test plays: who is told what, and how often the store is asked."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import listino.live.watching
from listino.domain.clock import utc_now
from listino.domain.errors import EngineUnavailable, ProductNotFound
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import ProductId
from listino.live.answer import LiveAnswer, Reason
from listino.live.quote import Quote
from listino.live.watching import Sight, Watching

ID = "it:bottega:1"
LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC)
STORED = Quote(
    product_id=ID,
    price=Money(3090),
    availability=Availability.IN_STOCK,
    as_of=LONG_AGO,
    reason=Reason.DEADLINE,
    previous=None,
    lowest_30d=None,
)


class Shelf:
    """The store: what it says, and how often it was asked. It answers when `open` is set."""

    def __init__(self) -> None:
        self.says: Quote | Exception | None = STORED
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def look(self, _: ProductId, answer: LiveAnswer | None) -> Quote | None:
        self.asked += 1
        says = self.says
        await self.open.wait()
        if isinstance(says, Exception):
            raise says
        if says is not None and answer is not None and answer.fresh:
            return replace(says, price=answer.price, as_of=answer.as_of, reason=None)
        return says


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def watching(shelf: Shelf) -> Watching:
    return Watching(shelf.look, fresh_ms=1000, ask_seconds=30)


def fresh(minor: int) -> LiveAnswer:
    return LiveAnswer(product_id=ID, as_of=utc_now(), price=Money(minor), availability=Availability.IN_STOCK)


async def settled(done: Callable[[], object]) -> None:
    async with asyncio.timeout(2):
        while not done():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0)


async def test_the_store_is_asked_once_for_all_who_come_together(shelf: Shelf, watching: Watching) -> None:
    watches = await asyncio.gather(*(watching.watch(ID) for _ in range(50)))
    assert shelf.asked == 1
    assert {watch.news() and watch.seen for watch in watches} == {"30.90:EUR:InStock:deadline"}
    assert [watch.news() for watch in watches] == [None] * 50


async def test_who_is_slow_is_told_the_latest_alone(shelf: Shelf, watching: Watching) -> None:
    slow = await watching.watch(ID)
    for minor in range(4000, 4100):
        watching.answered(fresh(minor))
        await settled(lambda: slow.has_news() and slow._watched.quote.price == Money(minor))  # noqa: B023

    sight = slow.news()
    assert sight is not None
    assert sight.mark == "40.99:EUR:InStock:fresh"
    assert slow.news() is None


async def test_what_is_written_while_the_store_is_asked_has_it_asked_once_more(
    shelf: Shelf, watching: Watching
) -> None:
    watch = await watching.watch(ID)
    watch.news()
    shelf.open.clear()
    watching.written(ID.encode())
    await settled(lambda: shelf.asked == 2)
    shelf.says = replace(STORED, price=Money(5000))
    for _ in range(10):
        watching.written(f"it:bottega:2\n{ID}".encode())
    shelf.open.set()
    await settled(watch.has_news)

    assert watch.news() is not None
    assert (watch.seen, shelf.asked) == ("50.00:EUR:InStock:deadline", 3)


async def test_an_answer_that_changes_nothing_costs_the_store_nothing(shelf: Shelf, watching: Watching) -> None:
    watch = await watching.watch(ID)
    watch.news()
    watching.answered(fresh(3090))
    assert (watch.news() is not None, watch.seen) == (True, "30.90:EUR:InStock:fresh")
    watching.answered(fresh(3090))
    watching.answered(LiveAnswer(product_id=ID, as_of=utc_now(), reason=Reason.DEADLINE))

    assert watch.news() is None
    assert shelf.asked == 1


async def test_a_store_that_is_away_is_an_error_at_first_and_asked_again_later(
    shelf: Shelf, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listino.live.watching, "AGAIN_SECONDS", 0)
    shelf.says = EngineUnavailable("away")
    with pytest.raises(EngineUnavailable):
        await watching.watch(ID)
    shelf.says = STORED
    watch = await watching.watch(ID)
    watch.news()

    shelf.says = EngineUnavailable("away again")
    watching.written(ID.encode())
    await settled(lambda: shelf.asked > 4)
    assert watch.news() is None
    shelf.says = replace(STORED, price=Money(5000))
    await settled(watch.has_news)


@pytest.mark.parametrize("gone", [None, ProductNotFound("hidden now")])
async def test_what_is_gone_is_told(shelf: Shelf, watching: Watching, gone: Exception | None) -> None:
    watch = await watching.watch(ID)
    shelf.says = gone
    watching.written(b"*")
    await settled(lambda: watch.is_gone)

    sight = watch.news()
    assert sight is not None
    assert sight.event == b'event: gone\nid: gone\ndata: {"product_id":"it:bottega:1"}\n\n'


async def test_nothing_is_remembered_of_what_nobody_watches(shelf: Shelf, watching: Watching) -> None:
    one, other = await watching.watch(ID), await watching.watch(ID)
    watching.leave(one)
    watching.written(ID.encode())
    await settled(lambda: shelf.asked == 2)
    watching.leave(other)
    watching.written(ID.encode())
    watching.answered(fresh(4000))
    await asyncio.sleep(0)

    assert (shelf.asked, watching._products) == (2, {})


async def test_a_shop_that_fails_is_asked_again_ever_later(watching: Watching) -> None:
    now = asyncio.get_running_loop().time()
    await watching.watch(ID)
    assert list(watching.to_ask(now + 29, 9)) == []
    assert list(watching.to_ask(now + 37, 9)) == [ID]
    for _ in range(9):
        watching.answered(LiveAnswer(product_id=ID, as_of=utc_now(), reason=Reason.SHOP_BUSY))
    assert list(watching.to_ask(now + 30 * 31, 9)) == []
    watching.answered(fresh(3090))
    assert list(watching.to_ask(now + 37, 9)) == [ID]


@pytest.mark.parametrize(
    ("seen", "reason", "news"),
    [
        (None, Reason.DEADLINE, True),
        ("30.90:EUR:InStock:fresh", None, False),
        ("30.90:EUR:InStock:fresh", Reason.DEADLINE, False),
        ("30.90:EUR:InStock:fresh", Reason.SHOP_SILENT, True),
        ("30.90:EUR:InStock:deadline", None, True),
        ("30.90:EUR:InStock:no_queue", Reason.DEADLINE, True),
        ("31.90:EUR:InStock:fresh", Reason.DEADLINE, True),
        ("30.90:EUR:OutOfStock:fresh", Reason.DEADLINE, True),
        ("anything", Reason.DEADLINE, True),
    ],
)
def test_what_was_seen_is_not_told_again(seen: str | None, reason: Reason | None, news: bool) -> None:
    assert Sight(ID, replace(STORED, reason=reason)).is_news(seen) is news
