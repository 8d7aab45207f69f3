"""What one supervised program is: its command, when it starts, how one sees that it is ready, how it is stopped."""

from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """Engines come up before the applications that need them, and go down after them; between them stand the routers,
    which answer once the engines behind them are one cluster."""

    ENGINE = "engine"
    ROUTER = "router"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Program:
    """One part of the platform, as the supervisor is told about it.

    `probe` is an address that answers once the part is ready (`http://…` with status 200, `mongodb://…`, `redis://…`);
    a part without one is ready when the supervisor calls it running, that is after one second without ending.
    SIGTERM goes to the part alone, which has its children finish what they are at; after `stop_seconds` the whole group
    gets SIGKILL. A part that is not `movable` keeps its port whatever the settings say. `ports`: how many it listens at, in a row
    from `port` on.
    """

    name: str
    argv: tuple[str, ...]
    stage: Stage
    port: int | None = None
    ports: int = 1
    probe: str | None = None
    stop_seconds: int = 10
    movable: bool = True
