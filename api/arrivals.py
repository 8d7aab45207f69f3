"""When a request reached the balancer. There its caller's time begins, and on a busy machine this process comes round to it some
ten milliseconds later."""

import asyncio
import re
import time

from starlette.types import Scope

from api.limits import Clients

# The balancer gives a node up after 0.5 s and asks another, for as long as this at most (deploy/nginx/storefront.conf). What says
# to be older, or from the future, comes from a machine whose clock differs, and is not heard.
MOST_SECONDS = 0.8

_STAMP = re.compile(rb"t=(\d{1,12}\.\d{3})")  # seconds since 1970, as nginx's $msec


class Arrivals:
    """What trusted balancers say in X-Request-Start: `clients` knows whom to trust."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def of(self, scope: Scope) -> float:
        """By the running loop's clock; now, where nobody says anything of it that can be."""
        now = asyncio.get_running_loop().time()
        for name, value in scope["headers"]:
            if name == b"x-request-start":
                stamp = _STAMP.fullmatch(value)
                if stamp is None or not self._clients.speaks_for_others(scope):
                    return now
                age = time.time() - float(stamp[1])
                return now - age if 0 < age <= MOST_SECONDS else now
        return now
