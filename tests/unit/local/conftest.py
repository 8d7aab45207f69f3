from pathlib import Path

import pytest

from listino.local.folders import StateFolder
from listino.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of nobody's environment, with a state folder of their own."""
    for name in ("LISTINO_MONGO_URI", "LISTINO_REDIS_URL", "LISTINO_SHOPS_DIR", "LISTINO_PORT_BASE"):
        monkeypatch.delenv(name, raising=False)
    return Settings(state_dir=tmp_path / "state", port_base=18080, _env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def folder(settings: Settings) -> StateFolder:
    return StateFolder.of(settings)
