"""How often somebody may try a password or a code."""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask, g, request
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address

from backoffice import devices, trail
from backoffice.access import Permission
from listino.domain.audit import StaffAction
from listino.live.client import PAGE_SECONDS, impatient_options
from listino.settings import Settings
from listino.store.staff import is_address, subject_of

# OWASP, Authentication Cheat Sheet: throttle by account and by address, so that neither many passwords for one
# account nor one password for many accounts can be tried quickly. Every lock opens by itself, after an hour at most.
OF_ACCOUNT = "10 per minute; 30 per hour"
OF_ADDRESS = "10 per minute; 100 per hour"  # an office may have one address
OF_MEMBER = "5 per minute; 20 per hour"  # of a million codes three are right at a time
OF_PROGRAM = "300 per minute"

# Where a member who is signed in has to show a password or a code.
PROOFS = (
    "session.second_factor",
    "account.password",
    "account.begin_two_factor",
    "account.confirm_two_factor",
    "account.end_two_factor",
)


def attach(app: Flask, settings: Settings) -> None:
    """Counts attempts in Redis, so that all workers share them; while Redis is away each worker counts on its own."""
    limiter = Limiter(
        key_func=get_remote_address,
        app=app,
        storage_uri=_storage(settings.redis_address),
        storage_options=impatient_options(PAGE_SECONDS),
        in_memory_fallback_enabled=True,
        key_prefix="backoffice",
    )
    views: dict[str, Any] = app.view_functions

    def limit(endpoint: str, how_often: str, key: Callable[[], str], **more: Any) -> None:
        views[endpoint] = limiter.limit(how_often, key_func=key, on_breach=_too_often, **more)(views[endpoint])

    limit("session.login", OF_ADDRESS, _address, methods=["POST"])
    limit("session.login", OF_ACCOUNT, _account, methods=["POST"])
    for endpoint in PROOFS:
        limit(endpoint, OF_MEMBER, _member, methods=["POST"])
    # What a token asks of all routes together; a browser that is let in to one of them has none.
    of_program = limiter.shared_limit(
        OF_PROGRAM, "programs", key_func=_program, on_breach=_too_often, exempt_when=lambda: "token" not in g
    )
    for endpoint, view in views.items():
        permission: Permission | None = getattr(view, "permission", None)
        if permission is not None and permission.scopes:
            views[endpoint] = of_program(view)


def _program() -> str:
    return f"token {g.token.id}"


def _address() -> str:
    return f"address {get_remote_address()}"


def _typed() -> str:
    return request.form.get("email", "").strip().lower()[:200]


def _account() -> str:
    device = devices.known(_typed())
    return f"device {device}" if device else f"account {_typed()}"


def _member() -> str:
    device = devices.known(g.member.email)
    return f"device {device} proofs" if device else f"account {g.member.email} proofs"


def _storage(redis_address: str) -> str:
    """The address as the library writes it, which has a scheme of its own for sockets."""
    return f"redis+{redis_address}" if redis_address.startswith("unix:") else redis_address


def _too_often(limit: RequestLimit) -> None:
    """Tells the error page for how long, and the audit log, once a minute and address."""
    g.retry_after = max(1, limit.reset_at - int(time.time()))
    member = g.get("member")
    account = member.email if member else _typed()
    if request.endpoint in ("session.login", *PROOFS):
        trail.record(
            StaffAction.LOGIN_LIMITED,
            subject_of(account if is_address(account) else "?"),
            by=account if is_address(account) else "?",
            detail={"page": request.endpoint},
            occasion=f"{get_remote_address()}@{int(time.time()) // 60}",
        )
