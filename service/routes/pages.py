"""The pages: complete without script, everything computed by the library."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any, cast

from apiflask import APIBlueprint
from flask import Response, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from analysis.domain.periods import FREQUENCY_NAMES
from analysis.errors import NotFoundError, TradebreaksError
from analysis.reporting.charts import placebos
from analysis.reporting.glossary import TERMS
from analysis.reporting.methods import METHODS, method
from service.readcache import reads_gzip
from service.routes.replies import (
    IMMUTABLE,
    REVALIDATE,
    answers,
    digest_of,
    guards,
    public_address,
    tagged,
    without_parameters,
)
from service.settings import Settings
from service.store import Record
from service.views import catalogue as catalogue_views
from service.views import overview, presets
from service.views.charts import draw, names
from service.views.chartwords import words
from service.views.explorer import CHOICES, asked, explored, series_choices, titled
from service.views.queries import PageQuery
from service.views.script import script, script_name

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)

COMPRESSED = ("text/html", "image/svg+xml", "application/json")
FRAMED = "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"
"""What an embedded chart may do; it may stand in a frame of any page."""

LEAST_COMPRESSED = 1_000
"""Bytes below which compressing saves nothing."""


@blueprint.app_context_processor
def shared() -> dict[str, Any]:
    """Give every template what the frame of the page needs."""
    return {
        "script_name": script_name(),
        "words_of": lambda kind, query: words(answers(), kind, query),
        "public_url": public_address(),
    }


@blueprint.after_request
def compressed(response: Response) -> Response:
    """Compress what is text, for those who can read it."""
    if (
        response.mimetype in COMPRESSED
        and response.status_code == 200
        and not response.is_streamed
        and "Content-Encoding" not in response.headers
        and reads_gzip(request.headers.get("Accept-Encoding", ""))
        and len(response.data) >= LEAST_COMPRESSED
    ):
        response.data = gzip.compress(response.data, compresslevel=6, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    if response.mimetype in COMPRESSED:
        response.vary.add("Accept-Encoding")
    return _known_by_its_bytes(response)


def _known_by_its_bytes(response: Response) -> Response:
    """Give a page its ETag, so that it is sent again from memory, and not at all to those who have it."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or response.is_streamed:
        return response
    if "ETag" not in response.headers:
        response.set_etag(digest_of(response.data))
        response.headers.setdefault("Cache-Control", REVALIDATE)
    return cast(Response, response.make_conditional(request))


@blueprint.get("/")
@without_parameters
def show_overview() -> str:
    """Answer the first question of the data package."""
    page = overview(answers())
    return render_template(
        "overview.html", page=page, query=page.query, presets=presets(), may_store=_may_store()
    )


@blueprint.get("/explore")
def show_explorer() -> str | tuple[str, int]:
    """Show the explorer: the address holds the question."""
    return _answer_page("explore.html")


@blueprint.get("/attribution")
def show_attribution() -> str | tuple[str, int]:
    """Show one attribution in full: datings, evidence, lenses, assumptions."""
    return _answer_page("attribution.html")


def _answer_page(template: str) -> str | tuple[str, int]:
    query = PageQuery.read(list(request.args.items(multi=True)))
    form = {"choices": CHOICES, "series_choices": series_choices(), "query": query}
    series, design, error = asked(query)
    if error is None:
        try:
            page = explored(answers(), query)
        except TradebreaksError as problem:
            if problem.http_status >= 500 or problem.http_status == 429:
                raise
            error = problem
        else:
            evidence = page.record.get("evidence") or {}
            return render_template(
                template,
                page=page,
                design=design,
                may_store=_may_store(),
                placebo=placebos(evidence),
                presets=presets(),
                **form,
            )
    status = error.http_status
    return render_template("explore_error.html", error=error, series=series, design=design, **form), status


def _may_store() -> bool:
    settings: Settings = current_app.extensions["settings"]
    return not settings.publish_token_sha256


@blueprint.post("/cite")
def store_attribution() -> Redirect:
    """Store the attribution of a page as a record and go to it."""
    return redirect(f"{_kept().url}.html", 303)


@blueprint.post("/report")
def report_attribution() -> Redirect:
    """Store the attribution of a page as a record and go to its report."""
    return redirect(f"{_kept().url}.report.pdf", 303)


def _kept() -> Record:
    """Store what the page shows, with the basic evidence at least."""
    query = PageQuery.read(list(request.form.items(multi=True)))
    guards().require_publisher()
    record, _ = answers().record(
        "attribution", query.attribution("full" if query.evidence == "full" else "basic")
    )
    return record


@blueprint.get("/breaks")
def show_breaks() -> str:
    """Show breaks at unknown dates with their date sets, tests and posterior."""
    query = PageQuery.read(list(request.args.items(multi=True)))
    series, design, error = asked(query)
    if error is not None:
        raise error
    return render_template(
        "breaks.html",
        query=query,
        series=series,
        design=design,
        record=answers().breaks(query.breaks()).record,
        names=names(),
        series_choices=series_choices(),
        choices=CHOICES,
    )


@blueprint.get("/series")
@without_parameters
def list_series() -> str:
    """List the series of the catalogue."""
    return render_template("series_list.html", groups=series_choices())


@blueprint.get("/series/<series_id>")
def show_series(series_id: str) -> str:
    """Show a series: where it is from, how reliable it is, what is not in it."""
    query = PageQuery.read([*request.args.items(multi=True), ("series", series_id)])
    page = catalogue_views.series_page(query.series, query.vintage)
    return render_template("series.html", page=page, frequencies=FREQUENCY_NAMES)


@blueprint.get("/events")
@without_parameters
def list_events() -> str:
    """List the events of the catalogue."""
    from analysis import catalogue

    return render_template("events.html", events=catalogue.events().chronological())


@blueprint.get("/events/<event_id>")
@without_parameters
def show_event(event_id: str) -> str:
    """Show everything on one event."""
    return render_template("event.html", page=catalogue_views.dossier(answers(), event_id))


@blueprint.get("/claims")
@without_parameters
def show_claims() -> str:
    """Show the statements of the note with their verdicts."""
    return render_template("claims.html", report=catalogue_views.claims(answers()))


@blueprint.get("/methods")
@without_parameters
def list_methods() -> str:
    """List the methods."""
    return render_template("methods.html", methods=METHODS)


@blueprint.get("/glossary")
@without_parameters
def show_glossary() -> str:
    """Explain the terms, and how a mistake is reported."""
    contact = cast(Settings, current_app.extensions["settings"]).contact
    link = f"mailto:{contact}" if "@" in contact and "://" not in contact else contact
    return render_template("glossary.html", terms=TERMS, contact=contact, contact_link=link)


@blueprint.get("/methods/<method_id>")
@without_parameters
def show_method(method_id: str) -> str:
    """Show one method: what it rests on, and when not to use it."""
    return render_template("method.html", method=method(method_id))


@blueprint.get("/charts/<kind>.<suffix>")
def show_chart(kind: str, suffix: str) -> Response:
    """Draw a chart of catalogue data: as SVG, PNG, PDF, or its specification."""
    query = PageQuery.read(list(request.args.items(multi=True)))
    media_type, body = draw(answers(), kind, query, suffix)
    response = tagged(body, hashlib.sha256(body).hexdigest()[:32], media_type)
    if suffix in ("png", "pdf"):
        name = "".join(c if c.isalnum() or c in ".-" else "_" for c in query.series)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}-{kind}.{suffix}"'
    return response


@blueprint.get("/embed/<kind>")
def show_embedded(kind: str) -> Response:
    """Show one chart with its sentence, read only: the one page that any other may frame."""
    query = PageQuery.read(list(request.args.items(multi=True)))
    page = render_template(
        "embed.html", kind=kind, query=query, said=words(answers(), kind, query), title=titled(query)
    )
    response = current_app.make_response(page)
    response.headers["Content-Security-Policy"] = FRAMED
    return response


@blueprint.get("/scripts/<name>")
@without_parameters
def show_script(name: str) -> Response:
    """Send the script of the charts."""
    if name != script_name():
        raise NotFoundError(f"no script '{name}'; load {url_for('pages.show_script', name=script_name())}")
    response = tagged(script(), name.removesuffix(".js"), "text/javascript", IMMUTABLE)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response
