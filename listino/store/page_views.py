"""How often pages were viewed, exactly for the most viewed ones, of tiles that each tell their own most viewed ones alone.

A page that a tile does not tell was viewed there `bound` times at most. Which pages can be among the most viewed ones is
known from that, as a rule; what is missing of their figures is asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from listino.domain.behaviour import Figures, PageFigures, most_viewed
from listino.store.documents import Document
from listino.store.sums import NUMBERS
from listino.store.tally import views_from
from listino.store.visits import Range

Asked = Callable[[Sequence[tuple[Range, Sequence[str]]]], Iterable[Mapping[str, Any]]]


class _Told:
    """What a tile tells, less what is not to count."""

    def __init__(self, tile: Document) -> None:
        self.range: Range = (tile["start"], tile["until"])
        self.bound: int = tile["bound"]
        self.pages = dict(zip(tile["pages"], views_from(tile["views"]), strict=True))


class PageViews:
    """Figures of pages."""

    def __init__(self) -> None:
        self._pages: defaultdict[str, Figures] = defaultdict(Figures)
        self._told: list[_Told] = []

    def add(self, rows: Iterable[Mapping[str, Any]], sign: int = 1) -> None:
        """Adds rows with `page`, `count`, `timed` and `ms`."""
        for row in rows:
            self._pages[row["page"]].add(*(sign * row[name] for name in NUMBERS))

    def add_tiles(self, tiles: Iterable[Document], apart: Sequence[Document]) -> None:
        """Adds what tiles tell, less what they have counted of the visits `apart`."""
        for tile in tiles:
            told = _Told(tile)
            for visit in apart:
                if told.range[0] <= visit["sums"]["first"] < told.range[1]:
                    for one in visit["sums"]["pages"]:
                        if one["page"] in told.pages:
                            numbers = told.pages[one["page"]]
                            numbers[:] = [had - one[name] for had, name in zip(numbers, NUMBERS, strict=True)]
            for page, numbers in told.pages.items():
                self._pages[page].add(*numbers)
            self._told.append(told)

    def complete(self, count: int, asked: Asked) -> bool:
        """Asks for what is missing of the pages that can be among the `count` most viewed ones; False where that could be any
        page. `asked` gives rows of some pages in the range of each tile, without the visits apart: all in one question."""
        partial = [told for told in self._told if told.bound]
        if not partial:
            return True
        least = sorted((figures.count for figures in self._pages.values()), reverse=True)[count - 1 : count]
        unseen = sum(told.bound for told in partial)
        if not least or unseen >= least[0]:
            return False
        near = [
            page
            for page, figures in self._pages.items()
            if figures.count + unseen >= least[0]
            and figures.count + sum(told.bound for told in partial if page not in told.pages) >= least[0]
        ]
        missing = [(told.range, [page for page in near if page not in told.pages]) for told in partial]
        if wanted := [(range_, pages) for range_, pages in missing if pages]:
            self.add(asked(wanted))
        return True

    def take_away_tiles(self) -> None:
        """Leaves what was added otherwise."""
        for told in self._told:
            for page, numbers in told.pages.items():
                self._pages[page].add(*(-number for number in numbers))
        self._told = []

    def most(self, count: int) -> Sequence[PageFigures]:
        """The most viewed ones, most first."""
        return most_viewed({page: figures for page, figures in self._pages.items() if figures.count}, count)
