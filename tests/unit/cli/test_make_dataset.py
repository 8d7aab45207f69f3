from pathlib import Path

import pytest

from listino.cli import main


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main.run(["make-dataset", str(tmp_path / "file" / "goods")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"listino: the files cannot be written to {tmp_path}/file/goods: Not a directory"


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "product.csv").mkdir()
    assert main.run(["make-dataset", str(tmp_path), "--products", "1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"listino: the files cannot be written to {tmp_path}: IO Error: ")
