"""ETags, and who is told that nothing changed."""

import pytest

from api.answers import accepts_gzip, holds
from listino.live.product_page import entity_tag

TAG = entity_tag(b'{"id":500}')


def test_a_tag_follows_the_content() -> None:
    assert entity_tag(b'{"id":500}') == TAG
    assert entity_tag(b'{"id":501}') != TAG
    assert TAG.startswith('W/"')


@pytest.mark.parametrize("header", [TAG, TAG.removeprefix("W/"), f'"other", {TAG}', "*"])
def test_who_holds_it(header: str) -> None:
    assert holds(header, TAG)


@pytest.mark.parametrize("header", [None, "", '"other"', 'W/""', TAG[:-2]])
def test_who_does_not(header: str | None) -> None:
    assert not holds(header, TAG)


@pytest.mark.parametrize("header", [b"gzip", b"br, gzip", b"deflate,gzip;q=0.5", b"gzip ;q=1.0, identity;q=0"])
def test_who_accepts_gzip(header: bytes) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize("header", [b"", b"br", b"gzip;q=0", b"gzip; q=0.000, br", b"x-gzip", b"br;q=1, gzip;q=0"])
def test_who_refuses_gzip(header: bytes) -> None:
    assert not accepts_gzip(header)
