"""What was started, written down for other processes: `status` and `down` may run with other settings than `up` did."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from listino.domain.errors import LocalPlatformError
from listino.local.programs import Program, Stage


@dataclass(frozen=True, slots=True)
class Part:
    """A started part, with its `ports` from `port` on; `stage` tells when it is stopped, `stop_seconds` how long that may take."""

    name: str
    stage: Stage
    port: int | None
    stop_seconds: int
    ports: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """The parts in the order they were declared, where people reach the platform (title to address), and the settings it was
    started with, secrets aside (variable to value)."""

    parts: tuple[Part, ...]
    addresses: Mapping[str, str]
    settings: Mapping[str, str]

    def of_stage(self, stage: Stage) -> list[Part]:
        return [part for part in self.parts if part.stage is stage]


def add(path: Path, programs: tuple[Program, ...]) -> None:
    """Notes that these run too; raises LocalPlatformError when what was kept before cannot be read."""
    kept = read(path)
    if kept is None:
        raise LocalPlatformError(f"{path} cannot be read: run `listino down` and `listino up`")
    _write(path, Record((*kept.parts, *map(_part, programs)), kept.addresses, kept.settings))


def write(
    path: Path, programs: tuple[Program, ...], addresses: Mapping[str, str], settings: Mapping[str, str]
) -> Record:
    """Keeps what is about to be started in that file, and gives it back."""
    record = Record(tuple(map(_part, programs)), dict(addresses), dict(settings))
    _write(path, record)
    return record


def read(path: Path) -> Record | None:
    """What was kept there last; None if nothing was, or it was cut off while being written."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        parts = tuple(Part(**part | {"stage": Stage(part["stage"])}) for part in told["parts"])
        return Record(parts, told["addresses"], told.get("settings", {}))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _part(program: Program) -> Part:
    return Part(program.name, program.stage, program.port, program.stop_seconds, program.ports)


def _write(path: Path, record: Record) -> None:
    parts = [asdict(part) | {"stage": part.stage.value} for part in record.parts]
    told = {"parts": parts, "addresses": dict(record.addresses), "settings": dict(record.settings)}
    path.write_text(json.dumps(told, indent=2), encoding="utf-8")
