from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from backoffice.formats import ago, duration, host, market_name, moment, money, number, percent, web_address
from listino.domain.money import Money

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Money(4990), "€49.90"),
        (Money(124990), "€1,249.90"),
        (Money(-340), "-€3.40"),
        (Money(4990, "CHF"), "CHF49.90"),
        (Money(1500, "JPY"), "JP¥1,500"),
        (None, "–"),
    ],
)
def test_amounts_carry_their_currency_and_decimals(amount: Money | None, written: str) -> None:
    assert money(amount).replace("\N{NO-BREAK SPACE}", " ") == written


def test_a_difference_shows_its_sign() -> None:
    assert money(Money(340), signed=True).startswith("+€")
    assert money(Money(0), signed=True).startswith("€")


def test_a_moment_is_shown_in_utc_whatever_zone_it_came_in() -> None:
    from zoneinfo import ZoneInfo

    written = moment(NOW.astimezone(ZoneInfo("Europe/Rome")))

    assert 'datetime="2026-05-01T12:00:00Z"' in written
    assert ">1 May 2026, 12:00" in written
    assert "Friday, 1 May 2026, 12:00:00 UTC" in written


def test_an_unknown_moment_is_a_dash() -> None:
    assert moment(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "just now"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (7300, "2 hours ago"),
        (200_000, "2 days ago"),
        (-5, "just now"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.44, "8.4 s"), (59.97, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == words


def test_numbers_and_percentages() -> None:
    assert number(1234567) == "1,234,567"
    assert number(None) == "–"
    assert percent(Decimal("20.05")).startswith("20.1")
    assert percent(22, 0) == "22%"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//shop.example", "http:", "http://[", "", None]
)
def test_only_web_addresses_become_links(address: str | None) -> None:
    assert web_address(address) is None


def test_a_shop_address_is_kept_and_named_by_its_host() -> None:
    assert web_address("https://www.shop.example/p/1") == "https://www.shop.example/p/1"
    assert host("https://www.shop.example:8443/p/1") == "shop.example"


def test_markets_are_named() -> None:
    assert market_name("de") == "Germany"
    assert market_name(None) == "–"
