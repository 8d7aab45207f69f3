"""Who is erased is nobody from then on: no name, no id, no free text; and what they did counts as before."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from listino.domain.clock import utc_now
from listino.domain.events import Customer, Event, EventType
from listino.settings import Settings
from listino.store import erasing, sums, tiles
from listino.store.aio import AsyncStore
from listino.store.behaviour import Span
from listino.store.client import Store
from listino.store.erasing import AsyncErasures
from listino.store.event_writes import event_writes
from listino.store.familiar import Lately

BEGIN = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
ANNA = Customer(id="anna-7", email="anna@erased.example", name="Anna Verdi")
HANS = Customer(id="hans", email="hans@shop.example")
LONG_AGO = timedelta(minutes=2)
SPANS = (Span(), Span(since=BEGIN + timedelta(minutes=7), until=BEGIN + timedelta(minutes=31)))


def events() -> list[Event]:
    """Of Anna in three sessions, before and after she signs in, and of Hans."""
    made = []
    for n in range(48):
        session, kind = f"v{n % 4}", list(EventType)[n % 5]
        who = HANS if session == "v3" else ANNA if n > 11 else None
        made.append(
            Event(
                id=f"e{n}",
                type=kind,
                at=BEGIN + timedelta(minutes=n),
                session=session,
                consent=True,
                customer=who,
                network="198.51.100.0/24",
                page=f"/p/{n % 3}",
                ms=1000 * n,
                metadata={"typed": "anna@erased.example", "order": "A-17", "total": 4990},
            )
        )
    return made


@pytest.fixture
async def node(settings: Settings) -> AsyncIterator[AsyncStore]:
    opened = AsyncStore(settings)
    yield opened
    opened.close()


def figures(store: Store) -> list[Any]:
    return [(store.behaviour.figures(span), store.behaviour.pages(span)) for span in SPANS]


def all_but_of_hans(settings: Settings) -> list[dict[str, Any]]:
    """All documents that are not of Hans."""
    with MongoClient(settings.mongo_address) as client:
        database = client[settings.mongo_database]
        names = ("customers", "customer_notes", "sessions", "events", "erasures")
        found = [one for name in names for one in database[name].find()]
    return [one for one in found if one.get("owner") != "c:hans" and one["_id"] != "c:hans"]


async def finish(node: AsyncStore) -> None:
    while await node.erasures.go_on():
        pass


async def test_nothing_tells_who_it_was_and_all_figures_stay(
    store: Store, node: AsyncStore, settings: Settings
) -> None:
    await node.events.keep(events())
    store.notes.add("anna-7", note_id="a1", text="wants her money back", by="ada@listino.test", at=BEGIN)
    before, hans = figures(store), store.customers.happenings("hans")
    assert before[0][0].users == 2
    store.erasures.begin("anna-7", at=utc_now() - LONG_AGO)

    assert store.customers.get("anna-7") is None
    assert store.notes.of("anna-7") == []
    assert store.erasures.of("anna-7").done_at is None
    await finish(node)

    erased = store.erasures.of("anna-7")
    assert erased.done_at is not None
    assert erased.events == 27
    assert figures(store) == before
    assert store.customers.happenings("hans") == hans
    theirs = all_but_of_hans(settings)
    assert len(theirs) == 36 + 6 + 1, "events, sessions with and without a customer, the erasure"
    for secret in ("anna", "Verdi", "198.51.100", "money"):
        assert [one for one in theirs if secret in str(one)] == [], secret
    checkouts = [one for one in theirs if one.get("type") == "checkout"]
    assert {str(one["metadata"]) for one in checkouts} == {"{'order': 'A-17', 'total': 4990}"}
    assert [one for one in theirs if "metadata" in one and one not in checkouts] == []


async def test_a_late_batch_brings_nobody_back(store: Store, node: AsyncStore, settings: Settings) -> None:
    first, late = events()[:40], events()[40:]
    await node.events.keep(first)
    store.erasures.begin("anna-7", at=utc_now() - LONG_AGO)
    await finish(node)
    await node.events.keep(late)
    assert store.customers.get("anna-7") is None
    assert store.customers.search("hans")
    assert [one for one in all_but_of_hans(settings) if "network" in one] == []
    found = store.behaviour.figures(Span())
    assert sum(one.count for one in found.types.values()) == 48
    assert (found.users, found.sessions) == (2, 4)


async def test_what_was_under_way_when_they_were_erased_is_found_by_the_last_look(
    store: Store, node: AsyncStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "SETTLE_SECONDS", 0.3)
    first, under_way = events()[:30], [one for one in events()[30:] if one.session != "v0"]
    await node.events.keep(first)
    store.erasures.begin("anna-7", at=utc_now())
    await node.erasures.go_on()
    assert store.erasures.of("anna-7").done_at is None, "somebody may have looked before"

    async def looked_before(some: list[Event]) -> list[Event]:
        return some

    monkeypatch.setattr(node.events._recognition, "of", looked_before)
    # Of another node, which had not seen the customer yet.
    monkeypatch.setattr(node.events._familiar, "_seen", Lately())
    await node.events.keep(under_way)
    # And one whose session was written before that was moved, and summed up, without it.
    monkeypatch.setattr(sums, "SETTLE_SECONDS", 0.0)
    await node.events.sum_up()
    still = replace(under_way[0], id="e48", session="v0", at=BEGIN + timedelta(minutes=50))
    with MongoClient(settings.mongo_address) as client:
        client[settings.mongo_database]["events"].bulk_write(event_writes([still]))
    assert store.customers.get("anna-7") is not None
    deadline = utc_now() + timedelta(seconds=10)
    while store.erasures.of("anna-7").done_at is None:
        await node.erasures.go_on()
        assert utc_now() < deadline
    assert "anna" not in str(all_but_of_hans(settings))
    found = store.behaviour.figures(Span())
    assert sum(one.count for one in found.types.values()) == 45
    assert (found.users, found.sessions) == (2, 4)


async def test_sums_outlive_events_and_nothing_made_of_them_tells_who_it_was(
    store: Store, node: AsyncStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions may be kept for longer than events."""
    monkeypatch.setattr(sums, "SETTLE_SECONDS", -60.0)
    for hours in tiles.SEAL_SECONDS:
        monkeypatch.setitem(tiles.SEAL_SECONDS, hours, -60.0)
    long_ago = [replace(event, at=event.at - timedelta(days=200)) for event in events()]
    await node.events.keep(long_ago)
    while await node.events.sum_up():
        pass
    before = store.behaviour.figures(Span())
    with MongoClient(settings.mongo_address) as client:
        database = client[settings.mongo_database]
        assert "anna" in str(list(database["visits"].find()))
        hashes = [tile["users"] for tile in database["tiles"].find()]
        database["events"].delete_many({"session": "v0"})
        store.erasures.begin("anna-7", at=utc_now() - LONG_AGO)
        await finish(node)
        while await node.events.sum_up():
            pass
        assert store.behaviour.figures(Span()) == before
        assert "anna" not in str(list(database["visits"].find()))
        assert not {tile["users"] for tile in database["tiles"].find()} & set(hashes)


async def test_events_are_there_twice_for_no_longer_than_their_session_is_moved(
    store: Store, node: AsyncStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.events.keep(events())
    there, strip = [], AsyncErasures._strip

    async def counted(self: AsyncErasures, session: str) -> None:
        with MongoClient(settings.mongo_address) as client:
            there.append(client[settings.mongo_database]["events"].count_documents({}))
        await strip(self, session)

    monkeypatch.setattr(AsyncErasures, "_strip", counted)
    store.erasures.begin("anna-7", at=utc_now() - LONG_AGO)
    await finish(node)
    assert there == [48, 48, 48]


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6])
async def test_it_goes_on_where_a_node_has_died(
    store: Store, node: AsyncStore, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Whichever of its steps was the last."""
    monkeypatch.setattr(erasing, "CLAIM_SECONDS", 0.0)
    monkeypatch.setattr(erasing, "EVENTS_AT_ONCE", 5)
    await node.events.keep(events())
    before = figures(store)
    store.erasures.begin("anna-7", at=utc_now() - LONG_AGO)
    copied, steps = AsyncErasures._copy, 0

    async def dies(self: AsyncErasures, *told: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == 2 * after:
            raise RuntimeError("power cut")
        await copied(self, *told)

    with monkeypatch.context() as patch:
        patch.setattr(AsyncErasures, "_copy", dies)
        with pytest.raises(RuntimeError):
            await finish(node)
    await finish(node)
    assert store.erasures.of("anna-7").done_at is not None
    assert figures(store) == before


async def test_an_erasure_that_is_asked_for_twice_is_one(store: Store, node: AsyncStore) -> None:
    await node.events.keep(events())
    begun = utc_now() - LONG_AGO
    store.erasures.begin("anna-7", at=begun)
    await finish(node)
    done = store.erasures.of("anna-7")
    store.erasures.begin("anna-7", at=utc_now())
    assert store.erasures.of("anna-7") == done
    assert await node.erasures.go_on() is False
    assert store.erasures.of("hans") is None
