"""A pool of live workers: what it refuses before it starts, and what it says of those that end."""

import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from structlog.testing import capture_logs

import workers.pool
from listino.cli.main import run
from listino.domain.errors import EngineUnavailable
from listino.live.worker_ports import worker_ports
from listino.settings import Settings, load_settings
from workers.__main__ import main
from workers.pool import LivePool, _Ended, _Place


def test_ports_that_there_are_not_are_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(worker_ports(65_528, 8))[-1] == 65_535
    options = ["--processes", "8", "--metrics-port", "65529"]
    assert run(["worker", *options]) == 2
    assert "65529 to 65536" in capsys.readouterr().err
    refused = CliRunner().invoke(main, ["live", *options])
    assert refused.exit_code == 2
    assert "65529 to 65536" in refused.output


def test_a_pool_does_not_start_when_a_port_of_its_workers_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = CliRunner().invoke(main, ["live", "--processes", "2", "--metrics-port", str(port)])
    assert refused.exit_code == 1
    assert f"at 127.0.0.1, port {port}:" in refused.output


@pytest.mark.parametrize(
    "error",
    [None, RedisConnectionError(), ResponseError("NOREPLICAS")],
    ids=["redis", "no redis", "redis that refuses"],
)
@pytest.mark.parametrize(
    ("stopping", "code", "said"),
    [
        (False, 0, {"event": "live.worker_ended", "log_level": "info", "exit_code": 0}),
        (False, 1, {"event": "live.worker_ended", "log_level": "warning", "exit_code": 1}),
        (False, -signal.SIGKILL, {"event": "live.worker_ended", "log_level": "warning", "signal": "SIGKILL"}),
        (False, -40, {"event": "live.worker_ended", "log_level": "warning", "signal": "40"}),
        (True, 0, {"event": "live.worker_stopped", "log_level": "debug", "exit_code": 0}),
    ],
    ids=["replaced", "failed", "killed", "killed by a signal without a name", "stopped"],
)
def test_it_says_why_a_worker_ended_and_what_it_left(
    stopping: bool, code: int, said: dict[str, Any], error: RedisError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(settings: Settings, worker: str) -> list[str]:
        if error is not None:
            raise error
        return [f"shop of {worker}"]

    monkeypatch.setattr(workers.pool, "end_leases", left)
    pool = LivePool(load_settings(), 1)
    pool._stopping = stopping
    (place,) = pool._places
    place.worker = "first"
    process: Any = SimpleNamespace(exitcode=code, pid=1, is_alive=lambda: False, close=lambda: None)
    place.process = process
    with capture_logs() as lines:
        for ended in pool._ended():
            pool._wind_up(ended)
    shops = {} if error else {"shops": ["shop of first"]}
    assert lines == [{"worker": "first", "pid": 1, **shops, **said}]
    assert place.process is None


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[LivePool]:
    """A pool of two in this process, whose workers end at once, in order; what it changes here is put back."""
    monkeypatch.setattr(workers.pool, "_make_ready", lambda: None)
    monkeypatch.setattr(workers.pool, "work", lambda *_, **__: None)
    monkeypatch.setattr(workers.pool, "end_leases", lambda *_: [])
    handlers = {number: signal.getsignal(number) for number in workers.pool._STOP}
    yield LivePool(load_settings(), 2)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def stopping_at(count: int, told: list[str]) -> Callable[[Settings, str], list[str]]:
    """What ends leases, notes whose, and has the pool stop when it was called so often."""

    def end(settings: Settings, worker: str) -> list[str]:
        told.append(worker)
        if len(told) == count:
            os.kill(os.getpid(), signal.SIGTERM)
        return []

    return end


def test_workers_that_cannot_work_are_not_begun_time_and_again(
    serving: LivePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(workers.pool, "end_leases", stopping_at(2, ended))
    monkeypatch.setattr(workers.pool, "PAUSE_SECONDS", 3600.0)
    begun: list[str] = []
    begin = LivePool._begin

    def noted(self: LivePool, place: Any, *pipe: int) -> None:
        begin(self, place, *pipe)
        begun.append(place.worker)

    monkeypatch.setattr(LivePool, "_begin", noted)
    serving.serve()
    assert len(begun) == 2
    assert sorted(ended) == sorted(begun)


def test_an_heir_begins_before_redis_is_asked(serving: LivePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers.pool, "PAUSE_SECONDS", 0.0)
    ended: list[str] = []
    stop = stopping_at(4, ended)

    def end(settings: Settings, worker: str) -> list[str]:
        if not serving._stopping:
            assert len(serving._running()) == 2
            assert worker not in [place.worker for place in serving._places]
        return stop(settings, worker)

    monkeypatch.setattr(workers.pool, "end_leases", end)
    serving.serve()
    assert len(ended) >= 4
    assert len(set(ended)) == len(ended)


def test_a_pool_that_stops_asks_a_redis_that_is_away_once(serving: LivePool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def away(settings: Settings, worker: str) -> list[str]:
        asked.append(worker)
        raise RedisConnectionError

    monkeypatch.setattr(workers.pool, "end_leases", away)
    for stopping, count in ((False, 2), (True, 3)):
        serving._stopping = stopping
        for worker in ("first", "second"):
            serving._wind_up(_Ended(worker, 1, 0))
        assert len(asked) == count


def test_a_worker_that_cannot_be_begun_is_tried_again(serving: LivePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers.pool, "PAUSE_SECONDS", 0.0)
    ended: list[str] = []
    monkeypatch.setattr(workers.pool, "end_leases", stopping_at(1, ended))
    tries = []

    def fork() -> int:
        tries.append(len(tries))
        if len(tries) <= 3:
            raise OSError(errno.EAGAIN, "no process to be had")
        return os_fork()

    os_fork = os.fork
    monkeypatch.setattr(os, "fork", fork)
    with capture_logs() as lines:
        serving.serve()
    refused = [line for line in lines if line["event"] == "live.worker_not_begun"]
    assert len(refused) == 3
    assert "no process to be had" in refused[0]["error"]
    assert ended


def test_a_stop_is_heard_while_nobody_works(serving: LivePool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it comes after the pool has looked whether it is to stop, and before it waits."""

    class Place(_Place):
        @property
        def process(self) -> None:  # type: ignore[override]
            """Read when the pool looks for the next that is due."""
            if not serving._stopping:
                os.kill(os.getpid(), signal.SIGTERM)

        @process.setter
        def process(self, process: Any) -> None:
            pass

    waited: list[float | None] = []
    monkeypatch.setattr(workers.pool, "wait", lambda sentinels, seconds: waited.append(seconds))
    monkeypatch.setattr(LivePool, "_begin_due", lambda *_: None)
    serving._places = [Place(1, None)]
    serving.serve()
    assert None not in waited


def test_a_worker_that_cannot_start_says_why_in_a_line(
    serving: LivePool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def work(*_: Any, **__: Any) -> None:
        raise EngineUnavailable("MongoDB does not answer")

    monkeypatch.setattr(workers.pool, "work", work)
    monkeypatch.setattr(workers.pool, "end_leases", stopping_at(2, []))
    monkeypatch.setattr(workers.pool, "PAUSE_SECONDS", 3600.0)
    with capture_logs() as lines:
        serving.serve()
    assert [line["exit_code"] for line in lines] == [1, 1]
    assert capfd.readouterr().err.splitlines() == ["listino: MongoDB does not answer"] * 2
