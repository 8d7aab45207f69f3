"""The live price through real servers; the test plays the worker."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pymongo.errors import AutoReconnect
from redis.asyncio import Redis

import listino.live.prices
from api.lateness import MOST_SECONDS
from listino.domain.clock import utc_now
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.legs import Legs
from listino.live.page_guard import PageGuard
from listino.live.page_scripts import page_key
from listino.settings import Settings
from listino.store.aio import AsyncProducts
from listino.store.client import Store

Make = Callable[..., Product]
Ask = Callable[[str], Awaitable[httpx2.Response]]
Check = Callable[[str, Any], None]
ID = "it:bottega:8411"
AT = datetime(2026, 3, 1, 9, 30, 0, 412_000, tzinfo=UTC)
NOBODY = "redis://127.0.0.1:1/0"


async def until_there(look: Callable[[], Awaitable[Any]]) -> Any:
    """What is found, as soon as it is not None; fails after five seconds."""
    async with asyncio.timeout(5):
        while (found := await look()) is None:  # noqa: ASYNC110 - nobody says when
            await asyncio.sleep(0.02)
    return found


def fresh(minor: int, at: datetime = AT) -> LiveAnswer:
    return LiveAnswer(product_id=ID, as_of=at, price=Money(minor), availability=Availability.OUT_OF_STOCK)


async def test_the_shops_answer_is_on_the_page(
    asking: Ask, store: Store, goods: Make, worker: Any, conforms: Check
) -> None:
    store.products.upsert([goods("8411", at=utc_now() - timedelta(days=2))])
    viewer = asyncio.ensure_future(asking(ID))
    await worker.job()
    assert await worker.waiting("it:bottega") == [ID]
    at = utc_now()
    await worker.deliver(fresh(3590, at))

    answer = await viewer

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    conforms("LivePrice", answer.json())
    assert answer.json() == {
        "product_id": ID,
        "price": "35.90",
        "currency": "EUR",
        "availability": "OutOfStock",
        "as_of": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "fresh": True,
        "reason": None,
        "previous": "30.90",
        "lowest_30d": "30.90",
    }


async def test_a_price_still_fresh_is_answered_without_asking(
    asking: Ask, store: Store, goods: Make, worker: Any
) -> None:
    store.products.upsert([goods("8411")])
    await worker.deliver(fresh(3590))

    answer = await asking(ID)

    assert (answer.json()["price"], answer.json()["fresh"]) == ("35.90", True)
    assert await worker.jobs_left() == 0


async def test_two_hundred_viewers_cost_one_job(
    client: httpx2.AsyncClient,
    asking: Ask,
    store: Store,
    goods: Make,
    worker: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a busy machine the last of so many may be heard by Redis later than a viewer waits for it.
    monkeypatch.setattr(listino.live.prices, "ASK_SECONDS", 5.0)
    store.products.upsert([goods("8411")])
    viewers = [asyncio.ensure_future(asking(ID)) for _ in range(200)]
    await worker.job()
    await worker.deliver(fresh(3590))

    answers = await asyncio.gather(*viewers)

    assert len(answers) == 200
    assert {answer.status_code for answer in answers} == {200}
    assert {(answer.json()["price"], answer.json()["fresh"]) for answer in answers} == {("35.90", True)}
    assert await worker.jobs_left() == 0
    metrics = (await client.get("/metrics")).text
    assert 'listino_api_live_answers_total{fresh="true",reason=""} 200.0' in metrics
    asked = sum(map(float, re.findall(r"^listino_live_requests_total{.*} (\S+)$", metrics, re.MULTILINE)))
    assert 1 <= asked < 100, "most share one wait, of which Redis hears once"


async def test_at_the_deadline_the_last_known_price_is_told_with_the_reason(
    client: httpx2.AsyncClient, store: Store, goods: Make, worker: Any, conforms: Check
) -> None:
    store.products.upsert([goods("8411")])
    started = time.perf_counter()

    answer = await client.get(f"/products/{ID}/price?wait=200")

    seconds = time.perf_counter() - started
    conforms("LivePrice", answer.json())
    assert (answer.json()["price"], answer.json()["as_of"]) == ("30.90", "2026-03-01T09:30:00.000Z")
    assert (answer.json()["fresh"], answer.json()["reason"]) == (False, "deadline")
    assert 0.2 - MOST_SECONDS - 0.01 <= seconds < 0.45, "as much earlier as the process is late"
    assert await worker.waiting("it:bottega") == [ID]  # the refresh goes on


@pytest.mark.usefixtures("patient")
async def test_who_does_not_wait_has_the_shop_asked_all_the_same(
    client: httpx2.AsyncClient, store: Store, goods: Make, worker: Any
) -> None:
    store.products.upsert([goods("8411")])
    # The process has to be subscribed first: a fresh answer got by waiting proves it.
    viewer = asyncio.ensure_future(client.get(f"/products/{ID}/price?wait=5000"))
    await worker.job()
    await worker.deliver(fresh(3590), fresh_ms=1)
    assert (await viewer).json()["fresh"] is True
    store.products.upsert([goods("9", shop="mercato")])

    answer = await client.get("/products/it:mercato:9/price?wait=0")

    assert (answer.json()["price"], answer.json()["reason"]) == ("30.90", "deadline")
    await worker.job()
    assert await worker.waiting("it:mercato") == ["it:mercato:9"]


@pytest.mark.parametrize(("ago_us", "is_fresh"), [(10_000, True), (2_000_000, False)])
async def test_what_the_shop_said_too_long_ago_is_no_fresh_price(
    asking: Ask, store: Store, goods: Make, worker: Any, ago_us: int, is_fresh: bool
) -> None:
    store.products.upsert([goods("8411")])
    viewer = asyncio.ensure_future(asking(ID))
    await worker.job()
    answered = await worker.clock_us() - ago_us
    await worker.deliver(replace(fresh(3590), legs=Legs(answered=answered)))

    told = (await viewer).json()

    price, reason = ("35.90", None) if is_fresh else ("30.90", "deadline")
    assert (told["price"], told["fresh"], told["reason"]) == (price, is_fresh, reason)


async def test_a_shops_refusal_is_a_reason(asking: Ask, store: Store, goods: Make, worker: Any) -> None:
    store.products.upsert([goods("8411")])
    viewer = asyncio.ensure_future(asking(ID))
    await worker.job()
    await worker.deliver(LiveAnswer(product_id=ID, as_of=AT, reason=Reason.SHOP_SILENT))

    answer = (await viewer).json()

    assert (answer["price"], answer["fresh"], answer["reason"]) == ("30.90", False, "shop_silent")


async def test_a_product_found_gone_is_410(asking: Ask, store: Store, goods: Make, worker: Any) -> None:
    store.products.upsert([goods("8411")])
    viewer = asyncio.ensure_future(asking(ID))
    await worker.job()
    await worker.deliver(LiveAnswer(product_id=ID, as_of=AT, reason=Reason.GONE))

    answer = await viewer

    assert (answer.status_code, answer.json()["title"]) == (410, "Gone")


async def test_catalogue_goods_have_no_shop(client: httpx2.AsyncClient, store: Store, conforms: Check) -> None:
    store.products.upsert([Product(id=500, name="Camo Onesie")])

    answer = (await client.get("/products/500/price")).json()

    conforms("LivePrice", answer)
    assert (answer["product_id"], answer["price"], answer["reason"]) == (500, None, "no_shop")


@pytest.mark.usefixtures("patient")
async def test_the_past_is_told(client: httpx2.AsyncClient, store: Store, goods: Make) -> None:
    now = utc_now()
    for days, cost in ((80, 1000), (50, 2000), (10, 2600), (1, 1800)):
        store.products.upsert([goods("8411", cost=cost, at=now - timedelta(days=days))])

    answer = (await client.get(f"/products/{ID}/price?wait=0")).json()

    # What cost 20 euros sold at 25.90, and did so still when the 30 days before the present price began; 26 sold at 32.90.
    assert (answer["price"], answer["previous"], answer["lowest_30d"]) == ("22.90", "32.90", "25.90")


@pytest.mark.usefixtures("patient")
async def test_a_price_that_redis_never_heard_of_is_in_the_past_that_is_told(
    client: httpx2.AsyncClient,
    settings: Settings,
    store: Store,
    goods: Make,
    worker: Any,
) -> None:
    """A writer that is cut off from Redis drops no pages. Theirs are told for five minutes, but not what became of the price."""
    now = utc_now()
    store.products.upsert([goods("8411", at=now - timedelta(days=20))])
    assert (await client.get(f"/products/{ID}/price?wait=0")).json()["previous"] is None
    redis: Any = Redis.from_url(settings.redis_address)
    page = await until_there(lambda: redis.get(page_key(ID)))

    away = settings.model_copy(update={"redis_url": NOBODY})
    cut_off = Store(away, PageGuard(away))
    for hours, cost in ((2, 1800), (1, 2000)):
        cut_off.products.upsert([goods("8411", cost=cost, at=now - timedelta(hours=hours))])
    cut_off.close()
    await worker.deliver(fresh(2590, now))

    async def past() -> dict[str, Any] | None:
        told = (await client.get(f"/products/{ID}/price?wait=0")).json()
        return told if told["previous"] != "30.90" else None

    told = await until_there(past)
    # 30.90, 22.90, 25.90: that is no reduction, as it would be for whoever went by the page.
    assert (told["price"], told["previous"], told["lowest_30d"]) == ("25.90", "22.90", "22.90")
    assert await redis.get(page_key(ID)) == page, "and the page is there all the same"
    await redis.aclose()


async def test_without_redis_the_last_known_price_is_told(
    settings: Settings, serve: Any, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("8411")])
    async with serve(settings.model_copy(update={"redis_url": NOBODY})) as client:
        started = time.perf_counter()
        answer = await client.get(f"/products/{ID}/price?wait=200")
        seconds = time.perf_counter() - started

    assert answer.status_code == 200
    assert (answer.json()["price"], answer.json()["fresh"]) == ("30.90", False)
    assert answer.json()["reason"] == "no_queue"
    assert seconds < 0.5


async def test_without_the_store_nothing_is_held_longer_than_the_deadline(settings: Settings, serve: Any) -> None:
    async with serve(settings.model_copy(update={"mongo_uri": "mongodb://127.0.0.1:1/"})) as client:
        started = time.perf_counter()
        answer = await client.get(f"/products/{ID}/price?wait=100")
        seconds = time.perf_counter() - started

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert seconds < 0.7


async def test_opening_a_page_has_the_shop_asked(
    client: httpx2.AsyncClient, store: Store, goods: Make, worker: Any
) -> None:
    store.products.upsert([goods("8411")])

    answers = await asyncio.gather(*(client.get(f"/products/{ID}") for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    await worker.job()
    assert await worker.waiting("it:bottega") == [ID]
    assert await worker.jobs_left() == 0


async def test_pages_of_one_shop_cost_one_job(asking: Ask, store: Store, goods: Make, worker: Any) -> None:
    ids = [f"it:bottega:{number}" for number in range(20)]
    store.products.upsert([goods(f"{number}") for number in range(20)])

    viewers = [asyncio.ensure_future(asking(product_id)) for product_id in ids]
    await worker.job()
    await worker.until_waiting("it:bottega", ids)
    for product_id in ids:
        await worker.deliver(LiveAnswer(product_id=product_id, as_of=AT, reason=Reason.SHOP_SILENT))

    assert [(await viewer).json()["reason"] for viewer in viewers] == ["shop_silent"] * 20
    assert await worker.jobs_left() == 0


@pytest.mark.usefixtures("patient")
async def test_a_history_that_cannot_be_read_costs_no_price(
    client: httpx2.AsyncClient, store: Store, goods: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise AutoReconnect("history's shard is away")

    store.products.upsert([goods("8411")])
    monkeypatch.setattr(AsyncProducts, "history", away)

    answer = await client.get(f"/products/{ID}/price?wait=0")

    assert answer.status_code == 200
    assert (answer.json()["price"], answer.json()["lowest_30d"]) == ("30.90", None)


async def test_reading_styles_or_lists_asks_nobody(
    client: httpx2.AsyncClient, store: Store, goods: Make, worker: Any
) -> None:
    store.products.upsert([goods("8411")])

    for address in ("/products", f"/products/{ID}/styles", f"/products/{ID}/related"):
        assert (await client.get(address)).status_code == 200

    assert await worker.waiting("it:bottega") == []


async def test_without_redis_a_page_opens_all_the_same(
    settings: Settings, serve: Any, store: Store, goods: Make
) -> None:
    store.products.upsert([goods("8411")])
    async with serve(settings.model_copy(update={"redis_url": NOBODY})) as client:
        assert (await client.get(f"/products/{ID}")).status_code == 200
