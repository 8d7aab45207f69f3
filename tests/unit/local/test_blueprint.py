import pytest

from listino.domain.errors import LocalPlatformError
from listino.local.binaries import MONGOD, NGINX, REDIS
from listino.local.blueprint import Blueprint, topology_of
from listino.local.folders import StateFolder
from listino.local.programs import Stage
from listino.local.sharded_cluster import ShardedCluster
from listino.local.topology import GivenMongo
from listino.settings import PORT_OFFSETS, Settings

MONGO_PARTS = ("config-1", "shard-1-1", "shard-2-1", "router-1", "router-2")


def blueprint(settings: Settings, only: set[str] | None = None) -> Blueprint:
    folder = StateFolder.of(settings)
    return Blueprint(settings, folder, topology_of(settings, folder), only)


def test_the_whole_platform_has_every_part_once(settings: Settings) -> None:
    programs = blueprint(settings).programs()
    assert [program.name for program in programs] == [
        *MONGO_PARTS,
        *("redis", "shop-it", "shop-fr", "shop-de", "shop-es", "api-1", "api-2", "backoffice"),
        *("live", "crawl-1", "crawl-2", "scheduler", "nginx"),
    ]
    assert {program.name for program in programs if program.stage is Stage.ENGINE} == {*MONGO_PARTS[:3], "redis"}
    assert {program.name for program in programs if program.stage is Stage.ROUTER} == set(MONGO_PARTS[3:])


def test_every_declared_port_is_used_once(settings: Settings) -> None:
    ports = {program.name: program.port for program in blueprint(settings).programs() if program.port is not None}
    assert len(set(ports.values())) == len(ports)
    offsets = PORT_OFFSETS | {"config-1": 130, "shard-1-1": 140, "shard-2-1": 150, "live": 30}
    assert ports == {part: settings.port_base + offset for part, offset in offsets.items()}


def test_live_workers_answer_prometheus_each_at_a_port_of_its_own(settings: Settings) -> None:
    most = settings.model_copy(update={"live_workers": 64})
    programs = {one.name: one for one in blueprint(most).programs()}
    pool = programs.pop("live")
    assert (pool.port, pool.ports) == (settings.port_base + 30, 64)
    assert pool.argv[-4:] == ("--processes", "64", "--metrics-port", str(settings.port_base + 30))
    assert {one.port for one in programs.values()}.isdisjoint(range(pool.port, pool.port + pool.ports))


def test_given_engines_are_not_started(settings: Settings) -> None:
    given = settings.model_copy(update={"mongo_uri": "mongodb://me:secret@db/", "redis_url": "redis://cache:6379/0"})
    plan = blueprint(given)
    assert isinstance(plan.topology, GivenMongo)
    assert plan.engines() == (NGINX,)
    assert not any(program.stage is Stage.ENGINE for program in plan.programs())
    assert plan.waits_for_redis()
    assert plan.addresses()["MongoDB"] == "mongodb://me:***@db/"


def test_a_subset_needs_only_its_engines(settings: Settings) -> None:
    plan = blueprint(settings, {"mongo", "redis"})
    assert isinstance(plan.topology, ShardedCluster)
    assert plan.engines() == (MONGOD, REDIS)
    assert [program.name for program in plan.programs()] == [*MONGO_PARTS, "redis"]
    assert list(plan.addresses()) == ["MongoDB", "Redis"]


def test_an_unknown_part_is_named_with_the_ones_there_are(settings: Settings) -> None:
    with pytest.raises(LocalPlatformError, match=r"no such part: mysql; there are .*mongo"):
        blueprint(settings, {"mysql"}).programs()
