"""What all platforms that are read by their pages share: sitemaps, links, canonical addresses."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from listino.domain.errors import UnreadablePage
from listino.domain.money import Money
from listino.domain.offer import ShopProduct
from listino.extract.selectors import Selectors
from listino.shops.platform import Expected, Fetch, Found, Known, Page
from listino.shops.platforms.generic import Generic
from listino.shops.platforms.pages import canonical
from listino.shops.platforms.prestashop import PrestaShop
from listino.shops.shop import CrawlManner, Shop

SITEMAP = Fetch(url="https://bottega.example/sitemap.xml", purpose="sitemap")
ROBOTS = Fetch(url="https://bottega.example/robots.txt", purpose="robots")
CATEGORY = Fetch(url="https://bottega.example/c/casa", purpose="category")
PRODUCT = Fetch(url="https://bottega.example/p/1", purpose="product")
PRODUCT_PAGE = """<html lang="it"><h1>Moka</h1><script type="application/ld+json">
{"@type": "Product", "name": "Moka", "sku": "8411", "offers": {"price": "19.90"}}</script></html>"""


@pytest.fixture
def shop(bottega: Shop) -> Shop:
    manner = CrawlManner(product=r"/p/[^/]+", category=r"/c/[^/]+")
    return replace(bottega, platform="generic", crawl=manner)


def read(shop: Shop, fetch: Fetch, body: bytes | str) -> list[Found]:
    encoded = body.encode() if isinstance(body, str) else body
    return list(Generic().read(shop, fetch, Page(url=fetch.url, body=encoded)))


def urlset(*locations: str) -> str:
    entries = "".join(f"<url><loc>{location}</loc></url>" for location in locations)
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'


def fetched(found: list[Found]) -> list[str]:
    return [entry.url for entry in found if isinstance(entry, Fetch)]


def test_products_of_a_sitemap(shop: Shop) -> None:
    found = read(
        shop,
        SITEMAP,
        urlset(
            "https://bottega.example/p/1",
            "\n https://bottega.example/p/2?a=1&amp;b=2 \n",
            "<![CDATA[https://bottega.example/p/3]]>",
            "https://bottega.example/chi-siamo",
            "https://evil.example/p/4",
            "/p/5",
            "http://[bottega.example/p/6",
        ),
    )
    assert fetched(found) == [
        "https://bottega.example/p/1",
        "https://bottega.example/p/2?a=1&b=2",
        "https://bottega.example/p/3",
    ]
    assert all(entry.purpose == "product" and entry.optional for entry in found if isinstance(entry, Fetch))
    assert [entry for entry in found if isinstance(entry, Expected)] == [Expected(3)]


def test_a_sitemap_index_leads_to_its_sitemaps(shop: Shop) -> None:
    locations = ("https://bottega.example/a.xml", "https://bottega.example/b.xml.gz", "https://evil.example/c.xml")
    entries = "".join(f"<sitemap><loc>{location}</loc></sitemap>" for location in locations)
    found = read(shop, SITEMAP, f"<sitemapindex>{entries}</sitemapindex>")
    assert found == [Fetch(url=url, purpose="sitemap") for url in locations[:2]]


def test_what_a_sitemap_says_of_changes_travels_along(shop: Shop) -> None:
    dated = (
        "<urlset><url><loc>https://bottega.example/p/1</loc><lastmod>2026-03-01T09:30:00+01:00</lastmod></url></urlset>"
    )
    (product, _) = read(shop, SITEMAP, dated)
    assert isinstance(product, Fetch)
    assert product.lastmod == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert product.alone


def test_of_several_languages_only_the_markets_own_is_crawled(shop: Shop) -> None:
    links = "".join(
        f'<xhtml:link rel="alternate" hreflang="{name}" href="https://bottega.example/p/{name}"/>'
        for name in ("it", "de")
    )
    both = "".join(f"<url><loc>https://bottega.example/p/{name}</loc>{links}</url>" for name in ("it", "de"))
    german = (
        "<url><loc>https://bottega.example/p/only-german</loc>"
        "<xhtml:link rel='alternate' hreflang='de' href='https://bottega.example/p/only-german'/></url>"
    )
    found = read(shop, SITEMAP, f"<urlset>{both}{german}</urlset>")
    assert set(fetched(found)) == {"https://bottega.example/p/it"}


def test_the_image_of_a_product_is_no_page_of_it(shop: Shop) -> None:
    images = "<urlset><url><image:loc>https://bottega.example/p/1.jpg</image:loc></url></urlset>"
    assert read(shop, SITEMAP, images) == []


@pytest.mark.parametrize("empty", ["<urlset></urlset>", '<urlset xmlns="x"/>', "<sitemapindex />"])
def test_a_sitemap_may_be_empty(empty: str, shop: Shop) -> None:
    assert read(shop, SITEMAP, empty) == []


def test_a_packed_sitemap(shop: Shop) -> None:
    found = read(shop, SITEMAP, gzip.compress(urlset("https://bottega.example/p/1").encode()))
    assert fetched(found) == ["https://bottega.example/p/1"]


@pytest.mark.parametrize(
    "body",
    [
        b"\x1f\x8bno gzip at all",
        gzip.compress(urlset("https://bottega.example/p/1").encode())[:-20],
        gzip.compress(b" " * (64 * 1024 * 1024 + 1)),
        gzip.compress(b"<html>Manutenzione</html>"),
        b"<html><body>Manutenzione</body></html>",
        urlset("https://bottega.example/p/1").encode()[:-5],
        b"",
    ],
    ids=["no gzip", "half a gzip", "a bomb", "packed HTML", "HTML", "half a sitemap", "nothing"],
)
def test_what_is_no_whole_sitemap_is_an_error(body: bytes, shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match=r"bottega\.example/sitemap\.xml"):
        read(shop, SITEMAP, body)


def test_links_of_a_category_page(shop: Shop) -> None:
    found = read(
        shop,
        CATEGORY,
        """<html><head><link rel="next" href="/c/casa?page=2"></head>
        <a href="/p/1?utm_source=x#top">a</a> <a href="../p/2">b</a> <a href="/c/cucina">c</a> <a href="/conto">d</a>
        <a href="https://evil.example/p/3">e</a> <a href="http://[bad">f</a> <a href="javascript:void(0)">g</a>
        <a href>h</a> <a>i</a></html>""",
    )
    assert [(entry.purpose, entry.url) for entry in found if isinstance(entry, Fetch)] == [
        ("category", "https://bottega.example/c/casa?page=2"),
        ("product", "https://bottega.example/p/1"),
        ("product", "https://bottega.example/p/2"),
        ("category", "https://bottega.example/c/cucina"),
        ("category", "https://bottega.example/c/casa"),  # an empty link leads to the page it is on
    ]
    assert len(found) == 5


def test_a_product_page_is_read_alike_in_a_crawl_and_in_a_refresh(shop: Shop) -> None:
    (goods,) = read(shop, PRODUCT, PRODUCT_PAGE)
    assert isinstance(goods, ShopProduct)
    known = Known(sku="8411", url="https://bottega.example/p/1", variants=1)
    assert Generic().refresh(shop, known) == PRODUCT
    assert Generic().read_offer(shop, known, Page(url=PRODUCT.url, body=PRODUCT_PAGE.encode())) == goods.offer


@pytest.mark.parametrize("body", ["", "<html><h1>Torniamo subito</h1></html>", '{"error": 1}'])
def test_a_page_without_a_product_is_an_error(body: str, shop: Shop) -> None:
    with pytest.raises(UnreadablePage, match=r"https://bottega\.example/p/1"):
        read(shop, PRODUCT, body)


def test_where_a_crawl_begins(shop: Shop) -> None:
    assert Generic().start(shop) == [Fetch(url="https://bottega.example/", purpose="category")]
    by_sitemap = replace(shop, crawl=CrawlManner(product="/p/.+"))
    assert Generic().start(by_sitemap) == PrestaShop().start(by_sitemap) == [ROBOTS]
    assert read(by_sitemap, ROBOTS, "") == [SITEMAP]
    named = "\n".join(f"Sitemap: https://{host}/{name}.xml" for host, name in (
        ("bottega.example", "a"), ("evil.example", "b"), ("bottega.example", "c"), ("bottega.example", "a"),
    ))  # fmt: skip
    assert fetched(read(by_sitemap, ROBOTS, named)) == [
        "https://bottega.example/a.xml",
        "https://bottega.example/c.xml",
    ]


@pytest.mark.parametrize(
    ("path", "product", "category"),
    [
        ("/123-moka.html", True, False),
        ("/casa/123-moka.html", True, False),
        ("/12-casa", False, True),
        ("/content/4-chi-siamo", False, False),
        ("/moka.html", False, False),
        ("/", False, False),
    ],
)
def test_prestashops_addresses(path: str, product: bool, category: bool, shop: Shop) -> None:
    assert (PrestaShop().is_product(shop, path), PrestaShop().is_category(shop, path)) == (product, category)


def test_prestashops_accessories(shop: Shop) -> None:
    more = '<div class="product-accessories"><i data-reference="8412"></i><i data-reference></i><i data-reference=""></i></div>'
    page = Page(url=PRODUCT.url, body=PRODUCT_PAGE.replace("</html>", more + "</html>").encode())
    assert PrestaShop().goods(shop, page).related == ("8412",)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/p?x=1", "https://a.example/p?x=1"),
        ("https://a.example/p#top", "https://a.example/p"),
        ("https://a.example/p?utm_source=x&utm_medium=y&gclid=z", "https://a.example/p"),
        ("https://a.example/p?FBCLID=1&x=1", "https://a.example/p?x=1"),
        ("https://a.example/p?referenza=1&reference=2", "https://a.example/p?referenza=1&reference=2"),
        ("https://a.example/p?x=&y", "https://a.example/p?x=&y="),
    ],
)
def test_two_links_to_one_page_become_equal(url: str, address: str) -> None:
    assert canonical(url) == address
    assert canonical(address) == address


def test_a_declared_selector_comes_before_what_the_markup_says(shop: Shop) -> None:
    page = PRODUCT_PAGE.replace("<h1>", '<b class="now">17,50 €</b><h1>')
    (plain,) = read(shop, PRODUCT, page)
    (pointed,) = read(replace(shop, selectors=Selectors(price=".now")), PRODUCT, page)
    assert isinstance(plain, ShopProduct)
    assert isinstance(pointed, ShopProduct)
    assert pointed.offer.cost == Money(1750)
