"""Stretches of time with the figures of all visits that began in them: hours, days and longer ones, each beginning at a
multiple of its own length (docs/decisions/0030-tiles-of-time.md).

A tile is made anew from its visits and never counted up. Whoever changes a visit unseals the tiles it began and begins in
first; one that nobody has unsealed for a while is made anew and sealed. Only sealed ones are believed.

The document: `_id`, `384 1970-01-01T00`; `hours`, how long it is; `start`, `until`; `unsealed` (`at`, and a `mark` of this write's own), or else
the figures: `sessions`, `session_ms`, `alone` (those in which nobody is known), `reached_…` for each step of a sale, the numbers by type, `users` and `times` (see
listino.store.tally), the most viewed `pages` with their `views`, and `bound`: no other page was viewed more often.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from pymongo import UpdateOne

from listino.store.documents import Document
from listino.store.page_views import packed_views
from listino.store.tally import Tally
from listino.store.visits import Range

# Hours, and for how many seconds nobody may have unsealed a tile of that length before it is sealed. The shortest is longer than a visit's
# sums may take to be written after unsealing (SUM_SECONDS) and figures to be read (READ_SECONDS) together, and the clocks of two nodes may
# differ by the rest; it grows because longer ones cost more to make.
SEAL_SECONDS = {1: 60.0, 24: 120.0, 8 * 24: 600.0, 64 * 24: 1800.0}
MOST_PAGES = 2000  # of a tile

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def unsealing(instants: Iterable[datetime], *, at: datetime, mark: str) -> list[UpdateOne]:
    """Writes after which no tile is believed in which one of the instants lies."""
    tiles = {(hours, _start(instant, hours)) for instant in instants for hours in SEAL_SECONDS}
    return [
        UpdateOne(
            {"_id": tile_id(hours, start)},
            {
                "$set": {"unsealed": {"at": at, "mark": mark}},
                "$setOnInsert": {"hours": hours, "start": start, "until": start + timedelta(hours=hours)},
            },
            upsert=True,
        )
        for hours, start in sorted(tiles)
    ]


def tile_id(hours: int, start: datetime) -> str:
    return f"{hours} {start:%Y-%m-%dT%H}"


def to_seal(now: datetime) -> Document:
    """The filter of tiles to make: over, and left in peace."""
    ways = [
        {"hours": hours, "unsealed.at": {"$lt": now - timedelta(seconds=seconds)}}
        for hours, seconds in SEAL_SECONDS.items()
    ]
    return {"until": {"$lte": now}, "$or": ways}


def sealed_in(hours: int, ranges: Iterable[Range]) -> Document | None:
    """The filter of sealed tiles of that length that lie within the ranges; None where none can."""
    length = timedelta(hours=hours)
    ways = [{"start": {"$gte": since, "$lte": until - length}} for since, until in ranges if until - since >= length]
    return {"hours": hours, "unsealed": {"$exists": False}, "$or": ways} if ways else None


def sealed(tile: Document, users: Iterable[Document], pages: Sequence[Document]) -> Document:
    """The tile's document with the figures of its visits: rows by user, and by page the MOST_PAGES + 1 most viewed ones."""
    tally = Tally()
    for row in users:
        tally.add_row(row)
    shown = pages[:MOST_PAGES]
    return {
        **{name: tile[name] for name in ("_id", "hours", "start", "until")},
        **tally.document(),
        "pages": [page["_id"] for page in shown],
        "views": packed_views(shown),
        "bound": pages[MOST_PAGES]["count"] if len(pages) > MOST_PAGES else 0,
    }


def without(ranges: Iterable[Range], tiles: Collection[Document]) -> list[Range]:
    """What of the ranges lies in none of the tiles, each of which lies in one of them."""
    taken = sorted((tile["start"], tile["until"]) for tile in tiles)
    left: list[Range] = []
    for since, until in ranges:
        for start, end in taken:
            if since <= start and end <= until:
                if since < start:
                    left.append((since, start))
                since = end
        if since < until:
            left.append((since, until))
    return left


def lies_in(instant: datetime, ranges: Iterable[Range]) -> bool:
    return any(since <= instant < until for since, until in ranges)


def _start(instant: datetime, hours: int) -> datetime:
    length = timedelta(hours=hours)
    return EARLIEST + (instant - EARLIEST) // length * length
