"""A live refresh stores a product as it was read before the shop was asked: what others did to it meanwhile is not undone,
and costs further questions only then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.monitoring import CommandListener, CommandStartedEvent
from refreshing import refreshed

from listino.domain.audit import Outcome
from listino.domain.history import with_unfiled
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product, ProductId, Reading
from listino.settings import Settings
from listino.store import client, filing
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.documents import paged_document
from listino.store.guard import NOTHING_LEFT, Left, Unguarded
from listino.store.upsert import UpsertPlan

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())
BEGAN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CUP = "it:bottega:1"
LOOKED = 10.0  # seconds after the crawl, when the shop is asked


class Witness(Unguarded):
    """Notes what lists are told of when a write has ended, and sees to it that the store has what it says it has left."""

    def __init__(self) -> None:
        self.moved: list[ProductId] = []
        self.left: list[ProductId] = []
        self.store: Store | None = None

    @contextlib.contextmanager
    def writing(
        self, product_ids: Collection[ProductId], *, moved: Collection[ProductId] = (), left: Left = NOTHING_LEFT
    ) -> Iterator[None]:
        yield
        assert self.store is not None
        self.moved, self.left = list(moved), list(left)
        for product_id, product in left.items():
            assert paged_document(product) == paged_document(self.store.products.get(product_id))

    @contextlib.asynccontextmanager
    async def writing_async(self, *given: Any, **more: Any) -> AsyncIterator[None]:
        with self.writing(*given, **more):
            yield


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def store(settings: Settings, witness: Witness) -> Iterator[Store]:
    with Store(settings, witness) as opened:
        witness.store = opened
        yield opened


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def offer(cost: int, availability: Availability = Availability.IN_STOCK) -> ShopOffer:
    return ShopOffer.of([Variant(sku="a", cost=Money(cost), availability=availability)])


def listed(cost: int, seconds: float, *, sku: str = "1", name: str = "Tazza", crawl: str = "it-1") -> Product:
    goods = ShopProduct(sku=sku, url=f"https://bottega.example/p/{sku}", name=name, offer=offer(cost))
    return list_goods(goods, TERMS, at=at(seconds), crawl_id=crawl)


def look(store: Store, before: Product, cost: int, seconds: float = LOOKED) -> UpsertPlan:
    """What a live refresh stores that read the product `before` it asked the shop."""
    fresh = reoffer(before, offer(cost), TERMS, at=at(seconds))
    return refreshed(store, [fresh], before, terms=TERMS)


def costs(store: Store) -> list[int]:
    """What the cup cost according to its history and to the points it carries, of which some may be in the history by now."""
    carried = store.products.get(CUP).unfiled
    return [point.cost.minor for point in with_unfiled(store.products.history(CUP), carried) if point.cost]


def cost(product: Product) -> int:
    assert product.offer is not None
    return product.offer.cost.minor


@pytest.fixture
def cup(store: Store) -> Product:
    """The cup as it is stored, at 10.00."""
    store.products.upsert([listed(1000, 0), listed(1000, 0, sku="2")], terms=TERMS)
    return store.products.get(CUP)


class Commands(CommandListener):
    """What is asked of the server."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.writes = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)
        self.writes += len(event.command.get("updates", ()))

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...


@pytest.fixture
def counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, Commands]]:
    """A store, and what it asks of its server."""
    monkeypatch.setattr(filing, "GATHER_SECONDS", 60.0)  # what is filed for many together is not counted
    commands, usual = Commands(), client.client_options
    monkeypatch.setattr(client, "client_options", lambda given: usual(given) | {"event_listeners": [commands]})
    with Store(settings, Unguarded()) as opened:
        opened.ping()
        commands.names.clear()
        yield opened, commands


@pytest.mark.parametrize("price", [900, 1000], ids=["moved", "same"])
def test_a_refresh_that_nobody_came_in_between_asks_nothing_and_writes_once(
    price: int, cup: Product, counted: tuple[Store, Commands]
) -> None:
    store, commands = counted
    plan = look(store, cup, price)
    assert (commands.names, commands.writes) == (["update"], 1)
    assert (plan.changed, plan.unchanged) == (([CUP], []) if price == 900 else ([], [CUP]))
    stored = store.products.get(CUP)
    assert (cost(stored), stored.offer and stored.offer.checked_at) == (price, at(LOOKED))
    assert costs(store) == ([1000, 900] if price == 900 else [1000])
    commands.names.clear()
    look(store, cup, price)
    assert (costs(store), store.products.get(CUP)) == ([1000, 900] if price == 900 else [1000], stored), "repeated"


def test_several_products_of_which_one_was_changed_are_all_stored(store: Store, cup: Product) -> None:
    other = store.products.get("it:bottega:2")
    look(store, cup, 950, 5)
    fresh = [reoffer(one, offer(900), TERMS, at=at(LOOKED)) for one in (cup, other)]
    plan = refreshed(store, fresh, cup, other, terms=TERMS)
    assert sorted(map(str, plan.changed)) == [CUP, other.id]
    assert {cost(store.products.get(one.id)) for one in fresh} == {900}
    assert costs(store) == [1000, 950, 900]


def test_an_earlier_look_that_was_stored_meanwhile_is_followed_by_ours(store: Store, cup: Product) -> None:
    look(store, cup, 900, 5)
    assert look(store, cup, 1000).changed == [CUP], "it was 1000 when we read it, and is again"
    assert (cost(store.products.get(CUP)), costs(store)) == (1000, [1000, 900, 1000])


@pytest.mark.parametrize("later", [1000, 800])
def test_a_later_look_that_was_stored_meanwhile_stays_and_the_history_has_both(
    later: int, store: Store, cup: Product
) -> None:
    look(store, cup, later, LOOKED + 1)
    look(store, cup, 900)
    assert (cost(store.products.get(CUP)), costs(store)) == (later, [1000, 900, later])


def test_a_product_that_left_meanwhile_returns_and_lists_hear_of_it(
    store: Store, witness: Witness, cup: Product
) -> None:
    store.products.mark_gone([CUP], at(5))
    plan = look(store, cup, 1000)
    assert (plan.returned, plan.unchanged, witness.moved) == ([CUP], [], [CUP])
    assert store.products.get(CUP).gone_at is None


def test_a_price_held_meanwhile_is_released_and_nothing_else_is_noted(store: Store, cup: Product) -> None:
    store.products.upsert([listed(100_000, 5, crawl="it-2")], terms=TERMS)
    look(store, cup, 900)
    stored = store.products.get(CUP)
    assert (stored.held, cost(stored), stored.crawl_id) == (None, 900, "it-2")
    assert [(entry.action, entry.by) for entry in store.audit.of(CUP)] == [(Outcome.SUPERSEDED, "live refresh")]


def accept(store: Store, held: Product) -> None:
    assert held.held is not None
    store.holds.accept(CUP, held.held.reading, terms_of=lambda _: TERMS, by="mara@listino.test", at=at(6))


def reject(store: Store, held: Product) -> None:
    assert held.held is not None
    store.holds.reject(CUP, held.held.reading, by="mara@listino.test", at=at(6))


def test_a_decision_made_meanwhile_is_not_undone(store: Store, cup: Product) -> None:
    store.products.upsert([listed(100_000, 5, crawl="it-2")], terms=TERMS)
    before = store.products.get(CUP)
    accept(store, before)
    plan = look(store, before, 900)
    stored = store.products.get(CUP)
    assert (plan.held, plan.changed, cost(stored)) == ([CUP], [], 100_000), "9.00 is not plausible beside 1000.00"
    assert stored.held is not None
    assert costs(store) == [1000, 100_000], "nobody ever paid 9.00"
    assert [entry.action for entry in store.audit.of(CUP)] == [Outcome.ACCEPTED], "nothing superseded what was accepted"


def test_what_was_rejected_meanwhile_is_not_held_again(store: Store, cup: Product) -> None:
    store.products.upsert([listed(100_000, 5, crawl="it-2")], terms=TERMS)
    before = store.products.get(CUP)
    reject(store, before)
    plan = look(store, before, 100_000)
    stored = store.products.get(CUP)
    assert (plan.held, plan.declined, stored.held, cost(stored)) == ([], [CUP], None, 1000)


class Between(Unguarded):
    """Has something happen when all is planned and before anything is written."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = do

    def writing(self, *given: Any, **more: Any) -> Any:
        self._do()
        return super().writing(*given, **more)

    def writing_async(self, *given: Any, **more: Any) -> Any:
        self._do()
        return super().writing_async(*given, **more)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_crawl_that_read_another_name_leaves_the_way_back_from_a_price_told_meanwhile(
    asynchronous: bool, store: Store, settings: Settings, cup: Product
) -> None:
    """The crawl met the price of before, so it would add no point; a refresh of before stored another one in between."""
    guard = Between(lambda: look(store, cup, 900))
    seen = [listed(1000, LOOKED + 1, name="Tazzina", crawl="it-2")]

    async def crawled() -> None:
        aio = AsyncStore(settings, guard)
        await aio.products.upsert(seen, terms=TERMS)
        aio.close()

    if asynchronous:
        asyncio.run(crawled())
    else:
        with Store(settings, guard) as late:
            late.products.upsert(seen, terms=TERMS)
    stored = store.products.get(CUP)
    assert (stored.name, stored.crawl_id, cost(stored)) == ("Tazzina", "it-2", 1000)
    assert costs(store) == [1000, 900, 1000]


def test_how_a_crawl_read_an_unchanged_product_is_not_noted_of_a_price_told_meanwhile(
    store: Store, settings: Settings, cup: Product
) -> None:
    """The shop may be back at the page that the crawl knows, and would say that nothing has changed since."""
    reading = Reading(key=1, reader="r", read_at=at(LOOKED - 1), etag='"ten"')
    with Store(settings, Between(lambda: look(store, cup, 1200))) as late:
        late.products.upsert([replace(listed(1000, LOOKED - 1, crawl="it-2"), reading=reading)], terms=TERMS)
    stored = store.products.get(CUP)
    assert (cost(stored), stored.reading, stored.crawl_id) == (1200, None, "it-2")


def hold(store: Store, seconds: float, availability: Availability = Availability.IN_STOCK) -> None:
    """What a live refresh stores that found a price which is not plausible."""
    fresh = reoffer(store.products.get(CUP), offer(100_000, availability), TERMS, at=at(seconds))
    assert store.products.upsert([fresh], terms=TERMS).held == [CUP]


@pytest.mark.parametrize("price", [1000, 900], ids=["unchanged", "moved"])
def test_a_price_held_later_stays_held_and_the_audit_log_says_nothing_else(
    price: int, store: Store, cup: Product
) -> None:
    hold(store, LOOKED + 1)
    look(store, cup, price)
    stored = store.products.get(CUP)
    assert stored.held is not None
    assert (cost(stored), store.audit.of(CUP)) == (1000, [])
    assert costs(store) == ([1000] if price == 1000 else [1000, 900, 1000]), "as it was told, and as it is sold"


def test_what_was_found_gone_later_stays_gone(store: Store, witness: Witness, cup: Product) -> None:
    store.products.mark_gone([CUP], at(LOOKED + 1))
    plan = look(store, cup, 1000)
    assert (plan.returned, plan.unchanged, witness.moved) == ([], [CUP], [])
    assert store.products.get(CUP).gone_at == at(LOOKED + 1)


def test_a_product_twice_in_one_batch_ends_as_it_was_seen_last(store: Store, cup: Product) -> None:
    fresh = [reoffer(cup, offer(price), TERMS, at=at(LOOKED + n)) for n, price in enumerate((900, 950))]
    refreshed(store, fresh, cup, terms=TERMS)
    assert (cost(store.products.get(CUP)), costs(store)) == (950, [1000, 900, 950])


def test_a_product_that_is_not_stored_any_more_is_stored_anew(store: Store, cup: Product) -> None:
    store._database["products"].delete_one({"_id": CUP})
    assert look(store, replace(cup, brand="Sole"), 900).new == [CUP]
    assert cost(store.products.get(CUP)) == 900


def test_a_refresh_says_how_it_has_left_what_nobody_else_changed(store: Store, cup: Product, witness: Witness) -> None:
    other = store.products.get("it:bottega:2")
    assert witness.left == [], "nothing was known of it"
    seen = [reoffer(cup, offer(1010), TERMS, at=at(20)), reoffer(other, offer(1000), TERMS, at=at(20))]
    refreshed(store, seen, cup, other, terms=TERMS)
    assert set(witness.left) == {CUP, "it:bottega:2"}, "one has changed, and one has not"


@pytest.mark.parametrize("theirs", [1000, 1010])
@pytest.mark.parametrize("ours", [1000, 1010])
def test_a_refresh_that_somebody_was_later_or_faster_than_does_not_say_how_it_has_left_it(
    store: Store, cup: Product, witness: Witness, ours: int, theirs: int
) -> None:
    look(store, cup, theirs, LOOKED + 1)
    assert witness.left == [CUP]
    look(store, cup, ours)
    assert witness.left == []


def test_what_one_product_has_become_is_not_told_where_another_was_not_written(
    store: Store, cup: Product, witness: Witness
) -> None:
    """The clocks of two workers are not the same: one read what was looked at later than it looks itself."""
    other = store.products.get("it:bottega:2")
    seen = [reoffer(cup, offer(1010), TERMS, at=at(-1)), reoffer(other, offer(1000), TERMS, at=at(20))]
    seen[0] = replace(seen[0], offer=replace(seen[0].offer, seen_at=at(-2)))  # type: ignore[type-var]  # it has one
    refreshed(store, seen, cup, other, terms=TERMS)
    assert cost(store.products.get(CUP)) == 1000
    assert witness.left == []
