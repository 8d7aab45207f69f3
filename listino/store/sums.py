"""The sums of events: of one owner's part of a session, and of a whole session.

Sums are made anew from all events and never counted up, so it does no harm to make them twice, by two nodes at once, or to
die over it (docs/decisions/0026-sums-that-are-made-anew.md). Wherever they are kept they are one document: from when to when events are (`first`, `last`), how
many of each type with the time spent on them (`search_count`, `search_timed`, `search_ms`), and the same by page in `pages`:
of at most MOST_PAGES, for a document has its bounds. Where there are more, `many_pages` says that the pages are to be read
from the events.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from listino.domain.events import ANONYMOUS, STEPS, EventType
from listino.store.documents import Document

KEEP_SECONDS = 5.0
SETTLE_SECONDS = 30.0  # and the clocks of two nodes may differ by the rest
SUM_SECONDS = 20.0  # for the events of some sessions, and again for writing what was made of them
READ_SECONDS = 10.0  # for figures: what was marked since they were asked for has not settled when they are told
MOST_PAGES = 1000  # of one session, in its sums

NUMBERS = ("count", "timed", "ms")
BY_TYPE = tuple(f"{kind}_{name}" for kind in EventType for name in NUMBERS)
# What of a document with sums is needed for everything but pages.
WITHOUT_PAGES = {f"sums.{name}": 1 for name in ("first", "last", "many_pages", *BY_TYPE)}
# What of a session is needed to look for its events.
PART = {"owner": 1, "session": 1, "first_at": 1, "last_at": 1}

_GROUPED = {
    "count": {"$sum": 1},
    "timed": {"$sum": {"$cond": [{"$eq": [{"$type": "$ms"}, "missing"]}, 0, 1]}},
    "ms": {"$sum": "$ms"},
    "first": {"$min": "$at"},
    "last": {"$max": "$at"},
}
_VIEWED = {"$cond": [{"$eq": ["$type", EventType.PAGE_VIEW]}, "$page", None]}


def settled(now: datetime) -> Document:
    """The filter of sessions to sum up."""
    return {"unsummed.at": {"$lt": now - timedelta(seconds=SETTLE_SECONDS)}}


def events_of(session: Document, times: Mapping[str, datetime] | None = None) -> Document:
    """The filter of the session's events, at those `times` of them ($gte, $lt)."""
    return {"owner": session["owner"], "session": session["session"], "at": _within([session], times or {})}


def is_alone(owner: str, session: str) -> bool:
    """Whether the user is nobody but this session's."""
    return owner == ANONYMOUS + session


def events_grouped(
    sessions: Sequence[Document], times: Mapping[str, datetime] | None = None, *, pages: bool
) -> list[Document]:
    """The pipeline over events that gives, for those sessions, at those `times` of them ($gte, $lt), a row for each owner, type
    and (with `pages`) viewed page. To be asked with the hint EVENTS_HINT, that each session be looked for by itself."""
    whose = {"session": "$session", "owner": "$owner", "type": "$type"}
    return [
        {"$match": {"$or": _ways(sessions, times or {})}},
        {"$group": {"_id": {**whose, "page": _VIEWED} if pages else whose, **_GROUPED}},
    ]


def _ways(sessions: Sequence[Document], times: Mapping[str, datetime]) -> list[Document]:
    """One for each customer's session, and one for all in which nobody is known, whose owners have no other events: to
    plan a way costs more than to read the few events of a session."""
    ways, alone = [], []
    for session in sessions:
        if is_alone(session["owner"], session["session"]):
            alone.append(session)
        else:
            ways.append(events_of(session, times))
    if alone:
        owners = sorted(session["owner"] for session in alone)
        ways.append({"owner": {"$in": owners}, "at": _within(alone, times)})
    return ways


def _within(sessions: Sequence[Document], times: Mapping[str, datetime]) -> Document:
    first = min(session["first_at"] for session in sessions)
    last = max(session["last_at"] for session in sessions)
    return {**times, "$gte": max(first, times.get("$gte", first)), "$lte": last}


EVENTS_HINT = "by_owner"


def sums_of(rows: Iterable[Document]) -> Document | None:
    """The sums that the rows of `events_grouped` make; None of none."""
    return merged(_one(row) for row in rows)


def merged(parts: Iterable[Document]) -> Document | None:
    """The sums of all of them together; None of none. Where one has many pages, or all together have, none is told."""
    together: Document = {}
    pages: dict[str, list[int]] = {}
    many = False
    for part in parts:
        together["first"] = min(together.get("first", part["first"]), part["first"])
        together["last"] = max(together.get("last", part["last"]), part["last"])
        for name in BY_TYPE:
            if name in part:
                together[name] = together.get(name, 0) + part[name]
        many = many or part.get("many_pages", False)
        for one in part.get("pages", ()) if not many else ():
            numbers = pages.setdefault(one["page"], [0, 0, 0])
            for place, name in enumerate(NUMBERS):
                numbers[place] += one[name]
        many = many or len(pages) > MOST_PAGES
    if not together:
        return None
    if many:
        return {**together, "pages": [], "many_pages": True}
    told = [{"page": page, **dict(zip(NUMBERS, numbers, strict=True))} for page, numbers in pages.items()]
    return {**together, "pages": told}


def reached_by(sums: Mapping[str, object]) -> int:
    """How many steps of a sale were reached, one after the other."""
    for place, step in enumerate(STEPS):
        if not sums.get(f"{step}_count"):
            return place
    return len(STEPS)


def _one(row: Document) -> Document:
    numbers = [row[name] for name in NUMBERS]
    kind, page = row["_id"]["type"], row["_id"].get("page")
    sums: Document = {"first": row["first"], "last": row["last"]}
    sums |= {f"{kind}_{name}": number for name, number in zip(NUMBERS, numbers, strict=True)}
    if page is not None:
        sums["pages"] = [{"page": page, **dict(zip(NUMBERS, numbers, strict=True))}]
    return sums
