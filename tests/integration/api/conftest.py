"""The API on real servers: a client, goods to ask for, and a hand that plays the live worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from openapi_schema_validator import OAS31Validator
from redis import asyncio as aioredis

import api.quotes
from api.app import create_app
from api.schemas import SCHEMAS
from listino.domain.listing import Terms, list_goods
from listino.domain.market import MARKETS
from listino.domain.money import Money
from listino.domain.offer import Availability, Photo, ShopOffer, ShopProduct, Variant
from listino.domain.pricing import PricingRule
from listino.domain.product import Product, ProductId
from listino.live.answer import LiveAnswer
from listino.live.keys import ShopKeys, shop_key
from listino.live.scripts import CHANNEL, DELIVER
from listino.settings import Settings

SEEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
Serve = Callable[[Settings], AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def serve() -> Serve:
    """Opens the application under any settings and gives a client of it."""

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(settings)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://api") as client,
        ):
            yield client

    return opened


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the store take its time with what nobody waits for (`wait=0`): a busy machine needs more than viewers are kept waiting."""
    monkeypatch.setattr(api.quotes, "MARGIN_SECONDS", 5.0)


@pytest.fixture
async def client(settings: Settings, serve: Serve) -> AsyncIterator[httpx2.AsyncClient]:
    async with serve(settings) as client:
        yield client


@pytest.fixture
def goods() -> Callable[..., Product]:
    """Makes a product of an Italian shop, by default of 24.00 euros and in stock."""

    def make(sku: str, *, shop: str = "bottega", market: str = "it", cost: int = 2400, **fields: Any) -> Product:
        at = fields.pop("at", SEEN)
        sizes = tuple(
            Variant(sku=f"{sku}-{size}", style="Rosso", size=size, cost=Money(cost), availability=Availability.IN_STOCK)
            for size in ("S", "M")
        )
        shown = ShopProduct(
            sku=sku,
            url=f"https://{shop}.example/p/1",
            **{"name": f"Moka {sku}", "category": "Cucina", "related": ("1", "2"), **fields},
            features=(("Materiale", "Alluminio"),),
            photos=(Photo(url="https://b.example/1.jpg", thumbnail_url="https://b.example/1s.jpg"),),
            offer=ShopOffer(cost=Money(cost), availability=Availability.IN_STOCK, variants=sizes),
        )
        terms = Terms(market=MARKETS[market], shop=shop, shipping=Money(0), rule=PricingRule())
        return list_goods(shown, terms, at=at)

    return make


@pytest.fixture
def conforms() -> Callable[[str, Any], None]:
    """Holds an answer to its schema in the OpenAPI document; no field may be there that is not described."""

    def check(name: str, value: Any) -> None:
        validator: Any = OAS31Validator({**SCHEMAS[name], "components": {"schemas": SCHEMAS}})
        validator.validate(value)
        assert set(value) <= set(SCHEMAS[name]["properties"])

    return check


class Worker:
    """Does by hand what the live worker does: takes the drain job, and delivers answers."""

    def __init__(self, redis: aioredis.Redis) -> None:
        self._redis: Any = redis  # its answers are typed for every mode of the client at once
        self._deliver = redis.register_script(DELIVER)

    async def job(self) -> bytes:
        """The next drain job's id, as soon as there is one; fails after five seconds."""
        popped = await self._redis.blpop(["rq:queue:live"], timeout=5)
        assert popped is not None, "no drain job was queued"
        return bytes(popped[1])

    async def clock_us(self) -> int:
        """The server's clock, in microseconds, by which answers tell their way."""
        seconds, microseconds = await self._redis.time()
        return int(seconds) * 1_000_000 + int(microseconds)

    async def jobs_left(self) -> int:
        return int(await self._redis.llen("rq:queue:live"))

    async def waiting(self, shop: str) -> list[str]:
        """The ids that wait for a shop such as `it:bottega`."""
        return [member.decode() for member in await self._redis.zrange(ShopKeys(shop).waiting, 0, -1)]

    async def until_waiting(self, shop: str, ids: Collection[str]) -> None:
        """Returns when those and no others wait for the shop; fails after five seconds."""
        async with asyncio.timeout(5):
            while set(await self.waiting(shop)) != set(ids):  # noqa: ASYNC110 - Redis does not say when
                await asyncio.sleep(0.01)

    async def deliver(self, answer: LiveAnswer, *, fresh_ms: int = 10_000) -> None:
        product_id: ProductId = answer.product_id
        keys = ShopKeys(shop_key(str(product_id)))
        await self._redis.zrem(keys.waiting, str(product_id))
        await self._redis.hset(keys.taken, str(product_id), "by hand")
        await self._deliver(
            keys=[
                *(keys.taken, keys.until, keys.blamed, keys.breaker, keys.parked, keys.since),
                keys.answer(str(product_id)),
            ],
            args=[
                *("by hand", CHANNEL, 3, 1000),
                *(str(product_id), answer.to_json(), fresh_ms if answer.fresh else 0, 1, ""),
            ],
        )

    async def close(self) -> None:
        await self._redis.aclose()


@pytest.fixture
async def worker(settings: Settings) -> AsyncIterator[Worker]:
    made = Worker(aioredis.Redis.from_url(settings.redis_address))
    yield made
    await made.close()


@pytest.fixture
def asking(client: httpx2.AsyncClient) -> Callable[[str], Awaitable[httpx2.Response]]:
    """Asks for a live price, ready to wait the longest."""

    def ask(product_id: str) -> Awaitable[httpx2.Response]:
        return client.get(f"/products/{product_id}/price", params={"wait": 5000})

    return ask
