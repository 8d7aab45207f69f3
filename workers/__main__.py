"""Starts one worker process: `python -m workers live`; or several: `python -m workers live --processes 4`."""

import logging
import sys

import click

from listino.domain.errors import InvalidValue, ListinoError
from listino.domain.schedule import in_force
from listino.jobs import CRAWL, LIVE, Jobs
from listino.live.client import connect_worker
from listino.live.worker_ports import demand_free, worker_ports
from listino.logs import configure_logs
from listino.settings import Settings, load_settings
from listino.store.client import Store
from workers import live_worker
from workers.crawl_worker import CrawlWorker
from workers.enduring import READ_SECONDS
from workers.patience import Patience
from workers.pool import LivePool
from workers.schedule import Schedule


@click.command()
@click.argument("role", type=click.Choice(["live", "crawl", "schedule"]))
@click.option("--processes", type=click.IntRange(1, 64), help="A pool of so many processes (live).")
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Where a live worker answers Prometheus; the others of a pool at the ports after it.",
)
@click.option("--metrics-host", default=live_worker.HOST, show_default=True, help="The address that it listens on.")
def main(role: str, processes: int | None, metrics_port: int | None, metrics_host: str) -> None:
    """Works off the queue of ROLE, or keeps the schedule. Example: python -m workers live --metrics-port 8110"""
    if processes is not None and role != LIVE:
        raise click.UsageError("--processes is for live workers")
    if metrics_port is not None and role != LIVE:
        raise click.UsageError(f"--metrics-port: the role {role} has no figures")
    try:
        ports = None if metrics_port is None else worker_ports(metrics_port, processes or 1)
    except InvalidValue as error:
        raise click.UsageError(str(error)) from None
    try:
        settings = load_settings()
        configure_logs(settings)
        if role != LIVE:
            _work(role, settings)
        elif processes is None:
            live_worker.work(settings, metrics_host, metrics_port)
        else:
            _serve_pool(settings, processes, metrics_host, ports)
    except ListinoError as error:
        sys.exit(f"listino: {error}")


def _serve_pool(settings: Settings, processes: int, metrics_host: str, metrics_ports: range | None) -> None:
    settings.demand_contact()
    if metrics_ports is None:
        figures = "no metrics"
    else:
        demand_free(metrics_host, metrics_ports)
        last = f" to {metrics_ports[-1]}" if processes > 1 else ""
        figures = f"metrics at {metrics_host}:{metrics_ports[0]}{last}"
    click.echo(f"live workers: {processes}, {figures}; Ctrl-C stops them", err=True)
    LivePool(settings, processes, metrics_host=metrics_host, metrics_ports=metrics_ports).serve()


def _work(role: str, settings: Settings) -> None:
    patience = Patience(settings.redis_address)
    connection = connect_worker(settings, patience, read_seconds=READ_SECONDS)
    connection.ping()  # there is nothing to do until Redis answers
    logging.getLogger("rq").setLevel("WARNING")
    if role == "schedule":
        with Store(settings) as store:
            Schedule(connection, lambda: in_force(store.crawl_times.all()), patience).start()
    else:
        CrawlWorker([Jobs(connection).queue(CRAWL)], connection=connection, patience=patience).work(
            logging_level="WARNING"
        )


if __name__ == "__main__":
    main()
