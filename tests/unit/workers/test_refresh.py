"""One live refresh against a shop and a store that are none: every way it can go has its answer."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from pymongo.errors import ConnectionFailure

from listino.domain.errors import ProductNotFound
from listino.domain.money import Money
from listino.domain.offer import Availability
from listino.domain.product import Product
from listino.live.answer import Reason
from listino.shops.shop import Shop
from workers import refresh
from workers.refresh import Refresher

ID = "it:bottega:8411"
PRICES = {"price": "3000", "regular_price": "3000", "currency_code": "EUR", "currency_minor_unit": 2}
VARIATIONS = [
    {"id": 1, "sku": "R-S", "variation": "Colore: Rosso, Taglia: S", "prices": PRICES, "is_in_stock": False},
    {"id": 2, "sku": "R-M", "variation": "Colore: Rosso, Taglia: M", "prices": PRICES, "is_in_stock": False},
]


class Products:
    """What the refresher asks of the store."""

    def __init__(self, product: Product | Exception) -> None:
        self.product = product
        self.kept: list[Product] = []
        self.gone: list[str] = []

    def get(self, product_id: str) -> Product:
        if isinstance(self.product, Exception):
            raise self.product
        return self.product

    def upsert(self, seen: Iterable[Product]) -> None:
        self.kept += seen

    def mark_gone(self, product_ids: Iterable[str], at: object) -> int:
        self.gone += product_ids
        return len(self.gone)


class Stored:
    def __init__(self, product: Product | Exception) -> None:
        self.products = Products(product)


Answers = Callable[[httpx.Request], httpx.Response]


def refresher(shop: Shop, product: Product | Exception, answers: Answers) -> Refresher:
    client = httpx.AsyncClient(transport=httpx.MockTransport(answers))
    return Refresher(shop, client, Stored(product), seconds=5)  # type: ignore[arg-type]


def kept(of: Refresher) -> Products:
    return of.store.products  # type: ignore[return-value]


async def test_a_fresh_price_is_priced_stored_and_told(bottega: Shop, listed_shirt: Product) -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=VARIATIONS)

    at_work = refresher(bottega, listed_shirt, answers)
    answer = await at_work.refresh(ID)
    assert asked == ["https://bottega.example/wp-json/wc/store/v1/products?type=variation&parent=8411&per_page=100"]
    (stored,) = kept(at_work).kept
    assert stored.price is not None
    assert stored.offer is not None
    assert stored.offer.cost == Money(3000)
    assert (answer.reason, answer.price, answer.availability) == (None, stored.price.amount, Availability.OUT_OF_STOCK)
    assert answer.as_of == stored.offer.checked_at
    assert kept(at_work).gone == []


def raising(error: Exception) -> Answers:
    def answers(request: httpx.Request) -> httpx.Response:
        raise error

    return answers


def answering(status: int, body: Any = b"") -> Answers:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return lambda request: httpx.Response(status, content=content)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (answering(404, {"code": "woocommerce_rest_product_invalid_id"}), Reason.GONE),
        (answering(404, {"code": "rest_no_route"}), Reason.SHOP_REFUSED),
        (answering(200, [{**VARIATIONS[0], "prices": {**PRICES, "price": "0"}}]), Reason.UNREADABLE),
        (answering(410), Reason.GONE),
        (answering(200, []), Reason.GONE),
        (answering(403), Reason.SHOP_REFUSED),
        (answering(429), Reason.SHOP_REFUSED),
        (answering(500), Reason.SHOP_REFUSED),
        (answering(301), Reason.SHOP_REFUSED),
        (raising(httpx.ConnectError("refused")), Reason.SHOP_SILENT),
        (raising(httpx.ReadTimeout("late")), Reason.SHOP_SILENT),
        (raising(httpx.RemoteProtocolError("nonsense")), Reason.SHOP_SILENT),
        (answering(200, b"<html>Manutenzione</html>"), Reason.UNREADABLE),
        (answering(200, {"code": "x"}), Reason.UNREADABLE),
        (answering(200, [{"id": 1}]), Reason.UNREADABLE),
        (answering(200, [{**VARIATIONS[0], "prices": {**PRICES, "currency_code": "GBP"}}]), Reason.UNREADABLE),
        (raising(RuntimeError("ours")), Reason.FAILED),
    ],
)
async def test_every_way_it_can_go_wrong_is_a_reason(
    answers: Answers, reason: Reason, bottega: Shop, listed_shirt: Product
) -> None:
    at_work = refresher(bottega, listed_shirt, answers)
    answer = await at_work.refresh(ID)
    assert (answer.product_id, answer.reason, answer.price, answer.availability) == (ID, reason, None, None)
    assert kept(at_work).kept == []
    assert kept(at_work).gone == ([ID] if reason is Reason.GONE else [])


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ProductNotFound("no product"), Reason.NO_SHOP), (ConnectionFailure("away"), Reason.FAILED)],
)
async def test_a_store_without_the_product(error: Exception, reason: Reason, bottega: Shop) -> None:
    answer = await refresher(bottega, error, answering(200, VARIATIONS)).refresh(ID)
    assert answer.reason is reason


async def test_no_foreign_host_is_asked(bottega: Shop, listed_shirt: Product) -> None:
    shop = replace(bottega, platform="generic")
    product = replace(listed_shirt, url="https://evil.example/p/1")
    answer = await refresher(shop, product, raising(AssertionError("a foreign host was asked"))).refresh(ID)
    assert answer.reason is Reason.UNREADABLE


async def test_an_endless_answer_is_cut_off(
    bottega: Shop, listed_shirt: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "_MOST_BYTES", 100)
    answer = await refresher(bottega, listed_shirt, answering(200, VARIATIONS)).refresh(ID)
    assert answer.reason is Reason.UNREADABLE
