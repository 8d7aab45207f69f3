"""What people see while an engine is away, or when we made a mistake."""

import pytest
import structlog
from flask import Flask
from integration.backoffice.conftest import Person, signed_in
from integration.backoffice.goods import LAMP, MANAGER

from backoffice import app as module
from backoffice.app import create_app
from listino.settings import Settings
from listino.store.client import Store


@pytest.fixture
def without_redis(filled: Store, settings: Settings) -> Flask:
    return create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))


@pytest.fixture
def without_mongo(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(module, "STORE_SECONDS", 0.3)
    return create_app(settings.model_copy(update={"mongo_uri": "mongodb://127.0.0.1:1/"}))


def test_without_redis_a_refresh_says_so_and_the_price_stays(without_redis: Flask) -> None:
    person = signed_in(without_redis, MANAGER)

    answer = person.send(f"/products/{LAMP}/refresh", {"HX-Request": "true"})

    assert answer.status_code == 200
    assert "Redis is away" in answer.text
    assert "47.90" in answer.text


def test_without_redis_a_crawl_is_not_started_and_that_is_said(without_redis: Flask) -> None:
    person = signed_in(without_redis, MANAGER)

    assert person.send("/crawls", market="it").status_code == 303
    assert "The crawl of Italy was not started: Redis, which holds the queue, is away." in person.see("/crawls")


def test_without_mongodb_the_page_says_what_is_wrong(without_mongo: Flask) -> None:
    person = Person(without_mongo.test_client())

    answer = person.sign_in(MANAGER)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "MongoDB does not answer" in answer.text
    assert "127.0.0.1:1" not in answer.text


def test_without_mongodb_somebody_signed_in_sees_the_same(without_mongo: Flask) -> None:
    client = without_mongo.test_client()
    with client.session_transaction() as session:
        session.update({"person": MANAGER, "key": "as it was given"})

    page = client.get("/products")
    fragment = client.get("/crawls", headers={"HX-Request": "true"})

    assert page.status_code == fragment.status_code == 503
    assert "MongoDB does not answer" in page.text
    assert "<html" not in fragment.text


def test_probes_tell_alive_from_ready(without_mongo: Flask, app: Flask) -> None:
    alive, away = without_mongo.test_client().get("/healthz"), without_mongo.test_client().get("/readyz")
    ready = app.test_client().get("/readyz")

    # In the words of the storefront API.
    assert (alive.status_code, alive.get_json()) == (200, {"status": "alive"})
    assert (away.status_code, away.get_json()) == (503, {"status": "away", "mongo": "away"})
    assert (ready.status_code, ready.get_json()) == (200, {"status": "ready", "mongo": "ready"})


def test_our_own_mistake_is_logged_and_named_by_its_request(
    app: Flask, agent: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(app.extensions["listino"].store.products, "sought", broken)

    with structlog.testing.capture_logs() as lines:
        answer = agent.client.get("/products", headers={"X-Request-ID": "request-0042"})

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "request-0042" in answer.text
    assert "a secret of the inside" not in answer.text
    assert [line["log_level"] for line in lines if line["event"] == "request.failed"] == ["error"]
