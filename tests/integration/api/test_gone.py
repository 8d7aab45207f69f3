"""The whole way from the shop to the product's page: what the shop has no longer is not offered any more."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from livework import start_worker, stock
from shopkeeper import RunningShop

from listino.domain.product import key_parts
from listino.settings import Settings
from listino.store.client import Store


@pytest.fixture
def _worker(settings: Settings) -> Iterator[None]:
    process = start_worker(settings)
    yield
    process.kill()
    process.wait(10)


@pytest.mark.usefixtures("_worker")
async def test_what_vanishes_from_the_shop_is_gone_from_its_page_within_a_second_of_being_looked_at(
    german_shop: RunningShop, settings: Settings, store: Store, client: httpx.AsyncClient
) -> None:
    warm, product = (await asyncio.to_thread(stock, german_shop, settings, store))[:2]
    assert (await client.get(f"/products/{warm.id}/price", params={"wait": 5000})).json()["fresh"]
    german_shop.admin("vanish", skus=[key_parts(str(product.id))[2]])
    began = time.perf_counter()
    assert (await client.get(f"/products/{product.id}")).status_code == 200, "nobody has asked the shop yet"
    while (await client.get(f"/products/{product.id}")).status_code != 410:
        await asyncio.sleep(0.02)
        assert time.perf_counter() - began < 1
    assert (await client.get(f"/products/{product.id}/price")).status_code == 410
