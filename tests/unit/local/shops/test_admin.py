import re
from typing import Any

import pytest

MARKETS = ("it", "fr", "de", "es")


@pytest.mark.parametrize("market", MARKETS)
def test_the_truth_is_told_as_json(open_shop: Any, market: str) -> None:
    shop = open_shop(market)
    told = shop.client.get("/_shop/truth").json()
    truth = shop.catalogue.truth()
    assert told["count"] == len(told["products"]) == 250
    assert (told["market"], told["shop"]) == (market, shop.catalogue.front.name)
    key, product = next(iter(truth.items()))
    assert told["products"][key]["name"] == product.name
    assert told["products"][key]["offer"]["cost"] == {"minor": product.offer.cost.minor, "currency": "EUR"}
    assert told["products"][key]["offer"]["availability"] == product.offer.availability.value


@pytest.mark.parametrize("market", MARKETS)
def test_operations_change_what_visitors_see(open_shop: Any, market: str) -> None:
    shop = open_shop(market)
    before = shop.catalogue.truth()
    done = shop.client.post("/_shop/drift", json={"share": 0.1, "seed": 7}).json()
    after = shop.catalogue.truth()
    assert len(done["changed"]) == 25
    assert set(done["stock_flipped"]) < set(done["changed"])
    assert {key for key in before if before[key] != after[key]} == set(done["changed"])

    key = shop.catalogue.keys()[0]
    assert shop.client.post("/_shop/price", json={"sku": key, "price": "1234.56"}).json() == {"changed": [key]}
    assert "1234" in shop.client.get(after[key].url).text.replace(".", "").replace("\u202f", "").replace("\u00a0", "")
    assert shop.client.post("/_shop/stock", json={"sku": key, "in_stock": False}).json() == {"changed": [key]}
    assert shop.catalogue.product(key).offer.availability == "OutOfStock"

    added = shop.client.post("/_shop/appear", json={"count": 3}).json()["appeared"]
    assert len(added) == 3
    assert [shop.client.get(shop.catalogue.product(key).url).status_code for key in added] == [200] * 3
    assert shop.client.post("/_shop/restore").json() == {"restored": 250}
    assert shop.catalogue.truth() == before


@pytest.mark.parametrize("market", MARKETS)
def test_what_vanished_answers_410(open_shop: Any, market: str) -> None:
    shop = open_shop(market)
    before = shop.catalogue.truth()
    key = shop.catalogue.keys()[5]
    assert shop.client.post("/_shop/vanish", json={"skus": [key]}).json() == {"vanished": [key]}
    assert shop.client.get(before[key].url).status_code == 410
    taken = shop.client.post("/_shop/vanish", json={"share": 0.02}).json()["vanished"]
    assert len(taken) == 5
    assert {shop.client.get(before[key].url).status_code for key in taken} == {410}
    assert before.keys() - shop.client.get("/_shop/truth").json()["products"].keys() == {key, *taken}
    data = {"it": f"/wp-json/wc/store/v1/products/{key}", "de": f"{before[key].url}.js"}
    if market in data:
        assert shop.client.get(data[market]).status_code == 410


def test_requests_are_counted_by_path_and_product(open_shop: Any) -> None:
    shop = open_shop("it")
    first, second = shop.catalogue.keys()[:2]
    api = "/wp-json/wc/store/v1/products"
    product = shop.catalogue.product(first)
    for path in (
        f"{api}/{first}",
        f"{api}?type=variation&parent={first}",
        product.url,
        f"{api}?include={first},{second}",
        api,
    ):
        assert shop.client.get(path).status_code == 200
    shop.client.get("/healthz")
    shop.client.get(product.photos[0].url)
    counted = shop.client.get("/_shop/requests").json()
    assert counted["total"] == 5
    assert counted["by_product"] == {first: 4, second: 1}
    assert counted["by_path"] == {api: 3, f"{api}/{first}": 1, product.url.removeprefix("http://testserver"): 1}
    assert counted["peak_in_flight"] == 1
    shop.client.post("/_shop/reset")
    assert shop.client.get("/_shop/requests").json() == {
        "total": 0,
        "by_path": {},
        "by_product": {},
        "peak_in_flight": 0,
    }


def test_kontor_counts_js_for_its_product(open_shop: Any) -> None:
    shop = open_shop("de")
    key = shop.catalogue.keys()[0]
    shop.client.get(shop.catalogue.product(key).url + ".js")
    shop.client.get("/products.json")
    assert shop.client.get("/_shop/requests").json()["by_product"] == {key: 1}


@pytest.mark.parametrize(
    ("deed", "body", "field"),
    [
        ("drift", {}, "share"),
        ("drift", {"share": "x"}, "share"),
        ("drift", {"share": 2}, "share"),
        ("drift", {"share": 0.5, "seed": "x"}, "seed"),
        ("price", {"price": "1"}, "sku"),
        ("price", {"sku": "nothing", "price": "1"}, "sku"),
        ("price", {"sku": "1000", "price": "1,5"}, "price"),
        ("price", {"sku": "1000", "price": "-1"}, "price"),
        ("price", {"sku": "1000", "price": 3}, "price"),
        ("stock", {"sku": "1000", "in_stock": "yes"}, "in_stock"),
        ("vanish", {}, "share"),
        ("vanish", {"skus": "1000"}, "skus"),
        ("vanish", {"skus": ["nothing"]}, "sku"),
        ("appear", {"count": 0}, "count"),
        ("appear", {"count": True}, "count"),
        ("appear", {"count": 100_001}, "count"),
        ("behaviour", {"fault": "500"}, "fault"),
        ("behaviour", {"fault": ["429"]}, "fault"),
        ("behaviour", {"latency": 5}, "latency"),
        ("behaviour", {"latency": {"median_ms": 10, "p99_ms": 5}}, "latency"),
        ("behaviour", {"latency": {}}, "latency"),
        ("behaviour", {"path": "("}, "path"),
        ("behaviour", {"share": -1}, "share"),
        ("behaviour", {"times": -1}, "times"),
        ("behaviour", {"retry_after": 1.5}, "retry_after"),
        ("behaviour", {"faults": "429"}, "faults"),
        ("drift", [], "body"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(open_shop: Any, deed: str, body: Any, field: str) -> None:
    shop = open_shop("it", count=3)
    before = shop.catalogue.truth()
    answer = shop.client.post(f"/_shop/{deed}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert shop.catalogue.truth() == before


def test_what_is_not_json_is_refused(open_shop: Any) -> None:
    answer = open_shop("it", count=3).client.post("/_shop/drift", content=b"\xff{")
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


def test_admin_is_asked_with_the_right_method(open_shop: Any) -> None:
    assert open_shop("it", count=3).client.get("/_shop/drift").status_code == 405


def test_the_overview_names_everything_and_every_body_in_it_can_be_sent(open_shop: Any) -> None:
    shop = open_shop("it")
    told = shop.client.get("/_shop").text
    examples = dict(re.findall(r"^(/_shop/\w+) +(\{.*?\}(?!\}))(?= |$)", told, re.MULTILINE))
    doors = {route.path: route.methods for route in shop.client.app.routes if route.path.startswith("/_shop/")}
    assert {path for path, methods in doors.items() if "POST" in methods} == set(examples)
    assert set(doors) == set(re.findall(r"^/_shop/\w+", told, re.MULTILINE))
    for path, body in examples.items():
        assert shop.client.post(path, content=body).status_code == 200, (path, body)
