"""A third shard joins a running cluster: it gets its share while people read, and nothing is missing or there twice."""

import threading
import time
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from shopkeeper import wait_until

from listino.local.throw_away_cluster import Cluster, running_cluster
from listino.settings import Settings
from listino.store.client import Store, client_options
from listino.store.cluster import Share
from listino.store.guard import Unguarded

PRODUCTS = 12_000
TEXT = "a description as long as shops write them. " * 35


@pytest.mark.timeout(240)
def test_a_third_shard_gets_its_share_while_everything_is_read(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        settings = Settings(_env_file=None, env="test", mongo_uri=cluster.uri)
        ids = {f"it:bottega:{number}" for number in range(PRODUCTS)}
        with Store(settings, Unguarded()) as store, MongoClient(cluster.uri, **client_options(settings)) as client:
            store.prepare()
            products = client[settings.mongo_database]["products"]
            products.insert_many([{"_id": _id, "name": "Moka", "description": TEXT} for _id in ids], ordered=False)
            wrong: list[str] = []
            done = threading.Event()
            reads = 0

            def read() -> None:
                nonlocal reads
                while not done.is_set() and not wrong:
                    try:
                        seen = [document["_id"] for document in products.find({}, {"_id": 1}, batch_size=2000)]
                        if len(seen) != PRODUCTS or set(seen) != ids:
                            wrong.append(f"{len(seen)} products, {len(set(seen))} different ones")
                        if (counted := products.count_documents({})) != PRODUCTS:
                            wrong.append(f"{counted} counted")
                    except PyMongoError as error:
                        wrong.append(repr(error))
                    reads += 1

            reader = threading.Thread(target=read)
            reader.start()
            began = time.monotonic()
            try:
                added = cluster.add_shard()
                wait_until(lambda: _share(store, added.name) > 0.2, "the new shard has its share", 120)
            finally:
                done.set()
                reader.join()
            seconds = time.monotonic() - began
            figures = (
                f"{_share(store, added.name):.1%} on the new shard after {seconds:.0f} s, {reads} reads of everything"
            )
            print(f"\n{figures} meanwhile")  # noqa: T201 - what one runs it for
            assert wrong == []
            assert reads > 5
            assert store.cluster_status().problems == (), "the new shard has every index"
            wait_until(lambda: sorted(_held(cluster, settings)) == sorted(ids), "what was moved is removed", 30)


def _share(store: Store, shard: str) -> float:
    """The part of the products that the shard holds."""
    shares: list[Share] = [share for share in store.cluster_status().shares if share.collection == "products"]
    return sum(share.documents for share in shares if share.shard == shard) / PRODUCTS


def _held(cluster: Cluster, settings: Settings) -> list[str]:
    """The ids on all shards, each asked by itself."""
    held: list[str] = []
    for shard in cluster.shards:
        with MongoClient(cluster.primary(shard), directConnection=True) as client:
            held += (document["_id"] for document in client[settings.mongo_database]["products"].find({}, {"_id": 1}))
    return held
