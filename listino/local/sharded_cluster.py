"""The sharded cluster that the platform on this machine runs: config servers, shards, two routers."""

from pathlib import Path

from listino.domain.errors import LocalPlatformError
from listino.local import binaries
from listino.local.cluster_plan import ClusterPlan, new_plan, read_plan, write_plan
from listino.local.engines import CACHE_GB, HOST, THROW_AWAY_CACHE_GB
from listino.local.folders import StateFolder
from listino.local.programs import Program, Stage
from listino.local.sharding import (
    CONFIG,
    MemberSet,
    add_shards,
    initiate,
    known_shards,
    member_argv,
    mongos_argv,
    router_argv,
)
from listino.local.sockets import member_sockets
from listino.settings import ROUTERS, Settings

# A mongod hands over and closes its files in well under a second; one that cannot is killed, and its journal recovers.
MEMBER_STOP_SECONDS = 5
ROUTER_STOP_SECONDS = 3

PLAN_FILE = "cluster.json"


class ShardedCluster:
    """Its servers and ports are those of the plan; `folder` holds their data and the plan itself."""

    def __init__(self, settings: Settings, folder: Path, plan: ClusterPlan) -> None:
        self.plan = plan
        self._settings = settings
        self._folder = folder
        self._sockets = member_sockets(StateFolder.of(settings).sockets)

    @classmethod
    def of(cls, settings: Settings, folder: Path, members: int | None = None) -> "ShardedCluster":
        """The cluster whose data is in that folder, else a new one of so many members a replica set (default: one).

        Raises LocalPlatformError when the one that is there has another number of members.
        """
        plan = read_plan(folder / PLAN_FILE)
        if plan is not None and members not in (None, plan.members):
            raise LocalPlatformError(
                f"--members {members}: the cluster in {folder} was made with {plan.members} a replica set and keeps "
                f"them: leave the option out, or set LISTINO_STATE_DIR to an empty folder for a new cluster"
            )
        return cls(settings, folder, plan or new_plan(settings.port_base, members or 1))

    @property
    def uri(self) -> str:
        return self._settings.mongo_address

    @property
    def engines(self) -> tuple[binaries.Engine, ...]:
        return (binaries.MONGOD,)

    def programs(self) -> tuple[Program, ...]:
        return (*self.members(), *self._routers())

    def members(self) -> tuple[Program, ...]:
        """The config servers and the shards' servers."""
        binary = binaries.find(binaries.MONGOD)
        movable = not (self._folder / PLAN_FILE).exists()
        return tuple(
            Program(
                name=name,
                argv=member_argv(binary, members, port, self._data(name), self._cache_gb(members), self._sockets),
                stage=Stage.ENGINE,
                port=port,
                probe=f"mongodb://{HOST}:{port}/?directConnection=true",
                stop_seconds=MEMBER_STOP_SECONDS,
                movable=movable,
            )
            for members in self.plan.sets
            for name, port in zip(members.names, members.ports, strict=True)
        )

    def prepare(self) -> None:
        for members in self.plan.sets:
            for name in members.names:
                self._data(name).mkdir(parents=True, exist_ok=True)
        write_plan(self._folder / PLAN_FILE, self.plan)

    def initiate(self, seconds: float) -> None:
        initiate(self.plan.sets, seconds)
        add_shards(self.plan.config, self.plan.shards, seconds)

    def not_joined(self) -> tuple[str, ...]:
        """The planned shards that the running cluster does not have."""
        known = known_shards(self.plan.config)
        return tuple(shard.name for shard in self.plan.shards if shard.name not in known)

    def with_another_shard(self) -> "ShardedCluster":
        """The same cluster and one shard, of which nothing runs yet; raises LocalPlatformError if there is no room."""
        return ShardedCluster(self._settings, self._folder, self.plan.with_another_shard())

    def _routers(self) -> tuple[Program, ...]:
        """mongos where it is installed, else ours. They open their ports once the config servers are a replica set."""
        mongos = binaries.find_mongos()
        return tuple(
            Program(
                name=name,
                argv=mongos_argv(mongos, port, self.plan.config)
                if mongos
                else router_argv(port, self.plan.config, sockets=self._sockets),
                stage=Stage.ROUTER,
                port=port,
                probe=f"mongodb://{HOST}:{port}/?directConnection=true",
                stop_seconds=ROUTER_STOP_SECONDS,
            )
            for name, port in ((name, self._settings.port(name)) for name in ROUTERS)
        )

    def _data(self, member: str) -> Path:
        return self._folder / member

    def _cache_gb(self, members: MemberSet) -> float:
        """Config servers hold little, and nine servers share one machine's memory."""
        return THROW_AWAY_CACHE_GB if members.role == CONFIG or self.plan.members > 1 else CACHE_GB
