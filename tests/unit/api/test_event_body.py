"""Events are looked at within bounds: nothing a storefront sends makes the look long, or ends it."""

from datetime import timedelta
from typing import Any

import pytest

from api.event_body import MOST_METADATA, Refused, sorted_out
from listino.domain.clock import utc_now
from listino.domain.events import Event

NOW = utc_now()


def looked_at(**fields: Any) -> tuple[list[Event], list[Refused]]:
    told = {"id": "e1", "type": "search", "at": NOW.isoformat(), "session": "visit", "consent": True} | fields
    return sorted_out([told], now=NOW, kept_days=400, network=None)


def refusal(**fields: Any) -> tuple[str | None, str]:
    events, [refused] = looked_at(**fields)
    assert not events
    return refused.field, refused.reason


MANY: dict[str, Any] = {f"k{number}": {} for number in range(50_000)}


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"metadata": MANY}, "metadata", f"must have at most {MOST_METADATA} entries"),
        (MANY, None, "must have at most 11 fields"),
        ({"customer": {"id": "1"} | MANY}, "customer", "must have at most 3 fields"),
    ],
)
def test_what_is_too_large_is_refused_for_its_size_before_it_is_looked_at(
    fields: dict[str, Any], field: str | None, reason: str
) -> None:
    assert refusal(**fields) == (field, reason)


def test_of_many_bad_values_the_first_is_told() -> None:
    wrong: dict[str, Any] = {f"k{number}": [] for number in range(MOST_METADATA)}
    assert refusal(metadata=wrong) == ("metadata.k0", "must be a number, a text, true, false or null")


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"deep": {}}, "metadata.deep"),
        ({"$where": 1}, "metadata.$where"),
        ({"line\n": 1}, "metadata.line\n"),
        ({"big": 2**53}, "metadata.big"),
        ({"big": -1e300}, "metadata.big"),
        ({"long": "x" * 201}, "metadata.long"),
        ({"int": []}, "metadata.int"),
        ([], "metadata"),
    ],
)
def test_metadata_that_cannot_be_kept_is_named(metadata: Any, field: str) -> None:
    assert refusal(metadata=metadata)[0] == field


def test_metadata_is_kept_as_it_was_told() -> None:
    told = {"text": "x" * 200, "yes": True, "none": None, "rank": 2**53 - 1, "share": 0.5}
    [event], _ = looked_at(metadata=told)
    assert event.metadata == told


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_a_time_that_utc_does_not_have_is_refused_by_name(at: str) -> None:
    assert refusal(at=at) == ("at", "must lie in the years 1 to 9999, in UTC")


def test_a_time_with_an_offset_is_kept_in_utc() -> None:
    [event], _ = looked_at(at=(NOW - timedelta(hours=1)).isoformat().replace("+00:00", "+01:00"))
    assert event.at == NOW - timedelta(hours=2)
    assert event.at.utcoffset() == timedelta()


def test_an_empty_name_is_refused_and_wipes_nothing() -> None:
    assert refusal(customer={"id": "1", "name": ""}) == ("customer.name", "must have 1 characters or more")
