"""Answers leave in one piece, whatever comes of the second one."""

import asyncio
from collections.abc import Callable, Iterable

from api.worker import JoinedWrites, Worker


class Wire:
    """Says in which steps something was sent, and when the connection was closed."""

    def __init__(self) -> None:
        self.steps: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.steps.append(data)

    def writelines(self, many: Iterable[bytes]) -> None:
        self.steps.append(b"".join(many))

    def close(self) -> None:
        self.steps.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.steps


def sent(use: Callable[[JoinedWrites], None]) -> list[bytes | str]:
    """The steps, a turn of the loop later."""

    async def run() -> list[bytes | str]:
        wire = Wire()
        use(JoinedWrites(wire, asyncio.get_running_loop()))  # type: ignore[arg-type]  # as much of one as is asked of it
        await asyncio.sleep(0)
        return wire.steps

    return asyncio.run(run())


def test_head_and_body_are_one_step() -> None:
    def answer(connection: JoinedWrites) -> None:
        connection.write(b"head ")
        connection.write(b"body")

    assert sent(answer) == [b"head body"]


def test_a_head_without_a_body_is_sent_in_the_same_turn() -> None:
    def answer(connection: JoinedWrites) -> None:
        connection.write(b"head")
        connection.write(b"")

    assert sent(answer) == [b"head"]
    assert sent(lambda connection: connection.write(b"head")) == [b"head"]


def test_two_answers_stay_in_their_order() -> None:
    def answers(connection: JoinedWrites) -> None:
        for part in (b"1", b"2", b"3"):
            connection.write(part)

    assert sent(answers) == [b"12", b"3"]


def test_nothing_is_lost_when_the_connection_is_closed() -> None:
    def answer(connection: JoinedWrites) -> None:
        connection.write(b"head")
        connection.close()
        assert connection.is_closing()

    assert sent(answer) == [b"head", "closed"]


def test_the_peer_is_told_as_it_is() -> None:
    """Else an address that somebody says to have would be looked up among those that are trusted."""
    assert Worker.CONFIG_KWARGS["proxy_headers"] is False
