"""Time limits that are fair to what has come already: a loop that is behind looks at its clock before it looks at its
connections, and would take an answer that has been lying there for one that never came."""

import asyncio
from types import TracebackType

# Turns of the loop after the time is up: in the first it reads its connections, in the others what was read is handed on.
_TURNS = 4


class deadline:
    """As `asyncio.timeout_at`, for a time of the running loop's clock; but what has arrived by then still counts."""

    def __init__(self, at: float) -> None:
        self._at = at
        self._limit = asyncio.timeout(None)
        self._alarm: asyncio.Handle | None = None

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._limit.__aenter__()
        self._alarm = self._loop.call_at(self._at, self._wait_for, _TURNS)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _wait_for(self, turns: int) -> None:
        if turns:
            self._alarm = self._loop.call_soon(self._wait_for, turns - 1)
        else:
            self._limit.reschedule(self._loop.time())


def within(seconds: float) -> deadline:
    """As `asyncio.timeout`, with the same patience."""
    return deadline(asyncio.get_running_loop().time() + seconds)
