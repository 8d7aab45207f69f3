"""Which pages' scripts may read the API."""

from typing import Any

import httpx2
import pytest
import structlog

from listino.settings import Settings

SHOP, OTHER = "https://shop.example", "http://localhost:3000"
GRANTED = "access-control-allow-origin"
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "If-None-Match"}


async def ask(settings: Settings, serve: Any, *origins: str, **headers: str) -> httpx2.Response:
    async with serve(settings.model_copy(update={"cors_origins": origins})) as client:
        answer: httpx2.Response = await client.get("/openapi.json", headers=headers)
    return answer


async def test_by_default_nobody_is_granted_anything(settings: Settings, serve: Any) -> None:
    answer = await ask(settings, serve, Origin=SHOP)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("allowed", [SHOP, "*"])
@pytest.mark.parametrize("asked", [{"Origin": SHOP}, {}, {"Origin": "https://evil.example"}])
async def test_one_answer_for_everybody_can_be_kept_for_everybody(
    settings: Settings, serve: Any, allowed: str, asked: dict[str, str]
) -> None:
    answer = await ask(settings, serve, allowed, **asked)
    assert answer.headers[GRANTED] == allowed
    assert set(answer.headers["access-control-expose-headers"].split(", ")) == {
        "ETag", "Link", "Retry-After", "X-Request-Id",
    }  # fmt: skip
    assert "origin" not in answer.headers["vary"].lower()


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ({"Origin": SHOP}, SHOP),
        ({"Origin": OTHER}, OTHER),
        ({"Origin": "https://shop.example.evil.example"}, None),
        ({"Origin": "null"}, None),
        ({}, None),
    ],
)
async def test_an_answer_that_varies_says_so_to_everybody(
    settings: Settings, serve: Any, asked: dict[str, str], granted: str | None
) -> None:
    answer = await ask(settings, serve, SHOP, OTHER, **asked)
    assert answer.headers.get(GRANTED) == granted
    assert answer.headers.get_list("vary") == ["Accept-Encoding, Origin"]
    assert answer.headers.get("x-accel-expires") == ("0" if asked else None)


async def test_problems_can_be_read_too(settings: Settings, serve: Any) -> None:
    async with serve(settings.model_copy(update={"cors_origins": (SHOP, OTHER)})) as client:
        unknown = await client.get("/nowhere", headers={"Origin": SHOP})
        client._transport.app.state.services = None
        ours = await client.get("/products", headers={"Origin": SHOP})
    assert [(answer.status_code, answer.headers[GRANTED]) for answer in (unknown, ours)] == [(404, SHOP), (500, SHOP)]


async def test_a_preflight_is_answered_and_kept_for_long(settings: Settings, serve: Any) -> None:
    async with serve(settings.model_copy(update={"cors_origins": (SHOP, OTHER)})) as client:
        granted = await client.options("/products", headers={"Origin": SHOP, **PREFLIGHT})
        refused = await client.options("/products", headers={"Origin": "https://evil.example", **PREFLIGHT})
        plain = await client.options("/products", headers={"Origin": SHOP})

    assert (granted.status_code, granted.headers[GRANTED], granted.content) == (204, SHOP, b"")
    assert granted.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert granted.headers["access-control-allow-headers"] == "*, Authorization"
    assert int(granted.headers["access-control-max-age"]) >= 600
    assert GRANTED not in refused.headers
    assert [answer.headers["vary"] for answer in (granted, refused)] == ["Origin"] * 2
    assert (plain.status_code, set(plain.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


async def test_a_preflight_is_logged_and_limited_like_any_request(settings: Settings, serve: Any) -> None:
    limited = settings.model_copy(update={"cors_origins": (SHOP,), "client_rate": 0.01, "client_burst": 1})
    async with serve(limited) as client:
        with structlog.testing.capture_logs() as lines:
            answers = [await client.options("/products", headers={"Origin": SHOP, **PREFLIGHT}) for _ in range(2)]
    assert [(answer.status_code, answer.headers[GRANTED]) for answer in answers] == [(204, SHOP), (429, SHOP)]
    told = [(line["status"], line["request_id"]) for line in lines if line["event"] == "api.request"]
    assert told == [(answer.status_code, answer.headers["x-request-id"]) for answer in answers]
