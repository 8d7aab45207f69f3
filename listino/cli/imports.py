"""`listino import`: a catalogue of six CSV files into the store."""

import json
import threading
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from listino.catalogue.importing import Summary, import_catalogue
from listino.local.interruption import one_interrupt
from listino.settings import load_settings


@click.command("import", short_help="Import a catalogue of six CSV files.")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default="rejects.csv",
    show_default=True,
    help="Where rows that cannot be used are written, with file, line and reason.",
)
@click.option(
    "--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Processes that write; 300 MB each."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def import_(folder: Path, rejects: Path, workers: int, as_json: bool) -> None:
    """Import the catalogue in DIR: product.csv, features.csv, styles.csv, photos.csv, skus.csv, related.csv.

    Stopped with Ctrl-C or by a crash it goes on where it was the next time; run twice it changes nothing. Products that
    the files no longer have stay as they are.

    \b
    Example:
      listino import goods
      listino import goods --rejects /tmp/rejects.csv --json | jq .rejected
    """
    settings = load_settings()
    with one_interrupt(), _Bars() as bars:
        summary = import_catalogue(settings, folder, rejects_to=rejects, workers=workers, progress=bars)
    if as_json:
        told = asdict(summary)
        del told["products"]["rows"], told["products"]["too_large"]
        click.echo(json.dumps({"folder": str(folder), **told}, indent=2))
    else:
        _show(summary, rejects)


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} rows/s" if speed else "", style="progress.data.speed")


class _Bars:
    """Two bars on standard error: files read and checked, rows compared with the store and written."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._reading = self._bars.add_task("read", total=None, note="")
        self._rows = 0
        self._writing = self._bars.add_task("store", total=None, note="", start=False)

    def __enter__(self) -> "_Bars":
        self._bars.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self.wrote(0)  # in place of what was done last
        # rich tells its thread to end and does not wait: while one runs as Python ends, DuckDB lists all it still holds.
        drawing = [thread for thread in threading.enumerate() if type(thread).__module__ == "rich.live"]
        if self._rows == 0 and not self._bars.tasks[self._writing].started:
            self._bars.live.transient = True  # nothing was begun: what is said of it is enough
        self._bars.stop()
        for thread in drawing:
            thread.join()

    def read(self, file: str, rows: int) -> None:
        self._rows += rows
        self._bars.update(self._reading, completed=self._rows, note=f"{file}, {self._rows:,} rows so far")

    def writing(self, rows: int, done: int) -> None:
        read = self._rows or rows
        self._bars.update(self._reading, completed=read, total=read, note=f"{read:,} rows")
        self._bars.start_task(self._writing)
        self._bars.update(self._writing, total=rows, completed=done)
        self.wrote(0)

    def wrote(self, rows: int) -> None:
        self._bars.advance(self._writing, rows)
        task = self._bars.tasks[self._writing]
        self._bars.update(self._writing, note=f"{task.completed:,.0f} of {task.total or 0:,.0f} rows")

    def indexing(self) -> None:
        self._bars.update(self._writing, note="making indexes")


def _show(summary: Summary, rejects: Path) -> None:
    for name, rows in summary.rows.items():
        rejected = summary.rejected.get(name, 0)
        click.echo(f"{name:<14} {rows:>12,} rows" + (f", {rejected:,} rejected" if rejected else ""))
    found = summary.products
    click.echo(
        f"{found.products:,} products in {summary.seconds:.1f} s: {found.new:,} new, {found.changed:,} changed, "
        f"{found.unchanged:,} unchanged" + (f", {found.returned:,} on sale again" if found.returned else "")
    )
    if summary.not_in_files:
        absent = "are not in these files"
        if summary.rejected.get("product.csv"):
            absent += ", or were rejected"
        click.echo(f"{summary.not_in_files:,} products imported before {absent}; they stay as they are")
    if summary.resumed:
        click.echo("It went on with an import that was interrupted")
    if summary.rejects:
        click.echo(f"Rows that could not be used, with the reason of each: {summary.rejects}")
    elif summary.stale_rejects:
        click.echo(f"No row was rejected; {rejects} of an earlier import was removed")
