"""A year of shoppers, written past the API: customers, their sessions and events, and the sums that are made of them.

`.venv/bin/python tests/load/shoppers.py --customers 10000 --events 1000000` fills the database that the settings name, whose events, sessions
and customers must be empty; the figures of ten million events are then told as at the end of a year of taking them in.
"""

import argparse
import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from click import echo
from pymongo import MongoClient
from pymongo.database import Database

from listino.domain.clock import utc_now
from listino.domain.events import Customer, Device, Event, EventType
from listino.settings import Settings, load_settings
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.documents import Document
from listino.store.event_writes import event_writes, session_id, terms_of
from listino.store.sums import sums_of
from listino.store.tiles import EARLIEST, unsealing
from listino.store.visits import visit_of

DAYS = 365
EVENTS_A_SESSION = 20
AT_ONCE = 500  # sessions in one write
WRITERS = 3
FIRST_NAMES = (
    "Ada",
    "Bruno",
    "Chloé",
    "Dario",
    "Élodie",
    "Franz",
    "Giulia",
    "Hanna",
    "Iñigo",
    "Jürgen",
    "Klara",
    "Luis",
)
LAST_NAMES = (
    "Rossi",
    "Bianchi",
    "Martin",
    "Durand",
    "Müller",
    "Schäfer",
    "García",
    "Núñez",
    "Ferrari",
    "Petit",
    "Weber",
)
TYPES = [EventType.SEARCH] * 4 + [EventType.PAGE_VIEW] * 11 + [EventType.ADD_TO_CART] * 2 + [EventType.UPSELL] * 2
CHECKOUTS = 0.03  # of sessions
SIGNS_IN = 0.1  # of sessions: somebody is known from half way on
UNKNOWN = 0.3  # of sessions
EMPTIED_FIRST = ("by_owner", "kept_for_days")  # indexes of events: built at the end in a fraction of the time


def session_of(chance: random.Random, number: int, customers: int, products: int, end: datetime) -> list[Event]:
    """The events of one session of the year before `end`; more of them by day than by night."""
    begin = end - timedelta(days=DAYS * chance.random())
    begin = begin.replace(hour=min(23, round(chance.triangular(0, 23, 19))), minute=chance.randrange(60))
    who = Customer(id=str(chance.randrange(customers)))
    kind = chance.random()
    count = min(200, 1 + int(chance.expovariate(1 / (EVENTS_A_SESSION - 1))))
    types = chance.choices(TYPES, k=count)
    if chance.random() < CHECKOUTS:
        types.append(EventType.CHECKOUT)
    device = chance.choice(list(Device))
    at, made = begin, []
    for place, type_ in enumerate(types):
        at += timedelta(milliseconds=chance.randrange(1000, 90_000))
        known = kind >= UNKNOWN and (kind >= UNKNOWN + SIGNS_IN or place > count // 2)
        # Zipf's law with the exponent 1: the first product is asked for as often as all from the n-th to its square.
        product = str(int(products ** chance.random())) if type_ is not EventType.SEARCH else None
        made.append(
            Event(
                id=f"{number}-{place}",
                type=type_,
                at=min(at, end - timedelta(minutes=1)),
                session=f"year-{number}",
                consent=True,
                customer=who if known else None,
                device=device,
                page=f"/products/{product}" if type_ is EventType.PAGE_VIEW else None,
                product=product,
                ms=chance.randrange(60_000) if place % 4 else None,
            )
        )
    return made


def parts_of(events: Iterable[Event]) -> list[Document]:
    """The documents of one session, with their sums, as they are when it has settled."""
    by_owner: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_owner[event.owner].append(event)
    parts = []
    for owner, some in by_owner.items():
        times = [event.at for event in some]
        parts.append(
            {
                "_id": session_id(owner, some[0].session),
                "owner": owner,
                "session": some[0].session,
                "first_at": min(times),
                "last_at": max(times),
                "consent": True,
                "device": str(some[0].device),
                "sums": sums_of(_row(event) for event in some),
            }
        )
    return parts


def _row(event: Event) -> Document:
    whose = {"type": event.type.value, "page": event.page}
    told = {"count": 1, "timed": int(event.ms is not None), "ms": event.ms or 0}
    return {"_id": whose, **told, "first": event.at, "last": event.at}


def customer_documents(chance: random.Random, customers: int, end: datetime) -> Iterator[Document]:
    for number in range(customers):
        name, email = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}", f"customer{number}@shop.example"
        found_by = {"name": terms_of(name, None), "email": terms_of(None, email)}
        yield {
            "_id": f"c:{number}",
            "name": name,
            "email": email,
            "first_at": end - timedelta(days=DAYS),
            "seen_at": end - timedelta(days=DAYS * chance.random()),
            "found_by": found_by,
            "terms": sorted({*found_by["name"], *found_by["email"]}),
        }


def fill(settings: Settings, *, customers: int, events: int, products: int) -> None:
    """Writes them all, and returns when every tile of time is sealed."""
    chance, end = random.Random(1), utc_now().replace(minute=0, second=0, microsecond=0)
    began = time.monotonic()
    with MongoClient(settings.mongo_address, tz_aware=True, w=1) as client, Store(settings) as store:
        database: Database[Any] = client[settings.mongo_database]
        store.prepare()
        for index in EMPTIED_FIRST:
            database["events"].drop_index(index)
        known = customer_documents(chance, customers, end)
        while some := list(islice(known, 10_000)):
            database["customers"].insert_many(some, ordered=False)
        hours = write_sessions(database, chance, customers=customers, events=events, products=products, end=end)
        echo(f"{events} events written in {time.monotonic() - began:.0f} s; indexes are built", err=True)
        store.prepare()
        marks = unsealing(hours, at=EARLIEST, mark="year")
        for start in range(0, len(marks), 1000):
            database["tiles"].bulk_write(marks[start : start + 1000], ordered=False)
    echo(f"{time.monotonic() - began:.0f} s; {len(marks)} tiles are sealed", err=True)
    asyncio.run(seal(settings))
    echo(f"all done after {time.monotonic() - began:.0f} s", err=True)


def write_sessions(
    database: Database[Any], chance: random.Random, *, customers: int, events: int, products: int, end: datetime
) -> set[datetime]:
    """Returns the hours in which sessions began."""
    hours: set[datetime] = set()
    written = number = 0

    def write(sessions: list[list[Event]]) -> None:
        parts = [parts_of(session) for session in sessions]
        told = event_writes([event for session in sessions for event in session])
        database["events"].insert_many([one._doc for one in told], ordered=False)
        database["sessions"].insert_many([part for some in parts for part in some], ordered=False)
        visits = [visit for some in parts if (visit := visit_of(some, "year"))]
        database["visits"].insert_many(visits, ordered=False)
        for visit in visits:
            hours.add(visit["sums"]["first"].replace(minute=0, second=0, microsecond=0))

    with ThreadPoolExecutor(WRITERS) as pool:
        under_way: list[Future[None]] = []
        while written < events:
            sessions = [
                session_of(chance, number + place, customers, products, end.astimezone(UTC)) for place in range(AT_ONCE)
            ]
            number += AT_ONCE
            written += sum(len(session) for session in sessions)
            under_way.append(pool.submit(write, sessions))
            if len(under_way) > 2 * WRITERS:
                under_way.pop(0).result()
            if number % (100 * AT_ONCE) == 0:
                echo(f"{written} events", err=True)
        for one in under_way:
            one.result()
    return hours


async def seal(settings: Settings) -> None:
    store = AsyncStore(settings)
    while await store.events.sum_up():
        pass
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--products", type=int, default=1_000_000, help="whose pages are viewed (default: 1000000)")
    given = parser.parse_args()
    fill(load_settings(), customers=given.customers, events=given.events, products=given.products)


if __name__ == "__main__":
    main()
