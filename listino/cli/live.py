"""`listino live`: what goes on in live prices."""

import contextlib
import json

import click

from listino.domain.errors import InvalidValue
from listino.live.client import connect
from listino.live.parked import parked_products, release
from listino.live.quote import moment
from listino.settings import load_settings
from listino.shops.declaration import Shops


@click.group(short_help="Look after live prices.")
def live() -> None:
    """Look after live prices.

    \b
    Example:
      listino live parked
    """


@live.command(short_help="Show products that are not asked for any more.")
@click.option("--release", "released", metavar="ID", help="Have this one asked for again.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON array on standard output.")
def parked(released: str | None, as_json: bool) -> None:
    """Show products that are not asked for any more, since several workers in a row died or failed over them, and why.
    After an hour each is tried again.

    \b
    Example:
      listino live parked
      listino live parked --release it:bottega:8411
    """
    settings = load_settings()
    with contextlib.closing(connect(settings)) as redis:
        if released is not None and not release(redis, released):
            raise InvalidValue(f"{released} is not parked")
        found = parked_products(redis, Shops.load(settings.shops_path, on_error=lambda _: None))
    if as_json:
        told = [{"product_id": one.product_id, "since": moment(one.at), "why": one.why} for one in found]
        click.echo(json.dumps(told, indent=2))
        return
    for one in found:
        click.echo(f"{one.product_id}  since {moment(one.at)}: {one.why}")
    if not found:
        click.echo("nothing is parked", err=True)
