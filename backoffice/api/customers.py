"""Customers: finding them, what one did, notes, and the person's own rights: export and erasure."""

import secrets
from collections.abc import Iterator
from typing import Annotated, Any

from flask import abort, g
from pydantic import Field

from backoffice import trail
from backoffice.access import requires
from backoffice.api.figures import (
    Behaviour,
    Conversion,
    Course,
    DaysQuery,
    PagesQuery,
    ViewedPages,
    behaviour_of,
    conversion_of,
    course_of,
    pages_of,
)
from backoffice.api.operation import operation, subject
from backoffice.api.shapes import Absent, ListQuery, Moment, Page, Sent, SentMoment, Text, Told
from backoffice.services import customers, timeline
from listino.domain.audit import AuditEntry
from listino.domain.customers import Happening, Visit
from listino.domain.customers import Note as KeptNote
from listino.domain.events import Device, EventType
from listino.store.customers import LEAST_SOUGHT, MOST_SOUGHT

blueprint = subject("customers", "/customers", __name__)

CustomerId = Annotated[str, Field(description="The storefront's own.", examples=["42"])]
_shown = trail.shows_personal_data(lambda customer_id, **_: customers.subject_of(customer_id))


class Search(ListQuery):
    """Whom to look for. The one with that very id comes first, then the others in the order of their ids."""

    q: Annotated[
        str,
        Field(
            max_length=MOST_SOUGHT,
            description=f"An id, or the beginnings of words of name and address; {LEAST_SOUGHT} characters at least.",
            examples=["martin@"],
        ),
    ]
    count: Annotated[int, Field(ge=2, le=100, description="How many at most.")] = 25


class Customer(Told):
    """Somebody who agreed to be recognised; the times are those at which we heard of them."""

    id: CustomerId
    name: str | None
    email: str | None
    first_at: Moment
    seen_at: Moment


class TimelineQuery(ListQuery):
    """Which entries, the newest first."""

    kinds: Annotated[
        Text | Absent,
        Field(
            description=f"Some of {', '.join(timeline.KINDS)}, with commas between them; all but `look` where none is named.",
            examples=["note,checkout"],
        ),
    ] = None
    since: SentMoment | Absent = None
    until: SentMoment | Absent = None


class Session(Told):
    """A session."""

    session: str
    first_at: Moment
    last_at: Moment
    device: Device | None
    network: Annotated[str | None, Field(examples=["198.51.100.0/24"])]


class Event(Told):
    """Something that was done in the storefront."""

    type: EventType
    session: str
    device: Device | None
    page: str | None
    product: str | None
    seconds: Annotated[float | None, Field(description="Spent on it.")]
    metadata: dict[str, str | int | float | bool | None]


class Note(Told):
    """What somebody of the staff wrote."""

    id: str
    text: str
    by: str


class Deed(Told):
    """What somebody of the staff did."""

    action: Annotated[str, Field(examples=["customer.exported"])]
    by: str


class Entry(Told):
    """Something that happened: one of the four is there, the others are null."""

    at: Moment
    kind: Annotated[str, Field(examples=["session", "page_view", "note", "staff", "look"])]
    session: Session | None = None
    event: Event | None = None
    note: Note | None = None
    deed: Deed | None = None

    @classmethod
    def of(cls, entry: timeline.Entry) -> "Entry":
        at, kind = entry.at, entry.kind
        match entry.what:
            case Visit() as visit:
                return cls(at=at, kind=kind, session=Session.model_validate(visit))
            case Happening() as event:
                return cls(at=at, kind=kind, event=Event.model_validate(event))
            case KeptNote() as note:
                return cls(at=at, kind=kind, note=Note.model_validate(note))
            case AuditEntry() as deed:
                return cls(at=at, kind=kind, deed=Deed.model_validate(deed))


class NewNote(Sent):
    """A note of one's own."""

    text: Annotated[str, Field(max_length=customers.LONGEST_NOTE)]
    id: Annotated[
        str | Absent,
        Field(
            pattern="^[0-9a-f]{16}$",
            description="Made up by whoever asks, so that a note that is sent twice is kept once.",
        ),
    ] = None


class NoteId(Told):
    """What the note is removed by."""

    id: str


class Export(Told):
    """All that is kept about the person. It is read while it is sent: what does not end with `complete` is not all."""

    exported_at: Moment
    customer: Customer
    sessions: list[dict[str, Any]]
    events: list[dict[str, Any]]
    events_of_these_sessions_before_signing_in: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    looks_and_changes: list[dict[str, Any]]
    complete: bool


class Demand(Sent):
    """Whom to erase, said once more, and why; the reason is in the audit log."""

    proof: Annotated[Text, Field(description="The customer's e-mail address, or the id where there is none.")]
    reason: Annotated[str, Field(max_length=customers.LONGEST_REASON, examples=["asked in writing"])]


class Erasure(Told):
    """How far it has come: so many events of the person are anonymous, and with `done_at` all of them."""

    begun_at: Moment
    events: int
    done_at: Moment | None


@blueprint.get("")
@requires("agent", scopes=("read", "people"))
@operation()
def search(query: Search) -> Page[Customer]:
    """Search customers

    Who was shown is in the audit log."""
    found = customers.search(query.q, after=query.after, count=query.count)
    return Page[Customer].of(found, Customer.model_validate)


@blueprint.get("/<customer_id>")
@requires("agent", scopes=("read", "people"))
@_shown
@operation(problems=(404,))
def one(customer_id: CustomerId) -> Customer:
    """Read a customer

    The look is in the audit log."""
    return Customer.model_validate(customers.known(customer_id))


@blueprint.get("/<customer_id>/timeline")
@requires("agent", scopes=("read", "people"))
@_shown
@operation(problems=(404,))
def story(customer_id: CustomerId, query: TimelineQuery) -> Page[Entry]:
    """Read all that happened with a customer

    Sessions, events, notes, and what the staff did. The look is in the audit log."""
    kinds = [kind.strip() for kind in (query.kinds or "").split(",") if kind.strip()]
    asked = timeline.Asked.typed(kinds, query.since or "", query.until or "", query.after)
    found = timeline.page(customers.known(customer_id).id, asked, count=query.count)
    return Page[Entry].of(found, Entry.of)


@blueprint.get("/<customer_id>/figures")
@requires("agent", scopes=("read", "people"))
@_shown
@operation(problems=(404,))
def figures(customer_id: CustomerId, query: DaysQuery) -> Behaviour:
    """Count a customer's sessions and events

    The look is in the audit log, as with the next three."""
    return behaviour_of(query.days, customers.known(customer_id).id)


@blueprint.get("/<customer_id>/conversion")
@requires("agent", scopes=("read", "people"))
@_shown
@operation(problems=(404,))
def conversion(customer_id: CustomerId, query: DaysQuery) -> Conversion:
    """Count a customer's sessions from search to checkout"""
    return conversion_of(query.days, customers.known(customer_id).id)


@blueprint.get("/<customer_id>/pages")
@requires("agent", scopes=("read", "people"))
@_shown
@operation(problems=(404,))
def pages(customer_id: CustomerId, query: PagesQuery) -> ViewedPages:
    """List the pages that a customer viewed most"""
    return pages_of(query.days, query.count, customers.known(customer_id).id)


@blueprint.get("/<customer_id>/course")
@requires("agent", scopes=("read", "people"))
@_shown
@operation(problems=(404,))
def course(customer_id: CustomerId, query: DaysQuery) -> Course:
    """Count a customer's sessions and events over time"""
    return course_of(query.days, customers.known(customer_id).id)


@blueprint.post("/<customer_id>/notes")
@requires("agent", scopes=("write", "people"))
@operation(status=201, problems=(404,))
def add_note(customer_id: CustomerId, body: NewNote) -> NoteId:
    """Add a note"""
    note_id = body.id or secrets.token_hex(8)
    customers.add_note(customer_id, note_id=note_id, text=body.text, by=g.member.email)
    return NoteId(id=note_id)


@blueprint.delete("/<customer_id>/notes/<note_id>")
@requires("agent", scopes=("write", "people"))
@operation(problems=(404,))
def remove_note(customer_id: CustomerId, note_id: str) -> None:
    """Remove a note

    One's own; a manager's token removes everybody's."""
    if not customers.remove_note(customer_id, note_id, by=g.member):
        abort(404)


@blueprint.get("/<customer_id>/export")
@requires("agent", scopes=("read", "people"))
@operation(problems=(404,), streams=Export)
def export(customer_id: CustomerId) -> Iterator[str]:
    """Export all that is kept about a customer

    That it was done is in the audit log."""
    return customers.export(customer_id, by=g.member.email)


@blueprint.post("/<customer_id>/erase")
@requires("manager", scopes=("write", "people"))
@operation(status=202, problems=(404,))
def erase(customer_id: CustomerId, body: Demand) -> Erasure:
    """Have a customer erased

    Name, address and notes are gone at once, the rest follows by itself. Asking again changes nothing."""
    customers.erase(customer_id, typed=body.proof, reason=body.reason, by=g.member.email)
    return _erasure(customer_id)


@blueprint.get("/<customer_id>/erasure")
@requires("agent", scopes=("read", "people"))
@operation(problems=(404,))
def erasure(customer_id: CustomerId) -> Erasure:
    """Read how far an erasure is

    404: there is none."""
    return _erasure(customer_id)


def _erasure(customer_id: str) -> Erasure:
    found = customers.erasure(customer_id)
    if found is None:
        abort(404)
    return Erasure.model_validate(found)
