"""Shops read by their pages: addresses from the sitemap or from category pages, goods from the pages' structured data.

The shared flow of every platform without a public API. A platform says which addresses are product pages and where a
crawl begins; a live refresh is the product page itself.
"""

import re
import zlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

from listino.domain.errors import GoneFromShop, UnreadablePage
from listino.domain.offer import ShopOffer, ShopProduct
from listino.extract.addresses import absolute
from listino.extract.goods import read_goods
from listino.shops.platform import Expected, Fetch, Found, Known, OneByOne, Page
from listino.shops.shop import Shop

_LOCATION = re.compile(rb"<loc>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*</loc>", re.DOTALL)
# A sitemap is over where its root is closed; an error page, or half of a sitemap, would make goods look gone.
_SITEMAP = re.compile(rb"</(?:urlset|sitemapindex)\s*>|<(?:urlset|sitemapindex)\b[^>]*/>")
# Parameters that say where a visitor came from, not what is on the page.
_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|ref|source|_ga", re.IGNORECASE)
_MOST_UNPACKED = 64 * 1024 * 1024  # bytes; the sitemap protocol allows 50 MB


class PagesPlatform(OneByOne):
    """Platforms whose goods are read off their pages."""

    @abstractmethod
    def is_product(self, shop: Shop, path: str) -> bool:
        """Whether that path is a product page's."""

    @abstractmethod
    def is_category(self, shop: Shop, path: str) -> bool:
        """Whether that path is a page listing goods."""

    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        match fetch.purpose:
            case "sitemap":
                yield from self._read_sitemap(shop, page)
            case "category":
                yield from self._read_links(shop, page)
            case "product":
                yield self.goods(shop, page)

    def refresh(self, shop: Shop, known: Known) -> Fetch:
        return Fetch(url=known.url, purpose="product")

    def read_offer(self, shop: Shop, known: Known, page: Page) -> ShopOffer:
        goods = self.goods(shop, page)
        if goods.sku.strip() != known.sku:
            raise GoneFromShop(f"{page.url} shows {goods.sku} now, not {known.sku}")
        return goods.offer

    def goods(self, shop: Shop, page: Page) -> ShopProduct:
        """The goods of a product page; raises UnreadablePage."""
        market = shop.market
        return read_goods(
            page.text, page.url, currency=market.currency, language=market.language, selectors=shop.selectors
        )

    def _read_sitemap(self, shop: Shop, page: Page) -> Iterator[Found]:
        products = 0
        for url in addresses_in(page):
            if shop.allows(url):
                if re.search(r"\.xml(\.gz)?$", urlsplit(url).path):
                    yield Fetch(url=url, purpose="sitemap")
                elif self.is_product(shop, urlsplit(url).path):
                    products += 1
                    yield Fetch(url=canonical(url), purpose="product", optional=True)
        if products:
            yield Expected(products)

    def _read_links(self, shop: Shop, page: Page) -> Iterator[Found]:
        for link in LexborHTMLParser(page.text).css("a[href], link[rel=next][href]"):
            url = absolute(page.url, link.attributes["href"] or "")
            if not shop.allows(url):
                continue
            path = urlsplit(url).path
            if self.is_product(shop, path):
                yield Fetch(url=canonical(url), purpose="product", optional=True)
            elif self.is_category(shop, path):
                yield Fetch(url=canonical(url), purpose="category")


def addresses_in(page: Page) -> list[str]:
    """What a sitemap, or an index of sitemaps, names; raises UnreadablePage for what is no whole one."""
    body = _unpacked(page)
    if _SITEMAP.search(body) is None:
        raise UnreadablePage(f"{page.url} is no whole sitemap")
    return [location.decode("utf-8", "replace").replace("&amp;", "&") for location in _LOCATION.findall(body)]


def sitemap_of(shop: Shop) -> Sequence[Fetch]:
    """A crawl that begins with the shop's sitemap."""
    return [Fetch(url=f"{shop.url}/sitemap.xml", purpose="sitemap")]


def canonical(url: str) -> str:
    """The address without fragment and tracking parameters: two links to one page become equal."""
    parts = urlsplit(url)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(name)
    ]
    return urlunsplit(parts._replace(query=urlencode(kept), fragment=""))


def _unpacked(page: Page) -> bytes:
    """A sitemap's bytes, gunzipped where it is packed; raises UnreadablePage for what is no gzip, cut off or far too large."""
    if not page.body.startswith(b"\x1f\x8b"):
        return page.body
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(page.body, _MOST_UNPACKED)
    except zlib.error as error:
        raise UnreadablePage(f"{page.url} is no readable gzip ({error})") from None
    if unpacker.unconsumed_tail:
        raise UnreadablePage(f"{page.url} unpacks to more than {_MOST_UNPACKED} bytes")
    if not unpacker.eof:
        raise UnreadablePage(f"{page.url} is a gzip that ends too soon")
    return body
