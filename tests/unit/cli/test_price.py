import pytest

from listino.cli import main


@pytest.mark.parametrize("product_id", ["it:bottega", "uk:bottega:1", "8411x", "it:bottega:a b", ""])
def test_what_is_no_id_is_one_line(product_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["price", product_id]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"listino: {product_id!r} is not a product id")


@pytest.mark.parametrize("wait", ["6", "-1", "soon"])
def test_an_impossible_wait(wait: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["price", "it:bottega:1", "--wait", wait]) == 2
    assert "--wait" in capsys.readouterr().err


def test_a_database_that_is_away_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LISTINO_MONGO_URI", "mongodb://anna:geheim@127.0.0.1:1/?serverSelectionTimeoutMS=50")
    assert main.run(["price", "it:bottega:1"]) == 1
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("listino: MongoDB does not answer at mongodb://anna:***@127.0.0.1:1/")
    assert "geheim" not in said.err
