"""Shapes of the platform's parts, as programs are told of them."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field

from backoffice.api.shapes import Moment, Told
from backoffice.kept import Trouble
from listino.domain.politeness import Allowance
from listino.live.host_states import HostState

Value = TypeVar("Value")


class Seen(Told, Generic[Value]):
    """A part as it was last seen, null where it never was; `trouble` says why that is missing or old."""

    value: Value | None
    at: Moment | None
    trouble: Trouble | None


class Router(Told):
    """What applications connect to; null where it is silent."""

    address: str
    program: Annotated[str | None, Field(examples=["mongos 8.0.4"])]
    milliseconds: float | None


class Server(Told):
    """A server of a replica set. `lag`: how many seconds its newest write is older than its primary's."""

    replica_set: str
    address: str
    state: Annotated[str, Field(examples=["primary", "secondary", "unreachable"])]
    lag: float | None


class Share(Told):
    """What one shard holds of one collection; sizes in bytes."""

    collection: str
    shard: str
    chunks: int
    documents: int
    data_bytes: int
    index_bytes: int


class Disk(Told):
    """What the database takes of a shard's disk, and how full that is; in bytes, 0 where the server does not say."""

    shard: str
    stored_bytes: int
    used_bytes: int
    total_bytes: int


class Cluster(Told):
    """The sharded cluster; `problems` say what is wrong and what to do."""

    routers: list[Router]
    members: list[Server]
    balancer: str
    shares: list[Share]
    disks: list[Disk]
    problems: list[str]


class RedisServer(Told):
    """Redis, as it says of itself; sizes in bytes, `most_memory` 0 for as much as there is."""

    version: str
    since_seconds: int
    memory: int
    most_memory: int
    clients: int
    commands_a_second: int
    keys: int
    persistent: bool


class QueuedJob(Told):
    """A job that waits or has failed; `reason`: the last line of why."""

    id: str
    queue: str
    what: Annotated[str, Field(examples=["crawl it"])]
    at: Moment | None
    trigger: str | None
    reason: str | None


class Queue(Told):
    """A queue. `length`, `started` and `failures` count all; `waiting` and `failed` are twenty of each at most."""

    name: str
    length: int
    oldest: Annotated[Moment | None, Field(description="Since when the first of them waits.")]
    started: int
    failures: int
    waiting: list[QueuedJob]
    failed: list[QueuedJob]


class Worker(Told):
    """A worker, or the scheduler (no queue); `doing` is null where it listens."""

    name: str
    queues: list[str]
    host: str | None
    pid: int | None
    alive: bool
    heartbeat_at: Moment | None
    since: Moment | None
    doing: str | None
    failed: int
    succeeded: int


class Queues(Told):
    """Redis, the queues in it, and who works them off."""

    redis: RedisServer
    queues: list[Queue]
    workers: list[Worker]


class Leg(Told):
    """One leg of the way of refreshes; seconds, as bounds of the buckets that they are in."""

    count: int
    median: float | None
    late: Annotated[float | None, Field(description="95 of 100 were no slower.")]


class Refreshes(Told):
    """What became of live refreshes in the last minutes."""

    outcomes: Annotated[dict[str, int], Field(description="`fresh`, or the reason why not.", examples=[{"fresh": 12}])]
    fresh_share: Annotated[float | None, Field(description="From 0 to 1.")]
    legs: dict[str, Leg]
    last_fresh: Moment | None


class Host(Told):
    """What of a host's budget is in use: requests under way, of as many as are allowed; what its refusals have changed."""

    host: str
    crawling: int
    live: int
    allowed: int
    interval_ms: Annotated[int, Field(description="Between two requests, at least.")]
    slowed_ms: int
    paused_until: Moment | None
    refusals: Annotated[int, Field(description="In a row.")]

    @classmethod
    def of(cls, state: HostState, allowance: Allowance) -> "Host":
        return cls(
            host=state.host,
            crawling=state.crawling,
            live=state.live,
            allowed=allowance.concurrency,
            interval_ms=allowance.interval_ms,
            slowed_ms=state.slowed_ms,
            paused_until=state.paused_until,
            refusals=state.refusals,
        )


class Parked(Told):
    """A product that is not asked for any more, because workers died or failed over it."""

    product_id: str
    at: Moment
    why: str


class LivePrices(Told):
    """Live refreshes of all shops together; /api/v1/shops has each shop's."""

    total: Refreshes
    parked: list[Parked]


class Platform(Told):
    """Each part of the platform, looked at by itself."""

    cluster: Seen[Cluster]
    queues: Seen[Queues]
    live: Seen[LivePrices]
