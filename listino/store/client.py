"""Connections to MongoDB, and the synchronous store made of them."""

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, OperationFailure
from pymongo.uri_parser import parse_uri

from listino.domain.errors import EngineUnavailable, InvalidSettings
from listino.settings import Settings, masked
from listino.store.audit import Audit
from listino.store.bulk import Catalogue
from listino.store.cluster import ClusterStatus, add_shard, examine
from listino.store.collections import PRICE_HISTORY, PRODUCTS
from listino.store.crawls import Crawls, Leases
from listino.store.customers import Customers
from listino.store.erasures import Erasures
from listino.store.filing import Filing
from listino.store.guard import WRITE_SECONDS, Bounded, Guard, ReadOnly
from listino.store.handlings import Handlings
from listino.store.holds import Holds
from listino.store.notes import Notes
from listino.store.outage import UNAVAILABLE, outages_told, time_limit
from listino.store.products import Products
from listino.store.schedule import CrawlTimes
from listino.store.setup import Told, prepare
from listino.store.staff import Staff
from listino.store.staff_sessions import StaffSessions
from listino.store.stock import StockCounts
from listino.store.tokens import Tokens

if TYPE_CHECKING:
    from listino.store.behaviour import BehaviourReader

Client = TypeVar("Client")

AUTHENTICATION_FAILED = 18
PING_SECONDS = 3.0  # long enough for a busy server, short enough for whoever waits for a command's first word


def client_options(settings: Settings) -> dict[str, Any]:
    """The options of every client: nothing acknowledged is lost, times carry their zone, and no call waits for ever."""
    return {
        "appname": "listino",
        "tz_aware": True,
        "w": "majority",
        "journal": True,
        "retryWrites": True,
        "retryReads": True,
        "serverSelectionTimeoutMS": 3_000,
        "connectTimeoutMS": 2_000,
        # A router that takes that long to say hello is asked again, or the other one is: while servers are elected and started anew
        # the driver's own two attempts may both be in vain. All of it ends with timeoutMS.
        "maxAdaptiveRetries": 6,
        "timeoutMS": round(1000 * WRITE_SECONDS),
    }


def opened(client_class: Callable[..., Client], settings: Settings) -> Client:
    """A client of that class for the settings' address; raises InvalidSettings for one that cannot be used."""
    try:
        return client_class(settings.mongo_address, **client_options(settings))
    except (ConfigurationError, ValueError, TypeError) as error:
        raise InvalidSettings(f"LISTINO_MONGO_URI={masked(settings.mongo_address)!r}: {error}") from None


def tls_options(settings: Settings) -> dict[str, Any]:
    """What the settings' address says about encryption, for connections to other servers of the same cluster."""
    options = parse_uri(settings.mongo_address)["options"]
    return {name: value for name, value in options.items() if name.lower().startswith("tls")}


def unavailable(settings: Settings, error: BaseException) -> EngineUnavailable:
    """The error to show when the driver raised one of UNAVAILABLE."""
    reason = re.split(r",| \(configured", str(error), maxsplit=1)[0][:120]
    return EngineUnavailable(
        f"MongoDB does not answer at {masked(settings.mongo_address)} ({reason}): "
        "start the platform with `listino up`, or set LISTINO_MONGO_URI"
    )


class Store:
    """Everything Listino keeps, for synchronous callers. Close it, or use it in a `with` statement; without a
    guard it writes no products."""

    def __init__(self, settings: Settings, guard: Guard | None = None) -> None:
        self._settings = settings
        self._guard = Bounded(guard or ReadOnly())
        self._client: MongoClient = opened(MongoClient, settings)
        database = self._client[settings.mongo_database]
        self._database = database
        self.filing = Filing(database[PRICE_HISTORY.name])
        self.products = Products(database, self._guard, self.filing)
        self.stock = StockCounts(database)
        self.catalogue = Catalogue(self._client, database, self._guard, settings)
        self.holds = Holds(database, self._guard)
        self.handlings = Handlings(database, self._guard)
        self.audit = Audit(database)
        self.crawls = Crawls(database)
        self.leases = Leases(database)
        self.crawl_times = CrawlTimes(database)
        self.staff = Staff(database)
        self.staff_sessions = StaffSessions(database)
        self.tokens = Tokens(database)
        self.customers = Customers(database)
        self.notes = Notes(database)
        self.erasures = Erasures(database)

    @cached_property
    def behaviour(self) -> "BehaviourReader":
        """What shoppers did, for the back office. With it comes numpy, whose threads and memory a live worker has no use for."""
        from listino.store.behaviour import BehaviourReader

        return BehaviourReader(self._database)

    def ping(self) -> None:
        """Returns when the server answers; raises EngineUnavailable after PING_SECONDS."""
        try:
            with time_limit(PING_SECONDS):
                self._client.admin.command("ping")
        except UNAVAILABLE as error:
            raise unavailable(self._settings, error) from error
        except OperationFailure as error:
            if error.code != AUTHENTICATION_FAILED:
                raise
            where = masked(self._settings.mongo_address)
            raise EngineUnavailable(f"MongoDB at {where} refuses the user and password in LISTINO_MONGO_URI") from None

    def ready(self, seconds: float) -> None:
        """Returns when every shard answers, which costs each one step in an index: a router alone would answer a ping.

        Raises EngineUnavailable when that takes longer than `seconds`.
        """
        try:
            with time_limit(seconds):
                self._database[PRODUCTS.name].find_one({}, {"_id": 1}, sort=[("_id", 1)])
        except UNAVAILABLE as error:
            raise unavailable(self._settings, error) from error

    def prepare(self, told: Told = lambda name, what: None) -> None:
        """Makes collections, shard keys, validators and indexes as they are declared; can be run again without harm."""
        try:
            with outages_told():
                prepare(self._client, self._database, told, self._settings)
        except UNAVAILABLE as error:
            raise unavailable(self._settings, error) from error

    def cluster_status(self) -> ClusterStatus:
        """The sharded cluster at this moment; raises EngineUnavailable when there is none."""
        try:
            with outages_told():
                return examine(self._client, self._database, tls_options(self._settings))
        except UNAVAILABLE as error:
            raise unavailable(self._settings, error) from error

    def add_shard(self, servers: str) -> str:
        """Makes a replica set (`name/host:port,host:port`) a shard, and gives its name; harmless if it is one.

        The balancer then moves its share of the documents to it. Raises InvalidValue when the cluster refuses.
        """
        try:
            with outages_told():
                return add_shard(self._client, servers, tls_options(self._settings))
        except UNAVAILABLE as error:
            raise unavailable(self._settings, error) from error

    def close(self) -> None:
        self.filing.close()
        self._guard.close()
        self._client.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
