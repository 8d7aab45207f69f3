"""Customers and what they did, for programs: the same as the pages show, noted in the same log."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from integration.backoffice.calls import ELODIE, called_back_office, sessions
from integration.backoffice.goods import AGENT, MANAGER
from integration.backoffice.program import Ask, all_of
from integration.backoffice.visits import ELODIE as VISITOR
from integration.backoffice.visits import keep_events, last_month, visits

from backoffice.services import analytics
from listino.domain.events import STEPS, Customer, EventType
from listino.settings import Settings
from listino.store.client import Store

ONE = f"/customers/{ELODIE.id}"


app = pytest.fixture(called_back_office)


def test_a_customer_is_found_read_and_noted_about_and_all_of_it_is_in_the_log(
    app: Flask, program: Callable[..., Ask], store: Store
) -> None:
    ask = program(AGENT, "read", "write", "people")
    assert [one["id"] for one in all_of(ask, "/customers", q="martin")] == ["elodie-42", "hans-7"]
    assert [one["id"] for one in all_of(ask, "/customers", q="hans-7")] == ["hans-7"]
    assert ask("/customers?q=m").status_code == 400
    assert ask(ONE).json["email"] == ELODIE.email
    assert ask("/customers/nobody").json["detail"] == "There is no customer nobody."

    note = {"text": "wants an invoice", "id": "a" * 16}
    for _ in range(2):
        assert ask(f"{ONE}/notes", "POST", json=note).json == {"id": "a" * 16}
    timeline = all_of(ask, f"{ONE}/timeline")
    assert Counter(one["kind"] for one in timeline) == Counter(
        [*(event.type for event in sessions() if event.customer == ELODIE), "session", "session", "note"]
    )
    assert (timeline[0]["note"]["text"], timeline[0]["event"]) == ("wants an invoice", None)
    assert [one["at"] for one in timeline] == sorted((one["at"] for one in timeline), reverse=True)
    bought = all_of(ask, f"{ONE}/timeline", kinds="checkout,note")
    assert [one["kind"] for one in bought] == ["note", "checkout", "checkout"]
    assert bought[1]["event"]["metadata"] == {"order": "A-1042", "total": 4790}
    for strange in ("kinds=nothing", "since=x", "after=x", "until=9999-12-31"):
        assert ask(f"{ONE}/timeline?{strange}").status_code == 400, strange
    assert ask(f"{ONE}/notes/{'a' * 16}", "DELETE").status_code == 204
    assert ask(f"{ONE}/notes/{'a' * 16}", "DELETE").status_code == 404
    assert ask(f"{ONE}/figures?period=all_time").json["sessions"] == 2
    actions = Counter(one.action for one in store.audit.of(f"customer:{ELODIE.id}"))
    # The customer, seven pages of the timeline and two of a part of it, the figures.
    looks = 1 + len(timeline) // 2 + len(timeline) % 2 + 2 + 1
    assert actions == {"personal_data.viewed": looks, "customer.note_added": 1, "customer.note_removed": 1}
    sought = [one.detail["shown"] for one in store.audit.of("customers")]
    assert sought == [["hans-7"], ["elodie-42", "hans-7"]]


def test_who_has_the_very_id_comes_first_and_once(program: Callable[..., Ask], settings: Settings) -> None:
    martin = Customer(id="martin", name="Martin Roux")
    keep_events(settings, [replace(sessions()[0], id="m-1", session="v-martin", customer=martin)])
    ask = program(AGENT, "read", "people")
    assert [one["id"] for one in all_of(ask, "/customers", q="martin")] == ["martin", "elodie-42", "hans-7"]


def test_a_customer_is_exported_and_erased_by_a_manager_who_says_whom(
    program: Callable[..., Ask], store: Store
) -> None:
    agent, manager = program(AGENT, "read", "write", "people"), program(MANAGER, "write", "people")
    exported = agent(f"{ONE}/export")
    assert exported.is_streamed
    assert (exported.json["complete"], len(exported.json["events"])) == (True, 10)
    assert store.audit.of(f"customer:{ELODIE.id}")[0].action == "customer.exported"

    demand = {"proof": ELODIE.email, "reason": "asked in writing"}
    assert agent(f"{ONE}/erase", "POST", json=demand).status_code == 403
    assert manager(f"{ONE}/erase", "POST", json=demand | {"proof": "hans"}).status_code == 400
    assert agent(f"{ONE}/erasure").status_code == 404
    assert store.customers.get(ELODIE.id) is not None
    for _ in range(2):
        begun = manager(f"{ONE}/erase", "POST", json=demand)
        assert (begun.status_code, begun.json["done_at"]) == (202, None)
    assert agent(f"{ONE}/erasure").json == begun.json
    assert agent(ONE).status_code == 404
    erased = [one for one in store.audit.of(f"customer:{ELODIE.id}") if one.action == "customer.erased"]
    assert [(one.by, one.detail) for one in erased] == [(MANAGER, {"reason": "asked in writing"})]


def test_the_figures_are_those_of_the_events(onlooker: Callable[..., Ask]) -> None:
    ask, (first, last) = onlooker("read"), last_month()
    events = [event for event in visits() if first <= event.at.date() <= last]
    figures = ask("/analytics/figures?period=last_month").json
    assert (figures["since"], figures["until"]) == (str(first), str(last))
    assert ask(f"/analytics/figures?since={first}&until={last}").json == figures
    assert figures["sessions"] == len({event.session for event in events})
    counts = Counter(event.type for event in events)
    assert {kind: one["count"] for kind, one in figures["events"].items()} == {kind: counts[kind] for kind in EventType}

    steps = ask("/analytics/conversion?period=last_month").json["steps"]
    assert [one["step"] for one in steps] == list(STEPS)
    assert steps[0]["of_sessions"] == steps[0]["sessions"] / figures["sessions"]
    pages = ask("/analytics/pages?period=last_month&count=2").json["items"]
    viewed = Counter(event.page for event in events if event.type is EventType.PAGE_VIEW)
    assert [one["views"]["count"] for one in pages] == [count for _, count in viewed.most_common(2)]
    course = ask("/analytics/course?period=last_month").json
    assert (course["step"], len(course["items"])) == ("day", (last - first).days + 1)
    assert sum(one["sessions"] for one in course["items"]) == figures["sessions"]


def test_the_figures_of_one_customer_are_for_who_may_know_of_customers(
    onlooker: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/customers/{VISITOR.id}"
    assert onlooker("read")(f"{address}/figures").status_code == 403
    ask = onlooker("read", "people")
    own = {event.session for event in visits() if event.customer == VISITOR}
    assert ask(f"{address}/figures?period=last_month").json["sessions"] == len(own)
    assert ask(f"{address}/conversion?period=last_month").json["sessions"] == len(own)
    assert sum(one["sessions"] for one in ask(f"{address}/course?period=last_month").json["items"]) == len(own)
    assert ask(f"{address}/pages?period=last_month").json["items"]
    wrong = ("period=today&since=2026-05-01", "since=1700000000", "since=2026-05-02&until=2026-05-01")
    assert [ask(f"{address}/figures?{days}").status_code for days in wrong] == [400] * 3

    monkeypatch.setattr(analytics, "_in_time", lambda *_: None)
    late = ask("/analytics/figures")
    assert (late.status_code, "Retry-After" in late.headers) == (503, True)
