"""The course of what shoppers did is that of their sessions, by the step in which they began."""

from datetime import UTC, datetime, timedelta

import pytest
from integration.backoffice.visits import BRUNO, ELODIE, keep_events
from integration.store.courses import plain_course, told_course

from listino.domain.course import Step
from listino.domain.events import Event, EventType
from listino.settings import Settings
from listino.store.client import Store
from listino.store.span import Span

BEGIN = datetime(2026, 9, 27, 22, 50, tzinfo=UTC)  # a Sunday
KINDS = list(EventType)


def some_events() -> list[Event]:
    """Of twelve sessions over forty days, on both sides of midnight; in some of them somebody signs in half way."""
    return [
        Event(
            id=f"e{number}",
            type=KINDS[number * 3 % 5],
            at=BEGIN + timedelta(days=number % 12 * 3.5, minutes=number * 7 % 140, milliseconds=number),
            session=f"v{number % 12}",
            consent=number % 4 > 1,
            customer=(ELODIE, BRUNO)[number % 12 % 2] if number % 4 > 1 and number >= 60 else None,
        )
        for number in range(240)
    ]


SPANS = [
    Span(),
    Span(since=BEGIN + timedelta(days=7, minutes=61), until=BEGIN + timedelta(days=30)),
    Span(customer=ELODIE.id),
    Span(customer=BRUNO.id, since=BEGIN + timedelta(days=3, hours=12, minutes=70)),
    Span(since=BEGIN + timedelta(days=300)),
]


@pytest.fixture
def events(settings: Settings, store: Store) -> list[Event]:
    made = some_events()
    keep_events(settings, made)
    return made


def test_the_course_is_that_of_the_sessions_that_began_in_each_step(store: Store, events: list[Event]) -> None:
    seen = 0
    for span in SPANS:
        for step in Step:
            found = told_course(store, span, step)
            assert found == plain_course(events, span, step), (span, step)
            seen += len(found)
        assert sum(sessions for _, sessions, _ in found) == store.behaviour.figures(span).sessions
    assert seen > 60


def test_the_first_event_is_that_of_the_time_and_the_customer(store: Store, events: list[Event]) -> None:
    assert store.behaviour.first_event(Span()) == min(event.at for event in events)
    of_elodie = [event.at for event in events if event.customer == ELODIE]
    assert store.behaviour.first_event(Span(customer=ELODIE.id)) == min(of_elodie)
    late = BEGIN + timedelta(days=20)
    assert store.behaviour.first_event(Span(since=late)) == min(event.at for event in events if event.at >= late)
    assert store.behaviour.first_event(Span(customer="nobody")) is None
