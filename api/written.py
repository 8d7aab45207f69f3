"""What was written of late, for caches before the nodes; nginx serves it to nobody."""

from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.services import services_of


async def written(request: Request) -> Response:
    """The products written since a cursor, as soon as there are any; raises EngineUnavailable."""
    news = await services_of(request).written.after(request.query_params.get("after", ""))
    told = {"cursor": str(news.cursor), "anything": news.ids is None, "ids": news.ids or []}
    return json_answer(told, headers={"Cache-Control": "no-store"})
