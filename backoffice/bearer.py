"""Requests of programs: `Authorization: Bearer` with a token of a staff member, instead of a browser's session."""

from collections.abc import Collection

from flask import abort, g, request
from flask_babel import gettext
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from backoffice.engines import engines
from listino.store.staff import StaffMember

PREFIX = "/api/"


def authenticated(scopes: Collection[str]) -> StaffMember:
    """Whose token it is; aborts with 401 without a token that holds, with 403 without one of the scopes."""
    given = request.authorization
    token = engines().store.tokens.find(given.token) if given and given.type == "bearer" and given.token else None
    member = engines().store.staff.get(token.person) if token else None
    if token is None or member is None or member.disabled_at:
        raise nobody()
    for scope in scopes:
        if scope not in token.scopes:
            abort(403, gettext("This needs a token with the scope %(scope)s.", scope=scope))
    engines().store.tokens.used(token)
    g.token = token
    return member


def nobody() -> Unauthorized:
    """The error of a request that shows no token that holds."""
    return Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
