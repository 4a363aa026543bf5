"""Errors that only the service knows; each is one problem type, as in :mod:`analysis.errors`."""

from __future__ import annotations

from analysis.errors import TradebreaksError


class StoreUnavailableError(TradebreaksError):
    """The database of records cannot be reached, is full, is damaged or is not migrated."""

    slug = "store"
    title = "The store of records is not available"
    exit_code = 3
    http_status = 503


class WithdrawnError(TradebreaksError):
    """A record that an administrator withdrew; the message says when and why."""

    slug = "withdrawn"
    title = "The record was withdrawn"
    exit_code = 4
    http_status = 410


class BusyError(TradebreaksError):
    """More questions are waiting than the service takes, or a process that computes was lost twice."""

    slug = "busy"
    title = "The service is busy"
    exit_code = 3
    http_status = 503


class GoneError(TradebreaksError):
    """The caller went away before its answer was there; nobody reads this."""

    slug = "gone"
    title = "The caller has gone"
    exit_code = 3
    http_status = 503


class FailedError(TradebreaksError):
    """Something unexpected happened; the log has the reason under the id of the request."""

    slug = "unexpected"
    title = "The service failed"
    exit_code = 1
    http_status = 500


class TimeBudgetError(TradebreaksError):
    """The computation took longer than the service allows and was stopped."""

    slug = "time-budget"
    title = "The computation took too long"
    exit_code = 3
    http_status = 503


class UnauthorizedError(TradebreaksError):
    """The token that this needs is missing or wrong."""

    slug = "unauthorized"
    title = "A token is needed"
    exit_code = 2
    http_status = 401


class ForbiddenError(TradebreaksError):
    """The service is not set up to allow this."""

    slug = "forbidden"
    title = "Not allowed here"
    exit_code = 2
    http_status = 403


class RateLimitError(TradebreaksError):
    """More records were written from one address than the service takes in a minute."""

    slug = "rate-limit"
    title = "Too many records at once"
    exit_code = 3
    http_status = 429


SERVICE_PROBLEMS: tuple[type[TradebreaksError], ...] = (
    StoreUnavailableError,
    WithdrawnError,
    BusyError,
    GoneError,
    FailedError,
    TimeBudgetError,
    UnauthorizedError,
    ForbiddenError,
    RateLimitError,
)
"""The problem types that the service adds to those of the library."""
