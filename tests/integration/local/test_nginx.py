"""The balancer: which node is asked, what nginx itself answers."""

import http.client
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from nodes import Node, balanced_nodes
from openapi_schema_validator import OAS31Validator

from api.schemas import SCHEMAS
from listino.settings import Settings


@pytest.fixture
def nodes(settings: Settings) -> Iterator[dict[str, Node]]:
    with balanced_nodes(settings) as nodes:
        yield nodes


def ask(
    settings: Settings, method: str = "GET", *, path: str = "/products", **headers: str
) -> tuple[http.client.HTTPResponse, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", settings.port("nginx"), timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, json.loads(response.read())
    finally:
        connection.close()


def test_both_nodes_are_asked_and_the_request_id_goes_there_and_back(
    settings: Settings, nodes: dict[str, Node]
) -> None:
    answers = [ask(settings) for _ in range(6)]
    assert {answer["node"] for _, answer in answers} == {"api-1", "api-2"}
    assert all(response.headers["X-Request-ID"] == answer["id"] for response, answer in answers)
    assert len({answer["id"] for _, answer in answers}) == 6

    response, answer = ask(settings, X_Request_ID="order-4711-a")
    assert (answer["id"], response.headers["X-Request-ID"]) == ("order-4711-a", "order-4711-a")
    _, answer = ask(settings, X_Request_ID='"><script>')
    assert answer["id"] != '"><script>'


@pytest.mark.parametrize("path", ["/products", "/products/it:bottega:1/price", "/products/it:bottega:1/price/events"])
def test_nodes_are_told_when_a_request_arrived_whatever_its_sender_says(
    settings: Settings, nodes: dict[str, Node], path: str
) -> None:
    for node in nodes.values():
        node.answer = lambda request: (json.dumps({"said": request.headers.get_all("X-Request-Start")}).encode(), {})
    before = time.time()
    _, answer = ask(settings, path=path, X_Request_Start="t=1.000")
    assert isinstance(answer["said"], list)
    assert len(answer["said"]) == 1
    assert re.fullmatch(r"t=\d+\.\d{3}", answer["said"][0])
    assert before - 0.01 <= float(answer["said"][0][2:]) <= time.time()


def test_a_failing_node_is_not_seen_by_those_who_read_and_nothing_is_done_twice(
    settings: Settings, nodes: dict[str, Node]
) -> None:
    nodes["api-1"].failing = 503
    assert [ask(settings)[0].status for _ in range(4)] == [200] * 4
    assert nodes["api-1"].asked > 0

    nodes["api-2"].failing = 503
    before = sum(node.asked for node in nodes.values())
    ask(settings, "POST")
    assert sum(node.asked for node in nodes.values()) - before == 1


def test_a_node_that_waited_for_its_engine_in_vain_is_believed(settings: Settings, nodes: dict[str, Node]) -> None:
    for node in nodes.values():
        node.failing, node.thinks = 503, 1.0

    assert ask(settings)[0].status == 503
    assert sum(node.asked for node in nodes.values()) == 1


def test_without_any_node_the_answer_is_a_problem_with_retry_after(settings: Settings, nodes: dict[str, Node]) -> None:
    for node in nodes.values():
        node.shutdown()
        node.server_close()
    response, problem = ask(settings)
    assert response.status == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == "1"
    assert problem["status"] == 503
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def say(settings: Settings, request: bytes) -> tuple[http.client.HTTPResponse, bytes]:
    """The answer to exactly these bytes."""
    with socket.create_connection(("127.0.0.1", settings.port("nginx")), timeout=10) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response, response.read()


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"GET /products/x%00", b"", 400),
        (b"GET /products/%zz", b"", 400),
        (b"GE?T /products", b"", 400),
        (b"GET /products", b"Content-Length: many\r\n", 400),
        (b"GET /products", b"Cookie: " + b"x" * 9_000 + b"\r\n", 431),
        (b"TRACE /products", b"", 405),
        (b"POST /events", b"Content-Length: 2000000\r\n", 413),
        (b"GET /" + b"x" * 40_000, b"", 414),
    ],
    ids=["NUL", "percent", "method", "length", "header", "TRACE", "body", "address"],
)
def test_what_nginx_refuses_is_told_as_a_problem(
    settings: Settings, nodes: dict[str, Node], request_line: bytes, headers: bytes, status: int
) -> None:
    response, body = say(settings, request_line + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n")

    assert response.status == status
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(body)
    OAS31Validator({**SCHEMAS["Problem"], "components": {"schemas": SCHEMAS}}).validate(problem)
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Retry-After"] is None
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert sum(node.asked for node in nodes.values()) == 0


def test_nobody_asks_for_the_problem_itself(settings: Settings, nodes: dict[str, Node]) -> None:
    response, body = say(settings, b"GET /nginx-problem HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (response.status, json.loads(body)["status"]) == (404, 404)


def ask_at_once(settings: Settings, nodes: dict[str, Node], times: int) -> tuple[Counter[int], str]:
    """So many requests sent together, for a page that nginx keeps: how often which status came back, and all answers."""
    for node in nodes.values():
        node.answer = lambda _: (b"{}", {"X-Accel-Expires": f"@{int(time.time()) + 60}"})
    ask(settings)
    request = b"GET /products HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection(("127.0.0.1", settings.port("nginx")), timeout=10) as connection:
        connection.sendall((request + b"\r\n") * (times - 1) + request + b"Connection: close\r\n\r\n")
        answers = connection.makefile("rb").read().decode()
    return Counter(int(status) for status in re.findall(r"HTTP/1.1 (\d+)", answers)), answers


def test_who_asks_too_often_is_told_when_to_ask_again(settings: Settings) -> None:
    with balanced_nodes(settings, limited=True) as nodes:
        statuses, answers = ask_at_once(settings, nodes, 300)
    assert statuses[200] >= 100  # the burst that is allowed
    assert statuses[429] == 300 - statuses[200] > 0
    assert answers.count("\r\nRetry-After: 1\r\n") == answers.count('"status":429') == statuses[429]


def test_this_machine_may_ask_as_often_as_it_likes(settings: Settings, nodes: dict[str, Node]) -> None:
    assert ask_at_once(settings, nodes, 300)[0] == {200: 300}
