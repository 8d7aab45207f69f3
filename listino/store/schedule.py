"""The times of crawls that somebody chose in the place of the declared ones."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.database import Database

from listino.domain.schedule import Planned, Times
from listino.store.collections import SCHEDULE


class CrawlTimes:
    """One document a market or shop whose times were chosen: a handful. The last who chose is right."""

    def __init__(self, database: Database) -> None:
        self._schedule = database[SCHEDULE.name]

    def all(self) -> dict[str, Planned]:
        """What was chosen, by key (`it`, `it:bottega`)."""
        return {document["_id"]: _planned(document) for document in self._schedule.find()}

    def get(self, key: str) -> Planned | None:
        document = self._schedule.find_one({"_id": key})
        return _planned(document) if document else None

    def choose(self, key: str, times: Times, *, by: str, at: datetime) -> None:
        """From the scheduler's next look on, within seconds, these are the times."""
        chosen = {"every_hours": times.every_hours, "minute": times.minute, "active": times.active, "by": by, "at": at}
        self._schedule.replace_one({"_id": key}, chosen, upsert=True)

    def forget(self, key: str) -> bool:
        """Back to what is declared; False where that was in force."""
        return bool(self._schedule.delete_one({"_id": key}).deleted_count)


def _planned(document: Mapping[str, Any]) -> Planned:
    times = Times(document["every_hours"], document["minute"], document["active"])
    return Planned(key=document["_id"], times=times, by=document["by"], at=document["at"])
