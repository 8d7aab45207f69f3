"""Which servers a sharded cluster on this machine has and on which ports: decided once, then kept with its data."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from listino.domain.errors import LocalPlatformError
from listino.local.sharding import CONFIG, SHARD, MemberSet

# Offsets from PORT_BASE of the first member of the config servers and of the first shard; each set has room for ten.
CONFIG_OFFSET = 130
SHARD_OFFSET = 140
ROOM = 10
MOST_SHARDS = 10

DEFAULT_SHARDS = 2


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """The replica sets of a cluster, named as in production (`config`, `shard-1`, …).

    Every server keeps the others' addresses in its data, so a cluster stays on the ports it was made with.
    """

    config: MemberSet
    shards: tuple[MemberSet, ...]

    @property
    def sets(self) -> tuple[MemberSet, ...]:
        return (self.config, *self.shards)

    @property
    def members(self) -> int:
        """How many servers each replica set has."""
        return len(self.config.ports)

    def with_another_shard(self) -> "ClusterPlan":
        """The same cluster and one shard; its ports follow those of the others.

        Raises LocalPlatformError when there is no room for one more.
        """
        if len(self.shards) >= MOST_SHARDS:
            raise LocalPlatformError(f"a cluster on one machine has at most {MOST_SHARDS} shards")
        first = self.shards[-1].ports[0] + ROOM
        return replace(self, shards=(*self.shards, _shard(len(self.shards) + 1, first, self.members)))


def new_plan(port_base: int, members: int) -> ClusterPlan:
    """A cluster of two shards whose replica sets have so many members each."""
    first = port_base + CONFIG_OFFSET
    config = MemberSet("config", CONFIG, tuple(range(first, first + members)))
    shards = (_shard(number + 1, port_base + SHARD_OFFSET + number * ROOM, members) for number in range(DEFAULT_SHARDS))
    return ClusterPlan(config, tuple(shards))


def read_plan(path: Path) -> ClusterPlan | None:
    """The plan kept in that file; None if there is none. Raises LocalPlatformError for a file that is no plan."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return ClusterPlan(_read(told["config"], CONFIG), tuple(_read(shard, SHARD) for shard in told["shards"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LocalPlatformError(
            f"{path} cannot be read ({error!r}): it says which servers the cluster beside it has; put it back from a "
            "backup, or move its folder away to start with an empty cluster"
        ) from None


def write_plan(path: Path, plan: ClusterPlan) -> None:
    """Keeps the plan in that file, whole or not at all."""
    told = {"config": _told(plan.config), "shards": [_told(shard) for shard in plan.shards]}
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _shard(number: int, first_port: int, members: int) -> MemberSet:
    return MemberSet(f"shard-{number}", SHARD, tuple(range(first_port, first_port + members)))


def _told(members: MemberSet) -> dict[str, Any]:
    return {"name": members.name, "ports": list(members.ports)}


def _read(told: dict[str, Any], role: str) -> MemberSet:
    return MemberSet(str(told["name"]), role, tuple(int(port) for port in told["ports"]))
