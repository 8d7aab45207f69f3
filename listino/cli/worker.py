"""`listino worker`: the processes that ask shops for live prices."""

import os
import sys

import click

from listino.settings import load_settings


@click.command(short_help="Ask shops for live prices, with several processes.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="How many. Default: LISTINO_LIVE_WORKERS.",
)
def worker(processes: int | None) -> None:
    """Serve live prices until told to stop, with several processes; one that ends is replaced. `listino up` starts such
    processes by itself.

    \b
    Example:
      listino worker
      listino worker --processes 8
    """
    wanted = processes or load_settings().live_workers
    # The application's own process takes this one's place: it gets the signals, and its exit code is the command's.
    os.execv(sys.executable, [sys.executable, "-m", "workers", "live", "--processes", str(wanted)])  # noqa: S606  # no shell is wanted
