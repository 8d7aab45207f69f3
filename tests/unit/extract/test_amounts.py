from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.extract.amounts import read_amount

NBSP, THIN, NARROW = "\u00a0", "\u2009", "\u202f"


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1.299,00 €", "1299.00", "EUR"),
        (f"1{NBSP}299,00{NBSP}€", "1299.00", "EUR"),
        (f"1{THIN}299,00 €", "1299.00", "EUR"),
        (f"1{NARROW}299,00{NARROW}€", "1299.00", "EUR"),
        ("1 299,00 €", "1299.00", "EUR"),
        (f"12{NARROW}345{NARROW}678,90 €", "12345678.90", "EUR"),
        ("1'299.00 CHF", "1299.00", "CHF"),
        ("1’299.00 CHF", "1299.00", "CHF"),
        ("1,299.00 EUR", "1299.00", "EUR"),
        ("1.299.000,50", "1299000.50", None),
        ("1.299.000", "1299000", None),
        ("19€99", "19.99", "EUR"),
        ("19 € 99", "19.99", "EUR"),
        ("19EUR99", "19.99", "EUR"),
        ("49,-", "49", None),
        ("49,– €", "49", "EUR"),
        ("1.899,- €", "1899", "EUR"),
        ("49,90", "49.90", None),
        ("49.90", "49.90", None),
        ("49,9 €", "49.9", "EUR"),
        ("€ 49", "49", "EUR"),
        (".75 €", "0.75", "EUR"),
        ("0,99", "0.99", None),
        ("12.990000", "12.990000", None),
        ("EUR 12.90", "12.90", "EUR"),
        ("eur 12.90", "12.90", "EUR"),
        ("12,90 Euro", "12.90", "EUR"),
        ("£5", "5", "GBP"),
        ("GBP 5.00", "5.00", "GBP"),
        ("$1,299.99", "1299.99", "USD"),
        ("da 19,90 a 29,90 €", "19.90", "EUR"),
        ("Prezzo: 49,90 € IVA inclusa", "49.90", "EUR"),
        # The end of a word is no currency.
        ("Couleur 12,90", "12.90", None),
        # Instalments: how many there are is no price.
        ("3x 33,33", "33.33", None),
        ("3 x 33,33 €", "33.33", "EUR"),
        ("3x33,33 €", "33.33", "EUR"),
        ("3x33 €", "33", "EUR"),
        ("3× 33,33 €", "33.33", "EUR"),
        ("3x ohne Zinsen 33,33", "33.33", None),
        ("in 3 rate da 33,33 €", "33.33", "EUR"),
        ("en 4 fois 25,00 €", "25.00", "EUR"),
    ],
)
def test_amounts_as_they_are_written(text: str, amount: str, currency: str | None) -> None:
    assert read_amount(text) == (Decimal(amount), currency)
    assert read_amount(text, language="it") == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "language", "amount"),
    [
        ("1.299", None, None),
        ("1,299", None, None),
        ("1.299 €", None, None),
        *((text, language, amount) for language in ("it", "fr", "de", "es") for text, amount in (("1.299", "1299"), ("1,299", "1.299"))),
        ("1.299", "en", "1.299"),
        ("1,299", "en", "1299"),
    ],
)  # fmt: skip
def test_three_digits_after_one_mark_need_a_language(text: str, language: str | None, amount: str | None) -> None:
    read = read_amount(text, language=language)
    assert (read and read[0]) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize("text", ["", "   ", "Prezzo su richiesta", "€", "N/A", "free", "1.29.99.1", "-", ",-"])
def test_text_without_an_amount(text: str) -> None:
    assert read_amount(text, language="it") is None


@settings(deadline=None, database=None)
@given(st.text(alphabet="0123456789.,- €xEUR\u00a0\u2009'", max_size=30), st.sampled_from([None, "it", "en"]))
def test_no_text_is_too_odd(text: str, language: str | None) -> None:
    read = read_amount(text, language=language)
    assert read is None or (read[0] >= 0 and read[1] in (None, "EUR"))


@settings(deadline=None, database=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from([" ", NBSP, THIN, NARROW, ".", ""]),
    st.sampled_from(["it", "fr", "de", "es"]),
)
def test_amounts_written_as_the_four_markets_write_them_come_back(cents: int, group: str, language: str) -> None:
    text = f"{cents // 100:,}".replace(",", group) + f",{cents % 100:02d} €"
    assert read_amount(text, language=language) == (Decimal(cents) / 100, "EUR")
