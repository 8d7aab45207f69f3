"""What the processes of one node tell Prometheus together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from api.metrics import MULTIPROCESS, Metrics
from listino.shops.folder import ShopsFolder
from listino.shops.labels import ShopLabels


def written(file: Path, name: str, value: float) -> None:
    """As a process writes a figure of its own."""
    kept = MmapedDict(str(file))
    kept.write_value(mmap_key(name, name, [], [], ""), value, 0.0)
    kept.close()


def test_streams_of_a_killed_process_are_forgotten_and_its_counts_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait(30)
    for pid, streams in ((ended.pid, 3.0), (os.getpid(), 2.0)):
        written(tmp_path / f"gauge_livesum_{pid}.db", "listino_api_streams", streams)
        written(tmp_path / f"counter_{pid}.db", "listino_live_requests_total", 1.0)
    monkeypatch.setenv(MULTIPROCESS, str(tmp_path))

    told = Metrics(ShopLabels(ShopsFolder(tmp_path))).exposition().decode().splitlines()

    assert "listino_api_streams 2.0" in told
    assert "listino_live_requests_total 2.0" in told
