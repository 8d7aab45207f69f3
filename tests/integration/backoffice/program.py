"""A program of somebody's of the staff, that asks the JSON API."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

Ask = Callable[..., TestResponse]


def asking(app: Flask, token: str) -> Ask:
    """Asks an address of the API by a method, with that token."""
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}

    def ask(address: str, method: str = "GET", **more: Any) -> TestResponse:
        return client.open(f"/api/v1{address}", method=method, headers=headers, **more)

    return ask


def all_of(ask: Ask, address: str, **query: str) -> list[dict[str, Any]]:
    """The entries of all pages of a list, two at a time."""
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = ask(address, query_string=query | {"count": "2"} | ({"after": after} if after else {}))
        assert page.status_code == 200, page.text
        assert set(page.json) == {"items", "next"}
        assert len(page.json["items"]) <= 2
        found, after = found + page.json["items"], page.json["next"]
    return found
