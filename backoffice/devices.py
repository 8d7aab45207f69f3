"""Browsers in which somebody has signed in before: they have attempts of their own.

Whoever tries passwords for an account from elsewhere uses up the attempts of strangers, and does not keep the person out
(OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

import secrets

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "listino_device"
DAYS = 180


def remember(response: Response, email: str) -> None:
    """The browser is one of that person from now on."""
    response.set_cookie(
        COOKIE,
        _serializer().dumps([email, secrets.token_hex(8)]),
        max_age=DAYS * 86_400,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def known(email: str) -> str | None:
    """The browser's name, if that person has signed in with it before."""
    try:
        owner, name = _serializer().loads(request.cookies.get(COOKIE, ""), max_age=DAYS * 86_400)
    except (BadData, TypeError, ValueError):
        return None
    return str(name) if owner == email else None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="listino device")
