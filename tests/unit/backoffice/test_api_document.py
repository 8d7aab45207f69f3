"""The OpenAPI document of the back office is valid, complete, and says what the routes demand."""

import re
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from backoffice.access import permissions
from backoffice.api.document import document
from backoffice.problems import MEDIA_TYPE, Problem


@pytest.fixture
def told(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return document(app)


def test_it_is_valid(told: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(told).validate()


def test_every_route_is_in_it_with_what_it_demands(app: Flask, told: dict[str, Any]) -> None:
    with app.app_context():
        declared = permissions()
    served = {
        (re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", rule.rule), method.lower()): declared[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and rule.endpoint != "api_openapi.page"
    }
    described = {(path, method): one for path, methods in told["paths"].items() for method, one in methods.items()}
    assert len(served) > 20
    assert described.keys() == served.keys()
    for key, permission in served.items():
        assert permission.scopes, key
        assert described[key]["security"] == [{"token": list(permission.scopes)}], key
        assert f"Role: {permission.role}" in described[key]["description"], key


def test_operations_have_names_and_summaries_of_their_own(told: dict[str, Any]) -> None:
    operations = [one for methods in told["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert [one["operationId"] for one in operations if not one["summary"]] == []


def test_what_need_not_be_sent_is_not_offered_as_null(told: dict[str, Any]) -> None:
    parameters = [
        one for methods in told["paths"].values() for route in methods.values() for one in route["parameters"]
    ]
    assert len(parameters) > 60
    assert [one["name"] for one in parameters if "null" in str(one["schema"]) or "default': None" in str(one)] == []
    note = told["components"]["schemas"]["NewNote"]
    assert (note["properties"]["id"]["type"], note["required"]) == ("string", ["text"])


def test_errors_have_examples_of_their_shape(told: dict[str, Any]) -> None:
    answers = told["components"]["responses"]
    assert len(answers) >= 10
    for name, answer in answers.items():
        example = Problem.model_validate(answer["content"][MEDIA_TYPE]["example"])
        assert name == f"Problem{example.status}"


def test_lists_have_one_shape(told: dict[str, Any]) -> None:
    pages = [one for name, one in told["components"]["schemas"].items() if name.startswith("Page_")]
    assert len(pages) >= 4
    assert {tuple(one["properties"]) for one in pages} == {("items", "next")}
