"""Workers' coroutines run where workers run them; and what several tests of their HTTP transport begin with."""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping

import pytest
import uvloop
from certificates import Certificate

from workers import pools


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever host was asked is long ago, and every request looks for such."""
    monkeypatch.setattr(pools, "_IDLE_SECONDS", 0.0)
    monkeypatch.setattr(pools, "_LOOK_SECONDS", 0.0)
