"""A small cluster for the whole run, seen through its routers and, for the truth, past them."""

import contextlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from listino.local.throw_away_cluster import Cluster, running_cluster
from listino.settings import Settings
from listino.store.client import client_options

Truth = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two shards of one member each, one config server, two routers."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def options() -> dict[str, Any]:
    """What our own clients are made with."""
    return client_options(Settings(_env_file=None, env="test", secret_key="a secret of no worth, for tests only"))


@pytest.fixture(scope="session")
def client(cluster: Cluster, options: dict[str, Any]) -> Iterator[MongoClient]:
    with MongoClient(cluster.uri, **options) as connected:
        yield connected


@pytest.fixture(scope="session")
def shard_clients(cluster: Cluster) -> Iterator[dict[str, MongoClient]]:
    """Every shard by itself, past the routers."""
    clients: dict[str, MongoClient] = {
        shard.name: MongoClient(shard.addresses[0], directConnection=True) for shard in cluster.shards
    }
    yield clients
    for connected in clients.values():
        connected.close()


@contextlib.contextmanager
def database_of_its_own(client: MongoClient) -> Iterator[Database]:
    """With `goods` sharded by hashed _id, and `plain` not sharded."""
    made = client[f"test_{uuid.uuid4().hex[:10]}"]
    client.admin.command("shardCollection", f"{made.name}.goods", key={"_id": "hashed"})
    made.create_collection("plain")
    yield made
    client.drop_database(made.name)


def held_by(shards: Iterable[MongoClient], database: Database, collection: str) -> list[dict[str, Any]]:
    """All documents of a collection as the shards hold them, sorted by _id; each must lie on one shard only."""
    found = [document for shard in shards for document in shard[database.name][collection].find({})]
    ids = [document["_id"] for document in found]
    assert len(ids) == len(set(ids)), "a document lies on two shards"
    return sorted(found, key=lambda document: document["_id"])


def stock(database: Database, shards: Iterable[MongoClient]) -> list[dict[str, Any]]:
    """Puts 200 documents into `goods` and 20 into `plain`; gives those of `goods`, as the shards hold them."""
    documents = [
        {
            "_id": number,
            "text": f"t{number % 7}",
            "rank": number % 10,
            "tags": [number % 3, None],
            "n": {"m": number % 4},
            **({"maybe": (None, [], 3, [4, [5]])[number % 4]} if number < 100 else {}),
        }
        for number in range(200)
    ]
    database["goods"].insert_many(documents, ordered=False)
    database["plain"].insert_many([{"_id": number, "rank": number % 10} for number in range(20)])
    held = held_by(shards, database, "goods")
    assert held == documents
    return held


@pytest.fixture
def database(client: MongoClient) -> Iterator[Database]:
    """A database of the test's own, empty."""
    with database_of_its_own(client) as made:
        yield made


@pytest.fixture
def truth(database: Database, shard_clients: dict[str, MongoClient]) -> Truth:
    """What the shards hold of a collection."""
    return lambda collection: held_by(shard_clients.values(), database, collection)


@pytest.fixture
def goods(database: Database, shard_clients: dict[str, MongoClient]) -> list[dict[str, Any]]:
    """The test's database is stocked; these are its goods."""
    return stock(database, shard_clients.values())


@pytest.fixture(scope="session")
def library(
    client: MongoClient, shard_clients: dict[str, MongoClient]
) -> Iterator[tuple[Database, list[dict[str, Any]]]]:
    """A stocked database for tests that only read, and its goods."""
    with database_of_its_own(client) as made:
        yield made, stock(made, shard_clients.values())
