"""The live price: held until the shop has answered or the caller's time is up, whichever comes first."""

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.parameters import parse_wait, product_id_of
from api.problems import ProductGone
from api.services import STORE_SECONDS, reading, services_of
from listino.domain.errors import EngineUnavailable, ProductNotFound
from listino.domain.history import PricePoint
from listino.domain.product import Product, ProductId
from listino.live.answer import Reason
from listino.live.quote import make_quote
from listino.store.aio import AsyncProducts

log = structlog.get_logger(__name__)

# What the store may take, in seconds, of whoever waits less: for the product, without which there is no answer. And
# what it may take beyond the caller's time for its history, which is left out of the answer instead.
PRODUCT_SECONDS = 0.25
HISTORY_MARGIN = 0.05


async def live_price(request: Request) -> Response:
    """The price the shop asks now, or at the deadline the last known one and the reason.

    Nothing here lasts longer than `wait` and HISTORY_MARGIN, or PRODUCT_SECONDS where `wait` is less.
    """
    product_id, wait_ms = product_id_of(request), parse_wait(request)
    services, loop = services_of(request), asyncio.get_running_loop()
    started = loop.time()
    deadline = started + wait_ms / 1000
    seconds = min(STORE_SECONDS, max(PRODUCT_SECONDS, wait_ms / 1000))
    product = await on_sale(services.store.products, product_id, seconds)
    # The history is read while the shop is asked, so it costs the caller no time.
    history = asyncio.create_task(history_of(services.store.products, product_id, deadline + HISTORY_MARGIN))
    try:
        answer = await services.live.get(product_id, wait_ms=max(0, int((deadline - loop.time()) * 1000)))
        services.metrics.live_answer(answer, loop.time() - started)
        if answer.reason is Reason.GONE:
            raise ProductGone(product_id)
        quote = make_quote(product, answer, await history)
    finally:
        history.cancel()
    return json_answer(quote.fields(), headers={"Cache-Control": "no-store"})


async def on_sale(products: AsyncProducts, product_id: ProductId, seconds: float) -> Product:
    """The product; raises ProductGone, ProductNotFound, or EngineUnavailable after that time."""
    async with reading(seconds):
        product = await products.get(product_id)
    if product.gone_at is not None:
        raise ProductGone(product_id)
    if product.awaits_price:
        raise ProductNotFound(f"no product {product_id}")
    return product


async def history_of(products: AsyncProducts, product_id: ProductId, until: float) -> list[PricePoint] | None:
    """The product's price history; None if it could not be read by that time of the loop's clock."""
    try:
        async with reading(max(HISTORY_MARGIN, until - asyncio.get_running_loop().time())):
            return await products.history(product_id)
    except EngineUnavailable as error:
        log.warning("api.no_history", product_id=product_id, error=str(error))
        return None
