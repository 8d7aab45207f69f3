"""Throw-away sharded clusters with our routers, for tests, measurements, and trying things out."""

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from pymongo import MongoClient

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.engines import HOST, THROW_AWAY_START_SECONDS, free_port
from listino.local.readiness import refusal
from listino.local.sharding import (
    CONFIG,
    PAUSE_SECONDS,
    SHARD,
    MemberSet,
    add_shards,
    initiate,
    member_argv,
    router_argv,
    until,
)
from listino.local.sockets import member_sockets

# How far, in seconds, a member may be behind and still be said to follow.
FOLLOWING_SECONDS = 1


class Cluster:
    """A running throw-away cluster. Its servers are named by their addresses, its routers by their position."""

    def __init__(self, folder: Path, members: int, routers: int) -> None:
        self.config = MemberSet("configRS", CONFIG, _free_ports(members))
        self.shards: list[MemberSet] = []
        self.routers = tuple(f"{HOST}:{port}" for port in _free_ports(routers))
        self._folder = folder
        self._sockets = member_sockets(folder)
        self._members = members
        self._binary = binaries.find(binaries.MONGOD)
        self._commands: dict[str, tuple[str, ...]] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._data: list[Path] = []

    @property
    def uri(self) -> str:
        """Where applications connect to: all routers."""
        return f"mongodb://{','.join(self.routers)}/"

    def start(self, shards: int) -> None:
        """Returns when the routers answer; raises LocalPlatformError when they do not in time."""
        self.shards = [self._new_shard(number) for number in range(shards)]
        for members in (self.config, *self.shards):
            self._start_members(members)
        for address in self.routers:
            self._start(address, router_argv(int(address.rpartition(":")[2]), self.config, sockets=self._sockets))
        initiate((self.config, *self.shards), THROW_AWAY_START_SECONDS)
        add_shards(self.config, self.shards, THROW_AWAY_START_SECONDS)
        for address in self.routers:
            self._await_answer(address)

    def add_shard(self) -> MemberSet:
        """One shard more, empty until the balancer moves chunks to it."""
        added = self.start_shard()
        add_shards(self.config, (added,), THROW_AWAY_START_SECONDS)
        return added

    def start_shard(self) -> MemberSet:
        """A replica set that could be a shard, and is not yet."""
        started = self._new_shard(len(self.shards))
        self._start_members(started)
        initiate((started,), THROW_AWAY_START_SECONDS)
        self.shards.append(started)
        return started

    def primary(self, members: MemberSet) -> str:
        """The address of a set's primary; raises LocalPlatformError when there is none for long."""
        found: list[str] = []

        def look() -> bool:
            for address in members.addresses:
                client: MongoClient = MongoClient(address, directConnection=True, serverSelectionTimeoutMS=200)
                with client:
                    if self._running(address) and client.admin.command("hello")["isWritablePrimary"]:
                        found.append(address)
                        return True
            return False

        until(time.monotonic() + THROW_AWAY_START_SECONDS, f"{members.name} has no primary", look)
        return found[0]

    def await_health(self, members: MemberSet) -> None:
        """Returns when every member of the set follows its primary; raises LocalPlatformError when one does not in time.

        A member that was restarted a moment ago may still be choosing whom to copy from: as long as that takes, the
        set cannot lose another one without standing still. Under writes without pause one of them is always a moment
        behind.
        """

        def look() -> bool:
            client: MongoClient = MongoClient(self.primary(members), directConnection=True)
            with client:
                status = client.admin.command("replSetGetStatus")
            needed = status["optimes"]["readConcernMajorityOpTime"]["ts"].time - FOLLOWING_SECONDS
            return all(
                member["stateStr"] == "PRIMARY"
                or (
                    member["stateStr"] == "SECONDARY"
                    and member["syncSourceHost"]
                    and member["optime"]["ts"].time >= needed
                )
                for member in status["members"]
            )

        until(time.monotonic() + THROW_AWAY_START_SECONDS, f"{members.name} is not whole", look)

    def pid(self, address: str) -> int:
        """The process of a server or router."""
        return self._processes[address].pid

    def kill(self, address: str) -> None:
        """SIGKILL: no goodbye, no flush."""
        self._processes[address].kill()
        self._processes[address].wait()

    def pause(self, address: str) -> None:
        """SIGSTOP: connections stay open, and nothing answers."""
        self._processes[address].send_signal(signal.SIGSTOP)

    def resume(self, address: str) -> None:
        self._processes[address].send_signal(signal.SIGCONT)

    def restart(self, address: str) -> None:
        """Starts a killed server again, on the data it left; returns when it answers, perhaps before it is elected."""
        self._start(address, self._commands[address])
        self._await_answer(address)

    def kill_router(self, number: int) -> None:
        self.kill(self.routers[number])

    def restart_router(self, number: int) -> None:
        self.restart(self.routers[number])

    def close(self) -> None:
        """Ends everything at once and removes the data, hundreds of megabytes a server; the logs stay."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        for data in self._data:
            shutil.rmtree(data, ignore_errors=True)

    def _new_shard(self, number: int) -> MemberSet:
        return MemberSet(f"shard{number}", SHARD, _free_ports(self._members))

    def _start_members(self, members: MemberSet) -> None:
        for port, address in zip(members.ports, members.addresses, strict=True):
            data = self._folder / f"{members.name}-{port}"
            data.mkdir(parents=True)
            self._data.append(data)
            self._start(address, member_argv(self._binary, members, port, data, sockets=self._sockets))

    def _start(self, address: str, argv: tuple[str, ...]) -> None:
        self._commands[address] = argv
        with (self._folder / f"{address.rpartition(':')[2]}.log").open("ab") as log:
            self._processes[address] = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def _running(self, address: str) -> bool:
        return self._processes[address].poll() is None

    def _await_answer(self, address: str) -> None:
        deadline = time.monotonic() + THROW_AWAY_START_SECONDS
        while (reason := refusal(f"mongodb://{address}/?directConnection=true")) is not None:
            if not self._running(address) or time.monotonic() > deadline:
                raise LocalPlatformError(f"{address} did not start ({reason}): see the logs in {self._folder}")
            time.sleep(PAUSE_SECONDS)


@contextlib.contextmanager
def running_cluster(folder: Path, *, members: int = 1, shards: int = 2, routers: int = 2) -> Iterator[Cluster]:
    """A cluster of its own with data and logs in `folder`, each replica set of so many members; ends with SIGKILL."""
    cluster = Cluster(folder, members, routers)
    try:
        cluster.start(shards)
        yield cluster
    finally:
        cluster.close()


@contextlib.contextmanager
def running_replica_set(folder: Path) -> Iterator[str]:
    """One server that belongs to no cluster, with its data and log in `folder`: gives its URI, and ends with SIGKILL."""
    alone = MemberSet("alone", SHARD, _free_ports(1))
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    argv = member_argv(binaries.find(binaries.MONGOD), alone, alone.ports[0], data)
    with (folder / "mongo.log").open("ab") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        initiate((alone,), THROW_AWAY_START_SECONDS)
        yield f"mongodb://{alone.addresses[0]}/?replicaSet={alone.name}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(data, ignore_errors=True)


def _free_ports(count: int) -> tuple[int, ...]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return tuple(sorted(ports))
