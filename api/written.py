"""What was written of late, for caches before the nodes; nginx serves it to nobody."""

from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.problems import RETRY_SECONDS, Problem, problem_response
from api.services import services_of
from listino.domain.errors import EngineUnavailable


async def written(request: Request) -> Response:
    """The products written since a cursor, as soon as there are any; 503 where Redis is away, which is no error of the catalogue's and is not logged
    as one: whoever asks does so several times a second, and goes on without."""
    try:
        news = await services_of(request).written.after(request.query_params.get("after", ""))
    except EngineUnavailable:
        problem = Problem(503, "Nobody can say what was written.", headers={"Retry-After": str(RETRY_SECONDS)})
        return problem_response(problem, request.state.request_id)
    told = {"cursor": str(news.cursor), "anything": news.ids is None, "ids": news.ids or []}
    return json_answer(told, headers={"Cache-Control": "no-store"})
