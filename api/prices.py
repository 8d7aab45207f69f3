"""The live price: held until the shop has answered or the caller's time is up, whichever comes first."""

from starlette.requests import Request
from starlette.responses import Response

from api.parameters import parse_wait, product_id_of
from api.services import services_of


async def live_price(request: Request) -> Response:
    """The price the shop asks now, or at the deadline the last known one and the reason; see `api.quotes.Quotes.answer`."""
    services = services_of(request)
    arrived = services.arrivals.of(request.scope)
    return await services.quotes.answer(product_id_of(request), parse_wait(request), arrived)
