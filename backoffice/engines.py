"""What the pages work with: the store, the live prices and the queues, one of each a process."""

from dataclasses import dataclass

from flask import Flask, current_app

from backoffice.assortment import Assortment
from backoffice.panels import Panels
from listino.jobs import Jobs
from listino.live.client import PAGE_SECONDS, connect
from listino.live.page_guard import PageGuard
from listino.live.synchronous import LivePrices
from listino.settings import Settings
from listino.shops.folder import ShopsFolder
from listino.store.client import Store

_KEY = "listino"


@dataclass(frozen=True, slots=True)
class Engines:
    """Everything behind the pages. All of it connects when first used."""

    settings: Settings
    store: Store
    live: LivePrices
    jobs: Jobs
    assortment: Assortment
    shops: ShopsFolder
    panels: Panels

    def close(self) -> None:
        self.live.close()
        self.jobs.connection.close()
        self.store.close()


def attach(app: Flask, settings: Settings) -> None:
    """Gives the application its engines."""
    store = Store(settings, PageGuard(settings))
    jobs = Jobs(connect(settings, seconds=PAGE_SECONDS))
    shops = ShopsFolder(settings.shops_path)
    app.extensions[_KEY] = Engines(
        settings=settings,
        store=store,
        live=LivePrices(settings),
        jobs=jobs,
        assortment=Assortment(store.stock),
        shops=shops,
        panels=Panels(store, jobs, shops),
    )


def engines() -> Engines:
    """The engines of the application that serves this request."""
    found: Engines = current_app.extensions[_KEY]
    return found
