import pytest
from flask import Flask

from backoffice.app import create_app
from backoffice.headers import CONTENT_SECURITY_POLICY
from listino.domain.errors import InvalidSettings
from listino.settings import Settings

SECRET = "a secret of no worth, for tests only"


def test_every_answer_carries_the_security_headers(app: Flask) -> None:
    for path in ("/login", "/healthz", "/static/listino.css", "/nowhere"):
        headers = app.test_client().get(path).headers
        assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path


def test_scripts_come_from_files_alone() -> None:
    policy = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["img-src"] == "'self' data: http: https:"


def test_pages_are_not_kept_and_versioned_files_are(app: Flask) -> None:
    client = app.test_client()

    assert client.get("/login").headers["Cache-Control"] == "no-store"
    assert "max-age=31536000" in client.get("/static/listino.css").headers["Cache-Control"]


def test_production_sends_cookies_over_https_alone() -> None:
    app = create_app(Settings(_env_file=None, env="production", secret_key=SECRET, redis_url="redis://127.0.0.1:1/0"))
    answer = app.test_client().get("/login", base_url="https://back.example")

    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_production_without_a_secret_does_not_start() -> None:
    with pytest.raises(InvalidSettings, match="LISTINO_SECRET_KEY"):
        create_app(Settings(_env_file=None, env="production"))
