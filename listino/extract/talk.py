"""What one short text of a page speaks of: stock, buying, a code or a brand.

A shop says the same on each of its pages, so what a text means is remembered.
"""

import re
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from listino.extract.labels import Label, label_of, labelled_value
from listino.extract.vocabulary import BUY, IN_STOCK, LATER, OTHER_THINGS, SOLD_OUT, words_of

LONGEST_TALK = 80  # characters
_MARK = re.compile(r"\s*[:：#№]+\s*")
_FIRST_NUMBER = re.compile(r"(?:\s|(?<=[.°º]))\S*\d")
_BETWEEN = re.compile(r"\s*[|•·;\n]\s*|\s+[-–—]\s+|,\s+|\s{3,}")


class Talk(Enum):
    """What a text can speak of."""

    SOLD_OUT = auto()
    LATER = auto()
    IN_STOCK = auto()
    BUY = auto()


_PHRASES = {Talk.SOLD_OUT: SOLD_OUT, Talk.LATER: LATER, Talk.BUY: BUY, Talk.IN_STOCK: IN_STOCK}
_TELLING = SOLD_OUT.words | LATER.words | IN_STOCK.words | BUY.words


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
        if of is Talk.SOLD_OUT and not OTHER_THINGS.isdisjoint(known):
            of = None
    label, value = label_of(text), None
    if label is None and (inline := _inline(text)) is not None:
        label, value = inline
    return None if of is None and label is None else Words(of, label, value)


def _inline(text: str) -> tuple[Label, str] | None:
    """The label and the value of `Item number: 123`, `Produkta kods 520501927`, `Brand: Lumo | SKU: 12`."""
    if ":" not in text and "：" not in text and not _FIRST_NUMBER.search(text):
        return None
    found = None
    for piece in _BETWEEN.split(text):
        split = _MARK.search(piece) or _FIRST_NUMBER.search(piece)
        if split is None or (label := label_of(piece[: split.start()])) is None:
            continue
        at = split.end() if split.re is _MARK else split.start()
        value = labelled_value(label, piece[at:])
        if value is not None and (found is None or label is Label.SKU):
            found = label, value
            if label is Label.SKU:
                break
    return found
