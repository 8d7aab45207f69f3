import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from listino.local.shops.__main__ import main


def test_an_unknown_market_is_one_line_and_exit_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "listino.local.shops", "uk", "--port", "8101"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == ["Error: unknown market 'uk': choose one of it, fr, de, es"]


def test_help_gives_an_example() -> None:
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    assert "python -m listino.local.shops it --port" in done.output


@pytest.mark.parametrize("arguments", [["it"], ["it", "--port", "x"], ["it", "--port", "8101", "--products", "0"]])
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2


def test_a_foreign_state_file_is_exit_1(tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    state.write_text('{"op": "open", "market": "fr", "seed": 1, "count": 250}\n')
    done = CliRunner().invoke(main, ["it", "--port", "8101", "--state", str(state)])
    assert done.exit_code == 1
    assert "belongs to another shop" in done.output
