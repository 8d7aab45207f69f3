"""What a year of work leaves behind, written past those who do it: runs of crawls with their rejects and logs, the audit log, and staff."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from assortment import SHOPS
from pymongo import MongoClient
from pymongo.database import Database

from listino.domain.audit import AuditEntry, StaffAction
from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, LogLine, Reject, ShopCounts
from listino.domain.market import MARKETS
from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import AUDIT, CRAWL_LOG, CRAWLS, REJECTS
from listino.store.documents import Document, crawl_document

RUNS = 4000  # a market is crawled every nine hours
RUN = "it-full"  # the run with as many rejects and lines of its log as one may have
REJECTS_OF_IT, LINES_OF_IT = 5000, 5000
ENTRIES, PEOPLE = 500_000, 40
AT_ONCE = 5000


def fill(settings: Settings) -> None:
    """As much of all of it as the constants above say."""
    chance, now = random.Random(3), utc_now()
    with Store(settings) as store:
        for number in range(PEOPLE):
            store.staff.put(_person(number), "correct horse battery", "agent")
    client: MongoClient[Any]
    with MongoClient(settings.mongo_address, tz_aware=True, w=1) as client:
        database: Database[Any] = client[settings.mongo_database]
        _insert(database, CRAWLS.name, (crawl_document(run) for run in _runs(chance, now)))
        rejects = (
            Reject(
                crawl_id=RUN,
                shop="negozio-1",
                reason=chance.choice(("no price", "no name", "invalid")),
                url=f"https://shop.example/p/{number}",
                detail="the page has no price",
                at=now,
            )
            for number in range(REJECTS_OF_IT)
        )
        _insert(database, REJECTS.name, map(asdict, rejects))
        lines = (
            LogLine(
                crawl_id=RUN,
                at=now + timedelta(seconds=number),
                level="INFO" if number % 20 else "WARNING",
                source="spider",
                text=f"page {number} was read",
            )
            for number in range(LINES_OF_IT)
        )
        _insert(database, CRAWL_LOG.name, map(asdict, lines))
        _insert(database, AUDIT.name, _entries(chance, now))


def _runs(chance: random.Random, now: datetime) -> Iterator[Crawl]:
    for number in range(RUNS):
        market = list(MARKETS)[number % len(MARKETS)]
        begun = now - timedelta(hours=2 * number)
        counts = ShopCounts(products=9000, new=20, changed=500, unchanged=8480, complete=True, measured=9000)
        yield Crawl(
            id=f"{market}-{number}" if number else RUN,
            market=market,
            status=CrawlStatus.FINISHED,
            trigger="schedule",
            started_at=begun,
            heartbeat_at=begun + timedelta(hours=1),
            ended_at=begun + timedelta(hours=1),
            shops={shop.partition(":")[2]: counts for shop in SHOPS if shop.startswith(market)},
            coverage={"price": 0.99, "gtin": chance.random()},
            rejected={"no price": 3},
            requests=9000,
        )


def _entries(chance: random.Random, now: datetime) -> Iterator[Document]:
    actions = list(StaffAction)
    for number in range(ENTRIES):
        entry = AuditEntry(
            subject=f"customer:{chance.randrange(100_000)}",
            action=chance.choice(actions).value,
            by=_person(chance.randrange(PEOPLE)),
            at=now - timedelta(seconds=chance.randrange(365 * 86_400)),
            occasion=str(number),
            origin="192.0.2.1",
        )
        told = {name: value for name, value in asdict(entry).items() if value is not None}
        yield {"_id": f"{entry.subject}/{entry.action}/{number}", **told}


def _person(number: int) -> str:
    return f"person{number}@listino.test"


def _insert(database: Database[Any], name: str, documents: Iterable[Document]) -> None:
    made = iter(documents)
    while some := list(islice(made, AT_ONCE)):
        database[name].insert_many(some, ordered=False)
