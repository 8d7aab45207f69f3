"""How MongoDB is laid out; the rest of the platform on this machine knows only this interface."""

import time
from typing import Protocol

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.programs import Program
from listino.local.readiness import refusal
from listino.settings import masked

# How often, in seconds, a condition is looked at while waiting for it.
PAUSE_SECONDS = 0.02


class Topology(Protocol):
    """A layout of MongoDB servers, from nothing started to ready for writes."""

    @property
    def uri(self) -> str:
        """Where applications connect to."""

    @property
    def engines(self) -> tuple[binaries.Engine, ...]:
        """Whose programs must be found before anything starts."""

    def programs(self) -> tuple[Program, ...]:
        """What the supervisor is to run, none when somebody else does; raises LocalPlatformError when a program is not
        there."""

    def prepare(self) -> None:
        """Makes the folders of the servers, and writes down what the next start must know."""

    def initiate(self, seconds: float) -> None:
        """Makes the started servers one database that takes writes; harmless on one that already is.

        Raises LocalPlatformError when that takes longer than `seconds`.
        """


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

    def programs(self) -> tuple[Program, ...]:
        return ()

    def prepare(self) -> None:
        pass

    def initiate(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (reason := refusal(self._uri)) is not None:
            if time.monotonic() > deadline:
                raise LocalPlatformError(
                    f"MongoDB at {masked(self._uri)} does not answer ({reason}): "
                    "start it, or unset LISTINO_MONGO_URI to use one on this machine"
                )
            time.sleep(PAUSE_SECONDS)
