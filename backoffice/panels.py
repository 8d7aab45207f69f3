"""The parts of the platform as the pages of an operator show them; each is read by itself, so one that hangs hides no other."""

from collections.abc import Mapping
from dataclasses import dataclass

from backoffice.kept import Kept
from listino.domain.errors import EngineUnavailable
from listino.jobs import Jobs
from listino.live import client
from listino.live.breakers import ShopState, shop_states
from listino.live.figures import ShopFigures, shop_figures
from listino.live.host_states import HostState, host_states
from listino.live.parked import ParkedProduct, parked_products
from listino.queues import QueueState, WorkerState, queue_states, worker_states
from listino.shops.folder import ShopsFolder
from listino.store import outage
from listino.store.client import Store
from listino.store.cluster import ClusterStatus

# A look at the cluster asks every server, and every shard for each collection.
CLUSTER_SECONDS = 10.0
QUEUES_SECONDS = 2.0
LIVE_SECONDS = 3.0
_STORE_SECONDS = 8.0  # for the whole look at the cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFacts:
    """The server as it says of itself; bytes; `most_memory` 0: as much as there is."""

    version: str
    since_seconds: int
    memory: int
    most_memory: int
    clients: int
    commands_a_second: int
    keys: int
    persistent: bool


@dataclass(frozen=True, slots=True)
class Queues:
    """Redis, the queues in it, and who works them off."""

    redis: RedisFacts
    queues: list[QueueState]
    workers: list[WorkerState]


@dataclass(frozen=True, slots=True)
class LiveState:
    """Live prices: of each declared shop by its key `it:bottega`; of each host; what is parked. `total`: the figures of all
    shops together."""

    shops: Mapping[str, ShopState]
    figures: Mapping[str, ShopFigures]
    hosts: Mapping[str, HostState]
    parked: list[ParkedProduct]
    total: ShopFigures


class Panels:
    """One a process."""

    def __init__(self, store: Store, jobs: Jobs, shops: ShopsFolder) -> None:
        self._store, self._jobs, self._shops = store, jobs, shops
        self.cluster: Kept[ClusterStatus] = Kept(
            "cluster", self._cluster, seconds=CLUSTER_SECONDS, away=(*outage.UNAVAILABLE, EngineUnavailable)
        )
        self.queues: Kept[Queues] = Kept("queues", self._queues, seconds=QUEUES_SECONDS, away=client.UNAVAILABLE)
        self.live: Kept[LiveState] = Kept("live prices", self._live, seconds=LIVE_SECONDS, away=client.UNAVAILABLE)

    def _cluster(self) -> ClusterStatus:
        with outage.time_limit(_STORE_SECONDS):
            return self._store.cluster_status()

    def _queues(self) -> Queues:
        connection = self._jobs.connection
        return Queues(_facts(connection.info()), queue_states(self._jobs), worker_states(connection))

    def _live(self) -> LiveState:
        shops = self._shops.now()
        names = list(shops)
        hosts = sorted({shop.host for shop in shops.values()})
        connection = self._jobs.connection
        figures = shop_figures(connection, names)
        return LiveState(
            shops={state.shop: state for state in shop_states(connection, names)},
            figures=figures,
            hosts={state.host: state for state in host_states(connection, hosts)},
            parked=parked_products(connection, names),
            total=figures[""],
        )


def _facts(info: Mapping[str, object]) -> RedisFacts:
    def count(name: str) -> int:
        value = info.get(name, 0)
        return int(value) if isinstance(value, int | float | str) else 0

    spaces = [value for name, value in info.items() if name.startswith("db") and isinstance(value, dict)]
    return RedisFacts(
        version=f"{info.get('server_name', 'redis')} {info.get('valkey_version') or info.get('redis_version', '')}",
        since_seconds=count("uptime_in_seconds"),
        memory=count("used_memory"),
        most_memory=count("maxmemory"),
        clients=count("connected_clients"),
        commands_a_second=count("instantaneous_ops_per_sec"),
        keys=sum(int(space.get("keys", 0)) for space in spaces),
        persistent=bool(count("aof_enabled")),
    )
