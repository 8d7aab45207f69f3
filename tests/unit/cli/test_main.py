"""The `listino` command itself, and those of its commands that run the platform."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from listino.cli import main
from listino.domain.errors import EngineUnavailable, InvalidSettings, ListinoError, UnknownMarket, UnknownShop
from listino.local.cluster_plan import new_plan, write_plan


def test_help_imports_no_command() -> None:
    code = "import sys; from listino.cli import main; main.run(['--help']); print(*sys.modules, sep='\\n')"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "  status  " in answer.stdout
    loaded = set(answer.stdout.splitlines())
    assert not loaded & {"listino.settings", "listino.cli.platform", "pymongo", "redis", "rich", "psutil"}


def test_a_command_whose_module_is_missing_hurts_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = {**main.COMMANDS, "ghost": main.Entry("listino.cli.ghost:ghost", "Not written yet.")}
    monkeypatch.setattr(main, "COMMANDS", entries)
    assert main.run(["--help"]) == 0
    assert "ghost" not in capsys.readouterr().out
    assert main.run(["ghost"]) == 2
    assert main.run(["status", "--help"]) == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineUnavailable("MongoDB does not answer"), 1),
        (UnknownMarket("unknown market 'xx'"), 2),
        (UnknownShop("no shop 'x'"), 2),
        (InvalidSettings("LISTINO_PORT_BASE=1: too low"), 2),
        (click.UsageError("no such option"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_become_one_line_and_an_exit_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(main.listino, "get_command", lambda ctx, name: failing)
    assert main.run(["failing"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    if isinstance(error, ListinoError):
        assert said.err == f"listino: {error}\n"


def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LISTINO_PORT_BASE", "many")
    assert main.run(["status"]) == 2
    assert "LISTINO_PORT_BASE='many'" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("listino 0.")


def exit_code_of(arguments: list[str]) -> object:
    """Commands that end with sys.exit do so through the console script too."""
    with pytest.raises(SystemExit) as ended:
        main.run(arguments)
    return ended.value.code


def test_status_of_nothing_fails_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["status", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {"state_dir": str(tmp_path / "state"), "running": False, "healthy": False, "memory": 0, "parts": []}


def test_down_of_nothing_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["down"]) == 0
    assert f"nothing is running in {tmp_path / 'state'}" in capsys.readouterr().err


def test_a_cluster_keeps_the_number_of_its_members(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "state" / "mongo"
    folder.mkdir(parents=True)
    write_plan(folder / "cluster.json", new_plan(8080, 1))
    assert main.run(["up", "--members", "3"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "--members 3: the cluster in" in err
    assert "was made with 1 a replica set" in err
