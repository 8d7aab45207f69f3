"""How much a request may carry, looked at before anything reads it. What it may say is bounded in `api.parameters`."""

from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, problem_response

MOST_ADDRESS_BYTES = 8000  # path and query; nginx stops at a request line of 8 KiB
MOST_PARAMETERS = 32  # no address takes half as many
MOST_HEADERS = 100
MOST_HEADER_BYTES = 16_384  # names and values in sum

_BODILESS = frozenset({"GET", "HEAD"})


class Bounds:
    """Answers a request that is too large as a problem: its address 414, its parameters 400, its headers 431, a body 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (problem := excess(scope)) is not None:
            await problem_response(problem, scope["state"]["request_id"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def excess(scope: Scope) -> Problem | None:
    """What is too much about the request, if anything is."""
    query: bytes = scope["query_string"]
    if len(scope.get("raw_path") or scope["path"]) + len(query) > MOST_ADDRESS_BYTES:
        return Problem(414, f"The address is too long: path and query may have {MOST_ADDRESS_BYTES} bytes.")
    if query.count(b"&") >= MOST_PARAMETERS:
        name = unquote_plus(query.split(b"&")[MOST_PARAMETERS].partition(b"=")[0].decode("latin-1"))[:40]
        return Problem(400, f"{name}: one parameter too many; at most {MOST_PARAMETERS} are read", name)
    size, body = 0, False
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        body = body or (name == b"content-length" and value.strip(b"0") != b"") or name == b"transfer-encoding"
    if size > MOST_HEADER_BYTES or len(scope["headers"]) > MOST_HEADERS:
        return Problem(
            431, f"The headers are too large: {MOST_HEADERS} may be sent, with {MOST_HEADER_BYTES} bytes in sum."
        )
    if body and scope["method"] in _BODILESS:
        # The body is not read: who sends one over this connection has to open another.
        return Problem(413, "No address takes a body with this method; send none.", headers={"Connection": "close"})
    return None
