from pathlib import Path

import pytest

from listino.domain.errors import LocalPlatformError
from listino.local.cluster_plan import MOST_SHARDS, new_plan, read_plan, write_plan


def test_a_new_plan_names_its_servers_as_production_does() -> None:
    plan = new_plan(8080, 3)
    assert [members.names for members in plan.sets] == [
        ("config-1", "config-2", "config-3"),
        ("shard-1-1", "shard-1-2", "shard-1-3"),
        ("shard-2-1", "shard-2-2", "shard-2-3"),
    ]
    assert [members.ports for members in plan.sets] == [(8210, 8211, 8212), (8220, 8221, 8222), (8230, 8231, 8232)]
    assert plan.members == 3


def test_what_was_written_is_read(tmp_path: Path) -> None:
    plan = new_plan(8080, 1).with_another_shard()
    write_plan(tmp_path / "cluster.json", plan)
    assert read_plan(tmp_path / "cluster.json") == plan
    assert [path.name for path in tmp_path.iterdir()] == ["cluster.json"]


def test_no_file_is_no_plan(tmp_path: Path) -> None:
    assert read_plan(tmp_path / "cluster.json") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"config": {}}', '{"config": {"name": "c", "ports": ["x"]}, "shards": []}']
)
def test_a_broken_file_is_named_with_the_way_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cluster.json"
    path.write_text(text)
    with pytest.raises(LocalPlatformError, match="put it back from a backup") as caught:
        read_plan(path)
    assert str(path) in str(caught.value)


def test_a_shard_more_leaves_the_others_as_they_are() -> None:
    plan = new_plan(8080, 1)
    grown = plan.with_another_shard()
    assert grown.sets[:3] == plan.sets
    assert (grown.shards[2].name, grown.shards[2].ports) == ("shard-3", (8240,))


def test_there_is_an_end_to_shards() -> None:
    plan = new_plan(8080, 1)
    while len(plan.shards) < MOST_SHARDS:
        plan = plan.with_another_shard()
    assert len({port for members in plan.sets for port in members.ports}) == 1 + MOST_SHARDS
    with pytest.raises(LocalPlatformError, match="at most 10 shards"):
        plan.with_another_shard()
