from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from croniter import croniter
from redis import Redis
from rq.serializers import JSONSerializer

from listino.domain.market import MARKETS
from listino.jobs import QUEUES, Jobs
from workers.patience import Patience
from workers.schedule import Periodic, Schedule, periodic_crawls

NOWHERE = Redis.from_url("redis://127.0.0.1:1/0")  # connects on first use, and nothing here uses it
PATIENCE = Patience("redis://127.0.0.1:1/0")


def test_each_market_is_crawled_by_the_clock() -> None:
    crawls = periodic_crawls()
    assert len(crawls) == len(MARKETS) == 4
    assert {crawl.market for crawl in crawls} == set(MARKETS)
    assert len({crawl.name for crawl in crawls}) == 4


@pytest.mark.parametrize("crawl", periodic_crawls(), ids=lambda crawl: crawl.market)
def test_a_market_is_crawled_every_six_hours(crawl: Periodic) -> None:
    assert croniter.is_valid(crawl.cron)
    times = croniter(crawl.cron, datetime(2026, 3, 1, tzinfo=UTC))
    starts = [times.get_next(datetime) for _ in range(5)]
    assert {later - earlier for earlier, later in pairwise(starts)} == {timedelta(hours=6)}


def test_no_two_spiders_start_at_once() -> None:
    midnight = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
    starts = sorted(croniter(crawl.cron, midnight).get_next(datetime) for crawl in periodic_crawls())
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == [timedelta(minutes=15)] * 3


def jobs(*crawls: Periodic) -> dict[str, str | None]:
    return {job.name: job.cron for job in Schedule(NOWHERE, crawls, PATIENCE).get_jobs()}


IT, FR = Periodic("crawl it", "it", "0 */6 * * *"), Periodic("crawl fr", "fr", "15 */6 * * *")


@pytest.mark.parametrize(
    ("crawls", "expected"),
    [
        ([], {}),
        ([IT], {"crawl it": "0 */6 * * *"}),
        ([IT, FR], {"crawl it": "0 */6 * * *", "crawl fr": "15 */6 * * *"}),
        ([Periodic("crawl it", "it", "0 3 * * *")], {"crawl it": "0 3 * * *"}),
    ],
    ids=["removed", "unchanged", "new", "changed"],
)
def test_the_schedule_is_what_its_data_say(crawls: list[Periodic], expected: dict[str, str]) -> None:
    assert jobs(IT) == {"crawl it": "0 */6 * * *"}
    assert jobs(*crawls) == expected, "nothing is left of a schedule made before"


def test_a_bad_cron_expression_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"cron|column"):
        Schedule(NOWHERE, [Periodic("crawl it", "it", "often")], PATIENCE)


def test_a_scheduled_crawl_goes_the_way_of_every_job(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Jobs, "crawl", lambda self, market, **how: asked.append((self.connection, market, how)))
    for job in Schedule(NOWHERE, periodic_crawls(), PATIENCE).get_jobs():
        job.enqueue(NOWHERE)
    assert asked == [(NOWHERE, market, {"trigger": "schedule"}) for market in MARKETS]


@pytest.mark.parametrize("name", QUEUES)
def test_every_queue_speaks_json(name: str) -> None:
    assert Jobs(NOWHERE).queue(name).serializer is JSONSerializer
