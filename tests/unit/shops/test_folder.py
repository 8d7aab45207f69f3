"""The shops folder, whose declarations change while a process goes on."""

from pathlib import Path

import pytest

from listino.shops import folder as module
from listino.shops.folder import ShopsFolder

DECLARED = """
[shop]
name = "bottega"
market = "it"
platform = "woocommerce"
url = "https://bottega.example"
"""


def test_a_change_is_seen_at_once_or_as_soon_as_it_is_looked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    eager, busy = ShopsFolder(tmp_path), ShopsFolder(tmp_path, look_seconds=1)
    assert (len(eager.now()), len(busy.now())) == (0, 0)
    (tmp_path / "it-bottega.toml").write_text(DECLARED)
    assert list(eager.now()) == ["it:bottega"]
    clock[0] += 0.9
    assert len(busy.now()) == 0
    clock[0] += 0.2
    assert list(busy.now()) == ["it:bottega"]
