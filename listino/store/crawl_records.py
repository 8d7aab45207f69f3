"""A crawl run as its spider keeps it while it happens, asynchronous."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from listino.domain.crawl import Crawl, LogLine, Reject, StopRequest
from listino.store.collections import CRAWL_LOG, CRAWLS, LEASES, REJECTS
from listino.store.crawls import lease_key, stop_in
from listino.store.documents import crawl_document


class AsyncCrawls:
    """Writing a crawl run while it happens. `database` is the driver's, which `listino.store.aio` alone knows by name."""

    def __init__(self, database: Any) -> None:
        self._crawls = database[CRAWLS.name]
        self._rejects = database[REJECTS.name]
        self._log = database[CRAWL_LOG.name]
        self._leases = database[LEASES.name]

    async def save(self, crawl: Crawl) -> None:
        document = crawl_document(crawl)
        await self._crawls.replace_one({"_id": document["_id"]}, document, upsert=True)

    async def keep_rejects(self, rejects: Sequence[Reject]) -> None:
        if rejects:
            await self._rejects.insert_many([asdict(reject) for reject in rejects], ordered=False)

    async def keep_log(self, lines: Sequence[LogLine]) -> None:
        if lines:
            await self._log.insert_many([asdict(line) for line in lines], ordered=False)

    async def stop_request(self, market: str) -> StopRequest | None:
        """Who wants the market's crawl to stop."""
        return stop_in(await self._leases.find_one({"_id": lease_key(market)}, {"stop": 1}))
