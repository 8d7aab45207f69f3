"""The products repository on a real server."""

from dataclasses import replace
from datetime import timedelta

import pytest

from listino.domain.clock import utc_now
from listino.domain.errors import EngineUnavailable, ProductNotFound
from listino.domain.listing import Terms, list_goods, reoffer
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product, Sku
from listino.settings import Settings
from listino.store.aio import AsyncStore
from listino.store.client import Store
from listino.store.guard import Unguarded
from listino.store.query import ProductQuery

TERMS = Terms(market=market_of("it"), shop="bottega", shipping=Money(490), rule=PricingRule())
START = utc_now() - timedelta(days=1)


def offer(cost: int) -> ShopOffer:
    return ShopOffer.of([Variant(sku="a", cost=Money(cost), availability=Availability.IN_STOCK)])


def product(
    sku: str = "1", *, name: str = "Caffè Aurora", cost: int = 1000, at: object = START, crawl: str = "c1"
) -> Product:
    goods = ShopProduct(sku=sku, url=f"http://shop.test/{sku}", name=name, brand="Torrefazione Sole", offer=offer(cost))
    return list_goods(goods, TERMS, at=at, crawl_id=crawl)  # type: ignore[arg-type]


def test_what_was_stored_is_read_back_equal(store: Store) -> None:
    stored = product()
    assert store.products.upsert([stored]).new == [stored.id]
    assert store.products.get(stored.id) == stored


def test_an_upsert_can_be_repeated_without_any_change(store: Store) -> None:
    stored = product()
    store.products.upsert([stored])
    again = store.products.upsert([stored])
    assert (again.new, again.changed, again.unchanged) == ([], [], [stored.id])
    assert store.products.get(stored.id) == stored
    assert len(store.products.history(stored.id)) == 1


def test_an_unchanged_product_only_moves_its_seen_mark(store: Store) -> None:
    store.products.upsert([product()])
    later = START + timedelta(hours=1)
    store.products.upsert([product(at=later, crawl="c2")])
    stored = store.products.get("it:bottega:1")
    assert stored.offer is not None
    assert (stored.crawl_id, stored.offer.seen_at, stored.changed_at) == ("c2", later, START)


def test_a_crawl_that_read_the_page_earlier_does_not_undo_a_live_refresh(store: Store) -> None:
    store.products.upsert([product()])
    crawled_at, refreshed_at = START + timedelta(seconds=10), START + timedelta(seconds=20)
    refreshed = reoffer(store.products.get("it:bottega:1"), offer(2000), TERMS, at=refreshed_at)
    store.products.upsert([refreshed])
    store.products.upsert([product(cost=1500, at=crawled_at, crawl="c2")])
    stored = store.products.get("it:bottega:1")
    assert stored.offer is not None
    assert (stored.offer.cost, stored.offer.checked_at) == (Money(2000), refreshed_at)
    assert (stored.crawl_id, stored.offer.seen_at) == ("c2", crawled_at)


def test_a_live_refresh_that_read_the_product_before_a_crawl_leaves_the_crawls_mark(store: Store) -> None:
    store.products.upsert([product()])
    read_before = store.products.get("it:bottega:1")
    crawled_at = START + timedelta(seconds=10)
    store.products.upsert([product(at=crawled_at, crawl="c2")])
    store.products.upsert([reoffer(read_before, offer(2000), TERMS, at=crawled_at + timedelta(seconds=5))])
    stored = store.products.get("it:bottega:1")
    assert stored.offer is not None
    assert (stored.offer.cost, stored.crawl_id, stored.offer.seen_at) == (Money(2000), "c2", crawled_at)


def test_a_field_that_the_shop_took_away_is_taken_away(store: Store) -> None:
    store.products.upsert([product()])
    bare = ShopProduct(sku="1", url="http://shop.test/1", name="Caffè Aurora", offer=offer(1000))
    store.products.upsert([list_goods(bare, TERMS, at=START + timedelta(hours=1), crawl_id="c2")])
    assert store.products.get("it:bottega:1").brand is None


def test_pages_follow_one_another_without_gap_or_repetition(store: Store) -> None:
    store.products.upsert([product(f"{n:03}") for n in range(25)])
    catalogue = [replace(product(), id=n, market=None, shop=None, offer=None) for n in range(3)]
    store.products.upsert(catalogue)
    met: list[object] = []
    query = ProductQuery()
    while page := store.products.page(query, count=7):
        met += [card.id for card in page]
        query = replace(query, after=page[-1].id)
    assert len(met) == 28
    assert met == [0, 1, 2, *(f"it:bottega:{n:03}" for n in range(25))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("caffe", ["1"]), ("CAFFÈ auro", ["1"]), ("sole caffe", ["1"]), ("torre", ["1", "2"]), ("it:bottega:2", ["2"]),
        ("affè", []), ("bot-7-x", ["1"]), ("BOT-7", ["1", "2"]), (".*", []), ("aurora$", ["1"]),
    ],
)  # fmt: skip
def test_search_finds_beginnings_of_words(text: str, found: list[str], store: Store) -> None:
    sizes = {key: Sku(size=key, quantity=1) for key in ("BOT-7-X", "BOT-7-Y")}
    goods = [product("1"), product("2", name="Tazzina blu")]
    styles = [replace(g.styles[0], skus={key: sizes[key]}) for g, key in zip(goods, sizes, strict=True)]
    store.products.upsert([replace(g, styles=(style,)) for g, style in zip(goods, styles, strict=True)])
    cards = store.products.page(ProductQuery(text=text, beginnings=True), count=10)
    assert [str(card.id).rsplit(":", 1)[-1] for card in cards] == found


def test_gone_goods_are_kept_and_left_out_of_lists(store: Store) -> None:
    store.products.upsert([product("1"), product("2")])
    at = utc_now()
    assert store.products.mark_gone(["it:bottega:1"], at) == 1
    assert store.products.mark_gone(["it:bottega:1"], at) == 0
    assert [card.id for card in store.products.page(ProductQuery(), count=10)] == ["it:bottega:2"]
    assert len(store.products.page(ProductQuery(gone=True), count=10)) == 2
    assert store.products.get("it:bottega:1").gone_at == at
    assert store.products.counts() == {"it:bottega": 1}


def test_an_unknown_product_is_an_error_that_names_it(store: Store) -> None:
    with pytest.raises(ProductNotFound, match="it:bottega:404"):
        store.products.get("it:bottega:404")


def test_the_validator_refuses_what_is_no_product(store: Store) -> None:
    with pytest.raises(Exception, match="failed validation"):
        store.products.upsert([replace(product(), name="")])


def test_preparing_twice_does_no_harm_and_a_restart_keeps_the_data(store: Store, settings: Settings) -> None:
    store.products.upsert([product()])
    store.prepare()
    with Store(settings, Unguarded()) as other:
        other.prepare()
        assert other.products.get("it:bottega:1").name == "Caffè Aurora"


def test_a_store_that_is_away_says_so_and_how_to_go_on(settings: Settings) -> None:
    away = settings.model_copy(update={"mongo_uri": "mongodb://user:hush@127.0.0.1:9/?serverSelectionTimeoutMS=200"})
    with Store(away) as store, pytest.raises(EngineUnavailable) as raised:
        store.ping()
    assert "listino up" in str(raised.value)
    assert "hush" not in str(raised.value)


async def test_the_asynchronous_store_reads_what_the_synchronous_one_wrote(store: Store, settings: Settings) -> None:
    stored = product()
    store.products.upsert([stored])
    aio = AsyncStore(settings, Unguarded())
    try:
        assert await aio.products.get(stored.id) == stored
        assert [card.id for card in await aio.products.page(ProductQuery(market="it"), count=5)] == [stored.id]
        assert await aio.products.history(stored.id) == store.products.history(stored.id)
        changed = await aio.products.upsert([product(cost=1100, at=START + timedelta(hours=1), crawl="c2")])
        assert changed.changed == [stored.id]
        gone = await aio.products.mark_unseen_gone(
            "it", "bottega", crawl_id="c3", started_at=utc_now(), at=utc_now(), unless_urls=[stored.url or ""]
        )
        assert gone == 0
        assert (
            await aio.products.mark_unseen_gone("it", "bottega", crawl_id="c3", started_at=utc_now(), at=utc_now()) == 1
        )
    finally:
        aio.close()
