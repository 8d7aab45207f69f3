from datetime import date
from decimal import Decimal

import pytest

from listino.domain.errors import UnknownMarket
from listino.domain.market import MARKETS, Market, VatRate, market_of


def test_there_are_four_markets() -> None:
    assert list(MARKETS) == ["it", "fr", "de", "es"]
    assert {code: str(market.vat_percent(date(2026, 1, 1))) for code, market in MARKETS.items()} == {
        "it": "22",
        "fr": "20",
        "de": "19",
        "es": "21",
    }
    assert {market.currency for market in MARKETS.values()} == {"EUR"}


@pytest.mark.parametrize("market", MARKETS.values(), ids=MARKETS)
def test_rates_stand_in_order_of_time(market: Market) -> None:
    assert market.vat
    assert list(market.vat) == sorted(market.vat, key=lambda rate: rate.since)


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        (date(2000, 1, 1), 16),
        (date(2020, 6, 30), 16),
        (date(2020, 7, 1), 16),
        (date(2020, 12, 31), 16),
        (date(2021, 1, 1), 19),
        (date(2030, 1, 1), 19),
    ],
)
def test_the_rate_is_the_days_own(on: date, percent: int) -> None:
    rates = (VatRate(date(2020, 7, 1), Decimal(16)), VatRate(date(2021, 1, 1), Decimal(19)))
    assert Market("de", "Germany", "de", "de_DE", "EUR", rates).vat_percent(on) == percent


@pytest.mark.parametrize("code", ["", "IT", "uk", "italy"])
def test_an_unknown_market_is_told_which_there_are(code: str) -> None:
    with pytest.raises(UnknownMarket, match="it, fr, de, es"):
        market_of(code)
