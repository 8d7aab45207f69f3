"""What a live worker keeps from job to job: settings, connections, warm connections to the shops."""

import asyncio
import contextlib
import secrets
from functools import cache, cached_property

import structlog

from listino.domain.errors import UnknownShop
from listino.domain.product import Product
from listino.jobs import Jobs
from listino.live.answer import LiveAnswer
from listino.live.budget import Role
from listino.live.client import UNAVAILABLE, connect, connect_async
from listino.live.exchange import Exchange
from listino.live.figures import FigureSums
from listino.live.legs import ServerClock
from listino.live.page import Page
from listino.live.page_guard import PageGuard
from listino.live.product_page import rendered
from listino.live.turns import Turns
from listino.live.waiting import WaitingRoom
from listino.settings import Settings, load_settings
from listino.shops.folder import ShopsFolder
from listino.shops.labels import ShopLabels
from listino.store.client import Store
from listino.store.documents import packed, paged_document
from workers.client import ShopClient
from workers.hosts import Hosts
from workers.known import KnownProducts
from workers.metrics import WorkerMetrics
from workers.pools import HostPools, trusted
from workers.refresh import Refresher

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0  # at the declarations, of which every turn at a shop wants to know


class Runtime:
    """One a process. `worker`: its name in leases, and where it is told what is wanted of its drains; another one is given before
    the first drain begins."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.worker = secrets.token_hex(4)
        self.jobs = Jobs(connect(settings))
        self._clock = ServerClock()
        self._redis = connect_async(settings)
        self._exchange = Exchange(self._redis)
        # That a product was written leaves with its answer.
        self._guard = PageGuard(settings, _page, self._exchange)
        self.store = Store(settings, self._guard)
        self._known = KnownProducts(settings)
        self._client: ShopClient | None = None
        self._folder = ShopsFolder(
            settings.shops_path,
            lambda error: log.error("live.bad_declaration", error=str(error)),
            look_seconds=_LOOK_SECONDS,
        )
        self._shop_of = ShopLabels(self._folder)
        self.metrics = WorkerMetrics(self._shop_of)
        self._figures = FigureSums()

    def warm_up(self) -> None:
        """Does now what the first job would have to wait for: connections, and the TLS context of the HTTP client.

        Raises EngineUnavailable without MongoDB.
        """
        self.store.ping()
        with contextlib.suppress(*UNAVAILABLE):  # the worker waits for Redis, and its jobs tell
            self.jobs.connection.ping()
        self._http()

    async def close(self) -> None:
        """Ends what belongs to the event loop. Slots at hosts are given back."""
        if "_turns" in vars(self):
            await self._turns.close()
        if self._client is not None:
            await self._client.aclose()
        await self._known.close()
        await self._guard.settled()
        await asyncio.to_thread(self._guard.close)  # what Redis could not be told it is told now, if it answers
        await self._redis.aclose()

    def waiting_room(self, shop_key: str) -> WaitingRoom:
        """One more drain's room. Use it inside the loop."""
        return WaitingRoom(
            self.settings,
            self._exchange,
            shop_key,
            worker=self.worker,
            clock=self._clock,
            refreshed=self._refreshed,
        )

    async def tell_figures(self) -> None:
        """Lets the back office know what became of the refreshes since the last time; raises one of UNAVAILABLE."""
        await self._figures.tell(self._redis)

    def _refreshed(self, answer: LiveAnswer) -> None:
        self.metrics.refreshed(answer)
        self._figures.refreshed(self._shop_of(answer.product_id), answer)

    def expect(self, product_id: str) -> None:
        """Hears of a product that a drain will take in a moment. Call it inside the loop."""
        self._known.expect(product_id)

    def refresher(self, shop_key: str) -> Refresher:
        """The refresher of a shop as it is declared now; raises UnknownShop. Call it inside the loop."""
        shops = self._folder.now()
        if shop_key not in shops:
            raise UnknownShop(f"no shop {shop_key} is declared in {self.settings.shops_path}")
        seconds = self.settings.live_timeout_ms / 1000
        return Refresher(
            shops[shop_key],
            self._http(),
            self._hosts,
            self.store,
            seconds,
            self._clock,
            self.metrics.asked_again,
            self._known.among,
        )

    def _http(self) -> ShopClient:
        if self._client is None:
            self._client = ShopClient(HostPools(trusted()), self.settings.user_agent)
        return self._client

    @cached_property
    def _hosts(self) -> Hosts:
        seconds = self.settings.live_timeout_ms / 1000
        return Hosts(self._http(), self._turns, self.settings.user_agent, lambda: self._folder.now().values(), seconds)

    @cached_property
    def _turns(self) -> Turns:
        return Turns(self.settings, Role.LIVE)


def _page(product: Product) -> Page:
    """Its page, as whoever opens it next would have to make it."""
    return rendered(paged_document(product), packed)


@cache
def runtime() -> Runtime:
    """This process's runtime, made on first use: in the worker, never at import."""
    return Runtime(load_settings())
