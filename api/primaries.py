"""Reads that are to be the last word: of the primaries, and of secondaries while a primary is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from api.services import STORE_SECONDS, reading
from listino.domain.errors import EngineUnavailable

log = structlog.get_logger(__name__)

# A primary that needs longer than this is being replaced, or hangs: a secondary answers, if there is one.
PRIMARY_SECONDS = 0.5
DISTRUST_SECONDS = 1.0  # how long primaries are not asked when one is away

Read = TypeVar("Read")


class Primaries:
    """What one process knows of them.

    One slow read says nothing of them, for the process or the machine may have stood still, and what secondaries tell in
    their place is kept nowhere. They are away if the driver says so; or if a read that began after a slow one is slow too,
    and none was answered meanwhile.
    """

    def __init__(self) -> None:
        self._distrusted_until = 0.0
        self._slow_at: float | None = None

    async def read(
        self, ask: Callable[[bool], Awaitable[Read]], *, seconds: float = STORE_SECONDS
    ) -> tuple[Read, bool]:
        """What `ask(behind)` gives within that time, and whether it is the last word; with `behind` secondaries may answer.

        Raises EngineUnavailable.
        """
        now = asyncio.get_running_loop().time
        began = now()
        if began >= self._distrusted_until:
            try:
                async with reading(PRIMARY_SECONDS):
                    answer = await ask(False)
            except EngineUnavailable as error:
                log.warning("api.primary_away", error=str(error))
                slow = error.__cause__ is None or getattr(error.__cause__, "timeout", False)
                if not slow or (self._slow_at is not None and began >= self._slow_at):
                    self._distrusted_until = now() + DISTRUST_SECONDS
                self._slow_at = self._slow_at or now()
            else:
                self._slow_at = None
                return answer, True
        async with reading(seconds - PRIMARY_SECONDS):
            return await ask(True), False
