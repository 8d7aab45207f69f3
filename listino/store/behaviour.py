"""What shoppers did, exactly, in figures.

Of everybody they are put together from tiles of time, from visits where no tile is sealed, and from the events themselves of those
visits of which some part is marked as unsummed or which were under way when the asked time begins or ends
(docs/decisions/0030-tiles-of-time.md). Of one customer they are put together from the sums of that customer's sessions and such events.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pymongo.database import Database

from listino.domain.behaviour import Behaviour, PageFigures
from listino.domain.course import Moment, Step
from listino.store.collections import EVENTS, SESSIONS, VISITS
from listino.store.course import Progress
from listino.store.documents import Document
from listino.store.ground import TELL_SECONDS, UNSUMMED, Cover, Ground
from listino.store.outage import time_limit
from listino.store.page_views import PageViews
from listino.store.parts import SESSIONS_AT_ONCE, PartReader
from listino.store.span import Span
from listino.store.sums import EVENTS_HINT, PART, WITHOUT_PAGES
from listino.store.tally import Tally
from listino.store.visits import Range, begun_in, by_page, of_pages

Asked = Span | Ground  # the ground of a span, where several of its figures are asked for one after the other


class BehaviourReader:
    """Figures of events. At most as old as the moment they were asked for, or as their ground."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sessions = database[SESSIONS.name]
        self._events = database[EVENTS.name]
        self._visits = database[VISITS.name]
        self._parts = PartReader(database)

    def ground(self, span: Span) -> Ground:
        """What figures of that span are put together from, read once for all that are asked for of it."""
        return Ground(span, self._database)

    def figures(self, asked: Asked) -> Behaviour:
        """Users, sessions, events by type and the steps of a sale; raises one of UNAVAILABLE after TELL_SECONDS."""
        tally = Tally()
        with time_limit(TELL_SECONDS):
            self._count(self._ground(asked), tally)
        return tally.behaviour()

    def pages(self, asked: Asked, *, count: int = 100) -> Sequence[PageFigures]:
        """The pages that were viewed most, most first; raises one of UNAVAILABLE after TELL_SECONDS."""
        ground = self._ground(asked)
        with time_limit(TELL_SECONDS):
            if ground.span.customer is not None:
                return self._of_customer_by_page(ground.span).most(count)
            views, cover = self._tiles_by_page(ground)
            apart = cover.apart.visits
            wanted = {"sums.many_pages": True, **ground.span.visits}
            many = {visit["_id"] for visit in self._visits.find(wanted, {"_id": 1}, hint="by_many_pages")}
            parts = cover.apart.parts + self._parts.of(many - apart.keys())
            views.add(self._viewed(parts, ground.span))
            if cover.ranges:
                views.add(self._pages_of(cover.ranges, apart))
            if not views.complete(count, lambda wanted: self._paged(of_pages(wanted, apart=apart), "by_page")):
                # Nearly all pages were viewed as often as the others: all are read.
                views.take_away_tiles()
                views.add(self._pages_of([(tile["start"], tile["until"]) for tile in cover.tiles], apart))
        return views.most(count)

    def course(self, asked: Asked, *, step: Step) -> Sequence[Moment]:
        """The moments in which a visit began, the earliest first; raises one of UNAVAILABLE after TELL_SECONDS."""
        progress = Progress(step)
        with time_limit(TELL_SECONDS):
            self._count(self._ground(asked), progress)
        return progress.moments()

    def first_event(self, span: Span) -> datetime | None:
        """When the first event was: one step in an index; raises one of UNAVAILABLE after TELL_SECONDS."""
        wanted = {**span.owner, **({"at": span.times} if span.times else {})}
        # A customer has few events, whatever else there was at their times.
        hint = {} if span.customer is None else {"hint": EVENTS_HINT}
        with time_limit(TELL_SECONDS):
            found = self._events.find(wanted, {"_id": 0, "at": 1}, **hint).sort("at", 1).limit(1)
            return next((event["at"] for event in found), None)

    def unsummed(self, *, most: int) -> int:
        """How many sessions are not summed up yet, counted to `most`; raises one of UNAVAILABLE after TELL_SECONDS."""
        with time_limit(TELL_SECONDS):
            return self._sessions.count_documents(UNSUMMED, hint="by_unsummed", limit=most)

    def _ground(self, asked: Asked) -> Ground:
        return asked if isinstance(asked, Ground) else self.ground(asked)

    def _count(self, ground: Ground, into: Tally | Progress) -> None:
        """Has all visits counted, each once, with what is theirs within the span."""
        span = ground.span
        if span.customer is not None:
            whole, parts = self._of_customer(span, WITHOUT_PAGES)
            for part in whole:
                into.add_visit(part["owner"], part["session"], part["sums"])
            for owner, session, sums in self._parts.sums(parts, span):
                into.add_visit(owner, session, sums)
            return
        cover = ground.cover(*into.of_tiles)
        for tile in cover.tiles:
            into.add_tile(tile)
        if cover.ranges:
            rows = into.rows(begun_in(cover.ranges, apart=cover.apart.visits))
            for row in self._visits.aggregate(rows, hint="by_length", allowDiskUse=True):
                into.add_row(row)
        for visit in cover.counted():
            into.add_visit(visit["owner"], visit["_id"], visit["sums"], sign=-1)
        for owner, session, sums in cover.apart.sums:
            into.add_visit(owner, session, sums)

    def _tiles_by_page(self, ground: Ground) -> tuple[PageViews, Cover]:
        """What tiles tell of pages, less what they have counted of the visits set apart, whose pages are read for that alone."""
        cover = ground.cover()
        while True:
            views = PageViews()
            views.add_tiles(cover.tiles)
            if self._take_away(views, {visit["_id"]: visit for visit in cover.counted()}):
                return views, cover
            # A visit has been made anew since the ground was read: the tiles that had counted it are no longer sealed.
            cover = ground.covered_anew()

    def _take_away(self, views: PageViews, visits: Mapping[str, Document]) -> bool:
        """Whether all of them are still what they were."""
        wanted, same = sorted(visits), 0
        for start in range(0, len(wanted), SESSIONS_AT_ONCE):
            some = {"_id": {"$in": wanted[start : start + SESSIONS_AT_ONCE]}}
            for visit in self._visits.find(some, {"version": 1, "sums.pages": 1}):
                before = visits[visit["_id"]]
                if visit["version"] == before["version"]:
                    views.take_away(before["sums"]["first"], visit["sums"]["pages"])
                    same += 1
        return same == len(visits)

    def _of_customer_by_page(self, span: Span) -> PageViews:
        views = PageViews()
        whole, parts = self._of_customer(span, {"sums": 1})
        for part in whole:
            views.add(part["sums"]["pages"])
        parts += [part for part in whole if part["sums"].get("many_pages")]
        views.add(self._viewed(parts, span))
        return views

    def _of_customer(self, span: Span, fields: Document) -> tuple[list[Document], list[Document]]:
        """The customer's sessions whose sums count as they are, and those whose events have to be read."""
        since, until = span.range
        whole, parts = [], []
        found = self._sessions.find(span.sessions, {**PART, "unsummed": 1, **fields}, hint="by_owner")
        for part in found:
            sums = part.get("sums")
            if "unsummed" in part:
                parts.append(part)
            elif sums and since <= sums["first"] and sums["last"] < until:
                whole.append(part)
            elif sums and sums["last"] >= since and sums["first"] < until:
                parts.append(part)
        return whole, parts

    def _viewed(self, parts: Iterable[Document], span: Span) -> Iterator[Mapping[str, int | str]]:
        for row in self._parts.grouped(parts, span, pages=True):
            if (page := row["_id"].get("page")) is not None:
                yield {**row, "page": page}

    def _pages_of(self, ranges: Iterable[Range], apart: Collection[str]) -> Iterator[Mapping[str, int | str]]:
        """What visits that began then come to by page, but for those set apart."""
        return self._paged(by_page(begun_in(ranges, apart=apart)), "by_length")

    def _paged(self, asked: list[Document], hint: str) -> Iterator[Mapping[str, int | str]]:
        for row in self._visits.aggregate(asked, hint=hint, allowDiskUse=True):
            yield {**row, "page": row["_id"]}
