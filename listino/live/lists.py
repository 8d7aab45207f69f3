"""Lists of products in Redis, as long as nothing has come to the scopes they are made of, left them or moved in them.

A list is kept with the counts of its scopes (page_scripts.py) as they were before it was read. What it shows of each
product is none of its business: that comes from the product's page, so a price that changes leaves the list as it is.
Lists are read from secondaries, too: what was read within SETTLING_MS of a change may not know of it, and is not kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from listino.live.page_scripts import GENERATION, SCOPES, members_key, moving_key
from listino.live.page_server import PageServer

KEPT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept under a key: the list, if it counts; and the stamp under which it may be kept now, if it may."""

    text: bytes | None
    stamp: bytes | None


class Lists:
    """Bytes under keys. Without Redis nothing is found, and nothing kept."""

    def __init__(self, server: PageServer) -> None:
        self._server = server

    async def get(self, key: str, scope: str | None) -> Found:
        """The list of that key; `scope`: the one its products are of, None for one of all."""
        scopes = SCOPES if scope is None else (scope,)
        try:
            read = await self._server.read_together([GENERATION, *_state(scopes), _list_key(key)])
        except RedisError:
            return Found(None, None)
        generation, state, kept = read[0], read[1:-1], read[-1]
        counts = b",".join(count or b"0" for count in state[::2])
        stamp = self._server.stamp(generation) + b":" + counts + b"\n"
        if kept is not None and kept.startswith(stamp):
            return Found(kept[len(stamp) :], stamp)
        return Found(None, None if any(state[1::2]) else stamp)

    async def keep(self, key: str, text: bytes, stamp: bytes) -> None:
        """Keeps a list that was read after `get` gave that stamp."""
        try:
            await self._server.keep(_list_key(key), stamp + text, KEPT_MS)
        except RedisError:
            return  # it is read again


def _state(scopes: Sequence[str]) -> list[str]:
    return [key for scope in scopes for key in (members_key(scope), moving_key(scope))]


def _list_key(key: str) -> str:
    return f"list:{{{key}}}"
