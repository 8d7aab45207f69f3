"""The storefront as shoppers reach it, through nginx, while its parts die: what they see, and that no price is stale."""

import http.client
import itertools
import json
import os
import random
import signal
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil
import pytest
from ports import free_base
from redis import Redis
from servers import hung_redis
from shopkeeper import wait_until
from topology import full_topology

from listino.domain.money import Money
from listino.domain.pricing import Price
from listino.domain.product import Product
from listino.live.page_guard import PageGuard
from listino.local.platform import Platform
from listino.settings import Settings
from listino.store.client import Store
from listino.store.guard import Unguarded
from listino.store.members import PRIMARY

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]

PARTS = {"mongo", "redis", "api-1", "api-2", "nginx"}
PRODUCTS = 40
READERS = 8
WRITES = 1000
STALE_SECONDS = 1.0
# A read that meets a shard without a primary waits this long at most, before a secondary is asked or an error is told.
LONGEST_GAP_SECONDS = 3.0


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Two shards of three, two routers, Valkey, two API nodes behind nginx; `PRODUCTS` goods without a shop."""
    settings = Settings(  # type: ignore[call-arg]  # typed by pydantic
        _env_file=None,
        state_dir=tmp_path_factory.mktemp("storefront") / "state",
        port_base=free_base(),
        mongo_uri=None,
        redis_url=None,
    )
    with full_topology(settings, PARTS) as running:
        yield running


class PriceTags:
    """Writes prices that rise by a cent each time, and knows when each was acknowledged."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.acknowledged: dict[int, list[float]] = {number: [] for number in range(1, PRODUCTS + 1)}
        for number in self.acknowledged:
            self.write(number)

    def write(self, number: int) -> None:
        """The next price of the product."""
        cents = len(self.acknowledged[number])
        price = Price(Money(1000 + cents))
        self._store.products.upsert([Product(id=number, name="Moka", price=price, content_hash=f"{number} {cents}")])
        self.acknowledged[number].append(time.time())

    def late(self, seen: "Answer") -> float | None:
        """How long before the question the next price was acknowledged, if that was more than a second."""
        times = self.acknowledged[seen.number]
        after = seen.version + 1
        late = seen.asked_at - times[after] if after < len(times) else 0.0
        return late if late > STALE_SECONDS else None


@dataclass(frozen=True, slots=True)
class Answer:
    """Product `number` was shown with its price number `version` to who asked at `asked_at` (Unix time)."""

    number: int
    version: int
    asked_at: float


@dataclass(slots=True)
class Watched:
    """What all readers saw. Times are Unix times, of the end of each request."""

    answers: list[Answer] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)
    hits: int = 0

    def longest_gap(self, since: float, until: float) -> float:
        """Seconds for which nobody got an answer."""
        times = [since, *(at for at in sorted(self.answered_at) if since < at < until), until]
        return max(later - earlier for earlier, later in itertools.pairwise(times))


class Readers:
    """So many shoppers ask for pages and lists through nginx, as fast as they are answered, while the `with` block lasts."""

    def __init__(self, port: int) -> None:
        self.watched = Watched()
        self._port = port
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(READERS)

    def __enter__(self) -> Watched:
        self._running = [self._pool.submit(self._read, seed) for seed in range(READERS)]
        return self.watched

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._running:
            one.result()
        self._pool.shutdown()

    def _read(self, seed: int) -> None:
        chance = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._stop.is_set():
            number = chance.randint(1, PRODUCTS)
            path = f"/products/{number}" if chance.random() < 0.8 else f"/products?count={PRODUCTS}"
            asked_at = time.time()
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.watched.failures.append((time.time(), repr(error)))
                connection.close()
                continue
            if response.status != 200:
                self.watched.failures.append((time.time(), f"{path}: {response.status} {body[:200]!r}"))
                continue
            self.watched.answered_at.append(time.time())
            self.watched.hits += response.headers["X-Cache"] == "HIT"
            self.watched.answers.extend(shown(json.loads(body), asked_at))
        connection.close()


def shown(told: object, asked_at: float) -> list[Answer]:
    """What a page or a list says of prices."""
    if isinstance(told, list):
        return [Answer(card["id"], version(card["default_price"]), asked_at) for card in told]
    assert isinstance(told, Mapping)
    return [Answer(told["id"], version(told["default_price"]), asked_at)]


def version(price: str) -> int:
    return round(float(price) * 100) - 1000


@pytest.fixture(scope="module")
def tags(platform: Platform) -> Iterator[PriceTags]:
    with Store(platform.settings, PageGuard(platform.settings)) as store:
        yield PriceTags(store)


@pytest.fixture
def readers(platform: Platform, tags: PriceTags) -> Readers:
    wait_until(lambda: all(part.state == "running" for part in platform.status()), "all parts run", 60)
    return Readers(platform.settings.port("nginx"))


def assert_nothing_stale_or_lost(tags: PriceTags, watched: Watched, port: int) -> None:
    late = [round(late, 3) for answer in watched.answers if (late := tags.late(answer)) is not None]
    assert late == [], f"{len(late)} of {len(watched.answers)} prices were stale, by up to {max(late)} s"
    wanted = {number: len(times) - 1 for number, times in tags.acknowledged.items()}

    def last() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", f"/products?count={PRODUCTS}")
        found = {one.number: one.version for one in shown(json.loads(connection.getresponse().read()), 0)}
        connection.close()
        return found == wanted

    wait_until(last, "the last price of every product is shown", 2)


def test_a_thousand_prices_are_seen_within_a_second(platform: Platform, tags: PriceTags, readers: Readers) -> None:
    with readers as watched:
        for number in range(WRITES):
            tags.write(1 + number % PRODUCTS)
    assert_nothing_stale_or_lost(tags, watched, platform.settings.port("nginx"))
    assert watched.failures == []
    assert watched.hits > 100
    print(f"\n{WRITES} writes, {len(watched.answered_at)} answers, {watched.hits} of them from nginx")  # noqa: T201


def test_the_death_of_a_node_is_not_seen(platform: Platform, readers: Readers) -> None:
    with readers as watched:
        for name in ("api-1", "api-2"):
            wait_until(lambda: len(watched.answered_at) > 200, "shoppers are served")
            before = restarts(platform, name)
            kill_with_children(platform, name)
            wait_until(lambda was=before, node=name: restarts(platform, node) > was, f"{name} is restarted", 30)  # type: ignore[misc]  # mypy knows no defaults in lambdas
            wait_until(lambda node=name: ready(platform, node), f"{name} is ready", 30)  # type: ignore[misc]
            watched.answered_at.clear()
    print(f"\nfailed: {watched.failures}")  # noqa: T201
    assert len(watched.failures) <= READERS, "more failed than were in flight"


def test_without_redis_answers_are_correct(platform: Platform, tags: PriceTags, readers: Readers) -> None:
    port = platform.settings.port("nginx")
    with readers as watched:
        with hung_redis(platform.settings.redis_address):
            for number in range(PRODUCTS):
                tags.write(1 + number)
        for number in range(PRODUCTS):
            tags.write(1 + number)
        before = restarts(platform, "redis")
        kill_with_children(platform, "redis")
        for number in range(PRODUCTS):
            tags.write(1 + number)
        wait_until(lambda: restarts(platform, "redis") > before, "Redis is back", 30)
        for number in range(PRODUCTS):
            tags.write(1 + number)
    assert watched.failures == []
    assert_nothing_stale_or_lost(tags, watched, port)


def test_reads_go_on_while_both_shards_elect_a_primary(platform: Platform, tags: PriceTags, readers: Readers) -> None:
    primaries = [name for name, state in members(platform).items() if state == PRIMARY and name.startswith("shard")]
    assert len(primaries) == 2
    with readers as watched, Redis.from_url(platform.settings.redis_address) as redis:
        wait_until(lambda: len(watched.answered_at) > 200, "shoppers are served")
        began = time.time()
        for name in primaries:
            kill_with_children(platform, name)
        # Pages that are kept would hide it.
        wait_until(lambda: redis.flushall() and whole(platform), "both shards have a primary again", 60)
        ended = time.time()
    gap = watched.longest_gap(began, ended)
    errors = sum(began < at for at, _ in watched.failures)
    answered = len(watched.answered_at) - bisect_left(sorted(watched.answered_at), began)
    print(f"\nwhole again after {ended - began:.1f} s: {answered} answers, {errors} errors, none for {gap:.2f} s")  # noqa: T201
    assert gap < LONGEST_GAP_SECONDS
    assert {how.partition(": ")[2][:3] for _, how in watched.failures} <= {"503"}
    assert errors < answered / 100


def members(platform: Platform) -> dict[str, str]:
    """Each server of the replica sets and its state."""
    names = {part.port: part.name for part in platform.status()}
    with Store(platform.settings, Unguarded()) as store:
        found = store.cluster_status().members
    return {names[int(member.address.rpartition(":")[2])]: member.state for member in found}


def whole(platform: Platform) -> bool:
    with Store(platform.settings, Unguarded()) as store:
        return not store.cluster_status().problems


def restarts(platform: Platform, name: str) -> int:
    return next(part.restarts for part in platform.status() if part.name == name)


def ready(platform: Platform, name: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", platform.settings.port(name), timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def kill_with_children(platform: Platform, name: str) -> None:
    """SIGKILL to a part that this test started, and to its worker processes, all at once."""
    pid = next(part.pid for part in platform.status() if part.name == name)
    assert pid is not None
    process = psutil.Process(pid)
    for one in (process, *process.children(recursive=True)):
        os.kill(one.pid, signal.SIGKILL)
