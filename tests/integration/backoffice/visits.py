"""What some shoppers did last month and on the days around it."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta

from listino.domain.clock import utc_now
from listino.domain.events import Customer, Event, EventType
from listino.settings import Settings
from listino.store.aio import AsyncStore

ELODIE = Customer(id="42", name="Élodie Martin", email="elodie@shop.example")
BRUNO = Customer(id="43", name="Bruno Elo", email="bruno@shop.example")
FORMULA = "/=HYPERLINK(1)"  # as any page: what a browser sends begins with a slash
_SALE = (EventType.SEARCH, EventType.PAGE_VIEW, EventType.PAGE_VIEW, EventType.ADD_TO_CART, EventType.CHECKOUT)


def last_month() -> tuple[date, date]:
    """Its first and its last day, in UTC."""
    last = utc_now().date().replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def visits() -> list[Event]:
    """Thirty visits of last month, each of which goes a step further than the one before until one begins anew; and four of
    one view each: in the month's first and last millisecond, in the one before and the one after."""
    first, last = (datetime.combine(day, time(), UTC) for day in last_month())
    made = []
    for number in range(30):
        who = {0: ELODIE, 1: BRUNO}.get(number % 4)
        begun = first + timedelta(days=number % 27, hours=number % 24, minutes=5 * number)
        for place, kind in enumerate(_SALE[: 1 + number % len(_SALE)]):
            made.append(
                Event(
                    id=f"e{number}-{place}",
                    type=kind,
                    at=begun + timedelta(minutes=2 * place, milliseconds=number),
                    session=f"v{number}",
                    consent=who is not None,
                    customer=who,
                    page=f"/products/it:bottega:c{number * place % 14:03}" if kind is EventType.PAGE_VIEW else None,
                    ms=1000 * number + 250 if place % 3 else None,
                )
            )
    edges = (first - _MS, first, last + timedelta(days=1) - _MS, last + timedelta(days=1))
    for number, at in enumerate(edges):
        made.append(
            Event(
                id=f"edge{number}",
                type=EventType.PAGE_VIEW,
                at=at,
                session=f"edge{number}",
                consent=False,
                page=FORMULA,
                ms=500,
            )
        )
    return made


_MS = timedelta(milliseconds=1)


def keep_events(settings: Settings, events: Sequence[Event]) -> None:
    """As the storefront keeps them. In a thread of its own: a browser's may have an event loop already."""

    async def keep() -> None:
        store = AsyncStore(settings)
        try:
            await store.events.keep(events)
        finally:
            store.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, keep()).result()
