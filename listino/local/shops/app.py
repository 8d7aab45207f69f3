"""The ASGI application of one demo shop."""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listino.local.shops.admin import Admin
from listino.local.shops.atelier import Atelier
from listino.local.shops.behaviour import Conduct, ConductLayer
from listino.local.shops.bottega import Bottega
from listino.local.shops.catalogue import Catalogue
from listino.local.shops.kontor import Kontor
from listino.local.shops.media import Media
from listino.local.shops.mercado import Mercado
from listino.local.shops.platform import Platform
from listino.local.shops.signposts import CRAWL_DELAY, Signposts

PLATFORMS: Mapping[str, type[Platform]] = MappingProxyType({"it": Bottega, "fr": Atelier, "de": Kontor, "es": Mercado})


def create_app(catalogue: Catalogue, *, crawl_delay: float = CRAWL_DELAY) -> Starlette:
    """A shop that sells what the catalogue holds, and goes on showing what operations make of it.

    `crawl_delay`: seconds between two requests that its robots.txt asks for.
    """
    platform = PLATFORMS[catalogue.market](catalogue)
    conduct = Conduct(catalogue.seed)
    sign = escape(platform.words.ui["maintenance"])
    maintenance = f'<!doctype html><html lang="{catalogue.market}"><title>{sign}</title><h1>{sign}</h1></html>'

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok", "shop": catalogue.front.name, "products": len(catalogue.live())})

    async def not_found(request: Request, error: Exception) -> Response:
        return platform.not_found(request)

    routes = [
        Route("/healthz", healthz),
        *Admin(catalogue, conduct).routes(),
        *Media(catalogue).routes(),
        *Signposts(platform, crawl_delay).routes(),
        *platform.routes(),
    ]
    layer = Middleware(ConductLayer, conduct=conduct, keys_asked=platform.keys_asked, maintenance=maintenance)
    return Starlette(routes=routes, middleware=[layer], exception_handlers={404: not_found})
