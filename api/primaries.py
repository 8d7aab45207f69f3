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
DISTRUST_SECONDS = 1.0  # how long primaries are not asked after that

Read = TypeVar("Read")


class Primaries:
    """What one process knows of them."""

    def __init__(self) -> None:
        self._distrusted_until = 0.0

    async def read(self, ask: Callable[[bool], Awaitable[Read]]) -> tuple[Read, bool]:
        """What `ask(behind)` gives, and whether it is the last word; with `behind` secondaries may answer it.

        Raises EngineUnavailable.
        """
        now = asyncio.get_running_loop().time
        if now() >= self._distrusted_until:
            try:
                async with reading(PRIMARY_SECONDS):
                    return await ask(False), True
            except EngineUnavailable as error:
                log.warning("api.primary_away", error=str(error))
                self._distrusted_until = now() + DISTRUST_SECONDS
        async with reading(STORE_SECONDS - PRIMARY_SECONDS):
            return await ask(True), False
