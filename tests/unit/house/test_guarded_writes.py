"""No write of products goes past the guard: pages that are kept elsewhere would outlive what was written."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import Module, modules

WRITES = frozenset(
    [
        "bulk_write",
        "insert_one",
        "insert_many",
        "update_one",
        "update_many",
        "replace_one",
        "delete_one",
        "delete_many",
        "find_one_and_update",
        "find_one_and_replace",
        "find_one_and_delete",
    ]
)
# Collections that nobody keeps copies of, as the code names them.
OTHERS = frozenset(
    [
        "history",  # listino.store.history
        "self._crawls",
        "self._rejects",
        "self._staff",
        "self._sessions",
        "self._tokens",
        "self._audit",
        "self._leases",
        "self._log",
        "self._schedule",
        "self._writes_of_audit",
        "self._database[AUDIT.name]",
        "self._events",
        "self._customers",
        "self._notes",
        "self._erasures",
        "database[SESSIONS.name]",
        "self._visits",
        "self._tiles",
        "self._stock",
        "never_products",  # listino.store.summing.upserted
    ]
)
# What writes products and shows nothing of it: search terms, which no page has.
UNSEEN = frozenset({"listino.store.terms_migration"})


def unguarded_writes(found: list[Module]) -> list[str]:
    return [
        f"{module.name}: {call}"
        for module in found
        if module.within("listino", "scrapers", "workers", "api", "backoffice")
        and not module.within("listino.local")
        and module.name not in UNSEEN
        for call in _writes(ast.parse(module.text), guarded=False)
    ]


def _writes(node: ast.AST, *, guarded: bool) -> Iterator[str]:
    if isinstance(node, ast.With | ast.AsyncWith):
        guarded = guarded or any("guard.writing" in ast.unparse(item.context_expr) for item in node.items)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
        collection = ast.unparse(node.func.value)
        if not guarded and collection not in OTHERS:
            yield f"{collection}.{node.func.attr}"
    for child in ast.iter_child_nodes(node):
        yield from _writes(child, guarded=guarded)


@pytest.fixture(scope="module")
def found() -> list[Module]:
    return modules()


def test_no_write_goes_past_the_guard(found: list[Module]) -> None:
    assert unguarded_writes(found) == []


def test_the_rule_catches_its_offence(tmp_path: Path) -> None:
    (tmp_path / "listino" / "store").mkdir(parents=True)
    (tmp_path / "listino" / "store" / "products.py").write_text(
        "class P:\n"
        "    def a(self):\n"
        "        with self._guard.writing([1]):\n"
        "            self._products.update_one({}, {})\n"
        "        history.bulk_write([])\n"
        "        self._products.update_many({}, {})\n"
    )
    assert unguarded_writes(modules(tmp_path)) == ["listino.store.products: self._products.update_many"]
