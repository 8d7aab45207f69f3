"""The start page: a search, the four markets and the latest crawls."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from backoffice.assortment import ShopSize
from backoffice.engines import engines
from listino.domain.crawl import Crawl
from listino.domain.market import MARKETS, Market

blueprint = Blueprint("start", __name__)

LATEST_CRAWLS = 6


@dataclass(frozen=True, slots=True)
class MarketCard:
    """A market with its shops (None: not counted yet) and its latest crawl."""

    market: Market
    shops: list[ShopSize] | None
    crawl: Crawl | None

    @property
    def products(self) -> int | None:
        return None if self.shops is None else sum(shop.products for shop in self.shops)


@blueprint.get("/")
def page() -> ResponseReturnValue:
    sizes = engines().assortment.sizes()
    crawls = engines().store.crawls
    cards = [
        MarketCard(
            market,
            None if sizes is None else [size for size in sizes if size.market == market.code],
            next(iter(crawls.latest(market=market.code, count=1)), None),
        )
        for market in MARKETS.values()
    ]
    return render_template("start/page.html", cards=cards, crawls=crawls.latest(count=LATEST_CRAWLS))
