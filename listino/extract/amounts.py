"""Amounts of money as Italians, French, Germans, Spaniards and their neighbours write them."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from listino.extract.currencies import SYMBOL, currency_named
from listino.extract.readings import readings_of

_NAME: Final = re.compile(rf"{SYMBOL}|(?<![^\W\d_])[^\W\d_]{{1,12}}\.?(?![^\W\d_])")
# A lone Cyrillic letter names the ruble beside digits only.
_RUBLES: Final = re.compile(r"(?<=[0-9])\s?[рР](?!\w)")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in major units where it stands: `text[start:end]` is the number with the currency beside it.

    The currency is an ISO 4217 code, or None where none is written or the sign means several ("kr").
    """

    value: Decimal
    currency: str | None
    start: int
    end: int


def read_amounts(text: str, *, language: str | None = None) -> list[Amount]:
    """All amounts in the text, in order, whole prices only: without instalments, reductions ("-5 €") and percentages.

    A number that can be read in two ways is left out (`1.299` where no language and no currency decides), as is one that
    is glued to letters. Both ends of a range carry its currency. Numbers without a currency are amounts with None. Takes
    time linear in the text and raises nothing.
    """
    return [
        Amount(reading.value, reading.currency, reading.start, reading.end)
        for reading in readings_of(text, language)
        if reading.value is not None and not reading.instalment
    ]


def read_amount(text: str, *, language: str | None = None) -> tuple[Decimal, str | None] | None:
    """The first amount in the text and its ISO 4217 currency where one is written; None where there is no telling.

    An amount with a currency comes before one with cents alone, that before a bare number, and an instalment last.
    `1.299` may be a thousand or one and a bit: the page's language decides, and without one the answer is None.
    """
    readings = readings_of(text, language)
    if not readings:
        return None
    best = min(readings, key=lambda reading: (reading.instalment, 0 if reading.priced else 1 if reading.cents else 2))
    if best.value is None:
        return None
    if best.priced or len(best.number) == len(text):
        return best.value, best.currency
    # The currency may stand apart ("Prezzi in EUR, IVA inclusa: 49,90").
    return best.value, currency_of(text, language=language)


def currency_of(text: str, *, language: str | None = None) -> str | None:
    """The ISO 4217 code of the first currency named in the text by sign, word or code; None if none is.

    A sign of several currencies ("kr", "¥") names one only in a language that uses one of them.
    """
    for match in _NAME.finditer(text):
        code = currency_named(match[0], language)
        if code is not None:
            return code
    return "RUB" if _RUBLES.search(text) else None
