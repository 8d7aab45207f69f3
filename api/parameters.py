"""Parsing: what a request may say. Everything is bounded, and what is wrong names its parameter."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request

from api.cursors import cursor_after, following
from api.problems import BadParameter
from listino.domain.errors import InvalidValue, UnknownMarket
from listino.domain.market import market_of
from listino.domain.product import Product, ProductId, parse_product_id
from listino.store.query import FILTERS_OF, Order, ProductQuery
from listino.store.search import words_of

MOST_ID_CHARACTERS = 300
_MOST_DIGITS = 18  # of a catalogue number (parse_product_id)
MOST_CHARACTERS = 200  # of a query value
MOST_COUNT = 100
MOST_PAGE = 999_999_999
MOST_WALKED = 1000  # products before a page of a search or of a sorted list; MongoDB walks through all of them
MOST_SEARCHED = 100  # characters of a search
MOST_WORDS = 8  # of a search
MOST_GTIN_DIGITS = 14
MOST_WAIT_MS = 5000
DEFAULT_WAIT_MS = 950  # leaves 50 ms of the promised second to the network
FILTERS = {"q": "text", **{name: name for name in ("market", "shop", "category", "brand", "gtin")}}  # to their fields
DEFAULT_ORDER = Order.ID


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """One page of a list: at most `count` products after the first `skip` of the query."""

    query: ProductQuery
    count: int
    skip: int

    def next_address(self, last: Product | ProductId) -> str:
        """The address of the page after the one that ends with that product."""
        asked = {name: value for name, field in FILTERS.items() if (value := getattr(self.query, field)) is not None}
        if self.query.order is not DEFAULT_ORDER:
            asked["sort"] = self.query.order.value
        return "/products?" + urlencode({"count": self.count, **asked, "cursor": cursor_after(self.query, last)})


def refuse_others(request: Request, known: Collection[str]) -> None:
    """Raises BadParameter for a parameter that is not among those known, or that is there more than once."""
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            allowed = f"this address takes {', '.join(known)} only" if known else "this address takes no parameters"
            raise BadParameter(name[:40], f"unknown; {allowed}")
        if times > 1:
            raise BadParameter(name, f"only once, not {times} times")


def product_id_of(request: Request) -> ProductId:
    """The product in the path; raises BadParameter."""
    return parse_path_id(request.path_params["id"])


def parse_path_id(text: str) -> ProductId:
    """The id in a path that the server has decoded once; raises BadParameter.

    Ids hold percent-encoded characters (`it:bottega:AB%2F12`), and callers differ in whether they encode the percent
    sign once more. Decoding what is left and encoding it as ids are makes both mean the same.
    """
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    if len(text) > MOST_ID_CHARACTERS:
        raise BadParameter("id", f"at most {MOST_ID_CHARACTERS} characters")
    *shop, sku = text.split(":", 2)
    try:
        return parse_product_id(":".join((*shop, quote(unquote(sku), safe=""))))
    except InvalidValue as error:
        raise BadParameter("id", str(error)) from None


def parse_page(request: Request) -> PageRequest:
    """Which page of which products; raises BadParameter."""
    count = _integer(request, "count", default=5, least=1, most=MOST_COUNT)
    page = _integer(request, "page", default=1, least=1, most=MOST_PAGE)
    cursor = request.query_params.get("cursor")
    skip = (page - 1) * count
    if cursor and page > 1:
        raise BadParameter("page", "only one of page and cursor")
    query = ProductQuery(
        market=_market(request),
        shop=_text(request, "shop"),
        category=_text(request, "category"),
        brand=_text(request, "brand"),
        gtin=_gtin(request),
        text=_search(request),
        order=_order(request),
    )
    _refuse_unsorted(query)
    if skip > MOST_WALKED and not query.markable:
        raise BadParameter(
            "page",
            f"at most {MOST_WALKED} products in with q or sort; follow the Link headers' cursors from there on",
        )
    return PageRequest(query=following(query, cursor) if cursor else query, count=count, skip=skip)


def parse_wait(request: Request) -> int:
    """How long to wait for a live price, in ms; raises BadParameter."""
    return _integer(request, "wait", default=DEFAULT_WAIT_MS, least=0, most=MOST_WAIT_MS)


def _market(request: Request) -> str | None:
    code = _text(request, "market")
    try:
        return code and market_of(code).code
    except UnknownMarket as error:
        raise BadParameter("market", str(error)) from None


def _order(request: Request) -> Order:
    asked = _text(request, "sort")
    if asked and asked not in FILTERS_OF:
        raise BadParameter("sort", f"one of {', '.join(FILTERS_OF)}, not {asked[:40]!r}")
    return Order(asked) if asked else DEFAULT_ORDER


def _refuse_unsorted(query: ProductQuery) -> None:
    """Raises BadParameter for a filter that no index carries together with the order."""
    carried = FILTERS_OF[query.order]
    for name, field in FILTERS.items():
        if getattr(query, field) is not None and field not in carried:
            raise BadParameter("sort", f"{query.order} goes with {' and '.join(carried)} only, not with {name}")


def _gtin(request: Request) -> str | None:
    gtin = _text(request, "gtin")
    if gtin is not None and not (gtin.isascii() and gtin.isdigit() and len(gtin) <= MOST_GTIN_DIGITS):
        raise BadParameter("gtin", f"at most {MOST_GTIN_DIGITS} digits, not {gtin[:40]!r}")
    return gtin


def _search(request: Request) -> str | None:
    text = (_text(request, "q") or "").strip()
    if len(text) > MOST_SEARCHED:
        raise BadParameter("q", f"at most {MOST_SEARCHED} characters")
    if len(words_of(text)) > MOST_WORDS:
        raise BadParameter("q", f"at most {MOST_WORDS} words")
    return text or None


def _integer(request: Request, name: str, *, default: int, least: int, most: int | None = None) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
    if number is None or number < least or (most is not None and number > most):
        allowed = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise BadParameter(name, f"an integer {allowed}, not {text[:40]!r}")
    return number


def _text(request: Request, name: str) -> str | None:
    """None for an empty value too: that is how a form says that nothing was chosen."""
    text = request.query_params.get(name) or None
    if text is not None and len(text) > MOST_CHARACTERS:
        raise BadParameter(name, f"at most {MOST_CHARACTERS} characters")
    return text
