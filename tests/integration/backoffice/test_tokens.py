"""Tokens of programs, and the JSON API's first address."""

from flask import Flask
from integration.backoffice.goods import AGENT
from integration.backoffice.test_staff import app, secret  # noqa: F401  # a fixture, and a way to look
from pymongo import MongoClient

from listino.domain.clock import utc_now
from listino.settings import Settings


def test_a_token_is_shown_once_opens_what_its_scope_names_and_can_be_revoked(agent, settings: Settings) -> None:
    assert agent.send("/account/tokens", name="x", days="400", scopes="read").status_code == 422
    assert agent.send("/account/tokens", name="x", days="10", scopes="everything").status_code == 422
    made = agent.send("/account/tokens", name="<i>reports</i>", days="10", scopes="read")
    text = secret(made.text)
    page = agent.see("/account")
    assert text not in page
    assert "&lt;i&gt;reports" in page

    def me(given: str | None):
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        # No browser's cookie: a program has none.
        return agent.client.application.test_client().get("/api/v1/me", headers=headers)

    told = me(text).json
    assert (told["email"], told["role"], told["token"]["scopes"]) == (AGENT, "agent", ["read"])
    for wrong in (None, "x", text[:-1] + ("A" if text[-1] != "A" else "B"), text.replace("lst_", "lst_0")):
        answer = me(wrong)
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
        assert answer.json["status"] == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    with MongoClient(settings.mongo_uri) as client:
        tokens = client[settings.mongo_database]["staff_tokens"]
        (kept,) = tokens.find()
        assert text.rsplit("_", 1)[1] not in str(kept)
        assert kept["used_at"] is not None
        tokens.update_one({"_id": kept["_id"]}, {"$set": {"scopes": ["write"]}})
        assert (me(text).status_code, me(text).content_type) == (403, "application/problem+json")
        tokens.update_one({"_id": kept["_id"]}, {"$set": {"scopes": ["read"], "until": utc_now()}})
        assert me(text).status_code == 401
        tokens.update_one({"_id": kept["_id"]}, {"$set": {"until": kept["until"]}})
    assert me(text).status_code == 200
    agent.send(f"/account/tokens/{kept['_id']}/revoke")
    assert me(text).status_code == 401


def test_what_the_api_does_not_have_is_a_problem_too(app: Flask) -> None:  # noqa: F811
    answer = app.test_client().get("/api/v1/nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert app.test_client().post("/api/v1/me").status_code == 405
