"""Where pages begin, for lists that a fake store reads."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from listino.domain.errors import ListBeingPrepared
from listino.domain.product import ProductId
from listino.store import marks
from listino.store.marks import Marks
from listino.store.query import ProductQuery

QUERY = ProductQuery()


class Shelf:
    """A list of the numbers 1 to `size`; `asked` counts the reads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, query: ProductQuery, count: int) -> Sequence[ProductId]:
        self.asked += 1
        await self.open.wait()
        after = query.after or 0
        assert isinstance(after, int)
        return list(range(after + 1, min(after + count, self.size) + 1))


@pytest.fixture
async def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(marks, "STRIDE", 10)
    monkeypatch.setattr(marks, "BATCH", 35)
    return Shelf(1000)


@pytest.fixture
async def found(shelf: Shelf) -> AsyncIterator[Marks]:
    made = Marks(shelf.read)
    yield made
    made.close()


async def begins(found: Marks, skip: int) -> int | None:
    """The number at which the page begins, None beyond the end; what is left to skip must be short."""
    place = await found.seek(QUERY, skip)
    if place is None:
        return None
    assert 0 <= place.skip < 2 * marks.STRIDE
    assert isinstance(place.query.after, int | None)
    return (place.query.after or 0) + place.skip + 1


@pytest.mark.parametrize("skip", [0, 9, 10, 11, 34, 35, 36, 69, 70, 500, 989, 990, 995, 999])
async def test_a_page_begins_where_its_number_says(found: Marks, skip: int) -> None:
    assert await begins(found, skip) == skip + 1


async def test_beyond_the_end_is_nothing_and_what_has_come_since_is_found(found: Marks, shelf: Shelf) -> None:
    assert await begins(found, 5000) is None
    shelf.size = 1005
    assert await begins(found, 1004) == 1005


async def test_only_as_much_is_read_as_was_asked_for_and_once(found: Marks, shelf: Shelf) -> None:
    await begins(found, 60)
    assert shelf.asked == 2
    await asyncio.gather(*(begins(found, skip) for skip in (40, 60, 130, 139)))
    assert shelf.asked == 4


async def test_who_asks_too_far_in_is_told_to_come_again_and_the_look_goes_on(
    found: Marks, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "PATIENCE_SECONDS", 0.02)
    shelf.open.clear()
    with pytest.raises(ListBeingPrepared, match="ask again"):
        await begins(found, 500)
    monkeypatch.setattr(marks, "PATIENCE_SECONDS", 5.0)
    shelf.open.set()
    assert await begins(found, 500) == 501
    assert shelf.asked == 15


async def test_old_marks_serve_while_new_ones_are_made(
    found: Marks, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(marks, "RESTS", 0)
    assert await begins(found, 5000) is None
    shelf.size = 2000
    assert await begins(found, 1900) is None
    await asyncio.gather(*found._tasks)
    assert await begins(found, 1900) == 1901


async def test_what_goes_wrong_in_the_background_is_told_to_who_waits(shelf: Shelf) -> None:
    async def read(query: ProductQuery, count: int) -> Sequence[ProductId]:
        if shelf.size:
            raise ConnectionError("away")
        return []

    found = Marks(read)
    with pytest.raises(ConnectionError):
        await begins(found, 500)
    shelf.size = 0
    assert await begins(found, 500) is None


async def test_a_list_of_many_has_longer_strides(found: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_MARKS", 60)
    for skip in (999, 3, 17, 600, 601, 990):
        assert await begins(found, skip) == skip + 1
    (kept,) = found._lists.values()
    assert (kept.stride, len(kept.marks)) == (20, 50)


async def test_the_lists_that_nobody_asked_for_lately_are_forgotten(
    shelf: Shelf, found: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_LISTS", 2)
    for brand in ("a", "b", "a", "c"):
        await found.seek(ProductQuery(brand=brand), 10)
    assert [query.brand for query in found._lists] == ["a", "c"]


async def test_marks_stay_while_the_list_is_known_not_to_have_changed(
    found: Marks, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "CHANGED_SECONDS", -1.0)
    monkeypatch.setattr(marks, "RESTS", 0)
    changed = time.monotonic()
    place = await found.seek(QUERY, 600, changed)
    assert place is not None
    assert place.exact
    looks = shelf.asked
    await found.seek(QUERY, 600, changed)
    assert not found._tasks
    assert shelf.asked == looks

    place = await found.seek(QUERY, 600, time.monotonic())  # it has changed again

    assert place is not None
    assert not place.exact
    await asyncio.gather(*found._tasks)
    assert shelf.asked > looks
