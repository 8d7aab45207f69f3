"""Crawls, their schedule, shops and the platform at work, for programs."""

from collections.abc import Callable

import orjson
import pytest
from integration.backoffice.goods import MANAGER, declare_shops
from integration.backoffice.program import Ask, all_of
from integration.backoffice.test_operations import failed_job
from redis import Redis
from shopkeeper import wait_until

from listino.jobs import Jobs
from listino.live.keys import ShopKeys
from listino.queues import queue_states
from listino.settings import Settings
from listino.store.client import Store

PRODUCT = "it:bottega:8411"


@pytest.fixture
def jobs(settings: Settings):
    declare_shops(settings)
    with Redis.from_url(settings.redis_address) as redis:
        yield Jobs(redis)


def test_crawls_are_listed_and_read_with_what_they_could_not_use_and_their_log(onlooker: Callable[..., Ask]) -> None:
    ask = onlooker("read")
    runs = all_of(ask, "/crawls", market="it")
    assert [one["id"] for one in runs] == [f"crawl-it-{number}" for number in range(1, 27)]
    run = ask("/crawls/crawl-it-1").json
    assert run == runs[0]
    assert (run["shops"]["bottega"]["products"], run["rejected"]["no_price"]) == (1250, 2)
    assert [one["reason"] for one in all_of(ask, "/crawls/crawl-it-1/rejects")] == ["no_price", "unreadable"]
    assert [one["reason"] for one in all_of(ask, "/crawls/crawl-it-1/rejects", reason="no_price")] == ["no_price"]
    assert [one["level"] for one in all_of(ask, "/crawls/crawl-it-1/log")] == ["WARNING", "INFO"]
    assert [one["level"] for one in all_of(ask, "/crawls/crawl-it-1/log", trouble="true")] == ["WARNING"]
    assert ask("/crawls/none/log").json["detail"] == "There is no crawl none."
    for strange in ("?market=uk", "?after=x", "/crawl-it-1/log?after=x"):
        assert ask(f"/crawls{strange}").status_code == 400, strange


def test_a_crawl_is_started_once_and_one_at_work_is_stopped(
    program: Callable[..., Ask], filled: Store, jobs: Jobs
) -> None:
    ask = program(MANAGER, "read", "write")
    started = ask("/crawls", "POST", json={"market": "it", "shop": "bottega"})
    assert (started.status_code, started.json) == (202, {"outcome": "queued"})
    assert ask("/crawls", "POST", json={"market": "it"}).json == {"outcome": "waiting"}
    assert ask("/crawls", "POST", json={"market": "fr"}).json == {"outcome": "at work"}
    assert ask("/crawls", "POST", json={"market": "it", "shop": "nobody"}).status_code == 409
    assert [tuple(job.args) for job in jobs.queue("crawl").get_jobs()] == [("it", "bottega", f"staff:{MANAGER}")]
    assert filled.audit.of("shop:it:bottega")[0].by == MANAGER

    filled.leases.acquire("fr")
    assert ask("/crawls/crawl-fr-now/stop", "POST").status_code == 202
    request = filled.leases.stop_request("fr")
    assert request is not None
    assert request.by == MANAGER
    assert [ask(f"/crawls/{one}/stop", "POST").status_code for one in ("crawl-it-1", "none")] == [409, 404]
    assert ask("/crawls/crawl-it-1/shops/bottega/accept-drift", "POST").status_code == 409


def test_times_are_chosen_and_forgotten(program: Callable[..., Ask], filled: Store, jobs: Jobs) -> None:
    ask = program(MANAGER, "read", "write")
    declared = ask("/schedule").json["items"]
    assert [(one["key"], one["by"]) for one in declared] == [("it", None), ("fr", None), ("de", None), ("es", None)]
    chosen = ask("/schedule/it:bottega", "PUT", json={"every_hours": 12, "clock": "03:30"}).json
    assert (chosen["clock"], chosen["active"], chosen["by"]) == ("03:30", True, MANAGER)
    assert ask("/schedule").json["items"][-1] == chosen
    for key, times, status in (
        ("it", {"every_hours": 5, "clock": "00:00"}, 400),
        ("it", {"every_hours": 6, "clock": "25:00"}, 400),
        ("uk", {"every_hours": 6, "clock": "00:00"}, 400),
        ("it:nobody", {"every_hours": 6, "clock": "00:00"}, 409),
    ):
        assert ask(f"/schedule/{key}", "PUT", json=times).status_code == status, key
    assert [ask("/schedule/it:bottega", "DELETE").status_code for _ in range(2)] == [204, 404]
    assert ask("/schedule").json["items"] == declared
    assert [one.by for one in filled.audit.of("schedule:it:bottega")] == [MANAGER] * 2


def test_shops_are_listed_and_read_as_they_are(onlooker: Callable[..., Ask]) -> None:
    ask = onlooker("read")
    shops = all_of(ask, "/shops")
    assert [one["key"] for one in shops] == ["de:kontor", "es:mercado", "fr:atelier", "it:bottega"]
    shop = ask("/shops/it:bottega").json
    assert (shop["stock"]["stored"], shop["stock"]["gone"], shop["latest"]["crawl_id"]) == (32, 1, "crawl-it-1")
    assert (shop["live"]["breaker"], shop["host"]["live"]) == ("closed", 0)
    assert [one["file"] for one in ask("/shops/broken").json["items"]] == ["it-rotto.toml"]
    assert [ask(f"/shops{strange}").status_code for strange in ("/it:nobody", "?market=uk")] == [404, 400]


def test_the_platform_is_told_of_part_by_part(onlooker: Callable[..., Ask]) -> None:
    ask = onlooker("read")

    def seen() -> dict | None:
        told = ask("/operations").json
        return told if all(part["value"] for part in told.values()) else None

    told = wait_until(seen, "all parts have been looked at")
    assert {one["shard"] for one in told["cluster"]["value"]["shares"]} == {"shard0", "shard1"}
    assert [one["name"] for one in told["queues"]["value"]["queues"]] == ["live", "crawl"]
    assert told["live"]["value"]["total"]["fresh_share"] is None


def test_jobs_are_put_back_and_removed_and_a_parked_product_is_released(
    program: Callable[..., Ask], filled: Store, jobs: Jobs
) -> None:
    ask, failed = program(MANAGER, "write"), failed_job(jobs)
    assert ask(f"/operations/jobs/{failed.id}/requeue", "POST").json["what"] == "crawl es"
    assert ask(f"/operations/jobs/{failed.id}/requeue", "POST").status_code == 409
    assert ask(f"/operations/jobs/{failed.id}", "DELETE").status_code == 204
    assert ask(f"/operations/jobs/{failed.id}", "DELETE").status_code == 409
    assert (queue_states(jobs)[1].length, queue_states(jobs)[1].failures) == (0, 0)
    assert [one.action for one in filled.audit.of(f"job:{failed.id}")] == ["job.removed", "job.requeued"]

    why = orjson.dumps({"at_ms": int(jobs.connection.time()[0]) * 1000, "why": "three workers died"})
    jobs.connection.hset(ShopKeys("it:bottega").parked, PRODUCT, why)
    assert [ask(f"/operations/parked/{PRODUCT}/release", "POST").status_code for _ in range(2)] == [204, 409]
    assert not jobs.connection.exists(ShopKeys("it:bottega").parked)
