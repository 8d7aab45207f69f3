"""Making the database what the store declares: collections sharded by their keys, validators, indexes. Can be repeated."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, OperationFailure

from listino.settings import Settings
from listino.store.collections import COLLECTIONS, SESSIONS, VISITS, WORDS_INDEX, Declaration, Retention
from listino.store.terms_migration import give_terms

Told = Callable[[str, str], None]

BUILDS = (
    "builds"  # how is begun what is told of indexes for documents that are there: it takes minutes for tens of millions
)
LONG_SECONDS = 3 * 3600.0  # of such steps; reading all that is there may take as long


def prepare(client: MongoClient, database: Database, told: Told, settings: Settings, *, unindexed: str = "") -> None:
    """Brings every declared collection into being; `told` hears of each with what was done.

    The `unindexed` collection keeps the indexes that it has, and gets no others.

    On a sharded cluster a missing collection is sharded while it is empty: hashed keys are then split over all shards
    from the first document on. One that was made without a key is sharded, too, and spread by the balancer. Where the
    driver speaks to a replica set, shard keys are left for later.
    """
    existing = {found["name"]: found.get("options", {}) for found in database.list_collections()}
    sharded = sharded_collections(client, database) if is_sharded(client) else None
    if SESSIONS.name in existing and VISITS.name not in existing:
        _announce_visits(database)
    for declared in COLLECTIONS:
        if sharded is not None and declared.name not in sharded:
            if declared.name in existing:
                # Documents that are there already are found by their key to be moved; the balancer then spreads them.
                with pymongo.timeout(LONG_SECONDS):
                    database[declared.name].create_index(list(declared.shard_key.items()))
            namespace = f"{database.name}.{declared.name}"
            client.admin.command("shardCollection", namespace, key=dict(declared.shard_key))
            told(declared.name, "sharded")
        elif declared.name not in existing:
            with contextlib.suppress(CollectionInvalid):  # another process was faster
                database.create_collection(declared.name)
                told(declared.name, "created")
        _validate(database, declared, existing.get(declared.name, {}).get("validator", {}))
        if declared.name != unindexed:
            index(database, declared, told)
        if declared.retention is not None:
            _retain(database, declared.name, declared.retention, getattr(settings, declared.retention.setting))
        told(declared.name, "ready")


def is_sharded(client: MongoClient) -> bool:
    """Whether the driver speaks to a router."""
    return client.admin.command("hello").get("msg") == "isdbgrid"


def sharded_collections(client: MongoClient, database: Database) -> dict[str, dict[str, Any]]:
    """What the config servers keep (`uuid`, `key`) of each collection of the database that has a shard key."""
    found = client.config.collections.find({"_id": {"$regex": f"^{database.name}\\."}})
    return {entry["_id"].partition(".")[2]: entry for entry in found}


def _validate(database: Database, declared: Declaration, validator: Mapping[str, Any]) -> None:
    """Gives the collection its validator, where it has another one."""
    if validator != declared.validator:
        database.command("collMod", declared.name, validator=dict(declared.validator))


def _announce_visits(database: Database) -> None:
    """Has sessions that were summed up before there were visits summed up again; nobody believes their sums until then."""
    before = {"at": datetime(1970, 1, 1, tzinfo=UTC), "mark": "before visits"}
    database[SESSIONS.name].update_many({"unsummed": {"$exists": False}}, {"$set": {"unsummed": before}})


def _retain(database: Database, name: str, retention: Retention, days: int) -> None:
    """Has the collection's documents removed after so many days."""
    seconds = days * 86_400
    present = database[name].index_information().get(Retention.INDEX)
    if present is None:
        with pymongo.timeout(LONG_SECONDS):
            database[name].create_index(retention.field, name=Retention.INDEX, expireAfterSeconds=seconds)
    elif present["expireAfterSeconds"] != seconds:
        database.command("collMod", name, index={"name": Retention.INDEX, "expireAfterSeconds": seconds})


def index(database: Database, declared: Declaration, told: Told) -> None:
    """Makes the collection's indexes that are missing, all in one walk through it; retired ones go when the new are there."""
    collection = database[declared.name]
    present = collection.index_information().keys()
    missing = [name for model in declared.indexes if (name := model.document["name"]) not in present]
    if missing and (documents := collection.estimated_document_count()):
        told(declared.name, f"{BUILDS} {', '.join(missing)} from {documents:,} documents")
    if declared.indexes:
        with pymongo.timeout(LONG_SECONDS):
            collection.create_indexes(list(declared.indexes))
    for name in present & set(declared.retired):
        if name == WORDS_INDEX:
            give_terms(collection, told)
        with contextlib.suppress(OperationFailure):  # another process was faster
            collection.drop_index(name)
        told(declared.name, f"index {name} dropped")
