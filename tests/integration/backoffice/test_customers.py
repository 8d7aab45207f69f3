"""Customers: found as one writes, one timeline page by page, notes, export and erasure; and all of it in the audit log."""

import html
import json
import re
from datetime import timedelta

import pytest
from flask import Flask
from integration.backoffice.calls import ELODIE, YESTERDAY, called_back_office, sessions
from integration.backoffice.conftest import ADMIN, AGENT, MANAGER, Person, signed_in, token

from backoffice.services import timeline
from listino.domain.audit import AuditEntry
from listino.domain.clock import utc_now
from listino.store.audit import AuditQuery
from listino.store.client import Store

PAGE = f"/customers/{ELODIE.id}"
SUBJECT = f"customer:{ELODIE.id}"


app = pytest.fixture(called_back_office)


def log(store: Store, subject: str = SUBJECT) -> list[AuditEntry]:
    return store.audit.of(subject)


def entries(page: str) -> list[tuple[str, str]]:
    """Kind and time of each entry of a timeline."""
    return re.findall(r'<li class="story-(\w+)">\s*<time datetime="([^"]+)"', page)


def note(person: Person, text: str, address: str = PAGE):
    page = person.see(PAGE)
    person.token = token(page)
    found = re.search(r'name="note" value="([0-9a-f]{16})"', page)
    assert found
    return person.send(f"{address}/notes", text=text, note=found[1]), found[1]


def test_a_part_of_the_address_finds_the_customer_and_who_was_shown_is_in_the_log(app: Flask, store: Store) -> None:
    agent = signed_in(app, AGENT)
    assert "Whom are you looking for?" in agent.see("/customers")
    for typed, there, absent in (
        ("martin@fl", "elodie-42", "hans-7"),
        ("FLEURS", "elodie-42", "hans-7"),
        ("martin", "elodie-42", "nobody"),
        ("hans-7", "Hans Martinsen", "Élodie"),
    ):
        page = agent.see(f"/customers?q={typed}")
        assert there in page, typed
        assert absent not in page, typed
    assert "Go on typing" in agent.see("/customers?q=m")
    assert "Nobody found" in agent.see("/customers?q=zzzz")
    shown = [one.detail["shown"] for one in log(store, "customers")]
    assert shown == [["hans-7"], ["elodie-42", "hans-7"], ["elodie-42"], ["elodie-42"]]


def test_the_timeline_has_everything_once_in_one_order_page_by_page(
    app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = signed_in(app, AGENT)
    events = [one for one in sessions() if one.customer == ELODIE]
    # At the very moment of an event, and of the end of its session: nothing is lost where a page ends between them.
    for number, at in enumerate((events[4].at, events[1].at)):
        store.notes.add(ELODIE.id, note_id=f"{number:016}", text="called", by=AGENT, at=at)
    agent.see(f"{PAGE}/export")
    whole = entries(agent.see(PAGE))
    for size in (2, 3):
        monkeypatch.setattr(timeline, "PAGE_SIZE", size)
        address, found = PAGE, []
        while address:
            page = agent.see(address)
            found += entries(page)
            following = re.search(r'rel="next" href="([^"]+)"', page)
            address = html.unescape(following[1]) if following else ""
        assert found == whole, size
    expected = sorted([kind for kind, _ in found])
    assert expected == sorted([*(one.type for one in events), "session", "session", "note", "note", "staff"])
    assert len(set(found)) == len(found)
    times = [at for _, at in found]
    assert times == sorted(times, reverse=True)
    kinds = [kind for kind, at in found if at == events[4].at.isoformat()]
    assert kinds == ["session", "note", "checkout"]


def test_filters_are_in_the_address(app: Flask) -> None:
    agent = signed_in(app, AGENT)
    day = f"{YESTERDAY:%Y-%m-%d}"
    found = entries(agent.see(f"{PAGE}?type=page_view&type=checkout&since={day}&until={day}"))
    assert [kind for kind, _ in found] == ["checkout", "page_view", "page_view"]
    assert len(entries(agent.see(PAGE))) == 12
    whole = agent.see(PAGE)
    within = html.unescape(re.findall(r'class="strong" href="([^"]+)"', whole)[0])
    assert [kind for kind, _ in entries(agent.see(within))] == [
        "session", "checkout", "add_to_cart", "page_view", "page_view", "search",
    ]  # fmt: skip
    assert "Session of 12\N{NO-BREAK SPACE}min 0\N{NO-BREAK SPACE}s" in whole
    assert "198.51.100.0/24" in whole
    looks = entries(agent.see(f"{PAGE}?type=look"))
    assert len(looks) == 4, "each page that was seen"
    for strange in (
        "type=nothing",
        "since=x",
        "since=0001-01-01T00:00:00%2B14:00",
        "until=9999-12-31",
        "after=x",
        "after=9 2026-01-01 x",
        "after=1 9999-12-31T23:59:59-12:00 x",
    ):
        assert agent.client.get(f"{PAGE}?{strange}").status_code == 400, strange


def test_a_note_is_kept_once_and_removed_by_its_author_or_a_manager(app: Flask, store: Store) -> None:
    agent, manager, other = (signed_in(app, email) for email in (AGENT, MANAGER, AGENT))
    answer, key = note(agent, "  <b>Wants</b> an invoice\r\nby post ")
    assert answer.status_code == 303
    again = agent.send(f"{PAGE}/notes", text="sent twice", note=key)
    assert again.status_code == 303
    (kept,) = store.notes.of(ELODIE.id)
    assert (kept.text, kept.by) == ("<b>Wants</b> an invoice\nby post", AGENT)
    assert "&lt;b&gt;Wants" in other.see(PAGE)

    for wrong in ("", "   ", "x" * 2001):
        refused, _ = note(agent, wrong)
        assert refused.status_code == 422
        assert "A note has 1 to 2000 characters" in refused.text
        assert wrong in refused.text, "what was typed is still there"

    app.extensions["listino"].store.notes.add(ELODIE.id, note_id="b" * 16, text="of hers", by=MANAGER, at=utc_now())
    assert agent.send(f"{PAGE}/notes/{'b' * 16}/remove").status_code == 403
    manager.token = token(manager.see(PAGE))
    assert manager.send(f"{PAGE}/notes/{key}/remove").status_code == 303
    assert [one.text for one in store.notes.of(ELODIE.id)] == ["of hers"]
    assert manager.send(f"{PAGE}/notes/{key}/remove").status_code == 303
    told = [one.action for one in log(store) if one.action.startswith("customer.")]
    assert told == ["customer.note_removed", "customer.note_added"]
    assert "Wants" not in str(log(store))


def test_the_export_has_all_that_is_kept_and_names_no_colleague(app: Flask, store: Store) -> None:
    agent = signed_in(app, AGENT)
    note(agent, "prefers the telephone")
    answer = agent.client.get(f"{PAGE}/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="customer-elodie-42.json"'
    assert answer.is_streamed
    told = json.loads(answer.text)
    assert told["customer"]["email"] == ELODIE.email
    assert len(told["events"]) == 10
    assert {one["session"] for one in told["sessions"]} == {"v-yesterday", "v-week"}
    assert [one["text"] for one in told["notes"]] == ["prefers the telephone"]
    assert "customer.exported" in [one["action"] for one in told["looks_and_changes"]]
    assert told["complete"] is True
    assert AGENT not in answer.text
    assert "Hans" not in answer.text
    assert log(store)[0].action == "customer.exported"
    assert agent.client.get("/customers/nobody/export").status_code == 404


def test_erasure_is_for_managers_who_type_whom(app: Flask, store: Store) -> None:
    agent, manager = signed_in(app, AGENT), signed_in(app, MANAGER)
    note(agent, "anything")
    assert agent.client.get(f"{PAGE}/erase").status_code == 403
    assert "Erase …" not in agent.see(PAGE)
    manager.token = token(manager.see(f"{PAGE}/erase"))
    for typed, reason in (("elodie", "asked in writing"), (ELODIE.email, "  ")):
        refused = manager.send(f"{PAGE}/erase", typed=typed, reason=reason)
        assert refused.status_code == 422
        assert f'value="{typed}"' in refused.text
    assert store.customers.get(ELODIE.id) is not None

    for _ in range(2):
        answer = manager.send(f"{PAGE}/erase", typed=ELODIE.email.upper(), reason="asked in writing")
        assert answer.status_code == 303
    page = manager.see(PAGE)
    assert "Being done" in page
    assert "Martin" not in page
    assert store.notes.of(ELODIE.id) == []
    assert "Nobody found" in agent.see("/customers?q=elodie")
    erased = [one for one in log(store) if one.action == "customer.erased"]
    assert [(one.by, one.detail) for one in erased] == [(MANAGER, {"reason": "asked in writing"})]
    assert note_refused(agent) == 404
    assert agent.client.get(f"{PAGE}/export").status_code == 404


def note_refused(person: Person) -> int:
    person.token = token(person.see("/crawls"))
    return person.send(f"{PAGE}/notes", text="too late", note="c" * 16).status_code


def test_every_look_at_a_customer_is_in_the_log(app: Flask, store: Store) -> None:
    signed_in(app, ADMIN).see(PAGE)
    (look,) = log(store)
    assert (look.action, look.by, look.detail) == ("personal_data.viewed", ADMIN, {"page": "customers.page"})
    query = AuditQuery(subject=SUBJECT, since=utc_now() - timedelta(minutes=5))
    assert len(store.audit.page(query, count=5)) == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("since=2026-13-45", "2026-13-45"),
        ("since=2026-11-20&until=2026-11-19", "The first day is after the last."),
        ("after=madeup", "notice-bad"),
    ],
)
def test_a_filter_that_cannot_be_understood_stays_and_costs_nobody_the_page(app: Flask, asked: str, said: str) -> None:
    agent = signed_in(app, AGENT)
    answer = agent.client.get(f"{PAGE}?{asked}&type=note&type=search")
    page = html.unescape(answer.text)
    assert answer.status_code == 400
    assert f"{said}" in page.split('id="found"')[1].split("</nav>")[0]
    assert "Shown is all that happened." in page
    assert len(entries(page)) == len(entries(html.unescape(agent.see(PAGE)))) > 0
    assert page.count("checked") == 2
