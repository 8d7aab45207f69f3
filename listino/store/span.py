"""The time, and the shopper, of whom figures are asked for."""

from dataclasses import dataclass
from datetime import datetime

from listino.domain.events import CUSTOMER
from listino.store.documents import Document
from listino.store.tiles import EARLIEST, LATEST
from listino.store.visits import Range


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

    @property
    def visits(self) -> Document:
        """The filter of visits that may have events within it."""
        since, until = self.range
        return {"sums.first": {"$lt": until}, "sums.last": {"$gte": since}}
