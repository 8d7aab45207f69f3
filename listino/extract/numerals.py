"""What a written number is worth: which of its marks groups thousands and which begins the decimals."""

from decimal import Decimal
from typing import Final

from listino.extract.currencies import OF_THOUSANDTHS, WITH_POINT, WITHOUT_CENTS

# What groups thousands besides point and comma: plain, no-break, thin and narrow spaces, the Swiss apostrophes.
SPACES: Final = " \u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f'’"

_WITHOUT_SPACES: Final = str.maketrans("", "", SPACES)
_COMMA_LANGUAGES: Final = frozenset((
    "az", "be", "bg", "bs", "ca", "cs", "da", "de", "el", "es", "et", "eu", "fi", "fr", "gl", "hr", "hu", "hy",
    "id", "is", "it", "ka", "kk", "lb", "lt", "lv", "mk", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk",
    "sl", "sq", "sr", "sv", "tr", "uk", "uz", "vi",
))  # fmt: skip
_POINT_LANGUAGES: Final = frozenset((
    "cy", "en", "ga", "he", "hi", "ja", "ko", "ms", "mt", "th", "zh",
))  # fmt: skip
# Regions that write a decimal point in a language that elsewhere has a comma: "de-CH", "es-MX".
_POINT_REGIONS: Final = frozenset((
    "CH", "DO", "GT", "HN", "LI", "MX", "NI", "PA", "PE", "PR", "SV", "US",
))  # fmt: skip


def value_of(number: str, currency: str | None = None, language: str | None = None) -> Decimal | None:
    """The value of ASCII digits with marks and spaces ("1.299,00"); None where two readings are possible or none is.

    One mark before three digits ("1.299") may group thousands or begin decimals. A currency without cents in use decides
    it, else the language (BCP 47), unless the currency's home and the language disagree.
    """
    if number.isdigit():
        return Decimal(number)
    if number[:-3].isdigit() and number[-3] in ".,":  # The usual price needs no more.
        return Decimal(f"{number[:-3]}.{number[-2:]}")
    digits = number.translate(_WITHOUT_SPACES)
    spaced = len(digits) < len(number)
    point, comma = digits.rfind("."), digits.rfind(",")
    if point < 0 and comma < 0:
        return Decimal(digits)
    mark, other = (".", ",") if point > comma else (",", ".")
    whole, _, decimals = digits.rpartition(mark)
    if mark in whole:
        return _grouped(digits, mark) if other not in whole else None
    if other in whole:
        grouped = _grouped(whole, other)
        return None if grouped is None else Decimal(f"{grouped}.{decimals}")
    if len(decimals) == 3 and not spaced and 0 < len(whole) <= 3 and not whole.startswith("0"):
        decimal_mark = _decimal_mark(mark, currency, language)
        if decimal_mark is None:
            return None
        if decimal_mark != mark:
            return Decimal(whole + decimals)
    return Decimal(f"{whole}.{decimals}")


def _grouped(digits: str, mark: str) -> Decimal | None:
    """Groups of three, the first of one to three; Indian lakhs ("1,23,456") have pairs before the last group."""
    first, *groups = digits.split(mark)
    if not 1 <= len(first) <= 3 or first.startswith("0") or len(groups[-1]) != 3:
        return None
    if all(len(group) == 3 for group in groups) or (mark == "," and all(len(group) == 2 for group in groups[:-1])):
        return Decimal(first + "".join(groups))
    return None


def _is_peso(currency: str | None, spoken: str) -> bool:
    """Whether what looks like a dollar may be a peso or a real: "$" in a language of Latin America."""
    return currency == "USD" and spoken.lower() in ("es", "pt")


def _decimal_mark(mark: str, currency: str | None, language: str | None) -> str | None:
    """Which mark begins the decimals here, where `mark` stands before three digits; None if nothing tells."""
    if currency in WITHOUT_CENTS:
        return "," if mark == "." else "."
    if language is None:
        return None
    spoken, _, region = language.replace("_", "-").partition("-")
    if region.upper() in _POINT_REGIONS or spoken.lower() in _POINT_LANGUAGES:
        written = "."
    elif spoken.lower() in _COMMA_LANGUAGES and (currency not in WITH_POINT or _is_peso(currency, spoken)):
        written = ","
    else:
        return None
    return None if currency in OF_THOUSANDTHS and written != mark else written
