"""Text that people read: which characters may stand in it, and what is shown instead of the others."""

from __future__ import annotations

import unicodedata

from analysis.errors import InputError

DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows: a title could show another one than it holds."""

NAMES = {
    "Cc": "a control character",
    "Cs": "half of a character (a surrogate)",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}
"""Categories of Unicode of which nothing may stand in a title, in words."""

LINES = {ord(c): " " for c in "\t\n\r\v\f\x85\u2028\u2029"}
"""What separates words or lines; a title is one line."""


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
"""What a cell of text must not begin with in a file for a spreadsheet."""


def neutral(text: str) -> str:
    """Return `text` such that no spreadsheet runs it as a formula: an apostrophe goes before one."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA_STARTS) else text


def what_is_wrong(text: str, allowed: str = "") -> str | None:
    """Return the first character that may not stand in a text, in words; None if there is none.

    Parameters
    ----------
    text : str
    allowed : str
        Control characters that may stand in it all the same, such as ends of lines.
    """
    if text.isascii() and text.isprintable():
        return None
    for place, character in enumerate(text, start=1):
        words = _words(character)
        if words is not None and character not in allowed:
            return f"U+{ord(character):04X}, {words}, at character {place}"
    return None


def require_text(text: str, what: str) -> str:
    """Return `text` if people can read it.

    Raises
    ------
    InputError
        Naming `what` it is, the character and its place.
    """
    wrong = what_is_wrong(text)
    if wrong is not None:
        raise InputError(f"{what} holds {wrong}: take it out")
    return text


def readable(text: str) -> str:
    """Return `text` as it can be drawn or printed: ends of lines are spaces, what nobody can read is U+FFFD.

    Marks of direction are left out.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if _words(c) is not None else c
        for c in text.translate(LINES)
        if c not in DIRECTIONS
    )


def on_terminal(text: str) -> str:
    """Return `text` of several lines without anything that a terminal would obey."""
    return "\n".join(
        "".join(c if c == "\t" else readable(c) for c in line) if not line.isprintable() else line
        for line in text.split("\n")
    )


def _words(character: str) -> str | None:
    if character in DIRECTIONS:
        return "a mark that turns the direction of reading"
    code = ord(character)
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "no character of Unicode"
    return NAMES.get(unicodedata.category(character))
