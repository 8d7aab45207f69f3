"""Product pages whose price is in no visible text and no markup: application state, analytics, attributes."""

import json
from decimal import Decimal
from typing import Any

import pytest
from shop_page import Case, assert_read, shop_page

from listino.extract import extract
from listino.extract.state import Stated, stated


def app(script: str, *, name: str = "Kettle", body: str = "<button>Add to cart</button>") -> str:
    """A page that a script will fill."""
    return shop_page(f"<h1>{name}</h1><div id='app'></div>{body}<script>{script}</script>", name=name)


def state(said: Any) -> str:
    return json.dumps({"route": {"name": "product"}, "menu": [{"name": "Sale", "price": 1}], "page": said})


KETTLE = {
    "id": 77,
    "name": "Kettle",
    "sku": "KT-1",
    "price": {"current": {"value": 30.0, "currency": "GBP"}, "was": {"value": 40.0}},
}
OTHERS = [
    {"name": "Tin cup 8001", "sku": "8001", "price": 7.5},
    {"name": "Pantry scale", "sku": "8002", "price": 219.0},
]
URL = "https://shop.example/kettle"
SCRIPTS = {
    "JSON": f"window.__STATE__ = {state({'related': OTHERS, 'product': KETTLE})};",
    "the others behind it": f"window.__STATE__ = {state({'product': KETTLE, 'related': OTHERS})};",
    "a sale price beside the regular one": f"var p = {json.dumps({'name': 'Kettle', 'sku': 'KT-1', 'price': '40.00', 'salePrice': '30.00', 'currency': 'GBP'})};",
    "JavaScript without quotes": "var product = {name: 'Kettle', sku: 'KT-1', price: 30.00, currency: 'GBP', variants: [],};",
    "an analytics event": "dataLayer.push({'event': 'x', 'ecommerce': {'currencyCode': 'GBP', 'view': {'products': [{'name': 'Kettle', 'id': '77', 'sku': 'KT-1', 'price': '30.00', 'currency': 'GBP'}]}}});",
    "amounts in cents": f"var p = {json.dumps({'name': 'Kettle', 'sku': 'KT-1', 'price': {'centAmount': 3000, 'currencyCode': 'GBP'}})};",
    "the name beside the object that has the price": f"var p = {json.dumps({'title': {'name': 'Kettle'}, 'sku': 'KT-1', 'price': 30, 'currency': 'GBP'})};",
    "a formatted amount": f"var p = {json.dumps({'name': 'Kettle', 'sku': 'KT-1', 'price': '£30.00', 'currency': 'GBP'})};",
}
CASES = {name: Case(app(script), URL, "30.00", "GBP", "KT-1") for name, script in SCRIPTS.items()} | {
    "sold out": Case(
        app(state({**KETTLE, "inStock": False}), body=""), URL, "30.00", "GBP", "KT-1", "OutOfStock"
    ),
    "a name with accents, escaped": Case(
        app(json.dumps({"name": "Théière émaillée 3/4", "sku": "TH-1", "price": 30.5, "currency": "EUR"}).replace("/", "\\/"), name="Théière émaillée 3/4"),
        URL, "30.50", "EUR", "TH-1",
    ),
    "found by the code of the address": Case(
        app(json.dumps({"itemNumber": "1048831", "title": "A kettle", "price": 30.5, "currency": "GBP"})),
        "https://shop.example/p/kettle-1048831", "30.50", "GBP", "1048831",
    ),
    "nothing but other products": Case(app(state({"related": OTHERS})), URL, None, None, None),
    "a visible price comes first": Case(
        app(state({"product": KETTLE}), body="<p class='price'>£28.00</p><button>Add to cart</button>"), URL, "28.00", "GBP", "KT-1"
    ),
    "cents that the page shows as pounds": Case(
        app('var p = {"name": "Kettle", "sku": "KT-1", "price": 3000}', body="<small>£30.00</small>"), URL, "30.00", "GBP", "KT-1"
    ),
    "in a field's value only": Case(
        shop_page(
            """<h1>Garden hose 20 m</h1><form><input type="text" readonly class="product-price" name="price" value="£24.99"><input type="submit" value="Add to basket"></form><p>Product code: GH20</p>""",
            name="Garden hose 20 m", language="en-GB",
        ),
        "https://b.example/garden-hose", "24.99", "GBP", "GH20",
    ),
    "in an attribute only": Case(
        shop_page(
            """<h1>Table runner</h1><div class="product" data-price="15.50" data-currency="GBP" data-sku="TR-1550"><div class="price-widget"></div><button>Add to basket</button></div>""",
            name="Table runner", language="en-GB",
        ),
        "https://b.example/table-runner", "15.50", "GBP", "TR-1550",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_scripts_and_attributes_hold(case: Case) -> None:
    assert_read(case)


@pytest.mark.parametrize(
    "html",
    ["", "Kettle", '"Kettle"', '{"Kettle"', '{"name":"Kettle"}', '{"name":"Kettle","price":null}', '{"name":"Kettle","price":{"price":{}}}',
     '{"name":"Kettle","price":-3}', '{"name":"Kettle","price":true}', '{"name":"Kettle","price":"soon"}', "{name:'Kettle',price:}", '"Kettle"}}}}', '{"name":"Kettle","price":1e999}'],
)  # fmt: skip
def test_what_is_no_product_states_nothing(html: str) -> None:
    assert stated(html, ["Kettle"]) is None


def test_what_is_stated() -> None:
    said = stated('x = {"sku": "a", "name": "Kettle", "price": 30, "currency": "GBP"}', ["Pot", "Kettle"])
    assert said == Stated(Decimal(30), "GBP", "a", may_be_minor=True)


@pytest.mark.parametrize(
    "piece", ['{"name":"Kettle",', '{"a":', '"Kettle",{"price":', "{'Kettle'", '"Kettle"', '{"Kettle\\'], ids=str
)
def test_however_long_and_nested_a_little_of_it_is_looked_at(piece: str) -> None:
    html = piece * (1_000_000 // len(piece))
    assert stated(html, ["Kettle"]) is None


def test_a_page_of_such_pieces_is_read_to_its_end() -> None:
    assert extract(app('{"name":"Kettle",' * 5_000), URL).price is None
