"""Waits that viewers share end for all of them, whatever ends the wait."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from api import quotes
from api.quotes import Quotes
from listino.domain.errors import EngineUnavailable
from listino.live.answer import LiveAnswer, Reason


class Shop:
    """Stands for live prices: it answers once it is open, that the product is gone."""

    def __init__(self) -> None:
        self.asked = False
        self.open = asyncio.Event()

    async def get(self, product_id: Any, *, wait_ms: int) -> LiveAnswer:
        self.asked = True
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


def viewed(shop: Shop, seen: list[int]) -> Quotes:
    metrics: Any = SimpleNamespace(live_answer=lambda answer, seconds, viewers: seen.append(viewers))
    histories: Any = SimpleNamespace(begin=lambda _: None, told=known)
    return Quotes(None, shop, histories, metrics)  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", [False, True])
async def test_who_still_waits_when_the_process_ends_is_told(shop: Shop, asked: bool) -> None:
    made = viewed(shop, [])
    viewers = [asyncio.create_task(made.answer(1, 900)) for _ in range(3)]
    await until(lambda: shop.asked if asked else bool(made._waits))
    await made.close()
    async with asyncio.timeout(5):
        told = await asyncio.gather(*viewers, return_exceptions=True)
    assert [type(one) for one in told] == [EngineUnavailable] * 3


async def test_who_has_left_is_not_counted(shop: Shop) -> None:
    seen: list[int] = []
    made = viewed(shop, seen)
    viewers = [asyncio.create_task(made.answer(1, 900)) for _ in range(3)]
    await until(lambda: any(len(wait.viewers) == 3 for wait in made._waits.values()))
    viewers[0].cancel()
    await until(viewers[0].done)
    shop.open.set()
    await asyncio.gather(*viewers, return_exceptions=True)
    assert seen == [2]
