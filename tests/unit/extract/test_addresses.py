import pytest

from listino.extract.addresses import absolute


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("/a.jpg", "https://shop.example/a.jpg"),
        ("a.jpg", "https://shop.example/p/a.jpg"),
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("", "https://shop.example/p/1"),
        ("http://[x", ""),
        ("//[", ""),
    ],
)
def test_references(reference: str, address: str) -> None:
    assert absolute("https://shop.example/p/1", reference) == address
