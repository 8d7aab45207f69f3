"""A pool of live workers: what it refuses before it starts, and what it says of those that end."""

import signal
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

import workers.pool
from listino.cli.main import run
from listino.live.worker_ports import worker_ports
from listino.settings import Settings, load_settings
from workers.__main__ import main
from workers.pool import LivePool


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


@pytest.mark.parametrize("away", [False, True], ids=["redis", "no redis"])
@pytest.mark.parametrize(
    ("stopping", "code", "said"),
    [
        (False, 0, {"event": "live.worker_ended", "log_level": "info", "exit_code": 0}),
        (False, 1, {"event": "live.worker_ended", "log_level": "warning", "exit_code": 1}),
        (False, -signal.SIGKILL, {"event": "live.worker_ended", "log_level": "warning", "signal": "SIGKILL"}),
        (True, 0, {"event": "live.worker_stopped", "log_level": "debug", "exit_code": 0}),
    ],
    ids=["replaced", "failed", "killed", "stopped"],
)
def test_it_says_why_a_worker_ended_and_what_it_left(
    stopping: bool, code: int, said: dict[str, Any], away: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(settings: Settings, worker: str) -> list[str]:
        if away:
            raise RedisConnectionError
        return [f"shop of {worker}"]

    monkeypatch.setattr(workers.pool, "end_leases", left)
    pool = LivePool(load_settings(), 1)
    pool._stopping = stopping
    (place,) = pool._places
    place.worker = "first"
    ended: Any = SimpleNamespace(exitcode=code, pid=1, close=lambda: None)
    place.process = ended
    with capture_logs() as lines:
        pool._ended(place, ended)
    shops = {} if away else {"shops": ["shop of first"]}
    assert lines == [{"worker": "first", "pid": 1, **shops, **said}]
    assert place.process is None
