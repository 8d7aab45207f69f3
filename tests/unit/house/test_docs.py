"""What the docs tell people to type."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import ROOT

from listino.live.answer import Reason
from listino.settings import Settings

DOCS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
COMMAND = re.compile(r"^    (\S*)\b(listino|scrapy) ")


def not_from_here(text: str) -> list[str]:
    """Lines to type that would find no command outside an activated virtual environment."""
    return [line.strip() for line in text.splitlines() if (found := COMMAND.match(line)) and found[1] != ".venv/bin/"]


def test_commands_are_written_as_they_can_be_typed() -> None:
    assert len(DOCS) > 5
    assert sum(text.count("    .venv/bin/listino ") for text in (path.read_text("utf-8") for path in DOCS)) > 5
    assert {path.name: wrong for path in DOCS if (wrong := not_from_here(path.read_text("utf-8")))} == {}


@pytest.mark.parametrize("line", ["    listino up", "    scrapy crawl it", "    bin/listino up"])
def test_the_rule_catches_its_offence(line: str) -> None:
    assert not_from_here(line) == [line.strip()]


def test_no_heading_of_a_page_is_there_twice() -> None:
    for path in DOCS:
        headings = re.findall(r"^#+ .+$", path.read_text("utf-8"), re.MULTILINE)
        assert sorted(headings) == sorted(set(headings)), path.name


def test_every_setting_is_in_the_table_with_its_default_and_meaning() -> None:
    rows = re.findall(
        r"^\| `(LISTINO_\w+)` \| (?:`([^`]*)`)? ?\| (.+) \|$",
        (ROOT / "docs/operate.md").read_text("utf-8"),
        re.MULTILINE,
    )
    defaults = Settings.model_construct().environment()
    assert [(name, meaning) for name, _, meaning in rows] == [
        (f"LISTINO_{name.upper()}", field.description) for name, field in Settings.model_fields.items()
    ]
    derived = {"LISTINO_STATE_DIR", "LISTINO_SHOPS_DIR"}  # folders, which depend on where one is
    assert {name: default for name, default, _ in rows if name not in derived} == {
        f"LISTINO_{name.upper()}": defaults.get(f"LISTINO_{name.upper()}", "")
        for name in Settings.model_fields
        if f"LISTINO_{name.upper()}" not in derived
    }


def test_every_reason_for_a_price_that_is_not_fresh_is_explained() -> None:
    told = re.findall(r"^\| `(\w+)` \| ", (ROOT / "docs/api.md").read_text("utf-8"), re.MULTILINE)
    # A product found gone is no price but status 410.
    assert {reason.value for reason in Reason if reason is not Reason.GONE} <= set(told)
