"""Pages on which markup and visible text say the same: decided without a look at where things stand, many times faster.

JSON-LD alone is often wrong (yesterday's price, the cheapest variant, a stock that is never updated), so it decides only
where the page shows its one price as the first one after the heading, with no second price beside it, and its code as text.
"""

import re

from listino.domain.offer import Availability
from listino.extract import schema_org
from listino.extract.amounts import read_amounts
from listino.extract.json_ld import Node
from listino.extract.page import ProductPage
from listino.extract.vocabulary import BUY, SOLD_OUT

_HIDDEN = re.compile(
    r"<(script|style|noscript|template|svg|select)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^<>]*>")
_DIGITS = re.compile(r"\d+")
_REDUCED = re.compile(
    r"<(?:del|s|strike)\b|line-through|(?<![a-z])(?:old|was)(?![a-z])|old-?_?price|strike|compare|original|before|list-?_?price"
    r"|regular|rrp|msrp|uvp|special|discount|promo|(?<![a-z])sale",
    re.IGNORECASE,
)
_BESIDE = 500  # characters of markup
_MOST_READ = 30_000  # characters of markup behind the heading
_MOST_SHOWN = 4_000  # of text; behind that other products begin


def page_agrees(page: ProductPage, node: Node, offers: list[Node]) -> bool:
    """Whether the page shows what its JSON-LD says: one price, whether it is in stock, the code."""
    asked = {money for offer in offers if (money := schema_org.money_of(offer, currency=None, language=page.language))}
    sku, name = schema_org.first_text(node.get("sku")), schema_org.first_text(node.get("name"))
    state = schema_org.availability_of(offers)
    if len(asked) != 1 or not sku or not name or state is Availability.UNKNOWN:
        return False
    begin = page.heading_begin
    if begin is None or not _is_named(page.heading or "", name) or not _shows(page.html, sku):
        return False
    text = _TAG.sub(" ", _HIDDEN.sub(" ", page.html[begin : begin + _MOST_READ]))[:_MOST_SHOWN]
    (money,) = asked
    first = next((amount for amount in read_amounts(text, language=page.language) if amount.currency), None)
    if first is None or (first.value, first.currency) != (money.major, money.currency):
        return False
    if _stands_by_another(page.html, begin, text[first.start : first.end]):
        return False
    lowered = text.lower()
    if state is Availability.IN_STOCK:
        return not SOLD_OUT.find(lowered)
    return SOLD_OUT.find(lowered) and not BUY.find(lowered)


def _is_named(heading: str, name: str) -> bool:
    """Whether the heading has most words of the name; elements in it join words ("MokaTre tazze")."""
    words, heading = name.casefold().split(), heading.casefold()
    return 2 * sum(word in heading for word in words) >= len(words)


def _stands_by_another(html: str, begin: int, amount: str) -> bool:
    """Whether the markup around the amount speaks of an old price or a reduced one: then which of them holds is weighed."""
    digits = _DIGITS.search(amount)
    shown = re.compile(rf">[^<>]{{0,20}}{digits[0]}").search(html, begin) if digits else None
    return (
        shown is None or _REDUCED.search(html, max(begin, shown.start() - _BESIDE), shown.end() + _BESIDE) is not None
    )


def _shows(html: str, code: str) -> bool:
    """Whether the code is the end of some element's text; in scripts and attributes other characters stand around it."""
    at = html.find(code)
    while at >= 0:
        behind = html[at + len(code) : at + len(code) + _BLANKS].lstrip()
        if behind.startswith("<") and not html[max(at - 1, 0)].isalnum():
            return True
        at = html.find(code, at + 1)
    return False


_BLANKS = 40  # characters of white space that may follow a text before its element ends
