"""How MongoDB is laid out on this machine; the rest of the platform knows only this interface."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.engines import mongod_argv
from listino.local.primary import HOST, REPLICA_SET, become_primary
from listino.local.programs import Program, Stage
from listino.local.readiness import refusal
from listino.settings import masked

# How often, in seconds, a condition is looked at while waiting for it.
PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Member:
    """One MongoDB server: the part it runs as, its address (`host:port`) and its data folder."""

    part: str
    address: str
    data: Path


class Topology(Protocol):
    """A layout of MongoDB servers, from nothing started to ready for writes."""

    @property
    def uri(self) -> str:
        """Where applications connect to."""

    @property
    def engines(self) -> tuple[binaries.Engine, ...]:
        """Whose programs must be found before anything starts."""

    def members(self) -> tuple[Member, ...]:
        """The servers this layout starts; none when somebody else runs them."""

    def programs(self) -> tuple[Program, ...]:
        """What the supervisor is to run; raises LocalPlatformError when a program is not there."""

    def initiate(self, seconds: float) -> None:
        """Makes the started servers one database that takes writes; harmless on one that already is.

        Raises LocalPlatformError when that takes longer than `seconds`.
        """


class ReplicaSet:
    """One mongod, the only member of a replica set: transactions and retryable writes work as in production."""

    def __init__(self, port: int, data: Path) -> None:
        self._port = port
        self._data = data

    @property
    def uri(self) -> str:
        return f"mongodb://{HOST}:{self._port}/?replicaSet={REPLICA_SET}"

    @property
    def engines(self) -> tuple[binaries.Engine, ...]:
        return (binaries.MONGOD,)

    def members(self) -> tuple[Member, ...]:
        return (Member("mongo-1", f"{HOST}:{self._port}", self._data / "mongo-1"),)

    def programs(self) -> tuple[Program, ...]:
        binary = binaries.find(binaries.MONGOD)
        return tuple(
            Program(
                name=member.part,
                argv=mongod_argv(binary, self._port, member.data),
                stage=Stage.ENGINE,
                port=self._port,
                probe=f"mongodb://{member.address}/?directConnection=true",
            )
            for member in self.members()
        )

    def initiate(self, seconds: float) -> None:
        become_primary(self._port, seconds)


class GivenMongo:
    """A MongoDB that somebody else runs, at an address from the settings: nothing is started, only waited for."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def engines(self) -> tuple[binaries.Engine, ...]:
        return ()

    def members(self) -> tuple[Member, ...]:
        return ()

    def programs(self) -> tuple[Program, ...]:
        return ()

    def initiate(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (reason := refusal(self._uri)) is not None:
            if time.monotonic() > deadline:
                raise LocalPlatformError(
                    f"MongoDB at {masked(self._uri)} does not answer ({reason}): "
                    "start it, or unset LISTINO_MONGO_URI to use one on this machine"
                )
            time.sleep(PAUSE_SECONDS)
