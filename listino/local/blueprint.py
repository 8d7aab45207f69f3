"""Settings in, the platform's parts out: which programs run, and where people reach them."""

from collections.abc import Collection
from dataclasses import dataclass

from listino.domain.errors import LocalPlatformError
from listino.local import binaries, parts
from listino.local.declarations import DEMO_SHOPS
from listino.local.engines import HOST, socket_url
from listino.local.folders import StateFolder
from listino.local.programs import Program
from listino.local.sharded_cluster import ShardedCluster
from listino.local.sockets import REDIS_SOCKET
from listino.local.topology import GivenMongo, Topology
from listino.settings import Settings, masked

# Stands in `only` for all servers of MongoDB, however many those are.
MONGO = "mongo"

# Parts a person opens in a browser or gives to a program, and what they are called.
TITLES = {
    "nginx": "storefront API",
    "backoffice": "back office",
    **{shop.part: f"demo shop {shop.market}" for shop in DEMO_SHOPS},
}


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The platform as it is to be; `only` names the parts to leave it at (`mongo`: all of MongoDB), None means all."""

    settings: Settings
    folder: StateFolder
    topology: Topology
    only: Collection[str] | None = None

    def engines(self) -> tuple[binaries.Engine, ...]:
        """Whose programs must be found before anything starts."""
        needed = list(self.topology.engines) if self.waits_for_mongo() else []
        if self._starts_redis():
            needed.append(binaries.REDIS)
        if self._wants("nginx"):
            needed.append(binaries.NGINX)
        return tuple(needed)

    def programs(self) -> tuple[Program, ...]:
        """What the supervisor is to run, engines first; raises LocalPlatformError when one of them is not there, or
        `only` names a part that there is not."""
        own = parts.own_programs(self.settings, self.folder)
        known = {program.name for program in own} | {MONGO, "redis", "nginx"}
        if unknown := set(self.only or ()) - known:
            raise LocalPlatformError(
                f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
            )
        wanted: list[Program] = []
        if self.waits_for_mongo():
            wanted += self.topology.programs()
        if self._starts_redis():
            wanted.append(parts.redis_program(self.settings, self.folder))
        wanted += (program for program in own if self._wants(program.name))
        if self._wants("nginx"):
            wanted.append(parts.nginx_program(self.settings))
        return tuple(wanted)

    def addresses(self) -> dict[str, str]:
        """Title to address, of the parts a person has business with; passwords are replaced by stars."""
        found = {
            title: f"http://{HOST}:{self.settings.port(part)}" for part, title in TITLES.items() if self._wants(part)
        }
        if self.waits_for_mongo():
            found["MongoDB"] = masked(self.topology.uri)
        if self._wants("redis"):
            found["Redis"] = masked(self.settings.redis_address)
        return found

    @property
    def redis_url(self) -> str:
        """Where our programs reach Redis: at the socket of the one that is started here, where it has one. People are told of its
        port."""
        local = self.folder.socket(REDIS_SOCKET) if self._starts_redis() else None
        return socket_url(local) if local else self.settings.redis_address

    def waits_for_mongo(self) -> bool:
        """Whether MongoDB is wanted, started here or by somebody else."""
        return self._wants(MONGO)

    def waits_for_redis(self) -> bool:
        """Whether the Redis to wait for is one that somebody else runs."""
        return self.settings.redis_url is not None and self._wants("redis")

    def _wants(self, name: str) -> bool:
        return self.only is None or name in self.only

    def _starts_redis(self) -> bool:
        return self.settings.redis_url is None and self._wants("redis")


def topology_of(settings: Settings, folder: StateFolder, members: int | None = None) -> Topology:
    """A given MongoDB if the settings name one, else a cluster on this machine of so many members a replica set.

    Raises LocalPlatformError when there is a cluster with another number of members in the folder already.
    """
    if settings.mongo_uri is not None:
        return GivenMongo(settings.mongo_uri)
    return ShardedCluster.of(settings, folder.mongo, members)
