"""Every route: who gets in, what a form without its token does, and what becomes of too much."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from integration.backoffice.conftest import Person, bearer, token
from integration.backoffice.walk import Route

from backoffice.access import PUBLIC
from listino.store.staff import ROLES
from listino.store.tokens import SCOPES

TOO_MUCH = b"x" * (64 * 1024 + 1)


def ask(client: FlaskClient, route: Route, *, form_token: str = "", headers: dict[str, str] | None = None) -> int | str:
    """The status, or `login` where the answer leads there."""
    data = {"csrf_token": form_token} if route.changes and form_token else None
    answer = client.open(route.address, method=route.method, data=data, headers=headers)
    to_login = answer.status_code == 302 and answer.location.partition("?")[0] == "/login"
    return "login" if to_login else answer.status_code


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_in_where_it_may_and_nowhere_else(role: str, people, all_routes) -> None:
    person, wrong = people[role], []
    for route in all_routes:
        got = ask(person.client, route, form_token=person.token)
        if route.permission.role == PUBLIC:
            right = got not in (401, 403, 500)
        elif not route.by_browser:
            right = got == 401
        elif ROLES.index(role) < ROLES.index(route.permission.role):
            right = got == 403
        else:
            right = got not in (401, 403, 500, "login")
        if not right:
            wrong.append((route.endpoint, route.method, got))

    assert wrong == []


def test_nobody_gets_in_anywhere(house: Flask, all_routes) -> None:
    visitor, wrong = Person(house.test_client()), []
    visitor.token = token(visitor.client.get("/login").text)
    for route in all_routes:
        got = ask(visitor.client, route, form_token=visitor.token)
        if route.permission.role == PUBLIC:
            right = got not in (401, 403, 500, "login")
        else:
            right = got == (401 if route.permission.scopes else "login")
        if not right:
            wrong.append((route.endpoint, route.method, got))

    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_a_token_opens_what_its_scopes_and_its_owners_role_open(role: str, house: Flask, all_routes) -> None:
    client, wrong, opened = house.test_client(), [], 0
    headers = {scopes: bearer(house, role, *scopes) for scopes in [SCOPES, *((scope,) for scope in SCOPES)]}
    for route in all_routes:
        needed = route.permission.scopes
        for scopes, header in headers.items() if needed else ():
            got = ask(client, route, headers=header)
            may = ROLES.index(role) >= ROLES.index(route.permission.role) and set(needed) <= set(scopes)
            opened += may
            if (got in (401, 403, 500)) if may else got != 403:
                wrong.append((route.endpoint, route.method, scopes, got))
        if not needed and route.permission.role != PUBLIC and not route.changes:
            got = ask(client, route, headers=headers[SCOPES])
            if got != "login":
                wrong.append((route.endpoint, route.method, "a page", got))

    assert wrong == []
    assert opened > 8


def test_a_form_without_its_token_changes_nothing_anywhere(people: dict[str, Person], all_routes) -> None:
    admin, accepted, tried = people["admin"], [], 0
    for route in all_routes:
        if route.changes and route.by_browser:
            tried += 1
            sent = {"email": "new@listino.test", "role": "admin"}
            answer = admin.client.open(route.address, method=route.method, data=sent)
            if answer.status_code != 400 or "out of date" not in answer.text:
                accepted.append((route.endpoint, answer.status_code))

    assert accepted == []
    assert tried >= 24


def test_whoever_sends_too_much_is_refused_everywhere(people: dict[str, Person], all_routes) -> None:
    wrong = []
    for route in all_routes:
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            answer = people["admin"].client.open(route.address, method=route.method, data=TOO_MUCH, content_type=kind)
            if answer.status_code != 413:
                wrong.append((route.endpoint, route.method, kind, answer.status_code))

    assert wrong == []


def test_who_does_not_say_how_much_will_come_is_refused(house: Flask) -> None:
    # What comes in chunks would be read up to the limit, and the rest forgotten.
    for address in ("/login", "/api/v1/staff"):
        assert house.test_client().post(address, headers={"Transfer-Encoding": "chunked"}).status_code == 411
