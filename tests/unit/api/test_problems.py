"""Which error becomes which status, and what its body says."""

import orjson
import pytest
from pymongo.errors import ServerSelectionTimeoutError
from starlette.exceptions import HTTPException

from api.problems import PROBLEMS, BadParameter, Problem, ProductGone, problem_body, problem_response
from listino.domain.errors import EngineUnavailable, ProductNotFound


def explained(error: Exception) -> Problem:
    kind = next(kind for kind in type(error).__mro__ if kind in PROBLEMS)
    return PROBLEMS[kind](error)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadParameter("count", "an integer from 1 to 100"), 400),
        (ProductNotFound("no product 7"), 404),
        (ProductGone(7), 410),
        (EngineUnavailable("MongoDB does not answer at mongodb://db-1"), 503),
        (ServerSelectionTimeoutError("db-1:27017: refused"), 503),
        (HTTPException(404), 404),
        (HTTPException(405, headers={"Allow": "GET"}), 405),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    assert explained(error).status == status


def test_a_bad_parameter_is_named() -> None:
    body = problem_body(explained(BadParameter("count", "an integer from 1 to 100")), "r1")

    assert body == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "count: an integer from 1 to 100",
        "request_id": "r1",
        "parameter": "count",
    }


def test_shoppers_do_not_learn_our_servers_names() -> None:
    problem = explained(EngineUnavailable("MongoDB does not answer at mongodb://db-1"))

    assert "db-1" not in problem.detail
    assert problem.headers["Retry-After"].isdigit()


def test_the_response_is_a_problem_and_is_not_kept() -> None:
    response = problem_response(Problem(405, "no", headers={"Allow": "GET"}), "r1")

    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["allow"] == "GET"
    assert orjson.loads(bytes(response.body))["title"] == "Method Not Allowed"


@pytest.mark.parametrize(("status", "title"), [(413, "Content Too Large"), (414, "URI Too Long"), (404, "Not Found")])
def test_titles_are_those_of_rfc_9110(status: int, title: str) -> None:
    assert problem_body(Problem(status, "too much"), "r1")["title"] == title
