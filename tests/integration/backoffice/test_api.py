"""The JSON API: the same as the pages do, for programs."""

from collections.abc import Callable

import pytest
from flask import Flask
from integration.backoffice.conftest import signed_in
from integration.backoffice.goods import ADMIN, AGENT, GONE, LAMP, MANAGER, NOW, relamp, terms
from integration.backoffice.program import Ask, all_of
from integration.backoffice.shop_worker import shop_worker

from backoffice import limits
from backoffice.api import products
from backoffice.app import create_app
from listino.domain.clock import utc_now
from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.live.answer import LiveAnswer
from listino.settings import Settings
from listino.store.client import Store
from listino.store.products import Products

PROBLEM = "application/problem+json"


@pytest.fixture
def held(filled: Store, settings: Settings) -> Store:
    """The lamp's price, held by a live refresh."""
    settings.shops_path.mkdir(parents=True, exist_ok=True)
    declaration = '[shop]\nname = "bottega"\nmarket = "it"\nplatform = "generic"\nurl = "https://bottega.example"\n'
    (settings.shops_path / "bottega.toml").write_text(declaration, encoding="utf-8")
    fresh = relamp(filled.products.get(LAMP), 319_000, NOW)
    assert filled.products.upsert([fresh], terms=terms("it", "bottega")).held == [LAMP]
    return filled


def test_a_held_price_is_found_looked_at_and_accepted_once(program: Callable[..., Ask], held: Store) -> None:
    ask = program(MANAGER, "read", "write")
    (one,) = all_of(ask, "/held-prices", market="it", reason="times_100")
    assert (one["product_id"], one["doubts"][0]["read"]) == (LAMP, {"minor": 319_000, "currency": "EUR"})
    assert ask(f"/held-prices/{LAMP}").json == one
    preview = ask(f"/held-prices/{LAMP}/preview", query_string={"reading": one["reading"]}).json
    assert preview["changes"][0]["after"]["minor"] > preview["changes"][0]["before"]["minor"]
    assert held.products.get(LAMP).held is not None

    stale = ask(f"/held-prices/{LAMP}/accept", "POST", json={"reading": "another"})
    assert (stale.status_code, stale.content_type, stale.json["status"]) == (409, PROBLEM, 409)
    accepted = ask(f"/held-prices/{LAMP}/accept", "POST", json={"reading": one["reading"]})
    assert accepted.json["price"] == preview["changes"][0]["after"]
    offer = held.products.get(LAMP).offer
    assert offer is not None
    assert offer.cost == Money(319_000)
    assert held.audit.of(LAMP)[0].by == MANAGER
    again = ask(f"/held-prices/{LAMP}/reject", "POST", json={"reading": one["reading"]})
    assert again.status_code == 409
    assert f"accepted already, by {MANAGER}" in again.json["detail"]
    assert ask(f"/held-prices/{LAMP}").status_code == 404


def test_all_held_prices_of_a_shop_are_counted_and_rejected(program: Callable[..., Ask], held: Store) -> None:
    ask = program(MANAGER, "read", "write")
    assert ask("/held-prices/all", query_string={"market": "it"}).status_code == 400
    counted = ask("/held-prices/all", query_string={"market": "it", "shop": "bottega"}).json
    assert (counted["total"], counted["kinds"]) == (1, {"times_100": 1})
    body = {"market": "it", "shop": "bottega", "until": counted["until"]}
    assert ask("/held-prices/all/reject", "POST", json=body).json["done"] == 1
    assert held.products.get(LAMP).held is None


def test_staff_are_listed_added_changed_and_disabled(program: Callable[..., Ask], filled: Store) -> None:
    ask = program(ADMIN, "read", "write")
    assert [one["email"] for one in all_of(ask, "/staff")] == sorted((ADMIN, AGENT, MANAGER))
    added = ask("/staff", "POST", json={"email": " Nora@listino.test", "role": "agent"})
    assert added.status_code == 201
    assert filled.staff.authenticate("nora@listino.test", added.json["one_time_password"])
    assert "password" not in ask("/staff/nora@listino.test").text
    assert ask("/staff/nora@listino.test/role", "POST", json={"role": "manager"}).json["role"] == "manager"
    assert ask("/staff/nora@listino.test/disable", "POST").json["disabled_at"].endswith("Z")
    assert ask("/staff/nora@listino.test/enable", "POST").json["disabled_at"] is None
    own = ask(f"/staff/{ADMIN}/role", "POST", json={"role": "agent"})
    assert (own.status_code, own.content_type) == (403, PROBLEM)
    assert ask("/staff/nobody@listino.test").status_code == 404
    entries = all_of(program(ADMIN, "read"), "/audit", subject="staff:nora@listino.test")
    done = ["staff.enabled", "staff.disabled", "staff.role_changed", "staff.added"]
    assert [entry["action"] for entry in entries] == done
    assert {entry["by"] for entry in entries} == {ADMIN}


def test_sessions_and_tokens_are_listed_and_ended(app: Flask, program: Callable[..., Ask], filled: Store) -> None:
    ask, agent = program(ADMIN, "read", "write"), signed_in(app, AGENT)
    token, text = filled.tokens.make(AGENT, "reports", ["read"], days=1)
    (listed,) = ask(f"/staff/{AGENT}/tokens").json["items"]
    assert (listed["id"], text.split("_", 2)[2] in str(listed)) == (token.id, False)
    (session,) = ask(f"/staff/{AGENT}/sessions").json["items"]
    assert filled.audit.of(f"staff:{AGENT}")[0].action == "personal_data.viewed"
    assert ask(f"/staff/{AGENT}/tokens/{token.id}", "DELETE").status_code == 204
    assert ask(f"/staff/{AGENT}/tokens/{token.id}", "DELETE").status_code == 404
    assert ask(f"/staff/{AGENT}/sessions/{session['id']}", "DELETE").json == {"sessions": 1}
    assert agent.client.get("/").location.startswith("/login")


def test_products_are_searched_and_read_with_their_prices(program: Callable[..., Ask], filled: Store) -> None:
    ask = program(AGENT, "read")
    cups = all_of(ask, "/products", q="tazzina", shop="bottega")
    assert [one["id"] for one in cups] == [f"it:bottega:c{number:03}" for number in range(30)]
    lamp = ask(f"/products/{LAMP}").json
    assert (lamp["cost"], lamp["styles"][0]["sizes"][0]["size"]) == ({"minor": 3190, "currency": "EUR"}, "S")
    points = all_of(ask, f"/products/{LAMP}/history")
    assert [point["cost"]["minor"] for point in points] == [3100, 3400, 3190]
    assert ask("/products/42").json["name"] == "Catalogue camera"
    missing = ask("/products/it:bottega:none")
    assert (missing.status_code, missing.json["detail"]) == (404, "There is no product it:bottega:none.")


def test_a_search_is_read_to_its_end_across_whole_and_cut_words(program: Callable[..., Ask], filled: Store) -> None:
    found = [one["id"] for one in all_of(program(AGENT, "read"), "/products", q="numero 1")]
    assert len(found) == 11
    assert found == [f"it:bottega:c{number:03}" for number in (1, *range(10, 20))]


def test_what_is_held_from_sale_is_found(program: Callable[..., Ask], filled: Store) -> None:
    filled.handlings.stop(LAMP, by=AGENT, at=NOW, reason="recalled")
    assert [one["id"] for one in all_of(program(AGENT, "read"), "/products", q=LAMP)] == [LAMP]


def test_a_point_that_is_filed_while_prices_are_read_is_among_them(
    program: Callable[..., Ask], filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, read = filled._database, filled.products.history
    point = {"at": NOW, "price": 5990, "cost": 3190, "currency": "EUR", "availability": "InStock"}
    database["products"].update_one({"_id": LAMP}, {"$set": {"unfiled": [point]}})

    def filed_after(product_id: str) -> list[PricePoint]:
        """The history as it was, before which the product carried the point, and after which it does no more."""
        found = read(product_id)
        database["products"].update_one({"_id": LAMP}, {"$unset": {"unfiled": ""}})
        return found

    ask = program(AGENT, "read")
    monkeypatch.setattr(Products, "history", lambda _, product_id: filed_after(product_id))
    assert ask(f"/products/{LAMP}/history").json["items"][-1]["price"] == {"minor": 5990, "currency": "EUR"}


def test_products_are_found_by_all_that_the_page_finds_them_by(program: Callable[..., Ask], filled: Store) -> None:
    ask = program(AGENT, "read")

    def found(**query: str) -> list[str]:
        return [one["id"] for one in all_of(ask, "/products", **query)]

    assert found(least_minor="4000", most_minor="4790", market="it") == [LAMP]
    assert found(least_minor="4000", most_minor="4789", market="it") == []
    assert found(only="gone") == [GONE]
    assert found(availability="InStock", market="it") == [LAMP]
    assert len(found(since="2020-01-01", shop="bottega", q="tazzina")) == 30
    assert found(since="2199-01-01") == []
    assert {one["name"] for one in ask("/products?only=new&least_minor=-1").json["errors"]} == {"only", "least_minor"}


def test_a_product_is_corrected_held_from_sale_and_released(program: Callable[..., Ask], filled: Store) -> None:
    agent, manager = program(AGENT, "read", "write"), program(MANAGER, "write")
    body = {"fields": {"brand": "Lumière"}, "reason": "as on the box"}
    corrected = agent(f"/products/{LAMP}/corrections", "POST", json=body).json
    assert (corrected["brand"], corrected["corrections"]["brand"]["own"]) == ("Lumière", "Lumiè")
    assert filled.products.get(LAMP).brand == "Lumière"
    wrong = agent(f"/products/{LAMP}/corrections", "POST", json=body | {"fields": {"price": "1"}})
    assert (wrong.status_code, wrong.json["errors"][0]["place"]) == (400, "body")
    undone = agent(f"/products/{LAMP}/corrections/brand", "DELETE").json
    assert (undone["brand"], undone["corrections"]) == ("Lumiè", {})

    held = agent(f"/products/{LAMP}/hold", "POST", json={"reason": "Recalled"}).json
    assert (held["stopped"], held["stop"]["by"]) == (True, AGENT)
    assert agent(f"/products/{LAMP}/hold", "POST", json={"reason": "Again"}).status_code == 409
    assert agent(f"/products/{LAMP}/release", "POST").status_code == 403
    assert manager(f"/products/{LAMP}/release", "POST").json["stop"] is None
    assert manager(f"/products/{LAMP}/release", "POST").status_code == 409
    told = ["product.released", "product.stopped", "product.restored", "product.corrected"]
    assert [one.action for one in filled.audit.of(LAMP) if one.action.startswith("product.")] == told


def test_a_shop_is_asked_and_the_way_of_its_answer_is_told(
    program: Callable[..., Ask], filled: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "REFRESH_WAIT_MS", 300)
    ask = program(AGENT, "write")
    late = ask(f"/products/{LAMP}/refresh", "POST").json
    assert (late["fresh"], late["reason"], late["price"]) == (False, "deadline", None)
    assert late["before"] == {"minor": 4790, "currency": "EUR"}

    monkeypatch.setattr(products, "REFRESH_WAIT_MS", 5000)

    def answer(product_id: str) -> LiveAnswer:
        return LiveAnswer(product_id=product_id, as_of=utc_now(), price=Money(4590), availability=Availability.IN_STOCK)

    with shop_worker(settings, "it:bottega", answer):
        fresh = ask(f"/products/{LAMP}/refresh", "POST").json
    assert (fresh["fresh"], fresh["price"]["minor"], fresh["availability"]) == (True, 4590, "InStock")
    assert (fresh["joined"], fresh["legs"][0]["name"]) == (True, "started")
    assert ask("/products/42/refresh", "POST").json["reason"] == "no_shop"
    assert ask("/products/it:bottega:none/refresh", "POST").status_code == 404


def test_all_that_is_wrong_with_a_request_is_named(program: Callable[..., Ask], filled: Store) -> None:
    ask = program(ADMIN, "read", "write")
    asked = ask("/products", query_string={"count": "1000", "colour": "red", "gone": "perhaps"})
    assert (asked.status_code, asked.content_type) == (400, PROBLEM)
    assert asked.json["request_id"] == asked.headers["X-Request-ID"]
    assert {(one["place"], one["name"]) for one in asked.json["errors"]} == {
        ("query", "count"),
        ("query", "colour"),
        ("query", "gone"),
    }
    assert ask("/products?q=a&q=b").json["errors"] == [{"place": "query", "name": "q", "reason": "once only"}]
    assert ask("/me?x=1").json["errors"][0]["name"] == "x"
    assert ask("/audit", query_string={"subject": "9" * 30}).json["items"] == []
    assert ask("/products/nonsense/history").json["errors"][0]["place"] == "path"
    sent = ask("/staff", "POST", json={"email": {"$ne": ""}, "role": "root"})
    assert {(one["place"], one["name"]) for one in sent.json["errors"]} == {("body", "email"), ("body", "role")}
    for broken in (b"{", b"[" * 30_000, b'{"email": "\\ud800", "role": "agent"}', b"\xff", b""):
        answer = ask("/staff", "POST", data=broken, content_type="application/json")
        assert (answer.status_code, answer.json["errors"][0]["place"]) == (400, "body"), broken[:9]
    assert ask("/staff", "POST", data="email=x").status_code == 415
    wrong = ask("/me", "POST")
    assert (wrong.status_code, "GET" in wrong.headers["Allow"]) == (405, True)


def test_a_token_has_one_budget_for_all_routes(
    filled: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OF_PROGRAM", "3 per minute")
    app = create_app(settings)
    tokens = [filled.tokens.make(AGENT, "program", ["read"], days=1)[1] for _ in range(2)]
    first, second = ({"Authorization": f"Bearer {text}"} for text in tokens)
    client = app.test_client()
    addresses = ("/api/v1/me", "/api/v1/products", "/api/v1/me", "/api/v1/products")
    answers = [client.get(address, headers=first) for address in addresses]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61
    assert answers[-1].content_type == PROBLEM
    assert client.get("/api/v1/me", headers=second).status_code == 200
    app.extensions["listino"].close()


def test_the_document_is_for_who_is_signed_in_and_for_programs(app: Flask, program: Callable[..., Ask]) -> None:
    assert app.test_client().get("/api/v1/openapi.json").status_code == 401
    assert program(AGENT, "read")("/openapi.json").json["openapi"] == "3.1.0"
    assert "/api/v1/held-prices" in signed_in(app, AGENT).client.get("/api/v1/openapi.json").json["paths"]
