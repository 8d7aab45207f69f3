"""Many questions as one: what is asked in the same turn of the loop, and while the question before is under way."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class Together(Generic[Key, Answer]):
    """`step` answers keys in their order, of which it gets `most` at once, or those of one question if they are more."""

    def __init__(self, step: Callable[[Sequence[Key]], Awaitable[list[Answer]]], *, most: int) -> None:
        self._step = step
        self._most = most
        self._asking: list[tuple[Sequence[Key], asyncio.Future[list[Answer]]]] = []
        self._gathering: asyncio.Task[None] | None = None

    async def ask(self, keys: Sequence[Key]) -> list[Answer]:
        """The answers to the keys; raises what the step raises."""
        answer: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._asking.append((keys, answer))
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._gather())
        return await answer

    async def _gather(self) -> None:
        try:
            while self._asking:
                await self._ask_for(self._next())
        finally:
            self._gathering = None

    def _next(self) -> list[tuple[Sequence[Key], asyncio.Future[list[Answer]]]]:
        """Those whose turn it is."""
        count, at = 0, 0
        while at < len(self._asking) and (not at or count + len(self._asking[at][0]) <= self._most):
            count += len(self._asking[at][0])
            at += 1
        some, self._asking = self._asking[:at], self._asking[at:]
        return some

    async def _ask_for(self, some: list[tuple[Sequence[Key], asyncio.Future[list[Answer]]]]) -> None:
        try:
            found = await self._step([key for keys, _ in some for key in keys])
        except Exception as error:  # whatever it is, those who wait are told of it
            for _, answer in some:
                if not answer.done():
                    answer.set_exception(error)
            return
        begins = 0
        for keys, answer in some:
            if not answer.done():
                answer.set_result(found[begins : begins + len(keys)])
            begins += len(keys)
