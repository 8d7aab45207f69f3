import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

import psutil
import pytest
from pymongo import MongoClient, ReadPreference
from pymongo.errors import PyMongoError
from redis import Redis

from listino.domain.errors import LocalPlatformError
from listino.local import processes
from listino.local.binaries import Engine
from listino.local.engines import socket_url
from listino.local.platform import ENGINES, Platform
from listino.local.programs import Program, Stage
from listino.local.sharded_cluster import ShardedCluster
from listino.local.sockets import REDIS_SOCKET
from listino.local.supervision import Supervisor
from listino.settings import Settings

Eventually = Callable[..., None]


class BrokenTopology:
    """A server that says why it cannot start, and ends."""

    uri = "mongodb://127.0.0.1:1/"
    engines: tuple[Engine, ...] = ()

    def programs(self) -> tuple[Program, ...]:
        code = "import sys; print('the data is of another version'); sys.exit(14)"
        return (Program("broken", (sys.executable, "-c", code), Stage.ENGINE, probe=self.uri),)

    def prepare(self) -> None:
        pass

    def initiate(self, seconds: float) -> None:
        raise AssertionError("it never became ready")


@pytest.mark.timeout(300)
def test_the_full_topology_is_brought_up_outlasts_killed_members_and_keeps_its_size(
    settings: Settings, eventually: Eventually
) -> None:
    platform = Platform(settings, only={"mongo"}, members=3)
    platform.up()
    parts = platform.status()
    names = [part.name for part in parts]
    assert len(names) == 3 + 2 * 3 + 2
    assert [name for name in names if name.startswith("shard-2")] == ["shard-2-1", "shard-2-2", "shard-2-3"]
    pids = {part.name: part.pid for part in parts}
    with MongoClient(platform.addresses()["MongoDB"], w="majority") as client:
        shards = client.admin.command("listShards")["shards"]
        assert [shard["host"].count(",") for shard in shards] == [2, 2]
        client.admin.command("shardCollection", "shop.goods", key={"_id": "hashed"})
        for name in ("shard-1-1", "shard-2-3"):
            os.kill(pids[name], signal.SIGKILL)
        client.shop.goods.insert_many([{"_id": number} for number in range(200)], ordered=False)
        eventually(lambda: all(part.state == "running" for part in platform.status()))
        assert {part.name: part.restarts for part in platform.status() if part.restarts} == {
            "shard-1-1": 1,
            "shard-2-3": 1,
        }
    for shard in ("shard-1", "shard-2"):
        members = [f"{shard}-{number}" for number in (1, 2, 3)]
        eventually(
            lambda members=members: (
                len(found := {held(settings, platform, name) for name in members}) == 1 and min(found) > 50
            )
        )
    platform.down()

    with pytest.raises(LocalPlatformError, match=r"--members 1: the cluster in .* was made with 3"):
        Platform(settings, only={"mongo"}, members=1).up()
    assert len(ShardedCluster.of(settings, platform.folder.mongo).programs()) == len(names)


def held(settings: Settings, platform: Platform, member: str) -> int:
    """How many goods a member has by itself; -1 while it does not answer."""
    port = next(part.port for part in platform.status() if part.name == member)
    address = f"mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=500"
    with MongoClient(address, read_preference=ReadPreference.SECONDARY_PREFERRED) as client:
        try:
            return client.shop.goods.count_documents({})
        except PyMongoError:
            return -1


def test_a_killed_part_is_restarted_counted_and_reported(settings: Settings, eventually: Eventually) -> None:
    platform = Platform(settings, only={"redis"})
    platform.up()
    reports: list[str] = []
    stop = threading.Event()
    # A connection to the supervisor belongs to one thread.
    watcher = threading.Thread(target=Platform(settings).watch, args=(reports.append, stop))
    watcher.start()
    (before,) = platform.status()
    assert before.pid is not None

    os.kill(before.pid, signal.SIGKILL)

    eventually(lambda: platform.status()[0].restarts == 1)
    eventually(lambda: platform.status()[0].state == "running")
    eventually(lambda: reports == ["part redis ended (SIGKILL), restarted"])
    assert platform.status()[0].pid != before.pid
    with Redis.from_url(settings.redis_address) as client:
        eventually(lambda: client.ping() is True)
    local = platform.folder.socket(REDIS_SOCKET)
    assert local is not None
    assert platform.folder.sockets.stat().st_mode & 0o777 == 0o700
    with Redis.from_url(socket_url(local)) as client:  # what the killed one left there was replaced
        assert client.ping() is True
    stop.set()
    watcher.join(5)
    assert not watcher.is_alive()
    platform.down()


def test_a_part_that_a_signal_stopped_is_told_as_frozen(settings: Settings) -> None:
    platform = Platform(settings, only={"redis"})
    platform.up()
    (part,) = platform.status()
    assert part.pid is not None
    os.kill(part.pid, signal.SIGSTOP)
    try:
        assert [part.state for part in platform.status()] == ["frozen"]
    finally:
        os.kill(part.pid, signal.SIGCONT)
    assert [part.state for part in platform.status()] == ["running"]
    platform.down()


def test_down_clears_up_after_a_killed_supervisor(settings: Settings) -> None:
    platform = Platform(settings, only={"redis", "nginx"})
    platform.up()
    pids = {part.name: part.pid for part in platform.status()}
    supervisor = Supervisor(platform.folder).pid()
    os.kill(supervisor, signal.SIGKILL)
    assert processes.wait_until_gone(supervisor, 5)

    for refused in (platform.status, platform.up):
        with pytest.raises(LocalPlatformError, match="listino down"):
            refused()

    assert platform.down()
    assert [name for name, pid in pids.items() if pid is not None and psutil.pid_exists(pid)] == []
    assert processes.of_instance(platform.folder) == []
    assert platform.status() == []


def test_a_part_that_cannot_start_takes_everything_down_and_shows_its_log(settings: Settings) -> None:
    platform = Platform(settings, only=ENGINES, topology=BrokenTopology())

    with pytest.raises(LocalPlatformError) as caught:
        platform.up()

    message = str(caught.value)
    assert "broken ended as soon as it was started" in message
    assert "\n  the data is of another version" in message
    assert str(platform.folder.logs / "broken.log") in message
    assert processes.of_instance(platform.folder) == []
    assert platform.status() == []


def test_a_taken_port_starts_nothing(settings: Settings) -> None:
    platform = Platform(settings, only=ENGINES)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port("redis")))
        holder.listen()
        with pytest.raises(LocalPlatformError, match=rf"port {settings.port('redis')} for redis is taken by"):
            platform.up()
    assert not platform.folder.root.exists()
    assert processes.of_instance(platform.folder) == []


def test_a_given_redis_that_is_away_is_told_without_its_password(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listino.local.platform.ENGINES_READY_SECONDS", 0.2)
    given = settings.model_copy(update={"redis_url": "redis://:hidden@127.0.0.1:9/0"})
    platform = Platform(given, only={"redis"})
    with pytest.raises(LocalPlatformError, match="LISTINO_REDIS_URL") as caught:
        platform.up()
    assert "hidden" not in str(caught.value)
    assert processes.of_instance(platform.folder) == []


def test_two_starts_at_a_time_do_not_mix(settings: Settings) -> None:
    first, second = Platform(settings, only={"redis"}), Platform(settings, only={"redis"})
    refused: list[str] = []

    def start_too(part: str, what: str) -> None:
        try:
            second.up()
        except LocalPlatformError as error:
            refused.append(str(error))

    first.up(start_too)
    first.down()
    assert len(refused) == 1
    assert "another `listino up`" in refused[0]


def test_a_cut_off_record_does_not_keep_the_platform_from_stopping(settings: Settings) -> None:
    platform = Platform(settings, only={"redis"})
    platform.up()
    platform.folder.parts.write_text(json.dumps({"parts": [{"name": "redis"}]})[:-3])
    assert [part.name for part in platform.status()] == ["redis"]
    assert platform.down()
    assert processes.of_instance(platform.folder) == []


def test_a_program_that_is_not_there_is_named(settings: Settings) -> None:
    topology = BrokenTopology()
    (program,) = topology.programs()
    topology.programs = lambda: (replace(program, argv=("/no/such/server",)),)  # type: ignore[method-assign]
    with pytest.raises(LocalPlatformError, match="broken cannot be started"):
        Platform(settings, only={"mongo"}, topology=topology).up()
