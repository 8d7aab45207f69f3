"""How often pages were viewed, exactly for the most viewed ones, of tiles that each tell their own most viewed ones alone.

A page that a tile does not tell was viewed there `bound` times at most. Which pages can be among the most viewed ones is
known from that, as a rule; what is missing of their figures is asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import count as counting
from typing import Any

import numpy as np
from numpy.typing import NDArray

from listino.domain.behaviour import Figures, PageFigures, most_viewed
from listino.store.documents import Document
from listino.store.sums import NUMBERS
from listino.store.visits import Range

Asked = Callable[[Sequence[tuple[Range, Sequence[str]]]], Iterable[Mapping[str, Any]]]

_VIEWS = np.dtype("<i8")  # little-endian, whatever machine reads them

_Places = NDArray[np.intp]
_Numbers = NDArray[np.int64]  # a row of NUMBERS for each of some places


def packed_views(pages: Sequence[Mapping[str, int]]) -> bytes:
    """The numbers of pages as a tile keeps them beside their names."""
    return _numbers(pages).astype(_VIEWS).tobytes()


class _Told:
    """What a tile tells: of the pages at `places`, and of no other; `less`, what of it is not to count."""

    def __init__(self, tile: Document, places: _Places) -> None:
        self.range: Range = (tile["start"], tile["until"])
        self._names = tile["pages"]
        self.bound: int = tile["bound"]
        self.places = places
        self.numbers: _Numbers = np.frombuffer(tile["views"], _VIEWS).reshape(-1, len(NUMBERS))
        self.less: list[tuple[_Places, _Numbers]] = []

    @cached_property
    def _place_of(self) -> dict[str, int]:
        return dict(zip(self._names, self.places.tolist(), strict=True))

    def take_away(self, pages: Sequence[Mapping[str, Any]]) -> None:
        """Leaves those of them out that are told."""
        there = [page for page in pages if page["page"] in self._place_of]
        if there:
            places = np.array([self._place_of[page["page"]] for page in there], np.intp)
            self.less.append((places, -_numbers(there)))

    def tells(self, places: _Places) -> NDArray[np.bool_]:
        """Of which of those places it tells."""
        told = np.zeros(1 + max(self.places.max(initial=0), places.max(initial=0)), np.bool_)
        told[self.places] = True
        return told[places]


class PageViews:
    """Figures of pages. Each page has a place from when it is first heard of; there may be some ten thousands of them."""

    def __init__(self) -> None:
        self._places: defaultdict[str, int] = defaultdict(counting().__next__)
        self._added: list[tuple[_Places, _Numbers]] = []
        self._told: list[_Told] = []

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Adds rows with `page`, `count`, `timed` and `ms`."""
        some = list(rows)
        self._added.append((self._placed([row["page"] for row in some]), _numbers(some)))

    def add_tiles(self, tiles: Iterable[Document]) -> None:
        """Adds what tiles tell."""
        self._told += [_Told(tile, self._placed(tile["pages"])) for tile in tiles]

    def take_away(self, first: datetime, pages: Sequence[Mapping[str, Any]]) -> None:
        """Takes away what a tile has counted of a visit that began then."""
        for told in self._told:
            if told.range[0] <= first < told.range[1]:
                told.take_away(pages)

    def complete(self, count: int, asked: Asked) -> bool:
        """Asks for what is missing of the pages that can be among the `count` most viewed ones; False where that could be any
        page. `asked` gives rows of some pages in the range of each tile, without the visits apart: all in one question."""
        partial = [told for told in self._told if told.bound]
        if not partial:
            return True
        views = self._together()[:, 0]
        unseen = sum(told.bound for told in partial)
        if len(views) < count:
            return False
        least = np.partition(views, -count)[-count]
        if unseen >= least:
            return False
        missing = np.full(len(views), unseen)
        for told in partial:
            missing[told.places] -= told.bound
        near = np.flatnonzero(views + missing >= least)
        pages = list(self._places)
        untold = [(told.range, [pages[place] for place in near[~told.tells(near)]]) for told in partial]
        if wanted := [(range_, some) for range_, some in untold if some]:
            self.add(asked(wanted))
        return True

    def take_away_tiles(self) -> None:
        """Leaves what was added otherwise."""
        self._told = []

    def most(self, count: int) -> Sequence[PageFigures]:
        """The most viewed ones, most first."""
        together = self._together()
        views = together[:, 0]
        least = max(1, np.partition(views, -count)[-count]) if len(views) > count else 1
        pages = list(self._places)
        near = np.flatnonzero(views >= least)
        return most_viewed({pages[place]: Figures(*together[place].tolist()) for place in near}, count)

    def _placed(self, pages: Sequence[str]) -> _Places:
        return np.fromiter(map(self._places.__getitem__, pages), np.intp, len(pages))

    def _together(self) -> _Numbers:
        """The numbers of every place."""
        found = np.zeros((len(self._places), len(NUMBERS)), np.int64)
        for told in self._told:
            found[told.places] += told.numbers  # it tells a page once
        for places, numbers in (*self._added, *(less for told in self._told for less in told.less)):
            np.add.at(found, places, numbers)
        return found


def _numbers(rows: Sequence[Mapping[str, int]]) -> _Numbers:
    return np.array([[row[name] for name in NUMBERS] for row in rows], np.int64).reshape(-1, len(NUMBERS))
