"""Pages as nobody would write them: `extract` reads on, in time that grows with the page."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listino.extract import extract
from listino.extract.text import decode_page

URL = "https://shop.example/p/1?id=12345"
MEGABYTE = 2**20
SECONDS_A_MEGABYTE = 4.0  # what grows with the square of the length takes minutes

# What pages are made of, whole and broken.
FRAGMENTS = (
    "<div class='price'>", "<b>", "<a href='/p/2'>", "</div>", "</b>", "<del>19,90 €</del>", "19,90 €", "€", " 1.299,00 ", "1 ",
    "3x ", "<h1>Moka", "</h1>", "<script type='application/ld+json'>", '{"@type": "Product", "offers": [', "</script>", "<!--", "-->",
    "<p itemprop=price>", "<div itemscope itemtype='https://schema.org/Product'>", "<i property='price' typeof=Offer>", "SKU: ", "AB-12",
    "out of stock ", "in den Warenkorb", "<input type=hidden name=product_id value=1", ">", "<table><tr><td>", "<svg>", "<select><option>",
    "품절", "購入", "&nbsp;", "&#x20ac;", "\x00", "\ud7ff", "\\", '"', "{", "[", "9" * 30, ".", ",", "<meta property=og:price:amount content=1>",
    "<h1 ", "<div ", "<title ", "<script type='application/ld+json' ", "<script type='application/ld+json'>{\\\"name\\\": ",
    '\\"Moka\\",', "{'Moka':", "/*", "// ", "<p>\n\"Moka\": {",
)  # fmt: skip


def demand_sense(page: str) -> None:
    found = extract(page, URL)
    assert found.price is None or found.price > 0
    assert found.price is None or found.price.is_finite()
    assert found.availability in ("InStock", "OutOfStock", None)
    assert all(0 <= source.sureness <= 1 for source in found.sources.values())


@given(st.binary(max_size=2000))
def test_any_bytes(body: bytes) -> None:
    demand_sense(decode_page(body, "text/html"))


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=60))
def test_any_markup(pieces: list[str]) -> None:
    demand_sense("".join(pieces))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6))
def test_any_markup_over_and_over_takes_time_like_its_length(pieces: list[str]) -> None:
    piece = "".join(pieces)
    demand_speed(piece * (MEGABYTE // 10 // len(piece.encode()) or 1))


@pytest.mark.parametrize("piece", FRAGMENTS)
def test_a_fragment_a_megabyte_long(piece: str) -> None:
    demand_speed(piece * (MEGABYTE // 2 // len(piece.encode())))


def demand_speed(page: str) -> None:
    began = time.process_time()
    demand_sense(page)
    taken = time.process_time() - began
    assert taken <= SECONDS_A_MEGABYTE * max(len(page.encode()) / MEGABYTE, 1), f"{taken:.2f} s"
