"""A catalogue imported into a fresh two-shard cluster, beside PostgreSQL's COPY of the same files, in one run.

Says the wall time of both, their ratio, the processor time that each took in all its processes (which other load on the
machine changes little), and the most memory that all processes of the import had together; then holds a sample of the
products against a plain join of the files. PostgreSQL 15 is Debian's (`apt-get install postgresql`), with
its default settings: COPY of product, features, styles, photos and skus, then the four foreign-key indexes. Only root
can start it, as user postgres.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from click import echo
from pymongo import MongoClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from plain_join import plain_join

from listino.catalogue.dataset import make_dataset
from listino.local.engines import running_redis
from listino.local.throw_away_cluster import Cluster, running_cluster

POSTGRES = Path("/usr/lib/postgresql/15/bin")
TABLES = {
    "product": "id integer{key}, name text, slogan text, description text, category text, default_price numeric",
    "features": "id integer{key}, product_id integer{product}, feature text, value text",
    "styles": "id integer{key}, productId integer{product}, name text, sale_price numeric, original_price numeric, default_style boolean",
    "photos": "id integer{key}, styleId integer{style}, url text, thumbnail_url text",
    "skus": "id integer{key}, styleId integer{style}, size text, quantity integer",
}
# What PostgreSQL holds the rows to. The import refuses a second row of an id and a row whose parent does not exist.
KEYS = {
    "nothing checked": {"key": "", "product": "", "style": ""},
    "ids unique": {"key": " PRIMARY KEY", "product": "", "style": ""},
    "parents too": {
        "key": " PRIMARY KEY",
        "product": " REFERENCES product (id)",
        "style": " REFERENCES styles (id)",
    },
}
INDEXES = ("features (product_id)", "styles (productId)", "photos (styleId)", "skus (styleId)")
SAMPLE = 200
WATCH_EVERY = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds by the clock, and of the processors; the most megabytes where they were watched."""

    wall: float
    cpu: float
    megabytes: float = 0.0


@contextmanager
def running_postgres(folder: Path) -> Iterator[Path]:
    """A PostgreSQL of its own with its default settings, whose socket is in the folder."""
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")
    _as_postgres("initdb", "-D", str(folder / "data"), "-A", "trust", "-E", "UTF8", "--no-locale")
    options = f"-c listen_addresses='' -k {folder}"
    _as_postgres("pg_ctl", "-D", str(folder / "data"), "-l", str(folder / "log"), "-o", options, "-w", "start")
    try:
        yield folder
    finally:
        _as_postgres("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")


def _as_postgres(program: str, *arguments: str) -> None:
    subprocess.run(
        ["runuser", "-u", "postgres", "--", str(POSTGRES / program), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )


def copy(server: Path, goods: Path, keys: dict[str, str]) -> Run:
    """What PostgreSQL takes for the files, checking what the keys say."""
    tables = [f"CREATE TABLE {name} ({columns.format(**keys)})" for name, columns in TABLES.items()]
    _psql(
        server, "SET client_min_messages = error", *(f"DROP TABLE IF EXISTS {name} CASCADE" for name in TABLES), *tables
    )
    began, before = time.monotonic(), _spent_by_postgres(server)
    _psql(
        server,
        *(f"COPY {name} FROM '{goods / name}.csv' WITH (FORMAT csv, HEADER, NULL 'null')" for name in TABLES),
        *(f"CREATE INDEX ON {index}" for index in INDEXES),
    )
    return Run(time.monotonic() - began, _spent_by_postgres(server) - before)


def _psql(server: Path, *statements: str) -> None:
    chosen = [argument for statement in statements for argument in ("-c", statement)]
    _as_postgres("psql", "-h", str(server), "-q", "-v", "ON_ERROR_STOP=1", *chosen, "postgres")


def _spent_by_postgres(server: Path) -> float:
    """Processor time of the server's processes, those that have ended too."""
    postmaster = psutil.Process(int((server / "data" / "postmaster.pid").read_text().split()[0]))
    return sum(postmaster.cpu_times()[:4]) + _spent_by(*postmaster.children())


def _spent_by(*processes: psutil.Process) -> float:
    """Processor time of those that have not ended meanwhile, as PostgreSQL's helpers do."""
    spent = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            spent += sum(process.cpu_times()[:2])
    return spent


def import_goods(goods: Path, state: Path, cluster: Cluster, redis: str) -> Run:
    """What `listino import` takes."""
    engines = {"LISTINO_MONGO_URI": cluster.uri, "LISTINO_REDIS_URL": redis}
    environment = {**os.environ, **engines, "LISTINO_STATE_DIR": str(state)}
    command = [sys.executable, "-m", "listino", "import", str(goods), "--json", "--rejects", str(state / "rejects.csv")]
    state.mkdir()
    addresses = [address for members in (cluster.config, *cluster.shards) for address in members.addresses]
    servers = [psutil.Process(cluster.pid(address)) for address in (*addresses, *cluster.routers)]
    # PostgreSQL's tables are made before the clock runs, too.
    made = [sys.executable, "-m", "listino", "cluster", "init"]
    subprocess.run(made, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    began, before = time.monotonic(), _spent_by(*servers)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    watched = Watched()
    watcher = threading.Thread(target=watched.follow, args=(process.pid,), daemon=True)
    watcher.start()
    said, _ = process.communicate()
    seconds = time.monotonic() - began
    watcher.join()
    assert process.returncode == 0
    assert json.loads(said)["rejected"] == {}
    return Run(seconds, _spent_by(*servers) - before + watched.cpu, watched.megabytes)


class Watched:
    """What a process and its children take, down to the last ones: those who end are told to nobody but their parents.

    `megabytes`: the most that they had at once, what they share counted for each. `cpu`: processor seconds, but for what
    a process did in the last WATCH_EVERY of its life.
    """

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._spent: dict[int, float] = {}

    @property
    def cpu(self) -> float:
        return sum(self._spent.values())

    def follow(self, pid: int) -> None:
        """Returns when the process has ended."""
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
                used = 0
                for process in (parent, *parent.children(recursive=True)):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        used += process.memory_info().rss
                        self._spent[process.pid] = _spent_by(process)
                self.megabytes = max(self.megabytes, used / 1e6)
                time.sleep(WATCH_EVERY)


def check(goods: Path, products: int, uri: str) -> None:
    """Holds a sample of the stored products against the files; raises AssertionError."""
    numbers = random.Random(1).sample(range(1, products + 1), min(SAMPLE, products))
    expected = plain_join(goods, set(numbers))
    with MongoClient(uri) as client:
        collection = client["listino"]["products"]
        assert collection.count_documents({}) == products
        fields = {name: 1 for document in expected.values() for name in document}
        stored = {document["_id"]: document for document in collection.find({"_id": {"$in": numbers}}, fields)}
    assert stored == expected


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python tests/load/import.py --products 100000 1000000 --no-postgres",
    )
    parser.add_argument("--products", type=int, nargs="+", default=[100_000], help="catalogues (default: 100000)")
    parser.add_argument("--no-postgres", action="store_true", help="the import alone")
    given = parser.parse_args()

    echo(f"{'products':>9} {'':28} {'wall s':>7} {'CPU s':>7} {'MB':>5} {'ours / its wall':>16} {'ours / its CPU':>15}")
    for products in given.products:
        with ExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(prefix="listino-load-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(temporary))
            folder.chmod(0o755)
            goods = folder / "goods"
            make_dataset(goods, products, 1, told=lambda *_: None)
            others = {}
            if not given.no_postgres:
                with running_postgres(folder / "postgres") as server:
                    others = {f"PostgreSQL, {kind}": copy(server, goods, keys) for kind, keys in KEYS.items()}
            (folder / "cluster").mkdir()
            cluster = stack.enter_context(running_cluster(folder / "cluster"))
            (folder / "redis").mkdir()
            redis = stack.enter_context(running_redis(folder / "redis"))
            ours = import_goods(goods, folder / "state", cluster, redis)
            echo(f"{products:>9} {'listino import':28} {ours.wall:>7.1f} {ours.cpu:>7.1f} {ours.megabytes:>5.0f}")
            for name, run in others.items():
                ratios = f"{ours.wall / run.wall:>16.2f} {ours.cpu / run.cpu:>15.2f}"
                echo(f"{products:>9} {name:28} {run.wall:>7.1f} {run.cpu:>7.1f} {'':5} {ratios}")
            check(goods, products, cluster.uri)


if __name__ == "__main__":
    main()
