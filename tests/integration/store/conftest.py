"""The shards of the cluster, past its routers."""

from collections.abc import Iterator

import pytest
from pymongo import MongoClient


@pytest.fixture(scope="session")
def shards(mongo_uri: str) -> Iterator[dict[str, MongoClient]]:
    """Every shard by itself, by name."""
    with MongoClient(mongo_uri) as router:
        hosts = {shard["_id"]: shard["host"] for shard in router.admin.command("listShards")["shards"]}
    clients: dict[str, MongoClient] = {
        name: MongoClient(host.partition("/")[2].split(",")[0], directConnection=True) for name, host in hosts.items()
    }
    yield clients
    for client in clients.values():
        client.close()
