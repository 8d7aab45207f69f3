"""Where the processor time goes: seconds that each kind of server used."""

import contextlib
import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

from listino.local.platform import Platform

# What a part's name begins with, and what it is called in a table.
KINDS = {
    "nginx": "nginx",
    "api": "API",
    "redis": "Valkey",
    "router": "routers",
    "shard": "MongoDB",
    "config": "MongoDB",
    "live": "workers",
    "backoffice": "back office",
}


@dataclass(slots=True)
class Usage:
    """Processor seconds by kind of server, between the beginning and the end of a block. `beside`: of what measures them, with what
    it has started and seen to its end."""

    seconds: Counter[str] = field(default_factory=Counter)
    beside: float = 0.0

    def microseconds(self, requests: float) -> dict[str, float]:
        """The same for one request."""
        return {kind: 1e6 * spent / requests for kind, spent in self.seconds.items()}


@contextlib.contextmanager
def usage_of(platform: Platform) -> Iterator[Usage]:
    """What the platform's servers use while the block lasts; complete when it is over."""
    used, before, beside = Usage(), _spent(platform), _spent_here()
    yield used
    used.seconds = _spent(platform)
    used.seconds.subtract(before)
    used.beside = _spent_here() - beside


def _spent(platform: Platform) -> Counter[str]:
    spent: Counter[str] = Counter()
    for part in platform.status():
        kind = KINDS.get(part.name.partition("-")[0])
        if kind is not None and part.pid is not None:
            process = psutil.Process(part.pid)
            # A supervisor of its own workers, such as gunicorn or a pool, counts with them, and with those that have ended.
            for one in (process, *process.children(recursive=True)):
                spent[kind] += sum(one.cpu_times()[:4])
    return spent


def _spent_here() -> float:
    whose = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in whose)
