from decimal import Decimal

import pytest

from listino.domain.errors import InvalidValue
from listino.domain.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("49.90", "EUR", 4990),
        ("49.9", "EUR", 4990),
        (49, "EUR", 4900),
        (Decimal("0.005"), "EUR", 1),
        (Decimal("0.0049"), "EUR", 0),
        ("1.005", "EUR", 101),
        ("-3.50", "EUR", -350),
        ("-0.005", "EUR", -1),
        ("1290", "JPY", 1290),
        ("1.2345", "KWD", 1235),
        ("1e2", "EUR", 10000),
    ],
)
def test_of_reckons_in_minor_units(amount: str | int | Decimal, currency: str, minor: int) -> None:
    assert Money.of(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "amount", ["", "abc", "12,90", "NaN", "Infinity", "-Infinity", "1e19", "1e30", "1e999999", "9" * 40]
)
def test_of_refuses_what_is_no_amount(amount: str) -> None:
    with pytest.raises(InvalidValue):
        Money.of(amount)


@pytest.mark.parametrize("minor", [1.5, 1.0, True, "1", None, 2**63, -(2**63)])
def test_minor_units_are_integers_that_the_store_can_keep(minor: object) -> None:
    with pytest.raises(InvalidValue):
        Money(minor)  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "EU", "EURO", "eur", "€€€", "E1R", "ÄÖÜ"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(InvalidValue, match="ISO 4217"):
        Money(1, currency)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(4990), "49.90"),
        (Money(5), "0.05"),
        (Money(0), "0.00"),
        (Money(-5), "-0.05"),
        (Money(1290, "JPY"), "1290"),
        (Money(1234, "KWD"), "1.234"),
        (Money(10**15), "10000000000000.00"),
    ],
)
def test_text_has_the_currencys_decimals(money: Money, text: str) -> None:
    assert str(money) == text
    assert Money.of(text, money.currency) == money


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(124_990), "€_1,249.90"),
        (Money(-5, "GBP"), "\N{MINUS SIGN}£_0.05"),
        (Money(1500, "JPY"), "JPY_1,500"),
        (Money(990, "CHF"), "CHF_9.90"),
    ],
)
def test_staff_read_it_with_its_symbol(money: Money, text: str) -> None:
    assert money.display == text.replace("_", "\N{NO-BREAK SPACE}")


def test_reckoning() -> None:
    assert Money(300) + Money(50) == Money(350)
    assert Money(50) - Money(300) == Money(-250)
    assert Money(1) < Money(2)
    assert Money(2) <= Money(2)
    assert max(Money(1), Money(3), Money(2)) == Money(3)
    assert Money(1).major == Decimal("0.01")


def test_two_currencies_are_never_reckoned_together() -> None:
    euro, pound = Money(100, "EUR"), Money(100, "GBP")
    for reckon in (
        lambda: euro + pound,
        lambda: euro - pound,
        lambda: euro < pound,
        lambda: euro <= pound,
        lambda: euro > pound,
    ):
        with pytest.raises(InvalidValue, match="EUR"):
            reckon()
    assert euro != pound
