"""Who may write: tokens compared in constant time, and a limit on writes from one address."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from flask import request

from service.errors import ForbiddenError, RateLimitError, UnauthorizedError
from service.settings import Settings

TOKEN_BYTES = 32
"""Random bytes of a token: too many to be guessed, so one round of SHA-256 hides them."""

MOST_ADDRESSES = 10_000
"""Addresses whose writes are counted; the one not seen for longest is forgotten first."""


def new_token() -> tuple[str, str]:
    """Return a token and the SHA-256 that the service is told."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, token_hash(token)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Guards:
    """Checks a request before it may write.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._publish = settings.publish_token_sha256
        self._admin = settings.admin_token_sha256
        self._rate = settings.writes_per_minute
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def require_publisher(self) -> None:
        """Check the token for writing records, if the service has one; the administrator's will do.

        Raises
        ------
        UnauthorizedError
            If it is missing or wrong.
        """
        if self._publish and not (_holds(self._publish) or _holds(self._admin)):
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
        """
        if not self._admin:
            raise ForbiddenError(
                "this service has no administrator's token: use tradebreaks records withdraw"
            )
        if not _holds(self._admin):
            raise UnauthorizedError("this needs the administrator's token: Authorization: Bearer TOKEN")

    def limit_writes(self, cost: int = 1) -> None:
        """Count a write of the address that asks.

        Raises
        ------
        RateLimitError
            If there were too many within a minute.
        """
        address = request.remote_addr or "unknown"
        moment = time.monotonic()
        with self._lock:
            bucket = self._buckets.pop(address, None) or _Bucket(float(self._rate), moment)
            bucket.left = min(self._rate, bucket.left + (moment - bucket.at) * self._rate / 60)
            bucket.at = moment
            self._buckets[address] = bucket
            while len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
            if bucket.left < min(cost, self._rate):
                raise RateLimitError(
                    f"more than {self._rate} questions that write or bring own data within a minute: "
                    "wait a minute, or send a batch"
                )
            bucket.left -= cost


def _holds(wanted: str) -> bool:
    """Tell whether the request carries the token with the SHA-256 `wanted`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token_hash(token.strip()) if scheme.lower() == "bearer" and token.strip() else ""
    return bool(wanted) and hmac.compare_digest(given, wanted)
