"""Starts one worker process: `python -m workers live`."""

import logging
import sys

import click
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from listino.domain.errors import ListinoError
from listino.jobs import CRAWL, LIVE, Jobs
from listino.live.client import UNAVAILABLE, connect_worker, unavailable
from listino.logs import configure_logs
from listino.settings import Settings, load_settings
from workers.crawl_worker import CrawlWorker
from workers.live import drain  # noqa: F401  # imported before the first job needs it
from workers.runtime import runtime
from workers.schedule import Schedule, periodic_crawls

_RECYCLE_AFTER = 10_000  # jobs; the supervisor starts a fresh process


@click.command()
@click.argument("role", type=click.Choice(["live", "crawl", "schedule"]))
def main(role: str) -> None:
    """Works off the queue of ROLE, or keeps the schedule. Example: python -m workers live"""
    try:
        settings = load_settings()
        configure_logs(settings)
        _work(role, settings)
    except ListinoError as error:
        sys.exit(f"listino: {error}")


def _work(role: str, settings: Settings) -> None:
    connection = connect_worker(settings)
    try:
        connection.ping()
    except UNAVAILABLE as error:
        raise unavailable(settings, error) from error
    logging.getLogger("rq").setLevel("WARNING")
    if role == "schedule":
        Schedule(connection, periodic_crawls()).start()  # type: ignore[no-untyped-call]  # RQ types it not
    elif role == LIVE:
        runtime().warm_up()
        # No fork a job: 5 ms from queue to start instead of 30, and connections to the shops stay warm.
        queue = Jobs(connection).queue(LIVE)
        SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(
            max_jobs=_RECYCLE_AFTER, logging_level="WARNING"
        )
    else:
        queue = Jobs(connection).queue(CRAWL)
        CrawlWorker([queue], connection=connection, serializer=JSONSerializer).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
