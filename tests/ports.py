"""Ports for a whole platform of a test's own."""

import random

from listino.local.cluster_plan import CONFIG_OFFSET, ROOM, SHARD_OFFSET
from listino.local.preflight import taken
from listino.settings import LIVE_OFFSET, PORT_OFFSETS

# Three members in each replica set, and room for a third shard.
MEMBER_OFFSETS = tuple(
    first + number
    for first in (CONFIG_OFFSET, *(SHARD_OFFSET + ROOM * shard for shard in range(3)))
    for number in range(3)
)
LIVE_OFFSETS = tuple(range(LIVE_OFFSET, LIVE_OFFSET + 4))


def free_base() -> int:
    """A PORT_BASE whose ports nobody holds, below those that Linux gives to outgoing connections (32768 on)."""
    while True:
        base = random.randrange(20_000, 32_000, 200)
        if all(taken(base + offset) is None for offset in (*PORT_OFFSETS.values(), *LIVE_OFFSETS, *MEMBER_OFFSETS)):
            return base
