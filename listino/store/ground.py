"""What figures of everybody are put together from (docs/decisions/0030-tiles-of-time.md)."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf

from pymongo.database import Database

from listino.store.collections import SESSIONS, TILES, VISITS
from listino.store.documents import Document
from listino.store.outage import Behind
from listino.store.parts import SESSIONS_AT_ONCE, PartReader, VisitSums
from listino.store.span import Span
from listino.store.sums import READ_SECONDS, WITHOUT_PAGES
from listino.store.tiles import EARLIEST, LATEST, SEAL_SECONDS, lies_in, sealed_in, without
from listino.store.visits import Range, under_way_at

# Visits that are set apart, at most: the events of so many are read in some seconds, and their ids are part of questions, which
# must not become too long.
MOST_APART = 20_000
# Sessions that are not summed up yet, at most: whatever time is asked for, it is looked which of them concern it. It is the work
# of days without anybody who sums up.
MOST_UNSUMMED = 200_000

UNSUMMED = {"unsummed.at": {"$exists": True}}  # carried by the index `by_unsummed`
# Of the time that a reader has from what is unsummed on, half is for the age of the ground, and half for each figures told of it.
TELL_SECONDS = READ_SECONDS / 2


class Apart:
    """The visits set apart, by their ids, without pages; None, where there was none yet. Their events within the span are read when
    they are first wanted, and once for all figures of one ground."""

    def __init__(self, visits: dict[str, Document | None], span: Span, reader: PartReader) -> None:
        self.visits = visits
        self._span = span
        self._reader = reader

    @cached_property
    def parts(self) -> list[Document]:
        """All that is of them, whoever it is of."""
        return self._reader.of(self.visits)

    @cached_property
    def sums(self) -> list[VisitSums]:
        """What they come to within the span, without pages."""
        return self._reader.sums(self.parts, self._span)


@dataclass(frozen=True, slots=True)
class Cover:
    """The sealed tiles that fit into the time; the ranges that none covers, whose visits are read; and the visits that are set
    `apart`: their events are read, and what tiles have counted of them is taken away."""

    tiles: list[Document]
    ranges: list[Range]
    apart: Apart

    def counted(self) -> Iterator[Document]:
        """Those visits set apart that tiles have counted."""
        covered = [(tile["start"], tile["until"]) for tile in self.tiles]
        for visit in self.apart.visits.values():
            if visit is not None and lies_in(visit["sums"]["first"], covered):
                yield visit


class Ground:
    """The ground of one span: read when it is first wanted, and once for figures that are told together, which stand on the
    same. Not thread-safe."""

    def __init__(self, span: Span, database: Database) -> None:
        self.span = span
        self._sessions = database[SESSIONS.name]
        self._visits = database[VISITS.name]
        self._tiles = database[TILES.name]
        self._reader = PartReader(database)
        self._apart = Apart({}, span, self._reader)
        self._whole: Cover | None = None
        self._read_at = -inf

    def cover(self, longest: float = inf, fields: Document | None = None) -> Cover:
        """With tiles of at most so many hours, of which the `fields` are wanted, None for all of them.

        To be asked for once for each figures, which are told within TELL_SECONDS. Raises Behind, one of UNAVAILABLE.
        """
        # The order counts: what is unsummed first. A visit that is not among it changes only after SETTLE_SECONDS, when the
        # figures have been told; and one that is changes only when no tile that has counted it is sealed.
        if time.monotonic() > self._read_at + TELL_SECONDS:
            began = time.monotonic()
            self._apart = Apart(self._set_apart(), self.span, self._reader)
            self._read_at, self._whole = began, None  # only now: what could not be read is asked for again
        if self._whole is not None and all(tile["hours"] <= longest for tile in self._whole.tiles):
            return self._whole
        found = self._covered(longest, fields)
        if fields is None:
            self._whole = found
        return found

    def covered_anew(self) -> Cover:
        """With the tiles as they are now: of those that were sealed some may have counted what a visit set apart is no more."""
        self._whole = None
        return self.cover()

    def _set_apart(self) -> dict[str, Document | None]:
        """What is unsummed, and what was under way at either end of the time."""
        since, until = self.span.range
        apart: dict[str, Document | None] = {}
        beside: set[str] = set()
        unsummed = self._sessions.find(UNSUMMED, _TIMES, hint="by_unsummed")
        for number, part in enumerate(unsummed.limit(MOST_UNSUMMED + 1)):
            if number == MOST_UNSUMMED:
                raise Behind(f"more than {MOST_UNSUMMED} sessions are not summed up yet")
            if part["last_at"] < since or part["first_at"] >= until:
                beside.add(part["session"])
                continue
            apart[part["session"]] = None
            if len(apart) > MOST_APART:
                raise Behind(f"more than {MOST_APART} sessions of that time are not summed up yet")
        # A part before or after that time makes another visit, too, of one that is within it.
        for sessions, within in ((list(apart), {}), (sorted(beside - apart.keys()), self.span.visits)):
            for start in range(0, len(sessions), SESSIONS_AT_ONCE):
                some = {"_id": {"$in": sessions[start : start + SESSIONS_AT_ONCE]}, **within}
                apart |= {visit["_id"]: visit for visit in self._visits.find(some, _VISIT)}
        for instant in (at for at in self.span.times.values() if EARLIEST < at < LATEST):
            found = self._visits.find(under_way_at(instant), _VISIT, hint="by_length")
            apart |= {visit["_id"]: visit for visit in found if visit["_id"] not in apart}
        return apart

    def _covered(self, longest: float, fields: Document | None) -> Cover:
        since, until = self.span.range
        ranges = [(since, until)] if since < until else []
        tiles: list[Document] = []
        for hours in sorted((hours for hours in SEAL_SECONDS if hours <= longest), reverse=True):
            if wanted := sealed_in(hours, ranges):
                some = list(self._tiles.find(wanted, fields))
                ranges = without(ranges, some)
                tiles += some
        return Cover(tiles, ranges, self._apart)


_TIMES = {"_id": 0, "session": 1, "first_at": 1, "last_at": 1}
_VISIT = {"owner": 1, "version": 1, **WITHOUT_PAGES}
