"""What is too much for one request."""

from typing import Any

import pytest

from api.bounds import MOST_ADDRESS_BYTES, MOST_HEADER_BYTES, MOST_HEADERS, MOST_PARAMETERS, excess


def scope(path: str = "/", query: bytes = b"", *, method: str = "GET", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"path": path, "raw_path": path.encode(), "query_string": query, "method": method, "headers": named}


def parameters(count: int) -> bytes:
    return b"&".join(b"p%d=1" % number for number in range(count))


@pytest.mark.parametrize(
    "request_scope",
    [
        scope(),
        scope("/" + "x" * (MOST_ADDRESS_BYTES - 3), b"ab"),
        scope("/", parameters(MOST_PARAMETERS)),
        scope("/", cookie="x" * (MOST_HEADER_BYTES - 6)),
        scope(**{f"h{number}": "" for number in range(MOST_HEADERS)}),
        scope(content_length="0"),
        scope(method="POST", content_length="5"),
    ],
)
def test_what_is_just_allowed(request_scope: dict[str, Any]) -> None:
    assert excess(request_scope) is None


@pytest.mark.parametrize(
    ("request_scope", "status"),
    [
        (scope("/" + "x" * (MOST_ADDRESS_BYTES - 2), b"ab"), 414),
        (scope("/", parameters(MOST_PARAMETERS + 1)), 400),
        (scope("/", b"&" * MOST_PARAMETERS), 400),
        (scope("/", cookie="x" * (MOST_HEADER_BYTES - 5)), 431),
        (scope(**{f"h{number}": "" for number in range(MOST_HEADERS + 1)}), 431),
        (scope(content_length="1"), 413),
        (scope(method="HEAD", content_length="10"), 413),
        (scope(transfer_encoding="chunked"), 413),
    ],
)
def test_what_is_too_much(request_scope: dict[str, Any], status: int) -> None:
    problem = excess(request_scope)
    assert problem is not None
    assert problem.status == status


def test_the_parameter_too_many_is_named() -> None:
    problem = excess(scope("/", parameters(MOST_PARAMETERS) + b"&colour%20=red"))
    assert problem is not None
    assert problem.parameter == "colour "
