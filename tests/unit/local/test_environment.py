from pathlib import Path

import pytest

from listino.local.environment import program_environment
from listino.local.folders import StateFolder
from listino.settings import Settings


def test_a_program_reads_the_same_settings_wherever_it_runs(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings.model_copy(update={"state_dir": Path("relative"), "live_workers": 5})
    monkeypatch.chdir(tmp_path)
    environment = program_environment(given, StateFolder.of(given), "mongodb://127.0.0.1:1/", "unix:///r.sock?db=0")
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    (elsewhere / ".env").write_text("LISTINO_LIVE_WORKERS=9\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    read = Settings()

    assert read.live_workers == 5
    assert read.port_base == 18080
    assert read.state_dir == tmp_path / "relative"
    assert read.shops_path == tmp_path / "relative" / "shops"
    assert read.mongo_address == "mongodb://127.0.0.1:1/"
    assert read.redis_address == "unix:///r.sock?db=0"


def test_the_instance_is_named_and_stale_settings_are_dropped(
    settings: Settings, folder: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTINO_SECRET_KEY", "of the shell, not of these settings")
    monkeypatch.setenv("HOME", "/home/anna")
    environment = program_environment(settings, folder, "mongodb://127.0.0.1:1/", "unix:///r.sock?db=0")
    assert environment["LISTINO_INSTANCE"] == str(folder.root)
    assert environment["PYTHONUNBUFFERED"] == "1"
    assert environment["HOME"] == "/home/anna"
    assert "LISTINO_SECRET_KEY" not in environment


def test_secrets_reach_the_programs_unmasked(settings: Settings, folder: StateFolder) -> None:
    given = Settings(state_dir=settings.state_dir, secret_key="s" * 40, _env_file=None)  # type: ignore[call-arg]
    assert program_environment(given, folder, "mongodb://h/", "redis://r/0")["LISTINO_SECRET_KEY"] == "s" * 40
