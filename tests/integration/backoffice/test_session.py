"""Signing in and out, and how often one may try."""

import json
import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from integration.backoffice.conftest import token
from integration.backoffice.goods import AGENT, MANAGER, PASSWORD
from pymongo import MongoClient

from backoffice.app import create_app
from listino.domain.clock import utc_now
from listino.settings import Settings
from listino.store.client import Store


def test_staff_sign_in_and_are_greeted_by_the_start_page(visitor) -> None:
    answer = visitor.sign_in(AGENT.upper())

    assert (answer.status_code, answer.location) == (302, "/")
    assert AGENT in visitor.see("/")


def test_the_page_that_was_asked_for_comes_after_signing_in(visitor) -> None:
    asked = visitor.client.get("/products?q=perla&market=it")
    assert asked.status_code == 302
    form = visitor.client.get(asked.location).text
    assert 'name="next" value="/products?q=perla&amp;market=it"' in form

    assert visitor.sign_in(AGENT, next_page="/products?q=perla&market=it").location == "/products?q=perla&market=it"


def test_nobody_is_sent_to_another_site(visitor) -> None:
    assert visitor.sign_in(AGENT, next_page="//evil.example/").location == "/"


@pytest.mark.parametrize(
    ("email", "password"), [(AGENT, "wrong password"), ("nobody@listino.test", PASSWORD), ("", "")]
)
def test_a_wrong_address_and_a_wrong_password_look_the_same(visitor, email: str, password: str) -> None:
    answer = visitor.sign_in(email, password)

    assert answer.status_code == 422
    assert "Wrong e-mail address or password." in answer.text
    assert visitor.client.get("/").status_code == 302


def test_a_form_without_its_token_is_refused(visitor) -> None:
    answer = visitor.client.post("/login", data={"email": AGENT, "password": PASSWORD})

    assert answer.status_code == 400
    assert "out of date" in answer.text
    assert visitor.client.get("/").status_code == 302


def test_signing_out_ends_the_session_and_is_not_a_link(agent) -> None:
    assert agent.client.get("/logout").status_code == 405
    assert agent.send("/logout").location == "/login"
    assert agent.client.get("/").status_code == 302
    assert "You are signed out." in agent.see("/login")


def test_a_session_ends_after_twelve_hours_and_when_nobody_is_at_work(agent, filled: Store, settings: Settings) -> None:
    (session,) = filled.staff_sessions.of(AGENT, idle=timedelta(hours=1))
    assert session.until - session.begun_at == timedelta(hours=12)
    cases = {"until": utc_now() - timedelta(seconds=1), "seen_at": utc_now() - timedelta(minutes=61)}
    with MongoClient(settings.mongo_uri) as client:
        sessions = client[settings.mongo_database]["staff_sessions"]
        for name, at in cases.items():
            before = sessions.find_one({"_id": session.id})
            sessions.update_one({"_id": session.id}, {"$set": {name: at}})
            assert agent.client.get("/").location.startswith("/login"), name
            sessions.update_one({"_id": session.id}, {"$set": {name: before[name]}})
            assert agent.client.get("/").status_code == 200, "it is that alone which ended it"


def test_a_list_that_brings_itself_up_to_date_is_nobody_at_work(agent, filled: Store, settings: Settings) -> None:
    earlier = utc_now() - timedelta(minutes=30)

    def at_rest(since: datetime) -> None:
        with MongoClient(settings.mongo_uri) as client:
            client[settings.mongo_database]["staff_sessions"].update_one(
                {"person": AGENT}, {"$set": {"seen_at": since}}
            )

    def last_seen() -> datetime:
        return filled.staff_sessions.of(AGENT, idle=timedelta(hours=1))[0].seen_at

    for path in ("/crawls", "/crawls/crawl-fr-now"):
        sent = re.search(r"hx-trigger=\"every 3s\" hx-headers='(.+?)'", agent.see(path))
        assert sent is not None, path
        at_rest(earlier)
        agent.client.get(path, headers={"HX-Request": "true", **json.loads(sent[1])})
        assert last_seen() == earlier, path
    agent.client.get("/products?market=it", headers={"HX-Request": "true"})
    assert last_seen() > earlier, "a filter is a click"


def test_a_language_goes_with_its_reader_to_another_browser(agent, manager, visitor) -> None:
    agent.send("/preferences", language="de", back="/")
    visitor.sign_in(AGENT)
    page = visitor.see("/")
    assert '<html lang="de"' in page
    assert '<html lang="en"' in manager.see("/")
    visitor.token = token(page)
    visitor.send("/preferences", language="fr", back="/")
    assert '<html lang="fr"' in agent.see("/"), "the last choice is the one that counts"


def test_a_new_role_holds_at_the_next_request(agent, filled: Store) -> None:
    assert "Crawl Italy" not in agent.see("/crawls")
    filled.staff.put(AGENT, PASSWORD, "manager")
    assert "Crawl Italy" in agent.see("/crawls")


def test_the_eleventh_attempt_in_a_minute_has_to_wait(app: Flask, visitor) -> None:
    statuses = [visitor.sign_in(AGENT, "wrong password").status_code for _ in range(10)]
    answer = visitor.sign_in(AGENT)

    assert statuses == [422] * 10
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 61  # whole seconds, and never one too few
    assert "Too many attempts" in answer.text
    assert 'listino_backoffice_logins_total{outcome="limited"} 1.0' in visitor.client.get("/metrics").text


def test_an_account_is_guarded_against_many_addresses(settings: Settings, filled: Store) -> None:
    from integration.backoffice.conftest import Person

    app = create_app(settings, proxies=1)
    person = Person(app.test_client())
    for number in range(10):
        person.client.environ_base["HTTP_X_FORWARDED_FOR"] = f"192.0.2.{number}"
        assert person.sign_in(AGENT, "wrong password").status_code == 422
    person.client.environ_base["HTTP_X_FORWARDED_FOR"] = "192.0.2.200"

    assert person.sign_in(f" {AGENT.upper()}", "wrong password").status_code == 429
    assert person.sign_in(MANAGER).status_code == 302
    app.extensions["listino"].close()


def test_without_redis_people_can_still_sign_in_and_are_still_limited(settings: Settings, filled: Store) -> None:
    from integration.backoffice.conftest import Person

    app = create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    person = Person(app.test_client())
    statuses = [person.sign_in(AGENT, "wrong password").status_code for _ in range(10)]

    assert statuses == [422] * 10
    assert person.sign_in(AGENT).status_code == 429
    assert person.sign_in(MANAGER).status_code == 429, "the address has used up its attempts, too"
    fresh = Person(create_app(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})).test_client())
    assert fresh.sign_in(AGENT).status_code == 302


def test_an_agent_may_not_start_a_crawl_and_is_told_why(reader) -> None:
    answer = reader.send("/crawls", market="it")

    assert answer.status_code == 403
    assert "This needs the role manager; yours is agent." in answer.text
