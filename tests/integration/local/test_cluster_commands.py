"""The engines of this machine from the first start to the next one, and `listino cluster` on them as an operator types it."""

import json
import os
import subprocess
import sys

import pytest
from pymongo import MongoClient

from listino.cli.platform import furnishing
from listino.local import processes
from listino.local.platform import ENGINES, Platform
from listino.settings import Settings

MONGO_PARTS = ["config-1", "shard-1-1", "shard-2-1", "router-1", "router-2"]


def listino(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "listino", *arguments],
        env=os.environ | settings.environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.timeout(300)
def test_a_platform_is_brought_up_gets_a_shard_and_is_there_with_its_data_after_the_next_start(
    settings: Settings,
) -> None:
    platform = Platform(settings, only=ENGINES)
    told: list[tuple[str, str]] = []
    furnished: list[float] = []

    def furnish() -> None:
        furnished.append(MongoClient(platform.settings.mongo_address).admin.command("ping")["ok"])
        furnishing(settings)()

    assert platform.up(lambda part, what: told.append((part, what)), furnish)
    assert sorted(told) == sorted((part, "ready") for part in (*MONGO_PARTS, "redis"))
    assert furnished == [1.0]
    parts = {part.name: part for part in platform.status()}
    assert list(parts) == [*MONGO_PARTS, "redis"]
    for part in parts.values():
        assert (part.state, part.restarts) == ("running", 0)
        assert part.port is not None
        assert part.memory is not None
        assert part.memory > 1_000_000
    with MongoClient(platform.addresses()["MongoDB"]) as client:
        assert client.admin.command("hello")["msg"] == "isdbgrid"
        client["listino"]["products"].insert_many([{"_id": str(n), "name": "Moka"} for n in range(100)])
    assert not Platform(settings, only=ENGINES).up(), "it is the same platform, and it runs"

    added = listino(settings, "cluster", "add-shard")
    assert (added.returncode, added.stdout.partition(";")[0]) == (0, "shard-3 is a shard now")
    assert "shard-3-1" in added.stderr
    status = json.loads(listino(settings, "cluster", "status", "--json").stdout)
    assert status["ok"] is True
    shares = [share for share in status["shares"] if share["collection"] == "products"]
    assert [share["shard"] for share in shares] == ["shard-1", "shard-2", "shard-3"]
    assert sum(share["documents"] for share in shares) == 100
    assert {member["replica_set"] for member in status["members"]} == {"config", "shard-1", "shard-2", "shard-3"}
    assert "shard-3-1" in {part.name for part in platform.status()}

    assert platform.down()
    assert platform.status() == []
    assert not platform.down()
    assert processes.of_instance(platform.folder) == []

    moved = settings.model_copy(update={"port_base": settings.port_base + 200})
    platform = Platform(moved, only={"mongo"})
    platform.up()
    ports = {part.name: part.port for part in platform.status()}
    assert [name for name in ports if name.startswith("shard")] == ["shard-1-1", "shard-2-1", "shard-3-1"]
    assert ports["router-1"] == moved.port("router-1"), "routers are where the settings say"
    assert ports["shard-1-1"] == settings.port_base + 140, "servers know each other by their addresses and keep them"
    shown = listino(moved, "cluster", "status")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.count("primary") == 4
    assert shown.stdout.count("development router") == 2
    with MongoClient(platform.addresses()["MongoDB"]) as client:
        assert client["listino"]["products"].count_documents({}) == 100
    lost = listino(settings, "cluster", "status")
    assert lost.returncode == 1
    assert f"runs from port {moved.port_base}: set LISTINO_PORT_BASE={moved.port_base}" in lost.stderr


def test_a_shard_for_a_platform_that_does_not_run_is_refused(settings: Settings) -> None:
    refused = listino(settings, "cluster", "add-shard")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "nothing is running" in refused.stderr
    assert "listino up" in refused.stderr
