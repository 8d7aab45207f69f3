"""Which reader makes products of a shop's answers, as a short text: it changes with our code and with our terms.

An answer that did not change is not read again, unless something else would come of it today.
"""

import functools
import hashlib
from datetime import date
from pathlib import Path

from listino.shops.shop import Shop

_READING = ("domain", "extract", "shops")  # the parts of `listino` that decide what comes of an answer


def reader_of(shop: Shop, day: date) -> str:
    """The reader of the shop's answers on that day: its code, what is declared of the pages, our terms, and the VAT."""
    terms = f"{shop.platform} {shop.selectors!r} {shop.terms!r} {shop.market.vat_percent(day)}"
    return hashlib.blake2b(f"{_code()} {terms}".encode(), digest_size=6).hexdigest()


@functools.cache
def _code() -> str:
    """The code by its source: a number that somebody has to raise would be forgotten one day."""
    digest = hashlib.blake2b(digest_size=8)
    root = Path(__file__).parents[1]
    for path in sorted(path for part in _READING for path in (root / part).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
