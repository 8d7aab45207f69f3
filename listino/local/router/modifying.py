"""findAndModify: one document, changed and returned in one step."""

from listino.local.router import direct
from listino.local.router.catalog import CONFIG_DATABASES
from listino.local.router.errors import COMMAND_NOT_SUPPORTED, SHARD_KEY_NOT_FOUND, RouterError
from listino.local.router.reading import filter_of
from listino.local.router.requests import Request
from listino.local.router.routing import Router
from listino.local.router.targeting import route_of_filter
from listino.local.router.upstream import Fields


async def find_and_modify(router: Router, request: Request) -> Fields:
    """From the shard that owns the shard key in the query, which must be there in full, as MongoDB 6.0 demands."""
    if request.database in CONFIG_DATABASES:
        raise RouterError(COMMAND_NOT_SUPPORTED, f"findAndModify in {request.database} is not supported")
    await router.catalog.ensure_database(request.database)
    query = filter_of(request, "query")
    collated = "collation" in request.body
    command = {"findAndModify": request.collection, **request.direct(request.name)}
    answer = await direct.send(
        router,
        request,
        request.namespace,
        command,
        lambda place: route_of_filter(place, query, collated=collated),
        resend=request.numbered,
    )
    if answer is None:
        raise RouterError(
            SHARD_KEY_NOT_FOUND, "findAndModify on a sharded collection needs its full shard key by equality"
        )
    return answer.fields
