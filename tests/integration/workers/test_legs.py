"""The way of a live refresh, as a real worker and real viewers note it: in the trace, and in what Prometheus is told."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from livework import end, start_worker, waiting_room
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from shopkeeper import RunningShop

from api.metrics import Metrics
from listino.cli import main
from listino.domain.clock import utc_now
from listino.domain.listing import list_goods
from listino.domain.product import Product
from listino.live.answer import LiveAnswer, Reason
from listino.live.keys import ShopKeys
from listino.live.prices import AsyncLivePrices
from listino.live.times import BREAK_AFTER
from listino.local.engines import free_port
from listino.settings import Settings
from listino.shops.declaration import Shops
from listino.shops.folder import ShopsFolder
from listino.shops.labels import ShopLabels
from listino.store.client import Store

LATENCY_MS = 120
LEGS = ["queued", "started", "asked", "answered", "stored", "delivered"]
Samples = dict[tuple[str, ...], float]


@pytest.fixture
def figures(settings: Settings) -> Iterator[str]:
    """Where a live worker process tells its figures."""
    port = free_port()
    process = start_worker(settings, "--metrics-port", str(port))
    yield f"http://127.0.0.1:{port}/metrics"
    end(process)


@pytest.fixture
def goods(german_shop: RunningShop, settings: Settings, store: Store) -> list[Product]:
    """Two products of a shop that takes a while to answer."""
    terms = Shops.load(settings.shops_path)[german_shop.key].terms
    truth = list(german_shop.truth().values())[:2]
    products = [list_goods(one, terms, at=utc_now(), crawl_id="test") for one in truth]
    store.products.upsert(products)
    german_shop.admin("behaviour", latency={"median_ms": LATENCY_MS, "p99_ms": LATENCY_MS + 1})
    return products


def samples(text: str) -> Samples:
    """Each sample of ours by name, shop and, as far as it has them, decision, outcome and leg; without buckets."""
    return {
        (
            sample.name,
            *(sample.labels[name] for name in ("shop", "decision", "outcome", "leg") if name in sample.labels),
        ): (sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("listino_live_") and "le" not in sample.labels
    }


def test_a_trace_shows_each_leg_and_the_worker_counts_them(
    figures: str,
    goods: list[Product],
    german_shop: RunningShop,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    command = ["live", "trace", str(goods[0].id)]
    assert main.run([*command, "--wait", "20", "--json"]) == 0  # the first one meets cold connections
    capsys.readouterr()
    began = time.perf_counter()
    assert main.run([*command, "--wait", "20", "--json"]) == 0
    waited_ms = (time.perf_counter() - began) * 1000
    told = json.loads(capsys.readouterr().out)

    assert [leg["leg"] for leg in told["legs"]] == LEGS
    assert (told["fresh"], told["reason"], told["joined"]) == (True, None, False)
    assert told["shop_ms"] >= LATENCY_MS
    assert told["legs"][0]["from_ms"] == 0
    for leg, following in zip(told["legs"], told["legs"][1:], strict=False):
        assert following["from_ms"] == pytest.approx(leg["from_ms"] + leg["ms"], abs=0.01)
    # No time is lost between the legs, and none is counted twice, though three processes noted them.
    assert sum(leg["ms"] for leg in told["legs"]) == pytest.approx(told["total_ms"], abs=0.01)
    assert told["total_ms"] <= waited_ms

    counted, shop = samples(httpx2.get(figures).text), german_shop.key
    assert counted["listino_live_refreshes_total", shop, "fresh"] == 2
    for leg in ("started", "asked", "answered", "stored"):
        assert counted["listino_live_leg_seconds_count", shop, leg] == 2
    assert counted["listino_live_leg_seconds_sum", shop, "answered"] >= 2 * LATENCY_MS / 1000
    assert {key[1] for key in counted} == {shop}

    german_shop.admin("behaviour", fault="truncated", times=1)
    assert main.run([*command, "--wait", "20"]) == 0, "what fails in passing is asked once more"
    assert samples(httpx2.get(figures).text)["listino_live_second_attempts_total", shop] == 1
    capsys.readouterr()

    german_shop.admin("behaviour", fault="503")
    assert main.run([*command, "--wait", "20"]) == 1
    shown = capsys.readouterr().out
    assert "not fresh: shop_refused" in shown
    assert "answered" in shown
    assert "stored" not in shown
    assert samples(httpx2.get(figures).text)["listino_live_refreshes_total", shop, "shop_refused"] == 1


@pytest.mark.usefixtures("figures")
async def test_viewers_count_who_joined_and_when_they_heard(
    goods: list[Product], german_shop: RunningShop, settings: Settings
) -> None:
    kept = settings.model_copy(update={"live_fresh_ms": 60_000})
    metrics, (first, second) = Metrics(ShopLabels(ShopsFolder(settings.shops_path))), goods
    async with AsyncLivePrices(kept, watch=metrics) as live:
        answers = await asyncio.gather(*(live.get(first.id, wait_ms=15_000) for _ in range(5)))
        assert [answer.reason for answer in answers] == [None] * 5
        assert (await live.get("it:nobody:1", wait_ms=1)).legs is None
        await live.get(second.id, wait_ms=15_000)
    began = [answer for answer in answers if answer.legs and answer.legs.requested is not None]
    assert len(began) >= 1
    counted, shop = samples(metrics.exposition().decode()), german_shop.key
    assert counted["listino_live_requests_total", shop, "queued"] == 2
    assert counted["listino_live_requests_total", shop, "joined"] == 4
    assert counted["listino_live_requests_total", "undeclared", "queued"] == 1
    assert counted["listino_live_leg_seconds_count", shop, "queued"] == 2
    assert counted["listino_live_leg_seconds_count", shop, "delivered"] == 2
    assert {key[1] for key in counted} == {shop, "undeclared"}


def test_what_cannot_be_traced_is_one_line(
    goods: list[Product],
    store: Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert main.run(["live", "trace", "de:kontor:nothing-of-ours"]) == 1
    assert capsys.readouterr().err == "listino: no product de:kontor:nothing-of-ours\n"
    assert main.run(["live", "trace", "5"]) == 2
    assert "the id of imported goods" in capsys.readouterr().err
    store.products.mark_gone([goods[1].id], datetime(2026, 3, 2, tzinfo=UTC))
    for command in (["price"], ["live", "trace"]):
        assert main.run([*command, str(goods[1].id)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("listino: gone since 2026-03-02T00:00:00.000Z: ")
    monkeypatch.setenv("LISTINO_REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    assert main.run(["live", "trace", str(goods[0].id)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("listino: Redis does not answer at redis://:***@127.0.0.1:1/0")
    assert said.count("\n") == 1
    for command in ("parked", "shops"):
        assert main.run(["live", command]) == 1
        said = capsys.readouterr().err
        assert said.startswith("listino: Redis does not answer at redis://:***@127.0.0.1:1/0")
        assert "listino up" in said


async def test_a_shop_that_is_down_is_listed_and_the_trace_says_so(
    goods: list[Product],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    async with waiting_room(settings, "de:kontor") as room:
        assert main.run(["live", "shops"]) == 0
        assert capsys.readouterr().out == "de:kontor  no trouble known; 0 waiting\n"
        before = utc_now()
        while not await room.trouble():
            pass
    assert main.run(["live", "shops", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    since = datetime.fromisoformat(told.pop("since"))
    assert before - timedelta(seconds=1) < since < utc_now() + timedelta(seconds=1)
    assert told == {"shop": "de:kontor", "down": True, "unanswered": BREAK_AFTER, "waiting": 0}
    assert await asyncio.to_thread(main.run, ["live", "trace", str(goods[0].id)]) == 1
    said = capsys.readouterr().out
    assert "not fresh: shop_down" in said
    assert "The shop is down" in said
    assert main.run(["live", "shops"]) == 0
    assert "de:kontor  down: 3 requests in a row unanswered since 20" in capsys.readouterr().out


async def test_since_when_a_product_waits_survives_being_put_back(settings: Settings) -> None:
    redis, keys = Redis.from_url(settings.redis_address), ShopKeys("it:bottega")
    answers: list[LiveAnswer] = []

    async with AsyncLivePrices(settings) as live:
        await live.request("it:bottega:1")
    (queued,) = (int(since) for since in redis.hvals(keys.since))  # type: ignore[union-attr]  # typed for every mode
    async with (
        waiting_room(settings, "it:bottega") as leaving,
        waiting_room(settings, "it:bottega", refreshed=answers.append) as next_one,
    ):
        assert await leaving.take(2) == ["it:bottega:1"]
        await leaving.rest(leave=True)
        assert await next_one.take(2) == ["it:bottega:1"]
        await next_one.deliver(LiveAnswer(product_id="it:bottega:1", as_of=utc_now(), reason=Reason.SHOP_SILENT))
    (legs,) = (answer.legs for answer in answers)
    assert legs is not None
    assert legs.queued == queued
    assert queued <= (legs.started or 0) < queued + 60_000_000
    assert not redis.exists(keys.since)
