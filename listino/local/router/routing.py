"""What every command works with: the replica sets behind the router, their catalogue, the open cursors."""

import asyncio
import itertools
import logging
from pathlib import Path

from listino.local.router.catalog import Catalog
from listino.local.router.cursors import Cursors
from listino.local.router.errors import FAILED_TO_SATISFY_READ_PREFERENCE, RouterError
from listino.local.router.replicaset import ReplicaSet
from listino.local.router.requests import PATIENCE_SECONDS
from listino.local.router.upstream import Upstream

log = logging.getLogger(__name__)


class Router:
    """One router's view of its cluster, from `start` to `close`. `config` is written `name/host:port,host:port`;
    `sockets` is the folder where servers of this machine have theirs."""

    def __init__(self, config: str, sockets: Path | None = None) -> None:
        name, _, members = config.partition("/")
        hosts = members.split(",")
        self.seeds = config
        self.upstream = Upstream(sockets)
        self.upstream.add_config_hosts(hosts)
        self.config = ReplicaSet(name, hosts, self.upstream)
        self.catalog = Catalog(self.config)
        self.cursors = Cursors(self.upstream)
        self._shards: dict[str, ReplicaSet] = {}
        self._turn = itertools.count()

    async def start(self) -> None:
        """Returns when the config servers have told which shards there are, however long that takes."""
        self.config.start()
        self.cursors.start()
        shards = None
        while shards is None:
            try:
                shards = await self.all_shards()
            except RouterError as error:
                log.warning("still waiting for %s: %s", self.config.name, error)
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        await asyncio.gather(*(shard.wait_for_primary(deadline) for shard in shards), return_exceptions=True)

    async def close(self) -> None:
        """Ends the cursors that only this router knows, and all connections."""
        await self.cursors.close()
        for members in (self.config, *self._shards.values()):
            members.close()
        self.upstream.close()

    async def all_shards(self) -> list[ReplicaSet]:
        """The shards as the config servers list them now: what asks every shard must not leave out a new one."""
        listed = {shard["_id"]: shard["host"] for shard in await self.catalog.shards()}
        for name in self._shards.keys() - listed.keys():
            self._shards.pop(name).close()
        for name, host in listed.items():
            if name not in self._shards:
                shard = ReplicaSet(name, host.partition("/")[2].split(","), self.upstream)
                self._shards[name] = shard
                shard.start()
        return list(self._shards.values())

    async def shard(self, name: str) -> ReplicaSet:
        """The shard of that name, which may have been added a moment ago."""
        if name not in self._shards:
            await self.all_shards()
        if name not in self._shards:
            raise RouterError(FAILED_TO_SATISFY_READ_PREFERENCE, f"there is no shard {name}")
        return self._shards[name]

    async def any_shard(self, deadline: float) -> ReplicaSet:
        """A shard that has a primary, each in turn; waits for one until the deadline."""
        shards = list(self._shards.values()) or await self.all_shards()
        if not shards:
            raise RouterError(FAILED_TO_SATISFY_READ_PREFERENCE, "the cluster has no shards yet")
        turn = next(self._turn)
        live = [shard for shard in shards if shard.primary is not None]
        if live:
            return live[turn % len(live)]
        chosen = shards[turn % len(shards)]
        await chosen.wait_for_primary(deadline)
        return chosen
