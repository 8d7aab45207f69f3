"""The HTTP client of live workers, against servers that do what shops do: over real sockets."""

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import httpx2
import pytest
from talks import LARGE, SECONDS, SOON, Serve, Server, Talk, saying

from workers.client import Answer, ShopClient
from workers.pools import HostPools

AGENT = "Listino/0.1 (+https://listino.example)"
MOST = 8 * 1024 * 1024


@contextlib.asynccontextmanager
async def asking(serve: Serve) -> AsyncIterator[tuple[ShopClient, Server]]:
    client = ShopClient(HostPools(ssl.create_default_context()), AGENT)
    async with asyncio.timeout(4 * SECONDS), Server().serving(serve) as server, contextlib.aclosing(client):
        yield client, server


async def ask(client: ShopClient, url: str, method: str = "GET", most: int = MOST, **more: Any) -> Answer:
    return await client.ask(method, url, lambda _: None, most=most, **more)


def answer(*headers: str, body: bytes = b"ok") -> bytes:
    lines = ["HTTP/1.1 200 OK", *headers, f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    [
        ("GET", "p/1?a=b%20c&d=è", {}, b""),
        ("GET", "p/1", {"accept": "application/json", "X-Key": "k"}, b""),
        ("POST", "graphql", {"Content-Type": "application/json"}, b'{"query": 1}'),
        ("POST", "graphql", {}, b""),
    ],
)
async def test_a_request_is_that_of_httpx2s_own_client(
    method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    heard: list[bytes] = []

    async def hearing(talk: Talk) -> None:
        while True:
            head = await talk.request()
            heard.append(head + await talk.reader.readexactly(len(body)))
            await talk.answer()

    async with asking(hearing) as (client, server):
        told = await ask(client, server.url + target, method, headers=headers, body=body)
        async with httpx2.AsyncClient(headers={"User-Agent": AGENT}, trust_env=False) as other:
            await other.request(method, server.url + target, headers=headers, content=body or None)
    assert (told.status, told.body) == (200, b"ok")
    ours, theirs = heard
    assert sorted(ours.lower().splitlines()) == sorted(theirs.lower().splitlines())


async def test_an_answer_leaves_its_connection_to_the_next() -> None:
    page = answer("content-type: text/plain")
    async with asking(saying(page, page, page)) as (client, server):
        for _ in range(3):
            told = await ask(client, server.url)
            assert (told.status, told.headers["content-type"], told.body) == (200, "text/plain", b"ok")
        assert len(server.talks) == 1


@pytest.mark.parametrize("body", [b"", b"ok", LARGE])
async def test_a_body_is_decoded_and_comes_whole(body: bytes) -> None:
    packed = answer("content-encoding: gzip", body=gzip.compress(body, 1))
    async with asking(saying(packed, answer(body=body))) as (client, server):
        assert (await ask(client, server.url)).body == body
        assert (await ask(client, server.url)).body == body


@pytest.mark.parametrize("coding", ["gzip", "identity", None])
async def test_of_a_body_that_is_too_long_a_part_is_read_and_the_connection_given_up(coding: str | None) -> None:
    whole = Random(1).randbytes(len(LARGE))  # which is as long when it is packed
    body = gzip.compress(whole, 1) if coding == "gzip" else whole
    coded = (f"content-encoding: {coding}",) if coding else ()
    async with asking(saying(answer(*coded, body=body))) as (client, server):
        told = await ask(client, server.url, most=2_000_000)
        assert 2_000_000 < len(told.body) < len(whole)
        assert whole.startswith(told.body)
        await server.talks[0].over.wait()


async def test_a_body_that_cannot_be_decoded_is_an_error_of_httpx2() -> None:
    async with asking(saying(answer("content-encoding: gzip"))) as (client, server):
        with pytest.raises(httpx2.DecodingError):
            await ask(client, server.url)


async def test_the_head_is_heard_before_the_body() -> None:
    rest, heard = asyncio.Event(), list[int]()

    async def slow(talk: Talk) -> None:
        await talk.request()
        await talk.answer(answer()[:-2])
        await rest.wait()
        await talk.answer(b"ok")

    def hear(response: httpx2.Response) -> None:
        heard.append(response.status_code)
        rest.set()

    async with asking(slow) as (client, server):
        assert (await client.ask("GET", server.url, hear, most=MOST)).body == b"ok"
        assert heard == [200]


async def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    said: list[bytes] = []

    async def leading_away(talk: Talk) -> None:
        while True:
            said.append(await talk.request())
            await talk.answer(b"HTTP/1.1 302 Found\r\nlocation: /b\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n")

    async with asking(leading_away) as (client, server):
        for _ in range(2):
            assert (await ask(client, server.url)).status == 302
    assert len(said) == 2
    assert not any(b"cookie" in request.lower() for request in said)


async def test_who_breaks_off_closes_the_connection() -> None:
    async def half(talk: Talk) -> None:
        await talk.request()
        await talk.answer(answer(body=LARGE)[:1000])
        await talk.until_over()

    async with asking(half) as (client, server):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await ask(client, server.url)
        await server.talks[0].over.wait()


async def test_a_shop_that_closes_in_the_middle_is_an_error_of_httpx2() -> None:
    async with asking(saying(answer()[:-1], closes=True)) as (client, server):
        with pytest.raises(httpx2.RemoteProtocolError):
            await ask(client, server.url)
