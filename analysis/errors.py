"""One tree of errors; each class is one exit code, one HTTP status and one problem type."""

from __future__ import annotations

from typing import ClassVar


class TradebreaksError(Exception):
    """Base of every error that a user can cause and mend.

    Parameters
    ----------
    message : str
        One sentence that names the place (file, row, field, series) and the remedy.
    pointer : str, optional
        JSON pointer (RFC 6901) to the offending field of a request, such as ``/options/scale``.
    """

    slug: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, pointer: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer


class UsageError(TradebreaksError):
    """An option or parameter that does not exist, or a combination that has no meaning."""

    slug = "usage"
    title = "The request cannot be read"
    exit_code = 2
    http_status = 400


class MissingExtraError(TradebreaksError):
    """An optional dependency is not installed; the message ends with the pip line."""

    slug = "missing-extra"
    title = "An optional part is not installed"
    exit_code = 2
    http_status = 503

    @classmethod
    def naming(cls, purpose: str, extra: str) -> MissingExtraError:
        """Build the error for `purpose`, mended by installing `extra`."""
        return cls(f"{purpose} needs the extra '{extra}': pip install 'tradebreaks[{extra}]'")


class InputError(TradebreaksError):
    """Input that can be read but is wrong: the message names file, row, column or field."""

    slug = "bad-input"
    title = "The input is wrong"
    exit_code = 3
    http_status = 422


class DataPackageError(InputError):
    """The curated data package is damaged or does not validate."""

    slug = "data-package"
    title = "The data package is damaged"
    http_status = 503


class NotFoundError(TradebreaksError):
    """An id that the catalogue, the event table or the store does not hold."""

    slug = "not-found"
    title = "Not found"
    exit_code = 4
    http_status = 404


class CannotEstimateError(TradebreaksError):
    """The input is sound, but the data cannot carry the estimate that was asked for."""

    slug = "cannot-estimate"
    title = "This cannot be estimated"
    exit_code = 5
    http_status = 422
