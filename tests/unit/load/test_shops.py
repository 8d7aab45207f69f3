"""The load shops speak as their platforms do, move their prices, and know what they told."""

import asyncio
import time
from itertools import pairwise
from typing import Any

import orjson
import pytest
from shops.goods import QUICKEST_MS, SLOWEST_MS, SWING, LoadShop, asked
from shops.payloads import asked_for, writer_of
from shops.running import MOST_AT_ONCE, PLATFORMS, RunningShops
from shops.server import LEFT, Conduct, Shops, stays
from starlette.types import Message

from listino.domain.politeness import Allowance
from listino.settings import Settings
from listino.shops.allowance import allowance_of
from listino.shops.declaration import Shops as Declared
from listino.shops.platform import Known, Page
from listino.shops.platforms import registry
from listino.shops.robots import Robots

NUMBER = 1_000_007
QUICK = Conduct(median_ms=1, p99_ms=1, errors=0)


def shop_of(platform: str) -> LoadShop:
    market = next(market for market, spoken in PLATFORMS.items() if spoken == platform)
    return LoadShop(market, platform, port=1234, first=1_000_000, count=20)


@pytest.fixture
def declared(settings_of_files: Settings) -> Declared:
    RunningShops([shop_of(platform) for platform in sorted(set(PLATFORMS.values()))]).declare(settings_of_files, 40)
    return Declared.load(settings_of_files.shops_path)


@pytest.fixture
def settings_of_files(tmp_path: Any) -> Settings:
    return Settings(_env_file=None, state_dir=tmp_path, shops_dir=None)


def test_a_price_holds_from_and_until_when_it_is_said_to() -> None:
    at, steps = 1_800_000_000.0, []
    while len(steps) < 200:
        steps.append(asked(NUMBER, at))
        at = steps[-1].until + 0.001
    assert all(later.since == pytest.approx(sooner.until) for sooner, later in pairwise(steps))
    assert all(QUICKEST_MS <= 1000 * (one.until - one.since) + 0.01 <= SLOWEST_MS + 0.02 for one in steps)
    prices = [one.minor for one in steps]
    assert len(set(prices)) > 190
    # Never so far from each other that the price is held instead of sold at (50 %).
    assert max(prices) / min(prices) < (1 + SWING) / (1 - SWING) + 0.01 < 1.5
    middle = asked(NUMBER, (steps[0].since + steps[0].until) / 2)
    assert middle == steps[0]


@pytest.mark.parametrize(
    ("platform", "count"), [("woocommerce", 1), ("woocommerce", 5), ("shopify", 1), ("generic", 1)]
)
def test_our_readers_read_the_price_that_the_shop_asks(platform: str, count: int, declared: Declared) -> None:
    shop, now = shop_of(platform), time.time()
    numbers = list(shop.numbers())[:count]
    ours = registry.PLATFORMS[platform]
    known = [Known(sku=str(number), url=shop.address(number)) for number in numbers]
    (refresh,) = ours.refresh_many(declared[shop.key], known)
    path, _, query = refresh.fetch.url.removeprefix(shop.url).partition("?")
    assert asked_for(platform, path, query.encode()) == numbers
    prices = {number: asked(number, now) for number in numbers}
    content_type, body = writer_of(platform, shop.url, 8)(path, prices)
    page = Page(url=refresh.fetch.url, body=body, headers={"content-type": content_type.decode()})
    told = ours.read_offers(declared[shop.key], refresh, page)
    assert {sku: offer.cost.minor for sku, offer in told.items()} == {str(n): prices[n].minor for n in numbers}


@pytest.mark.parametrize("platform", sorted(set(PLATFORMS.values())))
def test_other_requests_ask_for_no_goods(platform: str) -> None:
    assert asked_for(platform, "/robots.txt", b"") == []


def test_a_declared_shop_allows_what_it_is_asked(declared: Declared) -> None:
    shop = shop_of("shopify")
    allowed = allowance_of("127.0.0.1:1234", [declared[shop.key]], Robots("User-agent: *\nAllow: /\n"), "Listino")
    assert allowed == Allowance(concurrency=MOST_AT_ONCE, crawling=4, interval_ms=25)


class Visitor:
    """Asks the application as a server would, and hears what it answers."""

    def __init__(self, app: Shops) -> None:
        self.app = app
        self.left = asyncio.Event()

    async def ask(self, path: str, body: bytes = b"", query: bytes = b"") -> tuple[int, bytes]:
        said: list[Message] = []
        coming = [{"type": "http.request", "body": body}]

        async def receive() -> Message:
            if coming:
                return coming.pop()
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            said.append(message)

        scope = {"type": "http", "path": path, "query_string": query, "server": ("127.0.0.1", 1234)}
        await self.app(scope, receive, send)
        return (said[0]["status"], said[1]["body"]) if said else (LEFT, b"")

    async def log(self, first: int = 0) -> list[dict[str, Any]]:
        _, body = await self.ask("/_load/log", query=b"first=%d" % first)
        return list(orjson.loads(body))


def visitor(conduct: Conduct) -> Visitor:
    return Visitor(Shops([shop_of("shopify")], conduct, seed=1, page_kb=1))


async def test_the_log_has_what_was_told() -> None:
    someone = visitor(QUICK)
    status, body = await someone.ask(f"/products/{NUMBER}.js")
    assert status == 200
    (visit,) = await someone.log()
    ((number, minor, since, until),) = visit["told"]
    assert (number, visit["status"], visit["asked"]) == (NUMBER, 200, [NUMBER])
    assert orjson.loads(body)["variants"][0]["price"] == minor == asked(NUMBER, visit["ended"] - 0.0005).minor
    assert since <= visit["ended"]
    assert visit["came"] < visit["ended"] < until + 1
    assert await someone.log(first=1) == []


async def test_every_request_is_in_the_log_whatever_comes_of_it() -> None:
    someone = visitor(Conduct(median_ms=1, p99_ms=1, errors=1))
    assert (await someone.ask("/robots.txt"))[0] == 200
    assert (await someone.ask(f"/products/{NUMBER}.js"))[0] == 500
    await someone.ask("/_load/conduct", orjson.dumps({"median_ms": 1, "p99_ms": 1, "errors": 0}))
    assert (await someone.ask("/products/1.js"))[0] == 404
    assert [(visit["status"], visit["told"]) for visit in await someone.log()] == [(200, []), (500, []), (404, [])]


async def test_a_share_of_the_answers_are_errors() -> None:
    someone = visitor(Conduct(median_ms=0.1, p99_ms=0.1, errors=0.1))
    answers = await asyncio.gather(*(someone.ask(f"/products/{NUMBER}.js") for _ in range(1000)))
    assert 70 <= sum(status == 500 for status, _ in answers) <= 130


async def test_a_shop_that_hangs_answers_when_it_is_over() -> None:
    someone = visitor(QUICK)
    await someone.ask("/_load/hang", b"0.2")
    assert (await someone.ask(f"/products/{NUMBER}.js"))[0] == 200
    (visit,) = await someone.log()
    assert visit["ended"] - visit["came"] >= 0.19


async def test_who_leaves_is_not_under_way_any_more() -> None:
    someone = visitor(Conduct(median_ms=60_000, p99_ms=60_000))
    asking = asyncio.create_task(someone.ask(f"/products/{NUMBER}.js"))
    await asyncio.sleep(0)
    someone.left.set()
    assert await asyncio.wait_for(asking, 5) == (LEFT, b"")
    (visit,) = await someone.log()
    assert (visit["status"], visit["told"]) == (LEFT, [])
    assert visit["ended"] - visit["came"] < 5


async def test_a_visitor_who_stays_is_waited_with() -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    began = time.monotonic()
    assert await stays(receive, 0.05)
    assert time.monotonic() - began >= 0.045
