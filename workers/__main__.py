"""Starts one worker process: `python -m workers live`."""

import logging
import sys

import click

from listino.domain.errors import ListinoError
from listino.jobs import CRAWL, LIVE, Jobs
from listino.live.client import connect_worker
from listino.logs import configure_logs
from listino.settings import Settings, load_settings
from workers.crawl_worker import CrawlWorker
from workers.enduring import READ_SECONDS, LiveWorker
from workers.live import drain  # noqa: F401  # imported before the first job needs it
from workers.patience import Patience
from workers.runtime import runtime
from workers.schedule import Schedule, periodic_crawls

_RECYCLE_AFTER = 10_000  # jobs; the supervisor starts a fresh process


@click.command()
@click.argument("role", type=click.Choice(["live", "crawl", "schedule"]))
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Where a live worker answers Prometheus.")
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="The address that it listens on.")
def main(role: str, metrics_port: int | None, metrics_host: str) -> None:
    """Works off the queue of ROLE, or keeps the schedule. Example: python -m workers live --metrics-port 8110"""
    if metrics_port is not None and role != LIVE:
        raise click.UsageError(f"--metrics-port: the role {role} has no figures")
    try:
        settings = load_settings()
        configure_logs(settings)
        _work(role, settings, metrics_host, metrics_port)
    except ListinoError as error:
        sys.exit(f"listino: {error}")


def _work(role: str, settings: Settings, metrics_host: str, metrics_port: int | None) -> None:
    patience = Patience(settings.redis_address)
    connection = connect_worker(settings, patience, read_seconds=READ_SECONDS)
    connection.ping()  # there is nothing to do until Redis answers
    logging.getLogger("rq").setLevel("WARNING")
    if role == "schedule":
        Schedule(connection, periodic_crawls(), patience).start()
    elif role == LIVE:
        settings.demand_contact()
        runtime().warm_up()
        if metrics_port is not None:
            runtime().metrics.serve(metrics_host, metrics_port)
        LiveWorker([Jobs(connection).queue(LIVE)], connection=connection, patience=patience).work(
            max_jobs=_RECYCLE_AFTER, logging_level="WARNING"
        )
    else:
        CrawlWorker([Jobs(connection).queue(CRAWL)], connection=connection, patience=patience).work(
            logging_level="WARNING"
        )


if __name__ == "__main__":
    main()
