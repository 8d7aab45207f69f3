"""A pool of live workers: what it refuses before it starts, and what it says of those that end."""

import signal
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from redis import Redis
from rq.worker_pool import WorkerData
from structlog.testing import capture_logs

from listino.cli.main import run
from listino.live.worker_ports import worker_ports
from listino.settings import load_settings
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


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (LivePool.Status.STARTED, 0, {"event": "live.worker_ended", "log_level": "info", "exit_code": 0}),
        (LivePool.Status.STARTED, 1, {"event": "live.worker_ended", "log_level": "warning", "exit_code": 1}),
        (
            LivePool.Status.STARTED,
            -signal.SIGKILL,
            {"event": "live.worker_ended", "log_level": "warning", "signal": "SIGKILL"},
        ),
        (LivePool.Status.STOPPED, 0, {"event": "live.worker_stopped", "log_level": "debug", "exit_code": 0}),
    ],
    ids=["replaced", "failed", "killed", "stopped"],
)
def test_it_says_why_a_worker_ended(status: Any, code: int, said: dict[str, Any]) -> None:
    pool = LivePool(load_settings(), Redis(), 1)
    pool.status = status
    ended: Any = WorkerData(name="first", pid=1, process=SimpleNamespace(exitcode=code))  # type: ignore[arg-type]
    with capture_logs() as lines:
        pool.handle_dead_worker(ended)
    assert lines == [{"pid": 1, **said}]
