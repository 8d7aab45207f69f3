"""The declared shops, and how each is."""

from typing import Annotated

from flask import abort
from pydantic import Field

from backoffice.access import requires
from backoffice.api.operation import operation, subject
from backoffice.api.platform import Host, Refreshes
from backoffice.api.shapes import Absent, ListQuery, Market, Moment, Page, Text, Told
from backoffice.services import shops
from backoffice.services.shops import Breaker, ShopRun, ShopView
from listino.domain.errors import InvalidShop, UnknownShop

blueprint = subject("shops", "/shops", __name__)

Key = Annotated[Text, Field(description="Market and name.", examples=["it:bottega"])]


class ShopQuery(ListQuery):
    """Which shops, in the order of their keys."""

    market: Market | Absent = None


class Run(Told):
    """What a crawl met in the shop: /api/v1/crawls/{crawl_id} has the rest."""

    crawl_id: str
    started_at: Moment
    products: int
    gone: int
    rejected: int
    complete: Annotated[bool, Field(description="The whole shop was seen.")]

    @classmethod
    def of(cls, run: ShopRun | None) -> "Run | None":
        if run is None:
            return None
        crawl, counts = run.crawl, run.counts
        return cls(
            crawl_id=crawl.id,
            started_at=crawl.started_at,
            products=counts.products,
            gone=counts.gone,
            rejected=counts.rejected,
            complete=counts.complete,
        )


class Stock(Told):
    """How many of the shop's products are kept, of these on sale, and gone; counted once a minute."""

    stored: int
    products: Annotated[int, Field(description="On sale.")]
    gone: int


class Live(Told):
    """`open`: requests go unanswered, so its goods answer at once with the last known price; `half-open`: the same, and one
    request finds out whether the shop answers again."""

    breaker: Breaker
    unanswered: Annotated[int, Field(description="Requests in a row without an answer.")]
    since: Moment | None
    waiting: Annotated[int, Field(description="Products that are to be asked for.")]


class Shop(Told):
    """A shop as it is now; null for what nobody knows at this moment."""

    key: Key
    market: str
    name: str
    platform: str
    url: str
    live: Live | None
    refreshes: Refreshes | None
    host: Host | None
    stock: Stock | None
    held: Annotated[int, Field(description="Held prices, as far as they are counted.")]
    latest: Annotated[Run | None, Field(description="The last crawl that included it.")]
    whole: Annotated[Run | None, Field(description="The last crawl that saw all of it.")]
    next_at: Annotated[Moment | None, Field(description="When it is crawled next.")]

    @classmethod
    def of(cls, view: ShopView) -> "Shop":
        live = view.live
        return cls(
            key=view.key,
            market=view.shop.market.code,
            name=view.shop.name,
            platform=view.shop.platform,
            url=view.shop.url,
            live=Live(breaker=view.breaker, unanswered=live.unanswered, since=live.since, waiting=live.waiting)
            if live and view.breaker
            else None,
            refreshes=Refreshes.model_validate(view.figures) if view.figures else None,
            host=Host.of(view.host, view.allowance) if view.host else None,
            stock=Stock.model_validate(view.stock) if view.stock else None,
            held=view.held,
            latest=Run.of(view.latest),
            whole=Run.of(view.whole),
            next_at=view.next_at,
        )


class Broken(Told):
    """A file of the shops folder that cannot be used, so its shop is left alone."""

    file: Annotated[str, Field(examples=["it-bottega.toml"])]
    market: str | None
    name: str
    error: str


class AllBroken(Told):
    """Declarations that cannot be used."""

    items: list[Broken]


@blueprint.get("")
@requires("agent", scopes=("read",))
@operation(problems=(409,))
def listed(query: ShopQuery) -> Page[Shop]:
    """List shops

    409: there is no folder of declarations."""
    found = shops.page(market=query.market or None, after=query.after, count=query.count).shops
    return Page[Shop].of(found, Shop.of)


@blueprint.get("/broken")
@requires("agent", scopes=("read",))
@operation(problems=(409,))
def broken() -> AllBroken:
    """List the declarations that cannot be used"""
    return AllBroken(
        items=[
            Broken(file=one.path.name, market=one.market, name=one.name, error=str(one.error)) for one in shops.broken()
        ]
    )


@blueprint.get("/<key>")
@requires("agent", scopes=("read",))
@operation(problems=(404,))
def one(key: Key) -> Shop:
    """Read a shop"""
    try:
        return Shop.of(shops.details(key).view)
    except (UnknownShop, InvalidShop):
        abort(404)
