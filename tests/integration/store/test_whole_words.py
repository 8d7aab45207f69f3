"""Searches in which words may be cut off: which products come first, page by page, and what is read for them."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from listino.domain.product import ProductId
from listino.settings import Settings
from listino.store.client import Store
from listino.store.query import CARD, ProductQuery, Run
from listino.store.search import terms

KINDS = ("red", "reddish", "blu", "re")
NOUNS = ("lamp", "lampshade", "kit", "lam")


@pytest.fixture
def database(settings: Settings, mongo_uri: str) -> Iterator[Database]:
    with MongoClient(mongo_uri, tz_aware=True) as client:
        yield client[settings.mongo_database]


@pytest.fixture
def names(database: Database) -> dict[ProductId, set[str]]:
    """The words of 160 goods: every kind with every noun, ten times; every fifth has a lamp beside."""
    made = {}
    for number in range(160):
        words = [KINDS[number % 4], NOUNS[number // 4 % 4], *(["lamp"] if number % 5 == 0 else [])]
        made[f"it:bottega:{number:03}"] = words
    database.products.insert_many(
        {
            "_id": key,
            "market": "it",
            "shop": "bottega",
            "name": " ".join(words),
            "terms": terms(" ".join(words), None, language="it", codes=[key.rsplit(":", 1)[-1]]),
        }
        for key, words in made.items()
    )
    return {key: set(words) for key, words in made.items()}


def walked(store: Store, query: ProductQuery, count: int) -> list[ProductId]:
    met: list[ProductId] = []
    while page := store.products.page(query, count=count):
        assert len(page) <= count
        met += [one.id for one in page]
        query = query.following(page[-1])
    return met


@pytest.mark.parametrize(
    "few", [0, 300]
)  # whether words that go on otherwise lead to what has one cut off, or all that begin so
@pytest.mark.parametrize("count", [1, 7, 500])
@pytest.mark.parametrize("text", ["red lamp", "red lam", "re la", "lamp", "la", "blu kit", "kit red lamp"])
def test_whole_words_come_first_and_nothing_is_missed_or_met_twice(
    store: Store,
    names: dict[ProductId, set[str]],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    count: int,
    few: int,
) -> None:
    monkeypatch.setattr("listino.store.products.FEW", few)
    asked = text.split()
    whole = [key for key, words in names.items() if set(asked) <= words]
    found = [key for key, words in names.items() if all(any(w.startswith(one) for w in words) for one in asked)]
    cut = [key for key in found if key not in whole]

    met = walked(store, ProductQuery(text=text, market="it", beginnings=True), count)

    assert met == sorted(whole) + sorted(cut)


def test_the_words_of_the_search_do_have_whole_and_cut_ones(names: dict[ProductId, set[str]]) -> None:
    assert sum({"red", "lamp"} <= words for words in names.values()) > 10
    assert sum("reddish" in words and "lampshade" in words for words in names.values()) > 5


def read(database: Database, run: Run, count: int) -> tuple[str, int]:
    """The plan, and how many documents the shards read."""
    command: dict[str, Any] = {"find": "products", "filter": run.filter, "projection": CARD, "sort": dict(run.sort)}
    found = database.command("explain", command | {"limit": count}, verbosity="executionStats")["executionStats"]
    return str(found), found["totalDocsExamined"]


def test_a_page_of_whole_words_reads_no_more_of_a_word_than_fills_it(
    store: Store, database: Database, names: dict[ProductId, set[str]]
) -> None:
    query = ProductQuery(text="red lamp", market="it", beginnings=True)

    plan, documents = read(database, query.whole_run(), 2)

    assert "'SORT'" not in plan, "the words come in the order of ids"
    assert documents < sum("lamp" in words for words in names.values()) / 2


def test_what_has_words_whole_is_not_read_again_for_what_has_them_cut_off(
    store: Store, database: Database, names: dict[ProductId, set[str]]
) -> None:
    query = ProductQuery(text="blu kit", market="it", beginnings=True)
    assert sum("blu" in words for words in names.values()) > 30

    _, documents = read(database, query.cut_run(rarely=True), 25)
    _, otherwise = read(database, query.cut_run(rarely=False), 25)

    assert (documents, otherwise > 30) == (0, True)
