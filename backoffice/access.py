"""Who may do what. Each route says so itself, with `requires`; one that says nothing keeps the application from starting."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from backoffice import bearer, signed_in
from backoffice.engines import engines
from listino.store.staff import ROLES, StaffMember
from listino.store.tokens import SCOPES

PUBLIC = "public"
# Routes of Flask and its extensions: files, nothing else.
LIBRARY_ROUTES = frozenset({"static", "bootstrap.static", "htmx.static"})

View = TypeVar("View", bound=Callable[..., Any])

ROLE_NAMES = {
    "agent": lazy_gettext("agent"),
    "manager": lazy_gettext("manager"),
    "admin": lazy_gettext("administrator"),
}
SCOPE_NAMES = {
    "read": lazy_gettext("read"),
    "write": lazy_gettext("change"),
    "people": lazy_gettext("personal data of customers"),
}

_KEY = "listino.permissions"


class Step(StrEnum):
    """What a session may lack before any page opens: the endpoint where that is made good."""

    SECOND_FACTOR = "session.second_factor"
    PASSWORD = "account.password"  # noqa: S105  # an endpoint
    ENROLMENT = "account.two_factor"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Permission:
    """The least role, or PUBLIC; `step`: open to a session that lacks that; `scopes`: for tokens that have all of them,
    and for browsers only where `browser` says so."""

    role: str
    step: Step | None = None
    scopes: tuple[str, ...] = ()
    browser: bool = False


def requires(
    role: str, *, step: Step | None = None, scopes: tuple[str, ...] = (), browser: bool = False
) -> Callable[[View], View]:
    """Declares who may use the route; stands between it and its view."""
    if role not in (PUBLIC, *ROLES):
        raise ValueError(f"{role!r} is not a role")
    if not set(scopes) <= set(SCOPES):
        raise ValueError(f"{scopes!r} are not all scopes")

    def mark(view: View) -> View:
        view.permission = Permission(role, step, scopes, browser)  # type: ignore[attr-defined]  # functions take attributes
        return view

    return mark


def attach(app: Flask) -> None:
    """Checks every request before anything else looks at it."""
    app.before_request(_check)
    app.context_processor(lambda: {"member": g.get("member"), "may": may})
    app.jinja_env.globals.update(ROLE_NAMES=ROLE_NAMES, SCOPE_NAMES=SCOPE_NAMES)


def seal(app: Flask) -> None:
    """Reads what the routes declare, once all are there; raises RuntimeError with those that declare nothing."""
    declared = dict.fromkeys(LIBRARY_ROUTES, Permission(PUBLIC)) | {
        endpoint: view.permission for endpoint, view in app.view_functions.items() if hasattr(view, "permission")
    }
    undeclared = sorted({rule.endpoint for rule in app.url_map.iter_rules()} - declared.keys())
    if undeclared:
        raise RuntimeError(f"nobody has said who may use {', '.join(undeclared)}: put @requires(...) before the view")
    app.extensions[_KEY] = declared


def permissions() -> Mapping[str, Permission]:
    """What each endpoint of this application requires."""
    declared: Mapping[str, Permission] = current_app.extensions[_KEY]
    return declared


def has_role(member: StaffMember, role: str) -> bool:
    """Whether the member's role is that one or a higher one."""
    return ROLES.index(member.role) >= ROLES.index(role)


def may(endpoint: str) -> bool:
    """Whether whoever makes this request may use the endpoint."""
    permission = permissions().get(endpoint)
    member: StaffMember | None = g.get("member")
    if permission is None or permission.role == PUBLIC:
        return permission is not None
    return member is not None and has_role(member, permission.role)


def demands_second_factor(role: str) -> bool:
    """Whether that role must have one."""
    return role in engines().settings.staff_two_factor_roles


def safe_address(wanted: str | None) -> str:
    """The address if it is a page of ours, else the start page: nobody is sent elsewhere after signing in."""
    if wanted and re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", wanted):
        parts = urlsplit(wanted)
        if not parts.scheme and not parts.netloc:
            return wanted
    return url_for("start.page")


def _check() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    permission = permissions().get(endpoint or "")
    _refuse_too_much()
    if permission is not None and permission.role == PUBLIC:
        return None
    if permission is not None and permission.scopes and not (permission.browser and request.authorization is None):
        g.member = bearer.authenticated(permission.scopes)
    elif permission is None and request.path.startswith(bearer.PREFIX):
        return None  # no such address, or not by this method: the router's own answer follows
    else:
        answer = _signed_in(permission)
        if answer is not None and permission is not None and permission.scopes:
            raise bearer.nobody()
        if answer is not None or endpoint is None:
            return answer
    if permission is None:
        abort(403)
    if not has_role(g.member, permission.role):
        needed, own = ROLE_NAMES[permission.role], ROLE_NAMES[g.member.role]
        abort(403, gettext("This needs the role %(needed)s; yours is %(own)s.", needed=needed, own=own))
    return None


def _refuse_too_much() -> None:
    """Also where nobody would read what was sent; and what comes in chunks, which does not say how much it is."""
    if "Transfer-Encoding" in request.headers:
        abort(411)
    if request.max_content_length is not None and (request.content_length or 0) > request.max_content_length:
        abort(413)


def _signed_in(permission: Permission | None) -> ResponseReturnValue | None:
    """Finds out who asks, or where they have to go first."""
    found = signed_in.current()
    lacking = _lacking(found) if found else None
    open_to_all = permission is not None and permission.step is not None and permission.step in (lacking, Step.ANY)
    if found is not None and (lacking is None or open_to_all):
        g.member, g.staff_session = found.member, found.session
        return None
    if request.endpoint is None:
        return None
    return _send_to(lacking or "session.login")


def _lacking(found: signed_in.SignedIn) -> Step | None:
    if found.member.two_factor and not found.session.verified:
        return Step.SECOND_FACTOR
    if found.member.must_change:
        return Step.PASSWORD
    if demands_second_factor(found.member.role) and not found.member.two_factor:
        return Step.ENROLMENT
    return None


def _send_to(endpoint: str) -> ResponseReturnValue:
    """To the page that has to come first, and from there back to the one that was asked for or that the request came from."""
    if "HX-Request" in request.headers:
        seen = urlsplit(request.headers.get("HX-Current-URL", ""))
        wanted = f"{seen.path}?{seen.query}" if seen.query else seen.path
        return Response(status=401, headers={"HX-Redirect": url_for(endpoint, next=safe_address(wanted))})
    wanted = request.full_path.removesuffix("?") if request.method == "GET" else "/"
    return redirect(url_for(endpoint, next=None if wanted == "/" else wanted))
