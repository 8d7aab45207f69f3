"""What callers are told while an engine takes connections and answers nothing."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from servers import hung_mongo, hung_redis, mongo

from listino.domain.product import Product
from listino.settings import Settings
from listino.store.client import Store

Make = Callable[..., Product]
ID = "it:bottega:8411"
COLD = "it:bottega:8412"  # nobody has asked for its page
PROBLEM = "application/problem+json"
CROWD = 300  # more than Motor has threads, five for each core


@pytest.fixture
async def warm(client: httpx2.AsyncClient, store: Store, goods: Make) -> httpx2.AsyncClient:
    """The API after its first answers, with one product that was asked for and one that was not."""
    store.products.upsert([goods("8411"), goods("8412")])
    assert (await client.get(f"/products/{ID}")).status_code == 200
    assert (await client.get(f"/products/{ID}/price?wait=100")).status_code == 200
    return client


async def test_a_price_whose_page_is_kept_needs_no_mongodb(warm: httpx2.AsyncClient, settings: Settings) -> None:
    with hung_mongo(settings.mongo_address):
        answer = await warm.get(f"/products/{ID}/price?wait=200")
    assert answer.status_code == 200
    assert (answer.json()["price"], answer.json()["fresh"]) == ("30.90", False)


@pytest.mark.parametrize(
    ("address", "most"), [("/products", 5.0), (f"/products/{COLD}", 5.0), (f"/products/{COLD}/price", 3.0)]
)
async def test_a_hanging_mongodb_is_a_problem_soon(
    warm: httpx2.AsyncClient, settings: Settings, address: str, most: float
) -> None:
    with hung_mongo(settings.mongo_address):
        began = time.perf_counter()
        answer = await warm.get(address)
        seconds = time.perf_counter() - began

    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    assert answer.headers["retry-after"] == "2"
    assert seconds < most


async def test_a_page_that_was_kept_needs_no_mongodb(warm: httpx2.AsyncClient, settings: Settings) -> None:
    with hung_mongo(settings.mongo_address):
        answer = await warm.get(f"/products/{ID}/styles")

    assert answer.status_code == 200


async def test_a_node_whose_mongodb_hangs_is_not_ready(warm: httpx2.AsyncClient, settings: Settings) -> None:
    assert (await warm.get("/readyz")).json()["mongo"] == "ready"
    with hung_mongo(settings.mongo_address):
        answer = await warm.get("/readyz")
    assert (answer.status_code, answer.json()["mongo"]) == (503, "away")


async def test_a_mongodb_that_hangs_for_a_second_costs_no_answer(warm: httpx2.AsyncClient, settings: Settings) -> None:
    with hung_mongo(settings.mongo_address):
        reading = asyncio.create_task(warm.get(f"/products/{COLD}"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(reading), 1.0)

    assert (await reading).status_code == 200


async def test_what_waits_for_a_hanging_mongodb_does_not_hold_up_other_reads(
    settings: Settings, serve: Any, store: Store, goods: Make, tmp_path: Path
) -> None:
    with mongo(tmp_path) as other_uri:
        hanging = settings.model_copy(update={"mongo_uri": other_uri})
        store.products.upsert([goods("8411")])
        async with serve(hanging) as stuck, serve(settings) as healthy:
            assert (await stuck.get("/products")).status_code == 200
            with hung_mongo(other_uri):
                answers = await asyncio.gather(*(stuck.get(f"/products?brand={n}") for n in range(CROWD)))
                answer = await healthy.get(f"/products/{ID}")

    assert [answer.status_code for answer in answers] == [503] * CROWD
    assert answer.status_code == 200


async def test_a_hanging_redis_is_a_reason_and_the_last_known_price_is_told(
    warm: httpx2.AsyncClient, settings: Settings
) -> None:
    with hung_redis(settings.redis_address):
        began = time.perf_counter()
        price = await warm.get(f"/products/{ID}/price?wait=5000")
        page = await warm.get(f"/products/{ID}")
        ready = await warm.get("/readyz")
        seconds = time.perf_counter() - began

    assert (price.status_code, page.status_code) == (200, 200)
    assert (price.json()["price"], price.json()["reason"]) == ("30.90", "no_queue")
    assert ready.json()["status"] == "degraded"
    assert seconds < 4
