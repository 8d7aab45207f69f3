"""Time limits in a loop that is behind."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest
import uvloop

from listino.live.deadline import deadline, within


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_what_has_arrived_counts_in_a_loop_that_is_behind(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def late() -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        bell, finger = socket.socketpair()
        with theirs, bell, finger:
            reader, writer = await asyncio.open_connection(sock=ours)

            def dawdle() -> None:
                """As thousands of other connections do that are read first."""
                loop.remove_reader(bell)
                theirs.sendall(b"here")
                time.sleep(0.03)

            loop.add_reader(bell, dawdle)
            reading = asyncio.ensure_future(_read(reader))
            loop.call_soon(finger.sendall, b"!")
            try:
                return await reading
            finally:
                writer.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(late()) == b"here"


async def _read(reader: asyncio.StreamReader) -> bytes:
    async with within(0.01):
        return await reader.readexactly(4)


async def test_what_our_loop_is_late_is_given_to_others_besides_and_no_more() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    loop.call_later(0.05, time.sleep, 0.1)

    with pytest.raises(TimeoutError):
        async with within(0.1):
            await loop.create_future()

    assert 0.2 <= loop.time() - began < 1  # 0.05 s late, which were given once more


async def test_what_does_not_come_is_given_up() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()

    with pytest.raises(TimeoutError):
        async with deadline(began + 0.02):
            await loop.create_future()

    assert 0.02 <= loop.time() - began < 1


async def test_what_is_over_is_not_disturbed_later() -> None:
    async with within(0):
        pass
    await asyncio.sleep(0.01)


async def test_whoever_is_cancelled_is_told_so() -> None:
    async def wait() -> None:
        async with within(5):
            await asyncio.get_running_loop().create_future()

    task = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
