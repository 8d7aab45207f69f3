"""Price strings that real shops showed, from price-parser's public tests; they lie beside the checkout, not in it."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from listino.extract.amounts import currency_of, read_amount

_STRINGS = Path(__file__).resolve().parents[4] / "shared" / "pages" / "price_strings.tsv"
# The currency as the file writes it, where that is not an ISO code; None where it is the sign of several or of none in use.
_ISO = {
    "€": "EUR", "euro": "EUR", "£": "GBP", "$": "USD", "R$": "BRL", "Kč": "CZK", "zł": "PLN", "Zł": "PLN", "pln": "PLN",
    "руб": "RUB", "руб.": "RUB", "Р": "RUB", "р.": "RUB", "₽": "RUB", "грн": "UAH", "грн.": "UAH", "₴": "UAH", "lei": "RON",
    "LEI": "RON", "Lei": "RON", "Rp": "IDR", "₫": "VND", "đ": "VND", "TL": "TRY", "₺": "TRY", "Ft": "HUF", "лв": "BGN",
    "лв.": "BGN", "kn": "HRK", "Fr.": "CHF", "KM": "BAM", "kr": None, "Br": None, "₤": None, "₶": None, "": None,
}  # fmt: skip


@pytest.mark.skipif(not _STRINGS.exists(), reason=f"the price strings are not at {_STRINGS}")
def test_no_price_string_is_read_wrong_and_nearly_all_are_read() -> None:
    with _STRINGS.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(lines) == 599
    wrong, unknown = [], []
    for line in lines:
        expected = _ISO.get(line["expected_currency"], line["expected_currency"])
        read = read_amount(line["price_string"])
        if read is None:
            unknown.append(line)
            continue
        amount, currency = read
        currency = currency or currency_of(line["currency_hint"] or "")
        if amount != Decimal(line["expected_amount"]) or currency not in (expected, None):
            wrong.append((line, read, currency))
        elif currency != expected:
            unknown.append(line)
    assert wrong == []
    assert len(unknown) <= len(lines) * 0.02, unknown
