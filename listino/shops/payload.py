"""Pieces of JSON that a shop's API wrote: any of them may be null, or something else than the API's documents say."""

from collections.abc import Mapping
from typing import Any

from listino.domain.errors import InvalidValue
from listino.domain.money import Money

Item = Mapping[str, Any]


def object_in(value: Any) -> Item:
    """The object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects_in(value: Any) -> list[Item]:
    """The objects of a list, without anything else in it; none where it is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def money_in(amount: Any, currency: str) -> Money:
    """Money from an amount in major units: JSON writes it as a number, whose shortest form is the one that was meant.

    Raises InvalidValue for what is no amount.
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        raise InvalidValue(f"{amount!r} is no amount")
    return Money.of(str(amount), currency)
