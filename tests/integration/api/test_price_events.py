"""Prices as server-sent events, through a real server; the test plays the worker."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from livework import waiting_room
from servers import hung_redis
from serving import served
from shopkeeper import wait_until

import api.streams
from api.app import create_app
from listino.domain.clock import utc_now
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product
from listino.live.answer import LiveAnswer
from listino.live.page_guard import PageGuard
from listino.local.engines import free_port
from listino.local.readiness import refusal
from listino.settings import Settings
from listino.store.aio import AsyncStore
from listino.store.client import Store

Make = Callable[..., Product]
ID = "it:bottega:8411"
STORED = ("price", "30.90", False)
NOBODY = "redis://127.0.0.1:1/0"


@dataclass
class Stream:
    """An event stream as a client reads it."""

    answer: httpx2.Response
    lines: AsyncIterator[str]

    async def event(self) -> dict[str, str]:
        """The next event's fields; one that has no name is a comment or a time to retry. Fails after five seconds."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(5):
            async for line in self.lines:
                if not line:
                    return fields
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        return {}  # the stream has ended

    async def told(self) -> tuple[str, str, bool]:
        """Of the next event its name, and of its data the price and whether it is fresh."""
        while "event" not in (fields := await self.event()):
            assert fields, "the stream has ended"
        data = orjson.loads(fields["data"])
        return fields["event"], data.get("price"), data.get("fresh")


Open = Callable[..., AbstractAsyncContextManager[Stream]]


@pytest.fixture
async def opened(settings: Settings) -> AsyncIterator[Callable[[Settings], Open]]:
    """A node under any settings, of which streams are opened."""
    with_nodes: list[Any] = []

    def serve(changed: Settings) -> Open:
        node = served(create_app(changed), lifespan="on")
        address = node.__enter__()
        with_nodes.append(node)

        @asynccontextmanager
        async def stream(product_id: object = ID, *, method: str = "GET", **headers: str) -> AsyncIterator[Stream]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            async with (
                httpx2.AsyncClient(timeout=10) as client,
                client.stream(method, f"{address}/products/{product_id}/price/events", headers=named) as answer,
            ):
                yield Stream(answer, answer.aiter_lines())

        return stream

    yield serve
    for node in with_nodes:
        await asyncio.to_thread(node.__exit__, None, None, None)


@pytest.fixture
def streaming(opened: Callable[[Settings], Open], settings: Settings) -> Open:
    return opened(settings)


def answered(minor: int, availability: Availability = Availability.IN_STOCK) -> LiveAnswer:
    return LiveAnswer(product_id=ID, as_of=utc_now(), price=Money(minor), availability=availability)


async def test_what_is_known_is_told_at_once_and_then_what_the_shop_says(
    streaming: Open, store: Store, goods: Make, worker: Any, conforms: Any
) -> None:
    store.products.upsert([goods("8411")])
    async with streaming() as stream:
        assert stream.answer.status_code == 200
        assert stream.answer.headers["content-type"] == "text/event-stream"
        assert stream.answer.headers["cache-control"] == "no-store"
        assert 1000 <= int((await stream.event())["retry"]) <= 3000
        known = await stream.event()
        assert (known["event"], known["id"]) == ("price", "30.90:EUR:InStock:deadline")
        conforms("LivePrice", orjson.loads(known["data"]))
        await worker.job()  # the shop is asked
        assert await worker.waiting("it:bottega") == [ID]

        await worker.deliver(answered(3590))
        assert await stream.told() == ("price", "35.90", True)
        await worker.deliver(answered(3590))  # which says nothing new
        await worker.deliver(answered(3590, Availability.OUT_OF_STOCK))
        sold_out = await stream.event()
        assert sold_out["id"] == "35.90:EUR:OutOfStock:fresh"
        assert orjson.loads(sold_out["data"])["previous"] == "30.90"


async def test_whatever_is_written_by_anybody_is_told(
    streaming: Open, store: Store, goods: Make, settings: Settings
) -> None:
    store.products.upsert([goods("8411"), goods("8412")])
    async with streaming() as stream, streaming("it:bottega:8412") as other:
        assert await stream.told() == STORED
        assert await other.told() == STORED
        store.products.upsert([goods("8411", cost=3000, at=datetime(2026, 3, 2, tzinfo=UTC))])
        assert (await stream.told())[1] == "37.90"
        crawl = AsyncStore(settings, PageGuard(settings))
        try:
            await crawl.products.upsert([goods("8411", cost=2400, at=utc_now())])  # just now
            assert await stream.told() == ("price", "30.90", True)
            await crawl.products.mark_gone([ID], utc_now())
            assert await stream.event() == {"event": "gone", "id": "gone", "data": f'{{"product_id":"{ID}"}}'}
            assert await stream.event() == {}
            await crawl.products.mark_gone(["it:bottega:8412"], utc_now())
            assert (await other.told())[0] == "gone"
        finally:
            crawl.close()


async def test_who_comes_again_is_told_what_was_missed_and_nothing_twice(
    opened: Callable[[Settings], Open], settings: Settings, store: Store, goods: Make, worker: Any
) -> None:
    store.products.upsert([goods("8411", at=utc_now() - timedelta(days=1))])
    one, other = opened(settings), opened(settings)
    async with one() as stream:
        await stream.told()
        await worker.deliver(answered(3590), fresh_ms=1)
        while (seen := await stream.event())["id"] != "35.90:EUR:InStock:fresh":
            pass
    store.products.upsert([goods("8411", cost=3000, at=utc_now() - timedelta(hours=1))])
    async with other(Last_Event_ID=seen["id"]) as again:
        assert (await again.event()).keys() == {"retry"}
        missed = await again.event()
        assert missed["event"] == "price"
    async with one(Last_Event_ID=missed["id"]) as again:
        assert (await again.event()).keys() == {"retry"}
        await worker.deliver(answered(4000))
        assert await again.told() == ("price", "40.00", True)  # and nothing before


async def test_a_price_that_was_fresh_once_is_not_called_so_to_who_comes_later(
    opened: Callable[[Settings], Open], settings: Settings, store: Store, goods: Make, worker: Any
) -> None:
    store.products.upsert([goods("8411")])
    streaming = opened(settings.model_copy(update={"live_fresh_ms": 1}))
    async with streaming() as stream:
        await stream.told()
        await worker.deliver(answered(3590), fresh_ms=1)
        assert await stream.told() == ("price", "35.90", True)
        async with streaming() as later:
            assert await later.told() == ("price", "35.90", False)
            await worker.deliver(answered(3590), fresh_ms=1)
            assert await later.told() == ("price", "35.90", True)
            await worker.deliver(answered(3600), fresh_ms=1)
            assert (await stream.told())[1] == "36.00"  # it was told nothing twice


@pytest.mark.parametrize(("product_id", "status"), [("it:bottega:404", 404), ("it:bottega:9", 410), ("it:x", 400)])
async def test_what_cannot_be_watched_is_a_problem(
    streaming: Open, store: Store, goods: Make, product_id: str, status: int
) -> None:
    store.products.upsert([goods("9")])
    store.products.mark_gone(["it:bottega:9"], utc_now())
    async with streaming(product_id) as stream:
        assert stream.answer.status_code == status
        assert stream.answer.headers["content-type"] == "application/problem+json"


async def test_head_is_answered_without_a_stream(streaming: Open, store: Store, goods: Make) -> None:
    store.products.upsert([goods("8411")])
    async with streaming(method="HEAD") as stream:
        assert (stream.answer.status_code, await stream.event()) == (200, {})


async def test_streams_are_limited_and_those_that_end_make_room(
    opened: Callable[[Settings], Open], settings: Settings, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("8411")])
    streaming = opened(settings.model_copy(update={"streams": 2, "client_streams": 1}))
    async with streaming(X_Real_IP="192.0.2.1") as first:
        await first.told()
        async with streaming(X_Real_IP="192.0.2.1") as refused:
            assert (refused.answer.status_code, refused.answer.headers["retry-after"]) == (429, "10")
        async with streaming(X_Real_IP="192.0.2.2") as second, streaming(X_Real_IP="192.0.2.3") as refused:
            assert (await second.told(), refused.answer.status_code) == (STORED, 503)
    async with asyncio.timeout(5):
        while True:  # the server notices by itself that nobody reads any more
            async with streaming(X_Real_IP="192.0.2.1") as again:
                if again.answer.status_code == 200:
                    assert await again.told() == STORED
                    break


async def test_a_redis_that_hangs_is_told_and_what_happened_meanwhile_once_it_is_back(
    opened: Callable[[Settings], Open],
    settings: Settings,
    store: Store,
    goods: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seconds in (("LOOK_SECONDS", 0.05), ("PING_SECONDS", 0.2)):
        monkeypatch.setattr(api.streams, name, seconds)
    store.products.upsert([goods("8411")])
    async with opened(settings)() as stream:
        assert await stream.told() == STORED
        with hung_redis(settings.redis_address):
            while (away := await stream.event()).get("id") != "30.90:EUR:InStock:no_queue":
                assert away, "the stream has ended"
            assert orjson.loads(away["data"])["reason"] == "no_queue"
            # Nobody is told of this.
            await asyncio.to_thread(store.products.upsert, [goods("8411", cost=3000, at=utc_now() - timedelta(days=1))])
        assert (await stream.told())[1] == "37.90"
        await asyncio.to_thread(store.products.upsert, [goods("8411", at=utc_now() - timedelta(hours=1))])
        assert (await stream.told())[1] == "30.90"


async def test_without_redis_there_is_a_stream_all_the_same(
    opened: Callable[[Settings], Open], settings: Settings, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("8411")])
    async with opened(settings.model_copy(update={"redis_url": NOBODY}))() as stream:
        while (told := await stream.event()).get("id") != "30.90:EUR:InStock:no_queue":
            assert told, "the stream has ended"


async def test_a_shop_is_asked_again_while_somebody_watches(
    opened: Callable[[Settings], Open],
    settings: Settings,
    store: Store,
    goods: Make,
    worker: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api.streams, "LOOK_SECONDS", 0.05)
    store.products.upsert([goods("8411")])
    quickly = settings.model_copy(update={"stream_refresh_seconds": 0.1, "live_fresh_ms": 1})
    async with opened(quickly)() as stream, waiting_room(quickly, "it:bottega") as room:
        await stream.told()
        for minor in (3590, 3600, 3610):
            await worker.until_waiting("it:bottega", [ID])
            assert await room.take(1) == [ID]
            await worker.deliver(answered(minor), fresh_ms=1)
            assert (await stream.told())[1] == str(Money(minor))


@pytest.fixture
def node(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The address and the process of an API node as production starts it."""
    port = free_port()
    argv = [sys.executable, "-m", "gunicorn", "api.app:create_app()", "-k", "uvicorn_worker.UvicornWorker"]
    process = subprocess.Popen(
        [*argv, "-b", f"127.0.0.1:{port}", "--graceful-timeout", "30", "--no-control-socket"],
        env=os.environ | settings.environment(),
        stdout=(tmp_path / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: refusal(f"{address}/healthz") is None, "the node answers")
        yield address, process
    finally:
        process.kill()
        process.wait()


async def test_a_node_that_is_told_to_stop_ends_its_streams_at_once(
    node: "tuple[str, subprocess.Popen[bytes]]", store: Store, goods: Make
) -> None:
    address, process = node
    store.products.upsert([goods("8411")])
    async with (
        httpx2.AsyncClient(timeout=10) as client,
        client.stream("GET", f"{address}/products/{ID}/price/events") as answer,
    ):
        stream = Stream(answer, answer.aiter_lines())
        assert await stream.told() == STORED
        process.send_signal(signal.SIGTERM)
        assert await stream.event() == {}  # the answer ends in order, and within five seconds
    assert await asyncio.to_thread(process.wait, 10) == 0
