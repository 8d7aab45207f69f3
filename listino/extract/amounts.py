"""Amounts of money as Italians, French, Germans and Spaniards write them."""

import re
from decimal import Decimal

_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD"}
# A code stands alone or beside digits; the end of "Couleur" is none.
_CURRENCY = re.compile(r"[€£$]|(?<![^\W\d_])(?:(EUR)(?:OS?)?|(GBP|USD|CHF))(?![^\W\d_])", re.IGNORECASE)
# Spaces that group thousands: plain, no-break, thin, narrow no-break; Swiss apostrophes too.
_GROUPERS = " \u00a0\u2009\u202f'’"
_INSTALMENTS = re.compile(
    r"\b\d+\s*(?:[x×]\s*(?=\D|\d+[.,]\d\d|\d+\s?(?:€|EUR))|(?:rate|raten|monatsraten|fois|mensualités|cuotas|plazos)\b)",
    re.IGNORECASE,
)
_NO_CENTS = re.compile(r"(?<=\d),\s?[-–—]+")  # `49,-`
_CENTS_AFTER_SIGN = re.compile(r"(\d)\s?(?:€|EUR)\s?(\d\d)(?!\d)")
_NUMBER = re.compile(rf"\d{{1,3}}(?:[{_GROUPERS}]\d{{3}})+(?:[.,]\d{{1,2}})?(?!\d)|\d+(?:[.,]\d+)*|[.,]\d{{1,2}}(?!\d)")
# Languages in which "1.299" are one thousand two hundred and ninety-nine.
_DOT_GROUPS = frozenset({"it", "fr", "de", "es"})


def read_amount(text: str, *, language: str | None = None) -> tuple[Decimal, str | None] | None:
    """The first amount in the text and its ISO currency where one is written; None where there is no telling.

    `1.299` alone may be a thousand or one and a bit: the page's language decides, and without one the answer is None.
    """
    sign = _CURRENCY.search(text)
    currency = None
    if sign is not None:
        currency = _SIGNS.get(sign.group()) or (sign[1] or sign[2]).upper()
    cleaned = _NO_CENTS.sub(",00", _CENTS_AFTER_SIGN.sub(r"\1,\2", _INSTALMENTS.sub("", text)))
    number = _NUMBER.search(cleaned)
    if number is None:
        return None
    value = _value(number.group(), language)
    return None if value is None else (value, currency)


def _value(written: str, language: str | None) -> Decimal | None:
    digits = re.sub(rf"[{_GROUPERS}]", "", written)
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        decimal, grouping = (".", ",") if digits.rindex(".") > digits.rindex(",") else (",", ".")
        return _decimal(digits.replace(grouping, ""), decimal)
    mark = "." if dots else ","
    if dots + commas > 1:
        return _decimal(digits.replace(mark, ""), mark) if all(len(g) == 3 for g in digits.split(mark)[1:]) else None
    if dots + commas == 0:
        return Decimal(digits)
    if len(digits.partition(mark)[2]) != 3:
        return _decimal(digits, mark)
    if language is None:
        return None
    groups = mark == "." if language in _DOT_GROUPS else mark == ","
    return _decimal(digits.replace(mark, "") if groups else digits, mark)


def _decimal(digits: str, mark: str) -> Decimal | None:
    whole = digits.replace(mark, ".")
    return Decimal(whole) if whole.count(".") <= 1 else None
