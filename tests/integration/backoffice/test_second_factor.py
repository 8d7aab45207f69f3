"""The second factor: setting it up, giving it, losing it."""

import time

import pyotp
import pytest
from flask import Flask
from integration.backoffice.conftest import Person, token
from integration.backoffice.goods import ADMIN, AGENT, PASSWORD
from integration.backoffice.test_staff import actions, app, secret  # noqa: F401  # a fixture and two ways to look
from pymongo import MongoClient

from backoffice.app import create_app
from listino.settings import Settings
from listino.store.client import Store


def later(app_of_phone: pyotp.TOTP) -> str:
    """The code of the next half minute, which is taken, too: the present one is spent."""
    return app_of_phone.at(int(time.time()) + 30)


def enrol(person: Person) -> tuple[pyotp.TOTP, list[str]]:
    person.token = token(person.see("/account/two-factor"))
    assert person.send("/account/two-factor/begin", password="wrong password").status_code == 422
    assert person.send("/account/two-factor/begin", password=PASSWORD).status_code == 303
    page = person.see("/account/two-factor")
    assert '<svg class="qr"' in page or 'class="qr"' in page
    assert "style=" not in page
    phone = pyotp.TOTP(secret(page))
    assert person.send("/account/two-factor", code="000000").status_code == 422
    done = person.send("/account/two-factor", code=phone.now())
    assert done.status_code == 200
    codes = [line.split("<code>")[1].split("</code>")[0] for line in done.text.split("<li>")[1:]]
    assert len(codes) == 10
    return phone, codes


@pytest.fixture
def enrolled(agent: Person) -> tuple[Person, pyotp.TOTP, list[str]]:
    phone, codes = enrol(agent)
    agent.see("/crawls")
    agent.send("/logout")
    return agent, phone, codes


def test_nothing_opens_before_the_code_and_each_code_opens_once(enrolled, app: Flask, store: Store) -> None:  # noqa: F811
    agent, phone, codes = enrolled
    code = later(phone)
    assert agent.sign_in(AGENT, next_page="/crawls").location == "/crawls"
    for page in ("/crawls", "/account/password", "/account/two-factor"):
        assert agent.client.get(page).location.startswith("/login/second-factor"), page
    agent.token = token(agent.see("/login/second-factor"))
    assert agent.send("/login/second-factor", code="123").status_code == 422
    assert agent.send("/login/second-factor", code=f"{code[:3]} {code[3:]}", next="/crawls").location == "/crawls"
    agent.see("/crawls")

    thief = Person(app.test_client())
    thief.sign_in(AGENT)
    thief.token = token(thief.see("/login/second-factor"))
    assert thief.send("/login/second-factor", code=code).status_code == 422, "seen over a shoulder"
    assert thief.send("/login/second-factor", code=codes[0].upper()).status_code == 302
    thief.see("/crawls")
    assert store.staff.get(AGENT).recovery_codes == 9
    assert store.staff.spend_recovery_code(AGENT, codes[0]) is False
    assert "two_factor.recovery_code_used" in actions(store, f"staff:{AGENT}")


def test_neither_secret_nor_codes_are_kept_readable(enrolled, store: Store, settings: Settings) -> None:
    _, phone, codes = enrolled
    with MongoClient(settings.mongo_uri) as client:
        kept = str(client[settings.mongo_database]["staff"].find_one({"_id": AGENT}))
        said = str(list(client[settings.mongo_database]["audit"].find()))
    for readable in (phone.secret, *codes):
        assert readable not in kept
        assert readable not in said


def test_an_administrator_resets_it(enrolled, admin: Person) -> None:
    agent, _, _ = enrolled
    assert admin.send(f"/staff/{AGENT}/reset-two-factor").status_code == 303
    agent.sign_in(AGENT)
    agent.see("/crawls")


def test_a_role_that_must_have_one_gets_nowhere_without(store: Store, settings: Settings, app: Flask) -> None:  # noqa: F811
    strict = create_app(settings.model_copy(update={"staff_two_factor_roles": ("admin",)}))
    person = Person(strict.test_client())
    person.sign_in(ADMIN)
    assert person.client.get("/crawls").location.startswith("/account/two-factor")
    enrol(person)
    person.see("/crawls")
    assert person.send("/account/two-factor/end", password=PASSWORD).status_code == 403
    strict.extensions["listino"].close()
