"""When primaries are asked, and what is told of products whose shard hangs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect

from api import pages, primaries
from api.pages import PageLoader
from api.primaries import Primaries
from listino.domain.errors import EngineUnavailable
from listino.domain.product import ProductId
from listino.store.aio import AsyncProducts


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primaries, "PRIMARY_SECONDS", 0.02)
    monkeypatch.setattr(primaries, "DISTRUST_SECONDS", 60)
    monkeypatch.setattr(pages, "TOGETHER_SECONDS", 0.04)


class Shards:
    """Stands for the store: products in `hung` are never answered, and primaries only while they are not `away`."""

    def __init__(self, *, hung: Sequence[ProductId] = (), away: Exception | None = None) -> None:
        self.hung, self.away = frozenset(hung), away
        self.asked: list[bool] = []

    async def among(self, product_ids: Sequence[ProductId], *, behind: bool) -> Mapping[ProductId, Any]:
        self.asked.append(behind)
        if not behind and self.away is not None:
            raise self.away
        if self.hung & set(product_ids):
            await asyncio.Event().wait()
        return {one: {"_id": one, "name": "Moka"} for one in product_ids if one != 404}

    async def stall(self, behind: bool) -> str:
        self.asked.append(behind)
        if not behind:
            await asyncio.Event().wait()
        return "behind"

    async def answer(self, behind: bool) -> str:
        self.asked.append(behind)
        return "behind" if behind else "last word"


async def test_one_slow_read_leaves_the_others_to_the_primaries() -> None:
    trusted, shards = Primaries(), Shards()
    at_once = await asyncio.gather(*(trusted.read(shards.stall) for _ in range(4)))
    assert at_once == [("behind", False)] * 4
    assert await trusted.read(shards.answer) == ("last word", True)
    assert await trusted.read(shards.stall) == ("behind", False)
    assert await trusted.read(shards.answer) == ("last word", True)


async def test_two_slow_reads_in_a_row_are_a_primary_that_is_away() -> None:
    trusted, shards = Primaries(), Shards()
    await trusted.read(shards.stall)
    await trusted.read(shards.stall)
    assert await trusted.read(shards.answer) == ("behind", False)


async def test_a_primary_that_is_said_to_be_away_is_not_asked_again_soon() -> None:
    shards = Shards(away=AutoReconnect("no primary"))
    loader = PageLoader(cast("AsyncProducts", shards), Primaries())
    for _ in range(2):
        assert not (await loader.load([1])).settled
    assert shards.asked == [False, True, True]


async def test_a_shard_that_hangs_takes_only_its_own_products_along() -> None:
    loader = PageLoader(cast("AsyncProducts", Shards(hung=[1, 3])), Primaries())
    loaded = await loader.load([1, 2, 3, 4, 404])
    assert (sorted(loaded.pages), sorted(loaded.silent), loaded.settled) == ([2, 4], [1, 3], False)


async def test_where_nobody_answers_the_store_is_away() -> None:
    loader = PageLoader(cast("AsyncProducts", Shards(hung=[1, 3])), Primaries())
    with pytest.raises(EngineUnavailable):
        await loader.load([1, 3])
