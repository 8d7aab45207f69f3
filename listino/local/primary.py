"""Making one mongod the primary of a replica set of its own, whatever its data says it was before."""

import time

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from listino.domain.errors import LocalPlatformError

HOST = "127.0.0.1"
REPLICA_SET = "listino"

# Server error codes: https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml
NOT_YET_INITIALIZED = 94
ALREADY_INITIALIZED = 23

# How often, in seconds, a condition is looked at while waiting for it.
PAUSE_SECONDS = 0.02


def become_primary(port: int, seconds: float) -> None:
    """Makes the mongod on that port the primary of its own set, whatever its data says it was before.

    A member is known by its address, so data from another port is reconfigured (`force`: a removed member cannot ask
    a majority). Raises LocalPlatformError when it is no primary after `seconds`.
    """
    deadline = time.monotonic() + seconds
    address = f"{HOST}:{port}"
    reason = "no answer"
    client: MongoClient = MongoClient(address, directConnection=True, serverSelectionTimeoutMS=2000)
    with client:
        while time.monotonic() < deadline:
            try:
                hello = client.admin.command("hello")
                if hello["isWritablePrimary"] and hello["me"] == address:
                    return
                if "setName" not in hello:
                    _configure(client, address)
            except PyMongoError as error:
                reason = str(error).partition(", full error")[0]
            time.sleep(PAUSE_SECONDS)
    raise LocalPlatformError(f"MongoDB at {address} did not become primary within {seconds:.0f} s ({reason})")


def _configure(client: MongoClient, address: str) -> None:
    """Initiates a new set, or moves the one in the data to this address. During start-up the server refuses both, and
    the caller asks again."""
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        try:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]})
        except OperationFailure as refused:
            if refused.code != ALREADY_INITIALIZED:
                raise
        return
    if [member["host"] for member in config["members"]] != [address]:
        config["members"] = [{"_id": 0, "host": address}]
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
