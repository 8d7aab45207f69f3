"""Each platform's reader, walked over a whole demo shop without a network, against the truth of that shop."""

from collections.abc import Iterator, Sequence
from math import ceil

import pytest
from starlette.testclient import TestClient

from listino.domain.listing import Terms
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import ShopProduct
from listino.domain.pricing import PricingRule
from listino.local.shops.app import create_app
from listino.local.shops.catalogue import Catalogue
from listino.shops.platform import Fetch, Known, Page, Told
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import CrawlManner, Shop

PLATFORM_OF = {"it": "woocommerce", "fr": "prestashop", "de": "shopify", "es": "generic"}
BASE = "http://shop.test"
PRODUCTS = 60


class Walk:
    """A crawl without a spider: every fetch is answered by the demo shop's application itself."""

    def __init__(self, market: str) -> None:
        declared = market_of(market)
        terms = Terms(market=declared, shop="demo", shipping=Money(490), rule=PricingRule())
        manner = CrawlManner(product=r"/producto/[^/]+", category=r"/c/[^/]+") if market == "es" else CrawlManner()
        self.shop = Shop(
            name="demo", market=declared, platform=PLATFORM_OF[market], url=BASE, terms=terms, crawl=manner
        )
        self.platform = PLATFORMS[PLATFORM_OF[market]]
        self.catalogue = Catalogue(market, base_url=BASE, seed=3, count=PRODUCTS)
        self.client = TestClient(create_app(self.catalogue), base_url=BASE)
        self.asked = 0

    def fetch(self, fetch: Fetch) -> Page | None:
        answer = self.client.request(fetch.method, fetch.url, headers=dict(fetch.headers), content=fetch.body)
        if answer.status_code in (404, 410) and fetch.optional:
            return None
        assert answer.status_code == 200, fetch
        return Page(url=fetch.url, body=answer.content, headers=dict(answer.headers))

    def offers(self, goods: Sequence[ShopProduct]) -> dict[str, Told]:
        """What the shop tells of these products when it is asked as a live worker asks it."""
        known = [Known(sku=one.sku, url=one.url, variants=len(one.offer.variants)) for one in goods]
        told: dict[str, Told] = {}
        for refresh in self.platform.refresh_many(self.shop, known):
            self.asked += 1
            page = self.fetch(refresh.fetch)
            assert page is not None
            told |= self.platform.read_offers(self.shop, refresh, page)
        return told

    def goods(self) -> Iterator[ShopProduct]:
        queue, met = list(self.platform.start(self.shop)), set()
        while queue:
            fetch = queue.pop()
            if fetch.url in met:
                continue
            met.add(fetch.url)
            page = self.fetch(fetch)
            for found in self.platform.read(self.shop, fetch, page) if page else ():
                if isinstance(found, Fetch):
                    queue.append(found)
                elif isinstance(found, ShopProduct):
                    yield found


@pytest.fixture(params=["it", "fr", "de", "es"])
def walk(request: pytest.FixtureRequest) -> Walk:
    return Walk(request.param)


def test_a_walk_brings_home_the_whole_truth(walk: Walk) -> None:
    truth = walk.catalogue.truth()
    read = {goods.sku: goods for goods in walk.goods()}
    assert len(read) == len(truth) == PRODUCTS
    fields = [name for name in ShopProduct.__slots__ if not (name == "related" and walk.platform.name == "shopify")]
    for key, expected in truth.items():
        for field in fields:
            assert getattr(read[key], field) == getattr(expected, field), f"{key}.{field}"


@pytest.mark.parametrize("together", [1, 7, PRODUCTS])
def test_a_refresh_reads_the_offers_that_the_crawl_would(together: int, walk: Walk) -> None:
    truth = list(walk.catalogue.truth().values())
    assert len(truth) == PRODUCTS
    told: dict[str, Told] = {}
    for start in range(0, PRODUCTS, together):
        told |= walk.offers(truth[start : start + together])
    assert len(told) == PRODUCTS
    for expected in truth:
        assert told[expected.sku] == expected.offer, expected.sku


@pytest.mark.parametrize("market", ["it"])
def test_several_products_cost_few_requests(market: str) -> None:
    walk = Walk(market)
    truth = list(walk.catalogue.truth().values())
    simple = [goods for goods in truth if len(goods.offer.variants) == 1]
    varying = [goods for goods in truth if len(goods.offer.variants) > 1]
    assert len(simple) > 5
    assert len(varying) > 5
    walk.offers(simple)
    assert walk.asked == ceil(len(simple) / walk.platform.batch)
    walk.asked = 0
    walk.offers(varying)
    pages = ceil(sum(len(goods.offer.variants) for goods in varying) / 100)
    assert pages <= walk.asked <= 2 * max(pages, ceil(len(varying) / walk.platform.batch))
