"""Domain values to MongoDB documents and back. Amounts are integers of minor units beside one currency."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import bson
from bson.codec_options import CodecOptions

from listino.domain.crawl import Crawl, CrawlStatus, Fall, LogLine, Reject, ShopCounts
from listino.domain.handling import Correction, Handling, Stop
from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo
from listino.domain.pricing import Price, PriceStep
from listino.domain.product import Offer, Product, Reading, Sku, Style
from listino.store.held_document import held_document, held_from
from listino.store.search import terms_of

Document = dict[str, Any]

_AWARE: CodecOptions[Mapping[str, Any]] = CodecOptions(tz_aware=True)


def product_document(product: Product) -> Document:
    """The whole document of a product, `_id` included; a field that is not known is left out."""
    return paged_document(product) | {"terms": terms_of(product)}


def paged_document(product: Product) -> Document:
    """The document as the store reads it for a page (listino.store.query.PAGE)."""
    fields: Document = {
        "_id": product.id,
        "name": product.name,
        "market": product.market,
        "shop": product.shop,
        "slogan": product.slogan,
        "description": product.description,
        "category": product.category,
        "brand": product.brand,
        "gtin": product.gtin,
        "url": product.url,
        "features": [{"feature": feature, "value": value} for feature, value in product.features],
        "related": list(product.related),
        "styles": [_style_document(style) for style in product.styles],
        "content_hash": product.content_hash,
        "crawl_id": product.crawl_id,
        "first_seen_at": product.first_seen_at,
        "changed_at": product.changed_at,
        "gone_at": product.gone_at,
        "awaits_price": product.awaits_price or None,
        "held": held_document(product.held) if product.held else None,
        "declined": product.declined,
        "reading": reading_document(product.reading) if product.reading is not None else None,
        "handled": handling_document(product.handling) if product.handling is not None else None,
        # For the indexes of lists, beside what it is part of.
        "stopped_at": product.stop.at if product.stop else None,
        "unfiled": [point_document(point) for point in product.unfiled] or None,
    }
    if product.offer is not None:
        offer = product.offer
        fields["offer"] = {
            "cost": offer.cost.minor,
            "list_cost": _minor(offer.list_cost),
            "shipping": offer.shipping.minor,
            "currency": offer.cost.currency,
            "availability": offer.availability.value,
            "seen_at": offer.seen_at,
            "checked_at": offer.checked_at,
        }
    if product.price is not None:
        price = product.price
        fields["price"] = {
            "amount": price.amount.minor,
            "currency": price.amount.currency,
            "steps": [{"label": step.label, "amount": step.amount.minor} for step in price.steps],
        }
    return {name: value for name, value in fields.items() if value is not None}


def packed(document: Mapping[str, Any]) -> bytes:
    """The document in bytes, for whoever keeps it elsewhere."""
    return bson.encode(document)


def product_in(text: bytes) -> Product:
    """The product of a document that was packed."""
    return product_from(bson.decode(text, _AWARE))


def product_from(document: Mapping[str, Any]) -> Product:
    """The product a document holds; a projection without some fields gives a product without them."""
    offer, price = document.get("offer"), document.get("price")
    currency = (price or offer or {}).get("currency", "EUR")
    return Product(
        id=document["_id"],
        name=document["name"],
        market=document.get("market"),
        shop=document.get("shop"),
        slogan=document.get("slogan"),
        description=document.get("description"),
        category=document.get("category"),
        brand=document.get("brand"),
        gtin=document.get("gtin"),
        url=document.get("url"),
        features=tuple((entry["feature"], entry["value"]) for entry in document.get("features", ())),
        related=tuple(document.get("related", ())),
        styles=tuple(_style_from(style, currency) for style in document.get("styles", ())),
        offer=_offer_from(offer) if offer else None,
        price=_price_from(price) if price else None,
        content_hash=document.get("content_hash"),
        crawl_id=document.get("crawl_id"),
        first_seen_at=document.get("first_seen_at"),
        changed_at=document.get("changed_at"),
        gone_at=document.get("gone_at"),
        awaits_price=document.get("awaits_price", False),
        held=held_from(document["held"]) if "held" in document else None,
        declined=document.get("declined"),
        # A crawl that notes when it read may come late to a reading that was forgotten meanwhile: a time alone is none.
        reading=Reading(**document["reading"]) if "key" in document.get("reading", {}) else None,
        handling=handling_from(document["handled"]) if "handled" in document else None,
        unfiled=points_in(document.get("unfiled", ())),
    )


def handling_document(handling: Handling) -> Document:
    stop = {"stop": asdict(handling.stop)} if handling.stop else {}
    corrections = {name: asdict(one) for name, one in handling.corrections.items()}
    return {"at": handling.at} | ({"corrections": corrections} if corrections else {}) | stop


def handling_from(document: Mapping[str, Any]) -> Handling:
    stop = document.get("stop")
    return Handling(
        at=document["at"],
        corrections={name: Correction(**one) for name, one in document.get("corrections", {}).items()},
        stop=Stop(**stop) if stop else None,
    )


def carrying(product: Product, points: tuple[PricePoint, ...] = ()) -> Product:
    """The product with those points as its `unfiled`."""
    return product if product.unfiled == points else replace(product, unfiled=points)


def reading_document(reading: Reading) -> Document:
    return {name: value for name, value in asdict(reading).items() if value is not None}


def _style_document(style: Style) -> Document:
    return {
        "style_id": style.style_id,
        "name": style.name,
        "cost": _minor(style.cost),
        "original_price": _minor(style.original_price),
        "sale_price": _minor(style.sale_price),
        "default": style.default,
        "photos": [{"thumbnail_url": photo.thumbnail_url, "url": photo.url} for photo in style.photos],
        "skus": {key: _sku_document(sku) for key, sku in style.skus.items()},
    }


def _sku_document(sku: Sku) -> Document:
    """What is not known of a size takes no room: there are ten of them in a product."""
    told = {
        "availability": None if sku.availability is Availability.UNKNOWN else sku.availability.value,
        "gtin": sku.gtin,
        "cost": _minor(sku.cost),
        "list_cost": _minor(sku.list_cost),
        "price": _minor(sku.price),
    }
    known = {name: value for name, value in told.items() if value is not None}
    return {"quantity": sku.quantity, "size": sku.size, **known}


def _style_from(document: Mapping[str, Any], currency: str) -> Style:
    return Style(
        style_id=document["style_id"],
        name=document["name"],
        cost=_money(document.get("cost"), currency),
        original_price=_money(document.get("original_price"), currency),
        sale_price=_money(document.get("sale_price"), currency),
        default=bool(document.get("default")),
        photos=tuple(Photo(url=photo["url"], thumbnail_url=photo["thumbnail_url"]) for photo in document["photos"]),
        skus={
            key: Sku(
                size=sku["size"],
                quantity=sku.get("quantity"),
                availability=Availability(sku.get("availability", Availability.UNKNOWN)),
                gtin=sku.get("gtin"),
                cost=_money(sku.get("cost"), currency),
                list_cost=_money(sku.get("list_cost"), currency),
                price=_money(sku.get("price"), currency),
            )
            for key, sku in document["skus"].items()
        },
    )


def _offer_from(document: Mapping[str, Any]) -> Offer:
    currency = document["currency"]
    return Offer(
        cost=Money(document["cost"], currency),
        list_cost=_money(document.get("list_cost"), currency),
        shipping=Money(document["shipping"], currency),
        availability=Availability(document["availability"]),
        seen_at=document["seen_at"],
        checked_at=document["checked_at"],
    )


def _price_from(document: Mapping[str, Any]) -> Price:
    currency = document["currency"]
    steps = (PriceStep(step["label"], Money(step["amount"], currency)) for step in document.get("steps", ()))
    return Price(Money(document["amount"], currency), tuple(steps))


def point_document(point: PricePoint) -> Document:
    known = point.price or point.cost
    return {
        "at": point.at,
        "price": _minor(point.price),
        "cost": _minor(point.cost),
        "currency": known.currency if known else None,
        "availability": point.availability.value,
    }


def points_in(documents: Iterable[Mapping[str, Any]]) -> tuple[PricePoint, ...]:
    """The points of those documents, in their order."""
    return tuple(
        PricePoint(
            at=point["at"],
            price=_money(point.get("price"), point["currency"]),
            cost=_money(point.get("cost"), point["currency"]),
            availability=Availability(point["availability"]),
        )
        for point in documents
    )


def points_from(buckets: Iterable[Mapping[str, Any]]) -> list[PricePoint]:
    """All points of a product's buckets, ordered by time."""
    points = points_in(point for bucket in buckets for point in bucket["points"])
    return sorted(points, key=lambda point: point.at)


def crawl_document(crawl: Crawl) -> Document:
    document = asdict(crawl)
    document["_id"] = document.pop("id")
    document["status"] = crawl.status.value
    return document


def crawl_from(document: Mapping[str, Any]) -> Crawl:
    fields = dict(document)
    fields["id"] = fields.pop("_id")
    fields["status"] = CrawlStatus(fields["status"])
    fields["shops"] = {name: _counts_from(counts) for name, counts in fields["shops"].items()}
    return Crawl(**fields)


def _counts_from(document: Mapping[str, Any]) -> ShopCounts:
    return ShopCounts(**{**document, "drift": tuple(Fall(**fall) for fall in document.get("drift", ()))})


def reject_from(document: Mapping[str, Any]) -> Reject:
    return Reject(**{name: value for name, value in document.items() if name != "_id"})


def log_line_from(document: Mapping[str, Any]) -> LogLine:
    return LogLine(**{name: value for name, value in document.items() if name != "_id"})


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
