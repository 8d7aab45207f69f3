"""The course of events, counted event by event."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from listino.domain.course import Step
from listino.domain.events import Event, EventType
from listino.store.behaviour import Asked
from listino.store.client import Store
from listino.store.span import Span


def plain_course(events: Sequence[Event], span: Span, step: Step) -> list[tuple[datetime, int, dict[EventType, int]]]:
    """Each step in which a session began within the span, with how many did and their events within it by type."""
    wanted = [
        event
        for event in events
        if (span.since is None or event.at >= span.since)
        and (span.until is None or event.at < span.until)
        and (span.customer is None or (event.customer is not None and event.customer.id == span.customer))
    ]
    first: dict[str, datetime] = {}
    for event in wanted:
        first[event.session] = min(first.get(event.session, event.at), event.at)
    types: dict[datetime, Counter[EventType]] = defaultdict(Counter)
    for event in wanted:
        types[step.begin(first[event.session])][event.type] += 1
    begun = Counter(step.begin(at) for at in first.values())
    return [(at, begun[at], {kind: types[at][kind] for kind in EventType}) for at in sorted(types)]


def told_course(store: Store, asked: Asked, step: Step) -> list[tuple[datetime, int, dict[EventType, int]]]:
    """The same as the store tells it."""
    return [(one.at, one.sessions, dict(one.types)) for one in store.behaviour.course(asked, step=step)]
