import time
from datetime import UTC, datetime

import pytest

from listino.domain.market import market_of
from listino.shops.sitemap import Entry, moment_of, read_sitemap


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T09:30:15Z", datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC)),
        ("2026-03-01T09:30+01:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01T09:30:15.250-05:30", datetime(2026, 3, 1, 15, 0, 15, 250_000, tzinfo=UTC)),
        ("2026-03-01 09:30:15 +0200", datetime(2026, 3, 1, 7, 30, 15, tzinfo=UTC)),
        ("2026-03-01T09:30:15", datetime(2026, 3, 1, 21, 30, 15, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("2026-03", datetime(2026, 4, 1, 12, tzinfo=UTC)),
        ("2026-12", datetime(2027, 1, 1, 12, tzinfo=UTC)),
        ("2026", datetime(2027, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_date_means_the_latest_moment_it_can(text: str, moment: datetime) -> None:
    assert moment_of(text) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30", "0000-00-00", "9999", "2026-03-01T25:00Z"]
)
def test_what_is_no_date_says_nothing(text: str) -> None:
    assert moment_of(text) is None


@pytest.mark.parametrize(
    ("alternates", "url"),
    [
        ({}, "https://a.example/"),
        ({"it": "https://a.example/it", "de": "https://a.example/de"}, "https://a.example/it"),
        ({"it": "https://a.example/it", "it-it": "https://a.example/italia"}, "https://a.example/italia"),
        ({"x-default": "https://a.example/", "de": "https://a.example/de"}, "https://a.example/"),
        ({"it-ch": "https://a.example/ch"}, None),
        ({"de": "https://a.example/de"}, None),
    ],
)
def test_the_address_for_a_markets_shoppers(alternates: dict[str, str], url: str | None) -> None:
    assert Entry("https://a.example/", alternates=alternates).address_in(market_of("it")) == url


@pytest.mark.parametrize(
    "piece",
    [
        b"<url>",
        b"<url><loc>",
        b"<loc> ",
        b"<loc><![CDATA[ ",
        b"<lastmod> ",
        b" ",
        b"<url><xhtml:link ",
        b'rel="',
        b"a" * 50,
    ],
)
def test_a_sitemap_out_of_joint_is_read_in_time_like_its_length(piece: bytes) -> None:
    body = b"<urlset><url><loc>" + piece * (2**19 // len(piece)) + b"</url></urlset>"
    began = time.process_time()
    entries = list(read_sitemap(body, "https://shop.example/sitemap.xml"))
    assert time.process_time() - began < 1
    assert all(isinstance(entry.url, str) for entry in entries)
