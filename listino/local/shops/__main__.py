"""`python -m listino.local.shops it --port 8101`: one demo shop on a port, until Ctrl-C."""

import logging
import sys
from pathlib import Path

import click
import uvicorn

from listino.domain.errors import ListinoError, UnknownMarket
from listino.domain.market import MARKETS
from listino.local.shops.app import create_app
from listino.local.shops.catalogue import Catalogue
from listino.local.shops.shopfront import SHOPFRONTS
from listino.local.shops.signposts import CRAWL_DELAY

_EXAMPLE = "\b\nExample:\n  python -m listino.local.shops it --port 8101 --products 250 --state .listino/shop-it.jsonl"


class OnPurpose(logging.Filter):
    """Drops the server's complaint about answers that the fault `truncated` cuts short: they are meant to be."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "returned without completing response" not in record.getMessage()


@click.command(epilog=_EXAMPLE)
@click.argument("market", metavar=f"[{'|'.join(MARKETS)}]")
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--products",
    type=click.IntRange(1, 1_000_000),
    default=250,
    show_default=True,
    help="Products for sale at the start.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed the goods are made from.")
@click.option(
    "--state", type=click.Path(dir_okay=False, path_type=Path), help="File that keeps what was done to the goods."
)
@click.option(
    "--crawl-delay",
    type=click.FloatRange(0),
    default=CRAWL_DELAY,
    show_default=True,
    help="Seconds that its robots.txt asks crawlers to wait; 0 to measure them.",
)
@click.option("--base-url", help="Address the shop is reached at, where it is not http://HOST:PORT.")
def main(
    market: str,
    port: int,
    host: str,
    products: int,
    seed: int,
    state: Path | None,
    crawl_delay: float,
    base_url: str | None,
) -> None:
    """Serves the demo shop of a market: Bottega (it), Atelier (fr), Kontor (de) or Mercado (es)."""
    try:
        catalogue = Catalogue(
            market, base_url=base_url or f"http://{host}:{port}", seed=seed, count=products, journal=state
        )
    except UnknownMarket as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except ListinoError as error:
        raise click.ClickException(str(error)) from None
    logging.getLogger("uvicorn.error").addFilter(OnPurpose())
    click.echo(f"{SHOPFRONTS[market].name} sells {len(catalogue.live())} products at {catalogue.base_url}", err=True)
    try:
        uvicorn.run(
            create_app(catalogue, crawl_delay=crawl_delay), host=host, port=port, log_level="warning", access_log=False
        )
    finally:
        catalogue.close()


if __name__ == "__main__":
    main()
