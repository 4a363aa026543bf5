"""No test depends on which one ran before it: what can be changed is made anew for each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

CHANGEABLE = re.compile(r"APIFlask|Client|Store|Database|Service|Shelf|BaseSchema|Generated|Batches|Pool")
"""What a test can change by using it, by the name of its type."""

SHARED = {
    "api/test_renderings.py::shelf": "read only; its client checks after each test that nothing was stored",
    "e2e/conftest.py::address": "pages in a browser; starting and warming it takes half a minute",
    "faults/test_connections.py::service": "a process; its tests send what is refused or only read",
    "property/test_bodies.py::client": "one test, whose examples are all refused",
    "property/test_bodies.py::computing": "one test, which asks that its processes outlive every example",
    "property/test_parsers.py::store": "one test, whose lines are all refused",
    "store/conftest.py::postgres": "a server; each test has a database of its own in it",
}
"""The exceptions, each with what keeps its tests apart."""


def fixtures() -> Iterator[tuple[str, str, ast.FunctionDef]]:
    """Yield name, scope and definition of every fixture of the tests."""
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if "fixture" not in ast.unparse(decorator).split("(")[0]:
                    continue
                scope = "function"
                for keyword in getattr(decorator, "keywords", ()):
                    if keyword.arg == "scope":
                        scope = ast.literal_eval(keyword.value)
                yield f"{path.relative_to(TESTS).as_posix()}::{node.name}", scope, node


def makes_something_changeable(node: ast.FunctionDef) -> bool:
    """Return whether a fixture hands out, or starts, what its users can change."""
    handed = ast.unparse(node.returns) if node.returns is not None else ""
    called = {ast.unparse(call.func).split(".")[-1] for call in ast.walk(node) if isinstance(call, ast.Call)}
    starts = called & {"create_app", "starting", "make_server", "get_server"}
    return bool(CHANGEABLE.search(handed) or starts)


def test_what_tests_can_change_is_shared_by_none_but_the_named_exceptions() -> None:
    found = {
        name for name, scope, node in fixtures() if scope != "function" and makes_something_changeable(node)
    }
    assert found == set(SHARED)


def test_the_rule_sees_a_shared_application() -> None:
    shared = "@pytest.fixture(scope='session')\ndef app() -> {}:\n    return {}(1)\n"
    for returned, called in (("APIFlask", "made"), ("object", "create_app"), ("Iterator[Store]", "made")):
        (node,) = ast.parse(shared.format(returned, called)).body
        assert isinstance(node, ast.FunctionDef)
        assert makes_something_changeable(node)


def test_the_data_of_postgresql_lie_where_no_other_run_deletes_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for name, _, node in fixtures():
        text = ast.unparse(node)
        if "get_server" in text:
            assert "tmp_path" not in text, f"{name}: below {tmp_path_factory.getbasetemp().parent}"
