"""Time limits that are fair to what has come already: a loop that is behind looks at its clock before it looks at its
connections, and would take an answer that has been lying there for one that never came."""

import asyncio
from types import TracebackType

# Turns of the loop after the time is up: in the first it reads its connections, in the others what was read is handed on.
_TURNS = 4
_LATE_SECONDS = 0.02  # a loop that looks at its clock later than this is behind


class deadline:
    """As `asyncio.timeout_at`, for a time of the running loop's clock; but what has arrived by then still counts.

    `more`: so many seconds are given besides, at most, to make good for what the loop itself is late.
    """

    def __init__(self, at: float, *, more: float = 0.0) -> None:
        self._at = at
        self._more = more
        self._limit = asyncio.timeout(None)
        self._alarm: asyncio.Handle | None = None

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._limit.__aenter__()
        self._alarm = self._loop.call_at(self._at, self._ring)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _ring(self) -> None:
        now = self._loop.time()
        late = min(now - self._at, self._more)
        if late > _LATE_SECONDS:
            self._at, self._more = now + late, self._more - late
            self._alarm = self._loop.call_at(self._at, self._ring)
        else:
            self._end_after(_TURNS)

    def _end_after(self, turns: int) -> None:
        if turns:
            self._alarm = self._loop.call_soon(self._end_after, turns - 1)
        else:
            self._limit.reschedule(self._loop.time())


def within(seconds: float) -> deadline:
    """As `asyncio.timeout`, for what somebody else is to do in that time: while our own loop is behind, it does not count
    against them, but for twice the time at most."""
    return deadline(asyncio.get_running_loop().time() + seconds, more=seconds)
