"""Made-up catalogues: their proportions, and that a seed stands for the same files."""

import csv
from pathlib import Path

import pytest

from listino.catalogue.dataset import make_dataset
from listino.catalogue.files import FILES
from listino.cli import main

PRODUCTS = 2_000


def rows_of(folder: Path) -> dict[str, list[dict[str, str]]]:
    found = {}
    for file in FILES:
        with (folder / file.name).open(encoding="utf-8", newline="") as text:
            found[file.name] = list(csv.DictReader(text))
    return found


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: (folder / file.name).read_bytes() for file in FILES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    folder = tmp_path_factory.mktemp("made")
    told: dict[str, int] = {}
    rows = make_dataset(folder, PRODUCTS, 1, told=told.__setitem__)
    found = rows_of(folder)
    assert told == rows == {name: len(lines) for name, lines in found.items()}
    return found


@pytest.mark.parametrize(
    ("name", "for_each", "times"),
    [
        ("features.csv", "product.csv", 2.2),
        ("styles.csv", "product.csv", 1.95),
        ("photos.csv", "styles.csv", 2.9),
        ("skus.csv", "styles.csv", 5.8),
        ("related.csv", "product.csv", 4.5),
    ],
)
def test_proportions_are_those_of_the_reference_set(
    made: dict[str, list[dict[str, str]]], name: str, for_each: str, times: float
) -> None:
    assert len(made[name]) / len(made[for_each]) == pytest.approx(times, rel=0.05)


def test_ids_are_dense_and_every_row_has_its_parent(made: dict[str, list[dict[str, str]]]) -> None:
    for file in FILES:
        rows = made[file.name]
        assert [int(row["id"]) for row in rows] == list(range(1, len(rows) + 1))
        for column, parent in file.parents.items():
            assert {row[column] for row in rows} <= {row["id"] for row in made[f"{parent}.csv"]}


def test_each_product_has_one_default_style(made: dict[str, list[dict[str, str]]]) -> None:
    defaults = [row["productId"] for row in made["styles.csv"] if row["default_style"] == "1"]
    assert sorted(defaults, key=int) == [str(number) for number in range(1, PRODUCTS + 1)]


def test_something_is_missing_and_something_quoted(made: dict[str, list[dict[str, str]]]) -> None:
    for column in ("slogan", "description", "category", "default_price"):
        assert 0 < sum(row[column] == "null" for row in made["product.csv"]) < PRODUCTS / 10
    assert any('"' in row["description"] for row in made["product.csv"])


def test_a_seed_stands_for_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("again", 7), ("other", 8)):
        make_dataset(tmp_path / name, 50, seed, told=lambda *_: None)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "again")
    assert bytes_of(tmp_path / "one") != bytes_of(tmp_path / "other")


def test_a_single_product_is_related_to_none(tmp_path: Path) -> None:
    assert make_dataset(tmp_path, 1, 1, told=lambda *_: None)["related.csv"] == 0


def test_the_command_tells_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["make-dataset", str(tmp_path / "goods"), "--products", "5", "--json"]) == 0
    said = capsys.readouterr()
    assert '"product.csv": 5' in said.out
    assert "product.csv" in said.err
