"""Every address the API serves, in one table."""

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Receive, Scope, Send

from api import demo, docs, events, health, price_events, prices, products
from api.openapi import query_parameters
from api.parameters import refuse_others


class ProductIdConvertor(Convertor[str]):
    """One segment of the path, or a natural key whose SKU has slashes in it.

    Servers decode `%2F` in a path before it is routed, so `/products/it:bottega:AB%2F12` arrives with a slash too many.
    """

    regex = r"[a-z]{2}:[^/:]+:.+?|[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class Address(Route):
    """An address with the segments and the parameters that the OpenAPI document gives it, and no others."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        # A slash that the caller encoded belongs to an id; one that was not begins another segment.
        raw_path = scope.get("raw_path")
        if raw_path is not None and raw_path.count(b"/") != self.path.count("/"):
            return Match.NONE, {}
        return match, child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in (self.methods or ()):
            refuse_others(Request(scope), query_parameters(self.path_format))
        await super().handle(scope, receive, send)


class SlashAddress(Address):
    """An address that may be asked with a slash at its end, as front ends of the six-file catalogue do (`/products/`), and people."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        raw_path: bytes = scope.get("raw_path") or b""
        if raw_path.endswith(b"/"):
            scope = {**scope, "path": scope["path"][:-1], "raw_path": raw_path[:-1]}
        return super().matches(scope)


def routes() -> list[BaseRoute]:
    """The routes, the first that matches first."""
    register_url_convertor("product", ProductIdConvertor())
    return [
        SlashAddress("/products", products.listing),
        SlashAddress("/products/{id:product}/styles", products.styles),
        SlashAddress("/products/{id:product}/related", products.related),
        SlashAddress("/products/{id:product}/price", prices.live_price),
        SlashAddress("/products/{id:product}/price/events", price_events.price_events),
        SlashAddress("/products/{id:product}", products.detail),
        SlashAddress("/events", events.take, methods=["POST"]),
        Address("/healthz", health.alive),
        Address("/readyz", health.ready),
        Address("/metrics", health.metrics),
        Address("/openapi.json", docs.openapi),
        SlashAddress("/docs", docs.page),
        Mount("/docs/assets", docs.assets()),
        Address("/demo/{id:product}", demo.product_page),
        Mount("/static", demo.static()),
        Route("/", docs.begin, include_in_schema=False),
    ]
