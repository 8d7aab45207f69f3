"""Histories that several viewers will want are read together."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest

from api import histories
from api.histories import Histories
from listino.domain.errors import EngineUnavailable
from listino.domain.product import ProductId


class Shelf:
    """A store whose histories are empty, and which tells who was asked for at a time."""

    def __init__(self) -> None:
        self.finds: list[list[ProductId]] = []
        self.away = False

    async def histories(self, product_ids: Collection[ProductId]) -> dict[ProductId, list[Any]]:
        self.finds.append(sorted(product_ids, key=str))
        if self.away:
            raise EngineUnavailable("MongoDB is away")
        return {}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def read(shelf: Shelf) -> Histories:
    return Histories(shelf)  # type: ignore[arg-type]


def later() -> float:
    return asyncio.get_running_loop().time() + 5


async def test_who_needs_one_has_all_read_that_were_gathered(
    shelf: Shelf, read: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "GATHER_SECONDS", 60)
    begun = {number: read.begin(number) for number in (1, 2, 3)}
    await asyncio.sleep(0)
    assert shelf.finds == []
    assert await read.told(2, begun[2], later()) == []
    assert [await read.told(number, one, later()) for number, one in begun.items()] == [[], [], []]
    assert shelf.finds == [[1, 2, 3]]


async def test_what_nobody_needs_yet_is_read_all_the_same(
    shelf: Shelf, read: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "GATHER_SECONDS", 0)
    begun = read.begin(1)
    async with asyncio.timeout(5):
        assert await begun == []
    assert shelf.finds == [[1]]


async def test_viewers_of_one_product_share_a_reading(shelf: Shelf, read: Histories) -> None:
    first, second = read.begin(1), read.begin(1)
    assert first is second
    assert await read.told(1, first, later()) == []
    assert shelf.finds == [[1]]


async def test_a_reading_that_failed_is_told_as_none_and_begun_anew(shelf: Shelf, read: Histories) -> None:
    shelf.away = True
    begun = read.begin(1)
    assert await read.told(1, begun, later()) is None
    shelf.away = False
    assert await read.told(1, read.begin(1), later()) == []
    assert shelf.finds == [[1], [1]]


async def test_one_that_is_not_there_when_the_time_is_up_is_left_out_at_once(
    read: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "GATHER_SECONDS", 60)
    told = asyncio.create_task(read.told(1, asyncio.get_running_loop().create_future(), later() - 5))
    for _turn in range(10):
        await asyncio.sleep(0)
    assert told.done()
    assert told.result() is None
