"""What a request may say, and what it is told when it says something else."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.requests import Request

from api.cursors import cursor_after, following
from api.parameters import parse_page, parse_path_id, parse_wait, refuse_others
from api.problems import BadParameter
from listino.domain.money import Money
from listino.domain.pricing import Price
from listino.domain.product import Product
from listino.store.query import FILTERS_OF, Order, ProductQuery

AT = datetime(2026, 3, 1, 9, 30, 0, 123000, tzinfo=UTC)


def asking(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def test_a_list_has_five_products_and_begins_at_the_first() -> None:
    asked = parse_page(asking(""))

    assert (asked.count, asked.skip) == (5, 0)
    assert asked.query.market is asked.query.shop is asked.query.after is None
    assert asked.query.gone is False
    assert asked.query.order is Order.ID


def test_pages_and_filters_become_a_query() -> None:
    asked = parse_page(asking("count=20&page=3&market=it&shop=bottega&category=Cucina+e+bar&brand="))

    assert (asked.count, asked.skip) == (20, 40)
    assert (asked.query.market, asked.query.shop) == ("it", "bottega")
    assert (asked.query.category, asked.query.brand) == ("Cucina e bar", None)


def last(product_id: str | int = 5) -> Product:
    return Product(id=product_id, name="Moka", price=Price(Money(2490)), first_seen_at=AT)


@pytest.mark.parametrize(("page", "count"), [("1", "100"), ("101", "100"), ("10001", "1"), ("999999999", "100")])
def test_a_page_may_be_anywhere(page: str, count: str) -> None:
    assert parse_page(asking(f"page={page}&count={count}")).skip == (int(page) - 1) * int(count)
    assert parse_page(asking("page=11&count=100&sort=price")).skip == 1000


def test_a_search_and_an_order_become_a_query() -> None:
    asked = parse_page(asking("q=+moka+tre+&gtin=4006381333931&market=it")).query
    assert (asked.text, asked.gtin, asked.beginnings) == ("moka tre", "4006381333931", False)
    assert parse_page(asking("q=++&sort=")).query == ProductQuery()
    for name in ("price", "-price", "newest", "id"):
        assert parse_page(asking(f"sort={name}&market=it")).query.order == name


@pytest.mark.parametrize(
    ("query", "parameter", "allowed"),
    [
        ("count=0", "count", "from 1 to 100"),
        ("count=101", "count", "from 1 to 100"),
        ("count=abc", "count", "from 1 to 100"),
        ("count=", "count", "from 1 to 100"),
        ("count=1.5", "count", "from 1 to 100"),
        ("count=+5", "count", "from 1 to 100"),
        ("count=٥", "count", "from 1 to 100"),
        ("count=" + "9" * 5000, "count", "from 1 to 100"),
        ("page=0", "page", "from 1 to"),
        ("page=-1", "page", "from 1 to"),
        ("page=12&count=100&q=moka", "page", "cursors"),
        ("page=12&count=100&sort=price", "page", "cursors"),
        ("page=1000000000", "page", "from 1 to 999999999"),
        (f"page=2&cursor={cursor_after(ProductQuery(), last())}", "page", "only one"),
        ("gtin=40063813x", "gtin", "14 digits"),
        ("gtin=123456789012345", "gtin", "14 digits"),
        ("q=" + "x" * 101, "q", "at most 100"),
        ("q=a+b+c+d+e+f+g+h+i", "q", "at most 8 words"),
        ("sort=cheapest", "sort", "id, price, -price, newest"),
        ("sort=price&brand=Perla", "sort", "price goes with market and category only, not with brand"),
        ("sort=-price&q=moka", "sort", "not with q"),
        ("sort=price&shop=bottega", "sort", "not with shop"),
        ("sort=newest&category=Lamps", "sort", "newest goes with market only, not with category"),
        ("sort=newest&gtin=4006381333931", "sort", "not with gtin"),
        ("market=uk", "market", "it, fr, de, es"),
        ("shop=" + "x" * 201, "shop", "at most 200"),
        ("brand=" + "x" * 201, "brand", "at most 200"),
        ("cursor=nonsense", "cursor", "Link header"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_can(query: str, parameter: str, allowed: str) -> None:
    with pytest.raises(BadParameter, match=allowed) as caught:
        parse_page(asking(query))

    assert caught.value.parameter == parameter
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("query", "parameter", "allowed"),
    [
        ("colour=red", "colour", "unknown; this address takes count, page only"),
        ("count=5&Count=5", "Count", "takes count, page only"),
        ("foo", "foo", "unknown"),
        ("=5", "", "unknown"),
        ("x" * 5000 + "=1", "x" * 40, "unknown"),
        ("count=5&page=1&count=6", "count", "only once, not 2 times"),
        ("count=5&count=5", "count", "only once"),
        ("count&count=5", "count", "only once"),
    ],
)
def test_other_parameters_and_repeated_ones_are_refused(query: str, parameter: str, allowed: str) -> None:
    with pytest.raises(BadParameter, match=allowed) as caught:
        refuse_others(asking(query), ("count", "page"))

    assert caught.value.parameter == parameter
    assert len(str(caught.value)) < 250


def test_where_nothing_is_taken_that_is_said() -> None:
    refuse_others(asking(""), ())
    refuse_others(asking("count=5&page=2"), ("count", "page"))
    with pytest.raises(BadParameter, match="takes no parameters"):
        refuse_others(asking("count=5"), ())


def test_the_next_page_keeps_count_and_filters() -> None:
    asked = parse_page(asking("count=2&page=4&market=it&category=Caff%C3%A8+%26+t%C3%A8"))

    address = asked.next_address(last("it:bottega:8411"))

    assert address.isascii()
    path, _, query = address.partition("?")
    following = parse_page(asking(query))
    assert path == "/products"
    assert (following.count, following.skip) == (2, 0)
    assert following.query.after == "it:bottega:8411"
    assert (following.query.market, following.query.category) == ("it", "Caffè & tè")


def test_the_next_page_keeps_search_and_order() -> None:
    for query in ("q=moka+tre&gtin=4006381333931", "sort=-price&category=Lamps"):
        asked = parse_page(asking(query))
        again = parse_page(asking(asked.next_address(last()).partition("?")[2])).query
        assert again == asked.query.following(last())


@pytest.mark.parametrize(
    "product_id", [0, 500, 10**18 - 1, "it:bottega:8411", "it:bottega:a%2Fb", f"it:{'s' * 63}:{'x' * 200}"]
)
@pytest.mark.parametrize("order", FILTERS_OF)
def test_a_cursor_leads_on_from_where_it_was_made(product_id: str | int, order: Order) -> None:
    query = ProductQuery(order=order)
    text = cursor_after(query, last(product_id))

    assert text.replace("-", "").replace("_", "").isalnum()
    assert following(query, text) == query.following(last(product_id))


@pytest.mark.parametrize("other", [{"market": "it"}, {"text": "moka"}, {"order": Order.PRICE}, {"gtin": "1"}])
def test_a_cursor_of_another_list_is_refused(other: dict[str, str]) -> None:
    query = ProductQuery()
    text = cursor_after(query, last())
    with pytest.raises(BadParameter, match="other filters or another order"):
        following(replace(query, **other), text)  # type: ignore[arg-type]


def test_a_key_that_the_store_could_not_hold_is_refused() -> None:
    query = ProductQuery(order=Order.PRICE)
    for amount in (2**53 + 1, -(2**60)):
        text = cursor_after(query, replace(last(), price=Price(Money(amount))))
        with pytest.raises(BadParameter, match="Link header"):
            following(query, text)


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        "a",
        "bnVsbA",
        "dHJ1ZQ",
        "LTU",
        "MS41",
        "W10",
        "e30",
        "IjUwMCI",
        "ImFkbWluIg",
        "eyIkZ3QiOiIifQ",
        "A" * 451,
        "é",
    ],
    ids=[
        "no base64",
        "cut",
        "null",
        "true",
        "-5",
        "1.5",
        "[]",
        "{}",
        '"500"',
        '"admin"',
        "operator",
        "long",
        "no ASCII",
    ],
)
def test_a_cursor_of_somebody_elses_making_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        following(ProductQuery(), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500", 500),
        ("it:bottega:8411", "it:bottega:8411"),
        ("it:bottega:AB%2F12", "it:bottega:AB%2F12"),  # the caller encoded the percent sign
        ("it:bottega:AB/12", "it:bottega:AB%2F12"),  # the caller did not, and the server decoded it
        ("it:bottega:AB%2f12", "it:bottega:AB%2F12"),
        ("it:bottega:tè verde", "it:bottega:t%C3%A8%20verde"),
        ("it:bottega:a:b", "it:bottega:a%3Ab"),
        ("it:bottega:100%25", "it:bottega:100%25"),
        ("it:bottega:100%", "it:bottega:100%25"),
    ],
)
def test_ids_in_a_path(text: str, expected: str | int) -> None:
    assert parse_path_id(text) == expected


@pytest.mark.parametrize(
    "text", ["abc", "-1", "uk:shop:1", "it::1", "it:bottega:", "1" * 19, "it:bottega:" + "x" * 300]
)
def test_impossible_ids(text: str) -> None:
    with pytest.raises(BadParameter) as caught:
        parse_path_id(text)

    assert caught.value.parameter == "id"


@pytest.mark.parametrize(("query", "ms"), [("", 950), ("wait=0", 0), ("wait=5000", 5000)])
def test_waiting(query: str, ms: int) -> None:
    assert parse_wait(asking(query)) == ms


@pytest.mark.parametrize("query", ["wait=5001", "wait=-1", "wait=1s", "wait="])
def test_waiting_has_limits(query: str) -> None:
    with pytest.raises(BadParameter, match="from 0 to 5000"):
        parse_wait(asking(query))
