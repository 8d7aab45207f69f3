"""Whether the part in this container is alive: exit code 0 or 1. HEALTH_CHECK says how it is seen.

    http://…   the address answers with a status below 400
    worker     a worker of this host is registered with RQ; one that hangs drops out of the register
    schedule   the same for the scheduler

Redis being away is not the worker's fault: restarting workers would not bring it back.
"""

import http.client
import os
import socket
import sys
import urllib.error
import urllib.request

SECONDS = 5.0


def main(how: str) -> str | None:
    """What is wrong, or None."""
    if how.startswith("http://"):
        return _http(how)
    if how in ("worker", "schedule"):
        return _registered(how)
    return f"HEALTH_CHECK={how!r} is neither an address, worker nor schedule" if how else None


def _http(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address, timeout=SECONDS):  # noqa: S310  # main() lets http:// pass only
            return None
    except (OSError, urllib.error.URLError, http.client.HTTPException) as error:
        return f"{address}: {error}"


def _registered(kind: str) -> str | None:
    # Loaded here: an HTTP part, asked every few seconds, does without them.
    from redis import Redis
    from redis.exceptions import RedisError
    from rq import Worker
    from rq.cron import CronScheduler
    from rq.serializers import JSONSerializer

    address = os.environ["LISTINO_REDIS_URL"]
    try:
        with Redis.from_url(address, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as redis:
            found: list[str | None]
            if kind == "schedule":
                found = [scheduler.hostname for scheduler in CronScheduler.all(redis)]
            else:
                found = [worker.hostname for worker in Worker.all(redis, serializer=JSONSerializer)]
    except RedisError:
        return None
    return None if socket.gethostname() in found else f"no {kind} of {socket.gethostname()} is registered"


if __name__ == "__main__":
    sys.exit(main(os.environ.get("HEALTH_CHECK", "")))
