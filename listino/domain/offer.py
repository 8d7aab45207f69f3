"""What a shop shows: its goods, and the offer it makes for them right now."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from listino.domain.errors import InvalidValue
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

    @classmethod
    def of(cls, variants: Sequence[Variant]) -> Self:
        """The offer that variants amount to: the cheapest sets cost and struck-through price, one in stock makes it so.

        Raises InvalidValue when there is no variant.
        """
        if not variants:
            raise InvalidValue("an offer needs at least one variant with a price")
        cheapest = min(variants, key=lambda variant: variant.cost.minor)
        states = {variant.availability for variant in variants}
        told = (Availability.IN_STOCK, Availability.OUT_OF_STOCK)
        return cls(
            cost=cheapest.cost,
            list_cost=cheapest.list_cost,
            availability=next((state for state in told if state in states), Availability.UNKNOWN),
            variants=tuple(variants),
        )


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
    related: tuple[str, ...] = ()
