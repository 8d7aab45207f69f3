"""`listino demo`: everything Listino does, on this machine, with nothing to set up."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

import click
import httpx2

from listino.cli.crawl import Result, crawl_markets
from listino.cli.platform import furnishing, progress_on_stderr, show_addresses, warn_of_settings, watch
from listino.domain.clock import utc_now
from listino.domain.errors import LocalPlatformError
from listino.domain.market import MARKETS
from listino.domain.offer import Availability
from listino.local.interruption import one_interrupt
from listino.local.platform import Platform
from listino.settings import Settings, load_settings
from listino.store.client import Store
from listino.store.query import ProductQuery

STAFF_EMAIL = "demo@listino.example"
_LIVE_DEADLINE_MS = 1000
_LIVE_TRIES = 3  # the first request after a start also opens every connection on its way


@click.command(short_help="Start everything, crawl four shops, show a live price.")
@click.option("--once", is_flag=True, help="Stop again at the end; exit code 0 only if all of it worked.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def demo(once: bool, as_json: bool) -> int:
    """Start the platform, crawl the four demo shops, ask one of them for a live price, print the addresses and a login.

    Stays up until Ctrl-C, unless --once is given. Markets that were crawled before are not crawled again, unless --once
    is given; the schedule does that.

    \b
    Example:
      listino demo
      listino demo --once --json
    """
    settings = load_settings()
    platform = Platform(settings)
    warn_of_settings()
    with one_interrupt():
        started = platform.up(progress_on_stderr(), furnishing(settings))
        told: dict[str, Any] = {"ok": False}
        try:
            told = _show_all(settings, platform, crawl_again=once)
            if as_json:
                click.echo(json.dumps(told, indent=2))
            else:
                _print(told, settings)
            if not once and started:
                watch(platform)
        except KeyboardInterrupt:
            if once:
                raise
        finally:
            if started:
                platform.down(progress_on_stderr())
    return 0 if told["ok"] else 1


def _show_all(settings: Settings, platform: Platform, *, crawl_again: bool) -> dict[str, Any]:
    with Store(settings) as store:
        on_sale = store.products.counts()
        markets = [code for code in MARKETS if crawl_again or not any(key.startswith(f"{code}:") for key in on_sale)]
        crawled = crawl_markets(settings, markets, trigger="demo") if markets else {}
        results = {code: crawled.get(code) or _last_result(store, code) for code in MARKETS}
        password = _demo_password(settings)
        if store.staff.authenticate(STAFF_EMAIL, password) is None:
            store.staff.put(STAFF_EMAIL, password, "admin")
        found = store.products.page(ProductQuery(market="it"), count=20)
    in_stock = [p for p in found if p.offer and p.offer.availability is Availability.IN_STOCK] or found
    if not in_stock:
        raise LocalPlatformError(
            f"no product of the Italian market was found; see {settings.state_dir}/logs/crawl-it.log"
        )
    addresses = dict(platform.addresses())
    addresses |= {
        "API reference": f"{addresses['storefront API']}/docs",
        "product page": f"{addresses['storefront API']}/demo/{in_stock[0].id}",
    }
    live = _live_price(settings, str(in_stock[0].id))
    whole = all(_whole(settings, code, result) for code, result in crawled.items())
    return {
        "ok": whole and live["fresh"] and live["elapsed_ms"] < _LIVE_DEADLINE_MS,
        "markets": {code: result.as_json() for code, result in results.items()},
        "crawled": list(crawled),
        "on_sale": on_sale,
        "live_price": live,
        "addresses": addresses,
        "staff": {"email": STAFF_EMAIL, "password": password},
    }


def _last_result(store: Store, market: str) -> Result:
    """What the market's last crawl brought home, for a market that is not crawled again."""
    runs = store.crawls.latest(market=market, count=1)
    return Result(crawl=runs[0]) if runs else Result(error="never crawled")


def _live_price(settings: Settings, product_id: str) -> dict[str, Any]:
    """One live price over the shopper's whole way: nginx, API, Redis, worker, shop and back."""
    url = f"http://127.0.0.1:{settings.port('nginx')}/products/{product_id}/price"
    told: dict[str, Any] = {}
    with httpx2.Client(timeout=10, trust_env=False) as client:
        for _ in range(_LIVE_TRIES):
            began = time.perf_counter()
            answer = client.get(url)
            elapsed_ms = round((time.perf_counter() - began) * 1000, 1)
            if answer.status_code != httpx2.codes.OK:
                raise LocalPlatformError(f"{url} answered {answer.status_code}: {answer.text[:200]}")
            price = answer.json()
            told = {
                "product_id": product_id,
                "fresh": price["fresh"],
                "elapsed_ms": elapsed_ms,
                "price": price["price"],
                "currency": price["currency"],
                "reason": price["reason"],
                "asked_at": f"{utc_now():%H:%M:%S} UTC",
            }
            if price["fresh"]:
                break
    return told


def _whole(settings: Settings, market: str, result: Result) -> bool:
    """Whether the crawl brought home exactly as many products as the demo shop itself says it sells."""
    if not result.ok or result.crawl is None:
        return False
    with httpx2.Client(timeout=10, trust_env=False) as client:
        sold = client.get(f"http://127.0.0.1:{settings.port(f'shop-{market}')}/healthz").json()["products"]
    demo_shop = [counts for counts in result.crawl.shops.values() if counts.products == sold and counts.rejected == 0]
    return bool(demo_shop)


def _demo_password(settings: Settings) -> str:
    """The demo account's password: made once for this state folder, kept readable for its owner alone."""
    kept = settings.state_dir / "demo-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(12))
    return kept.read_text()


def _print(told: Mapping[str, Any], settings: Settings) -> None:
    for code, result in told["markets"].items():
        if "error" in result:
            click.echo(f"{code}: {result['error']}")
        elif code in told["crawled"]:
            click.echo(f"{code}: {result['products']} products of {result['shop']} in {result['seconds']} s")
        else:
            click.echo(f"{code}: {result['products']} products of {result['shop']}, crawled before")
    live = told["live_price"]
    state = "fresh from the shop" if live["fresh"] else f"not fresh: {live['reason']}"
    click.echo(
        f"\nLive price of {live['product_id']}: {live['price']} {live['currency']}, {state}, {live['elapsed_ms']} ms\n"
    )
    show_addresses(told["addresses"])
    click.echo(f"{'staff login':<14} {told['staff']['email']}  {told['staff']['password']}")
