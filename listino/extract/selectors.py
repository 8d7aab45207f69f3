"""Where a shop's pages say what, as its declaration tells it: for pages whose structured data is missing or wrong."""

from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from listino.domain.errors import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors of the elements that hold a product's fields; None where the page's structured data is to be trusted.

    All but `images` mean the first element that matches. Raises InvalidValue for what is no CSS selector.
    """

    name: str | None = None
    price: str | None = None
    list_price: str | None = None  # the struck-through one
    sku: str | None = None
    availability: str | None = None
    brand: str | None = None
    gtin: str | None = None
    description: str | None = None
    images: str | None = None

    def __bool__(self) -> bool:
        """Whether any field is pointed to."""
        return any(getattr(self, field) is not None for field in self.__slots__)

    def __post_init__(self) -> None:
        for field in self.__slots__:
            if (selector := getattr(self, field)) is not None:
                demand_css(selector)


def demand_css(selector: str) -> str:
    """The selector itself; raises InvalidValue where the parser that reads the pages cannot read it."""
    try:
        LexborHTMLParser("").css_first(selector)
    except SelectolaxError:
        raise InvalidValue(f"{selector!r} is no CSS selector such as .price > ins") from None
    return selector
