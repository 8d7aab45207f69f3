"""`listino up` as a person runs it, with as few parts as will do."""

import os
import signal
import subprocess
import sys

import pytest

from listino.local import processes
from listino.local.platform import Platform
from listino.local.supervision import Supervisor
from listino.settings import Settings

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def light(settings: Settings, mongo_uri: str, database_name: str) -> Settings:
    """A platform whose MongoDB somebody else runs: how it ends does not depend on what it is made of."""
    return settings.model_copy(update={"mongo_uri": mongo_uri, "mongo_database": database_name})


def listino(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "listino", *arguments],
        env=os.environ | settings.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeded,
    )


def heeded() -> None:
    """Whoever runs the tests in the background or under nohup ignores some of these, and what they start would, too."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until_it_stays(command: "subprocess.Popen[str]") -> str:
    """Reads its standard error up to the line that says how to stop it."""
    assert command.stderr is not None
    said = ""
    for line in command.stderr:
        said += line
        if "Ctrl-C stops everything" in line:
            return said
    raise AssertionError(f"it ended: {said}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_everything_it_started(light: Settings, number: signal.Signals) -> None:
    command = listino(light, "up", "--engines")
    said = until_it_stays(command)
    assert "redis" in said
    command.send_signal(number)
    out, err = command.communicate(timeout=90)
    assert command.returncode == 0, err
    assert f"redis://127.0.0.1:{light.port('redis')}/0" in out
    assert processes.of_instance(Platform(light).folder) == []


def test_detached_it_runs_on_until_down(settings: Settings) -> None:
    detached = listino(settings, "up", "--engines", "--detach")
    detached.communicate(timeout=90)
    assert detached.returncode == 0
    assert [part.state for part in Platform(settings).status()] == ["running"] * 6

    again = listino(settings.model_copy(update={"streams": 5}), "up", "--engines")
    _, err = again.communicate(timeout=90)
    assert again.returncode == 0
    assert "already running" in err
    assert "it was started with another LISTINO_STREAMS: what is set now counts after" in err

    stopped = listino(settings, "down")
    stopped.communicate(timeout=90)
    assert stopped.returncode == 0
    assert Platform(settings).status() == []


def test_down_from_elsewhere_ends_the_foreground_too(light: Settings) -> None:
    command = listino(light, "up", "--engines")
    until_it_stays(command)
    Platform(light).down()
    _, err = command.communicate(timeout=90)
    assert command.returncode == 0
    assert "stopped by `listino down`" in err


def test_a_killed_supervisor_fails_and_leaves_nothing(light: Settings) -> None:
    command = listino(light, "up", "--engines")
    until_it_stays(command)
    platform = Platform(light)
    os.kill(Supervisor(platform.folder).pid(), signal.SIGKILL)
    _, err = command.communicate(timeout=90)
    assert command.returncode == 1
    assert "the supervisor of" in err
    assert processes.of_instance(platform.folder) == []
