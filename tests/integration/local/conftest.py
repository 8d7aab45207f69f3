import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ports import free_base

from listino.local import processes
from listino.local.folders import StateFolder
from listino.local.nginx import remove_cache
from listino.settings import Settings

Eventually = Callable[..., None]


@pytest.fixture
def eventually() -> Eventually:
    """Waits until a condition holds, and fails at the deadline (in seconds)."""

    def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not become so in time"
            time.sleep(0.02)

    return wait


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A platform of its own, on ports nobody holds; whatever a failed test leaves running is ended."""
    for name in ("LISTINO_MONGO_URI", "LISTINO_REDIS_URL", "LISTINO_SHOPS_DIR"):
        monkeypatch.delenv(name, raising=False)
    given = Settings(state_dir=tmp_path / "state", port_base=free_base(), _env_file=None)  # type: ignore[call-arg]
    yield given
    processes.end(processes.of_instance(StateFolder.of(given)), 1)
    remove_cache(StateFolder.of(given).run)
