"""Errors for programs: problem details (RFC 9457), which name each part of a request that cannot be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from flask import Response, g
from pydantic import BaseModel, ConfigDict

from listino.domain.errors import ListinoError

MEDIA_TYPE = "application/problem+json"


class Wrong(BaseModel):
    """One part of the request that cannot be used, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Literal["path", "query", "body"]
    name: str  # of a field within another one: `lines.0.amount`; empty for the body as a whole
    reason: str


class Problem(BaseModel):
    """What went wrong. `about:blank` says that the status alone tells its kind; `detail` is for people."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Wrong] | None = None


@dataclass(frozen=True, slots=True)
class InvalidRequest(ListinoError):
    """Raised when a request cannot be used as it is; names all that is wrong with it."""

    wrong: Sequence[Wrong]

    def __str__(self) -> str:
        return "; ".join(f"{one.name}: {one.reason}" if one.name else one.reason for one in self.wrong)


def problem(status: int, detail: str, wrong: Sequence[Wrong] = ()) -> Response:
    """The answer."""
    told = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=g.get("request_id", ""),
        errors=list(wrong) or None,
    )
    return Response(told.model_dump_json(exclude_none=True), status, content_type=MEDIA_TYPE)
