"""Lists that go on: what they are asked for, and one page of them, found by the last entry of the page before (keyset)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from flask import url_for

from backoffice.formats import instant, parsed_instant

LONGEST_TEXT = 300  # of a filter; ids of products are the longest

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is asked for, as it was typed; empty text for what it is not. Its fields are the parameters' names."""

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> Self:
        """Those of an address, a form or a query; raises what the fields of the class raise."""
        return cls(**{each.name: str(sent.get(each.name) or "").strip()[:LONGEST_TEXT] for each in fields(cls)})

    @property
    def named(self) -> dict[str, Any]:
        """Those that are set, as an address has them."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name))}


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """One page of a list. `next` is the `after` of the page behind it, None at the end of the list."""

    items: list[Item]
    next: str | None


def sliced(found: Sequence[Item], *, count: int, after: Callable[[Item], str]) -> Slice[Item]:
    """The first `count` of what was found; one more was looked for, which tells whether the list goes on."""
    shown = list(found[:count])
    return Slice(shown, after(shown[-1]) if shown and len(found) > count else None)


def cursor(at: datetime, key: object) -> str:
    """Names an entry of a list that is in the order of time: `2026-05-01T12:00:00.000Z~key`."""
    return f"{instant(at)}~{key}"


def parsed_cursor(text: str) -> tuple[datetime, str]:
    """Time and key of the entry that an `after` names; raises InvalidValue."""
    at, _, key = text.partition("~")
    return parsed_instant(at), key


def ways(endpoint: str, after: str | None, shown: Slice[Any], **named: Any) -> dict[str, str | None]:
    """Where the pager of a page leads, `first` and `following`; None where it leads nowhere. `named`: what else the addresses say."""
    return {
        "first": url_for(endpoint, **named) if after else None,
        "following": url_for(endpoint, **named, after=shown.next) if shown.next else None,
    }
