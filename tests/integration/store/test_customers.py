"""Customers are found as people type them, and what one did is read from one shard, page by page."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from listino.domain.errors import InvalidValue
from listino.domain.events import Customer, Event, EventType
from listino.settings import Settings
from listino.store import customers
from listino.store.aio import AsyncStore
from listino.store.client import Store

BEGIN = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
PEOPLE = {
    "1": ("Élodie Müller", "elodie@shop.example"),
    "2": ("MÜLLER, Hans", "h.m@elo.example"),
    "3": ("Anna Bianchi", "anna@mueller.example"),
    "4": ("José García-Elorza", None),
    "5": (None, "ELODIE.B@shop.example"),
}


def event(number: int, who: Customer | None, **fields: Any) -> Event:
    made: dict[str, Any] = {"type": EventType.PAGE_VIEW, "session": f"v{number % 3}", "consent": True}
    return Event(id=f"e{number}", customer=who, at=BEGIN + timedelta(minutes=number // 4), **(made | fields))


@pytest.fixture
async def node(settings: Settings) -> AsyncIterator[AsyncStore]:
    opened = AsyncStore(settings)
    yield opened
    opened.close()


async def test_customers_are_found_by_the_beginning_of_a_name_or_address(
    store: Store, node: AsyncStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [Customer(id=one, name=name, email=email) for one, (name, email) in PEOPLE.items()]
    await node.events.keep([event(number, one) for number, one in enumerate(people)])

    def found(text: str, **more: Any) -> list[str]:
        return [one.id for one in store.customers.search(text, **more)]

    for text, ids in {
        "muller": ["1", "2"],
        "MÜL": ["1", "2"],
        "elo": ["1", "2", "4", "5"],
        "élodie m": ["1"],
        "m elodie": ["1"],
        "müller hans": ["2"],
        "elodie.b@": ["5"],
        "b@shop": ["5"],
        "shop.ex": ["1", "5"],
        "anna@": ["3"],
        "h.m@elo": ["2"],
        "h.*": [],
        "ller": [],
        "example": [],
    }.items():
        assert found(text) == ids, text
        with monkeypatch.context() as patch:
            patch.setattr(customers, "MANY", 1)  # as if they were many
            assert found(text) == ids, text
    assert found("elo", count=2) == ["1", "2"]
    assert found("elo", count=2, after="2") == ["4", "5"]
    assert store.customers.get("1") == store.customers.search("élodie m")[0]
    assert store.customers.get("9") is None
    for text in ("", "m", " m ", "m n", "m" * 201, "a\0b"):
        with pytest.raises(InvalidValue):
            store.customers.search(text)


async def test_what_a_customer_did_is_told_newest_first_page_by_page(
    store: Store, node: AsyncStore, settings: Settings
) -> None:
    who = Customer(id="1", name="Anna")
    types = list(EventType)
    mine = [event(number, who, type=types[number % 5], ms=1500) for number in range(40)]
    await node.events.keep([*mine, *(event(number, Customer(id="2")) for number in range(40)), event(7, None)])

    def all_of(**asked: Any) -> list[Any]:
        told: list[Any] = []
        while page := store.customers.happenings("1", count=7, after=told[-1].key if told else None, **asked):
            told += page
        return told

    told = all_of()
    assert [one.at for one in told] == sorted((one.at for one in mine), reverse=True)
    assert {one.key.rpartition("/")[2] for one in told} == {one.id for one in mine}
    assert (told[0].seconds, told[0].session) == (
        1.5,
        next(one.session for one in mine if told[0].key.endswith(one.id)),
    )
    since, until = BEGIN + timedelta(minutes=2), BEGIN + timedelta(minutes=7)
    wanted = {EventType.SEARCH, EventType.CHECKOUT}
    some = [one.id for one in mine if one.type in wanted and since <= one.at < until]
    assert sorted(one.key.rpartition("/")[2] for one in all_of(types=wanted, since=since, until=until)) == sorted(some)
    assert some

    first = store.customers.visits("1", count=2)
    rest = store.customers.visits("1", count=2, after=first[-1].key)
    assert [one.last_at for one in (*first, *rest)] == sorted((one.last_at for one in (*first, *rest)), reverse=True)
    assert {one.session for one in (*first, *rest)} == {"v0", "v1", "v2"}
    with pytest.raises(InvalidValue):
        store.customers.visits("1", after="nonsense")

    with MongoClient(settings.mongo_address) as client:
        plan = client[settings.mongo_database]["events"].find({"owner": "c:1"}).explain()
    assert len(plan["queryPlanner"]["winningPlan"]["shards"]) == 1


@pytest.mark.parametrize("named", ["1", None])
async def test_a_withdrawal_holds_for_what_comes_later_of_its_session(
    store: Store, node: AsyncStore, named: str | None
) -> None:
    """Whether or not the customer has a part of it already, and was named."""
    who = Customer(id="1", name="Anna")
    told = {"session": "v1", "network": "198.51.100.0/24"}
    await node.events.keep([event(1, None, session="v1", consent=False, withdrawn_by=named)])
    await node.events.keep([event(2, who, **told), event(3, who, **(told | {"session": "v2"}))])
    assert [(one.session, one.network) for one in sorted(store.customers.visits("1"), key=lambda one: one.session)] == [
        ("v1", None),
        ("v2", "198.51.100.0/24"),
    ]


async def test_of_a_withdrawal_and_a_network_at_once_the_withdrawal_holds(store: Store, node: AsyncStore) -> None:
    who = Customer(id="1")
    for number in range(10):
        session = f"v{number}"
        agreed = event(2 * number, who, session=session, network="198.51.100.0/24")
        withdrawn = event(2 * number + 1, None, session=session, consent=False, withdrawn_by="1")
        await asyncio.gather(node.events.keep([agreed]), node.events.keep([withdrawn]))
    assert [one.network for one in store.customers.visits("1")] == [None] * 10
