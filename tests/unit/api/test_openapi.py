"""The OpenAPI document is valid, complete and true to the limits in the code."""

import re
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from api.bounds import MOST_ADDRESS_BYTES, MOST_HEADERS, MOST_PARAMETERS
from api.cursors import following
from api.openapi import DOCUMENT
from api.parameters import MOST_CHARACTERS, MOST_ID_CHARACTERS
from api.routes import routes
from api.schemas import SCHEMAS
from listino.store.query import ProductQuery

ROUTES = [route for route in routes() if isinstance(route, Route) and route.include_in_schema]


def test_it_is_valid() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_route_is_in_it_and_nothing_else() -> None:
    assert len(ROUTES) >= 10
    served = {
        (route.path_format, method.lower()) for route in ROUTES for method in route.methods or () if method != "HEAD"
    }
    described = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}

    assert described == served


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_examples_are_what_their_schema_says(name: str) -> None:
    validator: Any = OAS31Validator({**SCHEMAS[name], "components": {"schemas": SCHEMAS}})

    assert SCHEMAS[name]["examples"]
    for example in SCHEMAS[name]["examples"]:
        validator.validate(example)


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """What a reference of the document stands for, or the value itself."""
    if "$ref" not in value:
        return value
    found: Any = DOCUMENT
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def holds(shape: dict[str, Any], value: Any) -> None:
    validator: Any = OAS31Validator({**shape, "components": {"schemas": SCHEMAS}})
    validator.validate(value)


ANSWERS = [
    pytest.param(resolved(answer), id=f"{path} {status}")
    for path, methods in DOCUMENT["paths"].items()
    for operation in methods.values()
    for status, answer in operation["responses"].items()
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_has_examples_that_its_schema_allows(answer: dict[str, Any]) -> None:
    if answer["description"] != "The caller holds it already.":
        assert answer["content"]
    for content in answer.get("content", {}).values():
        assert content["examples"]
        for example in content["examples"].values():
            holds(content["schema"], example["value"])


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_names_its_headers(answer: dict[str, Any]) -> None:
    assert {"Cache-Control", "X-Request-Id"} <= set(answer["headers"])
    for header in answer["headers"].values():
        for example in resolved(header)["schema"]["examples"]:
            holds(resolved(header)["schema"], example)


def test_parameters_have_examples() -> None:
    parameters = [
        resolved(parameter)
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
    ]
    assert len(parameters) > 10
    for parameter in parameters:
        named = [example["value"] for example in parameter.get("examples", {}).values()]
        examples = [*parameter["schema"].get("examples", ()), *named]
        assert examples, parameter["name"]
        for example in examples:
            holds(parameter["schema"], example)
        if parameter["name"] == "cursor":
            assert following(ProductQuery(), examples[0]).after == "it:bottega:3020"


def test_nothing_is_described_that_nothing_uses() -> None:
    text = str(DOCUMENT)
    unused = [
        f"{kind}/{name}"
        for kind, components in DOCUMENT["components"].items()
        for name in components
        if f"#/components/{kind}/{name}'" not in text
    ]
    assert unused == []


def test_the_page_for_storefront_developers_says_the_same() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| (\d{3}) \|", page, re.MULTILINE))
    assert told == set(DOCUMENT["components"]["responses"]) - {"304"}
    for words in (
        f"longer than {MOST_ADDRESS_BYTES} bytes",
        f"more than {MOST_HEADERS}",
        f"{MOST_ID_CHARACTERS} characters an id, {MOST_CHARACTERS} a filter, {MOST_PARAMETERS} parameters",
    ):
        assert words in page
