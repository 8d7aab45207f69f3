"""The start page: a search, the four markets and the latest crawls."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from backoffice.access import requires
from backoffice.assortment import ShopSize
from backoffice.engines import engines
from listino.domain.crawl import Crawl
from listino.domain.errors import InvalidShop
from listino.domain.market import MARKETS, Market
from listino.shops.broken import BrokenDeclaration
from listino.store.holds import HeldQuery

blueprint = Blueprint("start", __name__)

LATEST_CRAWLS = 6
MOST_COUNTED = 1000  # held prices: more than that is "very many", and not worth the counting


@dataclass(frozen=True, slots=True)
class MarketCard:
    """A market with its shops (None: not counted yet), those whose declaration cannot be read, and its latest crawl."""

    market: Market
    shops: list[ShopSize] | None
    broken: list[BrokenDeclaration]
    crawl: Crawl | None

    @property
    def products(self) -> int | None:
        return None if self.shops is None else sum(shop.products for shop in self.shops)


@blueprint.get("/")
@requires("agent")
def page() -> ResponseReturnValue:
    sizes, broken = engines().assortment.sizes(), _broken_declarations()
    crawls = engines().store.crawls
    cards = [
        MarketCard(
            market,
            None if sizes is None else [size for size in sizes if size.market == market.code],
            [entry for entry in broken if entry.market == market.code],
            next(iter(crawls.latest(market=market.code, count=1)), None),
        )
        for market in MARKETS.values()
    ]
    return render_template(
        "start/page.html",
        cards=cards,
        homeless=[entry for entry in broken if entry.market is None],
        crawls=crawls.latest(count=LATEST_CRAWLS),
        held=engines().store.holds.count(HeldQuery(), most=MOST_COUNTED),
        most_counted=MOST_COUNTED,
    )


def _broken_declarations() -> Sequence[BrokenDeclaration]:
    """Files that declare no usable shop; none where the folder cannot be read from here."""
    try:
        return engines().shops.now().broken
    except (InvalidShop, OSError):
        return ()
