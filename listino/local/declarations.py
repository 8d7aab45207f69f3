"""Declares the four demo shops, so that spiders and live prices know them like any other shop."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from listino.settings import Settings


@dataclass(frozen=True, slots=True)
class DemoShop:
    """What is declared about a demo shop: whom it is, which platform it runs on, what it charges and what we add."""

    market: str
    name: str
    platform: str
    shipping: str  # what the shop charges us for delivery of one order, in euro
    ending: int  # cents that our prices end in, as shoppers of that market are used to
    categories: Mapping[str, int]  # markup in percent where it differs from the shop's
    pages: str = ""  # lines for [crawl]: which addresses are product and category pages

    @property
    def part(self) -> str:
        return f"shop-{self.market}"

    @property
    def file_name(self) -> str:
        return f"{self.market}-{self.name}.toml"


_MERCADO_PAGES = """\
product = "/producto/[^/]+"
category = "/c/[^/]+"
"""

DEMO_SHOPS = (
    DemoShop("it", "bottega", "woocommerce", "4.90", 90, {"Caffè": 18}),
    DemoShop("fr", "atelier", "prestashop", "5.90", 90, {"Cafés": 18}),
    DemoShop("de", "kontor", "shopify", "3.95", 99, {"Kaffee": 18}),
    DemoShop("es", "mercado", "generic", "4.50", 90, {"Cafés": 18}, _MERCADO_PAGES),
)

_DECLARATION = """\
# Generated: a demo shop of the platform on this machine. `listino up` writes this file again at every start,
# so changes to it are lost; declare shops of your own in files beside it.

[shop]
name = "{name}"
market = "{market}"
platform = "{platform}"
url = "{url}"

[shipping]
cost = "{shipping}"

[pricing]
markup_percent = 28
minimum_margin = "3.00"
ending = {ending}
{categories}
[crawl]
concurrency = 4
gone_after = 1
{pages}
[live]
concurrency = 8
"""


def write_declarations(settings: Settings) -> None:
    """Puts the demo shops' declarations into the shops folder; other files there, and unchanged ones, are not touched."""
    folder = settings.shops_path
    folder.mkdir(parents=True, exist_ok=True)
    for shop in DEMO_SHOPS:
        _write_if_changed(folder / shop.file_name, declaration(shop, settings.port(shop.part)))


def declaration(shop: DemoShop, port: int) -> str:
    """The TOML text that declares a demo shop which listens on that port."""
    markups = "".join(f'"{category}" = {percent}\n' for category, percent in shop.categories.items())
    return _DECLARATION.format(
        name=shop.name,
        market=shop.market,
        platform=shop.platform,
        url=f"http://127.0.0.1:{port}",
        pages=shop.pages,
        shipping=shop.shipping,
        ending=shop.ending,
        categories=f"\n[pricing.categories]\n{markups}" if markups else "",
    )


def _write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        unfinished = path.with_suffix(".toml.new")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)  # at once, because a spider may be reading it
