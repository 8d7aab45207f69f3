"""What happens in the storefront, taken in."""

from dataclasses import asdict
from functools import lru_cache
from ipaddress import ip_address, ip_network

from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.event_body import MOST_BODY_BYTES, events_in, sorted_out
from api.problems import BadParameter, ContentTooLarge, NoEventTaken
from api.services import services_of
from listino.domain.clock import utc_now

_NETWORK_BITS = {4: 24, 6: 48}  # what is kept of an address: too little to tell one household from its neighbours


async def take(request: Request) -> Response:
    """202 when what can be kept is kept, for good, with what cannot; raises NoEventTaken when that is all of it, BadParameter,
    ContentTooLarge or EngineUnavailable."""
    services = services_of(request)
    intake = services.intake
    batch = events_in(await _body(request))
    network = shortened(intake.clients.of(request.scope))
    events, refused = sorted_out(batch, now=utc_now(), kept_days=intake.kept_days, network=network)
    told = [asdict(one) for one in refused]
    services.metrics.events(events, len(refused))
    if not events:
        raise NoEventTaken(told)
    await intake.keep(events)
    return json_answer({"accepted": len(events), "refused": told}, status=202, headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BODY_BYTES:
        raise ContentTooLarge(MOST_BODY_BYTES)
    body = bytearray()
    async for some in request.stream():
        body += some
        if len(body) > MOST_BODY_BYTES:
            raise ContentTooLarge(MOST_BODY_BYTES)
    if not body:
        raise BadParameter("body", "is missing")
    return bytes(body)


@lru_cache(4096)
def shortened(client: str) -> str | None:
    """The network of a client's address as it may be kept: `192.0.2.0/24`, `2001:db8::/48`; None for no address."""
    try:
        address = ip_address(client.partition("/")[0])
    except ValueError:
        return None
    return str(ip_network(f"{address}/{_NETWORK_BITS[address.version]}", strict=False))
