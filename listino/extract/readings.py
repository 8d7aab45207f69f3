"""The numbers of a text that may be amounts, each with the currency, the cents and the words that stand around it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from listino.extract.currencies import DOLLARS, DOUBTFUL_BEFORE, SYMBOL, currency_named, is_shared_sign
from listino.extract.instalments import TIMES, is_count, is_instalment
from listino.extract.numerals import SPACES, value_of

# A price has at most so many digits before its decimals: a longer number is a GTIN, a telephone or an order.
_MOST_DIGITS: Final = 12
# Prices have two decimals, computed ones more ("34.992001"); what is longer still is no amount.
_MOST_DECIMALS: Final = 20
# The longest sign before a number, with what markup leaves in between.
_REACH: Final = 32

# Between a number and its currency there may be line ends, spaces and marks of writing direction.
_GAP: Final = r"[\s\u200b-\u200f\u2060-\u2069]{0,16}"
_WORD: Final = r"[^\W\d_]{1,12}\.?"
# Every repetition is possessive or has a small bound, so that the time is linear in the text. What a possessive one repeats looks
# ahead before it begins: Python before 3.11.4, Debian's among them, forgets where the last good round ended when one breaks off
# in the middle (https://github.com/python/cpython/issues/101955).
_NUMBER: Final = re.compile(
    rf"""
    (?P<number>
        [0-9](?<![0-9]{{2}})(?<![0-9][.,'’][0-9])
        (?: (?<=[1-9])[0-9]{{0,2}}(?P<group>[{SPACES}])[0-9]{{3}}(?![0-9])(?:(?P=group)[0-9]{{3}}(?![0-9])){{0,8}}
            (?:(?=[.,][0-9])[.,][0-9]++)?+(?![.,'’][0-9])
          | [0-9]*+(?:(?=[.,][0-9])[.,][0-9]++)*+(?!['’][0-9])
        )
      | [.,](?<![\w.,][.,])[0-9]{{1,2}}(?![0-9])
    )
    (?: (?P<raised>[⁰¹²³⁴-⁹]{{2}})                  # `19⁹⁹`
      | \s{{1,8}}[.,](?P<torn>[0-9]{{2}})(?![0-9])  # `19 ,99`, as markup tears it
      | (?P<round>[.,:]\s?[-–—−=]{{1,2}})(?![0-9])  # `49,-`
    )?
    (?={_GAP}(?P<after>{SYMBOL}|[%×]|{_WORD})|)
    """,
    re.VERBOSE,
)
_BEFORE: Final = re.compile(rf"({SYMBOL}|(?<![^\W\d_]){_WORD})[:)]?{_GAP}\Z")
_DIGIT: Final = re.compile("[0-9]")
# `19€99`, `35€ 99 dont ...`, `12 zł 50 gr`; but in `10 € 20 €`, `10 € 20%` and `99 € 12 mois` the second is no cents.
_CENTS: Final = re.compile(
    rf"""
    (\s{{1,8}})?(?P<cents>[0-9]{{2}})(?![0-9]|[.,][0-9])
    (?: \s?(?:cents?|centimes|centesimi|céntimos|ct|gr|коп|ст|bani)\b
      | (?!\s?(?:{SYMBOL}|[%x×]|EUR\b))(?(1)(?=\s*(?:\Z|[^\w\s]|(?:dont|ttc|ht|iva)\b)))
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# `1250€600` is neither 1250 nor 1250.60; `10€20€` are two.
_DIGITS_AFTER_SIGN: Final = re.compile(rf"[0-9][0-9.,]*+(?!\s?(?:{SYMBOL}|EUR\b))")
# `1.837, 32 €`: a slip of the hand, read as cents only with a currency behind it.
_CENTS_AFTER_SPACE: Final = re.compile(rf",\s(?P<cents>[0-9]{{2}})(?![0-9]|[.,][0-9]){_GAP}(?P<sign>{SYMBOL}|{_WORD})")
# `19,90 - 29,90`; a plain hyphen between spaces stands as often between a name and its price.
_RANGE: Final = re.compile(
    r"\s*(?:(?<=\s)(?P<loose>-)(?=\s)|[-–—~]|\b(?:a|à|al|au|até|bis|to|till|hasta|do|до|tot|til)\b)\s*", re.IGNORECASE
)
_RUBLE: Final = frozenset("рР")  # Cyrillic: a lone letter is a currency beside digits only.
_MULTIPLES: Final = frozenset("kKmM")
_MARKS: Final = frozenset(".,")
_SEPARATORS: Final = frozenset(SPACES) | _MARKS
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(slots=True)
class Reading:
    """One number; its value is None where there are two ways to read it."""

    number: str
    start: int
    end: int
    currency: str | None = None
    # A currency stands beside the number, if only one such as "kr" that several countries share.
    priced: bool = False
    # It shows its cents, or that there are none (`49,-`), as prices do and quantities do not.
    cents: bool = False
    value: Decimal | None = None
    instalment: bool = False


def readings_of(text: str, language: str | None) -> list[Reading]:
    """The numbers that may be amounts, in order. Percentages, reductions and numbers glued to letters are none."""
    readings: list[Reading] = []
    if _DIGIT.search(text) is None:
        return readings
    reached = 0  # What stands before it belongs to a number already read.
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if start < reached:
            continue
        behind = match["after"]
        if behind == "%":
            reached = match.end("after")
            continue
        reading = Reading(match["number"], start, end)
        sign = _sign_before(text, reading, reached, language) if start > reached else ""
        # A dollar may say which one it is behind the number: "$12.90 CAD".
        if behind is not None and (not sign or (sign == "$" and behind in DOLLARS)):
            stop = match.end("after")
            # After a space, and glued to the next number, the sign is that number's.
            if text.startswith(behind, end) or not text[stop : stop + 1].isdigit():
                _name(reading, behind, language, stop)
        # The usual price shows its cents: nothing is left to find.
        reading.cents = reading.number[-3:-2] in _MARKS
        certain = reading.cents or _add_cents(text, match, reading, language)
        if match["group"] and not sign and (text[start - 1 : start].isalpha() or _follows_times(text, start)):
            certain = False  # "S24 256 €", "80 x 200 129,00 €": a name or a length, and a price.
        first, reached = reached == 0, reading.end
        if not _may_be_amount(text, match, reading, behind):
            continue
        if certain:
            reading.value = value_of(reading.number, reading.currency, language)
        previous = readings[-1] if readings else None
        if previous is None or not _share_range(text, previous, reading, language):
            if reading.start > 0 and _is_reduction(text, reading.start):
                continue
            if previous is not None and _are_torn(text, previous, reading):
                readings.pop()
                reading.value = None
        # Only a number before can be the count of instalments, and only words behind name the month.
        if not first or reached < len(text):
            reading.instalment = is_instalment(text, reading.start, reached)
        readings.append(reading)
    return readings


def _sign_before(text: str, reading: Reading, reached: int, language: str | None) -> str:
    before = _BEFORE.search(text, max(reached, reading.start - _REACH), reading.start)
    if before is None or (before[1] in DOUBTFUL_BEFORE and reading.number.isdigit()):
        return ""
    if not _name(reading, before[1], language, reading.end):
        return ""
    reading.start = before.start()
    return before[1]


def _name(reading: Reading, sign: str, language: str | None, end: int) -> bool:
    """Give the reading the currency of the sign, up to whose end it then reaches; False if it is no currency's."""
    code = "RUB" if sign in _RUBLE else currency_named(sign, language)
    if code is None and not is_shared_sign(sign):
        return False
    reading.currency, reading.priced, reading.end = code, True, end
    return True


def _add_cents(text: str, match: re.Match[str], reading: Reading, language: str | None) -> bool:
    """Add the cents that stand apart from the number; False if digits behind the sign leave the amount uncertain."""
    number = reading.number
    if not number.isdigit() and number[-4:-3] not in _SEPARATORS:
        return True
    cents = "00" if match["round"] else match["raised"] or match["torn"]
    if cents is None and reading.end < len(text):
        if not reading.priced:
            slip = _CENTS_AFTER_SPACE.match(text, reading.end)
            if (
                slip is not None
                and text[max(0, reading.start - 2) : reading.start] != ", "
                and _name(reading, slip["sign"], language, slip.end())
            ):
                cents = slip["cents"]
        elif reading.end > match.end():
            if (loose := _CENTS.match(text, reading.end)) is not None:
                cents, reading.end = loose["cents"], loose.end("cents")
            elif (digits := _DIGITS_AFTER_SIGN.match(text, reading.end)) is not None:
                reading.end = digits.end()
                return False
    if cents is not None:
        reading.number = f"{number}{',' if '.' in number else '.'}{cents.translate(_RAISED)}"
        reading.cents = True
    return True


def _may_be_amount(text: str, match: re.Match[str], reading: Reading, behind: str | None) -> bool:
    if len(reading.number) > _MOST_DIGITS and not _fits(reading.number):
        return False
    start, end = match.span()
    joint = text[start - 1 : start]
    if reading.priced:
        # "$qty1$" is a name; "3x33 €" and "ab12,90 €" are amounts.
        if reading.start == start and not reading.cents and (joint.isalpha() or joint == "_") and joint not in TIMES:
            return False
        # "€5k" and "$3M" are thousands and millions.
        return behind not in _MULTIPLES or match.start("after") > end
    if behind is not None and is_count(reading.number, behind):
        return False
    if reading.number.isdigit() and _follows_times(text, start):
        return False
    return not joint.isalnum() and not text[end : end + 1].isalnum()


def _follows_times(text: str, start: int) -> bool:
    return text[max(0, start - 2) : start].strip() in TIMES


def _fits(number: str) -> bool:
    """Whether a number is no longer than a price; what follows the last mark counts as its decimals."""
    last = max(number.rfind("."), number.rfind(","))
    whole, decimals = (number[:last], number[last + 1 :]) if last >= 0 else (number, "")
    return sum(map(str.isdigit, whole)) <= _MOST_DIGITS and len(decimals) <= _MOST_DECIMALS


def _share_range(text: str, low: Reading, high: Reading, language: str | None) -> bool:
    """Whether the two are the ends of a range; the currency of one is then the other's."""
    gap = _RANGE.fullmatch(text, low.end, high.start)
    if gap is None or low.value is None or high.value is None or low.value >= high.value:
        return False
    if low.cents != high.cents or (gap["loose"] and not low.cents):
        return False
    if low.priced != high.priced:
        poor, rich = (high, low) if low.priced else (low, high)
        poor.currency, poor.priced = rich.currency, True
        poor.value = value_of(poor.number, poor.currency, language)
    return True


def _are_torn(text: str, previous: Reading, reading: Reading) -> bool:
    """Whether markup may have torn one amount in two: "29 90 €" is that, or a size and a price."""
    return (
        reading.priced
        and not previous.priced
        and len(reading.number) == 2
        and previous.number.isdigit()
        and text[previous.end : reading.start] in SPACES
    )


def _is_reduction(text: str, start: int) -> bool:
    """Whether a minus is glued to the amount: "-5,00 €" is taken off a price."""
    return text[start - 1] in "-−–" and not text[start - 2 : start - 1].isalnum()
