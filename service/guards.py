"""Who may write: tokens compared in constant time, limits for each address, and no page of another site."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import Request, has_request_context, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from service.errors import ForbiddenError, RateLimitError, UnauthorizedError
from service.places import Caller
from service.settings import Settings

TOKEN_BYTES = 32
"""Random bytes of a token: too many to be guessed, so one round of SHA-256 hides them."""

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

OWN_SITE = ("same-origin", "none")
"""What a browser says of a request that this site's own page, or its user, sends."""

IPV6_NETWORK = 64
"""Whoever has an address of version 6 has all those that begin with the same 64 bits."""


def new_token() -> tuple[str, str]:
    """Return a token and the SHA-256 that the service is told."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, token_hash(token)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def caller() -> Caller:
    """Return who sent the request that the running thread answers; outside of one, the service itself."""
    if not has_request_context():
        return Caller()
    gone = request.environ.get("waitress.client_disconnected")
    address = network(request.remote_addr)
    return Caller(address) if gone is None else Caller(address, gone)


def network(address: str | None) -> str:
    """Return what limits count by: an address, or the network of 64 bits of one of version 6."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, IPV6_NETWORK), strict=False))
    return str(found)


class Guards:
    """Checks a request before it may write, and before its body is read.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._publish = settings.publish_token_sha256
        self._admin = settings.admin_token_sha256
        self._public = _origin(settings.public_url)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._writes = RateLimitItemPerMinute(settings.writes_per_minute)
        self._wrong = RateLimitItemPerMinute(settings.wrong_tokens_per_minute)

    def check_write(self) -> None:
        """Count a request that is none of reading, and refuse one that a page of another site sends.

        Raises
        ------
        ForbiddenError
            If another site's page sends it.
        RateLimitError
            If there were too many from this address within a minute.
        """
        if request.method in SAFE_METHODS:
            return
        if self._foreign(request):
            raise ForbiddenError("a page of another site may not write here: open this site and ask there")
        if not self._limiter.hit(self._writes, "writes", network(request.remote_addr)):
            raise RateLimitError(
                f"more than {self._writes.amount} questions that write or bring own data within a minute: "
                "wait a minute, or send a batch"
            )

    def require_publisher(self) -> None:
        """Check the token for writing records, if the service has one; the administrator's will do.

        Raises
        ------
        UnauthorizedError
            If it is missing or wrong.
        RateLimitError
            If this address sent too many wrong ones.
        """
        if self._publish and not self._holds(self._publish, self._admin):
            raise UnauthorizedError(
                "storing a record here needs a token: send it as Authorization: Bearer TOKEN"
            )

    def require_administrator(self) -> None:
        """Check the administrator's token.

        Raises
        ------
        ForbiddenError
            If the service has none.
        UnauthorizedError
            If it is missing or wrong.
        RateLimitError
            If this address sent too many wrong ones.
        """
        if not self._admin:
            raise ForbiddenError(
                "this service has no administrator's token: use tradebreaks records withdraw"
            )
        if not self._holds(self._admin):
            raise UnauthorizedError("this needs the administrator's token: Authorization: Bearer TOKEN")

    def _holds(self, *wanted: str) -> bool:
        """Tell whether the request carries a token with one of these SHA-256; a wrong one is counted."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return False
        place = ("wrong tokens", network(request.remote_addr))
        if not self._limiter.test(self._wrong, *place):
            raise RateLimitError(
                f"more than {self._wrong.amount} wrong tokens within a minute: wait a minute"
            )
        given = token_hash(token.strip())
        if any(bool(known) and hmac.compare_digest(given, known) for known in wanted):
            return True
        self._limiter.hit(self._wrong, *place)
        return False

    def _foreign(self, asked: Request) -> bool:
        """Tell whether a browser sends the request for a page of another site."""
        site = asked.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site not in OWN_SITE
        origin = asked.headers.get("Origin")
        return origin is not None and origin.lower() not in (_origin(asked.url_root), self._public)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()
