"""The parts of sessions whose sums are not to be believed, or not to be told as a whole, by their events."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from pymongo.database import Database

from listino.store.collections import EVENTS, SESSIONS
from listino.store.documents import Document
from listino.store.span import Span
from listino.store.sums import EVENTS_HINT, PART, events_grouped, sums_of

SESSIONS_AT_ONCE = 1000  # looked for by their ids in one question
_PARTS_AT_ONCE = 200  # whose events are asked for in one question

VisitSums = tuple[str, str, Document]  # the user, the session and its sums


class PartReader:
    """Reads parts and their events; raises one of UNAVAILABLE."""

    def __init__(self, database: Database) -> None:
        self._sessions = database[SESSIONS.name]
        self._events = database[EVENTS.name]

    def of(self, sessions: Collection[str]) -> list[Document]:
        """All that is of those sessions, whoever it is of."""
        wanted = sorted(sessions)
        found: list[Document] = []
        for start in range(0, len(wanted), SESSIONS_AT_ONCE):
            found += self._sessions.find({"session": {"$in": wanted[start : start + SESSIONS_AT_ONCE]}}, PART)
        return found

    def grouped(self, parts: Iterable[Document], span: Span, *, pages: bool) -> Iterator[Document]:
        """What their events within the span come to, by owner, session and type, and by page."""
        since, until = span.range
        wanted = [part for part in parts if part["last_at"] >= since and part["first_at"] < until]
        for start in range(0, len(wanted), _PARTS_AT_ONCE):
            asked = events_grouped(wanted[start : start + _PARTS_AT_ONCE], span.times, pages=pages)
            yield from self._events.aggregate(asked, hint=EVENTS_HINT, allowDiskUse=True)

    def sums(self, parts: Iterable[Document], span: Span) -> list[VisitSums]:
        """The visits that they make within the span, without pages."""
        rows: defaultdict[str, list[Document]] = defaultdict(list)
        for row in self.grouped(parts, span, pages=False):
            rows[row["_id"]["session"]].append(row)
        found = ((min(row["_id"]["owner"] for row in some), session, sums_of(some)) for session, some in rows.items())
        return [(owner, session, sums) for owner, session, sums in found if sums]
