"""What the server prints: the first answer, and the address where a reader's eye ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask

from analysis.errors import CannotEstimateError
from service import server

ADDRESS = "Serving at http://127.0.0.1:8000 until interrupted (Ctrl-C)."


def test_the_address_is_printed_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warmed: list[Any] = []
    monkeypatch.setattr(
        server, "first_headline", lambda _: SimpleNamespace(text=lambda: "Half of the fall.\n")
    )
    monkeypatch.setattr(server, "warm", warmed.append)
    monkeypatch.setattr(server.gc, "freeze", lambda: None)
    server._print_headline(cast(Flask, SimpleNamespace(extensions={"answers": "answers"})), ADDRESS)
    lines = capsys.readouterr().out.rstrip().splitlines()
    assert "Half of the fall." in lines
    assert lines[-1] == ADDRESS
    assert warmed == ["answers"]


def test_an_answer_that_cannot_be_computed_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Any) -> Any:
        raise CannotEstimateError("nothing can be said")

    monkeypatch.setattr(server, "first_headline", refuse)
    server._print_headline(cast(Flask, SimpleNamespace(extensions={"answers": "answers"})), ADDRESS)
    assert "nothing can be said" in capsys.readouterr().err
