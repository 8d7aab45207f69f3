"""The source as the house rules look at it: every module of ours, and what it imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("listino", "scrapers", "workers", "api", "backoffice")


@dataclass(frozen=True)
class Module:
    """One source file; `name` is dotted, as it is imported."""

    name: str
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def within(self, *packages: str) -> bool:
        return within(self.name, *packages)

    def imports(self) -> Iterator[str]:
        """Every module it imports anywhere, in functions too; `from a import b` counts as `a.b`."""
        for node in ast.walk(ast.parse(self.text)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                yield from (f"{origin}.{alias.name}" for alias in node.names)
            elif (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in ("__import__", "import_module", "importlib.import_module")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def within(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of the packages, or below one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def modules(root: Path = ROOT) -> list[Module]:
    """All modules of ours below a folder, in order of their names."""
    found = []
    for package in PACKAGES:
        for path in (root / package).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found.append(Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return sorted(found, key=lambda module: module.name)
