"""Shops read by their pages: addresses from the sitemap or from category pages, goods from the pages' structured data.

The shared flow of every platform without a public API. A platform says which addresses are product pages and where a
crawl begins; a live refresh is the product page itself.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

from listino.domain.errors import GoneFromShop
from listino.domain.offer import ShopOffer, ShopProduct
from listino.extract.addresses import absolute
from listino.extract.goods import read_goods, read_offer
from listino.shops.platform import Expected, Fetch, Found, Known, OneByOne, Page
from listino.shops.robots import Robots
from listino.shops.shop import PlatformOptions, Shop
from listino.shops.sitemap import read_sitemap

# Parameters that say where a visitor came from, not what is on the page.
_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|ref|source|_ga", re.IGNORECASE)


class PagesPlatform(OneByOne):
    """Platforms whose goods are read off their pages."""

    @abstractmethod
    def is_product(self, shop: Shop, path: str) -> bool:
        """Whether that path is a product page's."""

    @abstractmethod
    def is_category(self, shop: Shop, path: str) -> bool:
        """Whether that path is a page listing goods."""

    def reads_pages(self, options: PlatformOptions) -> bool:
        return True

    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        match fetch.purpose:
            case "robots":
                yield from self._read_robots(shop, page)
            case "sitemap":
                yield from self._read_sitemap(shop, page)
            case "category":
                yield from self._read_links(shop, page)
            case "product":
                yield self.goods(shop, page)

    def refresh(self, shop: Shop, known: Known) -> Fetch:
        return Fetch(url=known.url, purpose="product")

    def read_offer(self, shop: Shop, known: Known, page: Page) -> ShopOffer:
        market = shop.market
        sku, offer = read_offer(
            page.text, page.url, currency=market.currency, language=market.language, selectors=shop.selectors
        )
        if sku.strip() != known.sku:
            raise GoneFromShop(f"{page.url} shows {sku} now, not {known.sku}")
        return offer

    def goods(self, shop: Shop, page: Page) -> ShopProduct:
        """The goods of a product page; raises UnreadablePage."""
        market = shop.market
        return read_goods(
            page.text, page.url, currency=market.currency, language=market.language, selectors=shop.selectors
        )

    def _read_robots(self, shop: Shop, page: Page) -> Iterator[Found]:
        """The sitemaps that robots.txt names; where it names none of this shop's, the one at the usual place."""
        named = dict.fromkeys(url for url in Robots(page.text).sitemaps if shop.allows(url))
        for url in named or (f"{shop.url}/sitemap.xml",):
            yield Fetch(url=url, purpose="sitemap")

    def _read_sitemap(self, shop: Shop, page: Page) -> Iterator[Found]:
        products = 0
        for entry in read_sitemap(page.body, page.url):
            url = entry.address_in(shop.market)
            if url is None or not shop.allows(url):
                continue
            if entry.is_sitemap:
                yield Fetch(url=url, purpose="sitemap")
            elif self.is_product(shop, urlsplit(url).path):
                products += 1
                yield _product(url, entry.lastmod)
        if products:
            yield Expected(products)

    def _read_links(self, shop: Shop, page: Page) -> Iterator[Found]:
        for link in LexborHTMLParser(page.text).css("a[href], link[rel=next][href]"):
            url = absolute(page.url, link.attributes["href"] or "")
            if not shop.allows(url):
                continue
            path = urlsplit(url).path
            if self.is_product(shop, path):
                yield _product(url)
            elif self.is_category(shop, path):
                yield Fetch(url=canonical(url), purpose="category")


def sitemap_of(shop: Shop) -> Sequence[Fetch]:
    """A crawl that begins with the shop's sitemaps: its robots.txt says where they are."""
    return [Fetch(url=urljoin(shop.url, "/robots.txt"), purpose="robots")]


def _product(url: str, lastmod: datetime | None = None) -> Fetch:
    return Fetch(url=canonical(url), purpose="product", optional=True, alone=True, lastmod=lastmod)


def canonical(url: str) -> str:
    """The address without fragment and tracking parameters: two links to one page become equal."""
    parts = urlsplit(url)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(name)
    ]
    return urlunsplit(parts._replace(query=urlencode(kept), fragment=""))
