"""`listino make-dataset`: a catalogue made up from a seed, as `listino import` reads it."""

import json
from pathlib import Path

import click

from listino.catalogue.dataset import make_dataset as make


@click.command("make-dataset", short_help="Write a made-up catalogue to import.")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--products", type=click.IntRange(1, 100_000_000), default=1_000, show_default=True, help="How many.")
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True, help="Another one, other goods."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON object on standard output.")
def make_dataset(folder: Path, products: int, seed: int, as_json: bool) -> None:
    """Write a made-up catalogue of six CSV files into DIR, over one that is there: about 2.1 KB a product.

    The same seed and number of products give the same files.

    \b
    Example:
      listino make-dataset goods --products 100000
      listino import goods
    """
    rows = make(folder, products, seed, told=lambda name, count: click.echo(f"{name:<14} {count:>12,} rows", err=True))
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "rows": rows}, indent=2))
