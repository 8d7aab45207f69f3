"""The four markets: what a country fixes for every offer made in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from listino.domain.errors import UnknownMarket


@dataclass(frozen=True, slots=True)
class VatRate:
    """A standard rate of value added tax in percent, valid from a day on."""

    since: date
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Market:
    """A country we buy and sell in; `vat` is ordered from the oldest rate to the newest."""

    code: str
    name: str
    language: str
    locale: str
    currency: str
    vat: tuple[VatRate, ...]

    def vat_percent(self, on: date) -> Decimal:
        """The standard rate in percent on that day; the oldest known one for days before it."""
        valid = [rate for rate in self.vat if rate.since <= on] or list(self.vat[:1])
        return valid[-1].percent


# Standard rates: European Commission, "VAT rates applied in the Member States", each since its last change.
MARKETS: Mapping[str, Market] = MappingProxyType(
    {
        market.code: market
        for market in (
            Market("it", "Italy", "it", "it_IT", "EUR", (VatRate(date(2013, 10, 1), Decimal(22)),)),
            Market("fr", "France", "fr", "fr_FR", "EUR", (VatRate(date(2014, 1, 1), Decimal(20)),)),
            Market("de", "Germany", "de", "de_DE", "EUR", (VatRate(date(2021, 1, 1), Decimal(19)),)),
            Market("es", "Spain", "es", "es_ES", "EUR", (VatRate(date(2012, 9, 1), Decimal(21)),)),
        )
    }
)


def market_of(code: str) -> Market:
    """The market of that code; raises UnknownMarket, which names the ones there are."""
    try:
        return MARKETS[code]
    except KeyError:
        raise UnknownMarket(f"unknown market {code!r}: choose one of {', '.join(MARKETS)}") from None
