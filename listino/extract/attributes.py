"""Prices that only attributes hold: fields of a form, and what elements keep for scripts."""

from decimal import Decimal

from selectolax.lexbor import LexborHTMLParser

from listino.extract.amounts import read_amounts

_HOLDERS = (
    "data-price", "data-product-price", "data-price-amount", "data-current-price", "data-sale-price", "data-final-price", "data-item-price",
)  # fmt: skip
_FIELDS = "input[value]:is([name*=price],[id*=price],[class*=price])"
_MOST = 200  # elements that are looked at


def price_in_attributes(tree: LexborHTMLParser, language: str | None) -> tuple[Decimal, str | None] | None:
    """The one price that the attributes of all elements agree on; None where they hold several, or one that may count cents."""
    found: dict[Decimal, str | None] = {}
    for element in tree.css(",".join((_FIELDS, *(f"[{name}]" for name in _HOLDERS))))[:_MOST]:
        attributes = element.attributes
        for text in (attributes.get(name) for name in ("value", *_HOLDERS)):
            for amount in read_amounts(text or "", language=language):
                if amount.value > 0 and (amount.currency or amount.value % 1):
                    found[amount.value] = amount.currency or found.get(amount.value)
    return next(iter(found.items())) if len(found) == 1 else None
