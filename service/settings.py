"""Settings of the service: a frozen dataclass, read from the environment and nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from analysis.catalogue.location import ENVIRONMENT as DATA_VARIABLE
from analysis.errors import UsageError

PREFIX = "TRADEBREAKS_"

ZERO_ALLOWED = ("workers", "trusted_proxies", "nice", "log_requests", "warm_up")
"""Whole numbers that may be 0."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set; every field is read from ``TRADEBREAKS_`` plus its name in capitals.

    The library reads one variable more, ``TRADEBREAKS_DATA``: another data package than the one shipped.

    Attributes
    ----------
    threads : int
        Requests answered at the same time.
    connections : int
        Connections held at the same time; another one waits until one of them ends.
    idle_seconds : int
        How long a connection may lie still, or a caller read nothing of its answer.
    read_seconds : int
        How long a caller may take to send a request, from its first byte to its last.
    max_head_bytes : int
        Largest head of a request; a larger one is answered with 431.
    max_body_bytes : int
        Largest request body; a larger one is answered with 413.
    max_bytes_in_flight : int
        Bytes of bodies of all callers together; what does not fit is answered with 503.
    max_observations : int
        Most observations of a caller's own series.
    max_events : int
        Most events of a caller's own table.
    max_cost : int
        Largest question on own data: periods times events and one more, times 1, 2 or 20 for evidence none,
        basic or full.
    cache_bytes : int
        What is kept in memory: a third each for answers, for renderings of records, and for what was just
        sent. Answers count by their size as JSON; in memory they are some eight times as large.
    workers : int
        Processes that compute, at most one for each core; 0 computes in the thread of the request.
    nice : int
        How far those processes stand back behind the others of the machine, 0 to 19.
    draw_seconds : int
        Longest drawing of a chart or document.
    compute_seconds : int
        Longest computation for one request.
    max_waiting : int
        Most requests that compute or wait for a computation, and half of that for one address; one more is
        answered with 503. Each holds a thread, so there must be more threads.
    max_batch : int
        Most questions of one batch.
    batch_seconds : int
        Longest computation for one question of a batch.
    writes_per_minute : int
        Requests that write, or bring own data, that one address may send in a minute.
    wrong_tokens_per_minute : int
        Wrong tokens that one address may send in a minute.
    warm_up : int
        Whether the headline is computed and printed when the service starts: 1 or 0.
    log_requests : int
        Whether each request is logged: 1 or 0.
    trusted_proxies : int
        Reverse proxies in front of the service whose forwarding headers are believed.
    database_url : str
        Where records are kept; empty is the SQLite file of `service.store.default_url`.
    public_url : str
        Address under which records are cited; without one, a citation gives no address.
    contact : str
        Mail address, or address of a page, to which readers report mistakes.
    publish_token_sha256, admin_token_sha256 : str
        SHA-256 of the token for writing records, and of that for withdrawing them. Without the first
        everybody may write; without the second nobody may withdraw over HTTP.
    """

    threads: int = 32
    connections: int = 2_000
    idle_seconds: int = 30
    read_seconds: int = 20
    max_head_bytes: int = 32_768
    max_body_bytes: int = 1_000_000
    max_bytes_in_flight: int = 50_000_000
    max_observations: int = 5_000
    max_events: int = 50
    max_cost: int = 500_000
    cache_bytes: int = 48_000_000
    workers: int = 2
    nice: int = 10
    draw_seconds: int = 30
    compute_seconds: int = 120
    max_waiting: int = 16
    max_batch: int = 200
    batch_seconds: int = 3_600
    writes_per_minute: int = 60
    wrong_tokens_per_minute: int = 10
    warm_up: int = 1
    log_requests: int = 1
    trusted_proxies: int = 0
    database_url: str = ""
    public_url: str = ""
    contact: str = ""
    publish_token_sha256: str = ""
    admin_token_sha256: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings.

        Raises
        ------
        UsageError
            Naming a variable with the prefix that is no setting, or a value that cannot be used.
        """
        known = {PREFIX + field.name.upper(): field for field in fields(cls)}
        chosen: dict[str, Any] = {}
        for variable, text in environment.items():
            if not variable.startswith(PREFIX) or variable == DATA_VARIABLE:
                continue
            if variable not in known:
                raise UsageError(
                    f"{variable} is no setting; known are {', '.join(sorted([*known, DATA_VARIABLE]))}"
                )
            field = known[variable]
            chosen[field.name] = (
                _number(variable, field.name, text) if field.type == "int" else _text(variable, text)
            )
        settings = cls(**chosen)
        if settings.max_waiting >= settings.threads:
            raise UsageError(
                f"{PREFIX}MAX_WAITING is {settings.max_waiting} and {PREFIX}THREADS {settings.threads}: "
                "who waits holds a thread, so give more threads"
            )
        if settings.max_bytes_in_flight < settings.max_body_bytes:
            raise UsageError(
                f"{PREFIX}MAX_BYTES_IN_FLIGHT is {settings.max_bytes_in_flight}, less than one body "
                f"({PREFIX}MAX_BODY_BYTES): give more"
            )
        return settings


def _number(variable: str, name: str, text: str) -> int:
    least = 0 if name in ZERO_ALLOWED else 1
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
        raise UsageError(
            f"{variable} is '{text}'; give a whole number {'from 0 on' if least == 0 else 'above 0'}"
        )
    return int(text)


def _text(variable: str, text: str) -> str:
    value = text.strip()
    if variable.endswith("_SHA256") and not re.fullmatch(r"[0-9a-f]{64}|", value):
        raise UsageError(f"{variable} is no SHA-256; tradebreaks token prints a token and its hash")
    if variable.endswith("PUBLIC_URL") and not re.fullmatch(r"https?://[^\s?#]+|", value):
        raise UsageError(f"{variable} is '{value}'; give an address that begins with https:// or http://")
    if variable.endswith("CONTACT") and not re.fullmatch(r"https?://\S+|[^\s@:/]+@[^\s@:/]+|", value):
        raise UsageError(
            f"{variable} is '{value}'; give a mail address, or an address that begins with https://"
        )
    return value.rstrip("/")
