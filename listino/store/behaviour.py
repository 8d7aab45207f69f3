"""What shoppers did, exactly, in figures.

Of everybody they are put together from tiles of time, from visits where no tile is sealed, and from the events themselves of those
visits of which some part is marked as unsummed or which were under way when the asked time begins or ends
(docs/decisions/0030-tiles-of-time.md). Of one customer they are put together from the sums of that customer's sessions and such events.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo.database import Database

from listino.domain.behaviour import Behaviour, PageFigures
from listino.domain.course import Moment, Step
from listino.domain.events import CUSTOMER
from listino.store.collections import EVENTS, SESSIONS, TILES, VISITS
from listino.store.course import COUNTED, Progress
from listino.store.documents import Document
from listino.store.outage import time_limit
from listino.store.page_views import PageViews
from listino.store.sums import EVENTS_HINT, READ_SECONDS, WITHOUT_PAGES, events_grouped, sums_of
from listino.store.tally import Tally
from listino.store.tiles import EARLIEST, LATEST, PAGES, SEAL_SECONDS, lies_in, sealed_in, without
from listino.store.visits import Range, begun_in, by_page, of_pages, under_way_at

_PARTS_AT_ONCE = 200  # sessions whose events are asked for in one question
_SESSIONS_AT_ONCE = 1000  # looked for by their ids in one question

_PART = {"owner": 1, "session": 1, "first_at": 1, "last_at": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `since` on until before `until`, of everybody or one customer; None is without an end."""

    since: datetime | None = None
    until: datetime | None = None
    customer: str | None = None

    @property
    def times(self) -> dict[str, datetime]:
        """The bounds on the time of an event."""
        bounds = {"$gte": self.since, "$lt": self.until}
        return {name: time for name, time in bounds.items() if time is not None}

    @property
    def range(self) -> Range:
        since, until = self.since or EARLIEST, self.until or LATEST
        return min(max(since, EARLIEST), LATEST), max(min(until, LATEST), EARLIEST)

    @property
    def owner(self) -> Document:
        return {} if self.customer is None else {"owner": f"{CUSTOMER}{self.customer}"}

    @property
    def sessions(self) -> Document:
        """The filter of sessions that may have events within it."""
        found = self.owner
        if self.since is not None:
            found["last_at"] = {"$gte": self.since}
        if self.until is not None:
            found["first_at"] = {"$lt": self.until}
        return found


@dataclass(slots=True)
class _Ground:
    """What figures of everybody are put together from: the sealed tiles; the ranges no tile covers, whose visits are read; and
    the visits that are set `apart`, by their ids: their events are read, and what tiles have counted of them is taken away."""

    tiles: list[Document]
    ranges: list[Range]
    apart: dict[str, Document | None]

    def counted(self) -> Iterator[Document]:
        """Those visits set apart that tiles have counted."""
        covered = [(tile["start"], tile["until"]) for tile in self.tiles]
        for visit in self.apart.values():
            if visit is not None and lies_in(visit["sums"]["first"], covered):
                yield visit


class BehaviourReader:
    """Figures of events. At most as old as the moment they were asked for."""

    def __init__(self, database: Database) -> None:
        self._sessions = database[SESSIONS.name]
        self._events = database[EVENTS.name]
        self._visits = database[VISITS.name]
        self._tiles = database[TILES.name]

    def figures(self, span: Span) -> Behaviour:
        """Users, sessions, events by type and the steps of a sale; raises one of UNAVAILABLE after READ_SECONDS."""
        tally = Tally()
        with time_limit(READ_SECONDS):
            self._count(span, tally, dict.fromkeys(PAGES, 0))
        return tally.behaviour()

    def pages(self, span: Span, *, count: int = 100) -> Sequence[PageFigures]:
        """The pages that were viewed most, most first; raises one of UNAVAILABLE after READ_SECONDS."""
        views = PageViews()
        with time_limit(READ_SECONDS):
            if span.customer is not None:
                whole, parts = self._of_customer(span, {"sums": 1})
                for part in whole:
                    views.add(part["sums"]["pages"])
                parts += [part for part in whole if part["sums"].get("many_pages")]
                views.add(self._viewed(parts, span))
                return views.most(count)
            ground = self._ground(span, {"sums": 1}, dict.fromkeys(("hours", "start", "until", *PAGES), 1))
            many = self._visits.find({"sums.many_pages": True, **_within(span)}, {"_id": 1}, hint="by_many_pages")
            views.add(self._viewed(self._parts({*ground.apart, *(visit["_id"] for visit in many)}), span))
            if ground.ranges:
                views.add(self._pages_of(ground.ranges, ground.apart))
            views.add_tiles(ground.tiles, list(ground.counted()))
            if not views.complete(count, lambda wanted: self._paged(of_pages(wanted, apart=ground.apart), "by_page")):
                # Nearly all pages were viewed as often as the others: all are read.
                views.take_away_tiles()
                views.add(self._pages_of([(tile["start"], tile["until"]) for tile in ground.tiles], ground.apart))
        return views.most(count)

    def course(self, span: Span, *, step: Step) -> Sequence[Moment]:
        """The moments in which a visit began, the earliest first; raises one of UNAVAILABLE after READ_SECONDS."""
        progress = Progress(step)
        with time_limit(READ_SECONDS):
            self._count(span, progress, COUNTED, longest_tile=progress.longest_tile)
        return progress.moments()

    def first_event(self, span: Span) -> datetime | None:
        """When the first event was: one step in an index; raises one of UNAVAILABLE after READ_SECONDS."""
        wanted = {**span.owner, **({"at": span.times} if span.times else {})}
        # A customer has few events, whatever else there was at their times.
        hint = {} if span.customer is None else {"hint": EVENTS_HINT}
        with time_limit(READ_SECONDS):
            found = self._events.find(wanted, {"_id": 0, "at": 1}, **hint).sort("at", 1).limit(1)
            return next((event["at"] for event in found), None)

    def _count(
        self, span: Span, into: Tally | Progress, of_tiles: Document, *, longest_tile: int = max(SEAL_SECONDS)
    ) -> None:
        """Has all visits counted, each once, with what is theirs within the span."""
        if span.customer is not None:
            whole, parts = self._of_customer(span, WITHOUT_PAGES)
            for part in whole:
                into.add_visit(part["owner"], part["session"], part["sums"])
            self._add_events(into, parts, span)
            return
        ground = self._ground(span, WITHOUT_PAGES, of_tiles, longest_tile=longest_tile)
        for tile in ground.tiles:
            into.add_tile(tile)
        if ground.ranges:
            rows = into.rows(begun_in(ground.ranges, apart=ground.apart))
            for row in self._visits.aggregate(rows, hint="by_length", allowDiskUse=True):
                into.add_row(row)
        for visit in ground.counted():
            into.add_visit(visit["owner"], visit["_id"], visit["sums"], sign=-1)
        self._add_events(into, self._parts(ground.apart), span)

    def _ground(
        self, span: Span, of_visits: Document, of_tiles: Document, *, longest_tile: int = max(SEAL_SECONDS)
    ) -> _Ground:
        """The order counts: what is unsummed first. A visit that is not among it changes only after SETTLE_SECONDS, when
        these figures have been told; and one that is changes only when no tile that has counted it is sealed."""
        since, until = span.range
        apart: dict[str, Document | None] = {}
        beside: set[str] = set()
        for part in self._sessions.find({"unsummed.at": {"$exists": True}}, _PART, hint="by_unsummed"):
            if part["last_at"] >= since and part["first_at"] < until:
                apart[part["session"]] = None
            else:
                beside.add(part["session"])
        # A part before or after that time makes another visit, too, of one that is within it.
        for sessions, within in ((list(apart), {}), (sorted(beside - apart.keys()), _within(span))):
            for start in range(0, len(sessions), _SESSIONS_AT_ONCE):
                some = {"_id": {"$in": sessions[start : start + _SESSIONS_AT_ONCE]}, **within}
                apart |= {visit["_id"]: visit for visit in self._visits.find(some, {"owner": 1, **of_visits})}
        for instant in (at for at in span.times.values() if EARLIEST < at < LATEST):
            found = self._visits.find(under_way_at(instant), {"owner": 1, **of_visits}, hint="by_length")
            apart |= {visit["_id"]: visit for visit in found if visit["_id"] not in apart}
        ranges = [(since, until)] if since < until else []
        tiles: list[Document] = []
        for hours in sorted((hours for hours in SEAL_SECONDS if hours <= longest_tile), reverse=True):
            if wanted_tiles := sealed_in(hours, ranges):
                some_tiles = list(self._tiles.find(wanted_tiles, of_tiles))
                ranges = without(ranges, some_tiles)
                tiles += some_tiles
        return _Ground(tiles, ranges, apart)

    def _of_customer(self, span: Span, fields: Document) -> tuple[list[Document], list[Document]]:
        """The customer's sessions whose sums count as they are, and those whose events have to be read."""
        since, until = span.range
        whole, parts = [], []
        found = self._sessions.find(span.sessions, {**_PART, "unsummed": 1, **fields}, hint="by_owner")
        for part in found:
            sums = part.get("sums")
            if "unsummed" in part:
                parts.append(part)
            elif sums and since <= sums["first"] and sums["last"] < until:
                whole.append(part)
            elif sums and sums["last"] >= since and sums["first"] < until:
                parts.append(part)
        return whole, parts

    def _parts(self, sessions: Collection[str]) -> Iterator[Document]:
        """All that is of those sessions, whoever it is of."""
        wanted = sorted(sessions)
        for start in range(0, len(wanted), _SESSIONS_AT_ONCE):
            yield from self._sessions.find({"session": {"$in": wanted[start : start + _SESSIONS_AT_ONCE]}}, _PART)

    def _grouped(self, parts: Iterable[Document], span: Span, *, pages: bool) -> Iterator[Document]:
        """What their events within the span come to, by owner, session and type, and by page."""
        since, until = span.range
        wanted = [part for part in parts if part["last_at"] >= since and part["first_at"] < until]
        for start in range(0, len(wanted), _PARTS_AT_ONCE):
            asked = events_grouped(wanted[start : start + _PARTS_AT_ONCE], span.times, pages=pages)
            yield from self._events.aggregate(asked, hint=EVENTS_HINT, allowDiskUse=True)

    def _add_events(self, into: Tally | Progress, parts: Iterable[Document], span: Span) -> None:
        rows: defaultdict[str, list[Document]] = defaultdict(list)
        for row in self._grouped(parts, span, pages=False):
            rows[row["_id"]["session"]].append(row)
        for session, some in rows.items():
            if sums := sums_of(some):
                into.add_visit(min(row["_id"]["owner"] for row in some), session, sums)

    def _viewed(self, parts: Iterable[Document], span: Span) -> Iterator[Mapping[str, int | str]]:
        for row in self._grouped(parts, span, pages=True):
            if (page := row["_id"].get("page")) is not None:
                yield {**row, "page": page}

    def _pages_of(self, ranges: Iterable[Range], apart: Collection[str]) -> Iterator[Mapping[str, int | str]]:
        """What visits that began then come to by page, but for those set apart."""
        return self._paged(by_page(begun_in(ranges, apart=apart)), "by_length")

    def _paged(self, asked: list[Document], hint: str) -> Iterator[Mapping[str, int | str]]:
        for row in self._visits.aggregate(asked, hint=hint, allowDiskUse=True):
            yield {**row, "page": row["_id"]}


def _within(span: Span) -> Document:
    """The filter of visits that may have events within the span."""
    since, until = span.range
    return {"sums.first": {"$lt": until}, "sums.last": {"$gte": since}}
