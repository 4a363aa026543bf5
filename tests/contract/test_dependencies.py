"""`pip install tradebreaks` brings nothing that is not imported: every dependency is walked."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
MODULES = {"pyyaml": "yaml", "python-dateutil": "dateutil"}
"""Distributions whose module has another name."""


def declared() -> list[Requirement]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return [Requirement(line) for line in tomllib.loads(text)["project"]["dependencies"]]


def applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def module(name: str) -> str:
    return MODULES.get(canonicalize_name(name), name.replace("-", "_"))


def imported(source: str) -> set[str]:
    """Top-level modules that a source file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def sources(distribution: str) -> Iterator[str]:
    for path in metadata.files(distribution) or ():
        if path.suffix == ".py":
            yield Path(str(path.locate())).read_text(encoding="utf-8", errors="ignore")


OURS = set().union(
    *(
        imported(path.read_text(encoding="utf-8"))
        for room in ("analysis", "service")
        for path in (ROOT / room).rglob("*.py")
    )
)


@pytest.mark.parametrize("requirement", declared(), ids=lambda r: r.name)
def test_every_dependency_of_the_base_is_imported_by_the_product(requirement: Requirement) -> None:
    assert module(requirement.name) in OURS


def test_what_the_dependencies_bring_is_imported_by_what_brings_it() -> None:
    """Down to the leaves; a package that nobody imports would be dead weight in every installation."""
    waiting = [r.name for r in declared() if applies(r)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if canonicalize_name(name) in seen:
            continue
        seen.add(canonicalize_name(name))
        brought = [Requirement(line) for line in metadata.requires(name) or ()]
        for requirement in brought:
            if not applies(requirement):
                continue
            wanted = module(requirement.name)
            assert any(wanted in text for text in sources(name)), f"{name} brings {requirement.name}"
            waiting.append(requirement.name)
    assert {"numpy", "scipy", "pandas", "statsmodels", "patsy"} <= seen
