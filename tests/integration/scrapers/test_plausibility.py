"""A shop that loses its decimal comma, and one that changes its pages: real spiders, a real shop, a real store."""

import httpx
import pytest
from shopkeeper import PRODUCTS, RunningShop

from api.app import create_app
from listino.crawling import run_crawl
from listino.domain.clock import utc_now
from listino.domain.crawl import Crawl, CrawlStatus
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
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        cards = (await client.get(f"/products?count=100&market={shop.market}")).json()
        assert len(cards) == PRODUCTS
        pages = {card["id"]: (await client.get(f"/products/{card['id']}")).json() for card in cards}
    assert {card["id"]: card["default_price"] for card in cards} == {
        key: page["price"]["amount"] for key, page in pages.items()
    }
    return {card["id"]: card["default_price"] for card in cards}


async def test_prices_that_a_shop_got_wrong_are_held_and_never_shown(
    any_shop: RunningShop, settings: Settings, store: Store
) -> None:
    crawl(settings, any_shop)
    before, prices = whole(store, any_shop), await shown(settings, any_shop)
    skus = sorted(before)
    hundredfold, free = skus[:3], skus[3:5]
    any_shop.admin("misprice", factor=100, skus=hundredfold)
    any_shop.admin("misprice", factor=0, skus=free)
    run = crawl(settings, any_shop)
    assert (run.status, run.total("products"), run.total("held")) == (CrawlStatus.FINISHED, PRODUCTS, 5)
    assert (run.total("unchanged"), run.total("rejected"), run.total("gone")) == (PRODUCTS - 5, 0, 0)
    assert await shown(settings, any_shop) == prices
    held = store.holds.page(HeldQuery(market=any_shop.market, shop=any_shop.name, crawl_id=run.id), count=9)
    kinds = {str(product.id).rsplit(":", 1)[-1]: product.held.kind.value for product in held if product.held}
    assert kinds == dict.fromkeys(hundredfold, "times_100") | dict.fromkeys(free, "not_positive")
    assert {key: product.price for key, product in whole(store, any_shop).items()} == {
        key: product.price for key, product in before.items()
    }

    terms = Shops.load(settings.shops_path)[any_shop.key].terms
    accepted, rejected = (store.products.get(before[key].id) for key in hundredfold[:2])
    assert accepted.held is not None
    assert rejected.held is not None
    assert accepted.offer is not None
    mara, now = "mara@listino.test", utc_now()
    sold = store.holds.accept(accepted.id, accepted.held.reading, terms_of=lambda _: terms, by=mara, at=now)
    store.holds.reject(rejected.id, rejected.held.reading, by=mara, at=now)
    assert sold.offer is not None
    assert sold.offer.cost.minor == pytest.approx(100 * accepted.offer.cost.minor, rel=0.01)
    assert sold.price is not None
    again = crawl(settings, any_shop)
    assert (again.total("held"), again.total("unchanged")) == (3, PRODUCTS - 3)
    assert await shown(settings, any_shop) == prices | {sold.id: str(sold.price.amount)}

    any_shop.admin("restore")
    mended = crawl(settings, any_shop)
    assert (mended.total("held"), mended.total("unchanged")) == (1, PRODUCTS - 1)
    assert [product.id for product in store.holds.page(HeldQuery(), count=9)] == [sold.id], (
        "a hundredth of what is sold at"
    )


def test_a_drifted_crawl_is_marked_and_what_is_stored_is_kept(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    first = crawl(settings, german_shop)
    before = whole(store, german_shop)
    assert first.shops[german_shop.name].coverage["description"] == 1.0
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
    assert (run.total("gone"), run.total("unchanged")) == (0, PRODUCTS - 2)
    after = whole(store, german_shop)
    assert {key: (p.brand, p.description) for key, p in after.items()} == {
        key: (p.brand, p.description) for key, p in before.items()
    }

    # A shop that has really changed is taken at its word, and two sound crawls in a row that miss a field clear it.
    assert store.crawls.accept_drift(run.id, german_shop.name, by="mara@listino.test")
    sound = crawl(settings, german_shop)
    assert (sound.status, sound.total("gone"), sound.total("unchanged")) == (CrawlStatus.FINISHED, 2, PRODUCTS - 2)
    cleared = crawl(settings, german_shop)
    assert cleared.total("changed") == PRODUCTS - 2
    assert {(p.brand, p.description) for p in whole(store, german_shop).values()} == {(None, None)}


def test_far_fewer_products_than_usual_take_nothing_off_sale(
    german_shop: RunningShop, settings: Settings, store: Store
) -> None:
    crawl(settings, german_shop)
    german_shop.admin("vanish", share=0.6)
    run = crawl(settings, german_shop)
    assert [fall.field for fall in run.shops[german_shop.name].drift] == ["products"]
    assert (run.status, run.total("gone"), len(whole(store, german_shop))) == (CrawlStatus.INCOMPLETE, 0, PRODUCTS)
