"""What every source file keeps to. Every rule names its offenders."""

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import Module, modules

MOST_LINES = 450
DRAWERS = {"utils", "util", "common", "general", "helpers", "helper", "misc"}


def too_long(found: list[Module]) -> list[str]:
    return [f"{m.name}: {n} lines" for m in found if (n := len(m.text.splitlines())) > MOST_LINES]


def drawers(found: list[Module]) -> list[str]:
    return [module.name for module in found if DRAWERS & set(module.name.split("."))]


def without_docstring(found: list[Module]) -> list[str]:
    return [m.name for m in found if m.text.strip() and ast.get_docstring(ast.parse(m.text)) is None]


def swallowing(found: list[Module]) -> list[str]:
    """`except Exception: pass`, by whatever name."""
    offenders = []
    for module in found:
        for node in ast.walk(ast.parse(module.text)):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
                if broad and all(isinstance(inner, ast.Pass | ast.Continue) for inner in node.body):
                    offenders.append(f"{module.name}:{node.lineno}")
    return offenders


@pytest.fixture(scope="module")
def found() -> list[Module]:
    return modules()


def test_no_module_is_a_giant(found: list[Module]) -> None:
    assert len(found) > 100
    assert too_long(found) == []


def test_no_module_is_a_drawer(found: list[Module]) -> None:
    assert drawers(found) == []


def test_every_module_says_what_it_is(found: list[Module]) -> None:
    assert without_docstring(found) == []


def test_no_error_is_swallowed(found: list[Module]) -> None:
    assert swallowing(found) == []


@pytest.mark.parametrize(
    ("rule", "path", "text", "offence"),
    [
        (too_long, "listino/a.py", "x = 1\n" * 451, "listino.a: 451 lines"),
        (drawers, "listino/utils/a.py", "", "listino.utils.a"),
        (drawers, "api/helpers.py", "", "api.helpers"),
        (without_docstring, "api/a.py", "x = 1", "api.a"),
        (swallowing, "api/a.py", "try:\n    x = 1\nexcept Exception:\n    pass", "api.a:3"),
        (swallowing, "api/a.py", "try:\n    x = 1\nexcept:\n    pass", "api.a:3"),
    ],
)
def test_each_rule_catches_its_offence(rule: object, path: str, text: str, offence: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    assert callable(rule)
    assert rule(modules(tmp_path)) == [offence]
