"""Money: an integer of minor units and an ISO 4217 currency. Never a float."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Self

from listino.domain.errors import InvalidValue

# Decimal places of a currency's minor unit (ISO 4217); every currency not named here has two.
EXPONENTS = {"JPY": 0, "KRW": 0, "HUF": 2, "BHD": 3, "KWD": 3, "TND": 3}
_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
# Minor units that still fit the eight-byte integer in which the store keeps them.
_MOST = 2**63 - 1


def written(minor: int, currency: str) -> str:
    """An amount in minor units as text in major ones, with the currency's decimal places: "49.90"."""
    places = EXPONENTS.get(currency, 2)
    digits = str(abs(minor)).zfill(places + 1)
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of one currency.

    Adding or comparing two currencies raises InvalidValue: there is no exchange rate in here.
    """

    minor: int
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise InvalidValue(f"money is an integer of minor units, not {self.minor!r}")
        if abs(self.minor) > _MOST:
            raise InvalidValue("an amount of more than nineteen digits is no price")
        if len(self.currency) != 3 or not (
            self.currency.isascii() and self.currency.isalpha() and self.currency.isupper()
        ):
            raise InvalidValue(f"{self.currency!r} is not an ISO 4217 currency code such as EUR")

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str = "EUR") -> Self:
        """Money from an amount in major units, written with a decimal point ("49.90"); half a cent rounds up."""
        try:
            major = Decimal(amount)
        except InvalidOperation:
            raise InvalidValue(f"{amount!r} is not an amount such as 49.90") from None
        # `adjusted` is the power of ten: beyond it, quantize would run out of digits, and no price is that high.
        if not major.is_finite() or major.adjusted() > 18:
            raise InvalidValue(f"{str(amount)[:80]!r} is not an amount such as 49.90")
        minor = major.scaleb(EXPONENTS.get(currency, 2)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return cls(int(minor), currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units, with the currency's decimal places."""
        return Decimal(self.minor).scaleb(-EXPONENTS.get(self.currency, 2))

    def __str__(self) -> str:
        """The amount alone with its decimals, as the storefront API writes it: "49.90"."""
        return written(self.minor, self.currency)

    @property
    def display(self) -> str:
        """How staff read it: `€ 1,249.90`, never broken over two lines; the code where a currency has no symbol here."""
        sign = "\N{MINUS SIGN}" if self.minor < 0 else ""
        return f"{sign}{_SYMBOLS.get(self.currency, self.currency)}\N{NO-BREAK SPACE}{abs(self.major):,f}"

    def __add__(self, other: "Money") -> "Money":
        self._must_match(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._must_match(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._must_match(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._must_match(other)
        return self.minor <= other.minor

    def _must_match(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise InvalidValue(f"{self.currency} and {other.currency} cannot be reckoned together")
