"""What every answer has, what machines ask, and what happens when an engine is away."""

import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import structlog

from api.app import create_app
from listino.domain.product import Product
from listino.settings import Settings
from listino.store.aio import AsyncProducts
from listino.store.client import Store

Make = Callable[..., Product]
PROBLEM = "application/problem+json"
NO_MONGO = {"mongo_uri": "mongodb://127.0.0.1:1/"}
NO_REDIS = {"redis_url": "redis://127.0.0.1:1/0"}


async def test_alive_and_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "mongo": "ready", "redis": "ready"})


async def test_without_redis_it_is_ready_all_the_same(settings: Settings, serve: Any) -> None:
    async with serve(settings.model_copy(update=NO_REDIS)) as client:
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "degraded", "mongo": "ready", "redis": "away"})


async def test_without_mongodb_it_is_alive_but_not_ready(settings: Settings, serve: Any) -> None:
    async with serve(settings.model_copy(update=NO_MONGO)) as client:
        ready, alive = await client.get("/readyz"), await client.get("/healthz")

    assert (ready.status_code, ready.json()["mongo"], ready.headers["retry-after"]) == (503, "away", "2")
    assert alive.status_code == 200


async def test_without_mongodb_reads_answer_503(settings: Settings, serve: Any) -> None:
    async with serve(settings.model_copy(update=NO_MONGO)) as client:
        answer = await client.get("/products")

    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    assert answer.headers["retry-after"] == "2"
    assert "127.0.0.1" not in answer.text


async def test_every_answer_is_marked(client: httpx2.AsyncClient) -> None:
    for address in ("/healthz", "/nowhere", "/products?count=0", "/docs"):
        answer = await client.get(address)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a-1.B_2x", True), ("x" * 64, True), ("x" * 7, False), ("x" * 65, False), ("several words", False)],
)
async def test_a_sane_request_id_is_kept(client: httpx2.AsyncClient, given: str, kept: bool) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-Id": given})

    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "address", ["/nowhere", "/products//", "/healthz/", "/products/500/nothing", "/docs/assets/nothing.js"]
)
async def test_unknown_addresses_are_problems(client: httpx2.AsyncClient, address: str) -> None:
    answer = await client.get(address)

    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert answer.json()["status"] == 404


async def test_a_wrong_method_is_a_problem(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/products")

    assert (answer.status_code, answer.headers["content-type"]) == (405, PROBLEM)
    assert "GET" in answer.headers["allow"]


async def test_our_own_mistake_is_told_without_its_details(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of ours")

    monkeypatch.setattr(AsyncProducts, "among", broken)
    with structlog.testing.capture_logs() as lines:
        answer = await client.get("/products/500", headers={"X-Request-Id": "request-1"})

    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert (answer.json()["request_id"], answer.headers["x-request-id"]) == ("request-1", "request-1")
    assert "secret" not in answer.text
    assert [line["event"] for line in lines] == ["api.failed", "api.request"]
    assert (lines[1]["status"], lines[1]["route"]) == (500, "/products/{id}")


async def test_each_request_is_one_line(client: httpx2.AsyncClient, store: Store) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.get("/products/7", headers={"X-Request-Id": "request-1"})

    assert len(lines) == 1
    assert lines[0].pop("ms") > 0
    assert lines[0] == {
        "event": "api.request",
        "log_level": "info",
        "method": "GET",
        "path": "/products/7",
        "route": "/products/{id}",
        "status": 404,
        "request_id": "request-1",
    }


async def test_lines_are_json(settings: Settings, capfdbinary: pytest.CaptureFixture[bytes], serve: Any) -> None:
    async with serve(settings) as client:
        await client.get("/nowhere")

    written = capfdbinary.readouterr().out.splitlines()
    lines = [httpx2.Response(200, content=line).json() for line in written if b"api.request" in line]
    assert len(lines) == 1
    assert (lines[0]["level"], lines[0]["route"], lines[0]["status"]) == ("info", "unmatched", 404)


async def test_metrics(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    store.products.upsert([Product(id=500, name="Camo Onesie")])
    for address in ("/products/500", "/products/7", "/nowhere/1", "/nowhere/2", "/products/500/price"):
        await client.get(address)

    answer = await client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        'listino_api_request_seconds_count{route="/products/{id}",status="200"} 1.0',
        'listino_api_request_seconds_count{route="/products/{id}",status="404"} 1.0',
        'listino_api_request_seconds_count{route="unmatched",status="404"} 2.0',
        'listino_api_live_answers_total{fresh="false",reason="no_shop"} 1.0',
        "listino_api_live_wait_seconds_count 1.0",
    ):
        assert line in answer.text.splitlines()


async def test_applications_count_apart(settings: Settings, serve: Any) -> None:
    async with serve(settings) as first, serve(settings) as second:
        await first.get("/healthz")

        assert 'route="/healthz"' not in (await second.get("/metrics")).text


async def test_the_documentation_is_served_from_here(client: httpx2.AsyncClient) -> None:
    document, page = await client.get("/openapi.json"), await client.get("/docs")

    assert document.json()["openapi"].startswith("3.1")
    assert page.headers["content-type"].startswith("text/html")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(needed) == 3
    for address in needed:
        assert address.startswith("/docs/assets/")
        assert (await client.get(address)).status_code == 200


async def test_the_bare_address_and_a_slash_lead_to_the_documentation(client: httpx2.AsyncClient) -> None:
    bare, slash = await client.get("/"), await client.get("/docs/")
    assert (bare.status_code, bare.headers["location"]) == (307, "/docs")
    assert (slash.status_code, slash.text) == (200, (await client.get("/docs")).text)


def test_building_the_application_needs_no_engine(settings: Settings) -> None:
    assert create_app(settings.model_copy(update=NO_MONGO | NO_REDIS)).routes
