"""One process that serves live prices."""

import logging

from listino.jobs import LIVE, Jobs
from listino.live.client import connect_worker
from listino.logs import GatheredLines, configure_logs
from listino.settings import Settings
from workers.enduring import READ_SECONDS, LiveWorker
from workers.live import drains
from workers.patience import Patience
from workers.runtime import runtime

HOST = "127.0.0.1"
RECYCLE_AFTER = 10_000  # jobs; whoever started the process starts a fresh one


def work(
    settings: Settings, metrics_host: str = HOST, metrics_port: int | None = None, *, worker: str | None = None
) -> None:
    """Works until the process is told to stop, or is old; then finishes or puts back what it has in hand.

    The settings are the environment's, from which its jobs load them again. With a port it answers Prometheus there. `worker`: the
    name under which its leases are known, for whoever is to end them when the process was killed.
    """
    settings.demand_contact()
    lines = GatheredLines()
    configure_logs(settings, gathered=lines, **({} if worker is None else {"worker": worker}))
    with lines.written_regularly():
        _work(settings, metrics_host, metrics_port, worker)


def _work(settings: Settings, metrics_host: str, metrics_port: int | None, worker: str | None) -> None:
    logging.getLogger("rq").setLevel("WARNING")
    patience = Patience(settings.redis_address)
    connection = connect_worker(settings, patience, read_seconds=READ_SECONDS)
    connection.ping()  # there is nothing to do until Redis answers
    if worker is not None:
        runtime().worker = worker
    runtime().warm_up()
    if metrics_port is not None:
        runtime().metrics.serve(metrics_host, metrics_port)
    at_work = drains()
    try:
        LiveWorker([Jobs(connection).queue(LIVE)], connection=connection, patience=patience).work(
            max_jobs=RECYCLE_AFTER, logging_level="WARNING"
        )
    finally:
        at_work.close()
        runtime().store.filing.close()
