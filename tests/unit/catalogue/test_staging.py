"""What becomes of the rows of the six files: which are kept, and what is said of the others."""

import csv
from dataclasses import astuple
from pathlib import Path

import pytest

from listino.catalogue import joining, rejects
from listino.catalogue.files import FILES
from listino.catalogue.joining import batches, rows_of
from listino.catalogue.staging import opened, stage
from listino.domain.errors import UnreadableCatalogue
from listino.store.imported import Rows

GOOD = {
    "product.csv": "id,name,slogan,description,category,default_price\n1,Jacket,Light,Text,Jackets,140\n2,Lamp,null,,NULL,null\n",
    "features.csv": "id,product_id,feature,value\n1,1,Fabric,Canvas\n2,1,Sole,null\n",
    "styles.csv": "id,productId,name,sale_price,original_price,default_style\n1,1,Sand,null,140,1\n2,1,Ivory,99.50,140.00,false\n",
    "photos.csv": "id,styleId,url,thumbnail_url\n1,1,https://x/1,https://x/t1\n2,2,https://x/2,null\n",
    "skus.csv": "id,styleId,size,quantity\n1,1,M,8\n2,2,null,null\n",
    "related.csv": "id,current_product_id,related_product_id\n1,1,2\n2,2,1\n",
}


class Staged:
    """A folder of files, staged."""

    def __init__(self, folder: Path, files: dict[str, str | bytes]) -> None:
        self.folder = folder / "goods"
        self.folder.mkdir()
        for name, text in {**GOOD, **files}.items():
            (self.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        self.database = folder / "staged.duckdb"
        self.counts: dict[str, int] = {}
        stage(self.folder, self.database, told=self.counts.__setitem__)
        with opened(self.database, read_only=True) as connection:
            found = [rows_of(connection, batch) for batch in batches(connection)]
            target = folder / "rejects.csv"
            rejects.write_rejects(connection, self.folder, target)
            self.rejected = rejects.counts(connection)
        self.rows = found[0] if found else Rows([], [], [], [], [], [])
        with target.open(encoding="utf-8", newline="") as text:
            header, *rows = csv.reader(text)
        assert tuple(header) == rejects.HEADER
        self.rejects = [(name, int(line), reason, row) for name, line, reason, row in rows]

    @property
    def told(self) -> list[tuple[str, int, str]]:
        return [(name, line, reason) for name, line, reason, _ in self.rejects]


def test_good_rows_are_typed_and_nothing_is_rejected(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {})
    assert staged.rejects == []
    assert staged.counts == dict.fromkeys(GOOD, 2)
    assert staged.rows == Rows(
        products=[(1, "Jacket", "Light", "Text", "Jackets", 14_000), (2, "Lamp", None, None, None, None)],
        features=[(1, "Fabric", "Canvas"), (1, "Sole", None)],
        related=[(1, 2), (2, 1)],
        styles=[(1, 1, "Sand", 14_000, None, True), (1, 2, "Ivory", 14_000, 9_950, False)],
        photos=[(1, "https://x/t1", "https://x/1"), (2, "https://x/2", "https://x/2")],
        skus=[(1, 1, 8, "M"), (2, 2, None, "")],
    )


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_byte_order_marks_and_columns_in_another_order(tmp_path: Path, ending: str, mark: bytes) -> None:
    text = 'note,styleId, quantity,id,size\nx,1,7,5,"a, ""b""\nc"\ny,2,,6,L\nz,1,bad,7,M\n'
    staged = Staged(tmp_path, {"skus.csv": mark + text.replace("\n", ending).encode()})
    assert staged.rows.skus == [(1, 5, 7, f'a, "b"{ending}c'), (2, 6, None, "L")]
    assert staged.told == [("skus.csv", 5, "quantity is not a whole number from 0 to 2147483647: bad")]


def test_lines_that_end_in_two_ways(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"skus.csv": "id,styleId,size,quantity\r\n1,1,M,8\n2,2,S,x\r\n3,2,L,1\n"})
    assert [row[1] for row in staged.rows.skus] == [1, 3]
    assert [(line, row) for _, line, _, row in staged.rejects] == [(3, "2,2,S,x")]


# A row of a file, and what is said of it.
BAD = [
    ("product.csv", "x,Name,,,,1", "id is not a whole number from 0 to 999999999999999999: x"),
    ("product.csv", "-3,Name,,,,1", "id is not a whole number from 0 to 999999999999999999: -3"),
    ("product.csv", "1.5,Name,,,,1", "id is not a whole number from 0 to 999999999999999999: 1.5"),
    ("product.csv", "1e3,Name,,,,1", "id is not a whole number from 0 to 999999999999999999: 1e3"),
    ("product.csv", "null,Name,,,,1", "id is missing"),
    ("product.csv", "3,null,,,,1", "name is missing"),
    ("product.csv", "3,Name,,,,-1", "default_price is not an amount from 0 to 9999999999.99: -1"),
    ("product.csv", '3,Name,,,,"1,50"', "default_price is not an amount from 0 to 9999999999.99: 1,50"),
    ("product.csv", "3,Name,,,,nan", "default_price is not an amount from 0 to 9999999999.99: nan"),
    ("product.csv", "1,Again,,,,1", "an earlier row has the id 1"),
    ("product.csv", "3,Name,,,1", "too few fields"),
    ("product.csv", "3,Name,,,,1,2", "too many fields"),
    ("product.csv", '3,"Na"me,,,,1', "a quote is not closed, or something follows it"),
    ("features.csv", "3,9,Fabric,Wool", "product_id 9 is no row of product.csv that can be used"),
    ("styles.csv", "3,9,Sand,null,1,1", "productId 9 is no row of product.csv that can be used"),
    ("styles.csv", "3,1,Sand,null,1,maybe", "default_style is not 0, 1, true or false: maybe"),
    ("photos.csv", "3,1,null,https://x", "url is missing"),
    ("photos.csv", "3,9,https://x,https://x", "styleId 9 is no row of styles.csv that can be used"),
    ("skus.csv", "3,1,M,-1", "quantity is not a whole number from 0 to 2147483647: -1"),
    ("related.csv", "3,9,1", "current_product_id 9 is no row of product.csv that can be used"),
    ("related.csv", "4,1,9", "related_product_id 9 is no row of product.csv that can be used"),
    ("related.csv", "5,8,9", "current_product_id 8 is no row of product.csv that can be used"),
]


def test_each_bad_row_is_rejected_with_its_line_and_reason_and_no_other(tmp_path: Path) -> None:
    files, expected = {}, []
    for name, text in GOOD.items():
        header, first, second = text.splitlines()
        bad = [(row, reason) for of, row, reason in BAD if of == name]
        files[name] = "\n".join((header, first, "", *(row for row, _ in bad), second, ""))
        expected += [(name, line, reason, row) for line, (row, reason) in enumerate(bad, 4)]
    staged = Staged(tmp_path, files)
    assert staged.rejects == expected
    assert sum(staged.rejected.values()) == len(BAD)
    assert staged.counts == {name: 2 + staged.rejected.get(name, 0) for name in GOOD}
    assert [len(part) for part in astuple(staged.rows)] == [2] * 6


def test_text_that_is_not_utf8_is_rejected(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"skus.csv": b"id,styleId,size,quantity\n1,1,\xff\xfe,8\n2,2,\xc3\x89,1\n"})
    assert staged.told == [("skus.csv", 2, "it is not UTF-8")]
    assert staged.rows.skus == [(2, 2, 1, "É")]


def test_what_hangs_on_a_rejected_row_is_rejected(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {"styles.csv": GOOD["styles.csv"].replace("2,1,Ivory,99.50", "2,1,Ivory,lots")})
    assert staged.told == [
        ("styles.csv", 3, "sale_price is not an amount from 0 to 9999999999.99: lots"),
        ("photos.csv", 3, "styleId 2 is no row of styles.csv that can be used"),
        ("skus.csv", 3, "styleId 2 is no row of styles.csv that can be used"),
    ]


def test_a_quote_that_is_never_closed_takes_the_rest_of_the_file_with_it(tmp_path: Path) -> None:
    lines = "".join(f"{number},1,M,1\n" for number in range(3, 300_000))
    staged = Staged(tmp_path, {"skus.csv": f'id,styleId,size,quantity\n1,1,M,8\n2,1,"L,1\n{lines}'})
    assert [row[1] for row in staged.rows.skus] == [1]
    (name, line, reason, row) = staged.rejects[0]
    assert (name, line, row.splitlines()[0]) == ("skus.csv", 3, '2,1,"L,1')
    assert "quote is not closed" in reason
    assert len(row) <= 1_000


def test_rows_in_no_order_are_joined_in_the_order_of_their_ids(tmp_path: Path) -> None:
    def backwards(text: str) -> str:
        header, *rows = text.splitlines()
        return "\n".join((header, *reversed(rows))) + "\n"

    other = tmp_path / "backwards"
    other.mkdir()
    staged = Staged(other, {name: backwards(text) for name, text in GOOD.items()})
    assert staged.rejects == []
    assert staged.rows == Staged(tmp_path, {}).rows


def test_a_batch_has_no_rows_of_styles_between_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "BATCH", 1)
    styles = GOOD["styles.csv"].replace("2,1,Ivory", "2,2,Ivory") + "3,1,Rose,null,1,0\n"
    skus = GOOD["skus.csv"] + "4,3,M,1\n3,3,S,1\n"
    staged = Staged(tmp_path, {"styles.csv": styles, "photos.csv": GOOD["photos.csv"] + "3,3,u,t\n", "skus.csv": skus})
    with opened(staged.database, read_only=True) as connection:
        first, second = (rows_of(connection, batch) for batch in batches(connection))
    assert [row[:2] for row in first.skus] == [(1, 1), (3, 3), (3, 4)]
    assert [row[0] for row in first.photos] == [1, 3]
    assert ([row[:2] for row in second.skus], [row[0] for row in second.photos]) == ([(2, 2)], [2])


def test_files_without_rows_are_an_empty_catalogue(tmp_path: Path) -> None:
    staged = Staged(tmp_path, {name: text.splitlines()[0] + "\n" for name, text in GOOD.items()})
    assert (len(staged.rows), staged.rejects) == (0, [])


def test_every_missing_file_and_column_is_named(tmp_path: Path) -> None:
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "photos.csv").unlink()
    (tmp_path / "skus.csv").write_text("id,size\n")
    (tmp_path / "related.csv").write_text("id,current_product_id,related_product_id,id\n")
    (tmp_path / "features.csv").write_text("")
    with pytest.raises(UnreadableCatalogue) as raised:
        stage(tmp_path, tmp_path / "staged.duckdb", told=lambda *_: None)
    assert str(raised.value).splitlines()[1:] == [
        "  features.csv: no column id, product_id, feature, value in its first line",
        "  photos.csv: No such file or directory",
        "  skus.csv: no column styleId, quantity in its first line",
        "  related.csv: more than one column id",
    ]
    assert not (tmp_path / "staged.duckdb").exists()


def test_all_files_are_tried_here() -> None:
    assert list(GOOD) == [file.name for file in FILES]


def test_duckdb_draws_no_bar_on_standard_output(tmp_path: Path) -> None:
    with opened(tmp_path / "any.duckdb") as connection:
        assert connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)


@pytest.mark.parametrize(("name", "matches"), [("goods[1]", "goods1"), ("goods?", "goods2"), ("g*s", "goods")])
def test_a_folder_named_like_a_pattern_is_that_folder(tmp_path: Path, name: str, matches: str) -> None:
    for folder, files in ((matches, {"product.csv": GOOD["product.csv"].replace("Jacket", "Wrong")}), (name, {})):
        (tmp_path / folder).mkdir()
        for file, text in {**GOOD, **files}.items():
            (tmp_path / folder / file).write_text(text)
    stage(tmp_path / name, tmp_path / "staged.duckdb", told=lambda *_: None)
    with opened(tmp_path / "staged.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT name FROM product ORDER BY id").fetchall() == [("Jacket",), ("Lamp",)]
