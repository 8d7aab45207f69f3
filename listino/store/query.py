"""Typed queries for lists of products: what a caller may ask, and the filter it becomes."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from listino.domain.product import ProductId
from listino.store.documents import words_of

# What a list shows of a product.
CARD = dict.fromkeys(("name", "slogan", "description", "category", "brand", "gtin", "market", "shop", "price.amount", "price.currency", "offer", "gone_at", "changed_at", "awaits_price"), 1)  # fmt: skip

# What shoppers may see: goods that their shop has, and that have had a price to be believed.
ON_SALE = {"gone_at": None, "awaits_price": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductQuery:
    """Which products, in the order of their ids. `after` is the last id of the page before (a keyset cursor).

    `text`: every word is the beginning of a word in name or brand, or the text is the beginning of a GTIN or of a SKU, or
    an id. `brand` and `category` are as the products have them, `brand_typed` is a brand in whatever case.
    """

    market: str | None = None
    shop: str | None = None
    category: str | None = None
    brand: str | None = None
    brand_typed: str | None = None
    text: str | None = None
    after: ProductId | None = None
    gone: bool = False  # whether goods that the shop no longer has are listed too
    awaiting: bool = False  # whether goods are listed too whose first price is held, so that they are not on sale yet

    def filter(self) -> dict[str, Any]:
        """The MongoDB filter; every value in it is a plain string, number or anchored prefix."""
        conditions: list[dict[str, Any]] = []
        for name in ("market", "shop", "category", "brand"):
            value = getattr(self, name)
            if value is not None:
                conditions.append({name: value})
        if self.brand_typed:
            conditions.append(_brand_typed(self.brand_typed))
        excluded = {"gone_at": self.gone, "awaits_price": self.awaiting}
        if state := {name: None for name, listed in excluded.items() if not listed}:
            conditions.append(state)
        if self.text and self.text.strip():
            conditions.append(self._matches(self.text.strip()))
        if self.after is not None:
            conditions.append(self._follows(self.after))
        return {"$and": conditions} if conditions else {}

    @staticmethod
    def _follows(after: ProductId) -> dict[str, Any]:
        # Ids are numbers or strings, and MongoDB sorts all numbers first; $gt alone stays within one type.
        if isinstance(after, int):
            return {"$or": [{"_id": {"$gt": after}}, {"_id": {"$type": "string"}}]}
        return {"_id": {"$gt": after}}

    def _matches(self, text: str) -> dict[str, Any]:
        ways: list[dict[str, Any]] = [
            {"_id": int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text}
        ]
        if text.isascii() and text.isdigit() and len(text) >= 8:
            ways.append({"gtin": {"$regex": f"^{text}"}})
        # A regular expression with a NUL in it is an error to MongoDB.
        if text.isprintable() and " " not in text:
            ways.append({"words": {"$regex": f"^{re.escape(text.casefold())}"}})
        words = words_of(text)
        if words:
            ways.append({"$and": [{"words": {"$regex": f"^{re.escape(word)}"}} for word in words]})
        return {"$or": ways}


def spellings(typed: str) -> list[str]:
    """The ways in which people set capitals in a name, the typed one first, each once."""
    return list(dict.fromkeys((typed, typed.capitalize(), typed.title(), typed.upper(), typed.lower())))


def _brand_typed(brand: str) -> dict[str, Any]:
    # The words of a brand are indexed without case: they lead to the few products that the expression is tried on.
    words = words_of(brand)
    if not words or not brand.isprintable():
        return {"brand": brand}
    whole = {"brand": {"$regex": f"^{re.escape(brand)}$", "$options": "i"}}
    return {"$and": [*({"words": word} for word in words), whole]}


def on_sale_of(market: str, shop: str) -> dict[str, Any]:
    """The filter of everything that a shop has, whether or not its first price is believed yet."""
    return {"market": market, "shop": shop, "gone_at": None}


def gone(at: datetime) -> dict[str, Any]:
    """The update that takes a product off sale; there is nothing left to decide about a price of its,
    and crawls that missed it count from the beginning should it return."""
    return {"$set": {"gone_at": at, "changed_at": at}, "$unset": {"held": "", "declined": "", "missed": ""}}
