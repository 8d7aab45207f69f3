"""Requests a second at two API workers, beside Starlette's constant answer on the same machine in the same run.

wrk, the workers, Valkey and MongoDB share this machine's cores, so the numbers are worth something next to each other and
nothing alone. On a machine with other work to do, the processor time of the workers for a request says more than the rate.
Warm: every page was asked for once before; cold: Redis was emptied just before. There is no nginx.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from catalogue import fill
from click import echo
from generators import CONNECTIONS, GeneratorFailed, Seen, wrk
from redis import Redis

from listino.local.engines import HOST, free_port, running_redis
from listino.local.readiness import refusal
from listino.local.throw_away_cluster import running_cluster, running_replica_set
from listino.settings import Settings

HERE = Path(__file__).parent
WORKERS = 2  # each a node of its own
CONSTANT_WORKER = "uvicorn_worker.UvicornWorker"
STARTING_SECONDS = 60
WARMING_SECONDS = 600
MOST_MIB = 150  # of a worker, with any number of products
# The least share of the constant answer.
TARGETS = {
    "cold styles, one mongod": 0.12,
    "cold styles, routers": 0.06,
    "warm detail": 0.35,
    "warm styles": 0.35,
    "warm related": 0.35,
    "warm list": 0.35,
}
MISSED = "missed: "  # how a line begins that names a target


@dataclass(frozen=True, slots=True)
class Nodes:
    """The API or what it is compared with, on as many nodes of one worker each: where they answer, and the process ids of
    their gunicorns. One node's workers would share one socket, and whoever wakes first would take most connections."""

    urls: tuple[str, ...]
    pids: tuple[int, ...]

    def processor_seconds(self) -> float:
        """What the workers have used."""
        return sum(sum(worker.cpu_times()[:2]) for worker in self._workers())

    def largest_worker(self) -> float:
        """Resident MiB of the worker that has most."""
        return max(worker.memory_info().rss for worker in self._workers()) / 2**20

    def _workers(self) -> Iterator[psutil.Process]:
        for pid in self.pids:
            yield from psutil.Process(pid).children()


@contextmanager
def served(app: str, settings: Settings, folder: Path, *, worker: str = "api.worker.Worker") -> Iterator[Nodes]:
    """The application on gunicorn's workers."""
    environment = {**os.environ, **settings.environment(), "PYTHONPATH": str(HERE)}
    with ExitStack() as stack:
        nodes = []
        for _ in range(WORKERS):
            port = free_port()
            options = ("-k", worker, "-w", "1", "-b", f"{HOST}:{port}", "--no-control-socket")
            log = stack.enter_context((folder / f"{port}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", app, *options], stdout=log, stderr=log, env=environment
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            nodes.append((f"http://{HOST}:{port}", process))
        for url, process in nodes:
            _until_answering(url, process)
        yield Nodes(tuple(url for url, _ in nodes), tuple(process.pid for _, process in nodes))


def _until_answering(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while (reason := refusal(f"{url}/healthz")) is not None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the application did not start: {reason}")
        time.sleep(0.05)


class Comparison:
    """Measurements of the API, each beside the constant answer just before it."""

    def __init__(self, constant: Nodes, seconds: float) -> None:
        self._constant = constant
        self._seconds = seconds
        self.missed: list[str] = []
        echo(
            f"{'':26} {'requests/s':>10} {'of constant':>11} {'99 % in ms':>10} {'errors':>6} {'CPU µs':>9} {'constant':>9}"
        )

    def show(self, title: str, nodes: Nodes, endpoint: str, products: int) -> None:
        """Measures and prints one line."""
        constant, constant_cpu = self._measured(self._constant, "constant", 1, self._seconds / 2)
        measured, cpu = self._measured(nodes, endpoint, products, self._seconds)
        ratio = measured.rate / constant.rate
        echo(
            f"{title:26} {measured.rate:>10.0f} {ratio:>11.2f} {measured.p99:>10.1f} {measured.errors:>6.2%} "
            f"{cpu:>9.0f} {constant_cpu:>9.0f}"
        )
        if ratio < TARGETS[title]:
            self.missed.append(f"{title} {ratio:.3f} of the constant answer, {TARGETS[title]} are wanted")
        if measured.errors:
            self.missed.append(f"{title} {measured.errors:.2%} errors, none are wanted")

    def _measured(self, nodes: Nodes, endpoint: str, products: int, seconds: float) -> tuple[Seen, float]:
        """What wrk saw, and the workers' processor time for a request in µs."""
        before = nodes.processor_seconds()
        path = "/healthz" if endpoint == "constant" else ""
        seen = wrk([url + path for url in nodes.urls], endpoint, products, 0, seconds)
        return seen, 1e6 * (nodes.processor_seconds() - before) / max(seen.requests, 1)


def warm_up(urls: Sequence[str], products: int, endpoint: str = "detail") -> None:
    """Asks for every address of the endpoint once, and for lists, which nodes hold themselves, at each of two nodes.

    Raises GeneratorFailed when that takes longer than WARMING_SECONDS.
    """
    addresses = -(-products // 5) if endpoint == "list" else products
    deadline = time.monotonic() + WARMING_SECONDS
    for nodes in (urls, urls[::-1]) if endpoint == "list" else (urls,):
        asked = 0
        while asked < addresses:
            if time.monotonic() > deadline:
                raise GeneratorFailed(f"only {asked} of {addresses} addresses were warm after {WARMING_SECONDS} s")
            asked += wrk(nodes, endpoint, products, 0, 5, first=asked).least - CONNECTIONS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/storefront.py --products 100000 --seconds 10",
    )
    parser.add_argument("--products", type=int, default=100_000, help="in the catalogue (default: 100000)")
    parser.add_argument("--seconds", type=float, default=8, help="length of each measurement (default: 8)")
    parser.add_argument("--cold-only", action="store_true", help="leave out what needs every page to be warm")
    given = parser.parse_args()

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="listino-load-")))
        redis_url = stack.enter_context(running_redis(folder))
        cluster = stack.enter_context(running_cluster(folder))
        alone = stack.enter_context(running_replica_set(folder / "alone"))
        common = {
            "env": "test",
            "redis_url": redis_url,
            "state_dir": folder,
            "secret_key": "of no worth, for tests only, as one sees",
        }
        settings = Settings(_env_file=None, mongo_uri=cluster.uri, **common)  # type: ignore[arg-type, call-arg]  # typed by pydantic
        single = settings.model_copy(update={"mongo_uri": alone})
        for one in (settings, single):
            fill(one, given.products)
        echo(
            f"{given.products} products, {WORKERS} workers, {CONNECTIONS} connections; {psutil.cpu_count()} cores",
            err=True,
        )
        constant = stack.enter_context(served("constant:create_app()", settings, folder, worker=CONSTANT_WORKER))
        comparison = Comparison(constant, given.seconds)
        with served("api.app:create_app()", single, folder) as alone_at:
            _cold(comparison, "cold styles, one mongod", alone_at, redis_url, given.products)
        with served("api.app:create_app()", settings, folder) as here:
            _cold(comparison, "cold styles, routers", here, redis_url, given.products)
            if not given.cold_only:
                warm_up(here.urls, given.products)
                for endpoint in ("detail", "styles", "related"):
                    comparison.show(f"warm {endpoint}", here, endpoint, given.products)
                warm_up(here.urls, given.products, "list")
                comparison.show("warm list", here, "list", given.products)
            largest = here.largest_worker()
            echo(f"largest worker: {largest:.0f} MiB")
        if largest > MOST_MIB:
            comparison.missed.append(f"a worker has {largest:.0f} MiB, at most {MOST_MIB} are wanted")
        for line in comparison.missed:
            echo(f"{MISSED}{line}")
    if comparison.missed:
        sys.exit(1)


def _cold(comparison: Comparison, title: str, nodes: Nodes, redis_url: str, products: int) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    comparison.show(title, nodes, "styles", products)


if __name__ == "__main__":
    try:
        main()
    except GeneratorFailed as error:
        sys.exit(f"error: {error}")
