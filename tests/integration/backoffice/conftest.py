import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from integration.backoffice.goods import AGENT, MANAGER, PASSWORD, employ, fill_shelves, keep_crawls
from pymongo import MongoClient

from backoffice.app import create_app
from listino.settings import Settings
from listino.store.client import Store
from listino.store.guard import Unguarded


def token(page: str) -> str:
    """The CSRF token in a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no CSRF token"
    return found[1]


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
    library = Settings(
        _env_file=None,
        env="test",
        mongo_uri=mongo_uri,
        mongo_database="test_backoffice_reading",
        redis_url=redis_url,
        secret_key="a secret of no worth, for tests only",
    )
    with Store(library, Unguarded()) as store:
        store.prepare()
        fill_shelves(store)
        employ(store)
        keep_crawls(store, older=25)
        made = create_app(library)
        yield signed_in(made, AGENT)
        made.extensions["listino"].close()
        with MongoClient(mongo_uri) as client:
            client.drop_database(library.mongo_database)


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
