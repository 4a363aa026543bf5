"""Canonical JSON and digests: the bytes that records are identified by."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from analysis.errors import InputError

SIGNIFICANT_DIGITS = 12
"""Digits kept in records; floating-point noise beyond them differs between installations."""


def rounded(value: Any) -> Any:
    """Return `value` with every float at 12 significant digits, tuples as lists and keys as text.

    Raises
    ------
    InputError
        If a number is NaN or infinite: neither is an answer.
    """
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError("a record holds a number that is not finite; no estimate may be NaN or infinite")
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if hasattr(value, "item"):
        return rounded(value.item())
    return str(value)


def canonical_json(record: Any) -> str:
    """Return `record` as JSON with sorted keys, no white space and 12 significant digits."""
    return json.dumps(
        rounded(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(record: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `record`, in hexadecimal."""
    return hashlib.sha256(canonical_json(record).encode("utf-8")).hexdigest()
