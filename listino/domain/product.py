"""A product as Listino keeps and sells it, and how it is made from what a shop shows."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from listino.domain.errors import InvalidValue
from listino.domain.handling import Handling, Stop
from listino.domain.held import Held
from listino.domain.history import PricePoint
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo
from listino.domain.pricing import Price

# A natural key `market:shop:sku`, or an integer for goods of an imported catalogue.
ProductId = str | int

_NATURAL_KEY = re.compile(r"(?P<market>[a-z]{2}):(?P<shop>[a-z0-9][a-z0-9-]{0,62}):(?P<sku>[A-Za-z0-9._~%-]{1,200})")


def product_id(market: str, shop: str, sku: str) -> str:
    """The natural key `it:bottega:3020`; characters that would not survive in an address are percent-encoded."""
    return parse_natural_key(f"{market}:{shop}:{quote(sku.strip(), safe='')}")


def parse_product_id(text: str) -> ProductId:
    """The id in a request or on the command line; raises InvalidValue for what can be no id."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    return parse_natural_key(text)


def parse_natural_key(text: str) -> str:
    """The text itself if it is `market:shop:sku` with a known market; raises InvalidValue otherwise."""
    match = _NATURAL_KEY.fullmatch(text)
    if match is None or match["market"] not in MARKETS:
        raise InvalidValue(
            f"{text[:80]!r} is not a product id: give market:shop:sku (it:bottega:3020) or a catalogue number"
        )
    return text


def key_parts(natural_key: str) -> tuple[str, str, str]:
    """Market, shop and SKU of a natural key."""
    market, shop, sku = parse_natural_key(natural_key).split(":", 2)
    return market, shop, sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the shop asked when it was last looked at. `seen_at`: by a crawl; `checked_at`: by a crawl or a live refresh."""

    cost: Money
    list_cost: Money | None
    shipping: Money
    availability: Availability
    seen_at: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """One size of a style. `quantity` is None where the shop does not tell it; `cost` and `price` are None for imported goods."""

    size: str
    quantity: int | None
    availability: Availability = Availability.UNKNOWN
    gtin: str | None = None
    cost: Money | None = None
    list_cost: Money | None = None
    price: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the answer that told all of the product was last read: what lets a crawl ask "has it changed?" next time.

    `key` stands for the address (see `reading_key`); `etag` or `modified` are the shop's own marks, as it wrote them;
    `reader` says which reader, and which terms of ours, made a product of it.
    """

    key: int
    reader: str
    read_at: datetime
    etag: str | None = None
    modified: str | None = None


def reading_key(market: str, shop: str, url: str) -> int:
    """A number of 64 bits for an address of that shop: equal for two of them about never, and much shorter."""
    digest = hashlib.blake2b(f"{market}:{shop} {url}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A look of the product (a colour, mostly) with its photos and sizes.

    `cost` is what the shop asks, lowest of its sizes; `price` what the shopper pays. `sale_price` is set only when we
    reduce our own price: the shop's struck-through price is not ours to announce (Directive 98/6/EC, art. 6a).
    """

    style_id: str | int
    name: str
    cost: Money | None
    original_price: Money | None
    sale_price: Money | None
    default: bool
    photos: tuple[Photo, ...]
    skus: dict[str, Sku]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product with everything its page shows. Times are UTC. `gone_at`: when the shop was found not to have it any more.

    `held`: a price that was read and is not sold at. `awaits_price`: the product has never had another one, so it is not
    on sale. `declined`: the reading that somebody rejected; it is not held again. `handling`: what staff have decided; where a
    field is corrected, the product has our value. `unfiled`: the last points of its price history, of which the history itself
    may lack some yet, in the order in which they were stored.
    """

    id: ProductId
    name: str
    market: str | None = None
    shop: str | None = None
    slogan: str | None = None
    description: str | None = None
    category: str | None = None
    brand: str | None = None
    gtin: str | None = None
    url: str | None = None
    features: tuple[tuple[str, str | None], ...] = ()  # a value may be missing
    related: tuple[ProductId, ...] = ()
    styles: tuple[Style, ...] = ()
    offer: Offer | None = None
    price: Price | None = None
    content_hash: str | None = None
    crawl_id: str | None = None
    first_seen_at: datetime | None = None
    changed_at: datetime | None = None
    gone_at: datetime | None = None
    awaits_price: bool = False
    held: Held | None = None
    declined: str | None = None
    reading: Reading | None = None
    handling: Handling | None = None
    unfiled: tuple[PricePoint, ...] = ()

    @property
    def stop(self) -> Stop | None:
        """Why it is held from sale, if it is."""
        return self.handling.stop if self.handling else None

    @property
    def own(self) -> "Product":
        """The product as its shop shows it, without our corrections."""
        return self.under(None)

    def under(self, handling: Handling | None) -> "Product":
        """What the shop shows of the product, under those decisions: each correction notes the shop's value of now."""
        shown: dict[str, Any] = {}
        if self.handling is not None:
            shown = {name: one.own for name, one in self.handling.corrections.items()}
        if handling is None:
            return replace(self, handling=None, **shown) if self.handling else self
        noted = {
            name: replace(one, own=shown.get(name, getattr(self, name))) for name, one in handling.corrections.items()
        }
        values = shown | {name: one.value for name, one in noted.items()}
        return replace(self, handling=replace(handling, corrections=noted), **values)

    @property
    def crawled(self) -> bool:
        """Whether a crawl made its offer: a live refresh checks later than the last crawl has seen it."""
        return self.offer is not None and self.offer.seen_at >= self.offer.checked_at
