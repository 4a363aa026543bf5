"""Bring your own series: paste or upload CSV, see the same pages; nothing is stored unless asked."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import current_app, redirect, render_template, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Redirect

from analysis.errors import UsageError
from service.routes.replies import answers, guards, refuse_parameters
from service.settings import Settings
from service.views.explorer import CHOICES, series_choices
from service.views.own import FIELDS, FieldError, OwnAnswer, OwnForm, answered, question

blueprint = APIBlueprint("own", __name__, enable_openapi=False)

FILES = {"csv_file": "csv", "events_file": "events"}


@blueprint.get("/own")
def show_form() -> str:
    """Show the empty form."""
    refuse_parameters()
    return _page(OwnForm.of({}))


@blueprint.post("/own")
def show_answer() -> str | tuple[str, int] | Redirect:
    """Answer on the series of the form; a wrong field is named with row and column."""
    refuse_parameters()
    for name in (*request.form, *request.files):
        if name not in (*FIELDS, *FILES):
            raise UsageError(f"unknown field '{name}'; known are {', '.join((*FIELDS, *FILES))}")
    form = OwnForm.of(request.form)
    try:
        for name, target in FILES.items():
            text = _text(request.files.get(name), target)
            if text:
                form.values[target] = text
        asked = question(form)
        if form.values["store"]:
            guards().require_publisher()
            record, _ = answers().record("attribution", asked)
            return redirect(f"{record.url}.html", 303)
        return _page(form, answered(answers(), form, asked))
    except FieldError as error:
        form.error = error
        return _page(form), error.http_status


def _page(form: OwnForm, answer: OwnAnswer | None = None) -> str:
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "own.html",
        form=form,
        page=answer,
        choices=CHOICES,
        series_choices=series_choices(),
        may_store=not settings.publish_token_sha256,
        limits=settings,
    )


def _text(file: FileStorage | None, target: str) -> str:
    if file is None or not file.filename:
        return ""
    try:
        return str(file.read(), "utf-8-sig")
    except UnicodeDecodeError:
        raise FieldError(
            target, f"The file {file.filename} is no UTF-8 text: save it as CSV UTF-8."
        ) from None
