"""A platform of the full topology that a test may shoot at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import free_base
from topology import full_topology

from listino.local.platform import Platform
from listino.settings import Settings

# What crawls and live prices of one market need.
PARTS = {"mongo", "redis", "shop-it", "api-1", "api-2", "live", "nginx"}


@pytest.fixture
def platform(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """Three config servers, two shards of three, two routers; a demo shop of so many goods as the parameter says, the
    API behind nginx, live workers."""
    for name in ("LISTINO_MONGO_URI", "LISTINO_REDIS_URL", "LISTINO_SHOPS_DIR"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings(
        _env_file=None,
        state_dir=tmp_path / "state",
        port_base=free_base(),
        demo_products=request.param,
        live_workers=2,
    )
    with full_topology(settings, PARTS) as running:
        yield running
