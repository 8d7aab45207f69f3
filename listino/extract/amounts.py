"""Amounts of money as Italians, French, Germans and Spaniards write them."""

import re
from decimal import Decimal

_CURRENCIES = {"€": "EUR", "EUR": "EUR", "£": "GBP", "GBP": "GBP", "$": "USD", "USD": "USD", "CHF": "CHF"}
_CURRENCY = re.compile("|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True)), re.IGNORECASE)
# Spaces that group thousands: plain, no-break, thin, narrow no-break; Swiss apostrophes too.
_GROUPERS = " \u00a0\u2009\u202f'’"
_INSTALMENTS = re.compile(r"\b\d+\s*[x×]\s*(?=\D|\d+[.,]\d\d)", re.IGNORECASE)
_CENTS_AFTER_SIGN = re.compile(r"(\d)\s?(?:€|EUR)\s?(\d\d)(?!\d)")
_NUMBER = re.compile(rf"\d{{1,3}}(?:[{_GROUPERS}]\d{{3}})+(?:[.,]\d{{1,2}})?(?!\d)|\d+(?:[.,]\d+)*")
# Languages in which "1.299" are one thousand two hundred and ninety-nine.
_DOT_GROUPS = frozenset({"it", "fr", "de", "es"})


def read_amount(text: str, *, language: str | None = None) -> tuple[Decimal, str | None] | None:
    """The first amount in the text and its ISO currency where one is written; None where there is no telling.

    `1.299` alone may be a thousand or one and a bit: the page's language decides, and without one the answer is None.
    """
    sign = _CURRENCY.search(text)
    currency = _CURRENCIES[sign.group().upper()] if sign else None
    cleaned = _CENTS_AFTER_SIGN.sub(r"\1,\2", _INSTALMENTS.sub("", text))
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
