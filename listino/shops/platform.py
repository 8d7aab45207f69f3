"""What every shop platform must be able to do, without touching the network itself.

A platform says which addresses to fetch and reads what came back. Who fetches (a Scrapy spider, a live worker, a test)
is none of its business, so a crawl and a live refresh read a payload with the very same function.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import orjson

from listino.domain.errors import ListinoError, UnreadablePage
from listino.domain.offer import ShopOffer, ShopProduct
from listino.extract.text import decode_page
from listino.shops.shop import PlatformOptions, Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """An address to be fetched. `purpose` is the platform's own word for what it expects there; `carry` is JSON that
    travels along to whoever reads the answer. `optional`: an answer 404 or 410 is no fault (the good has just gone).
    `headers` are those that the platform's API demands besides the usual ones. `alone`: the answer tells all of one product
    by itself, so while it stays as it is the product does, too; `lastmod`: the shop says that it has not changed since."""

    url: str
    purpose: str
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    carry: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False
    alone: bool = False
    lastmod: datetime | None = None
    about: str | None = None  # address of the product that the answer tells of, where it is not `url`


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a shop answered with status 200. Header names are in lower case."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        return decode_page(self.body, self.headers.get("content-type"))

    @cached_property
    def json(self) -> Any:
        """The parsed body; raises UnreadablePage when it is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            kind = self.headers.get("content-type", "no content type")
            raise UnreadablePage(f"{self.url} answered {kind} that is no JSON") from None


@dataclass(frozen=True, slots=True)
class Expected:
    """So many products more were announced: by a list's total, by a sitemap. Only a progress bar relies on it."""

    products: int


Found = Fetch | ShopProduct | Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a product whose price is to be asked again: its key in the shop, its address, its variants' number."""

    sku: str
    url: str
    variants: int = 1

    @property
    def varies(self) -> bool:
        return self.variants > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """One request of a live refresh, and the products whose offers its answer is to tell."""

    fetch: Fetch
    known: tuple[Known, ...]


# How many products a request for several asks for at most. Platforms would list a hundred; so few are answered nearly as
# fast as one, and fit into an address of a length that every server takes.
LIVE_BATCH = 25

# What an answer says of one product: its offer; what is wrong with it, or that it is gone; or what to fetch as well.
Told = ShopOffer | ListinoError | Fetch


Payload = TypeVar("Payload")


def in_batches(known: Sequence[Known], most: int) -> Iterator[Sequence[Known]]:
    """Consecutive parts of at most so many products."""
    for start in range(0, len(known), most):
        yield known[start : start + most]


def told(read: Callable[[Payload], ShopOffer], payload: Payload) -> ShopOffer | ListinoError:
    """The offer that is read, or what is wrong with it: one product's mistake is not that of the others in its answer."""
    try:
        return read(payload)
    except ListinoError as error:
        return error


class Platform(ABC):
    """One shop platform. Implementations hold no state, so one instance serves every shop that runs it."""

    name: str
    # The keys of a declaration's [platform] table that shops of this platform may give.
    options: tuple[str, ...] = ()
    # Where the fields of goods come from, in the words of the platform's documents; pages tell it of themselves.
    sources: Mapping[str, str] = MappingProxyType({})
    # How many products one request of a live refresh asks for at most; 1 where the platform has no request for several.
    batch: int = 1

    @abstractmethod
    def start(self, shop: Shop) -> Sequence[Fetch]:
        """Where a full crawl of the shop begins."""

    @abstractmethod
    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        """What an answer holds: goods, further addresses, how many products to expect. Raises UnreadablePage."""

    @abstractmethod
    def refresh_many(self, shop: Shop, known: Sequence[Known]) -> Sequence[Refresh]:
        """The cheapest requests that tell what the shop asks now for these products: each is in exactly one of them."""

    @abstractmethod
    def read_offers(self, shop: Shop, refresh: Refresh, page: Page) -> Mapping[str, Told]:
        """What the answer to `refresh` says of each of its products, by their SKU. A Fetch says where the rest is told.

        Raises UnreadablePage where nothing can be read of any of them, GoneFromShop where all are gone.
        """

    def reads_pages(self, options: PlatformOptions) -> bool:
        """Whether a shop with these options is read by its pages, so that a declaration can point at fields on them."""
        return False

    def says_gone(self, fetch: Fetch, status: int, body: bytes) -> bool:
        """Whether an error answer to a refresh of one product means that the shop no longer has it."""
        return status in (404, 410)


class OneByOne(Platform):
    """A platform that tells the offer of one product a request."""

    @abstractmethod
    def refresh(self, shop: Shop, known: Known) -> Fetch:
        """The cheapest request that tells what the shop asks now for a product."""

    @abstractmethod
    def read_offer(self, shop: Shop, known: Known, page: Page) -> ShopOffer:
        """The offer in the answer to `refresh`. Raises UnreadablePage, or GoneFromShop, also where another product stands
        in its place."""

    def refresh_many(self, shop: Shop, known: Sequence[Known]) -> Sequence[Refresh]:
        return [Refresh(fetch=self.refresh(shop, one), known=(one,)) for one in known]

    def read_offers(self, shop: Shop, refresh: Refresh, page: Page) -> Mapping[str, Told]:
        return {one.sku: self.read_offer(shop, one, page) for one in refresh.known}
