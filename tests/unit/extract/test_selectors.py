import pytest

from listino.domain.errors import InvalidValue
from listino.extract.selectors import Selectors


def test_none_is_needed() -> None:
    selectors = Selectors()
    assert {getattr(selectors, field) for field in Selectors.__slots__} == {None}


@pytest.mark.parametrize("selector", [".price", "#main > ins:first-of-type", "[itemprop=price], .amount", "h1:has(b)"])
def test_a_selector_is_kept_as_it_is_written(selector: str) -> None:
    assert Selectors(price=selector).price == selector


@pytest.mark.parametrize("selector", ["", ".price >", "[", "..price", "a,,b", "p::attr(content)"])
def test_what_is_no_selector_is_refused(selector: str) -> None:
    with pytest.raises(InvalidValue, match="is no CSS selector"):
        Selectors(images=selector)
