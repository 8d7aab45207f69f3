import copy

import pytest
import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from workers.patience import Patience


class Engine:
    """Fails with each of the errors in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.dropped = 0

    def ask(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    def drop(self, error: Exception) -> None:
        self.dropped += 1


@pytest.fixture
def patience() -> Patience:
    structlog.reset_defaults()  # a command that another test ran may have turned warnings off
    return Patience("redis://:secret@127.0.0.1:1/0", pause_seconds=0)


def test_a_command_is_repeated_until_it_is_answered_and_told_of_once(patience: Patience) -> None:
    engine = Engine(RedisTimeoutError("silent"), RedisConnectionError("refused"), RedisTimeoutError("silent"))

    with structlog.testing.capture_logs() as lines:
        assert patience.call_with_retry(engine.ask, engine.drop) == "answer"

    assert engine.dropped == 3
    assert [(line["event"], line.get("error")) for line in lines] == [("redis.away", "silent"), ("redis.back", None)]
    assert {line["address"] for line in lines} == {"redis://:***@127.0.0.1:1/0"}


def test_what_never_failed_does_not_prove_that_redis_is_back(patience: Patience) -> None:
    patience.away = True

    with structlog.testing.capture_logs() as lines:
        patience.call_with_retry(Engine().ask, Engine().drop)

    assert lines == []
    assert patience.away


def test_a_mistake_of_ours_is_not_repeated(patience: Patience) -> None:
    with pytest.raises(ResponseError):
        patience.call_with_retry(Engine(ResponseError("unknown command")).ask, Engine().drop)

    assert not patience.away


def test_after_its_end_a_failure_is_a_failure_and_farewells_are_left_out(patience: Patience) -> None:
    patience.end()

    with pytest.raises(RedisTimeoutError):
        patience.call_with_retry(Engine(RedisTimeoutError("silent")).ask, Engine().drop)

    said: list[str] = []
    patience.farewell(lambda: said.append("good-bye"))
    assert said == []


def test_a_farewell_that_nobody_hears_is_no_error(patience: Patience) -> None:
    patience.farewell(Engine(RedisTimeoutError("silent")).ask)


def test_connections_share_one_patience(patience: Patience) -> None:
    assert copy.deepcopy(patience) is patience
