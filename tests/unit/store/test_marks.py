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
        self.without = 0  # numbers that are not there any more
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.busy = asyncio.Event()  # when as many read as may

    async def read(self, query: ProductQuery, count: int) -> Sequence[ProductId]:
        self.asked += 1
        if self.asked == marks.READING_AT_ONCE:
            self.busy.set()
        await self.open.wait()
        after = query.after or self.without
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


async def test_however_much_has_come_since_the_end_was_seen_is_looked_up(
    found: Marks, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await begins(found, 5000) is None
    shelf.size, before = 1300, shelf.asked
    assert await begins(found, 1250) is None
    monkeypatch.setattr(marks, "END_SECONDS", -1.0)
    assert await begins(found, 1250) == 1251
    assert shelf.asked - before < 10, "only what is new is read"
    assert await begins(found, 5000) is None
    assert [await begins(found, skip) for skip in (999, 1000, 1003, 1299)] == [1000, 1001, 1004, 1300]


async def test_one_request_reads_so_far_and_no_further(
    found: Marks, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "REACH", 350)
    for reads in (10, 20):
        with pytest.raises(ListBeingPrepared, match="ask again"):
            await begins(found, 999_999_999)
        assert shelf.asked == reads
    assert await begins(found, 999_999_999) is None


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
    shelf.without = 100
    assert await begins(found, 500) == 501
    await asyncio.gather(*found._tasks)
    assert await begins(found, 500) == 601


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
    monkeypatch.setattr(marks, "MOST_MARKS_OF_ONE", 60)
    for skip in (999, 3, 17, 600, 601, 990):
        assert await begins(found, skip) == skip + 1
    (kept,) = found._lists.values()
    assert (kept.known.stride, len(kept.known.marks)) == (20, 50)


def named(found: Marks) -> list[str | None]:
    return [query.brand for query in found._lists]


async def test_the_lists_that_cost_most_stay(found: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_LISTS", 2)
    for brand, skip in (("a", 900), ("b", 60), ("c", 30), ("d", 200), ("e", 60)):
        await found.seek(ProductQuery(brand=brand), skip)
    assert named(found) == ["a", "d"]


async def test_an_expensive_list_that_nobody_asks_for_any_more_is_forgotten_at_last(
    found: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_LISTS", 2)
    await found.seek(ProductQuery(brand="a"), 300)
    for number in range(10):
        await found.seek(ProductQuery(brand=f"b{number}"), 100)
    assert "a" not in named(found)


async def test_of_lists_without_a_mark_nothing_is_kept(found: Marks, shelf: Shelf) -> None:
    shelf.size = 9
    for number in range(100):
        assert await found.seek(ProductQuery(category=f"invented {number}"), 5000) is None
    assert not found._lists


async def test_all_marks_together_are_bounded(found: Marks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_MARKS", 100)
    for brand, skip in (("a", 300), ("b", 600), ("c", 900)):
        await found.seek(ProductQuery(brand=brand), skip)
    assert named(found) == ["c"]


async def test_a_list_that_is_forgotten_is_looked_through_no_further(
    found: Marks, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_LISTS", 1)
    await found.seek(ProductQuery(brand="kept"), 100)
    monkeypatch.setattr(marks, "PATIENCE_SECONDS", 0.02)
    shelf.open.clear()
    for brand in ("a", "a", "b"):
        with pytest.raises(ListBeingPrepared):
            await found.seek(ProductQuery(brand=brand), 500)
    looks = list(found._tasks)
    await asyncio.wait(looks, timeout=5)
    assert (named(found), shelf.open.is_set()) == (["kept"], False)
    assert all(look.cancelled() for look in looks)


async def test_what_somebody_waits_for_is_not_forgotten(
    found: Marks, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_LISTS", 1)
    shelf.open.clear()
    waiting = [asyncio.create_task(found.seek(ProductQuery(brand=name), 500)) for name in "aabbcc"]
    await asyncio.wait_for(shelf.busy.wait(), 5)
    shelf.open.set()
    for place in await asyncio.gather(*waiting):
        assert place is not None
    assert (shelf.asked, len(found._lists)) == (3 * 15, 1)


async def test_so_many_looks_are_begun_and_no_more(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_LOOKS", 2)
    found = Marks(shelf.read)
    shelf.open.clear()
    waiting = [asyncio.create_task(found.seek(ProductQuery(brand=name), 500)) for name in "abcdef"]
    await asyncio.wait_for(shelf.busy.wait(), 5)
    assert len(found._tasks) == 2
    shelf.open.set()
    assert None not in await asyncio.gather(*waiting)


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
