"""The application: `python -m gunicorn "api.app:create_app()" -k uvicorn_worker.UvicornWorker`."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from api.access import Access
from api.bounds import Bounds
from api.cors import cors
from api.limits import limits
from api.metrics import Metrics
from api.problems import problem_handlers
from api.refresh import Refresher
from api.routes import routes
from api.services import Services
from listino.live.prices import AsyncLivePrices
from listino.logs import configure_logs
from listino.settings import Settings, load_settings
from listino.store.aio import AsyncStore

GZIP_BYTES = 1024  # smaller bodies fit one packet anyway
GZIP_LEVEL = 5  # of 9: product pages come out within 2 % of level 9's size, in half the time


def create_app(settings: Settings | None = None) -> Starlette:
    """The storefront API under the settings given, else those of the environment; raises InvalidSettings.

    Connections are opened when the server starts the application, in the event loop that will use them. Neither engine
    has to answer then: without MongoDB requests get 503, without Redis prices are the last known ones.
    """
    chosen = settings or load_settings()
    configure_logs(chosen)
    metrics = Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        store = AsyncStore(chosen)
        try:
            async with AsyncLivePrices(chosen) as live, Refresher(live) as refresher:
                app.state.services = Services(store=store, live=live, refresher=refresher, metrics=metrics)
                yield
        finally:
            store.close()

    app = Starlette(
        routes=routes(),
        middleware=[
            *cors(chosen),
            Middleware(Access, metrics=metrics),
            Middleware(Bounds),
            *limits(chosen),
            Middleware(GZipMiddleware, minimum_size=GZIP_BYTES, compresslevel=GZIP_LEVEL),
        ],
        exception_handlers=problem_handlers(),
        lifespan=lifespan,
    )
    # A redirect would repeat the Host header of whoever asked; an address with a slash too many is unknown instead.
    app.router.redirect_slashes = False
    return app
