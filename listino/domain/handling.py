"""What staff have decided of a product, whatever its shop shows: fields they have corrected, and whether it is held from sale."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from listino.domain.errors import InvalidValue

# What may be corrected, and its most characters. Not the price, which has its rules; nor photos and sizes, which orders go by.
CORRECTABLE: Final[Mapping[str, int]] = {"name": 300, "brand": 120, "category": 120, "gtin": 14, "description": 10_000}

LONGEST_REASON: Final = 500
_GTIN_LENGTHS: Final = (8, 12, 13, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One field: `value` is what we show, None for nothing at all; `own` is what the shop showed when it was last read."""

    value: str | None
    own: str | None
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The product is not sold until somebody releases it."""

    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """All decisions on one product that hold, corrections by their field. `at`: when the last of them was made or undone,
    which tells two states apart."""

    at: datetime
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    stop: Stop | None = None


def corrected_value(name: str, text: str) -> str | None:
    """What was typed as the value of that field, None for an empty one; raises InvalidValue."""
    if name not in CORRECTABLE:
        raise InvalidValue(f"{name[:40]!r} cannot be corrected: choose one of {', '.join(CORRECTABLE)}")
    value = text.strip() if name == "description" else " ".join(text.split())
    if not value:
        if name == "name":
            raise InvalidValue("a product needs a name")
        return None
    if len(value) > CORRECTABLE[name] or "\x00" in value:
        raise InvalidValue(f"{name} has {CORRECTABLE[name]} characters at most")
    if name == "gtin" and not _is_gtin(value):
        raise InvalidValue(f"{value!r} is not a GTIN: 8, 12, 13 or 14 digits, of which the last one checks the others")
    return value


def given_reason(text: str) -> str:
    """The reason in words; raises InvalidValue where there is none."""
    reason = " ".join(text.split())
    if not reason or "\x00" in reason:
        raise InvalidValue("say why: whoever looks at the product next will want to know")
    if len(reason) > LONGEST_REASON:
        raise InvalidValue(f"a reason has {LONGEST_REASON} characters at most")
    return reason


def _is_gtin(text: str) -> bool:
    """Whether the check digit is right (GS1 General Specifications, 7.9: weights 3 and 1 from the right)."""
    if not (text.isascii() and text.isdigit() and len(text) in _GTIN_LENGTHS):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text))) % 10 == 0
