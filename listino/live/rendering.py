"""Products as the storefront reads them: plain values, ready for JSON. Amounts are strings ("49.90").

They are made straight of documents as the store has them (listino.store.documents): to build the domain's values of everything that
is shown, for nothing but to take them apart again, takes longer than the rest of a page.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from listino.domain.history import PricePoint
from listino.domain.money import Money, written
from listino.domain.offer import Availability
from listino.domain.product import ProductId
from listino.live.quote import LastKnown, moment

Document = Mapping[str, Any]

# Shown only where they are known.
_OPTIONAL = ("market", "shop", "brand", "gtin", "url")
_CURRENCY = "EUR"  # of amounts in a document that has neither offer nor price


def card(product: Document) -> dict[str, Any]:
    """The product as a list shows it."""
    known, price = product.get, product.get("price")
    return {
        "id": product["_id"],
        "name": product["name"],
        "slogan": known("slogan"),
        "description": known("description"),
        "category": known("category"),
        "default_price": written(price["amount"], price["currency"]) if price else None,
    }


def page(product: Document, shown: dict[str, Any] | None = None) -> dict[str, Any]:
    """The product as its page shows it; `shown` is its card where that is made already."""
    known = {name: product.get(name) for name in _OPTIONAL}
    return {
        **(shown or card(product)),
        "features": product.get("features", []),
        "price": _last_price(product),
        **{name: value for name, value in known.items() if value is not None},
    }


def last_known(product: Document) -> dict[str, Any]:
    """What `known_of` reads: the price for whoever waits in vain for the shop's own of this moment."""
    price, offer = product.get("price"), product.get("offer")
    told = {
        "price": [price["amount"], price["currency"]] if price else None,
        "availability": offer["availability"] if offer else None,
        "as_of": offer["checked_at"] if offer else product.get("changed_at"),
    }
    return told | {"unfiled": product["unfiled"]} if "unfiled" in product else told


def known_of(product_id: ProductId, told: dict[str, Any]) -> LastKnown:
    """What `last_known` wrote, out of JSON."""
    return LastKnown(
        product_id=product_id,
        price=Money(*told["price"]) if told["price"] else None,
        availability=Availability(told["availability"]) if told["availability"] else None,
        as_of=datetime.fromisoformat(told["as_of"]) if told["as_of"] else None,
        unfiled=tuple(map(_point, told.get("unfiled", ()))),
    )


def styles(product: Document) -> dict[str, Any]:
    """The product's styles; `product_id` is a string here even for a catalogue number, as front ends know it."""
    currency = (product.get("price") or product.get("offer") or {}).get("currency", _CURRENCY)
    results = [_style(style, currency) for style in product.get("styles", ())]
    return {"product_id": str(product["_id"]), "results": results}


def _last_price(product: Document) -> dict[str, Any] | None:
    price, offer = product.get("price"), product.get("offer")
    if not price:
        return None
    return {
        "amount": written(price["amount"], price["currency"]),
        "currency": price["currency"],
        "availability": offer["availability"] if offer else Availability.UNKNOWN.value,
        "as_of": moment(offer["checked_at"] if offer else product.get("changed_at")),
    }


def _point(told: dict[str, Any]) -> PricePoint:
    """A point as the store has it, out of JSON."""
    amounts = {name: told[name] for name in ("price", "cost")}
    return PricePoint(
        at=datetime.fromisoformat(told["at"]),
        availability=Availability(told["availability"]),
        **{name: None if minor is None else Money(minor, told["currency"]) for name, minor in amounts.items()},
    )


def _style(style: Document, currency: str) -> dict[str, Any]:
    original, reduced = style.get("original_price"), style.get("sale_price")
    return {
        "style_id": style["style_id"],
        "name": style["name"],
        "original_price": None if original is None else written(original, currency),
        "sale_price": None if reduced is None else written(reduced, currency),
        "default?": bool(style.get("default")),
        "photos": style["photos"],
        # What the shop asks for a size stays in the document.
        "skus": {key: {"quantity": sku.get("quantity"), "size": sku["size"]} for key, sku in style["skus"].items()},
    }
