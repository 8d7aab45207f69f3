"""`listino live`: what goes on in live prices."""

import contextlib
import json
import logging
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click
import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from listino.cli.price import on_sale
from listino.domain.errors import InvalidValue
from listino.domain.product import parse_product_id
from listino.live.answer import LiveAnswer, Reason
from listino.live.breakers import shop_states
from listino.live.client import connected, no_redis
from listino.live.legs import Legs
from listino.live.parked import parked_products, release
from listino.live.quote import moment
from listino.live.synchronous import LivePrices
from listino.live.waiting import forget
from listino.settings import load_settings
from listino.shops.declaration import Shops
from listino.store.client import Store

_BAR = 30  # characters for the whole of a refresh

# What each leg is, for whoever reads it for the first time.
_MEANINGS = {
    "queued": "waits for its shop",
    "started": "a worker has taken it",
    "asked": "its turn at the shop came",
    "answered": "the shop's own answer time",
    "stored": "priced, stored, in history",
    "delivered": "back with whoever waited",
}

# What each reason means for whoever looks after it.
_WHY: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.DEADLINE: "No worker has answered in that time: the shop is slow, or no live worker runs (listino status).",
        Reason.NO_SHOP: "No shop is declared of that name any more: there is nobody to ask (listino shops).",
        Reason.SHOP_SILENT: "The shop gave no connection, or no answer in LISTINO_LIVE_TIMEOUT_MS. After three such requests "
        "in a row it counts as down.",
        Reason.SHOP_REFUSED: "The shop was asked and said no: 403, 429, an error of its own, or its robots.txt.",
        Reason.SHOP_BUSY: "The shop is asked as often as it may be already, or has told us to wait.",
        Reason.SHOP_DOWN: "The shop is down: it left three requests in a row unanswered, its breaker is open. Its products "
        "are not asked for; one request a second tries whether it is back.",
        Reason.UNREADABLE: "The shop answered, and its answer could not be read (listino shops check).",
        Reason.HELD: "The shop was asked, and its price is not plausible: it waits for the pricing manager, in the back "
        "office under Held prices.",
        Reason.GONE: "The shop was asked, and no longer has the product.",
        Reason.FAILED: "A mistake of ours: the live worker's log has the details.",
        Reason.PARKED: "The product is parked, since workers died or failed over it: it is not asked for (listino live parked).",
        Reason.DROPPED: "It waited so long for its turn that nobody wanted it any more (LISTINO_LIVE_UNWANTED_MS).",
        Reason.NO_QUEUE: "Redis is away: nobody can be asked.",
    }
)


@click.group(short_help="Look after live prices.")
def live() -> None:
    """Look after live prices.

    \b
    Example:
      listino live trace it:bottega:3020
      listino live shops
    """


@live.command(short_help="Run one live refresh, and show where its time went.")
@click.argument("product_id", metavar="ID")
@click.option(
    "--wait", type=click.FloatRange(0.1, 30), default=5.0, show_default=True, help="Seconds to wait for the answer."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def trace(product_id: str, wait: float, as_json: bool) -> int:
    """Have the shop of product ID asked for its price now, and show each leg of the way with its milliseconds.

    The moments are those of the Redis server's clock, whichever machine noted them. Exit code 1 if the price that came
    is not fresh.

    \b
    Example:
      listino live trace it:bottega:3020
      listino live trace it:bottega:3020 --json | jq '.legs[] | select(.leg == "answered").ms'
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    wanted = parse_product_id(product_id)
    if isinstance(wanted, int):
        raise InvalidValue(f"{wanted} is the id of imported goods: they have no shop that could be asked")
    settings = load_settings()
    with Store(settings) as store:
        store.ping()
        name = on_sale(store.products.get(wanted)).name
    with connected(settings) as redis, contextlib.closing(LivePrices(settings)) as prices:
        # An answer that is kept for the next viewer came by a way of its own; this one is to go all of it.
        forget(redis, wanted)
        began = time.perf_counter()
        answer = prices.get(wanted, wait_ms=round(wait * 1000))
        told = _told(answer, waited_ms=(time.perf_counter() - began) * 1000)
    if answer.reason is Reason.NO_QUEUE:
        raise no_redis(settings)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        _show(name, told)
    return 0 if answer.fresh else 1


@live.command(short_help="Show products that are not asked for any more.")
@click.option("--release", "released", metavar="ID", help="Have this one asked for again.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON array on standard output.")
def parked(released: str | None, as_json: bool) -> None:
    """Show products that are not asked for any more, since several workers in a row died or failed over them, and why.
    After an hour each is tried again. Workers that somebody kills count, too: a product that was in their hands each time, say
    because its shop hangs, may be innocent, and can be released.

    \b
    Example:
      listino live parked
      listino live parked --release it:bottega:3020
    """
    settings = load_settings()
    with connected(settings) as redis:
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


@live.command(short_help="Show which shops are down, and what waits for each.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON array on standard output.")
def shops(as_json: bool) -> None:
    """Show for each declared shop whether it is down, since when its requests fail, and how many products wait to be asked for.

    A shop is down (its breaker is open) when it left three requests in a row unanswered. That is forgotten ten seconds after
    anybody last asked for its goods: `no trouble known` then.

    \b
    Example:
      listino live shops
      listino live shops --json | jq '.[] | select(.down).shop'
    """
    settings = load_settings()
    with connected(settings) as redis:
        found = shop_states(redis, Shops.load(settings.shops_path, on_error=lambda _: None))
    if as_json:
        told = [
            {
                "shop": one.shop,
                "down": one.down,
                "unanswered": one.unanswered,
                "since": moment(one.since),
                "waiting": one.waiting,
            }
            for one in found
        ]
        click.echo(json.dumps(told, indent=2))
        return
    for one in found:
        failing = f"{one.unanswered} requests in a row unanswered since {moment(one.since)}"
        state = f"down: {failing}" if one.down else failing if one.unanswered else "no trouble known"
        click.echo(f"{one.shop}  {state}; {one.waiting} waiting")


def _told(answer: LiveAnswer, *, waited_ms: float) -> dict[str, Any]:
    """The refresh as `--json` tells it; times in ms, `from_ms` since the first moment that is known.

    The total is that of all legs; where some are not known, how long the caller waited.
    """
    legs = answer.legs or Legs()
    told: list[dict[str, Any]] = [{"leg": leg.name, "from_ms": leg.from_ms, "ms": leg.ms} for leg in legs.waterfall()]
    whole = legs.requested is not None and legs.delivered is not None
    return {
        "product_id": answer.product_id,
        "fresh": answer.fresh,
        "reason": answer.reason.value if answer.reason else None,
        "price": str(answer.price) if answer.price else None,
        "currency": answer.price.currency if answer.price else None,
        "total_ms": round(sum(leg["ms"] for leg in told) if whole else waited_ms, 3),
        "shop_ms": next((leg["ms"] for leg in told if leg["leg"] == "answered"), None),
        "joined": answer.legs is not None and legs.requested is None,
        "legs": told,
    }


def _show(name: str, told: dict[str, Any]) -> None:
    console = Console(highlight=False)
    whole = max((leg["from_ms"] + leg["ms"] for leg in told["legs"]), default=0) or 1
    table = Table(box=None, pad_edge=False)
    table.add_column("leg")
    table.add_column("ms", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("", style="dim", no_wrap=True)
    for leg in told["legs"]:
        start, end = (round(at / whole * _BAR) for at in (leg["from_ms"], leg["from_ms"] + leg["ms"]))
        bar = " " * min(start, _BAR - 1) + "█" * max(1, end - start)
        table.add_row(leg["leg"], f"{leg['ms']:.1f}", Text(bar.ljust(_BAR)), _MEANINGS[leg["leg"]])
    console.print(Text(f"{name} ({told['product_id']})", style="bold"))
    if told["legs"]:
        console.print(table)
    outcome = f"{told['price']} {told['currency']}, fresh" if told["fresh"] else f"not fresh: {told['reason']}"
    shop = "" if told["shop_ms"] is None else f", of which the shop took {told['shop_ms']:.1f} ms"
    joined = "; joined a refresh that was in flight already" if told["joined"] else ""
    console.print(Text(f"{outcome}; {told['total_ms']:.1f} ms in all{shop}{joined}"))
    if told["reason"] is not None:
        console.print(Text(_WHY[Reason(told["reason"])]), soft_wrap=True)
