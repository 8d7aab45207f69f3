"""Pages on which markup and visible text say the same: decided without a tree, many times faster.

JSON-LD alone is often wrong (yesterday's price, the cheapest variant, a stock that is never updated), so it decides only
where the page shows its one price as the first one after the heading, and its code as text.
"""

import re

from listino.domain.offer import Availability
from listino.extract import schema_org
from listino.extract.amounts import read_amounts
from listino.extract.structured import Node
from listino.extract.vocabulary import SOLD_OUT

_HEADING = re.compile(r"<h1\b[^>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|noscript|template|svg|select)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_STRUCK = re.compile(
    r"<(del|s|strike)\b|line-through|old|regular|strike|was-|compare|before|instal|shipping|deliver", re.IGNORECASE
)
_MOST_READ = 60_000  # characters of markup behind the heading
_MOST_SHOWN = 4_000  # of text; behind that other products begin


def page_agrees(html: str, node: Node, offers: list[Node], language: str | None) -> bool:
    """Whether the page shows what its JSON-LD says: one price, whether it is in stock, the code."""
    asked = {money for offer in offers if (money := schema_org.money_of(offer, currency=None, language=language))}
    sku = schema_org.first_text(node.get("sku"))
    if len(asked) != 1 or not sku or not schema_org.first_text(node.get("name")):
        return False
    if schema_org.availability_of(offers) is Availability.UNKNOWN:
        return False
    heading = _HEADING.search(html)
    if heading is None or _HEADING.search(html, heading.end()):
        return False
    shown = _HIDDEN.sub(" ", html[heading.end() : heading.end() + _MOST_READ])
    text = _TAG.sub(" ", shown)[:_MOST_SHOWN]
    (money,) = asked
    first = next((amount for amount in read_amounts(text, language=language) if amount.currency), None)
    if first is None or first.value != money.major or (first.currency != money.currency):
        return False
    return sku in text and not SOLD_OUT.find(text.lower())
