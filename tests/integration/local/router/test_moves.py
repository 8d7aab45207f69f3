"""Chunks move to and fro while clients read and write: no answer is wrong, no increment lost or doubled."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

from pymongo import MongoClient, UpdateOne
from pymongo.database import Database
from pymongo.errors import OperationFailure

SECONDS = 7.0
DOCUMENTS = 300

Documents = list[dict[str, Any]]


def test_answers_stay_right_while_chunks_move(client: MongoClient, database: Database) -> None:
    goods = database["goods"]
    goods.insert_many([{"_id": number, "n": 0, "group": number % 5} for number in range(DOCUMENTS)], ordered=False)
    expected = [0] * DOCUMENTS
    lock = threading.Lock()
    wrong: list[str] = []
    done = {"moves": 0, "increments": 0, "reads": 0}
    end = time.monotonic() + SECONDS

    def count_up(number: int, by: int = 1) -> None:
        with lock:
            expected[number] += by
            done["increments"] += by

    def single(seed: int) -> None:
        number = random.Random(seed).randrange(DOCUMENTS)
        assert goods.update_one({"_id": number}, {"$inc": {"n": 1}}).modified_count == 1
        count_up(number)

    def bulk(seed: int) -> None:
        chosen = random.Random(seed).sample(range(DOCUMENTS), 40)
        changes = [UpdateOne({"_id": number}, {"$inc": {"n": 1}}) for number in chosen]
        assert goods.bulk_write(changes, ordered=seed % 2 == 0).modified_count == 40
        for number in chosen:
            count_up(number)

    def step(seed: int) -> None:
        number = random.Random(seed).randrange(DOCUMENTS)
        assert goods.find_one_and_update({"_id": number}, {"$inc": {"n": 1}}) is not None
        count_up(number)

    def read(seed: int) -> None:
        assert goods.count_documents({}) == DOCUMENTS
        assert goods.find_one({"_id": seed % DOCUMENTS}) is not None
        assert len(list(goods.find({}, batch_size=60))) == DOCUMENTS
        groups = goods.aggregate([{"$group": {"_id": "$group", "n": {"$sum": 1}}}])
        assert {group["_id"]: group["n"] for group in groups} == dict.fromkeys(range(5), DOCUMENTS // 5)
        assert sorted(goods.distinct("group")) == list(range(5))
        done["reads"] += 1

    def repeat(work: Callable[[int], None], seed: int) -> None:
        while time.monotonic() < end and not wrong:
            seed += 1
            try:
                work(seed)
            except Exception as error:
                wrong.append(f"{work.__name__}: {error!r}")

    def move(seed: int) -> None:
        entry = client.config["collections"].find_one({"_id": f"{database.name}.goods"})
        chunks = list(client.config["chunks"].find({"uuid": entry["uuid"]}))
        chunk = chunks[seed % len(chunks)]
        target = "shard1" if chunk["shard"] == "shard0" else "shard0"
        try:
            client.admin.command("moveRange", f"{database.name}.goods", min=chunk["min"], toShard=target)
        except OperationFailure as error:
            if "orphaned" not in str(error):  # what the last move of this range left behind is not removed yet
                raise
        else:
            done["moves"] += 1

    works = [single, single, bulk, step, read, move]
    threads = [threading.Thread(target=repeat, args=(work, 1000 * n)) for n, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert {document["_id"]: document["n"] for document in goods.find()} == dict(enumerate(expected))
    assert done["moves"] >= 3, done
    assert done["increments"] > 100, done
    assert done["reads"] > 5, done
