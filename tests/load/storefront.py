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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from catalogue import fill
from click import echo
from generators import CONNECTIONS, GeneratorFailed, wrk
from redis import Redis

from listino.local.engines import HOST, free_port, running_redis
from listino.local.readiness import refusal
from listino.local.throw_away_cluster import running_cluster, running_replica_set
from listino.settings import Settings

HERE = Path(__file__).parent
WORKERS = 2
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


@contextmanager
def served(
    app: str, settings: Settings, folder: Path, *, worker: str = "api.worker.Worker"
) -> Iterator[tuple[str, int]]:
    """The application on gunicorn's workers: its address, and the process id of gunicorn."""
    port = free_port()
    options = ("-k", worker, "-w", str(WORKERS), "-b", f"{HOST}:{port}", "--no-control-socket")
    environment = {**os.environ, **settings.environment(), "PYTHONPATH": str(HERE)}
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", app, *options], stdout=log, stderr=log, env=environment
        )
        try:
            _until_answering(f"http://{HOST}:{port}", process)
            yield f"http://{HOST}:{port}", process.pid
        finally:
            process.terminate()
            process.wait()


def _until_answering(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while (reason := refusal(f"{url}/healthz")) is not None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the application did not start: {reason}")
        time.sleep(0.05)


def worker_seconds(pid: int) -> float:
    """The processor time that gunicorn's workers have used."""
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process(pid).children())


def largest_worker(pid: int) -> float:
    """Resident MiB of the worker that has most."""
    return max(child.memory_info().rss for child in psutil.Process(pid).children()) / 2**20


class Comparison:
    """Measurements of the API, each beside the constant answer just before it."""

    def __init__(self, constant: tuple[str, int], seconds: float) -> None:
        self._constant, self._constant_pid = constant
        self._seconds = seconds
        self.missed: list[str] = []
        echo(
            f"{'':26} {'requests/s':>10} {'of constant':>11} {'99 % in ms':>10} {'errors':>6} {'CPU µs':>9} {'constant':>9}"
        )

    def show(self, title: str, served_at: tuple[str, int], endpoint: str, products: int) -> None:
        """Measures and prints one line."""
        url, pid = served_at
        before = worker_seconds(self._constant_pid)
        constant = wrk(f"{self._constant}/healthz", "constant", 1, 0, self._seconds / 2)
        constant_cpu = 1e6 * (worker_seconds(self._constant_pid) - before) / max(constant.requests, 1)
        before = worker_seconds(pid)
        measured = wrk(url, endpoint, products, 0, self._seconds)
        cpu = 1e6 * (worker_seconds(pid) - before) / max(measured.requests, 1)
        ratio = measured.rate / constant.rate
        echo(
            f"{title:26} {measured.rate:>10.0f} {ratio:>11.2f} {measured.p99:>10.1f} {measured.errors:>6.2%} "
            f"{cpu:>9.0f} {constant_cpu:>9.0f}"
        )
        if ratio < TARGETS[title]:
            self.missed.append(f"{title} {ratio:.3f} of the constant answer, {TARGETS[title]} are wanted")
        if measured.errors:
            self.missed.append(f"{title} {measured.errors:.2%} errors, none are wanted")


def warm_up(url: str, products: int, endpoint: str = "detail") -> None:
    """Asks for every address of the endpoint once; raises GeneratorFailed when that takes longer than WARMING_SECONDS."""
    addresses = -(-products // 5) if endpoint == "list" else products
    deadline, asked = time.monotonic() + WARMING_SECONDS, 0
    while asked < addresses:
        if time.monotonic() > deadline:
            raise GeneratorFailed(f"only {asked} of {addresses} addresses were warm after {WARMING_SECONDS} s")
        asked += wrk(url, endpoint, products, 0, 5, first=asked).requests


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
            url, pid = here
            _cold(comparison, "cold styles, routers", here, redis_url, given.products)
            if not given.cold_only:
                warm_up(url, given.products)
                for endpoint in ("detail", "styles", "related"):
                    comparison.show(f"warm {endpoint}", here, endpoint, given.products)
                warm_up(url, given.products, "list")
                comparison.show("warm list", here, "list", given.products)
            largest = largest_worker(pid)
            echo(f"largest worker: {largest:.0f} MiB")
        if largest > MOST_MIB:
            comparison.missed.append(f"a worker has {largest:.0f} MiB, at most {MOST_MIB} are wanted")
        for line in comparison.missed:
            echo(f"{MISSED}{line}")
    if comparison.missed:
        sys.exit(1)


def _cold(comparison: Comparison, title: str, served_at: tuple[str, int], redis_url: str, products: int) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    comparison.show(title, served_at, "styles", products)


if __name__ == "__main__":
    try:
        main()
    except GeneratorFailed as error:
        sys.exit(f"error: {error}")
