import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from integration.backoffice.goods import ADMIN, AGENT, MANAGER, PASSWORD, employ, fill_shelves, keep_crawls
from integration.backoffice.library import cheap_hashes, library
from integration.backoffice.program import Ask, asking
from integration.backoffice.walk import Route, Watched, Watching, routes

from backoffice.app import create_app
from listino.settings import Settings
from listino.store.client import Store
from listino.store.staff import ROLES


def token(page: str) -> str:
    """The CSRF token in a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no CSRF token"
    return found[1]


@pytest.fixture(scope="module", autouse=True)
def quick_to_sign_in() -> Iterator[None]:
    with cheap_hashes():
        yield


class Person:
    """Somebody at a browser without JavaScript: follows links and sends forms with the token of the page before."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def sign_in(self, email: str, password: str = PASSWORD, next_page: str = ""):
        self.token = token(self.client.get("/login").text)
        return self.send("/login", email=email, password=password, next=next_page)

    def see(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, (answer.status_code, answer.text[-400:])
        return answer.text

    def send(self, address: str, headers: dict[str, str] | None = None, **fields: str):
        return self.client.post(address, data={"csrf_token": self.token, **fields}, headers=headers)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with goods, staff and crawls."""
    fill_shelves(store)
    employ(store)
    keep_crawls(store, older=25)
    return store


@pytest.fixture
def app(filled: Store, settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    yield made
    made.extensions["listino"].close()


@pytest.fixture(scope="session")
def reader(mongo_uri: str, redis_url: str) -> Iterator[Person]:
    """An agent for the tests that only look: one filled store for all of them."""
    with library(mongo_uri, redis_url, "backoffice_reading") as settings:
        with cheap_hashes():
            made = create_app(settings)
        yield signed_in(made, AGENT)
        made.extensions["listino"].close()


@pytest.fixture
def visitor(app: Flask) -> Person:
    return Person(app.test_client())


def signed_in(app: Flask, email: str) -> Person:
    person = Person(app.test_client())
    assert person.sign_in(email).status_code == 302
    person.token = token(person.see("/crawls"))
    return person


@pytest.fixture
def agent(app: Flask) -> Person:
    return signed_in(app, AGENT)


@pytest.fixture
def manager(app: Flask) -> Person:
    return signed_in(app, MANAGER)


@pytest.fixture
def admin(app: Flask) -> Person:
    return signed_in(app, ADMIN)


def inhabitant(role: str) -> str:
    return f"walk-{role}@listino.test"


@pytest.fixture(scope="session")
def house(reader: Person) -> Flask:
    """The application of the readers, with people of each role for whom it does not matter what they break."""
    app = reader.client.application
    for role in ROLES:
        app.extensions["listino"].store.staff.put(inhabitant(role), PASSWORD, role)
    return app


@pytest.fixture(scope="session")
def people(house: Flask) -> Iterator[dict[str, Person]]:
    """Somebody signed in with each role, with a token for forms."""
    found = {}
    for role in ROLES:
        person = Person(house.test_client())
        assert person.sign_in(inhabitant(role)).status_code == 302
        person.token = token(person.see("/account"))
        found[role] = person
    return found


@pytest.fixture(scope="session")
def all_routes(house: Flask) -> list[Route]:
    """But the one that would end the session of whoever walks them."""
    return [route for route in routes(house) if route.endpoint != "session.logout"]


def bearer(house: Flask, role: str, *scopes: str) -> dict[str, str]:
    """The header of a program of that person."""
    _, text = house.extensions["listino"].store.tokens.make(inhabitant(role), "walk", scopes, days=1)
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def program(app: Flask, store: Store) -> Callable[..., Ask]:
    """A program of somebody's, that asks with a token of those scopes."""
    return lambda email, *scopes: asking(app, store.tokens.make(email, "program", scopes, days=1)[1])


@pytest.fixture
def onlooker(house: Flask, unlimited: None) -> Callable[..., Ask]:
    """A program of an agent's of the house, for tests that only look."""
    made = house.extensions["listino"].store.tokens.make
    return lambda *scopes: asking(house, made(inhabitant("agent"), "onlooker", scopes, days=1)[1])


@pytest.fixture
def unlimited(house: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in the house is told to wait."""
    for limiter in house.extensions["limiter"]:
        monkeypatch.setattr(limiter, "enabled", False)


@pytest.fixture
def watched(house: Flask, unlimited: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names of parameters that views have asked for since it was emptied."""
    monkeypatch.setattr(house, "request_class", Watching)
    yield Watched.asked
    Watched.asked.clear()
