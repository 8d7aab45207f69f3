"""Endpoints that read products: lists, one product, its styles, what goes with it."""

from starlette.requests import Request
from starlette.responses import Response

from api import rendering
from api.answers import tagged_answer
from api.parameters import parse_page, product_id_of
from api.problems import ProductGone
from api.services import reading, services_of
from listino.domain.errors import ProductNotFound
from listino.domain.product import Product


async def listing(request: Request) -> Response:
    """A page of products; a Link header leads to the next one."""
    asked = parse_page(request)
    async with reading():
        # One more than asked tells whether there is a next page.
        found = await services_of(request).store.products.page(asked.query, count=asked.count + 1, skip=asked.skip)
    shown = found[: asked.count]
    more = len(found) > asked.count
    link = {"Link": f'<{asked.next_address(shown[-1])}>; rel="next"'} if more else None
    return tagged_answer(request, [rendering.card(product) for product in shown], link)


async def detail(request: Request) -> Response:
    """The product as it was last seen, at once; its shop is asked again meanwhile."""
    product = await _on_sale(request)
    services_of(request).refresher.ask(product.id)
    return tagged_answer(request, rendering.page(product))


async def styles(request: Request) -> Response:
    """The product's styles with their photos and sizes."""
    return tagged_answer(request, rendering.styles(await _on_sale(request)))


async def related(request: Request) -> Response:
    """The ids of what goes with the product."""
    return tagged_answer(request, (await _on_sale(request)).related)


async def _on_sale(request: Request) -> Product:
    """Raises BadParameter, ProductNotFound, ProductGone or EngineUnavailable."""
    product_id = product_id_of(request)
    async with reading():
        product = await services_of(request).store.products.get(product_id)
    if product.gone_at is not None:
        raise ProductGone(product.id)
    if product.awaits_price:
        raise ProductNotFound(f"no product {product_id}")
    return product
