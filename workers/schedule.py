"""What happens by the clock: one function says it as data, the scheduler of RQ does it."""

import contextlib
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

from redis import Redis
from redis.client import Pipeline
from rq.cron import CronJob, CronScheduler
from rq.exceptions import StopRequested
from rq.job import Job

from listino.domain.market import MARKETS
from listino.jobs import SCHEDULE, Jobs
from workers.patience import Patience

# The longest time between two signs of life; a Redis that is away is noticed as soon.
PULSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A market to be crawled whenever the five-field cron expression (UTC) comes up."""

    name: str
    market: str
    cron: str


def periodic_crawls() -> list[Periodic]:
    """Each market every six hours, a quarter of an hour apart, so that four spiders do not start at once."""
    return [Periodic(f"crawl {code}", code, f"{15 * n} */6 * * *") for n, code in enumerate(MARKETS)]


class _CrawlCron(CronJob):
    """RQ's own cron jobs are put into the queue as pickle; this one goes the way of every other job here, as JSON."""

    def __init__(self, periodic: Periodic) -> None:
        super().__init__("crawl", func_name="workers.crawls.crawl", cron=periodic.cron, name=periodic.name)
        self._market = periodic.market

    def enqueue(self, connection: Redis) -> Job | None:  # type: ignore[override]  # RQ looks at nothing that it returns
        return Jobs(connection).crawl(self._market, trigger=SCHEDULE)


class Schedule(CronScheduler):
    """The scheduler process. A time that passes while it is down is left out: the next one comes within hours.

    While Redis is away it waits with `patience`, with which its connection was made; what came due is queued after that.
    """

    def __init__(self, connection: Redis, crawls: Sequence[Periodic], patience: Patience) -> None:
        super().__init__(connection=connection, name="listino")
        self._patience = patience
        self._cron_jobs = [_CrawlCron(periodic) for periodic in crawls]

    def start(self) -> None:
        """Keeps the schedule until the process is told to stop."""
        with contextlib.suppress(StopRequested):  # RQ lets it through before the first sign of life
            super().start()  # type: ignore[no-untyped-call]  # RQ types it not

    def calculate_sleep_interval(self) -> float:
        return min(PULSE_SECONDS, super().calculate_sleep_interval())

    def register_death(self, pipeline: Pipeline | None = None) -> None:
        self._patience.farewell(functools.partial(super().register_death, pipeline))

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._patience.end()
        super()._request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ types it not
