"""The command that says what each method does and when not to use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from analysis.cli.shell import emit, json_option

if TYPE_CHECKING:
    from analysis.reporting.methods import Method


@click.command()
@click.argument("method_id", metavar="[ID]", required=False)
@json_option
def methods(method_id: str | None, as_json: bool) -> None:
    """List the methods, or say of one what it rests on and when not to use it."""
    from analysis.domain.results import plain_table
    from analysis.reporting.methods import METHODS, method

    if method_id is not None:
        found = method(method_id)
        emit(found.to_record(), _text(found), as_json)
        return
    rows = [(one.id, one.title, one.question) for one in METHODS]
    text = plain_table(("id", "title", "question"), rows)
    emit({"methods": [one.to_record() for one in METHODS]}, text, as_json)


def _text(found: Method) -> str:
    """Return every field of a method."""
    parts = [f"{found.title} ({found.id})", found.question, found.how]
    for title, items in (
        ("It rests on", found.rests_on),
        ("Do not use it", found.not_when),
        ("Sources", found.sources),
    ):
        parts.append("\n".join([f"{title}:", *(f"- {item}" for item in items)]))
    return "\n\n".join(parts)
