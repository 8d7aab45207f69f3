"""`listino shops`: what becomes of a shop that is declared no more."""

import click

from listino.domain.clock import utc_now
from listino.domain.errors import InvalidShop, InvalidValue, UnknownShop
from listino.domain.market import market_of
from listino.settings import Settings, load_settings
from listino.shops.declaration import Shops
from listino.store.client import Store
from listino.store.query import ProductQuery


@click.group(short_help="Take a shop's products off sale.")
def shops() -> None:
    """Take a shop's products off sale.

    \b
    Example:
      listino shops remove it:calzoleria
    """


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
    with Store(settings) as store:
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
