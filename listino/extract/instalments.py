"""Amounts that are no price but a part of one: "3x 33,33 €", "in 3 rate da 33,33 €", "9,99 €/mese"."""

import re
from typing import Final

# An amount is paid in so many parts at most; "80 x 200" are the sides of a mattress.
_MOST_PARTS: Final = 60
# So far back the words are read that make an amount an instalment.
_REACH: Final = 48

# The last is Cyrillic.
TIMES: Final = frozenset("x×хX")
_PAYMENTS: Final = frozenset((
    "rate", "raten", "monatsraten", "teilzahlungen", "fois", "mensualités", "mensualité", "paiements",
    "échéances", "mensilità", "cuotas", "plazos", "mensualidades", "parcelas", "prestações", "installments",
    "instalments", "payments", "rat", "raty", "splátek", "termijnen",
))  # fmt: skip
_FREE: Final = "ohne zinsen|zinsfrei|sans frais|senza interessi|sin intereses|sem juros|interest[- ]free"
_BEFORE: Final = re.compile(
    rf"""
    (?<!\w)([0-9]{{1,2}})\s?
    (?: [x×х]\s?(?:(?:de|da|di|à|a|von|zu|por|per|of)\s)?
      | [x×х]?\s?[^0-9.;]{{0,24}}(?:{_FREE.replace(" ", "[ ]")})[^0-9.;]{{0,12}}
      | (?:[x×х]\s)?(?:[^\W\d_]{{1,12}}\s)?(?:{"|".join(_PAYMENTS)})\b[^0-9.;]{{0,24}}
    )\s?\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AFTER: Final = re.compile(
    r"\s?(?:[x×х]\s?[0-9]{1,2}\b|(?:/|(?:al|par|pro|im|per|por|a)\s)\s?(?:mese|mois|monat|mes|month|mo)\b"
    r"|(?:mensili|mensuels?|monatlich|mtl|mensuales|monthly)\b)",
    re.IGNORECASE,
)


def is_count(number: str, word: str) -> bool:
    """Whether a number before this word says how many: "3" in "3x 33,33" and in "3 rate"."""
    folded = word.casefold()
    return number.isdigit() and (folded in TIMES or folded in _PAYMENTS)


def is_instalment(text: str, start: int, end: int) -> bool:
    """Whether the amount in `text[start:end]` is to be paid several times over, by the words on either side."""
    before = _BEFORE.search(text, max(0, start - _REACH), start)
    if before is not None and 1 < int(before[1]) <= _MOST_PARTS:
        return True
    return end < len(text) and _AFTER.match(text, end) is not None
