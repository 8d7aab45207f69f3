"""`listino crawl`: send the spiders, watch them, see what they brought home."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from listino.crawling import log_of, run_crawl
from listino.domain.crawl import Crawl, CrawlStatus
from listino.domain.errors import InvalidShop, ListinoError, UnknownShop
from listino.domain.market import MARKETS
from listino.local.interruption import one_interrupt
from listino.settings import Settings, load_settings
from listino.shops.declaration import Shops

_COUNTS = ("products", "new", "changed", "unchanged", "returned", "held", "gone", "rejected", "failed")

_NOT_READ = ("unmodified", "skipped")  # of the unchanged ones


@click.command(short_help="Crawl the shops of a market.")
@click.argument("market", type=click.Choice([*MARKETS, "all"]))
@click.option("--shop", help="Only this shop of the market.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many products a market: a quick look.")
@click.option("--full", is_flag=True, help="Read everything, whether or not it has changed.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def crawl(market: str, shop: str | None, limit: int | None, full: bool, as_json: bool) -> int:
    """Crawl the shops of MARKET (it, fr, de, es), or of all four at once.

    What did not change is not read again; what several crawls in a row did not meet is marked as gone, never deleted.
    Stopped with Ctrl-C it goes on where it was the next time.

    \b
    Example:
      listino crawl all
      listino crawl it --shop bottega --limit 20
    """
    settings = load_settings()
    if market == "all" and shop:
        raise UnknownShop("--shop names a shop of one market: say which, as in `listino crawl it --shop NAME`")
    broken: list[InvalidShop] = []
    declared = Shops.load(settings.shops_path, on_error=broken.append)
    unusable: dict[str, Result] = {}
    if market == "all":
        markets, unusable = _markets_of(declared)
    else:
        declared.of_market(market, shop)
        markets = [market]
    for error in broken:
        click.echo(f"listino: left out: {error}", err=True)
    with one_interrupt():
        crawled = crawl_markets(settings, markets, shop=shop, limit=limit, full=full, trigger="command line")
    results = {code: found for code in MARKETS if (found := crawled.get(code) or unusable.get(code))}
    if as_json:
        click.echo(json.dumps({code: result.as_json() for code, result in results.items()}, indent=2))
    else:
        _show(results, settings)
    return 0 if all(result.ok for result in results.values()) else 1


def _markets_of(declared: Shops) -> tuple[list[str], dict[str, "Result"]]:
    """The markets that can be crawled, and those that cannot because every file of theirs is broken.

    Raises UnknownShop or InvalidShop when not one can.
    """
    usable: list[str] = []
    unusable: dict[str, Result] = {}
    for code in filter(declared.has_market, MARKETS):
        try:
            declared.of_market(code)
            usable.append(code)
        except InvalidShop:
            unusable[code] = Result(error=f"market {code} was not crawled: no declaration of its shops can be used")
    if not usable:
        declared.of_market(next(iter(unusable or MARKETS)))
    return usable, unusable


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one market's crawl: a run, or the reason why there is none."""

    crawl: Crawl | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.crawl is not None and self.crawl.status is CrawlStatus.FINISHED

    def as_json(self) -> dict[str, object]:
        if self.crawl is None:
            return {"error": self.error}
        run = self.crawl
        counts = {name: run.total(name) for name in (*_COUNTS, *_NOT_READ)}
        told = {
            "shop": ", ".join(run.shops),
            "status": run.status,
            **counts,
            "seconds": round(run.seconds, 1),
            "id": run.id,
        }
        drifted = {name: [fall.words for fall in run.shops[name].drift] for name in run.drifted}
        return told | ({"drifted": drifted} if drifted else {}) | ({"error": run.error} if run.error else {})


def crawl_markets(
    settings: Settings,
    markets: Sequence[str],
    *,
    shop: str | None = None,
    limit: int | None = None,
    full: bool = False,
    trigger: str,
) -> Mapping[str, Result]:
    """Crawls the markets at the same time, with a bar for each on standard error; one that fails does not stop the others.

    KeyboardInterrupt stops all spiders in order, and is raised again when they have ended.
    """
    spiders: list[subprocess.Popen[bytes]] = []
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        tasks = {code: bars.add_task(f"crawl {code}", total=None, note="") for code in markets}

        def one(code: str) -> Result:
            try:
                run = run_crawl(
                    settings,
                    code,
                    shop=shop,
                    limit=limit,
                    full=full,
                    trigger=trigger,
                    progress=lambda run: _advance(bars, tasks[code], run),
                    begun=spiders.append,
                )
            except ListinoError as error:
                bars.update(tasks[code], note="[red]failed[/red]")
                return Result(error=str(error))
            _advance(bars, tasks[code], run)
            return Result(crawl=run)

        with ThreadPoolExecutor(max_workers=len(tasks)) as threads:
            try:
                return dict(zip(markets, threads.map(one, markets), strict=True))
            except KeyboardInterrupt:
                for spider in spiders:
                    spider.terminate()
                raise


def _advance(bars: Progress, task: TaskID, run: Crawl) -> None:
    products, expected = run.total("products"), run.total("expected") or None
    if run.status is not CrawlStatus.RUNNING:
        expected = products
    note = f"{run.total('new')} new, {run.total('changed')} changed, {run.total('rejected')} rejected"
    bars.update(task, completed=products, total=max(expected, products) if expected else None, note=note)


def _show(results: Mapping[str, Result], settings: Settings) -> None:
    table = Table("market", "shops", "status", box=None, pad_edge=False)
    for name in (*_COUNTS, "seconds"):
        table.add_column(name, justify="right")
    for code, result in results.items():
        if result.crawl is not None:
            run = result.crawl
            counts = (str(run.total(name)) for name in _COUNTS)
            table.add_row(code, ", ".join(run.shops), run.status.value, *counts, f"{run.seconds:.1f}")
    if table.row_count:
        Console(width=None if sys.stdout.isatty() else 140).print(table)
    for code, result in results.items():
        if result.crawl is not None and (unread := _not_read(result.crawl)):
            click.echo(f"{code}: {unread}")
    for code, result in results.items():
        if result.error:
            click.echo(f"listino: {result.error}", err=True)
        elif result.crawl and result.crawl.status is CrawlStatus.INCOMPLETE:
            why = result.crawl.error or "some of its pages could not be fetched"
            click.echo(
                f"listino: market {code} was not seen whole: {why}; its log is {log_of(settings, code)}", err=True
            )


def _not_read(run: Crawl) -> str | None:
    """How many of the unchanged products the crawl did not have to read, and how it knew."""
    skipped, unmodified = run.total("skipped"), run.total("unmodified")
    if not skipped + unmodified:
        return None
    return (
        f"{skipped + unmodified} of the {run.total('unchanged')} unchanged were not read: "
        f"{skipped} by the sitemap's dates, {unmodified} because the shop said so; --full reads everything"
    )
