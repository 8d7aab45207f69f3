"""The most viewed pages of tiles that tell some of them each are those of all views."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from listino.domain.behaviour import Figures
from listino.store.documents import Document
from listino.store.page_views import PageViews, packed_views
from listino.store.visits import Range

BEGIN = datetime(2026, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
Views = Sequence[tuple[datetime, str, int]]  # when the visit began, the page, and the milliseconds spent there


def some_views(chance: random.Random) -> Views:
    """Of three days; some pages stand out, and page n is viewed for n seconds."""
    pages = [int(60 ** chance.random()) for _ in range(600)]
    return [(BEGIN + chance.randrange(3) * DAY, f"/{page}", 1000 * page) for page in pages]


def rows_of(views: Views) -> list[dict[str, Any]]:
    """By page, the most viewed first."""
    counts = Counter(page for _, page, _ in views)
    ms = Counter[str]()
    for _, page, spent in views:
        ms[page] += spent
    order = sorted(counts, key=lambda page: (-counts[page], page))
    return [{"page": page, "count": counts[page], "timed": counts[page], "ms": ms[page]} for page in order]


def tile(views: Views, day: int, most: int) -> Document:
    start = BEGIN + day * DAY
    rows = rows_of([view for view in views if view[0] == start])
    return {
        "start": start,
        "until": start + DAY,
        "pages": [row["page"] for row in rows[:most]],
        "views": packed_views(rows[:most]),
        "bound": rows[most]["count"] if len(rows) > most else 0,
    }


@pytest.mark.parametrize("most", [14, 20, 100])
@pytest.mark.parametrize("count", [1, 5, 12])
def test_the_most_viewed_pages_are_those_of_all_views(most: int, count: int) -> None:
    views = some_views(random.Random(most))
    visit, further = views[:7], [{"page": "/new", "count": 90, "timed": 0, "ms": 0}]
    counted = views[7:]
    found = PageViews()
    found.add(further)
    found.add_tiles([tile(views, day, most) for day in range(3)])
    for at, page, ms in visit:
        found.take_away(at, rows_of([(at, page, ms)]))

    def asked(wanted: Sequence[tuple[Range, Sequence[str]]]) -> list[dict[str, Any]]:
        return [
            row
            for (since, until), pages in wanted
            for row in rows_of([view for view in counted if since <= view[0] < until and view[1] in pages])
        ]

    assert found.complete(count, asked)
    expected = sorted([*rows_of(counted), *further], key=lambda row: (-row["count"], row["page"]))[:count]
    assert len(expected) == count
    assert [(one.page, one.figures) for one in found.most(count)] == [
        (row["page"], Figures(row["count"], row["timed"], row["ms"])) for row in expected
    ]


def test_tiles_that_tell_too_little_say_nothing_and_can_be_taken_away() -> None:
    views = [(BEGIN, f"/{number}", 0) for number in range(9)]  # each as often as all others
    found = PageViews()
    found.add_tiles([tile(views, 0, 3)])
    assert not found.complete(2, lambda wanted: pytest.fail("nothing can be asked for"))
    found.take_away_tiles()
    assert found.most(2) == []
    found.add(rows_of(views))
    assert [one.page for one in found.most(2)] == ["/0", "/1"]
