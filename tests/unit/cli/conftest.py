from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the test's own, ports at which nothing listens, and no line broken by a narrow terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LISTINO_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LISTINO_PORT_BASE", "18080")
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("LISTINO_SHOPS_DIR", "LISTINO_MONGO_URI", "LISTINO_REDIS_URL", "LISTINO_STAFF_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
