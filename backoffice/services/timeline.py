"""All that happened with one customer in one order: sessions, events, notes, and what the staff did."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from backoffice.engines import engines
from backoffice.formats import parsed_end, parsed_instant
from backoffice.lists import Slice, sliced
from backoffice.services.customers import known, subject_of
from listino.domain.audit import AuditEntry, StaffAction
from listino.domain.behaviour import Behaviour, PageFigures
from listino.domain.customers import Happening, KnownCustomer, Note, Visit
from listino.domain.errors import InvalidValue
from listino.domain.events import EventType
from listino.store.audit import AuditQuery
from listino.store.paging import FIRST, LAST, key_of, key_parts
from listino.store.span import Span

PAGE_SIZE = 50
PAGES_SHOWN = 10
_MILLISECOND = timedelta(milliseconds=1)


class Kind(StrEnum):
    """What there is in a timeline besides events, which go by their own types."""

    SESSION = "session"
    NOTE = "note"
    STAFF = "staff"
    LOOK = "look"


KINDS: Final = (Kind.SESSION, *EventType, Kind.NOTE, Kind.STAFF, Kind.LOOK)
# Everybody who opens the page leaves a look: they are shown to who asks for them.
USUAL: Final = tuple(kind for kind in KINDS if kind is not Kind.LOOK)

# The order of what happened at one moment: a session stands above the last of its events. A note is shown itself.
_SESSIONS, _STAFF, _NOTES, _EVENTS = range(4)
_DEEDS: Final = {
    Kind.STAFF: (StaffAction.NOTE_REMOVED, StaffAction.CUSTOMER_EXPORTED, StaffAction.CUSTOMER_ERASED),
    Kind.LOOK: (StaffAction.PERSONAL_DATA_VIEWED,),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened; `key` is where a page after it begins."""

    at: datetime
    rank: int
    key: str
    what: Visit | Happening | Note | AuditEntry

    @property
    def kind(self) -> str:
        """Which of KINDS it is."""
        match self.what:
            case Visit():
                return Kind.SESSION
            case Happening():
                return self.what.type
            case Note():
                return Kind.NOTE
            case AuditEntry():
                return Kind.LOOK if self.what.action in _DEEDS[Kind.LOOK] else Kind.STAFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which entries: of these kinds (none: the USUAL), from `since` on and before `until`, after the one with that key. Raises
    InvalidValue for an unknown kind, or a time that ends before it begins."""

    kinds: Collection[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - set(KINDS):
            raise InvalidValue(f"{min(unknown)[:40]!r} is nothing that a timeline has")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InvalidValue("the first day is after the last")

    @classmethod
    def typed(cls, kinds: Collection[str], since: str, until: str, after: str | None) -> "Asked":
        """From times as they are typed, or empty texts; raises InvalidValue."""
        return cls(
            kinds=kinds,
            since=parsed_instant(since) if since else None,
            until=parsed_end(until) if until else None,
            after=after,
        )

    @property
    def wanted(self) -> Collection[str]:
        return self.kinds or USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A page of somebody's timeline, and the figures of the same time."""

    customer: KnownCustomer
    entries: Slice[Entry]
    figures: Behaviour
    pages: Sequence[PageFigures]


def story(customer_id: str, asked: Asked) -> Story:
    """Raises CustomerNotFound, and InvalidValue for a key that is none."""
    customer = known(customer_id)
    span = Span(since=asked.since, until=asked.until, customer=customer_id)
    return Story(
        customer=customer,
        entries=page(customer_id, asked, count=PAGE_SIZE),
        figures=engines().store.behaviour.figures(span),
        pages=engines().store.behaviour.pages(span, count=PAGES_SHOWN),
    )


def page(customer_id: str, asked: Asked, *, count: int) -> Slice[Entry]:
    """The newest first. Raises InvalidValue for a key that is none."""
    return sliced(entries(customer_id, asked, count=count + 1), count=count, after=lambda last: last.key)


def entries(customer_id: str, asked: Asked, *, count: int) -> list[Entry]:
    """At most `count`, newest first. Each kind is one shard's read of at most `count`."""
    store = engines().store
    types = [kind for kind in EventType if kind in asked.wanted]
    actions = [action for kind, deeds in _DEEDS.items() if kind in asked.wanted for action in deeds]
    found: list[Entry] = []
    if Kind.SESSION in asked.wanted:
        after = _after(asked.after, _SESSIONS)
        visits = store.customers.visits(customer_id, since=asked.since, until=asked.until, count=count, after=after)
        found += [Entry(one.last_at, _SESSIONS, one.key, one) for one in visits]
    if types:
        after = _after(asked.after, _EVENTS)
        events = store.customers.happenings(
            customer_id, types=types, since=asked.since, until=asked.until, count=count, after=after
        )
        found += [Entry(one.at, _EVENTS, one.key, one) for one in events]
    if Kind.NOTE in asked.wanted:
        after = _after(asked.after, _NOTES)
        notes = store.notes.of(customer_id, since=asked.since, until=asked.until, count=count, after=after)
        found += [Entry(one.at, _NOTES, one.key, one) for one in notes]
    if actions:
        found += _deeds(customer_id, asked, actions, count)
    return _newest_first(found)[:count]


def _deeds(customer_id: str, asked: Asked, actions: Collection[str], count: int) -> list[Entry]:
    after = _after(asked.after, _STAFF)
    query = AuditQuery(
        subject=subject_of(customer_id),
        actions=actions,
        since=asked.since,
        until=asked.until - _MILLISECOND if asked.until else None,  # which it includes
        after=key_parts(after) if after else None,
    )
    recorded = engines().store.audit.page(query, count=count)
    return [Entry(one.entry.at, _STAFF, key_of(one.entry.at, one.key), one.entry) for one in recorded]


def _newest_first(found: Iterable[Entry]) -> list[Entry]:
    """By time, then rank, then key: each sort leaves the order of what it finds equal."""
    by_key = sorted(found, key=lambda entry: entry.key, reverse=True)
    by_rank = sorted(by_key, key=lambda entry: entry.rank)
    ranked = [Entry(one.at, one.rank, f"{one.rank} {one.key}", one.what) for one in by_rank]
    return sorted(ranked, key=lambda entry: entry.at, reverse=True)


def _after(key: str | None, rank: int) -> str | None:
    """Where entries of that rank go on after the one with the key; raises InvalidValue."""
    if key is None:
        return None
    last, _, rest = key.partition(" ")
    at = key_parts(rest)[0]
    if last not in {str(one) for one in range(4)}:
        raise InvalidValue(f"{key[:40]!r} is no key of a page")
    if rank == int(last):
        return rest
    return key_of(at, FIRST if rank > int(last) else LAST)
