"""Magento and Shopware, walked over a whole shop that answers as their documents say, over HTTP, against the truth."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from magento_shop import MagentoShop, as_magento_shows
from serving import served
from shopware_shop import ACCESS_KEY, ShopwareShop, as_shopware_shows, shopware_id

from listino.domain.errors import GoneFromShop
from listino.domain.listing import Terms
from listino.domain.market import market_of
from listino.domain.money import Money
from listino.domain.offer import ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.local.shops.catalogue import Catalogue
from listino.shops.declaration import load_shop
from listino.shops.detection import detect
from listino.shops.draft import draft_of
from listino.shops.platform import Expected, Fetch, Known, Page, Platform, Told
from listino.shops.platforms.registry import PLATFORMS
from listino.shops.shop import PlatformOptions, Shop
from listino.shops.trial import try_shop
from listino.shops.visitor import Visitor

PRODUCTS = 120  # more than a list of either platform holds


@dataclass
class Served:
    """A shop on loopback, and the goods that a reader of its answers ends up with, by their keys."""

    shop: Shop
    truth: Mapping[str, ShopProduct]
    goods: dict[str, ShopProduct]  # what the server sells, by the keys of the catalogue
    requests: int = 0

    @property
    def platform(self) -> Platform:
        return PLATFORMS[self.shop.platform]

    def fetch(self, fetch: Fetch) -> Page:
        self.requests += 1
        answer = httpx2.request(
            fetch.method, fetch.url, headers=dict(fetch.headers), content=fetch.body, trust_env=False
        )
        assert answer.status_code == 200, answer.text
        return Page(url=fetch.url, body=answer.content, headers=dict(answer.headers))

    def crawl(self) -> Iterator[ShopProduct | Expected]:
        waiting = list(self.platform.start(self.shop))
        while waiting:
            fetch = waiting.pop()
            for found in self.platform.read(self.shop, fetch, self.fetch(fetch)):
                if isinstance(found, Fetch):
                    waiting.append(found)
                else:
                    yield found

    def offers(self, known: list[Known]) -> dict[str, Told]:
        told: dict[str, Told] = {}
        for refresh in self.platform.refresh_many(self.shop, known):
            told |= self.platform.read_offers(self.shop, refresh, self.fetch(refresh.fetch))
        return told


def declared(platform: str, url: str, **options: Any) -> Shop:
    market = market_of("de")
    terms = Terms(market=market, shop="demo", shipping=Money(0), rule=PricingRule())
    return Shop(name="demo", market=market, platform=platform, url=url, terms=terms, options=PlatformOptions(**options))


@pytest.fixture(scope="module")
def catalogue() -> Mapping[str, ShopProduct]:
    goods = Catalogue("de", base_url="https://cdn.example", seed=3, count=PRODUCTS).truth()
    # Neither platform tells more of the stock than whether little is left.
    return {key: _without_plenty(one) for key, one in goods.items()}


def _without_plenty(goods: ShopProduct) -> ShopProduct:
    def known(variant: Variant) -> Variant:
        return replace(variant, quantity=0 if variant.availability == "OutOfStock" else None)

    return replace(goods, offer=replace(goods.offer, variants=tuple(map(known, goods.offer.variants))))


@pytest.fixture(params=["magento", "shopware"])
def shop(request: pytest.FixtureRequest, catalogue: Mapping[str, ShopProduct]) -> Iterator[Served]:
    if request.param == "magento":
        magento = MagentoShop(dict(catalogue))
        with served(magento.app()) as url:
            truth = {key: as_magento_shows(goods, url) for key, goods in catalogue.items()}
            yield Served(declared("magento", url, store="de"), truth, magento.goods)
        return
    shopware = ShopwareShop(dict(catalogue))
    with served(shopware.app()) as url:
        truth = {shopware_id(key): as_shopware_shows(goods, url) for key, goods in catalogue.items()}
        yield Served(declared("shopware", url, access_key=ACCESS_KEY), truth, shopware.goods)


def known(goods: ShopProduct) -> Known:
    return Known(sku=goods.sku, url=goods.url, variants=len(goods.offer.variants))


def test_a_crawl_brings_home_the_whole_truth(shop: Served) -> None:
    found = list(shop.crawl())
    assert [entry for entry in found if isinstance(entry, Expected)] == [Expected(PRODUCTS)]
    read = {goods.sku: goods for goods in found if isinstance(goods, ShopProduct)}
    assert len(read) == len(found) - 1 == PRODUCTS
    for key, expected in shop.truth.items():
        for field in ShopProduct.__slots__:
            assert getattr(read[key], field) == getattr(expected, field), f"{key}.{field}"


def test_a_crawl_costs_one_request_a_list(shop: Served) -> None:
    list(shop.crawl())
    assert shop.requests == {"magento": 3, "shopware": 2}[shop.platform.name]


def test_refreshes_bring_home_the_offers_in_few_requests(shop: Served) -> None:
    told = shop.offers([known(goods) for goods in shop.truth.values()])
    assert len(told) == PRODUCTS
    assert shop.requests == 5
    for key, expected in shop.truth.items():
        offer = told[key]
        assert isinstance(offer, ShopOffer)
        assert _without_photos(offer) == _without_photos(expected.offer), key


def _without_photos(offer: ShopOffer) -> ShopOffer:
    return replace(offer, variants=tuple(replace(variant, photos=()) for variant in offer.variants))


def test_a_moved_price_and_a_withdrawn_product(shop: Served) -> None:
    (moved, withdrawn, other), keys = list(shop.truth.values())[:3], list(shop.goods)[:3]
    old = shop.goods[keys[0]]
    shop.goods[keys[0]] = replace(old, offer=ShopOffer.of([replace(old.offer.variants[0], cost=Money(777))]))
    del shop.goods[keys[1]]
    told = shop.offers([known(goods) for goods in (moved, withdrawn, other)])
    assert shop.requests == 1
    assert len(told) == 3
    offer, gone = told[moved.sku], told[withdrawn.sku]
    assert isinstance(offer, ShopOffer)
    assert offer.cost == Money(777)
    assert isinstance(gone, GoneFromShop)
    assert isinstance(told[other.sku], ShopOffer)


def test_the_shop_is_detected_and_a_trial_of_it_succeeds(shop: Served, tmp_path: Path) -> None:
    url = shop.shop.url
    with Visitor(url, "Listino/0.1", sleep=lambda seconds: None) as visitor:
        found = detect(visitor, url)
    assert (found.platform, found.market, found.currency, found.warnings) == (shop.platform.name, "de", "EUR", [])
    path = tmp_path / "draft.toml"
    path.write_text(draft_of(found), encoding="utf-8")
    declared_ = load_shop(path)
    with Visitor(url, "Listino/0.1", sleep=lambda seconds: None) as visitor:
        trial = try_shop(declared_, visitor, count=3)
    assert (trial.ok, len(trial.samples), trial.failures, trial.requests) == (True, 3, [], 3)
    for sample in trial.samples:
        expected = shop.truth[sample.fields["sku"].value or ""]
        assert sample.fields["price"].value == f"{expected.offer.cost} EUR"
        assert sample.live == f"{expected.offer.cost} EUR, 3 with one request"


def test_a_magento_shop_that_forbids_question_marks_is_asked_by_post(
    catalogue: Mapping[str, ShopProduct], tmp_path: Path
) -> None:
    magento = MagentoShop(dict(catalogue), robots="User-agent: *\nDisallow: /*?\n")
    path = tmp_path / "draft.toml"
    with served(magento.app()) as url:
        with Visitor(url, "Listino/0.1", sleep=lambda seconds: None) as visitor:
            path.write_text(draft_of(detect(visitor, url)), encoding="utf-8")
        with Visitor(url, "Listino/0.1", sleep=lambda seconds: None) as visitor:
            trial = try_shop(load_shop(path), visitor, count=3)
    assert (trial.ok, len(trial.samples), trial.failures) == (True, 3, [])
    assert len(magento.asked) == 3
    assert {method for method, _ in magento.asked} == {"POST"}
