"""Customers: found, noted about, exported and erased. Their timeline is in backoffice.services.timeline."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from backoffice import trail
from backoffice.access import has_role
from backoffice.engines import engines
from backoffice.lists import Slice, sliced
from listino.domain.audit import StaffAction
from listino.domain.clock import utc_now
from listino.domain.customers import Erasure, Happening, KnownCustomer, Note, Visit
from listino.domain.errors import CustomerNotFound, InvalidValue, NotYours
from listino.store.audit import AuditQuery
from listino.store.client import Store
from listino.store.staff import StaffMember

PAGE_SIZE = 25
LONGEST_NOTE = 2000
LONGEST_REASON = 300
EXPORTED_AT_ONCE = 500

Kept = TypeVar("Kept", Visit, Happening, Note)


def subject_of(customer_id: str) -> str:
    """What entries of the audit log about the customer have as their subject."""
    return f"customer:{customer_id}"


def search(text: str, *, after: str | None = None, count: int = PAGE_SIZE) -> Slice[KnownCustomer]:
    """Customers as Customers.search finds them, and before them the one with that id; `count`, of 2 or more, are all of a page.
    Who was shown is in the audit log.

    Raises InvalidValue for a text that is too short.
    """
    customers = engines().store.customers
    exact = customers.get(text.strip())
    first = [exact] if exact and after is None else []
    try:
        # One of them may be the one with that id, who is told of once.
        found = customers.search(text, count=count + 2, after=after)
    except InvalidValue:
        if exact is None:
            raise
        found = []
    others = [one for one in found if one != exact]
    page = sliced(others, count=count - len(first), after=lambda last: last.id)
    shown = Slice([*first, *page.items], page.next)
    if shown.items:
        trail.record(StaffAction.CUSTOMERS_SOUGHT, "customers", detail={"shown": [one.id for one in shown.items]})
    return shown


def known(customer_id: str) -> KnownCustomer:
    """Raises CustomerNotFound."""
    found = engines().store.customers.get(customer_id)
    if found is None:
        raise CustomerNotFound(f"no customer {customer_id}")
    return found


def add_note(customer_id: str, *, note_id: str, text: str, by: str) -> None:
    """Keeps a note of the member's; one that is sent twice is one. `note_id`: of 16 hexadecimal digits, made up by whoever asks.

    Raises CustomerNotFound, and InvalidValue for an empty or too long text.
    """
    written = text.replace("\r\n", "\n").strip()
    if not 1 <= len(written) <= LONGEST_NOTE:
        raise InvalidValue(f"a note has 1 to {LONGEST_NOTE} characters")
    if len(note_id) != 16 or not set(note_id) <= set("0123456789abcdef"):
        raise InvalidValue(f"{note_id[:40]!r} is no id of a note")
    customer = known(customer_id)
    detail = {"note": note_id}
    trail.record(StaffAction.NOTE_ADDED, subject_of(customer.id), by=by, detail=detail, occasion=note_id)
    engines().store.notes.add(customer.id, note_id=note_id, text=written, by=by, at=utc_now())


def may_remove(note: Note, member: StaffMember) -> bool:
    """One's own, and a manager everybody's."""
    return note.by == member.email or has_role(member, "manager")


def remove_note(customer_id: str, note_id: str, *, by: StaffMember) -> bool:
    """Returns whether it was there; raises NotYours for a note of somebody else's."""
    note = engines().store.notes.get(customer_id, note_id)
    if note is None:
        return False
    if not may_remove(note, by):
        raise NotYours("a note is removed by who wrote it, or by a manager")
    detail = {"note": note_id, "by": note.by}
    subject = subject_of(customer_id)
    trail.record(StaffAction.NOTE_REMOVED, subject, by=by.email, detail=detail, occasion=note_id)
    return engines().store.notes.remove(customer_id, note_id)


def erasure(customer_id: str) -> Erasure | None:
    """How far the person's erasure is; None where there is none."""
    return engines().store.erasures.of(customer_id)


def proof_of(customer: KnownCustomer) -> str:
    """What has to be typed to have the person erased."""
    return customer.email or customer.id


def erase(customer_id: str, *, typed: str, reason: str, by: str) -> None:
    """Has the person erased: see Erasures.begin. The reason is in the audit log, for as long as that is kept. Asking a second time
    changes nothing.

    Raises CustomerNotFound, and InvalidValue where what was typed is not what `proof_of` says, or there is no reason.
    """
    if erasure(customer_id):
        return
    customer = known(customer_id)
    if typed.strip().casefold() != proof_of(customer).casefold():
        raise InvalidValue("what was typed is not who is to be erased")
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise InvalidValue(f"a reason has 1 to {LONGEST_REASON} characters")
    # First: nothing is erased of which nobody could say who did it.
    trail.record(StaffAction.CUSTOMER_ERASED, subject_of(customer.id), by=by, detail={"reason": reason.strip()})
    engines().store.erasures.begin(customer.id, at=utc_now())


def export(customer_id: str, *, by: str) -> Iterator[str]:
    """All that is kept about the person, as the pieces of a JSON document of which few are in memory at once; it ends with
    `"complete": true`. Who of the staff looked or wrote is left out: that is theirs.

    Raises CustomerNotFound; what the store raises while it is read ends the document before its end.
    """
    customer = known(customer_id)
    trail.record(StaffAction.CUSTOMER_EXPORTED, subject_of(customer.id), by=by)
    return _pieces(engines().store, customer)


def _pieces(store: Store, customer: KnownCustomer) -> Iterator[str]:
    def sessions(after: str | None) -> list[Visit]:
        return store.customers.visits(customer.id, count=EXPORTED_AT_ONCE, after=after)

    def events(after: str | None) -> list[Happening]:
        return store.customers.happenings(customer.id, count=EXPORTED_AT_ONCE, after=after)

    def notes(after: str | None) -> list[Note]:
        return store.notes.of(customer.id, count=EXPORTED_AT_ONCE, after=after)

    def before(session: str) -> Iterator[Happening]:
        return _all(lambda after: store.customers.happenings_before(session, count=EXPORTED_AT_ONCE, after=after))

    unknown = (event for visit in _all(sessions) for event in before(visit.session))
    yield f'{{"exported_at": {_json(utc_now())},\n"customer": {_json(asdict(customer))}'
    yield from _array("sessions", map(_plain, _all(sessions)))
    yield from _array("events", map(_plain, _all(events)))
    yield from _array("events_of_these_sessions_before_signing_in", map(_plain, unknown))
    yield from _array("notes", ({"at": note.at, "text": note.text} for note in _all(notes)))
    yield from _array("looks_and_changes", _log(store, customer))
    yield ',\n"complete": true}\n'


def _log(store: Store, customer: KnownCustomer) -> Iterator[dict[str, Any]]:
    after = None
    while page := store.audit.page(AuditQuery(subject=subject_of(customer.id), after=after), count=EXPORTED_AT_ONCE):
        yield from ({"at": one.entry.at, "action": one.entry.action} for one in page)
        after = (page[-1].entry.at, page[-1].key)


def _all(page: Callable[[str | None], list[Kept]]) -> Iterator[Kept]:
    """What is on all pages, one of them in memory at a time."""
    after = None
    while found := page(after):
        yield from found
        after = found[-1].key


def _plain(one: Visit | Happening) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "key" and value not in (None, {})}


def _array(name: str, values: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield f',\n"{name}": ['
    for place, value in enumerate(values):
        yield f"{',' if place else ''}\n {_json(value)}"
    yield "]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_written)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, StrEnum) else repr(value)
