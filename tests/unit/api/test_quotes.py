"""Waits that viewers share end for all of them, whatever ends the wait; and none lasts longer than its callers said."""

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from api import quotes
from api.problems import ProductGone
from api.quotes import MARGIN_SECONDS, PRODUCT_SECONDS, Quotes
from listino.domain.errors import EngineUnavailable
from listino.live.answer import LiveAnswer, Reason

FEW_TURNS = 12  # of the loop: four are for what has come already, some for the tasks that hand it on


class Shop:
    """Stands for live prices: it answers once it is open, that the product is gone."""

    def __init__(self) -> None:
        self.asked: list[int] = []  # and how long it may take, in ms
        self.open = asyncio.Event()

    async def get(self, product_id: Any, *, wait_ms: int, look_seconds: float) -> LiveAnswer:
        self.asked.append(wait_ms)
        await self.open.wait()
        return SimpleNamespace(reason=Reason.GONE)  # type: ignore[return-value]  # nothing else is looked at


async def known(*_: object) -> None:
    return None


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a task makes it true, and tells nobody
            await asyncio.sleep(0)


@pytest.fixture
async def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(quotes, "price_known", known)
    monkeypatch.setattr(quotes, "MOMENT_SECONDS", 60)
    return Shop()


def viewed(shop: Shop, seen: list[int], *, late: float = 0.0, pages: Any = None) -> Quotes:
    metrics: Any = SimpleNamespace(live_answer=lambda answer, seconds, viewers: seen.append(viewers))
    histories: Any = SimpleNamespace(begin=lambda _: None, told=known)
    return Quotes(pages, shop, histories, metrics, SimpleNamespace(seconds=late))  # type: ignore[arg-type]


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("asked", [False, True])
async def test_who_still_waits_when_the_process_ends_is_told(shop: Shop, asked: bool) -> None:
    made = viewed(shop, [])
    viewers = [asyncio.create_task(made.answer(1, 900, now())) for _ in range(3)]
    await until(lambda: bool(shop.asked) if asked else bool(made._waits))
    await made.close()
    async with asyncio.timeout(5):
        told = await asyncio.gather(*viewers, return_exceptions=True)
    assert [type(one) for one in told] == [EngineUnavailable] * 3


async def test_who_has_left_is_not_counted(shop: Shop) -> None:
    seen: list[int] = []
    made = viewed(shop, seen)
    viewers = [asyncio.create_task(made.answer(1, 900, now())) for _ in range(3)]
    await until(lambda: any(len(wait.viewers) == 3 for waits in made._waits.values() for wait in waits))
    viewers[0].cancel()
    await until(viewers[0].done)
    shop.open.set()
    await asyncio.gather(*viewers, return_exceptions=True)
    assert seen == [2]


@pytest.mark.parametrize(("ago", "late", "most"), [(0.0, 0.0, 900), (0.3, 0.0, 600), (0.0, 0.1, 800), (0.3, 0.1, 500)])
async def test_the_time_before_a_request_is_read_and_after_its_time_is_up_is_taken_off(
    shop: Shop, ago: float, late: float, most: int
) -> None:
    shop.open.set()
    with pytest.raises(ProductGone):
        await viewed(shop, [], late=late).answer(1, 900, now() - ago)
    assert len(shop.asked) == 1
    assert most - 100 < shop.asked[0] <= most


@pytest.mark.parametrize(("fresh", "most"), [(True, 0.3), (False, 0.9 + MARGIN_SECONDS)])
async def test_a_price_waits_for_its_past_no_longer_than_it_is_fresh(
    monkeypatch: pytest.MonkeyPatch, fresh: bool, most: float
) -> None:
    seconds: list[float] = []

    async def answered(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(reason=None, fresh=fresh)

    async def told(product_id: Any, begun: Any, until: float) -> None:
        seconds.append(until - now())

    live: Any = SimpleNamespace(get=answered, fresh_seconds=lambda _: 0.3)
    made = viewed(live, [])
    made._histories = SimpleNamespace(begin=lambda _: None, told=told)  # type: ignore[assignment]
    monkeypatch.setattr(quotes, "price_known", known)
    monkeypatch.setattr(quotes, "make_quote", lambda *_: SimpleNamespace(fields=dict))
    assert (await made.answer(1, 900, now())).status_code == 200
    assert len(seconds) == 1
    assert most - 0.1 < seconds[0] <= most


async def test_a_page_that_took_its_time_leaves_the_margin_for_what_follows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[float] = []

    async def late(*_: Any) -> None:
        time.sleep(2 * MARGIN_SECONDS)  # noqa: ASYNC251 - it is past the caller's time

    async def answered(*_: Any, look_seconds: float, **__: Any) -> Any:
        looks.append(look_seconds)
        return SimpleNamespace(reason=Reason.GONE)

    monkeypatch.setattr(quotes, "price_known", late)
    live: Any = SimpleNamespace(get=answered)
    with pytest.raises(ProductGone):
        await viewed(live, []).answer(1, 0, now())
    assert looks == [pytest.approx(MARGIN_SECONDS)]


async def test_those_of_two_moments_share_a_wait_each_in_whatever_order_they_come(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotes, "MOMENT_SECONDS", 0.02)
    made, at = viewed(shop, []), now()
    viewers = [asyncio.create_task(made.answer(1, 900, at - 0.1 * (number % 2))) for number in range(20)]
    await until(lambda: len(shop.asked) == 2)
    shop.open.set()
    await asyncio.gather(*viewers, return_exceptions=True)
    assert len(shop.asked) == 2
    assert not made._waits


async def test_all_who_wait_are_told_of_the_end_whenever_they_came(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "MOMENT_SECONDS", 0.02)
    made, at = viewed(shop, []), now()
    viewers = [asyncio.create_task(made.answer(1, 900, at - before)) for before in (0.1, 0.0)]
    await asyncio.sleep(0)  # they have come, and their waits have not begun
    await made.close()
    async with asyncio.timeout(5):
        told = await asyncio.gather(*viewers, return_exceptions=True)
    assert [type(one) for one in told] == [EngineUnavailable] * 2


async def test_who_came_well_before_does_not_wait_with_those_who_came_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotes, "MOMENT_SECONDS", 0.02)
    made, at = viewed(shop, []), now()
    viewers = [asyncio.create_task(made.answer(1, 900, at + later)) for later in (0, 0.015, -0.005, -0.3, -0.29)]
    await until(lambda: len(shop.asked) == 2)
    await made.close()
    await asyncio.gather(*viewers, return_exceptions=True)
    assert len(shop.asked) == 2


@pytest.mark.parametrize("wait_ms", [0, 100])
async def test_a_loop_that_was_held_up_waits_for_no_page_when_the_time_is_up(wait_ms: int) -> None:
    """Elsewhere the store is given as much more as the loop was late; here the caller would pay for it."""
    asked: list[Any] = []

    def never(product_id: Any) -> asyncio.Future[Any]:
        asked.append(product_id)
        return asyncio.get_running_loop().create_future()

    made = viewed(Shop(), [], pages=SimpleNamespace(at_hand=lambda _: None, get=never))
    viewer = asyncio.create_task(made.answer(1, wait_ms, now()))
    await until(lambda: bool(asked))
    time.sleep(2 * PRODUCT_SECONDS)  # noqa: ASYNC251 - it is the loop that is to be held up
    for _turn in range(FEW_TURNS):
        await asyncio.sleep(0)
    assert viewer.done()
    assert isinstance(viewer.exception(), EngineUnavailable)


@pytest.mark.parametrize(
    ("ago", "wait_ms", "most"), [(0.1, 900, 0.8), (0.0, 0, PRODUCT_SECONDS), (0.8, 900, PRODUCT_SECONDS)]
)
async def test_the_page_may_take_the_time_itself_or_what_a_page_takes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, ago: float, wait_ms: int, most: float
) -> None:
    seconds: list[float] = []

    async def told(pages: Any, product_id: Any, until: float) -> None:
        seconds.append(until - now())

    monkeypatch.setattr(quotes, "price_known", told)
    shop.open.set()
    with pytest.raises(ProductGone):
        await viewed(shop, []).answer(1, wait_ms, now() - ago)
    assert len(seconds) == 1
    assert most - 0.1 < seconds[0] <= most
