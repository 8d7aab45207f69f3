"""What is too much or too often, over real connections."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from serving import served

from api.app import create_app
from api.bounds import MOST_ADDRESS_BYTES, MOST_HEADER_BYTES
from api.openapi import DOCUMENT
from listino.domain.product import Product
from listino.settings import Settings
from listino.store.client import Store

PROBLEM = "application/problem+json"


@pytest.fixture
def connected(settings: Settings, store: Store) -> Iterator[httpx2.Client]:
    """Talks to uvicorn as nginx does; one product is there."""
    store.products.upsert([Product(id=500, name="Camo Onesie")])
    with served(create_app(settings), lifespan="on") as address, httpx2.Client(base_url=address) as client:
        yield client


def test_head_answers_what_get_would_without_the_body(connected: httpx2.Client) -> None:
    # A stream has no end to wait for; what its head answers is tested with the streams.
    addresses = [path.format(id="500") for path in DOCUMENT["paths"] if not path.endswith("/events")]
    for address in (*addresses, "/products/", "/nowhere", "/products?count=0"):
        got, headed = connected.get(address), connected.head(address)
        assert (headed.status_code, headed.content) == (got.status_code, b""), address
        for name in ("content-type", "etag", "cache-control", "allow", "vary", "content-encoding"):
            assert headed.headers.get(name) == got.headers.get(name), (address, name)
        if address != "/metrics":  # each answer is counted in the next
            assert headed.headers.get("content-length") == got.headers.get("content-length"), address
    assert connected.head("/docs/assets/swagger-ui.css").status_code == 200


def test_another_method_is_told_which_there_are(connected: httpx2.Client) -> None:
    for path in (*DOCUMENT["paths"], "/docs/assets/swagger-ui.css"):
        taken = {method.upper() for method in DOCUMENT["paths"].get(path, {"get": {}})}
        taken |= {"HEAD"} if "GET" in taken else set()
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} - taken:
            answer = connected.request(method, path.format(id="500"))
            assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM), (method, path)
            assert set(answer.headers["allow"].split(", ")) == taken, (method, path)


TOO_MUCH: dict[str, tuple[int, dict[str, Any]]] = {
    "address": (414, {"params": {"shop": "x" * MOST_ADDRESS_BYTES}}),
    "header": (431, {"headers": {"Cookie": "x" * MOST_HEADER_BYTES}}),
    "headers": (431, {"headers": {f"X-{number}": "" for number in range(100)}}),
    "body": (413, {"content": b"{}"}),
    "body in chunks": (413, {"content": iter([b"{", b"}"])}),
    "parameters": (400, {"params": [(f"p{number}", "") for number in range(33)]}),
}


def test_too_much_is_a_problem_and_the_next_request_is_answered(connected: httpx2.Client) -> None:
    for what, (status, asked) in TOO_MUCH.items():
        answer = connected.request("GET", "/products", **asked)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), what
        assert answer.json()["request_id"] == answer.headers["x-request-id"], what
        assert connected.get("/products/500").status_code == 200, what


def test_a_body_is_not_taken_for_the_next_request(connected: httpx2.Client) -> None:
    hidden = b"GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n"
    url = urlsplit(str(connected.base_url))
    with socket.create_connection((url.hostname, url.port), timeout=4) as connection:
        head = f"GET /products/500 HTTP/1.1\r\nHost: api\r\nContent-Length: {len(hidden)}\r\n\r\n"
        connection.sendall(head.encode() + hidden)
        answered = b"".join(iter(lambda: connection.recv(65536), b""))  # until the server closes, which it does at once
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert answered.count(b"HTTP/1.1 ") == 1


async def test_who_asks_too_often_is_told_when_to_come_again(settings: Settings, serve: Any, store: Store) -> None:
    store.products.upsert([Product(id=500, name="Camo Onesie")])
    async with serve(settings.model_copy(update={"client_rate": 0.01, "client_burst": 3})) as client:
        answers = [await client.get("/products/500", headers={"X-Real-IP": "192.0.2.7"}) for _ in range(5)]
        other = await client.get("/products/500", headers={"X-Real-IP": "192.0.2.8"})
        machines = [await client.get(path, headers={"X-Real-IP": "192.0.2.7"}) for path in ("/healthz", "/metrics")]
        metrics = machines[1].text

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert (answers[3].headers["content-type"], answers[3].headers["cache-control"]) == (PROBLEM, "no-store")
    seconds = answers[3].headers["retry-after"]
    assert 60 < int(seconds) <= 100
    assert answers[3].json()["detail"] == f"Too many requests from one client; ask again in {seconds} s."
    assert [answer.status_code for answer in (other, *machines)] == [200, 200, 200]
    assert 'listino_api_request_seconds_count{route="unmatched",status="429"} 2.0' in metrics


async def test_who_is_not_trusted_cannot_pass_for_others(settings: Settings, serve: Any) -> None:
    distrusting = {"client_rate": 0.01, "client_burst": 1, "trusted_proxies": ()}
    async with serve(settings.model_copy(update=distrusting)) as client:
        answers = [await client.get("/docs", headers={"X-Real-IP": f"192.0.2.{number}"}) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 429]


async def test_by_default_anybody_may_ask_any_number_of_times(client: httpx2.AsyncClient) -> None:
    assert {(await client.get("/docs")).status_code for _ in range(120)} == {200}
