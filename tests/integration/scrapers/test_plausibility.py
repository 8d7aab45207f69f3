"""A shop that loses its decimal comma, and one that changes its pages: real spiders, a real shop, a real store."""

from dataclasses import replace

import httpx2
import pytest
from shopkeeper import PRODUCTS, RunningShop

from api.app import create_app
from listino.crawling import run_crawl
from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus, ShopCounts
from listino.domain.drift import FIELDS, fields_of
from listino.domain.listing import list_goods
from listino.domain.product import Product
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.store.client import Store
from listino.store.holds import HeldQuery
from listino.store.query import ProductQuery

pytestmark = pytest.mark.timeout(180)


def crawl(settings: Settings, shop: RunningShop) -> Crawl:
    return run_crawl(settings, shop.market, trigger="test")


def whole(store: Store, shop: RunningShop) -> dict[str, Product]:
    """The stored goods that are on sale, by the shop's key."""
    cards = store.products.page(ProductQuery(market=shop.market, shop=shop.name), count=10 * PRODUCTS)
    return {str(card.id).rsplit(":", 1)[-1]: store.products.get(card.id) for card in cards}


async def shown(settings: Settings, shop: RunningShop) -> dict[str, str]:
    """What shoppers see in the list: the price of each product by its id."""
    app = create_app(settings)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        cards = (await client.get(f"/products?count=100&market={shop.market}")).json()
        assert len(cards) == PRODUCTS
        pages = {card["id"]: (await client.get(f"/products/{card['id']}")).json() for card in cards}
    assert {card["id"]: card["default_price"] for card in cards} == {
        key: page["price"]["amount"] for key, page in pages.items()
    }
    return {card["id"]: card["default_price"] for card in cards}


def stock(settings: Settings, shop: RunningShop, store: Store) -> dict[str, Product]:
    """The shop's goods in the store and the record of a whole crawl, as such a crawl leaves them."""
    terms, begun = Shops.load(settings.shops_path)[shop.key].terms, utc_now()
    run = Crawl.begun(shop.market, trigger="test", at=begun)
    seen = [list_goods(goods, terms, at=begun, crawl_id=run.id) for goods in shop.truth().values()]
    assert len(store.products.upsert(seen).new) == PRODUCTS
    shown = [fields_of(product) for product in seen]
    counts = ShopCounts(
        products=PRODUCTS,
        measured=PRODUCTS,
        coverage={name: sum(name in fields for fields in shown) / PRODUCTS for name in FIELDS},
        complete=True,
    )
    store.crawls.save(replace(run, status=CrawlStatus.FINISHED, shops={shop.name: counts}))
    return whole(store, shop)


async def test_prices_that_a_shop_got_wrong_are_held_and_never_shown(
    any_shop: RunningShop, settings: Settings, store: Store
) -> None:
    before = stock(settings, any_shop, store)
    prices = await shown(settings, any_shop)
    skus = sorted(before)
    hundredfold, free = skus[:3], skus[3:5]
    any_shop.admin("misprice", factor=100, skus=hundredfold)
    any_shop.admin("misprice", factor=0, skus=free)
    run = crawl(settings, any_shop)
    assert (run.status, run.total("products"), run.total("held")) == (CrawlStatus.FINISHED, PRODUCTS, 5)
    assert (run.total("new"), run.total("rejected"), run.total("gone")) == (0, 0, 0)
    assert await shown(settings, any_shop) == prices
    held = store.holds.page(HeldQuery(market=any_shop.market, shop=any_shop.name, crawl_id=run.id), count=9)
    kinds = {str(product.id).rsplit(":", 1)[-1]: product.held.kind.value for product in held if product.held}
    assert kinds == dict.fromkeys(hundredfold, "times_100") | dict.fromkeys(free, "not_positive")
    assert {key: product.price for key, product in whole(store, any_shop).items()} == {
        key: product.price for key, product in before.items()
    }


async def test_what_was_decided_holds_for_the_crawls_after_it(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    before = stock(settings, german_shop, store)
    prices = await shown(settings, german_shop)
    wrong = sorted(before)[:3]
    german_shop.admin("misprice", factor=100, skus=wrong)
    assert crawl(settings, german_shop).total("held") == 3
    terms, mara, now = Shops.load(settings.shops_path)[german_shop.key].terms, "mara@listino.test", utc_now()
    accepted, rejected = (store.products.get(before[key].id) for key in wrong[:2])
    assert accepted.held is not None
    assert rejected.held is not None
    sold = store.holds.accept(accepted.id, accepted.held.reading, terms_of=lambda _: terms, by=mara, at=now)
    store.holds.reject(rejected.id, rejected.held.reading, by=mara, at=now)
    assert sold.price is not None

    again = crawl(settings, german_shop)
    assert (again.total("held"), again.total("unchanged")) == (1, PRODUCTS - 1)
    assert await shown(settings, german_shop) == prices | {str(sold.id): str(sold.price.amount)}
    (left,) = store.holds.page(HeldQuery(), count=9)
    assert left.held is not None
    assert (left.id, left.held.times, left.held.crawl_id) == (before[wrong[2]].id, 2, again.id)


def test_a_drifted_crawl_is_marked_and_what_is_stored_is_kept(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    before = stock(settings, german_shop, store)
    german_shop.admin("hide", fields=["description", "brand"])
    german_shop.admin("vanish", skus=sorted(before)[:2])
    run = crawl(settings, german_shop)
    counts = run.shops[german_shop.name]
    assert (run.status, run.drifted, counts.complete) == (CrawlStatus.INCOMPLETE, [german_shop.name], False)
    assert {(fall.field, fall.now, fall.usual) for fall in counts.drift} == {
        ("brand", 0.0, 1.0),
        ("description", 0.0, 1.0),
    }
    assert "it drifted: brand at 0% of products where 100% are usual" in str(run.error)
    assert (run.total("gone"), run.total("products")) == (0, PRODUCTS - 2)
    assert {key: (p.brand, p.description) for key, p in whole(store, german_shop).items()} == {
        key: (p.brand, p.description) for key, p in before.items()
    }

    # A shop that has really changed is taken at its word: then two sound crawls in a row that miss a field clear it.
    assert store.crawls.accept_drift(run.id, german_shop.name, by="mara@listino.test")
    sound = crawl(settings, german_shop)
    assert (sound.status, sound.total("gone"), sound.total("unchanged")) == (CrawlStatus.FINISHED, 2, PRODUCTS - 2)
    cleared = crawl(settings, german_shop)
    assert cleared.total("changed") == PRODUCTS - 2
    assert {(p.brand, p.description) for p in whole(store, german_shop).values()} == {(None, None)}


def test_far_fewer_products_than_usual_take_nothing_off_sale(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    stock(settings, german_shop, store)
    german_shop.admin("vanish", share=0.6)
    run = crawl(settings, german_shop)
    assert [fall.field for fall in run.shops[german_shop.name].drift] == ["products"]
    assert (run.status, run.total("gone"), len(whole(store, german_shop))) == (CrawlStatus.INCOMPLETE, 0, PRODUCTS)
