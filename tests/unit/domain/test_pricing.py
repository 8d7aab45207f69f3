from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.domain.errors import InvalidValue
from listino.domain.money import Money
from listino.domain.pricing import PricingRule

FREE = Money(0)


@pytest.mark.parametrize(
    ("rule", "cost", "shipping", "vat", "category", "price"),
    [
        # 25 % on 122.00 is 152.50, up to .90
        (PricingRule(), 12200, 0, 22, None, 15290),
        # shipping is a part of what we pay: 25 % on 126.90 is 158.625
        (PricingRule(), 12200, 490, 22, None, 15890),
        # a category's own markup
        (PricingRule(category_markup_percent={"Caffè": Decimal(10)}), 10000, 0, 22, "Caffè", 11090),
        (PricingRule(category_markup_percent={"Caffè": Decimal(10)}), 10000, 0, 22, "Tè", 12590),
        (PricingRule(category_markup_percent={"Caffè": Decimal(0)}, minimum_margin=FREE), 1090, 0, 22, "Caffè", 1090),
        # the least margin of 3.00 net is 3.66 gross, more than 25 % of 2.00
        (PricingRule(), 200, 0, 22, None, 590),
        (PricingRule(ending=99), 200, 0, 22, None, 599),
        (PricingRule(ending=0), 200, 0, 22, None, 600),
        (PricingRule(ending=5), 200, 0, 22, None, 605),
        # the market's VAT makes the difference: 3.00 net is 3.57 in Germany
        (PricingRule(ending=57), 1000, 0, 19, None, 1357),
        (PricingRule(ending=57), 1000, 0, 20, None, 1457),
        # an amount that has the ending already stays
        (PricingRule(markup_percent=Decimal(0), minimum_margin=FREE), 1990, 0, 22, None, 1990),
        (PricingRule(markup_percent=Decimal(0), minimum_margin=FREE, ending=0), 1000, 0, 22, None, 1000),
        (PricingRule(markup_percent=Decimal(0), minimum_margin=FREE), 1991, 0, 22, None, 2090),
    ],
)
def test_prices(rule: PricingRule, cost: int, shipping: int, vat: int, category: str | None, price: int) -> None:
    found = rule.price(Money(cost), shipping=Money(shipping), vat_percent=Decimal(vat), category=category)
    assert found.amount == Money(price)


def test_the_steps_explain_a_price() -> None:
    price = PricingRule().price(Money(200), shipping=Money(100), vat_percent=Decimal(22))
    assert [(step.label, str(step.amount)) for step in price.steps] == [
        ("shop asks", "2.00"),
        ("with shipping", "3.00"),
        ("net of 22 % VAT", "2.46"),
        ("markup 25 %", "3.07"),
        ("least margin 3.00", "5.46"),
        ("with 22 % VAT", "6.66"),
        ("rounded up to .90", "6.90"),
    ]


rules = st.builds(
    PricingRule,
    markup_percent=st.decimals(0, 1000, places=2),
    minimum_margin=st.integers(0, 100_000).map(Money),
    ending=st.sampled_from([0, 90, 99]) | st.integers(0, 99),
)
vats = st.sampled_from([Decimal(19), Decimal(20), Decimal(21), Decimal(22), Decimal("5.5"), Decimal(0)])


@settings(deadline=None, database=None)
@given(rule=rules, cost=st.integers(1, 10_000_000), shipping=st.integers(0, 100_000), vat=vats)
def test_no_price_is_below_the_margins_nor_a_whole_unit_above_them(
    rule: PricingRule, cost: int, shipping: int, vat: Decimal
) -> None:
    price = rule.price(Money(cost), shipping=Money(shipping), vat_percent=vat)
    factor = 1 + Fraction(vat) / 100
    net_cost = Fraction(cost + shipping) / factor
    margin = Fraction(price.amount.minor) / factor - net_cost
    wanted = max(Fraction(rule.minimum_margin.minor), net_cost * Fraction(rule.markup_percent) / 100)
    assert margin >= wanted
    assert (price.amount.minor - 100) / factor - net_cost < wanted, "rounded up further than to the next ending"
    assert price.amount.minor % 100 == rule.ending
    assert price.steps[0].amount == Money(cost)
    assert price.steps[-1].amount == price.amount
    assert price.amount.currency == "EUR"


@pytest.mark.parametrize(
    "bad",
    [
        {"markup_percent": Decimal(-1)},
        {"markup_percent": Decimal(1001)},
        {"category_markup_percent": {"Caffè": Decimal(-1)}},
        {"minimum_margin": Money(-1)},
        {"ending": -1},
        {"ending": 100},
    ],
)
def test_impossible_rules(bad: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        PricingRule(**bad)  # type: ignore[arg-type]


def test_cost_and_shipping_must_be_of_one_currency() -> None:
    with pytest.raises(InvalidValue):
        PricingRule().price(Money(1, "GBP"), shipping=Money(1), vat_percent=Decimal(20))
