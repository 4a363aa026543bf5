"""The application factory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apiflask import APIFlask
from flask import Response, request
from werkzeug.exceptions import RequestURITooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from analysis import __version__
from analysis.reporting.glossary import plainly
from analysis.reporting.headline import break_change, fraction, percent_words, precision_words, signed
from analysis.reporting.labels import kind_words
from service.answers import Answers
from service.batches import Batches
from service.compute import Pool
from service.guards import Guards, caller
from service.openapi import complete
from service.places import Places
from service.problems import register_problems
from service.readcache import ROUTE, ReadCache
from service.records.tables import shown
from service.routes import BLUEPRINTS
from service.settings import Settings
from service.soundness import require_sound
from service.store import Database, Store
from service.telemetry import Metrics, Telemetry
from service.views.prose import tied

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

DESCRIPTION = (
    "Structural breaks in North Korea's recorded trade, dated to events, with intervals. "
    "The estimand is recorded trade in nominal dollars; after a ban trade may continue unrecorded."
)

MOST_URL = 4_000
"""Longest path with query."""

WITHOUT_DATA = (None, "system", "estimates", "batches")
"""Blueprints that answer although the data package is damaged: what was stored stays readable."""

CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, X-Request-ID",
    "Access-Control-Expose-Headers": "ETag, Location, Retry-After, X-Request-ID",
}
"""Pages of others may read; they may not write."""

FRAMED_ROUTE = "/embed/<kind>"
"""The route whose pages may stand in a frame of any other."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}


def create_app(settings: Settings | None = None) -> APIFlask:
    """Build the application.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment when left out.
    """
    settings = settings or Settings.from_environment()
    app = APIFlask(__name__, title="tradebreaks", version=__version__, docs_path=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        DESCRIPTION=DESCRIPTION,
        AUTO_OPERATION_ID=True,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        AUTO_SERVERS=False,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has the attribute
    app.jinja_env.filters["signed"] = signed
    app.jinja_env.filters["fraction"] = fraction
    app.jinja_env.filters["percent_words"] = percent_words
    app.jinja_env.filters["precision_words"] = precision_words
    app.jinja_env.filters["break_change"] = break_change
    app.jinja_env.filters["kind_words"] = kind_words
    app.jinja_env.filters["cell"] = shown
    app.jinja_env.filters["tied"] = tied
    app.jinja_env.filters["plainly"] = plainly
    pool = Pool(
        size=settings.workers,
        seconds=settings.compute_seconds,
        niceness=settings.nice,
    )
    drawing = Pool(size=min(settings.workers, 1), seconds=settings.draw_seconds, niceness=settings.nice)
    places = Places(settings.max_waiting, caller)
    guards = Guards(settings)
    answers = Answers(settings, pool, drawing, Store(Database(settings.database_url)), places)
    batches = Batches(settings, answers)
    app.extensions |= {
        "settings": settings,
        "guards": guards,
        "answers": answers,
        "batches": batches,
        "pool": pool,
        "drawing": drawing,
        "metrics": _metrics(answers, pool, batches),
    }
    register_problems(app)
    app.before_request(_name_route)
    app.before_request(guards.check_write)
    app.after_request(_add_headers)
    app.spec_processor(complete)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    cache = app.extensions["readcache"] = ReadCache(app.wsgi_app, settings.cache_bytes // 3)
    outer: WSGIApplication = Telemetry(cache, app.extensions["metrics"], log=bool(settings.log_requests))
    if settings.trusted_proxies:
        # Outermost: what is logged and counted is the caller's address, not the proxy's.
        count = settings.trusted_proxies
        outer = ProxyFix(outer, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = outer  # type: ignore[method-assign,assignment]  # as Flask documents for middleware
    return app


def _metrics(answers: Answers, pool: Pool, batches: Batches) -> Metrics:
    metrics = Metrics()
    metrics.watch("computing", "Questions of requests that are computed now", lambda: pool.busy)
    metrics.watch("waiting", "Requests that wait for a process that computes", lambda: pool.waiting)
    metrics.watch("batch_computing", "Questions of batches that are computed now", lambda: batches.computing)
    metrics.watch("records_damaged", "Stored records found damaged", lambda: len(answers.store.damaged))
    metrics.watch("answers_kept", "Answers kept in memory", lambda: answers.kept)
    return metrics


def _name_route() -> None:
    rule = request.url_rule
    if rule is not None:
        request.environ[ROUTE] = rule.rule
    if len(request.full_path) > MOST_URL:
        raise RequestURITooLarge(f"the address is longer than {MOST_URL} characters; send a POST")
    if request.blueprint not in WITHOUT_DATA:
        require_sound()


def _add_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.environ.get(ROUTE) == FRAMED_ROUTE:
        del response.headers["X-Frame-Options"]
    if request.method in ("GET", "HEAD", "OPTIONS"):
        for name, value in CORS_HEADERS.items():
            response.headers.setdefault(name, value)
    return response
