"""What the demo page makes of prices and photos."""

import json
import re
from pathlib import Path

import pytest

from api import demo
from api.demo import availability_in, origins_of, price_in
from listino.domain.market import MARKETS


@pytest.mark.parametrize(
    ("language", "amount", "text"),
    [
        ("it", "49.90", "49,90\u00a0€"),
        ("it", "1299.00", "1.299,00\u00a0€"),
        ("fr", "1299.00", "1\u202f299,00\u00a0€"),
        ("de", "1234567.00", "1.234.567,00\u00a0€"),
        ("es", "1299.00", "1299,00\u00a0€"),
        ("es", "12990.00", "12.990,00\u00a0€"),
        ("en", "49.90", "EUR 49.90"),
    ],
)
def test_amounts_are_written_as_the_browser_will(language: str, amount: str, text: str) -> None:
    assert price_in(language, {"amount": amount, "currency": "EUR"}) == text


@pytest.mark.parametrize("language", ["en", *(market.language for market in MARKETS.values())])
def test_the_availability_is_written_as_the_script_will(language: str) -> None:
    script = (Path(demo.__file__).parent / "static" / "listino-price.js").read_text(encoding="utf-8")
    words = re.search(rf"^    {language}: (\[.+\]),$", script, re.MULTILINE)
    assert words is not None
    written = [availability_in(language, {"availability": state}) for state in ("InStock", "OutOfStock")]
    assert written == json.loads(words[1])[:2]
    assert availability_in(language, {"availability": "Unknown"}) == availability_in(language, None) == ""


def test_a_missing_price_is_a_dash() -> None:
    assert price_in("it", None) == "–"


def test_only_addresses_of_photos_are_let_into_the_policy() -> None:
    photos = [
        {"url": "https://a.example/1.jpg", "thumbnail_url": "http://b.example:81/1.jpg"},
        {"url": "javascript:alert(1)", "thumbnail_url": None},
        {"url": "https://c.example;script-src */x", "thumbnail_url": "https://d.example 'unsafe-inline'/"},
        {"url": "http://[bad/x.jpg", "thumbnail_url": "https://食.jp/x.jpg"},  # no address; no text of a header
    ]
    assert origins_of(photos) == {"https://a.example", "http://b.example:81"}
