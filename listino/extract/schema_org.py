"""schema.org product nodes to goods and offers. Terms: https://schema.org/Product, /Offer, /ProductGroup."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from html import unescape
from typing import Any

from stdnum import ean

from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.extract.amounts import read_amount
from listino.extract.json_ld import Node
from listino.extract.likeness import ALIKE, likeness
from listino.extract.text import plain

_PRODUCT_TYPES = {"Product", "ProductGroup", "ProductModel", "IndividualProduct", "Book", "Vehicle"}
# The terms of https://schema.org/ItemAvailability without case and marks ("in stock"), and other words that are met there.
_IN_STOCK = {
    "instock", "limitedavailability", "onlineonly", "preorder", "presale", "backorder", "madetoorder", "available", "availablefororder",
}  # fmt: skip
_OUT_OF_STOCK = {
    "outofstock",
    "soldout",
    "discontinued",
    "instoreonly",
    "reserved",
    "oos",
    "notinstock",
    "unavailable",
    "notavailable",
}
_MOST_COMPARED = 50  # products of a page whose names are compared with its heading
_MARKS = re.compile(r"[\W_]+")
_GTIN_PROPERTIES = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn")


_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)


def listed(value: Any) -> list[Any]:
    """A property as a list: schema.org lets every one of them be absent, one value, or many."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def first_text(value: Any) -> str | None:
    """The first text of a property, or the name of its first node; entities in it (shops write them in JSON too) are read."""
    for entry in listed(value):
        text = entry.get("name") if isinstance(entry, dict) else entry
        if isinstance(text, (str, int, float)) and (
            found := plain(_ENTITY.sub(lambda entity: unescape(entity.group()), str(text)))
        ):
            return found
    return None


def is_product(node: Node) -> bool:
    return any(str(kind) in _PRODUCT_TYPES for kind in listed(node.get("@type")))


def main_product(nodes: Iterable[Node], heading: str | None) -> Node | None:
    """The product the page is about: the one named as its heading or most like it, else the first with an offer, else the first.

    Products below another product (related ones, the variants of a group) are never chosen.
    """
    found = list(_top_products(nodes))
    if heading and len(found) > 1:
        names = [first_text(node.get("name")) or "" for node in found[:_MOST_COMPARED]]
        if heading in names:
            return found[names.index(heading)]
        alike = [likeness(name, heading) if name else 0.0 for name in names]
        if max(alike) >= ALIKE:
            return found[alike.index(max(alike))]
    return next((node for node in found if node.get("offers") or node.get("hasVariant")), found[0] if found else None)


def _top_products(nodes: Iterable[Node]) -> Iterator[Node]:
    waiting = deque(nodes)
    while waiting:
        node = waiting.popleft()
        if is_product(node):
            yield node
        else:
            inner = [entry for entry in listed(node.get("mainEntity")) if isinstance(entry, dict)]
            waiting.extendleft(reversed(inner))


def gtin_of(node: Node) -> str | None:
    """The first code whose check digit is right."""
    for name in _GTIN_PROPERTIES:
        for code in listed(node.get(name)):
            digits = "".join(char for char in str(code) if char.isdigit())
            if len(digits) in (8, 12, 13, 14) and ean.is_valid(digits):
                return digits
    return None


def offers_of(node: Node) -> list[Node]:
    """The node's offers; an AggregateOffer that lists its offers is opened."""
    found: list[Node] = []
    for offer in listed(node.get("offers")):
        if isinstance(offer, dict):
            inner = [entry for entry in listed(offer.get("offers")) if isinstance(entry, dict)]
            found += inner or [offer]
    return found


def variants_of(node: Node) -> list[Node]:
    """The nodes of a group's variants; none for a product by itself."""
    return [entry for entry in listed(node.get("hasVariant")) if isinstance(entry, dict)]


def all_offers_of(node: Node) -> list[Node]:
    """The offers of a product and, of a group, those of its variants."""
    return [offer for owner in (node, *variants_of(node)) for offer in offers_of(owner)]


def money_of(offer: Node, *, currency: str | None, language: str | None) -> Money | None:
    """What the offer asks: its price, its lowest price, or that of its first price specification that strikes nothing through."""
    specifications = [entry for entry in listed(offer.get("priceSpecification")) if isinstance(entry, dict)]
    asked = [entry for entry in specifications if not _is_struck_through(entry)]
    for source in (offer, *asked):
        for name in ("price", "lowPrice"):
            found = _money(
                source.get(name), source.get("priceCurrency") or offer.get("priceCurrency") or currency, language
            )
            if found is not None:
                return found
    return None


def asks_nothing(offer: Node, *, language: str | None) -> bool:
    """Whether the offer says that its price is zero, which is no price and yet said: a shop's mistake, mostly."""
    said = [read_amount(str(entry), language=language) for entry in listed(offer.get("price")) if entry is not None]
    return bool(said) and all(read is not None and read[0] == 0 for read in said)


def list_money_of(offer: Node, *, currency: str | None, language: str | None) -> Money | None:
    """The struck-through price the offer names."""
    for entry in listed(offer.get("priceSpecification")):
        if isinstance(entry, dict) and _is_struck_through(entry):
            return _money(
                entry.get("price"), entry.get("priceCurrency") or offer.get("priceCurrency") or currency, language
            )
    return _money(offer.get("struckThrough"), offer.get("priceCurrency") or currency, language)


def _is_struck_through(specification: Node) -> bool:
    kinds = " ".join(str(kind) for kind in listed(specification.get("priceType")))
    return any(kind in kinds for kind in ("StrikethroughPrice", "ListPrice", "SRP", "MSRP", "RegularPrice"))


def _money(value: Any, currency: Any, language: str | None) -> Money | None:
    for entry in listed(value):
        if isinstance(entry, (int, float)) and not isinstance(entry, bool):
            amount, written = Decimal(str(entry)), None
        else:
            read = read_amount(str(entry), language=language)
            if read is None:
                continue
            amount, written = read
        code = str(currency or written or "").strip().upper()
        if amount > 0 and code:
            try:
                return Money.of(amount, code)
            except InvalidValue:
                continue
    return None


def availability_of(offers: Iterable[Node]) -> Availability:
    """In stock if any offer is; out of stock if all that say anything are not; unknown otherwise."""
    said = set()
    for offer in offers:
        for value in listed(offer.get("availability")):
            term = str(value.get("@id", "") if isinstance(value, dict) else value).rstrip("/").rsplit("/", 1)[-1]
            said.add(_MARKS.sub("", term).lower())
    if said & _IN_STOCK:
        return Availability.IN_STOCK
    return Availability.OUT_OF_STOCK if said & _OUT_OF_STOCK else Availability.UNKNOWN


def images_of(node: Node) -> list[str]:
    """The addresses of the node's pictures, each once, in order."""
    found = []
    for entry in listed(node.get("image")):
        address = (
            (entry.get("contentUrl") or entry.get("url") or entry.get("@id")) if isinstance(entry, dict) else entry
        )
        if isinstance(address, str) and address:
            found.append(address)
    return list(dict.fromkeys(found))


def breadcrumb_category(nodes: Iterable[Node], product_name: str) -> str | None:
    """The last name of the page's breadcrumb that is not the product's own."""
    for node in nodes:
        if "BreadcrumbList" in listed(node.get("@type")):
            crumbs = [entry for entry in listed(node.get("itemListElement")) if isinstance(entry, dict)]
            names = [first_text(crumb.get("name")) or first_text(crumb.get("item")) for crumb in crumbs]
            return next((name for name in reversed(names) if name and name != product_name), None)
    return None
