"""What a shop is: who it is, which platform it runs, on what terms we sell its goods, how gently we ask it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from listino.domain.drift import DriftRule
from listino.domain.listing import Terms
from listino.domain.market import Market
from listino.extract.selectors import Selectors


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlManner:
    """How a crawl goes through the shop. `delay`: least seconds between requests; robots.txt may ask for more, and where
    neither does there is a default. `revisit_hours`: how long a sitemap's word that a product did not change is taken for
    it. `gone_after`: how many full crawls in a row must miss a product before it is gone.

    `product` and `category` are regular expressions of the paths of such pages, for platforms whose addresses differ
    from shop to shop.
    """

    concurrency: int = 4
    delay: float | None = None
    revisit_hours: float = 24.0
    gone_after: int = 2
    product: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOptions:
    """What a platform wants to know of a shop beyond its address; each platform names the ones it takes."""

    access_key: str | None = field(default=None, repr=False)  # of a sales channel's Store API (Shopware)
    collections: tuple[str, ...] = ()  # handles; only these are crawled, or everything where there is none (Shopify)
    store: str | None = None  # code of a store view (Magento)
    post: bool = False  # ask by POST, where robots.txt forbids addresses with a question mark (Magento)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One declared shop. `url` is its root: its host in lower case, no slash at the end."""

    name: str
    market: Market
    platform: str
    url: str
    terms: Terms
    crawl: CrawlManner = CrawlManner()
    live_concurrency: int = 8
    options: PlatformOptions = PlatformOptions()
    selectors: Selectors = field(default_factory=Selectors)
    drift: DriftRule = field(default_factory=DriftRule)

    @property
    def key(self) -> str:
        """Market and name, as product ids begin: `it:bottega`."""
        return f"{self.market.code}:{self.name}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def allows(self, url: str) -> bool:
        """Whether we may ask for that address in this shop's name: http(s), and the declared host."""
        try:
            parts = urlsplit(url)
        except ValueError:  # a page may link to `http://[`
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == self.host
