from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from bson import BSON
from bson.codec_options import CodecOptions

from listino.domain.crawl import Crawl, CrawlStatus, Reject, ShopCounts
from listino.domain.history import PricePoint
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product, Sku, Style
from listino.store.documents import (
    Document,
    crawl_document,
    crawl_from,
    packed,
    paged_document,
    point_document,
    points_from,
    product_document,
    product_from,
    product_in,
    reject_from,
)
from listino.store.query import PAGE

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def stored(document: Document) -> Document:
    """The document as the server would give it back."""
    return dict(BSON.encode(document).decode(CodecOptions(tz_aware=True)))


def test_a_product_comes_back_as_it_was(listed_shirt: Product) -> None:
    assert product_from(stored(product_document(listed_shirt))) == listed_shirt


def test_what_pages_show_is_what_the_store_reads_for_them(listed_shirt: Product) -> None:
    whole = product_document(replace(listed_shirt, gone_at=AT))
    assert paged_document(replace(listed_shirt, gone_at=AT)) == {
        name: value for name, value in whole.items() if name not in PAGE
    }


def test_a_product_comes_back_out_of_its_page_as_it_was(listed_shirt: Product) -> None:
    assert product_in(packed(paged_document(listed_shirt))) == listed_shirt


@pytest.mark.parametrize("dotted", ["a.b", "$set", "", "1", "a b"])
def test_a_size_may_be_called_anything(dotted: str, listed_shirt: Product) -> None:
    style = replace(listed_shirt.styles[0], skus={dotted: Sku(size="M", quantity=None)})
    product = replace(listed_shirt, styles=(style,))
    assert product_from(stored(product_document(product))) == product


def test_a_gone_product_in_another_currency_comes_back(listed_shirt: Product) -> None:
    assert listed_shirt.offer is not None
    offer = replace(listed_shirt.offer, cost=Money(1, "GBP"), shipping=Money(2, "GBP"), list_cost=Money(3, "GBP"))
    product = replace(listed_shirt, offer=offer, price=None, styles=(), gone_at=AT)
    assert product_from(stored(product_document(product))) == product


def test_imported_goods_come_back() -> None:
    style = Style(
        style_id=7, name="Red", cost=None, original_price=Money(900), sale_price=Money(700), default=True, photos=(),
        skus={"37": Sku(size="M", quantity=8)},
    )  # fmt: skip
    product = Product(id=5, name="Camo Onesie", related=(2, 3), styles=(style,))
    document = product_document(product)
    assert document["_id"] == 5
    assert product_from(stored(document)) == product


def test_what_is_not_known_is_left_out() -> None:
    assert product_document(Product(id=5, name="Moka")) == {
        "_id": 5, "name": "Moka", "features": [], "related": [], "styles": [], "terms": ["moka:en", "5"],
    }  # fmt: skip


def test_a_card_gives_a_product_without_the_rest(listed_shirt: Product) -> None:
    document = product_document(listed_shirt)
    shown = {name: document[name] for name in ("_id", "name", "offer", "price")}
    shown["price"] = {name: shown["price"][name] for name in ("amount", "currency")}
    card = product_from(shown)
    assert (card.id, card.styles, card.offer) == (listed_shirt.id, (), listed_shirt.offer)
    assert card.price is not None
    assert listed_shirt.price is not None
    assert (card.price.amount, card.price.steps) == (listed_shirt.price.amount, ())


def point(minutes: int, price: int | None, cost: int | None = 100) -> PricePoint:
    return PricePoint(
        at=AT + timedelta(minutes=minutes),
        price=None if price is None else Money(price),
        cost=None if cost is None else Money(cost),
        availability=Availability.UNKNOWN,
    )


def test_points_of_several_buckets_come_back_in_order_of_time() -> None:
    late, early, bare = point(5, 200), point(1, 300, None), point(3, None, None)
    buckets = [{"points": [point_document(late), point_document(bare)]}, {"points": [point_document(early)]}]
    assert points_from(stored({"b": buckets})["b"]) == [early, bare, late]
    assert points_from([]) == []


RUN = Crawl(
    id="it-1", market="it", status=CrawlStatus.STOPPED, trigger="test", started_at=AT, heartbeat_at=AT, ended_at=AT, limit=3,
    shops={"bottega": ShopCounts(products=3, new=1, unchanged=2, expected=9, complete=True)},
    coverage={"brand": 0.5}, rejected={"name/missing": 1}, requests=7, error="why",
)  # fmt: skip


@pytest.mark.parametrize(
    "run", [RUN, Crawl(id="x", market="de", status=CrawlStatus.RUNNING, trigger="t", started_at=AT, heartbeat_at=AT)]
)
def test_a_crawl_comes_back_as_it_was(run: Crawl) -> None:
    document = crawl_document(run)
    assert document["_id"] == run.id
    assert "id" not in document
    assert crawl_from(stored(document)) == run


def test_a_reject_comes_back_without_the_servers_id() -> None:
    reject = Reject(crawl_id="it-1", shop="bottega", reason="name/missing", url="u", detail="d", at=AT)
    document = {
        "_id": 1,
        "crawl_id": "it-1",
        "shop": "bottega",
        "reason": "name/missing",
        "url": "u",
        "detail": "d",
        "at": AT,
    }
    assert reject_from(document) == reject
