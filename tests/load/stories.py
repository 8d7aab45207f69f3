"""What shoppers of a storefront tell while they visit it: batches of events, each at its time."""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

CUSTOMERS = 5000
PAGES = 500
ANONYMOUS = 0.3  # of sessions
AGREED = 0.5  # of anonymous ones
LEAST, MOST = 2, 4  # batches of a session
PAUSE_SECONDS = (5.0, 25.0)  # between two batches of a session
BEFORE_SECONDS = 100.0  # longer than a session lasts: when the measurement begins there are sessions of every age
TYPES = ("search", "page_view", "page_view", "page_view", "page_view", "add_to_cart", "upsell", "checkout")
DEVICES = ("desktop", "mobile", "mobile", "tablet")


@dataclass(slots=True)
class _Session:
    id: str
    customer: dict[str, str] | None
    consent: bool
    device: str
    batches: int  # that are still to be told
    told: float  # the time of its last batch, in seconds


def batches(rate: float, seconds: float, size: int, *, begins: datetime, seed: int = 1) -> Iterator[bytes]:
    """The bodies for /events in the order in which they are due: `size` events every `size / rate` seconds, each of one
    session. Their events happened since the session's last batch, if told at their time from `begins` on."""
    chance = random.Random(seed)
    waiting: list[tuple[float, int, _Session]] = []
    for turn in range(-round(BEFORE_SECONDS * rate / size), round(seconds * rate / size)):
        now = turn * size / rate
        session = heapq.heappop(waiting)[2] if waiting and waiting[0][0] <= now else _begun(chance, now)
        if turn >= 0:
            yield orjson.dumps([_event(chance, session, begins, now) for _ in range(size)])
        session.batches -= 1
        session.told = now
        if session.batches:
            heapq.heappush(waiting, (now + chance.uniform(*PAUSE_SECONDS), turn, session))


def _begun(chance: random.Random, now: float) -> _Session:
    who = None if chance.random() < ANONYMOUS else str(chance.randrange(CUSTOMERS))
    return _Session(
        id=f"{chance.getrandbits(128):032x}",
        customer=None
        if who is None
        else {"id": who, "name": f"Customer Of The Shop {who}", "email": f"customer.{who}@shop.example"},
        consent=who is not None or chance.random() < AGREED,
        device=chance.choice(DEVICES),
        batches=chance.randint(LEAST, MOST),
        told=now - PAUSE_SECONDS[0],
    )


def _event(chance: random.Random, session: _Session, begins: datetime, now: float) -> dict[str, object]:
    kind, page = chance.choice(TYPES), chance.randrange(PAGES)
    event: dict[str, object] = {
        "id": f"{chance.getrandbits(128):032x}",
        "type": kind,
        "at": (begins + timedelta(seconds=chance.uniform(session.told, now))).isoformat(),
        "session": session.id,
        "consent": session.consent,
        "device": session.device,
        "page": "/search" if kind == "search" else f"/products/{page}",
    }
    if session.customer is not None:
        event["customer"] = session.customer
    if kind == "search":
        event["metadata"] = {"query": f"red shirt {page}", "found": page}
    else:
        event |= {"product": page, "seconds": chance.randrange(60)}
    return event
