"""All routes of the back office, each with an address that can be asked for: tests that walk them leave none out."""

from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import AnyConverter, FloatConverter, IntegerConverter, Rule

from backoffice.access import LIBRARY_ROUTES, Permission, permissions
from backoffice.api.operation import Operation

NOBODYS = {"email": "nobody@listino.test", "product_id": "it:bottega:none"}


@dataclass(frozen=True)
class Route:
    """A route by one of its methods, at an address whose parts are filled in."""

    endpoint: str
    method: str
    address: str
    permission: Permission
    operation: Operation | None

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def by_browser(self) -> bool:
        """Whether a session opens it."""
        return not self.permission.scopes or self.permission.browser

    @property
    def fields(self) -> dict[str, list[str]]:
        """Of a route of the API, the names that it takes, by `query` and `body`."""
        models = {"query": self.operation.query, "body": self.operation.body} if self.operation else {}
        return {place: list(model.model_fields) for place, model in models.items() if model}


def routes(app: Flask, **parts: str) -> list[Route]:
    """All of them but the files of libraries. Parts of addresses that are not named are nobody's."""
    with app.test_request_context():
        declared = permissions()
        found = [
            Route(rule.endpoint, method, _address(app, rule, method, NOBODYS | parts), declared[rule.endpoint],
                  getattr(app.view_functions[rule.endpoint], "operation", None))
            for rule in app.url_map.iter_rules()
            if rule.endpoint not in LIBRARY_ROUTES
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]  # fmt: skip
    assert len(found) > 60
    return found


def _address(app: Flask, rule: Rule, method: str, parts: dict[str, str]) -> str:
    values: dict[str, Any] = {}
    for name in rule.arguments:
        converter = rule._converters[name]  # werkzeug has no other way to say which kind of part it is
        if isinstance(converter, AnyConverter):
            values[name] = min(converter.items)
        elif isinstance(converter, IntegerConverter | FloatConverter):
            values[name] = 1
        else:
            values[name] = parts.get(name, "none")
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=method)


class Watched(ImmutableMultiDict):
    """Parameters that note which of them a view asks for."""

    asked: ClassVar[set[str]] = set()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def getlist(self, key: str, type: Any = None) -> list[Any]:
        self.asked.add(key)
        return super().getlist(key, type)


class Watching(Request):
    """A request whose views are watched."""

    parameter_storage_class = Watched
