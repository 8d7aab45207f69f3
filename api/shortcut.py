"""The short way of the requests that a storefront makes most: lists, a product, its styles, what goes with it, its live price.

It answers plain ones exactly as the routes would, before anything else is built for them, and leaves everything else
(other methods, parameters of a product, encoded ids) to the routes.
"""

import re
from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api import lists
from api.answers import ReadyAnswer
from api.pages import page_answer
from api.parameters import DEFAULT_WAIT_MS, parse_path_id
from api.problems import problem_of, problem_response
from api.services import Services
from listino.live.product_page import Part

# An id without anything encoded in it: as the server decodes the path, and as the caller wrote it.
_PLAIN = re.compile(rb"/products(?:/([A-Za-z0-9:._~-]{1,300})(/styles|/related|/price)?)?")
_PARTS = {None: Part.DETAIL, b"/styles": Part.STYLES, b"/related": Part.RELATED}
_PRICE = b"/price"
_METHODS = frozenset({"GET", "HEAD"})
PATHS: Mapping[Part, str] = {
    Part.DETAIL: "/products/{id:product}",
    Part.STYLES: "/products/{id:product}/styles",
    Part.RELATED: "/products/{id:product}/related",
}
PRICE_PATH = "/products/{id:product}/price"


class Shortcut:
    """`routes`: those of the application, of which the requests are said to have taken theirs."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        by_path = {route.path: route for route in routes if isinstance(route, Route)}
        self._routes = {part: by_path[path] for part, path in PATHS.items()}
        self._list_route = by_path[lists.ADDRESS]
        self._price_route = by_path[PRICE_PATH]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = None
        if scope["type"] == "http" and scope["method"] in _METHODS:
            found = _PLAIN.fullmatch(scope.get("raw_path") or b"")
        if found is None or (found[1] and scope["query_string"]):
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, found)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            await problem_response(problem, scope["state"]["request_id"])(scope, receive, send)
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, found: re.Match[bytes]) -> ReadyAnswer:
        services: Services = scope["app"].state.services
        if found[1] is None:
            scope["route"] = self._list_route
            return await services.listings.answer(scope["query_string"], scope["headers"], pack=True)
        if found[2] == _PRICE:
            scope["route"] = self._price_route
            arrived = services.arrivals.of(scope)
            return await services.quotes.answer(parse_path_id(found[1].decode()), DEFAULT_WAIT_MS, arrived)
        part = _PARTS[found[2]]
        scope["route"] = self._routes[part]
        return await page_answer(services, parse_path_id(found[1].decode()), part, scope["headers"], pack=True)
