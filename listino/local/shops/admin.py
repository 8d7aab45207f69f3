"""A shop's back door for tests and demos, under `/_shop/`: move prices, take goods away, misbehave, and count requests."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listino.domain.errors import InvalidValue, ProductNotFound
from listino.domain.money import Money
from listino.local.shops.answers import JSON_UTF8
from listino.local.shops.behaviour import FAULTS, Behaviour, Conduct, Latency
from listino.local.shops.catalogue import Catalogue

Body = dict[str, Any]

_OVERVIEW = """\
The back door of a demo shop. GET:

/_shop/truth      the goods as they are
/_shop/requests   how often the shop was asked, for what
/_shop/log        the latest requests, when each began and ended

POST, with a JSON object as body; behind each name one that can be sent:

/_shop/price      {"sku": "3020", "price": "39.90"}
/_shop/stock      {"sku": "3020", "in_stock": false}
/_shop/drift      {"share": 0.1, "seed": 2}            moves the prices of a tenth of the goods, and some stock
/_shop/misprice   {"skus": ["3020"], "factor": 0.01}   as a lost decimal comma does; factor 1 mends it; or "share"
/_shop/hide       {"fields": ["brand"]}                shows the goods without; [] shows them whole
/_shop/vanish     {"skus": ["3020"]}                   takes goods out of the shop; or "share"
/_shop/appear     {"count": 3}                         adds new goods
/_shop/restore    {}                                   the goods as the seed made them
/_shop/behaviour  {"fault": "hang"}                    also 429, 503, truncated, html; with "share", "times", "path",
                  {"latency": {"median_ms": 80, "p99_ms": 300}}   "retry_after"; {} is back to normal
/_shop/reset      {}                                   normal behaviour, and nothing counted
"""


class Admin:
    """Every answer but the overview is JSON. What cannot be done is answered with 400 and `{"error": …, "field": …}`, and changes nothing."""

    def __init__(self, catalogue: Catalogue, conduct: Conduct) -> None:
        self._catalogue = catalogue
        self._conduct = conduct

    def routes(self) -> list[Route]:
        reads = {"": self.overview, "/truth": self.truth, "/requests": self.requests, "/log": self.log}
        deeds = {
            "drift": self.drift,
            "price": self.price,
            "misprice": self.misprice,
            "hide": self.hide,
            "stock": self.stock,
            "vanish": self.vanish,
            "appear": self.appear,
            "behaviour": self.behaviour,
            "reset": self.reset,
            "restore": self.restore,
        }
        return [
            *(Route(f"/_shop{name}", read) for name, read in reads.items()),
            *(Route(f"/_shop/{name}", _deed(deed), methods=["POST"]) for name, deed in deeds.items()),
        ]

    async def overview(self, request: Request) -> Response:
        """What there is."""
        return Response(_OVERVIEW, media_type="text/plain")

    async def truth(self, request: Request) -> Response:
        catalogue = self._catalogue
        truth = catalogue.truth()
        return _json({"market": catalogue.market, "shop": catalogue.front.name, "count": len(truth), "products": truth})

    async def requests(self, request: Request) -> Response:
        traffic = self._conduct.traffic
        return _json(
            {
                "total": traffic.total,
                "by_path": traffic.by_path,
                "by_product": traffic.by_product,
                "peak_in_flight": traffic.peak_in_flight,
            }
        )

    async def log(self, request: Request) -> Response:
        """The latest requests in the order they came: path, began, ended, status."""
        return _json([asdict(visit) for visit in self._conduct.traffic.visits])

    def drift(self, body: Body) -> Body:
        done = self._catalogue.drift(_number(body, "share"), _whole(body, "seed", 1, least=0))
        return {"changed": done.changed, "stock_flipped": done.stock_flipped}

    def price(self, body: Body) -> Body:
        sku, price = _text(body, "sku"), _text(body, "price")
        try:
            amount = Money.of(price)
        except InvalidValue as error:
            raise InvalidValue(f"price: {error}") from None
        self._catalogue.set_price(sku, amount)
        return {"changed": [self._catalogue.key_of(self._catalogue.index_of(sku))]}

    def stock(self, body: Body) -> Body:
        sku, in_stock = _text(body, "sku"), body.get("in_stock")
        if not isinstance(in_stock, bool):
            raise InvalidValue(f"in_stock: true or false, not {in_stock!r}")
        self._catalogue.set_stock(sku, in_stock)
        return {"changed": [self._catalogue.key_of(self._catalogue.index_of(sku))]}

    def misprice(self, body: Body) -> Body:
        return {"changed": self._catalogue.misprice(_number(body, "factor"), **_chosen(body))}

    def hide(self, body: Body) -> Body:
        fields = _texts(body, "fields") or []
        self._catalogue.hide(fields)
        return {"hidden": fields}

    def vanish(self, body: Body) -> Body:
        return {"vanished": self._catalogue.vanish(**_chosen(body))}

    def appear(self, body: Body) -> Body:
        return {"appeared": self._catalogue.appear(_whole(body, "count", 1, least=1))}

    def restore(self, body: Body) -> Body:
        self._catalogue.restore()
        return {"restored": len(self._catalogue.live())}

    def reset(self, body: Body) -> Body:
        self._conduct.behave(Behaviour())
        self._conduct.traffic.reset()
        return {"reset": True}

    def behaviour(self, body: Body) -> Body:
        """Sets the behaviour as a whole: what the body does not name is back to normal."""
        unknown = sorted(body.keys() - {"latency", "fault", "retry_after", "share", "times", "path"})
        if unknown:
            raise InvalidValue(f"{unknown[0]}: no part of a behaviour")
        fault = body.get("fault")
        if fault is not None and fault not in FAULTS:
            raise InvalidValue(f"fault: one of {', '.join(FAULTS)} or null, not {fault!r}")
        share = _number(body, "share", 1.0)
        if not 0 <= share <= 1:
            raise InvalidValue(f"share: {share} is not between 0 and 1")
        self._conduct.behave(
            Behaviour(
                latency=_latency(body.get("latency")),
                fault=fault,
                retry_after=_whole(body, "retry_after", 1, least=0),
                share=share,
                times=None if body.get("times") is None else _whole(body, "times", 1, least=0),
                path=_pattern(body.get("path")),
            )
        )
        return {"behaviour": body}


def _deed(deed: Callable[[Body], Body]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return _json(deed(_object(await request.body())))
        except (InvalidValue, ProductNotFound) as error:
            # Messages of these start with the field they speak of.
            return _json({"error": str(error), "field": str(error).partition(":")[0]}, status=400)

    return endpoint


def _json(payload: Any, *, status: int = 200) -> Response:
    return Response(orjson.dumps(payload), status_code=status, headers={"content-type": JSON_UTF8})


def _object(body: bytes) -> Body:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        raise InvalidValue("body: not JSON") from None
    if not isinstance(read, dict):
        raise InvalidValue("body: a JSON object")
    return read


def _text(body: Body, field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidValue(f"{field}: a text, not {value!r}")
    return value


def _texts(body: Body, field: str) -> list[str] | None:
    values = body.get(field)
    if values is not None and not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
        raise InvalidValue(f"{field}: a list of texts")
    return values


def _chosen(body: Body) -> dict[str, Any]:
    """Which goods something befalls: a share of them, or those of the keys."""
    skus = _texts(body, "skus")
    return {"share": _number(body, "share") if body.get("share") is not None else None, "skus": skus}


def _number(body: Body, field: str, default: float | None = None) -> float:
    value = body.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValue(f"{field}: a number, not {value!r}")
    return float(value)


def _whole(body: Body, field: str, default: int, *, least: int) -> int:
    value = body.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidValue(f"{field}: a whole number from {least}, not {value!r}")
    return value


def _latency(value: Any) -> Latency | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidValue('latency: {"median_ms": …, "p99_ms": …} or null')
    try:
        median = _number(value, "median_ms")
        p99 = _number(value, "p99_ms", median)
    except InvalidValue as error:
        raise InvalidValue(f"latency: {error}") from None
    if not 0 < median <= p99 <= 60_000:
        raise InvalidValue("latency: 0 < median_ms <= p99_ms <= 60000")
    return Latency(median, p99)


def _pattern(value: Any) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        return re.compile(value)
    except (re.error, TypeError):
        raise InvalidValue(f"path: {value!r} is no regular expression") from None
