"""The application: `python -m gunicorn "api.app:create_app()" -k api.worker.Worker`."""

import contextlib
import gc
from collections.abc import AsyncIterator, Iterator

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from api.access import Access
from api.answers import GZIP_BYTES, GZIP_LEVEL, Compression
from api.arrivals import Arrivals
from api.bounds import Bounds
from api.cors import cors, preflights
from api.erasing import Erasing
from api.histories import Histories
from api.intake import Intake
from api.lateness import Lateness
from api.limits import Clients, limits
from api.lists import Listings
from api.metrics import Metrics
from api.pages import PageLoader
from api.primaries import Primaries
from api.problems import problem_handlers
from api.quotes import Quotes
from api.refresh import Refresher
from api.routes import routes
from api.services import Services
from api.shortcut import Shortcut
from api.streams import Streams, watching
from listino.live.heads import Heads
from listino.live.lists import Lists
from listino.live.pages import Pages
from listino.live.prices import AsyncLivePrices
from listino.live.product_page import LAYOUT, Part
from listino.logs import GatheredLines, configure_logs
from listino.settings import Settings, load_settings
from listino.shops.folder import ShopsFolder
from listino.shops.labels import ShopLabels
from listino.store.aio import AsyncStore

log = structlog.get_logger(__name__)

GARBAGE_OBJECTS = 20_000  # new ones, after which Python looks for cycles among them


class Storefront(Starlette):
    """Starlette without the layer that answers errors which nothing else caught: Access does that for all but its own."""

    def build_middleware_stack(self) -> ASGIApp:
        outermost = super().build_middleware_stack()
        return outermost.app if isinstance(outermost, ServerErrorMiddleware) else outermost


def create_app(settings: Settings | None = None) -> Starlette:
    """The storefront API under the settings given, else those of the environment; raises InvalidSettings.

    Connections are opened when the server starts the application, in the event loop that will use them. Neither engine
    has to answer then: without MongoDB requests get 503, without Redis prices are the last known ones.
    """
    chosen = settings or load_settings()
    lines = GatheredLines()
    configure_logs(chosen, gathered=lines)
    if chosen.limit_doubt:
        log.warning("api.limits", doubt=chosen.limit_doubt)
    metrics = Metrics(ShopLabels(ShopsFolder(chosen.shops_path)))

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        primaries = Primaries()
        with lines.written_regularly(), contextlib.closing(AsyncStore(chosen)) as store, _few_looks_for_garbage():
            watched = watching(chosen, store.products)
            async with (
                AsyncLivePrices(chosen, watched, metrics) as live,
                Refresher(live, chosen.live_fresh_ms / 1000) as refresher,
                Pages(chosen, PageLoader(store.products, primaries).load, layout=LAYOUT, shown=Part.STORED) as pages,
                Streams(chosen, watched, live, refresher, metrics) as streams,
                Intake(chosen, store.events) as intake,
                Erasing(store.erasures),
                Lateness() as lateness,
            ):
                listings = Listings(store.products, primaries, Lists(pages.server), Heads(pages))
                quotes = Quotes(pages, live, Histories(store.products), metrics, lateness)
                app.state.services = Services(
                    store=store,
                    live=live,
                    arrivals=Arrivals(Clients(chosen.trusted_proxies)),
                    refresher=refresher,
                    pages=pages,
                    listings=listings,
                    quotes=quotes,
                    streams=streams,
                    intake=intake,
                    metrics=metrics,
                )
                yield
                await quotes.close()

    served = routes()
    app = Storefront(
        routes=served,
        middleware=[
            *cors(chosen),
            Middleware(Access, metrics=metrics),
            Middleware(Bounds),
            *limits(chosen),
            *preflights(chosen),
            Middleware(Shortcut, routes=served),
            Middleware(Compression, minimum_size=GZIP_BYTES, compresslevel=GZIP_LEVEL),
        ],
        exception_handlers=problem_handlers(),
        lifespan=lifespan,
    )
    # A redirect would repeat the Host header of whoever asked; an address with a slash too many is unknown instead.
    app.router.redirect_slashes = False
    return app


@contextlib.contextmanager
def _few_looks_for_garbage() -> Iterator[None]:
    """Pages and lists that are held make many objects and no cycles: looking through them for any, as often as Python does by
    itself, takes an eighth of a list's time."""
    looks = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*looks)
        gc.unfreeze()
