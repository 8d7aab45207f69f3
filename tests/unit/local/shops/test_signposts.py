import gzip
from typing import Any

import pytest
from parsel import Selector
from protego import Protego

MARKETS = ("it", "fr", "de", "es")
FORBIDDEN = {"it": "/carrello/", "fr": "/panier/", "de": "/warenkorb/", "es": "/carrito/"}


def sitemap(client: Any) -> dict[str, str | None]:
    """Address to lastmod of everything in the sitemap's parts."""
    index = Selector(client.get("/sitemap.xml").text, type="xml")
    index.remove_namespaces()
    entries: dict[str, str | None] = {}
    for part in index.xpath("//sitemap/loc/text()").getall():
        answer = client.get(part)
        assert answer.status_code == 200
        assert "content-encoding" not in answer.headers
        urls = Selector(gzip.decompress(answer.content).decode(), type="xml")
        urls.remove_namespaces()
        assert 1 <= len(urls.xpath("//url")) <= 100
        for url in urls.xpath("//url"):
            address = url.xpath("loc/text()").get("")
            assert address not in entries
            entries[address] = url.xpath("lastmod/text()").get()
    return entries


@pytest.mark.parametrize("market", MARKETS)
def test_robots_are_told_where_not_to_go(open_shop: Any, market: str) -> None:
    shop = open_shop(market)
    robots = Protego.parse(shop.client.get("/robots.txt").text)
    assert robots.crawl_delay("Listino") == 0.02
    assert list(robots.sitemaps) == ["http://testserver/sitemap.xml"]
    for path in (FORBIDDEN[market], shop.catalogue.front.trap, shop.catalogue.front.trap + "3"):
        assert not robots.can_fetch(path, "Listino")
        assert shop.client.get(path).status_code == 200
    product = next(iter(shop.catalogue.truth().values()))
    assert robots.can_fetch(product.url, "Listino")


@pytest.mark.parametrize("market", MARKETS)
def test_the_home_page_links_the_trap(open_shop: Any, market: str) -> None:
    shop = open_shop(market)
    links = Selector(shop.client.get("/").text).css("main a::attr(href)").getall()
    assert shop.catalogue.front.trap in links
    trap = Selector(shop.client.get(shop.catalogue.front.trap).text)
    assert len(trap.css(".card a")) == 12


@pytest.mark.parametrize("market", MARKETS)
def test_the_sitemap_holds_every_product_and_some_that_are_gone(open_shop: Any, market: str) -> None:
    shop = open_shop(market)
    entries = sitemap(shop.client)
    urls = {product.url for product in shop.catalogue.truth().values()}
    assert len(urls) == 250
    assert urls <= entries.keys()
    dated = {address for address, lastmod in entries.items() if lastmod}
    gone = dated - urls
    assert len(gone) == 4
    assert [shop.client.get(address).status_code for address in gone] == [410] * 4
    categories = entries.keys() - dated
    assert len(categories) == 8 + 24
    assert {shop.client.get(address).status_code for address in categories} == {200}


def test_a_change_moves_lastmod_and_the_entity_tag(open_shop: Any) -> None:
    shop = open_shop("fr")
    key = shop.catalogue.keys()[9]
    url = shop.catalogue.product(key).url
    first, before = shop.client.get(url), sitemap(shop.client)[url]
    unchanged = shop.client.get(url, headers={"if-none-match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    shop.client.post("/_shop/price", json={"sku": key, "price": "1.23"})
    after = sitemap(shop.client)[url]
    assert before
    assert after
    assert after > before
    changed = shop.client.get(url, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["last-modified"] != first.headers["last-modified"]


@pytest.mark.parametrize("part", [0, 99])
def test_there_is_no_other_part(open_shop: Any, part: int) -> None:
    assert open_shop("it").client.get(f"/sitemap-{part}.xml.gz").status_code == 404
