"""The whole way from the shop to the product's page: what the shop has no longer is not offered any more."""

import asyncio
import time
from collections.abc import Iterator

import httpx2
import pytest
from livework import end, start_worker, stock
from shopkeeper import RunningShop

from listino.domain.product import key_parts
from listino.settings import Settings
from listino.store.client import Store


@pytest.fixture
def _worker(settings: Settings) -> Iterator[None]:
    process = start_worker(settings)
    yield
    end(process)


@pytest.mark.usefixtures("_worker")
async def test_what_vanishes_from_the_shop_is_gone_from_its_page_once_somebody_looked_at_it(
    german_shop: RunningShop, settings: Settings, store: Store, client: httpx2.AsyncClient
) -> None:
    warm, product = (await asyncio.to_thread(stock, german_shop, settings, store))[:2]
    assert (await client.get(f"/products/{warm.id}/price", params={"wait": 5000})).json()["fresh"]
    german_shop.admin("vanish", skus=[key_parts(str(product.id))[2]])
    assert (await client.get(f"/products/{product.id}")).status_code == 200, "nobody has asked the shop yet"
    deadline = time.monotonic() + 20
    while (await client.get(f"/products/{product.id}")).status_code != 410:
        await asyncio.sleep(0.02)
        assert time.monotonic() < deadline
    assert (await client.get(f"/products/{product.id}/price")).status_code == 410
