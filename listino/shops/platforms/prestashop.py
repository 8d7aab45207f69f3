"""PrestaShop shops, by their pages.

Friendly addresses begin with the id: products `/123-name.html` (a category may stand before it), categories
`/12-name`. Every product is in the sitemap; its page carries JSON-LD, and its accessories by their reference.
A live refresh is the page, too: the script's `?ajax=1&action=refresh` makes the shop do the same work, and answers the
price of one combination in a piece of HTML.
https://docs.prestashop-project.org/ (SEO & URLs)
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from selectolax.lexbor import LexborHTMLParser

from listino.domain.offer import ShopProduct
from listino.shops.platform import Fetch, Page
from listino.shops.platforms.pages import PagesPlatform, sitemap_of
from listino.shops.shop import Shop

_PRODUCT = re.compile(r"/(?:[^/]+/)*\d+-[^/]+\.html")
_CATEGORY = re.compile(r"/\d+-[^/.]+")


class PrestaShop(PagesPlatform):
    name = "prestashop"

    def start(self, shop: Shop) -> Sequence[Fetch]:
        return sitemap_of(shop)

    def is_product(self, shop: Shop, path: str) -> bool:
        return _PRODUCT.fullmatch(path) is not None

    def goods(self, shop: Shop, page: Page) -> ShopProduct:
        accessories = LexborHTMLParser(page.text).css(".product-accessories [data-reference]")
        related = tuple(key for entry in accessories if (key := entry.attributes["data-reference"]))
        found = super().goods(shop, page)
        return replace(found, related=found.related or related)

    def is_category(self, shop: Shop, path: str) -> bool:
        return _CATEGORY.fullmatch(path) is not None
