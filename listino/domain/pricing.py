"""The pricing rule: from what the shop asks to what the shopper pays, and why it is that much."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from listino.domain.errors import InvalidValue
from listino.domain.money import Money

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class PriceStep:
    """One line of a price's explanation: what was done, and the amount after it."""

    label: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Price:
    """What the shopper pays, VAT included, with the steps that led there."""

    amount: Money
    steps: tuple[PriceStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingRule:
    """How a shop's goods are priced.

    The cost and its shipping are what a consumer pays the shop, so they carry the market's VAT; the markup is taken on
    the net amount, the least margin is a net amount too, and VAT comes on top again. The result is rounded *up* to the
    next amount with the ending, so that rounding never eats margin.
    """

    markup_percent: Decimal = Decimal(25)
    category_markup_percent: Mapping[str, Decimal] = field(default_factory=dict)
    minimum_margin: Money = Money(300)  # net, a product
    ending: int = 90  # minor units: 90 for x.90, 99 for x.99

    def __post_init__(self) -> None:
        for percent in (self.markup_percent, *self.category_markup_percent.values()):
            if not Decimal(0) <= percent <= Decimal(1000):
                raise InvalidValue(f"a markup is a percentage from 0 to 1000, not {percent}")
        if self.minimum_margin.minor < 0:
            raise InvalidValue(f"a minimum margin is not negative, as {self.minimum_margin} is")
        if not 0 <= self.ending <= 99:
            raise InvalidValue(f"a price ending is a number of cents from 0 to 99, not {self.ending}")

    def price(self, cost: Money, *, shipping: Money, vat_percent: Decimal, category: str | None = None) -> Price:
        """The shopper's price for goods that cost the shop's `cost` plus `shipping`, both with VAT."""
        markup = self.category_markup_percent.get(category or "", self.markup_percent)
        vat = 1 + vat_percent / _HUNDRED
        gross = cost + shipping
        # Reckoned with VAT, where nothing is divided: a remainder of a division would push 10.00 over to 10.90.
        marked_up = gross.minor * (1 + markup / _HUNDRED)
        least = gross.minor + self.minimum_margin.minor * vat
        sold = max(marked_up, least)
        rounded = self._round_up(sold)

        def step(label: str, minor: Decimal | int) -> PriceStep:
            return PriceStep(
                label, Money(int(Decimal(minor).quantize(Decimal(1), rounding=ROUND_HALF_UP)), cost.currency)
            )

        steps = [step("shop asks", cost.minor)]
        if shipping.minor:
            steps.append(step("with shipping", gross.minor))
        steps.append(step(f"net of {vat_percent.normalize():f} % VAT", gross.minor / vat))
        steps.append(step(f"markup {markup.normalize():f} %", marked_up / vat))
        if sold > marked_up:
            steps.append(step(f"least margin {self.minimum_margin}", sold / vat))
        steps.append(step(f"with {vat_percent.normalize():f} % VAT", sold))
        steps.append(step(f"rounded up to .{self.ending:02d}", rounded))
        return Price(Money(rounded, cost.currency), tuple(steps))

    def _round_up(self, gross_minor: Decimal) -> int:
        whole = int(gross_minor.to_integral_value(rounding=ROUND_CEILING))
        candidate = whole - whole % 100 + self.ending
        return candidate if candidate >= whole else candidate + 100
