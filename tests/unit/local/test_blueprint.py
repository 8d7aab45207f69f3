from pathlib import Path

import pytest
from redis import Redis

from listino.domain.errors import LocalPlatformError
from listino.local.binaries import MONGOD, NGINX, REDIS
from listino.local.blueprint import Blueprint, topology_of
from listino.local.folders import StateFolder
from listino.local.programs import Stage
from listino.local.sharded_cluster import ShardedCluster
from listino.local.sockets import LONGEST_PATH
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


def test_programs_reach_a_redis_of_the_platform_at_its_socket_and_people_at_its_port(settings: Settings) -> None:
    settings = settings.model_copy(update={"state_dir": Path("/srv/a folder?#100%")})  # pytest's own may be too long
    plan = blueprint(settings)
    (redis,) = [program for program in plan.programs() if program.name == "redis"]
    local = Redis.from_url(plan.redis_url).connection_pool.connection_kwargs["path"]
    assert local == redis.argv[redis.argv.index("--unixsocket") + 1]
    assert local == str(settings.state_dir / "run" / "sockets" / "redis.sock")
    assert plan.addresses()["Redis"] == f"redis://127.0.0.1:{settings.port('redis')}/0"


@pytest.mark.parametrize("given", ["redis://cache:6379/0", "unix:///run/valkey.sock"])
def test_programs_reach_another_redis_where_the_settings_say(settings: Settings, given: str) -> None:
    assert blueprint(settings.model_copy(update={"redis_url": given})).redis_url == given


def test_programs_without_a_redis_beside_them_look_for_one_at_the_port(settings: Settings) -> None:
    assert blueprint(settings, {"api-1"}).redis_url == settings.redis_address


def test_a_path_that_is_too_long_for_a_socket_leaves_the_port(settings: Settings) -> None:
    room = LONGEST_PATH - len("/run/sockets/redis.sock")
    longest = Path("/" + "x" * (room - 1))
    fits, too_long = (settings.model_copy(update={"state_dir": path}) for path in (longest, Path(f"{longest}y")))
    assert blueprint(fits).redis_url.startswith("unix:///xxx")
    assert blueprint(too_long).redis_url == settings.redis_address
    (redis,) = [program for program in blueprint(too_long).programs() if program.name == "redis"]
    assert "--unixsocket" not in redis.argv


def test_a_subset_needs_only_its_engines(settings: Settings) -> None:
    plan = blueprint(settings, {"mongo", "redis"})
    assert isinstance(plan.topology, ShardedCluster)
    assert plan.engines() == (MONGOD, REDIS)
    assert [program.name for program in plan.programs()] == [*MONGO_PARTS, "redis"]
    assert list(plan.addresses()) == ["MongoDB", "Redis"]


def test_an_unknown_part_is_named_with_the_ones_there_are(settings: Settings) -> None:
    with pytest.raises(LocalPlatformError, match=r"no such part: mysql; there are .*mongo"):
        blueprint(settings, {"mysql"}).programs()
