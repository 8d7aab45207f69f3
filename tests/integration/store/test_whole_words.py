"""Searches in which words may be cut off: which products come first, page by page, and what is read for them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
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


def walked(
    store: Store,
    query: ProductQuery,
    count: int,
    meanwhile: Callable[[list[ProductId]], object] = lambda page: None,
) -> list[ProductId]:
    """What is met page by page; `meanwhile` is told the ids of each page before the next one is asked for."""
    met: list[ProductId] = []
    further: ProductQuery | None = query
    while further is not None:
        found, further = store.products.sought(further, count=count)
        page = [one.id for one in found]
        assert page or not met, "a list that goes on has more"
        assert len(page) == count or further is None
        met += page
        meanwhile(page)
        assert len(met) < 1000, "it does not end"
    return met


def rename(database: Database, key: ProductId, name: str) -> None:
    found = terms(name, None, language="it", codes=[str(key).rsplit(":", 1)[-1]])
    changed = database.products.update_one({"_id": key}, {"$set": {"name": name, "terms": found}})
    assert changed.modified_count == 1


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


@pytest.mark.parametrize(("name", "again"), [("reddish lampshade", 1), ("blu kit", 0)])
def test_a_page_goes_on_where_it_ended_though_its_last_good_has_the_words_whole_no_more(
    store: Store, database: Database, names: dict[ProductId, set[str]], name: str, again: int
) -> None:
    query, renamed = ProductQuery(text="red lamp", market="it", beginnings=True), []
    expected = walked(store, query, 500)
    whole = [key for key, words in names.items() if {"red", "lamp"} <= words]

    def first_one(page: list[ProductId]) -> None:
        if not renamed:
            renamed.append(page[-1])
            rename(database, page[-1], name)

    met = walked(store, query, 7, first_one)

    assert len(whole) > 7
    assert renamed == [sorted(whole)[6]]
    # It is met as what it was, and as what it is where that comes later.
    assert len(met) == len(expected) + again
    assert met.count(renamed[0]) == 1 + again
    assert list(dict.fromkeys(met)) == expected


@pytest.mark.parametrize("name", ["red lamp", "blu kit"])
def test_a_page_goes_on_where_it_ended_though_its_last_good_has_no_word_cut_off_any_more(
    store: Store, database: Database, names: dict[ProductId, set[str]], name: str
) -> None:
    query, renamed = ProductQuery(text="red lamp", market="it", beginnings=True), []
    expected = walked(store, query, 500)
    whole = [key for key, words in names.items() if {"red", "lamp"} <= words]

    def first_cut(page: list[ProductId]) -> None:
        if not renamed and page[-1] not in whole:
            renamed.append(page[-1])
            rename(database, page[-1], name)

    met = walked(store, query, 7, first_cut)

    assert len(renamed) == 1
    assert renamed[0] not in expected[-7:]
    assert met == expected


@pytest.mark.parametrize("market", [None, "it"])
@pytest.mark.parametrize("text", ["ab-12", "AB-12"])
def test_a_code_with_a_hyphen_follows_what_has_its_parts_as_words(
    store: Store, database: Database, text: str, market: str | None
) -> None:
    goods: dict[ProductId, tuple[str, str]] = {
        7: ("Lamp", "ab-123"),
        8: ("Case AB 12", "x"),
        "de:kontor:ab-12": ("Tasse", "ab-12"),
        "it:bottega:1": ("Custodia ab-12", "1"),
        "it:bottega:2": ("Custodia ab-1", "2"),
        "it:bottega:ab-12-b": ("Lampada", "ab-12-b"),
        "it:bottega:z": ("Custodia 12/ab", "z"),
    }
    for key, (name, code) in goods.items():
        of = str(key).split(":")[0] if isinstance(key, str) else None
        found = terms(name, None, language=of or "en", codes=[code])
        database.products.insert_one({"_id": key, "market": of, "name": name, "terms": found})

    met = walked(store, ProductQuery(text=text, market=market, beginnings=True), 1)

    whole, cut = [8, "it:bottega:1", "it:bottega:z"], [7, "de:kontor:ab-12", "it:bottega:ab-12-b"]
    assert met == [key for key in whole + cut if market is None or str(key).startswith("it:")]


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


def test_a_further_page_reads_no_more_of_a_word_than_fills_it(
    store: Store, database: Database, names: dict[ProductId, set[str]]
) -> None:
    further = store.products.sought(ProductQuery(text="red lamp", market="it", beginnings=True), count=5).further
    assert further is not None

    plan, documents = read(database, further.whole_run(), 2)

    assert "'SORT'" not in plan
    assert 0 < documents < sum("lamp" in words for words in names.values()) / 2


def test_a_further_page_asks_for_what_is_on_it_and_nothing_of_the_page_before(
    store: Store, names: dict[ProductId, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ProductQuery(text="red lamp", market="it", beginnings=True)
    whole = sum({"red", "lamp"} <= words for words in names.values())
    asked: list[Any] = []
    find = Collection.find
    monkeypatch.setattr(Collection, "find", lambda *told, **more: asked.append(told[1]) or find(*told, **more))

    questions: dict[int, int] = {}
    for count in (5, whole + 5):
        further = store.products.sought(query, count=count).further
        assert further is not None
        assert further.cut is (count > whole)
        asked.clear()
        assert len(store.products.sought(further, count=5).products) == 5
        questions[count] = len(asked)

    # Of the second stretch it is asked of each of the two words, too, whether few have what goes on after it.
    assert questions == {5: 1, whole + 5: 3}


def test_what_has_words_whole_is_not_read_again_for_what_has_them_cut_off(
    store: Store, database: Database, names: dict[ProductId, set[str]]
) -> None:
    query = ProductQuery(text="blu kit", market="it", beginnings=True)
    assert sum("blu" in words for words in names.values()) > 30

    _, documents = read(database, query.cut_run(rarely=True), 25)
    _, otherwise = read(database, query.cut_run(rarely=False), 25)

    assert (documents, otherwise > 30) == (0, True)
