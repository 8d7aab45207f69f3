"""Events come in: kept for good, once, and of nobody who did not agree."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from api.event_body import MOST_BODY_BYTES, MOST_EVENTS
from api.events import shortened
from listino.domain.clock import utc_now
from listino.settings import Settings

PROBLEM = "application/problem+json"
NOW = utc_now()


def event(number: int = 1, **fields: Any) -> dict[str, Any]:
    made = {"id": f"e{number}", "type": "search", "at": NOW.isoformat(), "session": "visit", "consent": True}
    return made | fields


@pytest.fixture
def database(settings: Settings) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient(settings.mongo_address, tz_aware=True) as client:
        yield client[settings.mongo_database]


ANNA = {"id": "42", "email": "Anna@shop.example", "name": "Anna  Müller"}


async def test_what_is_sent_is_kept_once_however_often_it_is_sent(
    client: httpx2.AsyncClient, database: Database[dict[str, Any]]
) -> None:
    viewed = event(
        2, type="page_view", customer=ANNA, device="mobile", page="/p/1?token=secret#x", product=500, seconds=1.5
    )
    batch = [event(), viewed | {"metadata": {"campaign": "spring", "first": True, "rank": 3}}]
    answers = [await client.post("/events", json=sent) for sent in (batch, {"events": batch}, batch[:1])]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert answers[0].json() == {"accepted": 2, "refused": []}
    assert list(database["events"].find().sort("_id", 1)) == [
        {
            "_id": "c:42/e2",
            "owner": "c:42",
            "session": "visit",
            "type": "page_view",
            "at": NOW,
            "consent": True,
            "device": "mobile",
            "page": "/p/1",
            "product": "500",
            "ms": 1500,
            "metadata": {"campaign": "spring", "first": True, "rank": 3},
        },
        {"_id": "s:visit/e1", "owner": "s:visit", "session": "visit", "type": "search", "at": NOW, "consent": True},
    ]
    (customer,) = database["customers"].find()
    assert (customer["_id"], customer["name"], customer["email"]) == ("c:42", ANNA["name"], ANNA["email"])
    assert customer["terms"] == ["anna muller", "anna@shop.example", "muller", "shop.example"]


async def test_a_name_stays_when_later_events_do_not_repeat_it(
    client: httpx2.AsyncClient, database: Database[dict[str, Any]]
) -> None:
    await client.post("/events", json=[event(1, customer={"id": "42", "name": "$name"})])
    await client.post("/events", json=[event(2, customer={"id": "42"})])
    await client.post("/events", json=[event(3, customer={"id": "42", "email": "anna@shop.example"})])
    (customer,) = database["customers"].find()
    assert (customer["name"], customer["terms"]) == ("$name", ["$name", "anna@shop.example", "name", "shop.example"])


async def test_without_consent_nothing_that_tells_who_it_was_is_kept(
    client: httpx2.AsyncClient, database: Database[dict[str, Any]]
) -> None:
    address = {"X-Real-IP": "192.0.2.77"}
    agreed = await client.post("/events", json=[event(1)], headers=address)
    (session,) = database["sessions"].find()
    assert (agreed.status_code, session["network"], session["consent"]) == (202, "192.0.2.0/24", True)

    withdrawn = event(2, consent=False, customer=ANNA, metadata={"note": "anna@shop.example"})
    assert (await client.post("/events", json=[withdrawn], headers=address)).status_code == 202
    (session,) = database["sessions"].find()
    assert (session["consent"], "network" in session) == (False, False)
    kept = [
        *database["events"].find({"_id": "s:visit/e2"}),
        *database["sessions"].find(),
        *database["customers"].find(),
    ]
    assert len(kept) == 2
    told = json.dumps([kept[0], kept[1]["_id"]], default=lambda at: "a time")
    assert not [word for word in ("42", "nna", "ller", "192.0.2") if word in told]


async def test_consent_is_withdrawn_for_the_customer_as_well_and_no_late_batch_brings_it_back(
    client: httpx2.AsyncClient, database: Database[dict[str, Any]]
) -> None:
    address = {"X-Real-IP": "192.0.2.77"}
    agreed = [event(1), event(2, customer=ANNA), event(3, customer=ANNA, session="another")]
    withdrawn = event(4, consent=False, customer=ANNA, session="visit")
    for batch in (agreed, [withdrawn], [event(5), event(6, customer=ANNA)]):
        assert (await client.post("/events", json=batch, headers=address)).status_code == 202
        told = {one["_id"]: (one["consent"], one.get("network")) for one in database["sessions"].find()}
        network = (False, None) if batch is not agreed else (True, "192.0.2.0/24")
        assert told == {"s:visit/visit": network, "c:42/visit": network, "c:42/another": (True, "192.0.2.0/24")}

    stranger = event(7, consent=False, customer={"id": "nobody"}, session="third")
    together = [
        event(8, customer={"id": "43"}, session="fourth"),
        event(9, consent=False, customer={"id": "43"}, session="fourth"),
    ]
    await client.post("/events", json=[stranger, *together], headers=address)
    assert database["sessions"].find_one({"_id": "c:43/fourth"}, {"_id": 0, "consent": 1, "network": 1}) == {
        "consent": False
    }
    assert not [one for one in database["sessions"].find() if "nobody" in str(one)]


async def test_no_other_network_is_kept_once_consent_was_withdrawn(
    client: httpx2.AsyncClient, database: Database[dict[str, Any]]
) -> None:
    batches = [event(1), event(2, customer=ANNA)], [event(3, consent=False)], [event(4), event(5, customer=ANNA)]
    for address, batch in zip(("192.0.2.77", "192.0.2.77", "198.51.100.1"), batches, strict=True):
        answer = await client.post("/events", json=batch, headers={"X-Real-IP": address})
        assert answer.status_code == 202
    told = {one["_id"]: (one["consent"], one.get("network")) for one in database["sessions"].find()}
    assert told == {"s:visit/visit": (False, None), "c:42/visit": (False, None)}


async def test_the_network_of_a_session_is_the_last_one_told(
    client: httpx2.AsyncClient, database: Database[dict[str, Any]]
) -> None:
    networks = []
    for number, address in enumerate(("192.0.2.77", "192.0.2.78", "198.51.100.1", "192.0.2.79")):
        answer = await client.post("/events", json=[event(number, customer=ANNA)], headers={"X-Real-IP": address})
        assert answer.status_code == 202
        (session,) = database["sessions"].find()
        networks.append(session["network"])
    assert networks == ["192.0.2.0/24", "192.0.2.0/24", "198.51.100.0/24", "192.0.2.0/24"]


@pytest.mark.parametrize(
    ("client", "kept"),
    [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::/64", "2001:db8:1::/48"), ("somebody", None)],
)
def test_addresses_are_shortened(client: str, kept: str | None) -> None:
    assert shortened(client) == kept


WRONG: list[tuple[Any, str | None, str]] = [
    ({"type": "purchase"}, "type", "must be 'search', 'page_view', 'add_to_cart', 'upsell' or 'checkout'"),
    ({"at": 1790000000}, "at", "must be a text such as 2026-03-01T09:30:00.000Z"),
    ({"at": "2026-03-01T09:30:00"}, "at", "Input should have timezone info"),
    ({"at": (NOW + timedelta(hours=1)).isoformat()}, "at", "must not be in the future: it is UTC"),
    ({"at": (NOW - timedelta(days=500)).isoformat()}, "at", "must not be older than 400 days"),
    ({"session": None}, "session", "must be a text in quotes"),
    ({"session": "a/b"}, "session", "must match ^[A-Za-z0-9._:@+-]{1,100}$"),
    ({"consent": "yes"}, "consent", "must be true or false"),
    ({"customer": {"email": "a@b"}}, "customer.id", "is missing"),
    ({"customer": {"id": "1", "email": "nobody"}}, "customer.email", "must match ^[^@\\s]+@[^@\\s]+$"),
    ({"seconds": -1}, "seconds", "must be 0 or more"),
    ({"page": "https://shop.example/"}, "page", "must match ^/"),
    ({"metadata": {"deep": {}}}, "metadata.deep", ""),
    ({"metadata": {"$where": 1}}, "metadata", ""),
    ({"metadata": {"big": 2**60}}, "metadata.big", ""),
    ({"colour": "red"}, "colour", "is unknown"),
]


async def test_a_wrong_event_is_named_and_keeps_no_other_out(
    client: httpx2.AsyncClient, database: Database[dict[str, Any]]
) -> None:
    batch = [event(0), *(event(number, **changed) for number, (changed, _, _) in enumerate(WRONG, 1)), 7]
    answer = await client.post("/events", json=batch)

    told = answer.json()
    assert (answer.status_code, told["accepted"]) == (202, 1)
    assert [one["index"] for one in told["refused"]] == list(range(1, len(batch)))
    assert told["refused"][-1] == {"index": len(batch) - 1, "id": None, "field": None, "reason": "must be an object"}
    for (changed, field, reason), one in zip(WRONG, told["refused"][:-1], strict=True):
        assert str(one["field"]).startswith(str(field)), (changed, one)
        assert one["reason"] == reason or not reason, (changed, one)
    assert [found["_id"] for found in database["events"].find()] == ["s:visit/e0"]

    none = await client.post("/events", json=batch[1:3])
    assert (none.status_code, none.headers["content-type"]) == (400, PROBLEM)
    assert [one["id"] for one in none.json()["refused"]] == ["e1", "e2"]
    metrics = (await client.get("/metrics")).text
    assert f'listino_api_events_total{{outcome="refused",type=""}} {float(len(batch) + 1)}' in metrics


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"7", 400),
        (b'{"events": [], "more": 1}', 400),
        (b"[" + b"0," * MOST_EVENTS + b"0]", 400),
        (b" " * (MOST_BODY_BYTES + 1), 413),
    ],
)
async def test_what_is_no_batch_is_refused(client: httpx2.AsyncClient, body: bytes, status: int) -> None:
    answer = await client.post("/events", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    if status == 400:
        assert answer.json()["parameter"] == "body"


async def test_two_nodes_take_the_same_batches_at_once_and_keep_each_event_once(
    settings: Settings, serve: Any, database: Database[dict[str, Any]]
) -> None:
    batches = [
        [event(number, session=f"v{number % 7}", customer={"id": str(number % 3)}) for number in range(low, low + 10)]
        for low in range(0, 200, 5)
    ]
    async with serve(settings) as one, serve(settings) as other:
        answers = await asyncio.gather(
            *(node.post("/events", json=batch) for batch in batches for node in (one, other))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert database["events"].count_documents({}) == 205
    assert database["sessions"].count_documents({}) == 21
    assert database["customers"].count_documents({}) == 3
