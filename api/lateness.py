"""How late this process comes round to what is due: on a busy machine a time limit rings when its time is past, and what is to be
told by then is told later still."""

import asyncio
import contextlib

from listino.live.deadline import deadline

LOOK_SECONDS = 0.1  # between two looks
LEAST_SECONDS = 0.02  # what it may be late at any moment, though it was not lately
MOST_SECONDS = 0.1  # a loop that is behind by more is not helped by answering sooner
_FADES = 0.9  # of what was worst, with each look: half of it after seven


class Lateness:
    """Looks regularly, as a viewer whose time is up would: to the end of a time limit and back in a task. Use it in `async with`."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Lateness":
        self._looking = asyncio.create_task(self._look(), name="lateness")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    @property
    def seconds(self) -> float:
        """The worst of late, which fades; from LEAST_SECONDS to MOST_SECONDS."""
        return max(self._worst, LEAST_SECONDS)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_SECONDS
            with contextlib.suppress(TimeoutError):
                async with deadline(due):
                    await loop.create_future()
            self._worst = min(MOST_SECONDS, max(loop.time() - due, self._worst * _FADES))
