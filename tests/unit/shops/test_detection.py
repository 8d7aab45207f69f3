"""What is found out about a shop by a look at it, and the declaration that is drafted from that."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from listino.domain.errors import GoneFromShop
from listino.local.shops.app import create_app
from listino.local.shops.catalogue import Catalogue
from listino.shops.declaration import load_shop
from listino.shops.detection import Detected, detect
from listino.shops.draft import draft_of
from listino.shops.visitor import Visitor

ROOT = "https://calzoleria.it"
STORE_API = "/wp-json/wc/store/v1/products"
PRODUCT_PAGE = """<html lang="it"><h1>Moka</h1><script type="application/ld+json">
{"@type": "Product", "name": "Moka", "sku": "8411", "offers": {"price": "19.90", "priceCurrency": "EUR"}}</script>
<p>19,90 €</p><button>Aggiungi al carrello</button></html>"""


def look(pages: Mapping[str, Any], url: str = ROOT, **options: Any) -> Detected:
    """Detects a shop that answers these paths, with text or with JSON, and 404 to all others."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        body = pages.get(request.url.path)
        if isinstance(body, httpx2.Response):
            return body
        if body is None:
            return httpx2.Response(404)
        return httpx2.Response(200, text=body) if isinstance(body, str) else httpx2.Response(200, json=body)

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    visitor = Visitor(url, "Listino/0.1", client=client, sleep=lambda seconds: None)
    found = detect(visitor, url, **options)
    assert visitor.requests <= 12, "few requests"
    return found


def item(currency: str = "EUR") -> dict[str, Any]:
    return {"id": 1, "prices": {"price": "1", "currency_code": currency}}


WOO = '<html lang="it"><meta name="generator" content="WooCommerce 9.4.2"></html>'


def test_woocommerce() -> None:
    found = look({"/": WOO, STORE_API: [item()]})
    assert (found.platform, found.market, found.currency, found.warnings) == ("woocommerce", "it", "EUR", [])
    assert found.evidence == [
        "the page names WooCommerce as its generator",
        "the Store API answers, with its products",
    ]


def test_a_front_end_without_marks_is_known_by_its_api() -> None:
    assert look({"/": "<html></html>", STORE_API: [item()]}).platform == "woocommerce"
    assert look({"/": "<html></html>", "/products.json": {"products": []}}).platform == "shopify"
    answer = {"data": {"storeConfig": {"default_display_currency_code": "EUR"}, "products": {"total_count": 5}}}
    found = look({"/": "<html></html>", "/graphql": answer})
    assert (found.platform, found.evidence) == ("magento", ["its GraphQL answers, with 5 products"])


def test_a_platform_whose_api_is_shut_is_read_by_its_pages() -> None:
    sitemap = f"<urlset><url><loc>{ROOT}/prodotto/moka/</loc></url></urlset>"
    pages = {"/": WOO, STORE_API: httpx2.Response(403), "/sitemap.xml": sitemap, "/prodotto/moka/": PRODUCT_PAGE}
    found = look(pages)
    assert (found.platform, found.product) == ("generic", "/prodotto/[^/]+/")
    (warning,) = found.warnings
    assert warning.startswith("it looks like woocommerce, but cannot be read as such: ")


def test_shopify_tells_its_currency() -> None:
    home = (
        '<html lang="de"><script>Shopify.shop = "x"; Shopify.currency = {"active":"CHF","rate":"1.0"};</script></html>'
    )
    found = look({"/": home, "/products.json": {"products": []}}, "https://laden.example")
    assert (found.platform, found.market, found.currency) == ("shopify", "de", "CHF")
    assert found.warnings == ["it asks for CHF, and market de sells in EUR: none of it could be sold"]


def test_shopware_with_and_without_its_key() -> None:
    home = '<html lang="de"><script src="/bundles/storefront/x.js"></script>{}</html>'
    keyed = home.format('<script>window.accessKey = "SWSCABCDEF123456";</script>')
    found = look({"/": keyed, "/store-api/context": {"token": "t", "currency": {"isoCode": "EUR"}}}, "https://laden.de")
    assert (found.platform, found.access_key, found.currency) == ("shopware", "SWSCABCDEF123456", "EUR")
    sitemap = "<urlset><url><loc>https://laden.de/moka/SW1</loc></url></urlset>"
    found = look({"/": home.format(""), "/sitemap.xml": sitemap, "/moka/SW1": PRODUCT_PAGE}, "https://laden.de")
    assert (found.platform, found.access_key, found.product) == ("shopware", None, "/moka/[^/]+")
    assert "access key" in found.warnings[0]


def test_a_shop_of_nobody_s_platform() -> None:
    index = f"<sitemapindex><sitemap><loc>{ROOT}/blog.xml</loc></sitemap><sitemap><loc>{ROOT}/prodotti.xml</loc></sitemap></sitemapindex>"
    goods = "".join(f"<url><loc>{ROOT}/p/{number}.html</loc></url>" for number in range(5))
    found = look(
        {
            "/": "<html></html>",
            "/sitemap.xml": index,
            "/prodotti.xml": f"<urlset>{goods}</urlset>",
            "/p/2.html": PRODUCT_PAGE,
        }
    )
    assert (found.platform, found.product, found.currency) == ("generic", r"/p/[^/]+\.html", "EUR")
    assert "Moka, 19.90 EUR" in found.evidence[0]
    assert found.error is None


def test_the_sitemap_is_where_robots_txt_says() -> None:
    robots = f"User-agent: *\nDisallow: /cart\nSitemap: {ROOT}/blog-map.xml\nSitemap: {ROOT}/prodotti-map.xml\n"
    sitemap = f"<urlset><url><loc>{ROOT}/p/1</loc></url></urlset>"
    found = look({"/robots.txt": robots, "/": "<html></html>", "/prodotti-map.xml": sitemap, "/p/1": PRODUCT_PAGE})
    assert (found.platform, found.product) == ("generic", "/p/[^/]+")


def test_a_shop_that_tells_nothing_costs_no_more_than_it_must() -> None:
    pages = [f"<url><loc>{ROOT}/{folder}/{number}</loc></url>" for folder in "abcd" for number in range(9)]
    index = f"<sitemapindex><sitemap><loc>{ROOT}/all.xml</loc></sitemap></sitemapindex>"
    found = look({"/": "<html></html>", "/sitemap.xml": index, "/all.xml": f"<urlset>{''.join(pages)}</urlset>"})
    assert (found.platform, found.product) == ("generic", None)
    assert found.error is not None


def test_what_cannot_be_found_out_is_said() -> None:
    found = look({"/": WOO.replace(' lang="it"', "")}, "https://shop.example")
    assert (found.platform, found.market, found.error) == ("generic", None, None)
    assert len(found.warnings) == 3
    assert "it looks like woocommerce" in found.warnings[0]
    assert "set product and category under [crawl]" in found.warnings[1]
    assert "--market" in found.warnings[2]


def test_a_page_that_is_no_shop_is_told_as_such() -> None:
    found = look({"/": '<html lang="it"><p>Ciao</p></html>'})
    assert (found.error or "").startswith(f"no product could be found at {ROOT}: is this a shop?")
    assert len(found.warnings) == 1, "nothing is guessed of what is no shop"


@pytest.mark.parametrize(
    ("url", "lang", "given", "market"),
    [
        ("https://a.fr", "it", "es", "es"),
        ("https://a.fr", "it", None, "fr"),
        ("https://a.example/de", "it", None, "de"),
        ("https://a.example", "it-IT", None, "it"),
        ("https://a.example", "en", None, None),
    ],
)
def test_the_market(url: str, lang: str, given: str | None, market: str | None) -> None:
    home = WOO.replace('lang="it"', f'lang="{lang}"')
    assert look({"/": home, "/de/": home, STORE_API: [item()]}, url, market=given).market == market


def test_a_shop_that_is_not_there() -> None:
    with pytest.raises(GoneFromShop):
        look({})


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.calzoleria-rossi.it", "calzoleria-rossi"),
        ("https://shop.calzoleria.it/it", "calzoleria"),
        ("https://calzoleria.co.uk", "calzoleria"),
        ("http://127.0.0.1:8101", "shop"),
        ("http://localhost", "localhost"),
    ],
)
def test_the_name(url: str, name: str) -> None:
    assert Detected(url=url).name == name


@pytest.mark.parametrize(
    ("market", "platform"), [("it", "woocommerce"), ("fr", "prestashop"), ("de", "shopify"), ("es", "generic")]
)
def test_the_draft_for_a_demo_shop_declares_it(market: str, platform: str, tmp_path: Path) -> None:
    url = "http://shop.test"
    client = TestClient(create_app(Catalogue(market, base_url=url, seed=3, count=30)), base_url=url)
    found = detect(Visitor(url, "Listino/0.1", client=client, sleep=lambda seconds: None), url, market=market)
    assert (found.platform, found.currency, found.warnings) == (platform, "EUR", [])
    path = tmp_path / "draft.toml"
    path.write_text(draft_of(found), encoding="utf-8")
    shop = load_shop(path)
    assert (shop.key, shop.platform, shop.url) == (f"{market}:test", platform, url)
    assert shop.crawl.product == ("/producto/[^/]+" if market == "es" else None)


def test_a_draft_is_toml_whatever_the_shop_says() -> None:
    found = Detected(
        url="https://a.it",
        evidence=['a "quoted"\nline'],
        warnings=["[shop]\nname = 1"],
        product="/p\\.x/[^/]+",
        access_key="S",
    )
    read = tomllib.loads(draft_of(found))
    assert read["crawl"] == {"product": "/p\\.x/[^/]+"}
    assert "market" not in read["shop"], "to be filled in"
