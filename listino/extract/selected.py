"""What the elements say that a shop's declaration points to."""

from decimal import Decimal

from selectolax.lexbor import LexborNode

from listino.domain.offer import Availability
from listino.extract.addresses import absolute
from listino.extract.amounts import read_amount
from listino.extract.evidence import Source
from listino.extract.page import ProductPage
from listino.extract.schema_org import availability_of, gtin_of
from listino.extract.selectors import Selectors
from listino.extract.text import plain
from listino.extract.vocabulary import IN_STOCK, SOLD_OUT

Said = dict[str, tuple[object, Source]]
_POINTED_AT = Source("selector", 1.0)


def selected(page: ProductPage, selectors: Selectors) -> Said:
    """The fields whose elements are on the page and can be read; the others are left to the page's other evidence."""
    found: dict[str, object] = {}
    for field in ("name", "sku", "brand", "description", "gtin"):
        if text := _text(page, getattr(selectors, field)):
            found[field] = gtin_of({"gtin": text}) if field == "gtin" else text
    if (asked := read_amount(_text(page, selectors.price) or "", language=page.language)) is not None and asked[0] > 0:
        found["price"] = asked[0]
        if asked[1] is not None:
            found["currency"] = asked[1]
    if text := _text(page, selectors.availability):
        found["availability"] = _state(text)
    if selectors.images:
        found["images"] = tuple(filter(None, (_address(page.url, node) for node in page.tree.css(selectors.images))))
    return {name: (value, _POINTED_AT) for name, value in found.items() if value}


def selected_list_price(page: ProductPage, selectors: Selectors) -> Decimal | None:
    """The struck-through amount in the element that is declared for it; None where there is none."""
    read = read_amount(_text(page, selectors.list_price) or "", language=page.language)
    return read[0] if read is not None and read[0] > 0 else None


def _text(page: ProductPage, selector: str | None) -> str | None:
    node = page.tree.css_first(selector) if selector else None
    if node is None:
        return None
    return plain(node.attributes.get("content") or node.attributes.get("value") or node.text())


def _state(text: str) -> str | None:
    lowered = text.lower()
    if SOLD_OUT.find(lowered):
        return Availability.OUT_OF_STOCK.value
    if IN_STOCK.find(lowered):
        return Availability.IN_STOCK.value
    said = availability_of([{"availability": text}])
    return None if said is Availability.UNKNOWN else said.value


def _address(url: str, node: LexborNode) -> str:
    attributes = node.attributes
    return absolute(url, attributes.get("data-src") or attributes.get("src") or attributes.get("href") or "")
