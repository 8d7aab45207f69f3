"""How often somebody may try to sign in."""

from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from listino.live.client import PAGE_SECONDS, impatient_options
from listino.settings import Settings

# OWASP, Authentication Cheat Sheet: throttle by account and by address, so that neither many passwords for one
# account nor one password for many accounts can be tried quickly.
LOGINS = "10 per minute"


def limit_logins(app: Flask, settings: Settings) -> None:
    """Counts attempts in Redis, so that all workers share them; while Redis is away each worker counts on its own."""
    limiter = Limiter(
        key_func=get_remote_address,
        app=app,
        storage_uri=settings.redis_address,
        storage_options=impatient_options(PAGE_SECONDS),
        in_memory_fallback_enabled=True,
        key_prefix="backoffice",
    )
    views: dict[str, Any] = app.view_functions
    for key in (_address, _account):
        limit = limiter.limit(LOGINS, key_func=key, methods=["POST"])
        views["session.login"] = limit(views["session.login"])


def _address() -> str:
    return f"address {get_remote_address()}"


def _account() -> str:
    return f"account {request.form.get('email', '').strip().lower()[:200]}"
