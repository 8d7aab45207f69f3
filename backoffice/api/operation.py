"""What a route of the JSON API takes and gives, declared by its view's annotations, and held to.

    @blueprint.get("/<product_id>/history")
    @requires("agent", scopes=("read",))
    @operation(problems=(404,))
    def history(product_id: ProductKey, query: HistoryQuery) -> Page[Point]:

`query` is made of the address's parameters and `body` of the JSON that is sent; whatever else there is, is a part of the
path. What is returned becomes the answer; a view that returns nothing answers 204. One that returns the pieces of a JSON text
says with `streams` what they are.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_type_hints

from flask import Blueprint, Response, request
from pydantic import BaseModel, TypeAdapter, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from backoffice.problems import InvalidRequest, Wrong

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answer` is None for 204; `problems` are the statuses of errors that not every route has."""

    path: Mapping[str, Any]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: type[BaseModel] | None
    status: int
    problems: tuple[int, ...]


def subject(name: str, address: str, module: str) -> Blueprint:
    """The blueprint of a subject, below the address that all of them have in common."""
    return Blueprint(f"api_{name}", module, url_prefix=f"{PREFIX}{address}")


Given = BaseModel | Iterator[str] | None


def operation(
    *, status: int = 200, problems: tuple[int, ...] = (), streams: type[BaseModel] | None = None
) -> Callable[[Callable[..., Given]], Callable[..., Response]]:
    """Reads the declaration of a view; stands next to it, beneath `requires`."""

    def declare(view: Callable[..., Given]) -> Callable[..., Response]:
        hints = get_type_hints(view, include_extras=True)
        returned = hints.pop("return")
        declared = Operation(
            query=hints.pop("query", None),
            body=hints.pop("body", None),
            path=hints,
            answer=streams or (None if returned is NoneType else returned),
            status=204 if returned is NoneType else status,
            problems=problems,
        )

        @functools.wraps(view)
        def answered(**parts: str) -> Response:
            found = view(**_given(declared, parts))
            if found is None:
                return Response(status=204)
            text = found.model_dump_json() if isinstance(found, BaseModel) else found
            return Response(text, declared.status, content_type="application/json")

        answered.operation = declared  # type: ignore[attr-defined]  # functions take attributes
        return answered

    return declare


def _given(declared: Operation, parts: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of the view; raises InvalidRequest with all that is wrong, and UnsupportedMediaType."""
    wrong: list[Wrong] = []
    given: dict[str, Any] = {}
    for name, kind in declared.path.items():
        try:
            given[name] = TypeAdapter(kind).validate_python(parts[name])
        except ValidationError as error:
            wrong += [Wrong(place="path", name=name, reason=one.reason) for one in _wrongs("path", error)]
    sent = request.args.to_dict(flat=False)
    twice = [name for name, values in sent.items() if len(values) > 1]
    wrong += [Wrong(place="query", name=name[:80], reason="once only") for name in twice]
    try:
        asked = _Nothing if declared.query is None else declared.query
        given["query"] = asked.model_validate({name: values[0] for name, values in sent.items()})
    except ValidationError as error:
        wrong += _wrongs("query", error)
    if declared.body is not None:
        if not request.is_json:
            raise UnsupportedMediaType
        try:
            # The parser bounds how deep a body is nested, which Python's own does not.
            given["body"] = declared.body.model_validate_json(request.get_data())
        except ValidationError as error:
            wrong += _wrongs("body", error)
    if wrong:
        raise InvalidRequest(wrong)
    if declared.query is None:
        del given["query"]
    return given


class _Nothing(BaseModel, extra="forbid"):
    """The query of a route that takes no parameters."""


def _wrongs(place: Any, error: ValidationError) -> list[Wrong]:
    return [
        Wrong(
            place=place,
            name=".".join(str(part)[:80] for part in one["loc"]),
            # What a check of ours says, without pydantic's words before it.
            reason=str(one["ctx"]["error"]) if one["type"] == "value_error" else one["msg"],
        )
        for one in error.errors(include_url=False, include_input=False)
    ]
