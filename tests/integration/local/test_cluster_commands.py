"""`listino cluster` as an operator types it, on the platform of this machine."""

import json
import os
import subprocess
import sys

from pymongo import MongoClient

from listino.cli.platform import furnishing
from listino.local.platform import ENGINES, Platform
from listino.settings import Settings


def listino(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "listino", *arguments],
        env=os.environ | settings.environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_a_shard_is_added_to_the_running_platform_and_there_after_the_next_start(settings: Settings) -> None:
    platform = Platform(settings, only=ENGINES)
    platform.up(furnish=furnishing(settings))
    with MongoClient(settings.mongo_address) as client:
        client["listino"]["products"].insert_many([{"_id": str(n), "name": "Moka"} for n in range(100)])

    added = listino(settings, "cluster", "add-shard")
    assert (added.returncode, added.stdout.partition(";")[0]) == (0, "shard-3 is a shard now")
    assert "shard-3-1" in added.stderr
    told = json.loads(listino(settings, "cluster", "status", "--json").stdout)
    assert told["ok"] is True
    shares = [share for share in told["shares"] if share["collection"] == "products"]
    assert [share["shard"] for share in shares] == ["shard-1", "shard-2", "shard-3"]
    assert sum(share["documents"] for share in shares) == 100
    assert {member["replica_set"] for member in told["members"]} == {"config", "shard-1", "shard-2", "shard-3"}
    assert "shard-3-1" in {part.name for part in platform.status()}

    platform.down()
    Platform(settings, only=ENGINES).up()
    names = [part.name for part in platform.status()]
    assert [name for name in names if name.startswith("shard")] == ["shard-1-1", "shard-2-1", "shard-3-1"]
    shown = listino(settings, "cluster", "status")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.count("primary") == 4
    assert shown.stdout.count("development router") == 2
    with MongoClient(settings.mongo_address) as client:
        assert client["listino"]["products"].count_documents({}) == 100
    elsewhere = settings.model_copy(update={"port_base": settings.port_base + 200})
    lost = listino(elsewhere, "cluster", "status")
    assert lost.returncode == 1
    assert f"runs from port {settings.port_base}: set LISTINO_PORT_BASE={settings.port_base}" in lost.stderr
    platform.down()


def test_a_shard_for_a_platform_that_does_not_run_is_refused(settings: Settings) -> None:
    refused = listino(settings, "cluster", "add-shard")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "nothing is running" in refused.stderr
    assert "listino up" in refused.stderr
