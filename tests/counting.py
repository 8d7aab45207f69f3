"""A write loop whose outcome is known exactly, to be run while servers die and chunks move."""

import threading
import time
from collections.abc import Callable

from pymongo import MongoClient

COUNTERS = 8
# An election takes two to four seconds here; a frozen member is noticed after two more.
LONGEST_STALL_SECONDS = 15.0


class Counting:
    """Threads that count up without pause, each its own document, and one that reads across all shards."""

    def __init__(self, client: MongoClient) -> None:
        self._collection = client["failover"]["counters"]
        self._collection.delete_many({})
        self._collection.insert_many([{"_id": number, "n": 0} for number in range(COUNTERS)])
        self._stop = threading.Event()
        self.counted = [0] * COUNTERS
        self.read = 0
        self.errors: list[str] = []
        self.longest = {"write": 0.0, "read": 0.0}
        works = [*(lambda n=n: self._count(n) for n in range(COUNTERS)), self._read]
        self._threads = [threading.Thread(target=self._repeat, args=(work,)) for work in works]

    def __enter__(self) -> "Counting":
        for thread in self._threads:
            thread.start()
        self.wait_for_progress()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_progress(self, steps: int = 10) -> None:
        """Returns once every counter has gone up so often since now, and everything was read."""
        before, read_before = list(self.counted), self.read
        deadline = time.monotonic() + 2 * LONGEST_STALL_SECONDS
        while not self.errors and (
            self.read < read_before + 2
            or any(now < then + steps for now, then in zip(self.counted, before, strict=True))
        ):
            assert time.monotonic() < deadline, "the counters stand still"
            time.sleep(0.02)

    def held(self) -> list[int]:
        return [document["n"] for document in self._collection.find().sort("_id", 1)]

    def _repeat(self, work: Callable[[], str]) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                kind = work()
            except Exception as error:
                self.errors.append(repr(error)[:300])
                return
            self.longest[kind] = max(self.longest[kind], time.monotonic() - began)

    def _count(self, number: int) -> str:
        assert self._collection.update_one({"_id": number}, {"$inc": {"n": 1}}).modified_count == 1
        self.counted[number] += 1
        return "write"

    def _read(self) -> str:
        assert self._collection.count_documents({"n": {"$gte": 0}}) == COUNTERS
        assert len(list(self._collection.find({"n": {"$gte": 0}}))) == COUNTERS
        self.read += 1
        return "read"
