"""`listino price`: ask a product's shop for its price now, as the storefront does."""

import contextlib
import json
import logging
import math
import time
from datetime import datetime
from typing import Any

import click
import structlog

from listino.domain.errors import GoneFromShop, InvalidValue
from listino.domain.product import Product, parse_product_id
from listino.live.answer import Reason
from listino.live.quote import last_known, make_quote, moment
from listino.live.synchronous import LivePrices
from listino.settings import load_settings
from listino.store.client import Store


@click.command(short_help="Ask a product's shop for its price now.")
@click.argument("product_id", metavar="ID")
@click.option(
    "--wait", type=click.FloatRange(0, 5), default=1.0, show_default=True, help="Seconds to wait for the shop."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def price(product_id: str, wait: float, as_json: bool) -> None:
    """Ask the shop of product ID for its price now; the last known price and a reason when the shop does not answer in time.

    Exit code 1 if the product is gone: its shop is not asked.

    \b
    Example:
      listino price it:bottega:3020
      listino price it:bottega:3020 --wait 0.5 --json
    """
    # What goes wrong on the way to the shop is a reason in the answer; a log line beside it says nothing more.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    wanted = parse_product_id(product_id)
    if math.isnan(wait):
        raise InvalidValue("--wait is a number of seconds, not nan")
    settings = load_settings()
    # Closed last: a request that Redis has not taken yet may take two seconds more to come to its end.
    with Store(settings) as store, contextlib.closing(LivePrices(settings)) as live:
        store.ping()
        product = on_sale(store.products.get(wanted))
        began = time.perf_counter()
        answer = live.get(wanted, wait_ms=round(wait * 1000))
        elapsed_ms = round((time.perf_counter() - began) * 1000, 1)
        if answer.reason is Reason.GONE:
            raise _gone(product, answer.as_of)
        told = make_quote(last_known(product), answer, store.products.history(wanted)).fields()
        _tell(product.name, told, elapsed_ms, as_json=as_json)


def _tell(name: str, told: dict[str, Any], elapsed_ms: float, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told | {"elapsed_ms": elapsed_ms}, indent=2))
        return
    amount = f"{told['price']} {told['currency']}" if told["price"] else "no price known"
    state = f"fresh, {elapsed_ms:.0f} ms" if told["fresh"] else f"last known, as of {told['as_of']}: {told['reason']}"
    click.echo(f"{name}: {amount}, {told['availability']} ({state})")


def on_sale(product: Product) -> Product:
    """That product, which may be asked for; raises GoneFromShop."""
    if product.gone_at is not None:
        raise _gone(product, product.gone_at)
    return product


def _gone(product: Product, since: datetime) -> GoneFromShop:
    last = f"; its last known price is {product.price.amount} {product.price.amount.currency}" if product.price else ""
    return GoneFromShop(f"gone since {moment(since)}: {product.name} ({product.id}) is no longer on sale{last}")
