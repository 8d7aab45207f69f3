"""Held prices on a real server: what a crawl and a live refresh may change, and deciding once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from listino.domain.audit import Outcome
from listino.domain.errors import AlreadyDecided, InvalidValue
from listino.domain.held import DoubtKind
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product, Reading
from listino.settings import Settings
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.guard import Unguarded
from listino.store.held_document import held_document
from listino.store.holds import HeldQuery
from listino.store.intake import intake
from listino.store.query import ProductQuery
from listino.store.upsert import UpsertPlan

BEGAN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CUP, GTIN = "it:bottega:1", "4006381333931"
MARA = "mara@listino.test"


def terms(shop: str = "bottega") -> Terms:
    rule = PricingRule(category_markup_percent={"Cucina": Decimal(50)})
    return Terms(market=market_of("it"), shop=shop, shipping=Money(490), rule=rule)


def goods(
    cost: int, sku: str = "1", availability: Availability = Availability.IN_STOCK, **more: str | None
) -> ShopProduct:
    sizes = [
        Variant(sku=f"{sku}-{n}", size=n, cost=Money(cost + 100 * (n == "L")), availability=availability) for n in "SL"
    ]
    shown = {"brand": "Casa", "category": "Cucina", "gtin": None} | more
    return ShopProduct(
        sku=sku, url=f"https://bottega.example/p/{sku}", name="Tazza", offer=ShopOffer.of(sizes), **shown,  # type: ignore[arg-type]
    )  # fmt: skip


def at(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


@pytest.fixture
def crawl(store: Store) -> Callable[..., UpsertPlan]:
    """A crawl of that number, an hour after the one before, that meets these goods."""

    def met(number: int, *seen: ShopProduct, shop: str = "bottega", sound: tuple[str, ...] = ()) -> UpsertPlan:
        listed = [list_goods(each, terms(shop), at=at(number), crawl_id=f"it-{number}") for each in seen]
        return store.products.upsert(listed, terms=terms(shop), sound=sound)

    return met


Crawl = Callable[..., UpsertPlan]


def refresh(store: Store, cost: int, hours: float) -> UpsertPlan:
    """A live refresh of the cup."""
    fresh = reoffer(store.products.get(CUP), goods(cost).offer, terms(), at=at(hours))
    return store.products.upsert([fresh], terms=terms())


def accept(store: Store, product_id: str = CUP) -> Product:
    held = store.products.get(product_id).held
    assert held is not None
    return store.holds.accept(product_id, held.reading, terms_of=lambda _: terms(), by=MARA, at=at(100))


def reject(store: Store) -> Product:
    held = store.products.get(CUP).held
    assert held is not None
    return store.holds.reject(CUP, held.reading, by=MARA, at=at(100))


def cost_of(store: Store) -> Money:
    offer = store.products.get(CUP).offer
    assert offer is not None
    return offer.cost


def test_a_price_that_is_not_plausible_is_held_and_not_sold_at(store: Store, crawl: Crawl) -> None:
    assert crawl(0, goods(1000)).new == [CUP]
    before = store.products.get(CUP)
    plan = crawl(1, goods(100_000, availability=Availability.OUT_OF_STOCK))
    assert (plan.held, plan.changed, plan.unchanged) == ([CUP], [], [])
    after = store.products.get(CUP)
    assert after.held is not None
    assert after.offer is not None
    assert before.offer is not None
    assert (after.price, after.offer.cost, after.offer.checked_at) == (before.price, Money(1000), at(0))
    assert (after.offer.availability, after.offer.seen_at, after.crawl_id) == (Availability.OUT_OF_STOCK, at(1), "it-1")
    assert [(doubt.sku, doubt.kind) for doubt in after.held.doubts] == [
        ("1-S", DoubtKind.TIMES_100),
        ("1-L", DoubtKind.TIMES_100),
    ]
    assert (after.held.at, after.held.times, after.held.crawl_id) == (at(1), 1, "it-1")
    history = store.products.history(CUP)
    assert [(point.cost, point.availability) for point in history] == [
        (Money(1000), Availability.IN_STOCK),
        (Money(1000), Availability.OUT_OF_STOCK),
    ]


def test_the_same_reading_stays_held_and_counts_the_crawls(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    for number in (1, 2, 2, 3):
        assert crawl(number, goods(100_000)).held == [CUP]
    refresh(store, 100_000, 3.5)
    held = store.products.get(CUP).held
    assert held is not None
    assert (held.times, held.at, held.seen_at, held.crawl_id) == (3, at(1), at(3.5), "it-3")


def test_a_plausible_price_releases_the_hold_by_itself(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(0))
    assert crawl(2, goods(1000)).unchanged == [CUP]
    assert store.products.get(CUP).held is None
    crawl(3, goods(0))
    assert crawl(4, goods(1100)).changed == [CUP]
    assert store.products.get(CUP).held is None
    assert cost_of(store) == Money(1100)
    entries = store.audit.of(CUP)
    assert [(entry.action, entry.by) for entry in entries] == [
        (Outcome.SUPERSEDED, "crawl it-4"),
        (Outcome.SUPERSEDED, "crawl it-2"),
    ]


def test_another_doubtful_price_takes_the_place_of_the_first(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(100_000))
    refresh(store, 0, 1.5)
    held = store.products.get(CUP).held
    assert held is not None
    assert (held.kind, held.at, held.times, held.crawl_id) == (DoubtKind.NOT_POSITIVE, at(1.5), 1, None)
    assert [(entry.action, entry.by) for entry in store.audit.of(CUP)] == [(Outcome.SUPERSEDED, "live refresh")]


def test_a_live_refresh_is_held_like_a_crawl(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    assert refresh(store, 100, 1).held == [CUP]
    assert cost_of(store) == Money(1000)
    assert refresh(store, 1200, 2).changed == [CUP]
    assert (cost_of(store), store.products.get(CUP).held) == (Money(1200), None)


def test_accepting_sells_at_what_was_held_from_then_on(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(2000))
    reading = store.products.get(CUP).held
    assert reading is not None
    accepted = accept(store)
    stored = store.products.get(CUP)
    assert stored == replace(accepted, content_hash=stored.content_hash)
    assert (stored.held, cost_of(store)) == (None, Money(2000))
    assert stored.price == terms().price(Money(2000), "Cucina", BEGAN)
    assert stored.styles[0].skus["1-L"].cost == Money(2100)
    assert [(point.at, point.cost) for point in store.products.history(CUP)] == [
        (at(0), Money(1000)),
        (at(100), Money(2000)),
    ]
    (entry,) = store.audit.of(CUP)
    assert (entry.action, entry.by, entry.at, entry.detail["read"]) == (Outcome.ACCEPTED, MARA, at(100), 2000)
    assert crawl(2, goods(2000)).unchanged == [CUP], "the next crawl finds the accepted price"
    with pytest.raises(AlreadyDecided, match=f"accepted already, by {MARA}"):
        store.holds.accept(CUP, reading.reading, terms_of=lambda _: terms(), by=MARA, at=at(101))


def test_rejecting_keeps_the_old_price_and_is_remembered(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(100_000))
    held = store.products.get(CUP).held
    assert held is not None
    reject(store)
    assert (store.products.get(CUP).held, cost_of(store)) == (None, Money(1000))
    again = crawl(2, goods(100_000))
    assert (again.held, again.declined, again.unchanged) == ([], [CUP], [CUP])
    assert store.products.get(CUP).held is None
    assert store.products.get(CUP).crawl_id == "it-2"
    assert refresh(store, 100_000, 2.5).declined == [CUP]
    with pytest.raises(AlreadyDecided, match="rejected already"):
        store.holds.reject(CUP, held.reading, by=MARA, at=at(101))
    assert crawl(3, goods(90_000)).held == [CUP], "another price is another question"
    crawl(4, goods(1000))
    assert crawl(5, goods(100_000)).held == [CUP], "it had changed in between"
    assert len(store.products.history(CUP)) == 1


def test_a_decision_is_about_what_was_looked_at(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(100_000))
    looked_at = store.products.get(CUP).held
    assert looked_at is not None
    crawl(2, goods(90_000))
    with pytest.raises(AlreadyDecided, match="another price since"):
        store.holds.accept(CUP, looked_at.reading, terms_of=lambda _: terms(), by=MARA, at=at(100))
    assert cost_of(store) == Money(1000)


def test_nothing_is_accepted_that_costs_nothing(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(0))
    with pytest.raises(InvalidValue, match="only be rejected"):
        accept(store)
    reject(store)
    assert cost_of(store) == Money(1000)


@pytest.mark.parametrize(
    "meanwhile", [reject, lambda store: refresh(store, 1000, 1.5), accept], ids=["no", "mended", "yes"]
)
def test_a_crawl_that_judged_before_the_end_of_a_hold_does_not_undo_it(
    store: Store, crawl: Crawl, meanwhile: Callable[[Store], object]
) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(100_000))
    late, plan = list_goods(goods(100_000), terms(), at=at(2), crawl_id="it-2"), UpsertPlan()
    for question in intake(plan, [late], terms=terms()):
        question.documents = list(store._database[question.collection].find(question.filter, question.projection))
    meanwhile(store)
    store._database["products"].bulk_write(plan.products)
    assert store.products.get(CUP).held is None


def test_a_new_product_far_from_other_shops_is_not_on_sale_until_decided(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000, gtin=GTIN), shop="altra")
    plan = crawl(1, goods(100_000, gtin=GTIN), goods(1200, sku="2", gtin=GTIN))
    assert (plan.held, plan.new) == ([CUP], ["it:bottega:2"])
    waiting = store.products.get(CUP)
    assert waiting.awaits_price
    assert waiting.held is not None
    assert (waiting.offer, waiting.price, waiting.held.doubts[0].reference) == (None, None, Money(1000))
    shoppers = [product.id for product in store.products.page(ProductQuery(shop="bottega"), count=9)]
    staff = [product.id for product in store.products.page(ProductQuery(shop="bottega", awaiting=True), count=9)]
    assert (shoppers, staff) == (["it:bottega:2"], [CUP, "it:bottega:2"])
    assert CUP not in [product.id for product in store.products.with_gtin(GTIN)]
    assert store.products.counts() == {"it:altra": 1, "it:bottega": 1}
    assert crawl(2, goods(100_000, gtin=GTIN)).held == [CUP]
    accept(store)
    assert not store.products.get(CUP).awaits_price
    assert [point.cost for point in store.products.history(CUP)] == [Money(100_000)]
    assert CUP in [product.id for product in store.products.page(ProductQuery(shop="bottega"), count=9)]


def test_a_new_product_waits_and_is_on_sale_once_its_price_is_plausible(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000, gtin=GTIN), shop="altra")
    crawl(1, goods(100_000, gtin=GTIN))
    reject(store)
    assert crawl(2, goods(100_000, gtin=GTIN)).declined == [CUP]
    assert store.products.get(CUP).awaits_price
    assert crawl(3, goods(1300, gtin=GTIN)).changed == [CUP]
    product = store.products.get(CUP)
    assert (product.awaits_price, product.held, product.declined, cost_of(store)) == (False, None, None, Money(1300))


def test_a_live_refresh_of_a_first_price_counts_as_no_crawl(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000, gtin=GTIN), shop="altra")
    crawl(1, goods(100_000, gtin=GTIN))
    assert refresh(store, 100_000, 1.5).held == [CUP]
    held = store.products.get(CUP).held
    assert held is not None
    assert (held.times, held.crawl_id, held.seen_at) == (1, "it-1", at(1.5))
    assert refresh(store, 90_500, 1.6).held == [CUP]
    assert [entry.by for entry in store.audit.of(CUP)] == ["live refresh"]


async def test_a_first_price_that_a_crawl_reads_again_ends_the_misses(
    store: Store, crawl: Crawl, settings: Settings
) -> None:
    crawl(0, goods(1000, gtin=GTIN), shop="altra")
    crawl(1, goods(100_000, gtin=GTIN))
    asynchronous = AsyncStore(settings, Unguarded())

    async def missed(number: int) -> int:
        return await asynchronous.products.mark_unseen_gone(
            "it", "bottega", crawl_id=f"it-{number}", started_at=at(number), at=at(number), gone_after=2
        )

    assert await missed(2) == 0
    refresh(store, 100_000, 2.5)
    crawl(3, goods(100_000, gtin=GTIN))
    assert (await missed(4), await missed(5)) == (0, 1)
    asynchronous.close()


def test_a_new_product_without_a_price_is_not_stored(store: Store, crawl: Crawl) -> None:
    plan = crawl(0, goods(0), goods(1000, sku="2"))
    assert (list(plan.worthless), plan.new, plan.held) == ([CUP], ["it:bottega:2"], [])
    assert plan.worthless[CUP].startswith("€\N{NO-BREAK SPACE}0.00 is no price")


async def test_what_waits_for_its_price_goes_when_the_shop_has_it_no_more(
    store: Store, crawl: Crawl, settings: Settings
) -> None:
    crawl(0, goods(1000, gtin=GTIN), shop="altra")
    crawl(1, goods(100_000, gtin=GTIN), goods(1000, sku="2"))
    crawl(2, goods(1000, sku="2"))
    asynchronous = AsyncStore(settings, Unguarded())
    gone = await asynchronous.products.mark_unseen_gone("it", "bottega", crawl_id="it-2", started_at=at(1.5), at=at(2))
    asynchronous.close()
    assert gone == 1
    assert store.products.get(CUP).gone_at == at(2)
    assert store.holds.page(HeldQuery(), count=9) == []


async def test_a_shop_that_shows_what_was_believed_last_is_held_no_more(
    store: Store, crawl: Crawl, settings: Settings
) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(100_000))
    asynchronous = AsyncStore(settings, Unguarded())
    await asynchronous.products.mark_met({CUP: at(2)}, crawl_id="it-2", asked=False)
    assert store.products.get(CUP).held is not None, "its sitemap says nothing of the page that was held"
    await asynchronous.products.mark_met({CUP: at(3)}, crawl_id="it-3", asked=True)
    asynchronous.close()
    assert (store.products.get(CUP).held, cost_of(store)) == (None, Money(1000))
    assert [(entry.action, entry.by) for entry in store.audit.of(CUP)] == [(Outcome.SUPERSEDED, "crawl it-3")]


async def test_what_was_held_after_the_shop_answered_stays_held(store: Store, crawl: Crawl, settings: Settings) -> None:
    crawl(0, goods(1000))
    refresh(store, 100_000, 2.5)
    asynchronous = AsyncStore(settings, Unguarded())
    assert await asynchronous.products.mark_met({CUP: at(2)}, crawl_id="it-2", asked=True) == 1
    product = store.products.get(CUP)
    assert product.held is not None
    assert (product.crawl_id, store.audit.of(CUP)) == ("it-2", [])
    store.products.mark_gone([CUP], at(3))
    store._database["products"].update_one({"_id": CUP}, {"$set": {"held": held_document(product.held)}})
    assert await asynchronous.products.mark_met({CUP: at(4)}, crawl_id="it-3", asked=True) == 0
    asynchronous.close()
    assert store.audit.of(CUP) == [], "of what is gone nothing is said"


def test_how_it_was_read_is_kept_of_what_is_believed_alone(store: Store, crawl: Crawl) -> None:
    def read(number: int, cost: int, gtin: str | None = None, **more: str | None) -> None:
        listed = list_goods(goods(cost, gtin=gtin, **more), terms(), at=at(number), crawl_id=f"it-{number}")
        way = Reading(key=1, reader="1", read_at=at(number), etag=f'"{cost}"')
        store.products.upsert([replace(listed, reading=way)], terms=terms())

    def etag() -> str | None:
        kept = store.products.get(CUP).reading
        return kept.etag if kept else None

    crawl(0, goods(1000, gtin=GTIN), shop="altra")
    read(1, 100_000, GTIN)
    assert (store.products.get(CUP).awaits_price, etag()) == (True, None)
    read(2, 1000, GTIN)
    assert etag() == '"1000"'
    read(3, 2000, GTIN)
    assert etag() == '"1000"', "2000 is held"
    accept(store)
    assert etag() is None
    read(4, 2000, GTIN)
    assert etag() == '"2000"'
    read(5, 2001, GTIN, brand=None)
    assert (store.products.get(CUP).brand, etag()) == ("Casa", None), "without its brand it was not read whole"


@pytest.mark.parametrize("verdict", [None, reject], ids=["held", "rejected"])
def test_an_answer_with_another_stock_than_the_store_has_is_asked_for_no_more(
    verdict: Callable[[Store], object] | None, store: Store, crawl: Crawl
) -> None:
    believed = list_goods(goods(1000), terms(), at=at(0), crawl_id="it-0")
    reading = Reading(key=1, reader="1", read_at=at(0), etag='"1000"')
    store.products.upsert([replace(believed, reading=reading)], terms=terms())
    crawl(1, goods(100_000))
    if verdict:
        verdict(store)
    assert store.products.get(CUP).reading == reading
    crawl(2, goods(100_000, availability=Availability.OUT_OF_STOCK))
    sold_out = store.products.get(CUP)
    assert sold_out.offer is not None
    assert (sold_out.offer.availability, sold_out.reading) == (Availability.OUT_OF_STOCK, None)


def test_a_field_that_one_crawl_does_not_read_is_kept_and_goes_after_two(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    price = store.products.get(CUP).price
    bare = goods(1000, brand=None, category=None)
    assert crawl(1, bare).unchanged == [CUP]
    assert (store.products.get(CUP).brand, store.products.get(CUP).price) == ("Casa", price)
    assert crawl(2, bare).unchanged == [CUP], "the crawl before was none that read the shop as usual"
    assert crawl(3, bare, sound=("it-2",)).changed == [CUP]
    lost = store.products.get(CUP)
    assert (lost.brand, lost.category) == (None, None)
    assert lost.price == terms().price(Money(1000), None, BEGAN)


def test_a_field_that_comes_back_was_not_missed(store: Store, crawl: Crawl) -> None:
    crawl(0, goods(1000))
    crawl(1, goods(1000, brand=None))
    crawl(2, goods(1000))
    assert crawl(3, goods(1000, brand=None), sound=("it-1", "it-2")).unchanged == [CUP]
    assert store.products.get(CUP).brand == "Casa"


def test_held_prices_are_found_page_by_page_and_by_their_filters(store: Store, crawl: Crawl) -> None:
    crawl(0, *(goods(1000, sku=str(n)) for n in range(5)))
    crawl(1, *(goods(100_000, sku=str(n)) for n in range(3)))
    crawl(2, goods(0, sku="3"), goods(4000, sku="4"))
    seen, query = [], HeldQuery()
    while page := store.holds.page(query, count=2):
        seen += [str(product.id) for product in page]
        assert page[-1].held is not None
        query = replace(query, after=(page[-1].held.at, page[-1].id))
    assert seen == [f"it:bottega:{n}" for n in (3, 4, 0, 1, 2)]

    def count(**wanted: object) -> int:
        return store.holds.count(HeldQuery(**wanted), most=100)  # type: ignore[arg-type]

    assert (count(), count(crawl_id="it-1"), count(kind=DoubtKind.FAR), count(shop="altra")) == (5, 3, 1, 0)
    assert (count(market="it"), count(until=at(1)), store.holds.count(HeldQuery(), most=2)) == (5, 3, 2)
    assert store.holds.kinds(HeldQuery()) == {DoubtKind.NOT_POSITIVE: 1, DoubtKind.TIMES_100: 3, DoubtKind.FAR: 1}


def test_a_whole_crawl_is_decided_and_what_costs_nothing_is_left(store: Store, crawl: Crawl) -> None:
    crawl(0, *(goods(1000, sku=str(n)) for n in range(5)))
    crawl(1, *(goods(2000, sku=str(n)) for n in range(3)), goods(0, sku="3"))
    crawl(2, goods(9000, sku="4"))

    def accepting(product: Product, held: object) -> None:
        accept(store, str(product.id))

    decided = store.holds.decide_all(HeldQuery(crawl_id="it-1"), accepting, seconds=30)
    assert (decided.done, decided.skipped, decided.left) == (3, 1, False)
    assert [str(product.id) for product in store.holds.page(HeldQuery(), count=9)] == ["it:bottega:4", "it:bottega:3"]
    none = store.holds.decide_all(HeldQuery(), accepting, seconds=-1)
    assert (none.done, none.left) == (0, True)
