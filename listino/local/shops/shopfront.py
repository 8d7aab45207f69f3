"""What sets the four demo shops apart for a visitor: their ids, their addresses, and what their platform shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from listino.domain.market import market_of
from listino.local.shops.goods import WITHDRAWN_AT_MOST, Form, Good


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopfront:
    """One shop. Ids are `first_id + number * id_step`; a variant's id is its product's plus `first_variant_id` and its position.

    `path` is the canonical address below the base. `shows_*` say what the truth of this shop holds; `quantities` is
    "none", "all", or "low" where the shop tells only up to LOW_STOCK pieces.
    """

    market: str
    name: str
    prefix: str
    path: str
    key_is_reference: bool
    forbidden: str
    trap: str
    first_id: int = 0
    id_step: int = 1
    first_variant_id: int = 1
    shows_slogan: bool = True
    shows_thumbnails: bool = False
    shows_variant_gtins: bool = True
    quantities: Literal["none", "low", "all"] = "none"

    def product_id(self, good: Good) -> int:
        return self.first_id + good.number * self.id_step

    def variant_id(self, good: Good, form: Form) -> int:
        return self.product_id(good) + self.first_variant_id + form.position

    def key(self, good: Good) -> str:
        """What the platform keeps stable: the product id as text, or the shop's reference."""
        return good.reference if self.key_is_reference else str(self.product_id(good))

    def handle(self, good: Good) -> str:
        """The good's part of its address."""
        return f"{good.slug}-{good.number}"

    def address(self, good: Good) -> str:
        """The canonical path of the product page."""
        return self.path.format(slug=good.slug, handle=self.handle(good), id=self.product_id(good))

    def index_of_key(self, key: str) -> int | None:
        """The index that a key or a reference speaks of; None where it cannot be one of this shop's."""
        match = re.fullmatch(rf"{self.prefix}-([0-9]{{5,9}})", key)
        if match:
            return int(match[1]) - WITHDRAWN_AT_MOST - 1
        if self.key_is_reference or not (key.isascii() and key.isdigit() and len(key) < 19):
            return None
        number, rest = divmod(int(key) - self.first_id, self.id_step)
        return number - WITHDRAWN_AT_MOST - 1 if rest == 0 else None


# WooCommerce tells how many pieces are left when stock is at or below the shop's threshold.
LOW_STOCK = 5

SHOPFRONTS: Mapping[str, Shopfront] = MappingProxyType(
    {
        "it": Shopfront(
            market="it",
            name="bottega",
            prefix="BOT",
            path="/prodotto/{handle}/",
            key_is_reference=False,
            forbidden="/carrello/",
            trap="/offerte-riservate/",
            first_id=1000,
            id_step=20,
            shows_thumbnails=True,
            shows_variant_gtins=False,
            quantities="low",
        ),
        "fr": Shopfront(
            market="fr",
            name="atelier",
            prefix="ATL",
            path="/{id}-{slug}.html",
            key_is_reference=True,
            forbidden="/panier/",
            trap="/offres-reservees/",
            quantities="all",
        ),
        "de": Shopfront(
            market="de",
            name="kontor",
            prefix="KON",
            path="/products/{handle}",
            key_is_reference=False,
            forbidden="/warenkorb/",
            trap="/geheime-angebote/",
            first_id=7_680_000_000_000,
            id_step=4096,
            first_variant_id=36_300_000_000_000,
            shows_slogan=False,
        ),
        "es": Shopfront(
            market="es",
            name="mercado",
            prefix="MER",
            path="/producto/{handle}",
            key_is_reference=True,
            forbidden="/carrito/",
            trap="/ofertas-reservadas/",
            shows_thumbnails=True,
        ),
    }
)


def shopfront_of(market: str) -> Shopfront:
    """The demo shop of a market; raises UnknownMarket, which names the ones there are."""
    return SHOPFRONTS[market_of(market).code]
