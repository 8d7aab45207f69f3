"""The OpenAPI document is true: every answer it names can be had, and is as it says."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from openapi_schema_validator import OAS31Validator

from api.bounds import MOST_ADDRESS_BYTES, MOST_HEADER_BYTES
from api.event_body import MOST_BODY_BYTES
from api.openapi import DOCUMENT
from listino.domain.clock import utc_now
from listino.domain.product import Product
from listino.settings import Settings
from listino.store.client import Store

Make = Callable[..., Product]
Clients = dict[str, httpx2.AsyncClient]
Provoke = Callable[[Clients, str], Awaitable[httpx2.Response]]

OPERATIONS = {path: operation for path, one in DOCUMENT["paths"].items() for operation in one.values()}
DOCUMENTED = [(path, int(status)) for path, one in OPERATIONS.items() for status in one["responses"]]
CATALOGUE_ID, GONE_ID, UNKNOWN_ID = "500", "it:bottega:gone", "it:bottega:404"


def asking(client: str = "sound", product_id: str = CATALOGUE_ID, method: str = "GET", **more: Any) -> Provoke:
    """Asks one of the applications, for that product where the path names one."""
    return lambda clients, path: clients[client].request(method, path.format(id=product_id), **more)


async def again_with_its_tag(clients: Clients, path: str) -> httpx2.Response:
    held = await asking()(clients, path)
    return await asking(headers={"If-None-Match": held.headers["etag"]})(clients, path)


async def again_at_once(clients: Clients, path: str) -> httpx2.Response:
    # A client for each path: they are counted apart.
    from_one = {"X-Real-IP": f"192.0.2.{list(DOCUMENT['paths']).index(path)}"}
    await asking("limited", headers=from_one)(clients, path)
    return await asking("limited", headers=from_one)(clients, path)


PROVOKING: dict[int, Provoke] = {
    200: asking(),
    304: again_with_its_tag,
    400: asking(params={"colour": "red"}),
    404: asking(product_id=UNKNOWN_ID),
    405: asking(method="POST"),
    410: asking(product_id=GONE_ID),
    413: asking(content=b"{}"),
    414: asking(params={"shop": "x" * MOST_ADDRESS_BYTES}),
    429: again_at_once,
    431: asking(headers={"Cookie": "x" * MOST_HEADER_BYTES}),
    500: asking("broken"),
    503: asking("without MongoDB"),
}
EVENT = {"id": "1", "type": "search", "at": utc_now().isoformat(), "session": "s", "consent": False}


def telling(client: str = "sound", **more: Any) -> Provoke:
    """Sends an event, or whatever else is given."""
    return asking(client, method="POST", **({"json": [EVENT]} | more))


PROVOKING_AT: dict[tuple[str, int], Provoke] = {
    ("/events", 202): telling(),
    ("/events", 400): telling(json=[{**EVENT, "type": "purchase"}]),
    ("/events", 405): asking(method="PUT"),
    ("/events", 413): telling(json=None, content=b"[" + b" " * MOST_BODY_BYTES),
    ("/events", 500): telling("broken"),
    ("/events", 503): telling("without MongoDB"),
}


def provoking(path: str, status: int) -> Provoke:
    return PROVOKING_AT.get((path, status)) or PROVOKING[status]


@pytest.fixture
def stocked(store: Store, goods: Make) -> Store:
    store.products.upsert([Product(id=500, name="Camo Onesie", related=(501, 17)), goods("gone"), goods("3020")])
    store.products.mark_gone([GONE_ID], datetime(2026, 3, 2, tzinfo=UTC))
    return store


async def test_whatever_is_documented_can_be_provoked_and_is_as_documented(
    settings: Settings, serve: Any, stocked: Store
) -> None:
    # An event stream ends at once: an answer is looked at when it is whole.
    settings = settings.model_copy(update={"stream_seconds": 0})
    variants: dict[str, dict[str, Any]] = {
        "sound": {},
        "broken": {},
        "limited": {"client_rate": 0.01, "client_burst": 1},
        "without MongoDB": {"mongo_uri": "mongodb://127.0.0.1:1/"},
    }
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(serve(settings.model_copy(update=changed)))
            for name, changed in variants.items()
        }
        clients["broken"]._transport.app.state.services = None
        # Each 503 takes seconds, so they are waited for together; everything else at once would be a burden by itself.
        away = {
            path: asyncio.ensure_future(provoking(path, 503)(clients, path))
            for path, status in DOCUMENTED
            if status == 503
        }
        answers = [
            await (away[path] if status == 503 else provoking(path, status)(clients, path))
            for path, status in DOCUMENTED
        ]

    assert len(DOCUMENTED) > 80
    wrong = {
        f"{path} {status}": faults
        for (path, status), answer in zip(DOCUMENTED, answers, strict=True)
        if (faults := differences(path, status, answer))
    }
    assert wrong == {}


def test_what_differs_is_found() -> None:
    request_id = {"x-request-id": "request-1", "cache-control": "no-store"}
    good = httpx2.Response(200, json={"status": "alive"}, headers=request_id)
    assert differences("/healthz", 200, good) == []
    assert differences("/healthz", 400, good) == ["status 200"]
    assert differences("/healthz", 200, httpx2.Response(200, json={"status": "dead"}, headers=request_id)) != []
    assert differences("/healthz", 200, httpx2.Response(200, text="alive", headers=request_id)) == ["type text/plain"]
    assert differences("/healthz", 200, httpx2.Response(200, json={"status": "alive"})) == [
        "no header Cache-Control",
        "no header X-Request-Id",
    ]


def differences(path: str, status: int, answer: httpx2.Response) -> list[str]:
    """In what the answer is not what the document says of the path's answers with that status."""
    if answer.status_code != status:
        return [f"status {answer.status_code}"]
    documented = resolved(OPERATIONS[path]["responses"][str(status)])
    faults = []
    for name, header in documented["headers"].items():
        described, value = resolved(header), answer.headers.get(name)
        if value is None and described.get("required"):
            faults.append(f"no header {name}")
        elif value is not None:
            integer = described["schema"]["type"] == "integer"
            faults += faults_of(described["schema"], int(value) if integer else value)
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    content = documented.get("content", {"": None})
    if media_type not in content:
        return [*faults, f"type {media_type}"]
    if media_type.endswith("json"):
        faults += faults_of(content[media_type]["schema"], answer.json())
    if media_type == "application/problem+json" and answer.json()["status"] != status:
        faults.append("another status inside")
    return faults


def faults_of(schema: dict[str, Any], value: Any) -> list[str]:
    validator: Any = OAS31Validator({**schema, "components": DOCUMENT["components"]})
    return [str(error.message)[:200] for error in validator.iter_errors(value)]


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """What a reference of the document stands for, or the value itself."""
    found: Any = value
    if "$ref" in value:
        found = DOCUMENT
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
    return dict(found)
