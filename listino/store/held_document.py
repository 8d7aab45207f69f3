"""A held price as a part of its product's document, and back. Amounts are integers of minor units beside one currency."""

from collections.abc import Mapping
from typing import Any

from listino.domain.held import Doubt, DoubtKind, Held, ReferenceSource
from listino.domain.money import Money
from listino.domain.offer import Availability, ShopOffer, Variant

Document = dict[str, Any]


def held_document(held: Held) -> Document:
    """`kind` is the worst doubt's, for the filter of lists."""
    return {
        "kind": held.kind.value,
        "reading": held.reading,
        "at": held.at,
        "seen_at": held.seen_at,
        "times": held.times,
        "crawl_id": held.crawl_id,
        "currency": held.offer.cost.currency,
        "market": _minor(held.market),
        "market_shops": held.market_shops,
        "doubts": [
            {
                "kind": doubt.kind.value,
                "sku": doubt.sku,
                "read": doubt.read.minor,
                "reference": _minor(doubt.reference),
                "source": doubt.source.value if doubt.source else None,
            }
            for doubt in held.doubts
        ],
        "offer": _offer_document(held.offer),
    }


def held_from(document: Mapping[str, Any]) -> Held:
    """The held price a document holds; lists read it without the sizes of its offer."""
    currency = document["currency"]
    return Held(
        offer=_offer_from(document["offer"], currency),
        doubts=tuple(
            Doubt(
                kind=DoubtKind(doubt["kind"]),
                sku=doubt["sku"],
                read=Money(doubt["read"], currency),
                reference=_money(doubt["reference"], currency),
                source=ReferenceSource(doubt["source"]) if doubt["source"] else None,
            )
            for doubt in document["doubts"]
        ),
        reading=document["reading"],
        at=document["at"],
        seen_at=document["seen_at"],
        times=document["times"],
        crawl_id=document["crawl_id"],
        market=_money(document["market"], currency),
        market_shops=document["market_shops"],
    )


def _offer_document(offer: ShopOffer) -> Document:
    return {
        "cost": offer.cost.minor,
        "list_cost": _minor(offer.list_cost),
        "availability": offer.availability.value,
        "variants": [
            {
                "sku": variant.sku,
                "style": variant.style,
                "size": variant.size,
                "cost": variant.cost.minor,
                "list_cost": _minor(variant.list_cost),
                "availability": variant.availability.value,
                "quantity": variant.quantity,
                "gtin": variant.gtin,
            }
            for variant in offer.variants
        ],
    }


def _offer_from(document: Mapping[str, Any], currency: str) -> ShopOffer:
    return ShopOffer(
        cost=Money(document["cost"], currency),
        list_cost=_money(document["list_cost"], currency),
        availability=Availability(document["availability"]),
        variants=tuple(
            Variant(
                sku=variant["sku"],
                style=variant["style"],
                size=variant["size"],
                cost=Money(variant["cost"], currency),
                list_cost=_money(variant["list_cost"], currency),
                availability=Availability(variant["availability"]),
                quantity=variant["quantity"],
                gtin=variant["gtin"],
            )
            for variant in document.get("variants", ())
        ),
    )


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
