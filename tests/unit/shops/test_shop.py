import pytest

from listino.shops.shop import Shop


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://bottega.example/p/1", True),
        ("http://bottega.example/p/1", True),
        ("https://BOTTEGA.example/p/1", True),
        ("https://bottega.example", True),
        ("https://www.bottega.example/p/1", False),
        ("https://bottega.example.evil.example/", False),
        ("https://bottega.example:8443/p/1", False),
        ("https://bottega.example@evil.example/", False),
        ("https://user:word@bottega.example/", False),
        ("ftp://bottega.example/p/1", False),
        ("javascript:alert(1)", False),
        ("mailto:info@bottega.example", False),
        ("//bottega.example/p/1", False),
        ("/p/1", False),
        ("", False),
        ("http://[bottega.example", False),
    ],
)
def test_only_the_declared_host_may_be_asked(url: str, allowed: bool, bottega: Shop) -> None:
    assert bottega.allows(url) is allowed


def test_key_and_host(bottega: Shop) -> None:
    assert (bottega.key, bottega.host) == ("it:bottega", "bottega.example")
