"""A catalogue imported into a real sharded cluster: what is there afterwards is what a plain join of its files gives."""

import csv
import fcntl
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from plain_join import plain_join
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from listino.catalogue import joining, writing
from listino.catalogue.dataset import make_dataset
from listino.catalogue.importing import Summary, import_catalogue
from listino.catalogue.joining import Batch
from listino.catalogue.writing import Tally, Writers
from listino.cli import main
from listino.domain.errors import ImportFailed, ImportRunning, UnreadableCatalogue
from listino.settings import Settings
from listino.store.client import Store
from listino.store.collections import PRODUCTS

PRODUCTS_MADE = 2_000


class Watcher:
    """Stops an import, as Ctrl-C does, once so many batches are written."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.batches = 0
        self.files: list[str] = []
        self.expected: tuple[int, int] | None = None
        self.rows = 0

    def read(self, file: str, rows: int) -> None:
        self.files.append(file)

    def writing(self, rows: int, done: int) -> None:
        self.expected = (rows, done)

    def wrote(self, rows: int) -> None:
        self.rows += rows
        self.batches += 1
        if self.batches == self.stop_after:
            raise KeyboardInterrupt

    def indexing(self) -> None:
        pass


@pytest.fixture(scope="module")
def goods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("goods")
    make_dataset(folder, PRODUCTS_MADE, 1, told=lambda *_: None)
    return folder


@pytest.fixture
def stored(settings: Settings) -> Any:
    with MongoClient(settings.mongo_address, tz_aware=True) as client:
        yield client[settings.mongo_database][PRODUCTS.name]


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Callable[..., Summary]:
    def run(folder: Path, watcher: Watcher | None = None) -> Summary:
        progress = watcher or Watcher()
        return import_catalogue(settings, folder, rejects_to=tmp_path / "rejects.csv", workers=1, progress=progress)

    return run


def everything(stored: Collection) -> dict[int, dict[str, Any]]:
    return {document["_id"]: document for document in stored.find({})}


def content(documents: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The documents without what no file says."""
    ours = ("terms", "content_hash", "first_seen_at", "changed_at")
    return {
        number: {name: value for name, value in document.items() if name not in ours}
        for number, document in documents.items()
    }


def rewrite(path: Path, change: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
    """Changes each row of a CSV file, or takes it out."""
    with path.open(newline="") as text:
        rows = list(csv.DictReader(text))
    with path.open("w", newline="") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(filter(None, map(change, rows)))


def test_every_product_is_what_a_plain_join_gives_and_a_second_import_writes_nothing(
    goods: Path, run: Callable[..., Summary], stored: Collection, store: Store
) -> None:
    watcher = Watcher()
    first = run(goods, watcher)
    assert first.products == Tally(rows=watcher.rows, new=PRODUCTS_MADE)
    assert watcher.rows == sum(first.rows.values())
    assert (first.rejected, first.rejects, first.not_in_files, first.resumed) == ({}, None, 0, False)
    documents = everything(stored)
    expected = plain_join(goods)
    assert len(expected) == PRODUCTS_MADE
    assert content(documents) == expected
    assert {index.document["name"] for index in PRODUCTS.indexes} <= set(stored.index_information())
    assert store.products.get(1).name == expected[1]["name"]

    again = run(goods)
    assert again.products == Tally(rows=watcher.rows, unchanged=PRODUCTS_MADE)
    assert everything(stored) == documents


def test_an_interrupted_import_goes_on_and_ends_the_same(
    goods: Path,
    run: Callable[..., Summary],
    stored: Collection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(joining, "BATCH", 250)
    with pytest.raises(KeyboardInterrupt):
        run(goods, Watcher(stop_after=2))
    assert 500 <= stored.count_documents({}) < PRODUCTS_MADE
    seen: set[str] = set()

    class Looking(Watcher):
        def wrote(self, rows: int) -> None:
            super().wrote(rows)
            seen.update(stored.index_information())

    watcher = Looking()
    summary = run(goods, watcher)
    assert "_id_" in seen
    assert not seen & {index.document["name"] for index in PRODUCTS.indexes}  # their time is the end
    assert summary.resumed
    assert watcher.files == []  # what was staged is not staged again
    assert watcher.batches == 8 - 2
    assert watcher.expected is not None
    assert watcher.expected[1] > 0
    assert summary.products.products == PRODUCTS_MADE
    assert summary.products.rows == sum(summary.rows.values())
    assert content(everything(stored)) == plain_join(goods)
    assert {index.document["name"] for index in PRODUCTS.indexes} <= set(stored.index_information())
    assert [path.name for path in (settings.state_dir / "import").iterdir()] == ["lock"]


def test_an_import_goes_on_only_with_the_same_files_and_what_is_still_in_the_database(
    tmp_path: Path, run: Callable[..., Summary], stored: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "BATCH", 10)
    folder = tmp_path / "goods"
    make_dataset(folder, 40, 1, told=lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        run(folder, Watcher(stop_after=2))
    stored.delete_many({})
    emptied = Watcher(stop_after=1)
    with pytest.raises(KeyboardInterrupt):
        run(folder, emptied)
    assert (emptied.files, emptied.expected and emptied.expected[1]) == ([], 0)
    make_dataset(folder, 40, 2, told=lambda *_: None)
    summary = run(folder)
    assert not summary.resumed
    assert content(everything(stored)) == plain_join(folder)


def test_only_what_changed_is_written_and_what_others_own_is_kept(
    tmp_path: Path, run: Callable[..., Summary], stored: Collection
) -> None:
    folder = tmp_path / "goods"
    make_dataset(folder, 30, 1, told=lambda *_: None)
    run(folder)
    before = everything(stored)
    stored.update_one({"_id": 4}, {"$set": {"gone_at": datetime(2026, 1, 1, tzinfo=UTC)}})
    stored.insert_one({"_id": "it:bottega:1", "name": "Crawled"})

    def change(row: dict[str, str]) -> dict[str, str] | None:
        if row["id"] == "1":
            return {**row, "name": "Renamed", "slogan": "null", "default_price": "null"}
        return None if row["id"] in ("2", "3") else row

    rewrite(folder / "product.csv", change)
    rewrite(folder / "related.csv", lambda row: row if row["related_product_id"] not in "23" else None)
    summary = run(folder)
    after = everything(stored)
    assert summary.not_in_files == 2
    counts = summary.products
    assert (counts.new, counts.returned, counts.products) == (0, 1, 28)
    assert counts.changed == sum(after[n]["changed_at"] > before[n]["changed_at"] for n in before) - 1
    assert (after[1]["name"], after[1]["first_seen_at"]) == ("Renamed", before[1]["first_seen_at"])
    assert not {"slogan", "price"} & set(after[1])
    assert (after[2], after[3]) == (before[2], before[3])
    assert "gone_at" not in after[4]
    assert after["it:bottega:1"] == {"_id": "it:bottega:1", "name": "Crawled"}
    # What hung on the two products that are gone from the first file is told row by row.
    assert summary.rejected.keys() >= {"styles.csv", "photos.csv", "skus.csv"}


def test_products_that_are_there_against_all_expectation_are_compared(store: Store, stored: Collection) -> None:
    documents = [{"_id": number, "name": f"Lamp {number}"} for number in range(4)]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    store.catalogue.write(documents[:2], at=at, new=True)
    documents[1]["name"] = "Another"
    written = store.catalogue.write(documents, at=at, new=True)
    assert (sorted(written.new), written.changed, written.unchanged) == ([2, 3], [1], [0])
    assert [document["name"] for document in stored.find().sort("_id")] == ["Lamp 0", "Another", "Lamp 2", "Lamp 3"]


def test_nothing_is_written_of_a_catalogue_without_a_column(
    tmp_path: Path, run: Callable[..., Summary], stored: Collection
) -> None:
    make_dataset(tmp_path, 5, 1, told=lambda *_: None)
    (tmp_path / "skus.csv").write_text("id,styleId,size\n1,1,M\n")
    with pytest.raises(UnreadableCatalogue, match=r"skus.csv: no column quantity"):
        run(tmp_path)
    assert stored.count_documents({}) == 0


def test_a_product_that_no_document_can_hold_is_rejected_and_the_others_are_there(
    tmp_path: Path, run: Callable[..., Summary], stored: Collection
) -> None:
    make_dataset(tmp_path, 5, 1, told=lambda *_: None)
    with (tmp_path / "features.csv").open("a") as text:
        text.writelines(f"{10_000 + number},3,long,{'x' * 1_900_000}\n" for number in range(9))
    summary = run(tmp_path)
    assert sorted(everything(stored)) == [1, 2, 4, 5]
    assert (summary.rejected, summary.products.new, summary.not_in_files) == ({"product.csv": 1}, 4, 0)
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as text:
        _, (file, line, reason, row) = csv.reader(text)
    assert (file, line, reason) == ("product.csv", "4", "with its styles, photos and skus it is larger than 16 MB")
    assert row.startswith("3,")


@pytest.mark.parametrize("there", [False, True])
def test_what_the_database_refuses_is_named(store: Store, there: bool) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    store.catalogue.write([{"_id": number, "name": "Lamp"} for number in range(7 + there)], at=at, new=True)
    with pytest.raises(BulkWriteError) as refused:
        store.catalogue.write([{"_id": 6, "name": "A"}, {"_id": 7, "name": 5}], at=at, new=True)
    said = str(writing._failed(Batch(6, 7), refused.value))
    assert "writing the product 7 failed: MongoDB refuses it: Document failed validation" in said
    assert "start the import again" in said


def test_a_writing_process_that_cannot_begin_says_why(settings: Settings, tmp_path: Path) -> None:
    wrong = settings.model_copy(update={"mongo_uri": "mongodb://127.0.0.1:none/"})
    told = pytest.raises(ImportFailed, match="could not begin: LISTINO_MONGO_URI")
    with Writers(wrong, tmp_path / "staged.duckdb", 1) as writers, told:
        writers.submit(Batch(1, 2), new=True).result(60)


def test_staged_files_that_cannot_be_read_are_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "staged.duckdb").write_text("something else")
    told = pytest.raises(ImportFailed, match=r"products 1 to 2 failed: .*not a valid DuckDB")
    with Writers(settings, tmp_path / "staged.duckdb", 1) as writers, told:
        writers.submit(Batch(1, 2), new=True).result(60)


def test_a_second_import_at_the_same_time_is_refused(
    tmp_path: Path, run: Callable[..., Summary], settings: Settings
) -> None:
    make_dataset(tmp_path, 5, 1, told=lambda *_: None)
    (settings.state_dir / "import").mkdir(parents=True)
    with (settings.state_dir / "import" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ImportRunning, match="another import is at work"):
            run(tmp_path)


def test_the_command_counts_rows_and_rejects(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    make_dataset(tmp_path / "goods", 5, 1, told=lambda *_: None)
    with (tmp_path / "goods" / "related.csv").open("a") as text:
        text.write("1000,1,77\n")
    target = tmp_path / "rejected.csv"
    arguments = ["import", str(tmp_path / "goods"), "--workers", "1", "--rejects", str(target), "--json"]
    assert main.run(arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["products"] == {"new": 5, "changed": 0, "unchanged": 0, "returned": 0}
    assert said["rejected"] == {"related.csv": 1}
    assert said["rejects"] == str(target)
    assert "related_product_id 77 is no row of product.csv" in target.read_text()
    make_dataset(tmp_path / "goods", 5, 1, told=lambda *_: None)
    assert main.run(arguments[:-1]) == 0
    assert f"No row was rejected; {target} of an earlier import was removed" in capsys.readouterr().out
    assert not target.exists()
    target.write_text("a file of somebody else's\n")
    assert main.run(arguments[:-1]) == 0
    assert target.exists()
