"""`listino up`, `down` and `status`: the platform on this machine."""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from listino.local.interruption import one_interrupt
from listino.local.platform import ENGINES, PartStatus, Platform
from listino.settings import Settings, load_settings, unknown_settings
from listino.store.client import Store
from listino.store.setup import BUILDS


@click.command(short_help="Start the platform on this machine.")
@click.option(
    "--members",
    type=click.Choice(["1", "3"]),
    help="Servers in each MongoDB replica set of a new cluster. Default: 1, and later what it was made with.",
)
@click.option("--engines", is_flag=True, help="Start MongoDB and Redis alone.")
@click.option("--detach", is_flag=True, help="Return once all is ready; `listino down` stops it.")
def up(members: str | None, engines: bool, detach: bool) -> None:
    """Start the platform on this machine: a sharded MongoDB cluster, Redis, four demo shops, API, back office, workers.

    Stays, and reports every part that ended and was started again, until Ctrl-C stops all of it. The data is kept in
    LISTINO_STATE_DIR.

    \b
    Example:
      listino up
      LISTINO_PORT_BASE=18080 listino up --members 3 --detach
    """
    platform = Platform(
        load_settings(), only=ENGINES if engines else None, members=None if members is None else int(members)
    )
    warn_of_settings()
    with one_interrupt():
        started = platform.up(progress_on_stderr(), furnishing(platform.settings))
        if not started:
            click.echo(f"already running in {platform.folder.root}; `listino down` stops it", err=True)
            if changed := platform.settings_to_apply():
                click.echo(
                    f"it was started with another {', '.join(changed)}: what is set now counts after `listino down` and "
                    "`listino up`",
                    err=True,
                )
        show_addresses(platform.addresses())
        if started and not detach:
            _stay(platform)


def warn_of_settings() -> None:
    """Tells of variables that look like settings and are none."""
    for complaint in unknown_settings():
        click.echo(f"listino: {complaint}", err=True)


def watch(platform: Platform) -> None:
    """Tells of every part that is restarted, until Ctrl-C or until somebody else took the platform down."""
    click.echo("Ctrl-C stops everything.", err=True)
    platform.watch(lambda line: click.echo(line, err=True), threading.Event())
    click.echo("everything was stopped by `listino down`", err=True)


def furnishing(settings: Settings) -> Callable[[], None]:
    """What the applications must find in the database when they start: collections, sharded while they are empty."""

    def furnish() -> None:
        with Store(settings) as store:
            store.prepare(_told)

    return furnish


def _told(name: str, what: str) -> None:
    """Tells of what takes long."""
    if what.startswith(BUILDS):
        click.echo(f"{name}: {what}", err=True)


def _stay(platform: Platform) -> None:
    try:
        with contextlib.suppress(KeyboardInterrupt):
            watch(platform)
    finally:
        platform.down(progress_on_stderr())


@click.command(short_help="Stop the platform on this machine.")
def down() -> None:
    """Stop everything that `listino up` started with the same LISTINO_STATE_DIR; the data is kept.

    Also clears up after a supervisor that was killed.

    \b
    Example:
      listino down
    """
    platform = Platform(load_settings())
    if not platform.down(progress_on_stderr()):
        click.echo(f"nothing is running in {platform.folder.root}", err=True)


@click.command(short_help="Show how each part of the platform is.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def status(as_json: bool) -> None:
    """Show state, process, port, uptime, restarts and memory of each part; exit code 1 unless all of them run.

    \b
    Example:
      listino status
      listino status --json | jq '.parts[] | select(.restarts > 0)'
    """
    platform = Platform(load_settings())
    parts = platform.status()
    healthy = bool(parts) and all(part.state == "running" for part in parts)
    if as_json:
        told = {
            "state_dir": str(platform.folder.root),
            "running": bool(parts),
            "healthy": healthy,
            "memory": _memory(parts),
            "parts": [asdict(part) for part in parts],
        }
        click.echo(json.dumps(told, indent=2))
    elif parts:
        Console().print(_table(parts))
    else:
        click.echo(f"nothing is running in {platform.folder.root}: `listino up` starts it", err=True)
    if not healthy:
        sys.exit(1)


def progress_on_stderr() -> Callable[[str, str], None]:
    """A progress that writes one line a part, with the seconds since now."""
    started = time.monotonic()
    console = Console(stderr=True, highlight=False)

    def tell(part: str, what: str) -> None:
        console.print(f"[green]✓[/green] {part:<12} {what:<8} [dim]{time.monotonic() - started:5.1f} s[/dim]")

    return tell


def show_addresses(addresses: Mapping[str, str]) -> None:
    """One line an address on standard output."""
    for title, address in addresses.items():
        click.echo(f"{title:<14} {address}")


def _table(parts: list[PartStatus]) -> Table:
    table = Table("part", "state", box=None, pad_edge=False)
    for column in ("pid", "port", "uptime", "restarts", "memory"):
        table.add_column(column, justify="right")
    for part in parts:
        table.add_row(
            part.name,
            f"[{'green' if part.state == 'running' else 'red'}]{part.state}[/]",
            str(part.pid or "-"),
            _ports(part),
            _duration(part.uptime),
            str(part.restarts),
            f"{part.memory / 1e6:.0f} MB" if part.memory is not None else "-",
        )
    table.add_row("", "", "", "", "", "", f"{_memory(parts) / 1e6:.0f} MB")
    return table


def _ports(part: PartStatus) -> str:
    """`8110`, or `8110-8111`."""
    if part.port is None:
        return "-"
    return str(part.port) if part.ports == 1 else f"{part.port}-{part.port + part.ports - 1}"


def _memory(parts: list[PartStatus]) -> int:
    """Bytes that all parts take together."""
    return sum(part.memory or 0 for part in parts)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
