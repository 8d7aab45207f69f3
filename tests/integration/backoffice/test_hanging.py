"""What people see while an engine takes connections and answers nothing."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from integration.backoffice.conftest import Person, signed_in
from integration.backoffice.goods import LAMP, MANAGER, declare_shops
from servers import hung_mongo, hung_redis
from shopkeeper import wait_until

from backoffice.config import STORE_SECONDS
from listino.settings import Settings

HTMX = {"HX-Request": "true"}
PAGES = [
    "/",
    "/products",
    f"/products/{LAMP}",
    "/crawls",
    "/crawls/crawl-it-1",
    "/shops",
    "/shops/it:bottega",
    "/operations",
]
FEW_SECONDS = 3.0  # a page asks Redis once or twice, and gives it less than a second each time


@pytest.fixture
def signed_in_manager(app: Flask, settings: Settings) -> Person:
    """Somebody whose browser has seen every page, so that all connections are warm."""
    declare_shops(settings)
    person = signed_in(app, MANAGER)
    for page in PAGES:
        person.see(page)
    person.send(f"/products/{LAMP}/refresh", HTMX)
    return person


def timed(act: Callable[[], Any]) -> tuple[Any, float]:
    """What came of it, and after how many seconds."""
    began = time.perf_counter()
    return act(), time.perf_counter() - began


def test_a_refresh_answers_without_redis_within_its_time(signed_in_manager: Person, settings: Settings) -> None:
    # The first one has a connection that is silent, the second one must make a new one.
    with hung_redis(settings.redis_address):
        attempts = [timed(lambda: signed_in_manager.send(f"/products/{LAMP}/refresh", HTMX)) for _ in range(2)]

    assert [answer.status_code for answer, _ in attempts] == [200, 200]
    for answer, seconds in attempts:
        assert "Redis is away" in answer.text
        assert "47.90" in answer.text
        assert seconds < FEW_SECONDS


def test_every_page_is_shown_while_redis_hangs(signed_in_manager: Person, settings: Settings) -> None:
    with hung_redis(settings.redis_address):
        seen = [timed(lambda page=page: signed_in_manager.client.get(page)) for page in PAGES]

    assert [answer.status_code for answer, _ in seen] == [200] * len(PAGES)
    assert not [page for page, (answer, _) in zip(PAGES, seen, strict=True) if "MongoDB does not answer" in answer.text]
    assert max(seconds for _, seconds in seen) < FEW_SECONDS


def test_a_crawl_is_not_started_while_redis_hangs_and_that_is_said(
    signed_in_manager: Person, settings: Settings
) -> None:
    with hung_redis(settings.redis_address):
        answer, seconds = timed(lambda: signed_in_manager.send("/crawls", market="it"))
        page = signed_in_manager.see("/crawls")

    assert answer.status_code == 303
    assert "The crawl of Italy was not started: Redis, which holds the queue, is away." in page
    assert seconds < FEW_SECONDS


def test_people_sign_in_while_redis_hangs(app: Flask, settings: Settings) -> None:
    person = Person(app.test_client())
    assert person.sign_in(MANAGER, "a wrong password").status_code == 422
    with hung_redis(settings.redis_address):
        first, seconds = timed(lambda: person.sign_in(MANAGER))
        page, seconds_more = timed(lambda: person.client.get("/products"))

    assert (first.status_code, page.status_code) == (302, 200)
    assert seconds + seconds_more < FEW_SECONDS


def test_no_page_is_waited_for_long_while_mongodb_hangs(signed_in_manager: Person, settings: Settings) -> None:
    with hung_mongo(settings.mongo_address):
        page, seconds = timed(lambda: signed_in_manager.client.get("/products"))
        refreshed, seconds_more = timed(lambda: signed_in_manager.send(f"/products/{LAMP}/refresh", HTMX))

    assert (page.status_code, refreshed.status_code) == (503, 503)
    assert "MongoDB does not answer" in page.text
    assert max(seconds, seconds_more) < 2 * STORE_SECONDS


def test_what_redis_knows_is_missing_from_operations_and_the_rest_is_there(app: Flask, settings: Settings) -> None:
    declare_shops(settings)
    person = signed_in(app, MANAGER)
    with hung_redis(settings.redis_address):
        page, seconds = timed(lambda: person.see("/operations"))
        later = settled(person, "Redis does not answer")

    assert seconds < FEW_SECONDS
    assert "has not answered yet" in page or "does not answer" in page
    assert "Redis does not answer: nothing can be queued" in later
    assert "What lies where" in settled(person, "What lies where")


def test_a_cluster_that_hangs_is_told_and_the_rest_of_operations_is_there(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare_shops(settings)
    person = signed_in(app, MANAGER)
    end = threading.Event()
    monkeypatch.setattr(app.extensions["listino"].panels.cluster, "_read", lambda: end.wait(10))
    page, seconds = timed(lambda: person.see("/operations"))
    end.set()

    assert seconds < FEW_SECONDS
    assert "The cluster is being asked and has not answered yet" in page
    assert "Commands a second" in page
    assert "it:bottega" in page


def settled(person: Person, words: str) -> str:
    """The page of operations once it has those words."""

    def page() -> str | None:
        text = person.see("/operations")
        return text if words in text else None

    return str(wait_until(page, f"operations say {words!r}", 15))
