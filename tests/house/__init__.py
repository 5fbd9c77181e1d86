"""House rules: what holds for the whole of kith, and is checked by reading its own sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("connectors", "store", "capture", "cli")
"""The four packages, in the order of their layers: what stands later may import what stands before it."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the four packages, by name."""
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def imports(module: str, only_at_import: bool = False) -> Iterator[str]:
    """The full names that a module imports; with ``only_at_import`` those alone that importing it imports.

    ``from connectors import base`` counts as connectors.base where there is such a module.
    """
    for node in _statements(tree(module)) if only_at_import else ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in modules() else str(node.module)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: no bodies of functions, and not what type checkers alone see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _statements(child)
