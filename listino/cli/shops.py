"""`listino shops`: find out what a shop runs, try its declaration, and what becomes of it when it is declared no more."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidShop, InvalidValue, NoSecureConnection, UnknownShop, UnreadablePage
from listino.domain.market import MARKETS, market_of
from listino.live.page_guard import PageGuard
from listino.settings import Settings, load_settings
from listino.shops.declaration import Shops
from listino.shops.detection import Detected
from listino.shops.detection import detect as find_out
from listino.shops.draft import draft_of
from listino.shops.shop import Shop
from listino.shops.trial import NEEDED, Trial, counted, try_shop
from listino.shops.visitor import Visitor
from listino.store.client import Store
from listino.store.query import ProductQuery

_SHOWN = 80  # characters of a value in a table


@click.group(short_help="Find out what a shop runs, try its declaration, take it off sale.")
def shops() -> None:
    """Find out what a shop runs, try its declaration, take its products off sale. `listino shop` is the same.

    \b
    Example:
      listino shops detect https://calzoleria.example --output .listino/shops/it-calzoleria.toml
      listino shops check it:calzoleria
      listino shops remove it:calzoleria
    """


@shops.command(short_help="Say which platform a shop runs, and draft its declaration.")
@click.argument("url")
@click.option(
    "--market", type=click.Choice([*MARKETS]), help="The market it sells in, where its address does not tell."
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write the draft to; it must be new."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def detect(url: str, market: str | None, output: Path | None, as_json: bool) -> None:
    """Look at the shop at URL and say which platform it runs, by what evidence; draft its declaration in TOML.

    It costs the shop a dozen requests at the most, with a pause between them. They obey its robots.txt, name
    LISTINO_CONTACT, and go to no other host. Exit code 1, and no draft, if neither a platform nor a product was found.

    \b
    Example:
      listino shops detect https://calzoleria.example
      listino shops detect https://calzoleria.example --market it --output .listino/shops/it-calzoleria.toml
    """
    if output is not None and output.exists():
        raise InvalidValue(f"{output} is there already: give another file, or delete it first")
    address = url if "://" in url else f"https://{url}"
    settings = load_settings()
    try:
        with Visitor(address, settings.user_agent) as visitor:
            found = find_out(visitor, address, market=market)
            requests = visitor.requests
    except NoSecureConnection as error:
        if address == url:
            raise
        raise NoSecureConnection(f"{error}; https was assumed: if the shop speaks http, give http://{url}") from None
    draft = draft_of(found) if found.error is None else None
    for line in found.warnings:
        click.echo(f"listino: {line}", err=True)
    if as_json:
        click.echo(
            json.dumps({**asdict(found), "declaration": draft, "requests": requests}, indent=2, ensure_ascii=False)
        )
    if draft is None:
        raise UnreadablePage(found.error)
    if output is not None:
        _write(output, draft)
        click.echo(f"{output} is written; {_next_step(output, settings.shops_path, found)}", err=True)
    if as_json:
        return
    if output is None:
        click.echo(draft, nl=False)
    else:
        click.echo(
            f"{found.url} runs {found.platform}: {'; '.join(found.evidence) or 'nothing speaks for another one'}"
        )


def _next_step(output: Path, folder: Path, found: Detected) -> str:
    market = found.market or "MARKET"
    trial = f"listino shops check {market}:{found.name}"
    if output.suffix == ".toml" and output.parent.resolve() == folder.resolve():
        return f"try it with: {trial}"
    return f"move it to {folder / f'{market}-{found.name}.toml'}, then try it with: {trial}"


@shops.command(short_help="Read a few products of a declared shop, and show where each field came from.")
@click.argument("shop", metavar="[MARKET:]NAME")
@click.option("--count", type=click.IntRange(1, 50), default=3, show_default=True, help="Products to read at most.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def check(shop: str, count: int, as_json: bool) -> int:
    """Read a few products of a declared shop as a crawl does, and ask for their offers again as a live price does.

    Shows each field and where it was found, what is missing, and why a product could not be sold. Nothing is stored.
    Exit code 1 if no product could be read, or one of them could not be sold.

    \b
    Example:
      listino shops check it:calzoleria
      listino shops check calzoleria --count 10 --json | jq '.samples[].fields.price'
    """
    settings = load_settings()
    declared = _declared(settings, shop)
    with Visitor(declared.url, settings.user_agent, delay=declared.crawl.delay or 0.0) as visitor:
        trial = try_shop(declared, visitor, count=count)
    if as_json:
        click.echo(json.dumps({"shop": declared.key, "ok": trial.ok, **asdict(trial)}, indent=2, ensure_ascii=False))
    else:
        _show(declared, trial)
    return 0 if trial.ok else 1


def _declared(settings: Settings, key: str) -> Shop:
    """The shop of that key, or of that name where it is unique; raises UnknownShop, InvalidShop or InvalidValue."""
    market, _, name = key.rpartition(":")
    declared = Shops.load(settings.shops_path, on_error=lambda _: None)
    if market:
        return declared.of_market(market, name)[0]
    found = [shop for shop in declared.values() if shop.name == name]
    if len(found) > 1:
        raise InvalidValue(f"{name} is the name of several shops: say {' or '.join(shop.key for shop in found)}")
    if not found:
        for entry in declared.broken:
            if name in (entry.name, entry.path.stem):
                raise entry.error
        raise UnknownShop(
            f"no shop {name!r} is declared in {settings.shops_path}: {', '.join(declared) or 'there is none'}"
        )
    return found[0]


def _show(shop: Shop, trial: Trial) -> None:
    console = Console(highlight=False)
    for sample in trial.samples:
        table = Table("field", "value", "from", title=sample.url, title_justify="left", min_width=60)
        for name, read in sample.fields.items():
            value = read.value or ("[red]missing[/red]" if name in NEEDED else "[dim]–[/dim]")
            table.add_row(name, escape(_short(value)) if read.value else value, escape(read.source))
        if sample.live:
            table.add_row("live price", escape(sample.live), "as a live refresh asks")
        console.print(table)
        for complaint in sample.complaints:
            console.print(f"[red]It could not be sold:[/red] {escape(complaint)}")
    for failure in trial.failures:
        console.print(f"[yellow]Not read:[/yellow] {escape(failure)}")
    for note in trial.notes:
        console.print(f"[yellow]Note:[/yellow] {escape(note)}")
    sold = sum(not sample.complaints for sample in trial.samples)
    console.print(
        f"{shop.key} ({shop.platform}): {counted(len(trial.samples), 'product')} read, {sold} could be sold;"
        f" {counted(trial.requests, 'request')}"
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidValue(f"{path} cannot be written: {error.strerror}") from None


@shops.command(short_help="Take the products of a shop that is declared no more off sale.")
@click.argument("shop", metavar="MARKET:NAME")
def remove(shop: str) -> None:
    """Mark all products of MARKET:NAME as gone, now rather than at the end of the market's next full crawl.

    Delete its declaration first: while there is one the next crawl would bring the products back.

    \b
    Example:
      listino shops remove it:calzoleria
    """
    market, _, name = shop.partition(":")
    if not name:
        raise InvalidValue(f"{shop!r} names no shop: say market and name, as in it:calzoleria")
    market_of(market)
    settings = load_settings()
    _demand_undeclared(settings, market, name)
    with Store(settings, PageGuard(settings)) as store:
        store.ping()
        lease = store.leases.acquire(market)
        try:
            gone = store.products.mark_shop_gone(market, name, utc_now())
            if not gone and not store.products.page(ProductQuery(market=market, shop=name, gone=True), count=1):
                raise UnknownShop(f"there never was a product of {shop}: see the shops on the back office's first page")
        finally:
            store.leases.release(lease)
    click.echo(f"{gone} products of {shop} are no longer on sale")


def _demand_undeclared(settings: Settings, market: str, name: str) -> None:
    """Raises InvalidShop while a file declares the shop, or tries to."""
    declared = Shops.load(settings.shops_path, on_error=lambda _: None)
    if f"{market}:{name}" in declared:
        raise InvalidShop(f"{market}:{name} is still declared in {settings.shops_path}: delete its file first")
    for entry in declared.broken:
        if entry.may_be(market, name):
            raise InvalidShop(f"{entry.path} may declare {market}:{name}, and cannot be read: mend or delete it first")
