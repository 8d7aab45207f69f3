"""The OpenAPI 3.1 document of the API, read off its routes: what they declare is what is written."""

import inspect
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from backoffice.access import Permission, permissions
from backoffice.api.operation import PREFIX, Operation
from backoffice.problems import MEDIA_TYPE, Problem
from listino.store.tokens import SCOPES

Json = dict[str, Any]

# Errors that every route may have, and what the others mean.
_EVERYWHERE = (400, 401, 403, 413, 429, 500, 503)
_PROBLEMS: Mapping[int, str] = {
    400: "The request cannot be used; `errors` names each part that is wrong.",
    401: "No token, or one that does not hold.",
    403: "The token lacks a scope, or its owner the role.",
    404: "There is no such thing.",
    409: "It is not as the request supposes, or cannot be done to it.",
    413: "The request is too large.",
    415: "The body is not JSON.",
    429: "Too many requests of this token; `Retry-After` says for how many seconds to wait.",
    500: "Something broke on our side; tell the operator the `request_id`.",
    503: "An engine is away; `Retry-After` says when to try again.",
}
_DETAILS: Mapping[int, str] = {
    400: "count: Input should be less than or equal to 100.",
    401: "Send a token of yours that holds, as `Authorization: Bearer …`.",
    403: "This needs a token with the scope write. Ask an administrator if you need this for your work.",
    404: "There is no product it:bottega:3021.",
    409: "it:bottega:3020: the price was accepted already, by anna@example.com.",
}


def document(app: Flask) -> Json:
    """Of all routes of that application that are declared operations; needs its context."""
    routes = [
        (rule, app.view_functions[rule.endpoint], declared)
        for rule in app.url_map.iter_rules()
        if (declared := getattr(app.view_functions[rule.endpoint], "operation", None)) is not None
    ]
    shapes = _Shapes([declared for _, _, declared in routes])
    paths: Json = {}
    for rule, view, declared in routes:
        path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            told = _operation(rule, view, declared, permissions()[rule.endpoint], shapes)
            paths.setdefault(path, {})[method.lower()] = told
    answers = {f"Problem{status}": _problem(status, shapes) for status in _PROBLEMS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Listino back office",
            "version": "1.0.0",  # of this contract, not of the program
            "description": "What the pages of the back office show and do, for programs of its staff. A token may do what its "
            "owner's role may at that moment, as far as its scopes go. Lists answer `items` and `next`: ask again with "
            "`after` set to `next` until it is null. Money is an integer of minor units; times are UTC; errors are "
            "problem details (RFC 9457). A parameter or field that is not named here is refused.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": shapes.shown,
            "responses": answers,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"A token of a member of the staff. Scopes: {', '.join(SCOPES)}.",
                }
            },
        },
    }


class _Shapes:
    """The schemas of all models that the operations name."""

    def __init__(self, declared: list[Operation]) -> None:
        asked = {one.query for one in declared if one.query}
        sent = asked | {one.body for one in declared if one.body}
        told: set[type[BaseModel]] = {one.answer for one in declared if one.answer} | {Problem}
        models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in sent]
        models += [(model, "serialization") for model in told]
        found, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
        self._references = {model: reference for (model, _), reference in found.items()}
        self._all: Json = schemas["$defs"]
        # A query is written as parameters, each for itself.
        parameters = {self._name(model) for model in asked}
        self.shown = {name: self._all[name] for name in sorted(self._all.keys() - parameters)}

    def reference(self, model: type[BaseModel]) -> Json:
        return self._references[model]

    def schema(self, model: type[BaseModel]) -> Json:
        found: Json = self._all[self._name(model)]
        return found

    def _name(self, model: type[BaseModel]) -> str:
        return str(self._references[model]["$ref"]).rpartition("/")[2]


def _operation(rule: Rule, view: Any, declared: Operation, permission: Permission, shapes: _Shapes) -> Json:
    summary, _, more = inspect.cleandoc(view.__doc__ or "").partition("\n")
    needs = f"Role: {permission.role}, or a higher one. Scopes: {', '.join(permission.scopes)}."
    told: Json = {
        "operationId": rule.endpoint.removeprefix("api_"),
        "summary": summary,
        "description": f"{more.strip()} {needs}".strip(),
        "tags": [rule.rule.removeprefix(f"{PREFIX}/").partition("/")[0]],
        "security": [{"token": list(permission.scopes)}],
        "parameters": [*_path(declared), *_query(declared, shapes)],
        "responses": _responses(declared, shapes),
    }
    if declared.body is not None:
        content = {"schema": shapes.reference(declared.body)}
        told["requestBody"] = {"required": True, "content": {"application/json": content}}
    return told


def _path(declared: Operation) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": TypeAdapter(kind).json_schema()}
        for name, kind in declared.path.items()
    ]


def _query(declared: Operation, shapes: _Shapes) -> list[Json]:
    if declared.query is None:
        return []
    schema = shapes.schema(declared.query)
    needed = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": kind}
        for name, kind in schema["properties"].items()
    ]


def _responses(declared: Operation, shapes: _Shapes) -> Json:
    good: Json = {"description": "Done."}
    if declared.answer is not None:
        content = {"schema": shapes.reference(declared.answer)}
        good = {
            "description": (inspect.getdoc(declared.answer) or "").partition("\n")[0],
            "content": {"application/json": content},
        }
    statuses = {*_EVERYWHERE, *declared.problems, *((415,) if declared.body else ())}
    bad = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(statuses)}
    return {str(declared.status): good} | bad


def _problem(status: int, shapes: _Shapes) -> Json:
    example: Json = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _DETAILS.get(status, _PROBLEMS[status]),
        "request_id": "5f0c8a5d2e6b4f7c9a1d3e5b7c9f1a2b",
    }
    if status == 400:
        example["errors"] = [{"place": "query", "name": "count", "reason": "Input should be less than or equal to 100"}]
    told: Json = {
        "description": _PROBLEMS[status],
        "content": {MEDIA_TYPE: {"schema": shapes.reference(Problem), "example": example}},
    }
    if status in (429, 503):
        told["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "In seconds."}}
    return told
