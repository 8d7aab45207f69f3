import pytest

from listino.domain.errors import LocalPlatformError
from listino.local.binaries import MONGOD, NGINX, REDIS
from listino.local.blueprint import Blueprint, topology_of
from listino.local.folders import StateFolder
from listino.local.programs import Stage
from listino.local.topology import GivenMongo, ReplicaSet
from listino.settings import PORT_OFFSETS, Settings


def blueprint(settings: Settings, only: set[str] | None = None) -> Blueprint:
    folder = StateFolder.of(settings)
    return Blueprint(settings, folder, topology_of(settings, folder), only)


def test_the_whole_platform_has_every_part_once(settings: Settings) -> None:
    programs = blueprint(settings).programs()
    assert [program.name for program in programs] == [
        *("mongo-1", "redis", "shop-it", "shop-fr", "shop-de", "shop-es", "api-1", "api-2", "backoffice"),
        *("live-1", "live-2", "live-3", "live-4", "crawl-1", "crawl-2", "scheduler", "nginx"),
    ]
    assert {program.name for program in programs if program.stage is Stage.ENGINE} == {"mongo-1", "redis"}


def test_every_declared_port_is_used_once(settings: Settings) -> None:
    ports = [program.port for program in blueprint(settings).programs() if program.port is not None]
    assert sorted(ports) == sorted(settings.port(part) for part in PORT_OFFSETS)


def test_live_workers_are_as_many_as_the_settings_say(settings: Settings) -> None:
    names = [program.name for program in blueprint(settings.model_copy(update={"live_workers": 3})).programs()]
    assert [name for name in names if name.startswith("live-")] == ["live-1", "live-2", "live-3"]


def test_given_engines_are_not_started(settings: Settings) -> None:
    given = settings.model_copy(update={"mongo_uri": "mongodb://me:secret@db/", "redis_url": "redis://cache:6379/0"})
    plan = blueprint(given)
    assert isinstance(plan.topology, GivenMongo)
    assert plan.engines() == (NGINX,)
    assert not any(program.stage is Stage.ENGINE for program in plan.programs())
    assert plan.waits_for_redis()
    assert plan.addresses()["MongoDB"] == "mongodb://me:***@db/"


def test_a_subset_needs_only_its_engines(settings: Settings) -> None:
    plan = blueprint(settings, {"mongo-1", "redis"})
    assert isinstance(plan.topology, ReplicaSet)
    assert plan.engines() == (MONGOD, REDIS)
    assert [program.name for program in plan.programs()] == ["mongo-1", "redis"]
    assert list(plan.addresses()) == ["MongoDB", "Redis"]


def test_an_unknown_part_is_named_with_the_ones_there_are(settings: Settings) -> None:
    with pytest.raises(LocalPlatformError, match=r"no such part: mysql; there are .*mongo-1"):
        blueprint(settings, {"mysql"}).programs()
