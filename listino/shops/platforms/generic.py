"""Any shop with product pages, by what its declaration says of its addresses.

With `crawl.category` the crawl goes from the home page through category pages; without it, through the sitemap. With
`crawl.product` only addresses that match are read as product pages; without it all others of the sitemap are tried.
"""

import re
from collections.abc import Sequence

from listino.shops.platform import Fetch
from listino.shops.platforms.pages import PagesPlatform, sitemap_of
from listino.shops.shop import Shop


class Generic(PagesPlatform):
    name = "generic"

    def start(self, shop: Shop) -> Sequence[Fetch]:
        if shop.crawl.category:
            return [Fetch(url=f"{shop.url}/", purpose="category")]
        return sitemap_of(shop)

    def is_product(self, shop: Shop, path: str) -> bool:
        if shop.crawl.product:
            return re.fullmatch(shop.crawl.product, path) is not None
        return not self.is_category(shop, path)

    def is_category(self, shop: Shop, path: str) -> bool:
        return shop.crawl.category is not None and re.fullmatch(shop.crawl.category, path) is not None
