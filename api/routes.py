"""Every address the API serves, in one table."""

from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import BaseRoute, Mount, Route

from api import docs, health, prices, products


class ProductIdConvertor(Convertor[str]):
    """One segment of the path, or a natural key whose SKU has slashes in it.

    Servers decode `%2F` in a path before it is routed, so `/products/it:bottega:AB%2F12` arrives with a slash too many.
    """

    regex = r"[a-z]{2}:[^/:]+:.+?|[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def routes() -> list[BaseRoute]:
    """The routes, the first that matches first."""
    register_url_convertor("product", ProductIdConvertor())
    return [
        Route("/products", products.listing),
        Route("/products/{id:product}/styles", products.styles),
        Route("/products/{id:product}/related", products.related),
        Route("/products/{id:product}/price", prices.live_price),
        Route("/products/{id:product}", products.detail),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", health.metrics),
        Route("/openapi.json", docs.openapi),
        Route("/docs", docs.page),
        Mount("/docs/assets", docs.assets()),
    ]
