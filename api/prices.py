"""The live price: held until the shop has answered or the caller's time is up, whichever comes first."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.histories import HISTORY_MARGIN
from api.pages import price_known
from api.parameters import parse_wait, product_id_of
from api.problems import ProductGone
from api.services import STORE_SECONDS, services_of
from listino.live.answer import Reason
from listino.live.quote import make_quote

# What the store may take, in seconds, of whoever waits less: for the product, without which there is no answer.
PRODUCT_SECONDS = 0.25


async def live_price(request: Request) -> Response:
    """The price the shop asks now, or at the deadline the last known one and the reason.

    Nothing here lasts longer than `wait` and HISTORY_MARGIN, or PRODUCT_SECONDS where `wait` is less.
    """
    product_id, wait_ms = product_id_of(request), parse_wait(request)
    services, loop = services_of(request), asyncio.get_running_loop()
    started = loop.time()
    deadline = started + wait_ms / 1000
    seconds = min(STORE_SECONDS, max(PRODUCT_SECONDS, wait_ms / 1000))
    known = await price_known(services, product_id, seconds)
    # The history is read while the shop is asked, so it costs the caller no time.
    history = asyncio.create_task(services.histories.get(product_id, deadline + HISTORY_MARGIN))
    try:
        answer = await services.live.get(product_id, wait_ms=max(0, int((deadline - loop.time()) * 1000)))
        services.metrics.live_answer(answer, loop.time() - started)
        if answer.reason is Reason.GONE:
            raise ProductGone(product_id)
        quote = make_quote(known, answer, await history)
    finally:
        history.cancel()
    return json_answer(quote.fields(), headers={"Cache-Control": "no-store"})
