"""Bring your own series: paste or upload a file, see the same pages; nothing is stored unless asked."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as Redirect

from analysis.errors import UsageError
from analysis.reading import FileQuestion
from service.routes.replies import answers, guards, refuse_parameters
from service.settings import Settings
from service.views.explorer import CHOICES, series_choices
from service.views.own import (
    EXAMPLE,
    FIELDS,
    TEMPLATE,
    FieldError,
    OwnAnswer,
    OwnForm,
    answered,
    preview,
    question,
)
from service.views.own_events import TYPED

blueprint = APIBlueprint("own", __name__, enable_openapi=False)

FILES = {"csv_file": "csv", "events_file": "events"}
KNOWN = (*(name for name in FIELDS if name not in TYPED), *TYPED[:3], *FILES)


@blueprint.get("/own")
def show_form() -> str:
    """Show the empty form."""
    refuse_parameters()
    return _page(OwnForm.of({}))


@blueprint.get("/own/template.csv")
def get_template() -> Response:
    """Return a file to fill in."""
    refuse_parameters()
    response = Response(TEMPLATE, mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="my-series.csv"'
    return response


@blueprint.post("/own")
def show_answer() -> str | tuple[str, int] | Redirect:
    """Answer on the series of the form; what is wrong is named, and what is doubtful asked about."""
    refuse_parameters()
    for name in (*request.form, *request.files):
        if name not in (*FIELDS, *FILES):
            raise UsageError(f"unknown field '{name}'; known are {', '.join(KNOWN)}")
    form = OwnForm.of(EXAMPLE if request.form.get("step") == "example" else request.form)
    try:
        for name, target in FILES.items():
            file = request.files.get(name)
            if file is not None and file.filename and request.form.get("step") != "example":
                form.upload(target, file.read())
        if form.values["step"] == "preview":
            preview(form, answers())
            return _page(form)
        asked = question(form)
        if form.values["store"]:
            guards().require_publisher()
            record, _ = answers().record("attribution", asked)
            return redirect(f"{record.url}.html", 303)
        return _page(form, answered(answers(), asked))
    except FileQuestion as asked_back:
        form.question = asked_back
        return _page(form), asked_back.http_status
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
