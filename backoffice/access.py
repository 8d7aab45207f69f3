"""Who may do what. A route that PERMISSIONS does not name is closed to everybody."""

import re
import time
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user

from backoffice.config import SESSION_HOURS
from backoffice.engines import engines
from listino.store.staff import ROLES, StaffMember

PUBLIC = "public"

PERMISSIONS = {
    "static": PUBLIC,
    "bootstrap.static": PUBLIC,
    "htmx.static": PUBLIC,
    "probes.healthz": PUBLIC,
    "probes.readyz": PUBLIC,
    "probes.metrics": PUBLIC,
    "session.login": PUBLIC,
    "session.logout": "agent",
    "start.page": "agent",
    "products.search": "agent",
    "products.suggestions": "agent",
    "products.page": "agent",
    "products.refresh": "agent",
    "crawls.runs": "agent",
    "crawls.page": "agent",
    "crawls.start": "manager",
    "crawls.accept_drift": "manager",
    "held_prices.prices": "agent",
    "held_prices.confirm": "manager",
    "held_prices.decide": "manager",
    "held_prices.review": "manager",
    "held_prices.decide_all": "manager",
}

_ENDS = "ends"  # when the session ends, in seconds since the epoch
_CREDENTIAL = "credential"


class SignedIn(UserMixin):
    """A staff member as the session knows them. Read from the store at every request, so that a change of role holds at once."""

    def __init__(self, member: StaffMember) -> None:
        self.member = member
        self.id = member.email


def attach(app: Flask) -> None:
    """Checks every request against PERMISSIONS before anything else looks at it."""
    # Templates know the member as `member`; the extension's own variable would ask the store again on an error page.
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_signed_in)
    app.before_request(_check)
    app.context_processor(lambda: {"member": g.get("member"), "may": may})


def has_role(member: StaffMember, role: str) -> bool:
    """Whether the member's role is that one or a higher one."""
    return ROLES.index(member.role) >= ROLES.index(role)


def may(endpoint: str) -> bool:
    """Whether whoever makes this request may use the endpoint."""
    permission = PERMISSIONS.get(endpoint)
    member: StaffMember | None = g.get("member")
    if permission is None or permission == PUBLIC:
        return permission == PUBLIC
    return member is not None and has_role(member, permission)


def sign_in(member: StaffMember) -> None:
    """Begins a session of SESSION_HOURS; nothing of the session before remains."""
    session.clear()
    session.permanent = True
    session[_ENDS] = int(time.time()) + SESSION_HOURS * 3600
    session[_CREDENTIAL] = member.credential
    login_user(SignedIn(member))


def safe_address(wanted: str | None) -> str:
    """The address if it is a page of ours, else the start page: nobody is sent elsewhere after signing in."""
    if wanted and re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", wanted):
        parts = urlsplit(wanted)
        if not parts.scheme and not parts.netloc:
            return wanted
    return url_for("start.page")


def _signed_in(email: str) -> SignedIn | None:
    if session.get(_ENDS, 0) < time.time():
        return None
    member = engines().store.staff.get(email)
    # A new password ends the sessions that were begun with the old one.
    return SignedIn(member) if member and member.credential == session.get(_CREDENTIAL) else None


def _check() -> ResponseReturnValue | None:
    permission = PERMISSIONS.get(request.endpoint or "")
    if permission == PUBLIC:
        return None
    if current_user.is_authenticated:
        g.member = current_user.member
    if request.endpoint is None:
        # No such page, or not by this method: the router's own answer follows.
        return None
    if "member" not in g:
        return _ask_to_sign_in()
    if not may(request.endpoint):
        abort(403, f"This needs the role {permission}; yours is {g.member.role}.")
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    """To the log-in page, and from there back to the page that was asked for or that the request came from."""
    if "HX-Request" in request.headers:
        seen = urlsplit(request.headers.get("HX-Current-URL", ""))
        wanted = f"{seen.path}?{seen.query}" if seen.query else seen.path
        return Response(status=401, headers={"HX-Redirect": url_for("session.login", next=safe_address(wanted))})
    wanted = request.full_path.removesuffix("?") if request.method == "GET" else "/"
    return redirect(url_for("session.login", next=None if wanted == "/" else wanted))
