"""The OpenAPI document is valid, complete and true to the limits in the code."""

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from api.openapi import DOCUMENT
from api.routes import routes
from api.schemas import SCHEMAS

ROUTES = [route for route in routes() if isinstance(route, Route)]


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
