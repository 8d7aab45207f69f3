"""What an attacker would try: operators of MongoDB, foreign addresses, markup in data, and what is kept of secrets."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from integration.backoffice.conftest import Person, bearer, inhabitant, signed_in, token
from integration.backoffice.goods import ADMIN, AGENT, NOW, lamp, terms
from integration.backoffice.walk import Route, routes
from pymongo import MongoClient
from werkzeug.test import TestResponse

from listino.domain.product import Product
from listino.settings import Settings
from listino.store.client import Store
from listino.store.tokens import SCOPES

OPERATORS = ('{"$ne": null}', "[$gt]")
STRANGE = ("a\x00b", "<script>alert(1)</script>", "~", "9" * 400, "")
NOTHING = "qqzzqq"  # what no filter finds anything by
FOREIGN = ("https://evil.example/", "//evil.example/", "/\\evil.example")
MARKUP = '<img src=x onerror="alert(1)">'


class Prober:
    """An administrator who asks routes with parameters, by a session or by a token."""

    def __init__(self, house: Flask, admin: Person) -> None:
        self.admin = admin
        self.headers = bearer(house, "admin", *SCOPES)

    def ask(self, route: Route, sent: dict[str, object] | None = None) -> TestResponse:
        """With those parameters: in the address, in the form, or in the JSON."""
        given: dict[str, object] = dict(sent or {})
        client, method = self.admin.client, route.method
        if route.operation is None:
            if not route.changes:
                return client.get(route.address, query_string=given)
            return client.open(route.address, method=method, data={"csrf_token": self.admin.token, **given})
        if "body" in route.fields:
            return client.open(route.address, method=method, json=given, headers=self.headers)
        return client.open(route.address, method=method, query_string=given, headers=self.headers)

    def names(self, route: Route, watched: set[str]) -> list[str]:
        """The parameters that the route looks at, found by letting it look."""
        if route.operation is not None:
            return sorted({name for names in route.fields.values() for name in names})
        watched.clear()
        self.ask(route)
        self.ask(route, dict.fromkeys(watched, NOTHING))
        return sorted(watched - {"csrf_token"})


@pytest.fixture
def prober(house: Flask, people: dict[str, Person]) -> Prober:
    return Prober(house, people["admin"])


def found(answer: TestResponse) -> int:
    """How many entries of a list it shows."""
    if answer.is_json and isinstance(answer.json, dict):
        return len(answer.json.get("items", ()))
    return answer.text.count("<tr")


def accounts(house: Flask) -> list[tuple[object, ...]]:
    everybody = house.extensions["listino"].store.staff.everybody()
    return [(one.email, one.role, one.disabled_at, one.credential, one.sealed_totp) for one in everybody]


def test_operators_break_nothing_and_find_no_more_than_a_word(
    house: Flask, prober: Prober, all_routes: list[Route], watched: set[str]
) -> None:
    wrong, looked, before, whole = [], 0, accounts(house), {}
    for route in all_routes:
        names = [] if route.endpoint.startswith("probes.") else prober.names(route, watched)
        looked += len(names)
        together = [dict.fromkeys(names, value) for value in (*OPERATORS, *STRANGE)]
        if "body" in route.fields:
            together += [dict.fromkeys(names, value) for value in ({"$ne": None}, [{"$gt": ""}])]
        for sent in together if names else ():
            answer = prober.ask(route, sent)
            if answer.status_code >= 500 or (answer.mimetype == "text/html" and "<script>alert" in answer.text):
                wrong.append((route.endpoint, route.method, sent, answer.status_code))
        if not route.changes and names:
            whole[route.endpoint] = found(prober.ask(route))
            if found(prober.ask(route, {f"{name}[$ne]": NOTHING for name in names})) > whole[route.endpoint]:
                wrong.append((route.endpoint, "[$ne]"))
        for name in () if route.changes else names:
            # `after` is a place in the list: any text may be before all of it.
            most = whole[route.endpoint] if name == "after" else found(prober.ask(route, {name: NOTHING}))
            finds = {operator: found(prober.ask(route, {name: operator})) for operator in OPERATORS}
            if max(finds.values()) > most:
                wrong.append((route.endpoint, name, finds, most))

    assert wrong == []
    assert looked > 60
    assert accounts(house) == before


def test_nobody_is_sent_elsewhere(prober: Prober, all_routes: list[Route], watched: set[str]) -> None:
    wrong, led = [], 0
    for route in all_routes:
        names = [] if route.operation else prober.names(route, watched)
        for address in FOREIGN if names else ():
            answer = prober.ask(route, dict.fromkeys(names, address))
            location = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
            led += bool(location)
            if urlsplit(location).netloc or re.match(r"/[/\\]", location):
                wrong.append((route.endpoint, location))

    assert wrong == []
    assert led > 5


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("address", FOREIGN)
def test_whoever_signs_in_stays_here(house: Flask, address: str) -> None:
    assert Person(house.test_client()).sign_in(inhabitant("agent"), next_page=address).location == "/"


@pytest.mark.usefixtures("unlimited")
def test_operators_for_a_login_are_text(house: Flask) -> None:
    visitor = Person(house.test_client())
    visitor.token = token(visitor.client.get("/login").text)
    bodies = ({"email[$ne]": "x", "password[$ne]": "x"}, {"email": '{"$ne": ""}', "password": '{"$ne": ""}'})
    for body in bodies:
        assert visitor.send("/login", **body).status_code == 422
    assert visitor.client.get("/").location.startswith("/login")


@pytest.fixture
def marked(filled: Store) -> Product:
    """A product with markup wherever a shop may put it, and a held price of it."""
    plain = lamp("it", "altra")
    goods = replace(
        plain,
        **dict.fromkeys(("name", "slogan", "description", "category", "brand"), MARKUP),
        url=f"https://altra.example/{MARKUP}",
        features=((MARKUP, MARKUP),),
        styles=tuple(replace(style, name=MARKUP) for style in plain.styles),
    )
    filled.products.upsert([goods])
    dear = replace(lamp("it", "altra", cost=319_000, at=NOW), name=MARKUP)
    assert filled.products.upsert([dear], terms=terms("it", "altra")).held
    return goods


def test_markup_in_data_is_shown_as_text(app: Flask, filled: Store, marked: Product) -> None:
    intruder = Person(app.test_client())
    intruder.client.environ_base["HTTP_USER_AGENT"] = MARKUP
    intruder.sign_in(AGENT)
    filled.tokens.make(AGENT, MARKUP, ["read"], days=1)
    admin, raw, told = signed_in(app, ADMIN), [], 0
    for route in routes(app, product_id=str(marked.id), email=AGENT):
        if not route.changes and route.by_browser and not route.endpoint.startswith("probes."):
            answer = admin.client.get(route.address)
            told += "&lt;img src=x" in answer.text
            if MARKUP in answer.text:
                raw.append(route.endpoint)

    assert raw == []
    assert told >= 5, "the search, the product, its held price, the account, and the audit log"


def test_what_opens_anything_is_kept_as_a_hash(app: Flask, store: Store, settings: Settings) -> None:
    person = signed_in(app, AGENT)
    with person.client.session_transaction() as session:
        key = session["key"]
    _, text = store.tokens.make(AGENT, "reports", ["read"], days=1)
    _, one_time = store.staff.add("new@listino.test", "agent")
    assert store.staff_sessions.get(AGENT, key, idle=timedelta(hours=1)), "the key is what opens the session"
    with MongoClient(settings.mongo_uri) as client:
        database = client[settings.mongo_database]
        kept = str([list(database[name].find()) for name in ("staff", "staff_sessions", "staff_tokens", "audit")])
    assert AGENT in kept
    for secret in (key, text, text.split("_", 2)[2], one_time):
        assert secret not in kept
