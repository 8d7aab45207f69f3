"""`listino worker`: the processes that ask shops for live prices."""

import os
import sys

import click

from listino.live.worker_ports import worker_ports
from listino.settings import load_settings


@click.command(short_help="Ask shops for live prices, with several processes.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="How many. Default: LISTINO_LIVE_WORKERS.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Where the first answers Prometheus; the others at the ports after it. Default: nowhere.",
)
@click.option("--metrics-host", help="The address that they listen on. Default: 127.0.0.1.")
def worker(processes: int | None, metrics_port: int | None, metrics_host: str | None) -> None:
    """Serve live prices until told to stop (Ctrl-C), with several processes; one that ends is replaced. `listino up` starts such
    processes by itself.

    \b
    Example:
      listino worker
      listino worker --processes 8 --metrics-port 8110
    """
    processes = processes or load_settings().live_workers
    if metrics_port is not None:
        worker_ports(metrics_port, processes)
    options = {
        "--processes": processes,
        "--metrics-port": metrics_port,
        "--metrics-host": metrics_host,
    }
    argv = [sys.executable, "-m", "workers", "live"]
    argv += [text for name, value in options.items() if value is not None for text in (name, str(value))]
    # The application's own process takes this one's place: it gets the signals, and its exit code is the command's.
    os.execv(sys.executable, argv)  # noqa: S606  # no shell is wanted
