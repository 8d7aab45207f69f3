"""The platform in its full topology, for tests that shoot at it."""

from collections.abc import Iterator, Set
from contextlib import contextmanager

from listino.cli.platform import furnishing
from listino.local import processes
from listino.local.folders import StateFolder
from listino.local.nginx import remove_cache
from listino.local.platform import Platform
from listino.settings import Settings


@contextmanager
def full_topology(settings: Settings, parts: Set[str]) -> Iterator[Platform]:
    """Those parts, on three config servers, two shards of three and two routers; killed at the end, whatever is left."""
    running = Platform(settings, only=parts, members=3)
    try:
        running.up(furnish=furnishing(settings))
        yield running
    finally:
        processes.end(processes.of_instance(StateFolder.of(settings)), 1)
        remove_cache(StateFolder.of(settings).run)
