"""The queues, and the jobs that may be put into them: by dotted name, with plain values, as JSON and never as pickle."""

from dataclasses import dataclass
from datetime import timedelta

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from listino.domain.clock import utc_now

LIVE, CRAWL = "live", "crawl"
QUEUES = (LIVE, CRAWL)
SCHEDULE = "schedule"  # the trigger of a crawl that nobody asked for by hand

DRAIN_SECONDS = 10  # how long a drain job may take, which only has a drain begin
CRAWL_SECONDS = 6 * 3600


# A crawl that a worker took so long ago has its run in the store, or never will: then nothing is on its way any more.
SPIDER_START = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class WaitingCrawl:
    """A crawl that was asked for and has no run yet: no worker has taken it, or its spider is still starting. `shop`: the
    only one that is to be crawled."""

    market: str
    trigger: str
    shop: str | None = None


@dataclass(frozen=True, slots=True)
class Jobs:
    """Puts work into the queues. `connection` hands out bytes (decode_responses off), as RQ wants it."""

    connection: Redis

    def queue(self, name: str) -> Queue:
        return Queue(name, connection=self.connection, serializer=JSONSerializer)

    def drain(self, shop_key: str) -> Job:
        """Have a live worker ask the shop `it:bottega` for everything that waits for it."""
        return self.queue(LIVE).enqueue(
            "workers.live.drain", shop_key, job_timeout=DRAIN_SECONDS, result_ttl=0, failure_ttl=3600
        )

    def crawl(self, market: str, *, trigger: str, shop: str | None = None) -> Job | None:
        """Have a crawl worker send the market's spider; `trigger` says who wanted it. None if one is on its way already."""
        if any(waiting.market == market for waiting in self.waiting_crawls()):
            return None
        return self.queue(CRAWL).enqueue(
            "workers.crawls.crawl",
            market,
            shop,
            trigger,
            job_timeout=CRAWL_SECONDS,
            result_ttl=3600,
            failure_ttl=7 * 86_400,
            description=f"crawl {market}:{shop}" if shop else f"crawl {market}",
        )

    def waiting_crawls(self) -> list[WaitingCrawl]:
        """Crawls on their way, in the order they will be taken; at most a hundred."""
        queue = self.queue(CRAWL)
        taken = Job.fetch_many(queue.started_job_registry.get_job_ids(), self.connection, serializer=JSONSerializer)
        starting = [job for job in taken if job and job.started_at and utc_now() - job.started_at < SPIDER_START]
        return [
            WaitingCrawl(market=job.args[0], trigger=job.args[2], shop=job.args[1])
            for job in [*starting, *queue.get_jobs(length=100)]
        ]
