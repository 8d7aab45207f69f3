"""What happens by the clock: one function says it as data, the scheduler of RQ does it."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import FrameType

import structlog
from redis import Redis
from redis.client import Pipeline
from rq.cron import CronJob, CronScheduler
from rq.exceptions import StopRequested
from rq.job import Job

from listino.domain.schedule import Planned
from listino.jobs import SCHEDULE, Jobs
from listino.store.outage import UNAVAILABLE, time_limit
from workers.patience import Patience

log = structlog.get_logger(__name__)

# The longest time between two signs of life; a Redis that is away is noticed as soon.
PULSE_SECONDS = 5.0
# How long the look for other times may take: a few documents.
_LOOK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A market, or one shop of it alone, to be crawled whenever the five-field cron expression (UTC) comes up."""

    name: str
    market: str
    cron: str
    shop: str | None = None


def periodic_crawls(plan: Iterable[Planned]) -> list[Periodic]:
    """What is planned and active, under one name each."""
    return [
        Periodic(f"crawl {planned.key}", planned.market, planned.times.cron, planned.shop)
        for planned in plan
        if planned.times.active
    ]


class _CrawlCron(CronJob):
    """RQ's own cron jobs are put into the queue as pickle; this one goes the way of every other job here, as JSON."""

    def __init__(self, periodic: Periodic) -> None:
        super().__init__("crawl", func_name="workers.crawls.crawl", cron=periodic.cron, name=periodic.name)
        self.periodic = periodic

    def enqueue(self, connection: Redis) -> Job | None:  # type: ignore[override]  # RQ looks at nothing that it returns
        return Jobs(connection).crawl(self.periodic.market, trigger=SCHEDULE, shop=self.periodic.shop)


class Schedule(CronScheduler):
    """The scheduler process. A time that passes while it is down is left out: the next one comes within hours.

    While Redis is away it waits with `patience`, with which its connection was made; what came due is queued after that.
    `plan` gives the schedule that is in force, by key, and is asked at each pulse. While MongoDB is away the plan of before
    holds, and before the first one is known nothing is started: it may have been switched off.
    """

    def __init__(self, connection: Redis, plan: Callable[[], Mapping[str, Planned]], patience: Patience) -> None:
        super().__init__(connection=connection, name="listino")
        self._patience = patience
        self._plan = plan
        self._away = False

    def enqueue_jobs(self) -> list[CronJob]:
        self.look()
        return super().enqueue_jobs()

    def look(self) -> None:
        """Takes over what was changed in the plan; the rest keeps the time at which it comes up next."""
        try:
            with time_limit(_LOOK_SECONDS):
                wanted = periodic_crawls(self._plan().values())
        except UNAVAILABLE as error:
            if not self._away:
                log.warning("schedule.unknown", error=str(error)[:300])
            self._away = True
            return
        self._away = False
        known = {job.periodic: job for job in self._cron_jobs if isinstance(job, _CrawlCron)}
        jobs = [known.get(periodic) or _CrawlCron(periodic) for periodic in wanted]
        if jobs != self._cron_jobs:
            self._cron_jobs = [*jobs]
            log.info("schedule.taken_over", crawls={job.periodic.name: job.periodic.cron for job in jobs})

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
