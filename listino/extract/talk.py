"""What one short text of a page speaks of: stock, buying, a code or a brand.

A shop says the same on each of its pages, so what a text means is remembered.
"""

import re
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from listino.extract.labels import Label, label_of, labelled_value
from listino.extract.vocabulary import BUY, IN_STOCK, SOLD_OUT, words_of

LONGEST_TALK = 80  # characters
_LABEL_AND_VALUE = re.compile(r"[\s(\[|·•*]*([^\d:：#]{2,32}?[^\d:：#\s])\s*(?:[:：#№]+|\s)\s*(\S.{0,60})", re.DOTALL)


class Talk(Enum):
    """What a text can speak of."""

    SOLD_OUT = auto()
    IN_STOCK = auto()
    BUY = auto()


_PHRASES = {Talk.SOLD_OUT: SOLD_OUT, Talk.BUY: BUY, Talk.IN_STOCK: IN_STOCK}
_TELLING = SOLD_OUT.words | IN_STOCK.words | BUY.words


class Words(NamedTuple):
    """What a text speaks of, the label that it is or begins with, and the value behind that label in the same text."""

    of: Talk | None
    label: Label | None
    value: str | None


@lru_cache(maxsize=32_768)
def talk_of(text: str) -> Words | None:
    """What a text of at most LONGEST_TALK characters speaks of; None for most texts."""
    lowered = text.lower()
    words = words_of(lowered)
    of = None
    if not _TELLING.isdisjoint(words):
        known = frozenset(words)
        of = next((kind for kind, phrases in _PHRASES.items() if phrases.among(known, lowered)), None)
    label, value = label_of(text), None
    if label is None and (inline := _inline(text)) is not None:
        label, value = inline
    return None if of is None and label is None else Words(of, label, value)


def _inline(text: str) -> tuple[Label, str] | None:
    """The label and the value of `Item number: 123`, `Produkta kods 520501927`, `(SKU: 12)`."""
    match = _LABEL_AND_VALUE.fullmatch(text)
    if match is None or (label := label_of(match[1])) is None or (value := labelled_value(label, match[2])) is None:
        return None
    return label, value
