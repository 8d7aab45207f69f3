"""What every shop platform must be able to do, without touching the network itself.

A platform says which addresses to fetch and reads what came back. Who fetches (a Scrapy spider, a live worker, a test)
is none of its business, so a crawl and a live refresh read a payload with the very same function.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from listino.domain.errors import UnreadablePage
from listino.domain.offer import ShopOffer, ShopProduct
from listino.extract.text import decode_page
from listino.shops.shop import Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """An address to be fetched. `purpose` is the platform's own word for what it expects there; `carry` is JSON that
    travels along to whoever reads the answer. `optional`: an answer 404 or 410 is no fault (the good has just gone)."""

    url: str
    purpose: str
    carry: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False
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
    """What is known of a product whose price is to be asked again: its key in the shop, its address, whether it varies."""

    sku: str
    url: str
    varies: bool


class Platform(ABC):
    """One shop platform. Implementations hold no state, so one instance serves every shop that runs it."""

    name: str

    @abstractmethod
    def start(self, shop: Shop) -> Sequence[Fetch]:
        """Where a full crawl of the shop begins."""

    @abstractmethod
    def read(self, shop: Shop, fetch: Fetch, page: Page) -> Iterator[Found]:
        """What an answer holds: goods, further addresses, how many products to expect. Raises UnreadablePage."""

    def says_gone(self, status: int, body: bytes) -> bool:
        """Whether an error answer to a `refresh` means that the shop no longer has the product."""
        return status in (404, 410)

    @abstractmethod
    def refresh(self, shop: Shop, known: Known) -> Fetch:
        """The cheapest request that tells what the shop asks now for a product."""

    @abstractmethod
    def read_offer(self, shop: Shop, known: Known, page: Page) -> ShopOffer:
        """The offer in the answer to `refresh`. Raises UnreadablePage, or GoneFromShop, also where another product stands
        in its place."""
