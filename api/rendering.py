"""Products and prices as the storefront reads them: plain values, ready for JSON. Amounts are strings ("49.90")."""

from typing import Any

from listino.domain.offer import Availability
from listino.domain.product import Product, Sku, Style
from listino.live.quote import amount, moment

# Shown only where they are known.
_OPTIONAL = ("market", "shop", "brand", "gtin", "url")


def card(product: Product) -> dict[str, Any]:
    """The product as a list shows it."""
    return {
        "id": product.id,
        "name": product.name,
        "slogan": product.slogan,
        "description": product.description,
        "category": product.category,
        "default_price": amount(product.price.amount if product.price else None),
    }


def page(product: Product, shown: dict[str, Any] | None = None) -> dict[str, Any]:
    """The product as its page shows it; `shown` is its card where that is made already."""
    known = {name: getattr(product, name) for name in _OPTIONAL}
    return {
        **(shown or card(product)),
        "features": [{"feature": feature, "value": value} for feature, value in product.features],
        "price": _last_price(product),
        **{name: value for name, value in known.items() if value is not None},
    }


def styles(product: Product) -> dict[str, Any]:
    """The product's styles; `product_id` is a string here even for a catalogue number, as front ends know it."""
    return {"product_id": str(product.id), "results": [_style(style) for style in product.styles]}


def _last_price(product: Product) -> dict[str, Any] | None:
    if product.price is None:
        return None
    return {
        "amount": amount(product.price.amount),
        "currency": product.price.amount.currency,
        "availability": product.offer.availability if product.offer else Availability.UNKNOWN,
        "as_of": moment(product.offer.checked_at if product.offer else product.changed_at),
    }


def _style(style: Style) -> dict[str, Any]:
    return {
        "style_id": style.style_id,
        "name": style.name,
        "original_price": amount(style.original_price),
        "sale_price": amount(style.sale_price),
        "default?": style.default,
        "photos": [{"thumbnail_url": photo.thumbnail_url, "url": photo.url} for photo in style.photos],
        "skus": {key: _sku(sku) for key, sku in style.skus.items()},
    }


def _sku(sku: Sku) -> dict[str, Any]:
    return {"quantity": sku.quantity, "size": sku.size}
