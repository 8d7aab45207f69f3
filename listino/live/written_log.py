"""What writers have dropped of late, told to caches that no script in Redis reaches: nginx's.

Every writer begins by dropping the pages of what it is about to write, and says so in the stream `pages:dropped` in the same
step (page_scripts.py). Who reads on from a cursor misses nothing: the cursor names the run of the server, the generation of
all pages, when it was given and the last entry by then. Where any of these leaves a doubt the news is that everything may
have changed. Nothing is kept in the process, so any process can go on from a cursor that another one gave.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from redis.exceptions import RedisError

from listino.domain.errors import EngineUnavailable
from listino.live.client import connect_async
from listino.live.page_scripts import ANYTHING, DROPPED, DROPPED_FIELD, DROPPED_MS, GENERATION
from listino.settings import Settings

# For news; Redis looks at such times ten times a second, so an answer takes up to 150 ms (ANSWER_MS in deploy/nginx/written.js).
WAIT_MS = 50
READ_SECONDS = 0.5  # longer than the wait: a Redis that needs more is as good as away
MOST_BYTES = 256 * 1024  # of ids in one answer: more is anything
READERS = 16  # at a time
# Half as long as entries stay at least, for the clock of the server may have been put right meanwhile.
_MOST_AGE_MS = DROPPED_MS // 2
_CURSOR = re.compile(r"([0-9a-f]{1,64}):([0-9]*):([0-9]{1,16}):([0-9]{1,20}-[0-9]{1,20})")
_NOTHING = "0-0"  # before the first entry


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far somebody has read. `at`: when, in ms of the server's clock; `last`: the id of the last entry."""

    run: str
    generation: str
    at: int
    last: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what is none."""
        found = _CURSOR.fullmatch(text)
        return cls(found[1], found[2], int(found[3]), found[4]) if found else None

    def __str__(self) -> str:
        return f"{self.run}:{self.generation}:{self.at}:{self.last}"

    def leads_to(self, now: "Cursor") -> bool:
        """Whether everything between them is still in the stream."""
        same = (self.run, self.generation) == (now.run, now.generation)
        return same and abs(now.at - self.at) <= _MOST_AGE_MS

    def precedes(self, entry: str) -> bool:
        """Whether something between the cursor and this first entry of the stream may have been cut off."""
        return _order(self.last) < _order(entry)


@dataclass(frozen=True, slots=True)
class News:
    """What was written since a cursor, by the ids of products as text; None: it may have been anything. Nothing of what was
    acknowledged when it was asked for is missing. `cursor`: from where to read on."""

    cursor: Cursor
    ids: Sequence[str] | None


class WrittenLog:
    """Reads the stream; every method raises EngineUnavailable. Close it."""

    def __init__(self, settings: Settings) -> None:
        self._redis: Any = connect_async(settings, seconds=READ_SECONDS, connections=READERS)

    async def after(self, cursor: str) -> News:
        """What was written since then, as soon as there is anything, after WAIT_MS at the latest; at once for no cursor."""
        known = Cursor.parse(cursor)
        try:
            news = await self._read(known) if known is not None else None
            return news or await self._begin()
        except RedisError as error:
            raise EngineUnavailable(f"Redis is away: {error}") from error

    async def close(self) -> None:
        await self._redis.aclose()

    async def _begin(self) -> News:
        [entries, _, *state] = await self._ask("XREVRANGE", DROPPED, "+", "-", "COUNT", 1)
        return News(_cursor_of(state, entries[0][0].decode() if entries else _NOTHING), None)

    async def _read(self, known: Cursor) -> News | None:
        """None where the cursor leads nowhere."""
        [found, oldest, *state] = await self._ask("XREAD", "BLOCK", WAIT_MS, "STREAMS", DROPPED, known.last)
        entries = found[0][1] if found else []
        now = _cursor_of(state, entries[-1][0].decode() if entries else known.last)
        if not known.leads_to(now) or (oldest and known.precedes(oldest[0][0].decode())):
            return None
        lines = [entry[DROPPED_FIELD] for _, entry in entries]
        anything = ANYTHING.encode() in lines or sum(map(len, lines)) > MOST_BYTES
        return News(
            now, None if anything else list(dict.fromkeys(b"\n".join(lines).decode().split("\n"))) if lines else []
        )

    async def _ask(self, *command: Any) -> list[Any]:
        """The answer to the command, then the first entry of the stream, the generation, time and state of the server as they
        were after it; on one connection, so that they are of the same server."""
        async with self._redis.pipeline(transaction=False) as steps:
            steps.execute_command(*command)
            steps.xrange(DROPPED, count=1)
            steps.get(GENERATION)
            steps.time()
            steps.info("server")
            answers: list[Any] = await steps.execute()
            return answers


def _order(entry: str) -> tuple[int, ...]:
    """Ids of entries sort by it."""
    return tuple(int(part) for part in entry.split("-"))


def _cursor_of(state: Sequence[Any], last: str) -> Cursor:
    generation, (seconds, microseconds), server = state
    return Cursor(server["run_id"], (generation or b"").decode(), seconds * 1000 + microseconds // 1000, last)
