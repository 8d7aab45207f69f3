"""Endpoints that read products: lists, one product, its styles, what goes with it."""

from starlette.requests import Request
from starlette.responses import Response

from api.pages import page_answer
from api.parameters import product_id_of
from api.services import services_of
from listino.live.product_page import Part


async def listing(request: Request) -> Response:
    """A page of products; a Link header leads to the next one."""
    return await services_of(request).listings.answer(request.scope["query_string"], request.headers.raw)


async def detail(request: Request) -> Response:
    """The product as it was last seen, at once; its shop is asked again meanwhile."""
    return await _part(request, Part.DETAIL)


async def styles(request: Request) -> Response:
    """The product's styles with their photos and sizes."""
    return await _part(request, Part.STYLES)


async def related(request: Request) -> Response:
    """The ids of what goes with the product."""
    return await _part(request, Part.RELATED)


async def _part(request: Request, part: Part) -> Response:
    """Raises BadParameter, ProductNotFound, ProductGone or EngineUnavailable."""
    return await page_answer(services_of(request), product_id_of(request), part, request.headers.raw)
