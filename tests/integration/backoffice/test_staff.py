"""The people of the back office: adding, changing, disabling them, and what the audit log tells of it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from integration.backoffice.conftest import Person, signed_in, token
from integration.backoffice.goods import ADMIN, AGENT, MANAGER, PASSWORD, employ

from backoffice.app import create_app
from listino.cli import main
from listino.settings import Settings
from listino.store.audit import AuditQuery
from listino.store.client import Store

NEW = "nora@listino.test"
OWN = "seven quiet lanterns"


@pytest.fixture
def app(store: Store, settings: Settings) -> Iterator[Flask]:
    """The back office without goods: nobody here looks at any."""
    employ(store)
    made = create_app(settings)
    yield made
    made.extensions["listino"].close()


def secret(page: str) -> str:
    found = re.search(r'<code class="secret">([^<]+)</code>', page)
    assert found, "the page shows no secret"
    return found[1]


def actions(store: Store, subject: str) -> list[str]:
    return [entry.action for entry in store.audit.of(subject)]


def test_a_new_colleague_changes_the_one_time_password_before_anything_else(admin, app: Flask, store: Store) -> None:
    shown = admin.send("/staff", email=f" {NEW.upper()}", role="agent")
    password = secret(shown.text)
    assert password not in admin.see(f"/staff/{NEW}"), "it is shown once"

    nora = Person(app.test_client())
    assert nora.sign_in(NEW, password, next_page="/crawls").location == "/crawls"
    for page in ("/crawls", "/account", "/account/two-factor"):
        assert nora.client.get(page).location.startswith("/account/password"), page
    form = nora.see("/account/password?next=/crawls")
    nora.token = re.search(r'name="csrf_token" value="([^"]+)"', form)[1]
    change = {"present": password, "wanted": OWN, "again": OWN, "next": "/crawls"}
    for wrong in ({"present": "not it"}, {"again": "another one"}, {"wanted": "password123", "again": "password123"}):
        assert nora.send("/account/password", **{**change, **wrong}).status_code == 422
    assert nora.send("/account/password", **change).location == "/crawls"
    nora.see("/crawls")
    assert store.staff.authenticate(NEW, password) is None
    assert actions(store, f"staff:{NEW}") == [
        "password.changed",
        "login.succeeded",
        "personal_data.viewed",
        "staff.added",
    ]


def test_an_account_is_not_added_twice_nor_with_a_strange_address(admin, store: Store) -> None:
    for email, role, complaint in (
        (AGENT, "admin", "has an account already"),
        ("no", "agent", "not an e-mail"),
        (NEW, "root", "There is no role"),
    ):
        answer = admin.send("/staff", email=email, role=role)
        assert answer.status_code == 422
        assert complaint in answer.text
    assert store.staff.get(AGENT).role == "agent"


def test_a_new_role_gets_a_new_key_and_the_old_one_opens_nothing(admin, agent, app: Flask, store: Store) -> None:
    thief = Person(app.test_client())
    thief.client.set_cookie("listino_session", agent.client.get_cookie("listino_session").value)
    thief.see("/crawls")

    assert admin.send(f"/staff/{AGENT}/role", role="manager").status_code == 303
    assert "Crawl Italy" in agent.see("/crawls"), "who asks first goes on"
    assert thief.client.get("/crawls").location.startswith("/login")
    (entry,) = [entry for entry in store.audit.of(f"staff:{AGENT}") if entry.action == "staff.role_changed"]
    assert (entry.by, entry.origin) == (ADMIN, "127.0.0.1")
    assert (entry.before["role"], entry.after["role"]) == ("agent", "manager")


def test_a_disabled_account_is_out_at_once_and_a_reset_password_ends_everything(admin, agent, store: Store) -> None:
    _, text = store.tokens.make(AGENT, "reports", ["read"], days=1)
    bearer = {"Authorization": f"Bearer {text}"}
    assert agent.client.get("/api/v1/me", headers=bearer).status_code == 200

    assert admin.send(f"/staff/{AGENT}/disable").status_code == 303
    assert agent.client.get("/").location.startswith("/login")
    assert agent.client.get("/api/v1/me", headers=bearer).status_code == 401
    assert agent.sign_in(AGENT).status_code == 422
    assert admin.send(f"/staff/{AGENT}/enable").status_code == 303
    assert agent.sign_in(AGENT).status_code == 302

    password = secret(admin.send(f"/staff/{AGENT}/reset-password").text)
    assert agent.client.get("/").location.startswith("/login")
    assert agent.sign_in(AGENT).status_code == 422
    assert agent.sign_in(AGENT, password).status_code == 302
    assert {"staff.disabled", "staff.enabled", "password.reset"} <= set(actions(store, f"staff:{AGENT}"))


def test_nobody_changes_the_own_rights(admin, store: Store) -> None:
    for way in ("role", "disable", "reset-password", "reset-two-factor"):
        assert admin.send(f"/staff/{ADMIN}/{way}", role="agent").status_code == 403, way
    assert store.staff.get(ADMIN).role == "admin"


def test_sessions_are_listed_and_revoked(admin, agent, app: Flask, store: Store) -> None:
    other = Person(app.test_client())
    other.client.environ_base["HTTP_USER_AGENT"] = "<b>Browser</b>"
    other.sign_in(AGENT)
    page = admin.see(f"/staff/{AGENT}")
    assert "&lt;b&gt;Browser&lt;/b&gt;" in page
    assert "<b>Browser" not in page

    assert agent.send("/account/sessions/end-others").status_code == 303
    assert other.client.get("/").location.startswith("/login")
    agent.see("/account")
    (session,) = store.staff_sessions.of(AGENT, idle=timedelta(hours=1))
    admin.send(f"/staff/{MANAGER}/sessions/end", session=session.id)
    agent.see("/account")
    admin.send(f"/staff/{AGENT}/sessions/end", session=session.id)
    assert agent.client.get("/account").location.startswith("/login")


def test_the_audit_log_is_searched_by_person_action_subject_and_time(admin, agent, store: Store) -> None:
    agent.send("/logout")
    assert "login.ended" in admin.see(f"/audit?by={AGENT}")
    assert "login.ended" not in admin.see(f"/audit?by={ADMIN}").split("<tbody>")[1]
    assert "login.succeeded" in admin.see(f"/audit?action=login&subject=staff:{AGENT}")
    assert "login.succeeded" not in admin.see("/audit?action=login.ended").split("<tbody>")[1]
    assert "No entries" in admin.see("/audit?until=2001-01-01")
    assert "No entries" in admin.see("/audit?since=2999-01-01")
    assert admin.client.get("/audit?action=nonsense").status_code == 400
    refused = admin.client.get("/audit?since=2026-11-20&until=2026-11-19&by=somebody")
    assert refused.status_code == 400
    assert "The first day is after the last." in refused.text
    assert 'value="somebody"' in refused.text

    pages, after = [], None
    while batch := store.audit.page(AuditQuery(action="login", after=after), count=1):
        pages += [found.key for found in batch]
        after = (batch[0].entry.at, batch[0].key)
    assert pages == [found.key for found in store.audit.page(AuditQuery(action="login"), count=50)]
    assert len(pages) >= 3


def test_failures_are_in_the_log_and_what_is_no_address_is_not(app: Flask, store: Store) -> None:
    visitor = Person(app.test_client())
    visitor.sign_in(AGENT, "wrong password")
    visitor.sign_in("my secret typed into the wrong field", "wrong password")

    entries = [found.entry for found in store.audit.page(AuditQuery(action="login.failed"), count=9)]
    assert [(entry.by, entry.origin) for entry in entries] == [("?", "127.0.0.1"), (AGENT, "127.0.0.1")]
    assert "secret" not in str(entries)


def test_who_tries_passwords_elsewhere_does_not_lock_the_person_out(agent, app: Flask, store: Store) -> None:
    agent.send("/logout")  # whose signing in was the first attempt of ten
    attacker = Person(app.test_client())
    attacker.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert [attacker.sign_in(AGENT, "wrong password").status_code for _ in range(14)] == [422] * 9 + [429] * 5
    stranger = Person(app.test_client())
    assert stranger.sign_in(AGENT).status_code == 429, "the account is closed to browsers it does not know"

    assert agent.sign_in(AGENT).status_code == 302, "and open in the one where its owner was"
    limited = store.audit.page(AuditQuery(action="login.limited"), count=9)
    assert {found.entry.origin for found in limited} == {"127.0.0.1", "192.0.2.7"}
    assert len(limited) <= 4, "once a minute, however often tried"


def test_signing_in_begins_a_session_with_a_key_of_its_own(app: Flask) -> None:
    visitor, thief = Person(app.test_client()), Person(app.test_client())
    visitor.client.get("/login")
    planted = visitor.client.get_cookie("listino_session").value
    assert visitor.sign_in(AGENT).status_code == 302
    thief.client.set_cookie("listino_session", planted)
    assert thief.client.get("/").location.startswith("/login")
    first = visitor.client.get_cookie("listino_session").value
    visitor.token = token(visitor.see("/account"))
    assert visitor.send("/login", email=AGENT, password=PASSWORD).status_code == 302
    thief.client.set_cookie("listino_session", first)
    assert thief.client.get("/").location.startswith("/login"), "the session before is over"


def test_signed_out_a_copied_cookie_opens_nothing(agent, app: Flask) -> None:
    copy = agent.client.get_cookie("listino_session").value
    agent.send("/logout")
    thief = signed_in(app, MANAGER)
    thief.client.set_cookie("listino_session", copy)
    assert thief.client.get("/").location.startswith("/login")


def test_the_command_lists_resets_and_disables(
    agent, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert main.run(["staff", "list", "--json"]) == 0
    listed = {one["email"]: one for one in json.loads(capsys.readouterr().out)}
    assert (listed[AGENT]["role"], listed[AGENT]["state"]) == ("agent", "active")

    assert main.run(["staff", "reset", AGENT]) == 0
    password = capsys.readouterr().out.strip()
    assert store.staff.authenticate(AGENT, password).must_change
    assert agent.client.get("/").location.startswith("/login")
    assert main.run(["staff", "disable", AGENT]) == 0
    assert store.staff.authenticate(AGENT, password) is None
    assert main.run(["staff", "disable", AGENT, "--undo"]) == 0
    assert store.staff.authenticate(AGENT, password)
    assert main.run(["staff", "disable", "nobody@listino.test"]) == 2
    assert actions(store, f"staff:{AGENT}")[:3] == ["staff.enabled", "staff.disabled", "password.reset"]
