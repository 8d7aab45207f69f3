"""How long a guarded write may take."""

import pytest
from pymongo import MongoClient
from pymongo.errors import ServerSelectionTimeoutError

from listino.live.page_scripts import WRITING_MS
from listino.store import guard
from listino.store.guard import WRITE_SECONDS, Bounded, Unguarded


def test_a_writer_s_mark_outlives_its_write() -> None:
    assert 1000 * WRITE_SECONDS + 5_000 <= WRITING_MS


async def test_all_calls_of_a_write_share_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time left nothing is asked any more, however long a single call might take."""
    monkeypatch.setattr(guard, "WRITE_SECONDS", 0.001)
    bounded = Bounded(Unguarded())
    with MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=600_000) as client:
        with pytest.raises(ServerSelectionTimeoutError), bounded.writing([1]):
            client.admin.command("ping")
        with pytest.raises(ServerSelectionTimeoutError):
            async with bounded.writing_async([1]):
                client.admin.command("ping")
