"""Text of pages: a date or a number with its sign of per cent stays on one line."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_DATE = re.compile(r"\b\d{4}-(?:Q\d|W?\d{2}(?:-\d{2})?)\b")
_PERCENT = re.compile(r"(?<=\d) %")


def tied(text: object) -> Markup:
    """Return escaped text in which neither dates nor per cent break over lines."""
    safe = _PERCENT.sub("&nbsp;%", str(escape(text)))
    return Markup(_DATE.sub(r'<span class="tied">\g<0></span>', safe))  # noqa: S704  # escaped above
