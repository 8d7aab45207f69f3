"""Whole sessions: the sums of all that is of one session id, whoever it is of.

The document of a visit: `_id`, the session; `owner`, its user (the first of its owners in their order); `sums` (see listino.store.sums);
`length`, so that it lasted less than 2^length hours; `version`, this writing's own. It is made of the parts in `sessions`
when one of them is summed up, and counts for nothing while one of them is marked.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from listino.domain.events import ANONYMOUS, STEPS
from listino.store.documents import Document
from listino.store.sums import BY_TYPE, NUMBERS, merged

_HOUR = timedelta(hours=1)
_VIEWS: tuple[Document, Document] = (
    {"$unwind": "$sums.pages"},
    {"$group": {"_id": "$sums.pages.page", **{name: {"$sum": f"$sums.pages.{name}"} for name in NUMBERS}}},
)
_LONGEST = 15  # 2^15 hours are longer than events are kept; what lasts longer still is looked for as if it did not end

Range = tuple[datetime, datetime]  # from the first on until before the second


def visit_of(parts: Sequence[Document], version: str) -> Document | None:
    """The visit that the parts make; None where none of them has events."""
    summed = [part for part in parts if "sums" in part]
    sums = merged(part["sums"] for part in summed)
    if sums is None:
        return None
    hours = (sums["last"] - sums["first"]) // _HOUR
    return {
        "_id": summed[0]["session"],
        "owner": min(part["owner"] for part in summed),
        "length": min(hours.bit_length(), _LONGEST),
        "sums": sums,
        "version": version,
    }


def begun_in(ranges: Iterable[Range], *, apart: Collection[str] = ()) -> Document:
    """The filter of visits that began then, but for those `apart`; carried by the index `by_length`."""
    lengths = {"$in": list(range(_LONGEST + 1))}
    found: Document = {
        "$or": [{"length": lengths, "sums.first": {"$gte": since, "$lt": until}} for since, until in ranges]
    }
    if apart:
        found["_id"] = {"$nin": sorted(apart)}
    return found


def under_way_at(instant: datetime) -> Document:
    """The filter of visits with events before and events at or after it; carried by the index `by_length`, which is read
    for twice as long as visits of each length last."""
    ways = []
    for length in range(_LONGEST + 1):
        first: Document = {"$lt": instant}
        if length < _LONGEST:
            first["$gt"] = instant - 2**length * _HOUR
        ways.append({"length": length, "sums.first": first, "sums.last": {"$gte": instant}})
    return {"$or": ways}


def by_user(visits: Document) -> list[Document]:
    """The pipeline that gives a row for each customer with what is counted of the visits that the filter finds, and one
    (None) for all in which nobody is known."""
    alone = {"$eq": ["$owner", {"$concat": [ANONYMOUS, "$_id"]}]}
    reached = {
        f"reached_{step}": _number({"$and": [{"$gt": [f"$sums.{before}_count", 0]} for before in STEPS[: place + 1]]})
        for place, step in enumerate(STEPS)
    }
    return [
        {"$match": visits},
        {
            "$group": {
                "_id": {"$cond": [alone, None, "$owner"]},
                "sessions": {"$sum": 1},
                "session_ms": {"$sum": {"$subtract": ["$sums.last", "$sums.first"]}},
                **reached,
                **{name: {"$sum": f"$sums.{name}"} for name in BY_TYPE},
            }
        },
    ]


def by_page(visits: Document, most: int | None = None) -> list[Document]:
    """The pipeline that gives a row for each page (or `most` of them, most viewed first) of the visits that the filter finds."""
    limited: list[Document] = [] if most is None else [{"$sort": {"count": -1, "_id": 1}}, {"$limit": most}]
    return [{"$match": visits}, {"$project": {"_id": 0, "sums.pages": 1}}, *_VIEWS, *limited]


def of_pages(wanted: Iterable[tuple[Range, Collection[str]]], *, apart: Collection[str] = ()) -> list[Document]:
    """The pipeline that gives a row for each page of those wanted of the visits that began in each range, which are apart from
    each other, but for visits `apart`; carried by the index `by_page`."""
    ways = [
        {"sums.pages.page": {"$in": sorted(pages)}, "sums.first": {"$gte": since, "$lt": until}}
        for (since, until), pages in wanted
    ]
    found: Document = {"$or": ways}
    if apart:
        found["_id"] = {"$nin": sorted(apart)}
    return [
        {"$match": found},
        {"$project": {"_id": 0, "sums.first": 1, "sums.pages": 1}},
        _VIEWS[0],
        {"$match": {"$or": ways}},  # of all pages of those visits
        _VIEWS[1],
    ]


def _number(condition: Any) -> Document:
    return {"$sum": {"$cond": [condition, 1, 0]}}
