"""Reads in the supervisor's log which parts ended and were started again: its interface tells only how things are now."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SPAWNED = re.compile(r" INFO spawned: '([^']+)' with pid \d+$")
_EXITED = re.compile(r" (?:INFO|WARN) exited: (\S+) \(([^;]+); (?:not )?expected\)$")
_GIVEN_UP = re.compile(r" INFO gave up: (\S+) ")


@dataclass(frozen=True, slots=True)
class Ended:
    """A part ended by itself; `how` is `exit 1` or `SIGKILL`."""

    part: str
    how: str


@dataclass(frozen=True, slots=True)
class Started:
    """A part was started, for the first time or again."""

    part: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A part ended at once too often and is not started any more."""

    part: str


Event = Ended | Started | GivenUp


class SupervisorLog:
    """The log of one run of the supervisor, read from where the last reading stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def news(self) -> list[Event]:
        """What was written since the last call; an unfinished last line is left for the next."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            log.seek(self._read)
            written = log.read()
        complete = written[: written.rfind(b"\n") + 1]
        self._read += len(complete)
        return events(complete.decode("utf-8", "replace").splitlines())


def events(lines: Iterable[str]) -> list[Event]:
    """The events those lines of the log tell of, in order."""
    found = (_event(line) for line in lines)
    return [event for event in found if event is not None]


def restarts(told: Iterable[Event]) -> Counter[str]:
    """How often each part was started after the first time."""
    starts = Counter(event.part for event in told if isinstance(event, Started))
    return Counter({part: count - 1 for part, count in starts.items()})


def _event(line: str) -> Event | None:
    if match := _SPAWNED.search(line):
        return Started(match.group(1))
    if match := _EXITED.search(line):
        how = match.group(2).replace("exit status", "exit").replace("terminated by ", "")
        return Ended(match.group(1), how)
    if match := _GIVEN_UP.search(line):
        return GivenUp(match.group(1))
    return None
