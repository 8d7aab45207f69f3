"""Finding a customer, seeing what happened, noting what was said; and the person's own rights: export and erasure."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.utils import secure_filename

from backoffice import trail
from backoffice.access import requires
from backoffice.deeds import deed
from backoffice.formats import date, instant
from backoffice.happenings import DEVICES, KINDS
from backoffice.lists import Slice, ways
from backoffice.sentences import said
from backoffice.services import customers, timeline
from listino.domain.clock import utc_now
from listino.domain.customers import Visit
from listino.domain.errors import CustomerNotFound, InvalidValue
from listino.domain.events import EventType
from listino.store.customers import LEAST_SOUGHT, MOST_SOUGHT

blueprint = Blueprint("customers", __name__, url_prefix="/customers")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of a customer's page asks for, as it was typed; nothing is all time."""

    kinds: tuple[str, ...]
    since: str
    until: str

    @classmethod
    def of_address(cls) -> "Filters":
        kinds = tuple(dict.fromkeys(request.args.getlist("type")[: len(timeline.KINDS)]))
        return cls(kinds, *(request.args.get(name, "").strip()[:40] for name in ("since", "until")))

    @property
    def named(self) -> dict[str, Any]:
        """Those that are set."""
        asked = {"type": list(self.kinds), "since": self.since, "until": self.until}
        return {name: value for name, value in asked.items() if value}

    def asked(self, after: str | None = None) -> timeline.Asked:
        """Raises InvalidValue."""
        return timeline.Asked.typed(self.kinds, self.since, self.until, after)


@blueprint.get("")
@requires("agent")
def search() -> ResponseReturnValue:
    """The customers whose name or address has words that begin so; nobody where nothing is asked."""
    text, after = request.args.get("q", "").strip()[:MOST_SOUGHT], request.args.get("after")
    found, too_short = None, False
    if text:
        try:
            found = customers.search(text, after=after)
        except InvalidValue:
            too_short = True
    return render_template(
        "customers/search.html",
        q=text,
        found=found,
        too_short=too_short,
        least=LEAST_SOUGHT,
        **ways("customers.search", after, found or Slice([], None), q=text),
    )


@blueprint.get("/<customer_id>")
@requires("agent")
def page(customer_id: str) -> ResponseReturnValue:
    """The customer's story; all of it where a filter cannot be understood, which stays as it was typed."""
    try:
        return _page(customer_id)
    except InvalidValue as error:
        return _page(customer_id, complaint=said(error), asked=timeline.Asked()), 400


@blueprint.post("/<customer_id>/notes")
@requires("agent")
def add_note(customer_id: str) -> ResponseReturnValue:
    """A note of one's own; what was typed stays in its field where it cannot be kept."""
    typed = request.form.get("text", "")
    try:
        customers.add_note(customer_id, note_id=request.form.get("note", ""), text=typed, by=g.member.email)
    except InvalidValue as error:
        return _page(customer_id, typed=typed, wrong=said(error)), 422
    flash(gettext("The note is kept."), "good")
    return redirect(url_for("customers.page", customer_id=customer_id), 303)


@blueprint.post("/<customer_id>/notes/<note_id>/remove")
@requires("agent")
def remove_note(customer_id: str, note_id: str) -> ResponseReturnValue:
    if customers.remove_note(customer_id, note_id, by=g.member):
        flash(gettext("The note is removed."), "good")
    else:
        flash(gettext("Nothing was changed: the note was removed already."), "warn")
    return redirect(url_for("customers.page", customer_id=customer_id), 303)


@blueprint.get("/<customer_id>/export")
@requires("agent")
def export(customer_id: str) -> ResponseReturnValue:
    """All that is kept about the person, as a JSON file that is sent while it is read."""
    name = secure_filename(f"customer-{customer_id}.json")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(customers.export(customer_id, by=g.member.email), mimetype="application/json", headers=headers)


@blueprint.get("/<customer_id>/erase")
@requires("manager")
def confirm_erasure(customer_id: str) -> ResponseReturnValue:
    """What erasing the person would mean, and the form that asks for it."""
    if customers.erasure(customer_id):
        return redirect(url_for("customers.page", customer_id=customer_id))
    return _confirmation(customer_id=customer_id)


@blueprint.post("/<customer_id>/erase")
@requires("manager")
def erase(customer_id: str) -> ResponseReturnValue:
    typed = {name: request.form.get(name, "") for name in ("typed", "reason")}
    try:
        customers.erase(customer_id, **typed, by=g.member.email)
    except InvalidValue as error:
        return _confirmation(customer_id=customer_id, wrong=said(error), **typed), 422
    return redirect(url_for("customers.page", customer_id=customer_id), 303)


@trail.shows_personal_data(lambda customer_id, **_: customers.subject_of(customer_id))
def _confirmation(*, customer_id: str, wrong: str = "", typed: str = "", reason: str = "") -> str:
    customer = customers.known(customer_id)
    return render_template(
        "customers/erase.html",
        customer=customer,
        proof=customers.proof_of(customer),
        wrong=wrong,
        typed=typed,
        reason=reason,
        longest=customers.LONGEST_REASON,
    )


def _page(
    customer_id: str, *, typed: str = "", wrong: str = "", complaint: str = "", asked: timeline.Asked | None = None
) -> str:
    """The customer's page, or that of the erasure. `asked`: in place of what the address asks for."""
    try:
        return _story(customer_id=customer_id, typed=typed, wrong=wrong, complaint=complaint, asked=asked)
    except CustomerNotFound:
        erasure = customers.erasure(customer_id)
        if erasure is None:
            raise
        return render_template("customers/erased.html", customer_id=customer_id, erasure=erasure)


@trail.shows_personal_data(lambda customer_id, **_: customers.subject_of(customer_id))
def _story(
    *, customer_id: str, typed: str, wrong: str, complaint: str = "", asked: timeline.Asked | None = None
) -> str:
    filters, after = Filters.of_address(), request.args.get("after")
    story = timeline.story(customer_id, asked if asked is not None else filters.asked(after))
    named = filters.named if asked is None else {}
    return render_template(
        "customers/page.html",
        story=story,
        customer=story.customer,
        filters=filters,
        by_day=[(day, list(some)) for day, some in groupby(story.entries.items, lambda entry: date(entry.at))],
        kinds={kind: KINDS[kind] for kind in timeline.KINDS},
        devices=DEVICES,
        event_types=list(EventType),
        spans=_spans(named),
        within=_within(customer_id),
        may_remove=lambda note: customers.may_remove(note, g.member),
        deed=deed,
        note_id=secrets.token_hex(8),
        typed=typed,
        wrong=wrong,
        complaint=complaint,
        **ways("customers.page", after, story.entries, customer_id=customer_id, **named),
    )


def _spans(named: Mapping[str, Any]) -> list[tuple[str, dict[str, Any], bool]]:
    """The times that are asked for most: name, filters, and whether that is what the page shows."""
    today = utc_now().astimezone(UTC).date()
    yesterday, week = today - timedelta(days=1), today - timedelta(days=6)
    spans: tuple[tuple[str, dict[str, Any]], ...] = (
        (gettext("All time"), {}),
        (gettext("Today"), {"since": str(today)}),
        (gettext("Yesterday"), {"since": str(yesterday), "until": str(yesterday)}),
        (gettext("7 days"), {"since": str(week)}),
    )
    kept = {name: value for name, value in named.items() if name == "type"}
    times = {name: value for name, value in named.items() if name != "type"}
    return [(name, {**kept, **span}, times == span) for name, span in spans]


def _within(customer_id: str) -> Any:
    """The address of what happened in a session."""

    def address(visit: Visit) -> str:
        since, until = instant(visit.first_at), instant(visit.last_at)
        return url_for("customers.page", customer_id=customer_id, since=since, until=until)

    return address
