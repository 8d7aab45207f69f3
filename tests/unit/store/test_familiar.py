"""What a node has written moments ago it does not write again, and nothing else is left out."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo import UpdateOne
from pymongo.errors import AutoReconnect

from listino.domain.clock import utc_now
from listino.domain.events import Customer, Event, EventType
from listino.store import familiar
from listino.store.familiar import SECONDS, Familiar, Lately

AT = utc_now()
ANNA = Customer(id="42", name="Anna Müller", email="anna@shop.example")


class Written:
    """A collection that keeps what is written to it, or is away."""

    def __init__(self) -> None:
        self.writes: list[UpdateOne] = []
        self.away = False

    async def bulk_write(self, writes: list[UpdateOne], *, ordered: bool) -> None:
        if self.away:
            raise AutoReconnect("away")
        self.writes += writes

    def taken(self) -> list[str]:
        """What was written since the last look, as text."""
        taken, self.writes = [str(write) for write in self.writes], []
        return taken


class Node:
    def __init__(self) -> None:
        self.customers, self.sessions, self.now = Written(), Written(), 1000.0
        database = {"customers": self.customers, "sessions": self.sessions}
        self.familiar = Familiar(database, clock=lambda: self.now)

    async def sees(self, customer: Customer) -> list[str]:
        await self.familiar.keep_customers([event(customer=customer)], at=AT)
        return self.customers.taken()

    async def hears_from(self, network: str | None, **fields: Any) -> list[str]:
        await self.familiar.keep_networks([event(network=network, **fields)])
        return self.sessions.taken()


def event(**fields: Any) -> Event:
    made: dict[str, Any] = {"id": "e", "type": EventType.SEARCH, "at": AT, "session": "v", "consent": True}
    return Event(**(made | fields))


async def test_a_customer_is_written_once_a_minute_unless_something_else_is_told() -> None:
    node = Node()
    assert len(await node.sees(ANNA)) == 1
    for known in (ANNA, Customer(id="42"), Customer(id="42", email=ANNA.email)):
        assert await node.sees(known) == []
    (renamed,) = await node.sees(Customer(id="42", name="Anna Berg"))
    assert "Anna Berg" in renamed
    assert "shop.example" not in renamed, "another node may have written another address since"
    assert await node.sees(Customer(id="42", name="Anna Berg", email=ANNA.email)) == []
    assert len(await node.sees(Customer(id="43"))) == 1
    node.now += SECONDS
    assert len(await node.sees(Customer(id="42"))) == 1


async def test_what_was_not_acknowledged_is_not_remembered() -> None:
    node = Node()
    node.customers.away = node.sessions.away = True
    with pytest.raises(AutoReconnect):
        await node.sees(ANNA)
    with pytest.raises(AutoReconnect):
        await node.hears_from("192.0.2.0/24")
    node.customers.away = node.sessions.away = False
    assert len(await node.sees(ANNA)) == 1
    assert len(await node.hears_from("192.0.2.0/24")) == 1


async def test_nobody_is_remembered_for_longer_because_nobody_else_comes() -> None:
    node = Node()
    await node.sees(ANNA)
    await node.hears_from("192.0.2.0/24")
    node.now += SECONDS
    node.familiar.forget()
    assert (len(node.familiar._seen), len(node.familiar._networks)) == (0, 0)


async def test_a_network_is_written_where_it_is_news() -> None:
    node = Node()
    assert len(await node.hears_from("192.0.2.0/24")) == 1
    assert await node.hears_from("192.0.2.0/24") == []
    assert len(await node.hears_from("198.51.100.0/24")) == 1
    assert len(await node.hears_from("198.51.100.0/24", customer=ANNA)) == 1, "the customer's part has one of its own"
    assert await node.hears_from(None) == []


async def test_no_network_is_written_with_a_batch_that_withdraws_consent() -> None:
    node = Node()
    agreed = event(network="192.0.2.0/24", customer=ANNA)
    await node.familiar.keep_networks([agreed, event(id="f", consent=False)])
    assert node.sessions.taken() == []


async def test_of_several_networks_the_last_one_in_time_is_written() -> None:
    node = Node()
    late = event(network="198.51.100.0/24")
    early = event(id="f", network="192.0.2.0/24", at=AT - timedelta(seconds=1))
    await node.familiar.keep_networks([late, early])
    (written,) = node.sessions.taken()
    assert "198.51.100.0/24" in written


def test_no_more_is_remembered_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(familiar, "MOST", 3)
    now = 0.0
    lately: Lately[int, str] = Lately(clock=lambda: now)
    for number in (1, 2, 3, 1, 4):
        lately.note(number, "told")
    assert [number for number in (1, 2, 3, 4) if lately.get(number)] == [1, 3, 4]
    now = SECONDS
    lately.note(5, "told")
    assert (len(lately), lately.get(5)) == (1, "told")
