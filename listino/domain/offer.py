"""What a shop shows: its goods, and the offer it makes for them right now."""

from dataclasses import dataclass, field
from enum import StrEnum

from listino.domain.money import Money


class Availability(StrEnum):
    """Whether the shop can deliver; not knowing is a state of its own, never an error. Values as schema.org names them."""

    IN_STOCK = "InStock"
    OUT_OF_STOCK = "OutOfStock"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One buyable form of a product: a style (its colour, mostly) in a size. Prices include the market's VAT."""

    sku: str
    style: str = ""
    size: str = ""
    cost: Money
    list_cost: Money | None = None  # what the shop strikes through
    availability: Availability = Availability.UNKNOWN
    quantity: int | None = None  # pieces in stock, where the shop tells
    gtin: str | None = None
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOffer:
    """What the shop asks for a product at one moment: all that a live refresh needs to bring home."""

    cost: Money
    list_cost: Money | None = None
    availability: Availability = Availability.UNKNOWN
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    url: str
    thumbnail_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProduct:
    """A product as its shop shows it, read from one payload or page (or a few that belong together).

    `sku` is the key the shop's platform keeps stable, from which the product's id is made; `related` holds such keys.
    """

    sku: str
    url: str
    name: str
    offer: ShopOffer
    brand: str | None = None
    gtin: str | None = None
    category: str | None = None
    slogan: str | None = None
    description: str | None = None
    photos: tuple[Photo, ...] = ()
    features: tuple[tuple[str, str], ...] = ()
    related: tuple[str, ...] = field(default=())
