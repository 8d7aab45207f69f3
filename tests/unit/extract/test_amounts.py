from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.extract.amounts import Amount, currency_of, read_amount, read_amounts

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


def amounts(text: str, language: str | None = None) -> list[tuple[str, str | None, str]]:
    """The amounts of the text: value, currency, and the piece of text where it stands."""
    return [
        (f"{read.value:f}", read.currency, text[read.start : read.end])
        for read in read_amounts(text, language=language)
    ]


def test_an_amount_says_where_it_stands() -> None:
    assert read_amounts("Nur 49,90 €, jetzt") == [Amount(Decimal("49.90"), "EUR", 4, 11)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Italian
        ("Prezzo pieno 59,90 € ora 49,90 €", [("59.90", "EUR"), ("49.90", "EUR")]),
        ("da 19,90 a 29,90 €", [("19.90", "EUR"), ("29.90", "EUR")]),
        ("129,00 € o in 3 rate da 43,00 €", [("129.00", "EUR")]),
        ("129,00 € oppure 9,99 €/mese", [("129.00", "EUR")]),
        ("49,90 € IVA 22 % inclusa", [("49.90", "EUR")]),
        ("Sconto -10 € 39,90 €", [("39.90", "EUR")]),
        # French
        ("35€ 99 dont 0,02 € d'éco-part", [("35.99", "EUR"), ("0.02", "EUR")]),
        ("1\u202f299,00\u00a0€ TTC", [("1299.00", "EUR")]),
        ("99 € ou 4 fois 24,75 € sans frais", [("99", "EUR")]),
        ("184,20 €HT", [("184.20", "EUR")]),
        ("99 € 12 mois", [("99", "EUR"), ("12", None)]),
        # German
        ("UVP 59,90 EUR -20% 47,92 EUR", [("59.90", "EUR"), ("47.92", "EUR")]),
        ("3x ohne Zinsen 33,33 € statt 99,99 €", [("99.99", "EUR")]),
        ("599,00 EUR pro Kilogramm", [("599.00", "EUR")]),
        ("49,- € statt 1.899,- €", [("49.00", "EUR"), ("1899.00", "EUR")]),
        ("2x Akku 9,99 €", [("9.99", "EUR")]),
        ("mit dem 12 V Netzteil 19,90 €", [("12", None), ("19.90", "EUR")]),
        # Spanish
        ("Antes 1.299,00€ Ahora 999,00€", [("1299.00", "EUR"), ("999.00", "EUR")]),
        ("12 cuotas de 10,00 €", []),
        ("Ron 12 años 29,90 €", [("12", None), ("29.90", "EUR")]),
        # Their neighbours
        ("CHF 1'049,95 oder 2.499.-", [("1049.95", "CHF"), ("2499.00", None)]),
        ("R$ 528,00 ou 12x de R$ 44,00 sem juros", [("528.00", "BRL")]),
        ("£6.95 - £9.95", [("6.95", "GBP"), ("9.95", "GBP")]),
        ("From 26 to 50 €", [("26", "EUR"), ("50", "EUR")]),
        ("6,000.00 руб. 5,500.00 руб.", [("6000.00", "RUB"), ("5500.00", "RUB")]),
        ("6 300 Р", [("6300", "RUB")]),
        ("100 руб. 50 коп.", [("100.50", "RUB")]),
        ("12 zł 50 gr", [("12.50", "PLN")]),
        ("1.837, 32 €", [("1837.32", "EUR")]),
        ("118, 99 TL", [("118.99", "TRY")]),
        ("$12.90 CAD", [("12.90", "CAD")]),
        ("12,90 $ CA", [("12.90", "CAD")]),
        ("₹1,23,456.00", [("123456.00", "INR")]),
        ("US $12.90 / AU $19.90", [("12.90", "USD"), ("19.90", "AUD")]),
        ("USB-C $12.90", [("12.90", None)]),
        ("from $106.98", [("106.98", "USD")]),
        ("$qty1$", []),
        ("Modell 230 RM-1172", [("230", None), ("1172", None)]),
        ("4.99 £5.99", [("4.99", None), ("5.99", "GBP")]),
        ("19⁹⁹ €", [("19.99", "EUR")]),
        ("19 ,99 €", [("19.99", "EUR")]),
        ("\u200e29,90\u00a0\u200f€", [("29.90", "EUR")]),
        ("10€20€", [("10", "EUR"), ("20", "EUR")]),
        ("29,90\n\t€", [("29.90", "EUR")]),
        # Not glued together: a name, a size or a length is no part of the price behind it.
        ("S24 256 €", []),
        ("iPhone 15 - 799 €", [("15", None), ("799", "EUR")]),
        ("80x200 129,00 €", []),
        ("80 x 200 129,00 €", []),
        ("AB1299X 12,90 €", [("12.90", "EUR")]),
        ("EAN 4006381333931 12,90 €", [("12.90", "EUR")]),
        ("CAD 2024 99,00 €", [("2024", None), ("99.00", "EUR")]),
        ("10, 20, 50 €", [("10", None), ("20", None), ("50", "EUR")]),
        # Neither the one nor the other is sure.
        ("29 99 €", []),
        ("1250€600", []),
        ("1'234,567.89", []),
        ("12.05.2026", []),
        ("€5k", []),
        ("AB1299X", []),
        ("-20%", []),
        ("-5,00 €", []),
        ("€ -5,00", []),
        ("٣٫٥٠ €", []),
        ("1234567890123", []),
    ],
)  # fmt: skip
def test_all_amounts_of_a_text(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert [(value, currency) for value, currency, _ in amounts(text)] == expected
    assert [(value, currency) for value, currency, _ in amounts(text, "fr")] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Art. 4711: 49,90 €", ("49.90", "EUR")),
        ("5 kg 12,90", ("12.90", None)),
        ("2 st 150 kr", ("150", None)),
        ("Prezzi in EUR (IVA inclusa) 49,90", ("49.90", "EUR")),
        ("R$ 528,00 12x de R$ 44,00", ("528.00", "BRL")),
        ("33,33 € x 3", ("33.33", "EUR")),
        ("1290", ("1290", None)),
        ("1290.0000", ("1290.0000", None)),
    ],
)
def test_the_amount_of_a_text_is_the_one_with_a_currency(text: str, expected: tuple[str, str | None]) -> None:
    read = read_amount(text)
    assert read is not None
    assert (f"{read[0]:f}", read[1]) == expected


@pytest.mark.parametrize(
    ("text", "language", "amount"),
    [
        # No shop of these countries asks for thousandths.
        ("Rp 31.500", None, "31500"),
        ("12.500 ₫", None, "12500"),
        ("3,990 Ft", None, "3990"),
        ("1.727 Ft", None, "1727"),
        ("$ 1.144.000", None, "1144000"),
        # Thousandths of a euro are asked for fuel and by the piece.
        ("73,460 €", None, None),
        ("129.900", None, None),
        ("0,199 €", None, "0.199"),
        ("1.299 €", "de-DE", "1299"),
        ("1.299 €", "en", "1.299"),
        ("1.299 €", "xx", None),
        ("1,299 zł", "en", "1299"),
        # Switzerland and Mexico write a point in a language that has a comma elsewhere.
        ("1,299", "es-MX", "1299"),
        ("1,299", "es", "1.299"),
        ("1,299", "de_CH", "1299"),
        # Language and currency disagree.
        ("$1,299", "it", None),
        ("CHF 1.299", "de", None),
        # A dinar has thousandths.
        ("129,900 TND", "fr", "129.900"),
        ("129.900 TND", "fr", None),
    ],
)
def test_a_currency_decides_before_the_language(text: str, language: str | None, amount: str | None) -> None:
    read = read_amount(text, language=language)
    assert (read and read[0]) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "language", "currency"),
    [
        *((sign, None, "EUR") for sign in ("€", "EUR", "eur", "Euro", "euros", "ευρώ")),
        *((sign, None, "RUB") for sign in ("₽", "руб.", "рублей", "р.", "RUB")),
        *((sign, None, "CHF") for sign in ("CHF", "Fr.", "SFr.")),
        *((sign, None, "TRY") for sign in ("₺", "TL", "TRY")),
        *((sign, None, "VND") for sign in ("₫", "đ")),
        ("Kč", None, "CZK"), ("zł", None, "PLN"), ("Ft", None, "HUF"), ("lei", None, "RON"), ("лв.", None, "BGN"),
        ("грн", None, "UAH"), ("kn", None, "HRK"), ("₹", None, "INR"), ("£", None, "GBP"), ("DKK/stk", None, "DKK"),
        ("$", None, "USD"), ("US$", None, "USD"), ("R$", None, "BRL"), ("NT$", None, "TWD"), ("A$", None, "AUD"),
        ("C$", None, "CAD"), ("HK$", None, "HKD"), ("S$", None, "SGD"), ("Price From £ 39.95", None, "GBP"),
        ("Pris NOK 899,00", None, "NOK"), ("2 069 рублей", None, "RUB"), ("6 300 Р", None, "RUB"),
        ("kr", None, None), ("kr", "sv-SE", "SEK"), ("kr.", "da", "DKK"), ("kr", "nb", "NOK"), ("kr", "is", "ISK"), ("kr", "de", None),
        ("¥", None, None), ("¥", "ja", "JPY"), ("Р", None, None), ("KM", None, None), ("KM", "bs", "BAM"),
        # Words of a language that look like a currency.
        ("Couleur", None, None), ("2 TL Zucker", "de", None), ("6 Ft Cable", "en", None), ("per lei", "it", None),
        ("ft", None, None), ("dem", None, None), ("Ron", None, None), ("", None, None),
    ],
)  # fmt: skip
def test_the_currency_of_a_text(text: str, language: str | None, currency: str | None) -> None:
    assert currency_of(text, language=language) == currency


@pytest.mark.parametrize(
    ("piece", "size"),
    [
        *((piece, 1_000_000) for piece in ("1", " ", ".", "1.", "123 ", "1'234", "a", "(", "⁹", "р")),
        # Full of amounts, a text has much to say in less.
        ("1 - 2 € 3x 4,5 ", 50_000),
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(piece: str, size: int) -> None:
    # A quadratic reader would still be busy at the time limit of a test.
    text = piece * (size // len(piece))
    read_amount(text)
    currency_of(text)


@settings(deadline=None, database=None, max_examples=200)
@given(
    st.text(max_size=40) | st.lists(st.sampled_from(["12", "1.299", ",", "€", "kr", " x ", "3x", "-", "%", " ", "³", "٣", "²²", "$", "Р"])).map("".join),
    st.sampled_from([None, "it", "en", "sv", "", "-"]),
)  # fmt: skip
def test_every_text_has_sound_amounts(text: str, language: str | None) -> None:
    currency_of(text, language=language)
    reached = 0
    for read in read_amounts(text, language=language):
        assert read.value.is_finite()
        assert read.value >= 0
        assert reached <= read.start < read.end <= len(text)
        reached = read.end


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
