"""Whose token it is."""

from typing import Annotated

from flask import g
from pydantic import Field

from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.shapes import Moment, Told

blueprint = subject("me", "/me", __name__)


class OwnToken(Told):
    """The token of the request."""

    id: Annotated[str, Field(examples=["1f0c9a7e5d3b2846"])]
    name: Annotated[str, Field(examples=["reports"])]
    scopes: Annotated[list[str], Field(examples=[["read"]])]
    expires_at: Moment


class Me(Told):
    """Who asks, and what the token may do."""

    email: Annotated[str, Field(examples=["anna@example.com"])]
    role: Annotated[str, Field(examples=["agent"])]
    token: OwnToken


@blueprint.get("")
@requires("agent", scopes=("read",))
@operation()
def me() -> Me:
    """Whose token it is, and what it may do"""
    token = OwnToken(id=g.token.id, name=g.token.name, scopes=list(g.token.scopes), expires_at=g.token.until)
    return Me(email=g.member.email, role=g.member.role, token=token)
