"""What a customer did who calls today: yesterday, and a week ago."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from flask import Flask
from integration.backoffice.goods import LAMP, employ
from integration.backoffice.visits import keep_events

from backoffice.app import create_app
from listino.domain.events import Customer, Device, Event, EventType
from listino.settings import Settings
from listino.store.client import Store

NOW = datetime.now(UTC).replace(microsecond=0)
ELODIE = Customer(id="elodie-42", name="Élodie Martin", email="elodie.martin@fleurs.example")
YESTERDAY = (NOW - timedelta(days=1)).replace(hour=10, minute=30, second=0)


def sessions() -> list[Event]:
    """Élodie's session of yesterday, one of a week ago, and one event of somebody else."""
    steps = (
        (EventType.SEARCH, None, None, {"typed": "lampada"}),
        (EventType.PAGE_VIEW, f"/products/{LAMP}", LAMP, {}),
        (EventType.PAGE_VIEW, "/products/it:bottega:c001", "it:bottega:c001", {}),
        (EventType.ADD_TO_CART, None, LAMP, {}),
        (EventType.CHECKOUT, "/checkout", None, {"order": "A-1042", "total": 4790}),
    )
    return [
        Event(
            id=f"{session}-{number}",
            type=kind,
            at=began + timedelta(minutes=3 * number),
            session=session,
            consent=True,
            customer=ELODIE,
            network="198.51.100.0/24",
            device=Device.MOBILE,
            page=path,
            product=product,
            ms=12_500 * number or None,
            metadata=metadata,
        )
        for session, began in (("v-yesterday", YESTERDAY), ("v-week", YESTERDAY - timedelta(days=6)))
        for number, (kind, path, product, metadata) in enumerate(steps)
    ] + [
        Event(
            id="h-1",
            type=EventType.PAGE_VIEW,
            at=YESTERDAY,
            session="v-hans",
            consent=True,
            customer=Customer(id="hans-7", name="Hans Martinsen"),
            page="/",
        )
    ]


def called_back_office(store: Store, settings: Settings) -> Iterator[Flask]:
    """A back office with customers and staff, and no goods: a fixture for those who change it."""
    employ(store)
    keep_events(settings, sessions())
    made = create_app(settings)
    yield made
    made.extensions["listino"].close()
