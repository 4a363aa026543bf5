"""HS codes: what a provision names, and whether that is the whole of a product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.errors import DataPackageError

CHAPTER_DIGITS = 2
EVERYTHING = "all"
"""Stands in the enforcement calendar for a closure: it binds all trade and names no product."""

_CODE = re.compile(r"(?P<first>\d{2,10})(?:-(?P<last>\d{2}))?(?P<part>\s*\(.*\))?\Z")


@dataclass(frozen=True, slots=True)
class NamedCode:
    """One code as a provision states it.

    Attributes
    ----------
    prefix : str
        Digits without trailing zeros beyond the heading; every code that begins so is meant.
    part : bool
        Whether only a part of it is meant (``2709 (condensate)``).
    """

    prefix: str
    part: bool = False

    def covers(self, leaf: str) -> bool:
        """Tell whether the whole of a chapter or heading is named."""
        return not self.part and leaf.startswith(self.prefix)

    def touches(self, leaf: str) -> bool:
        """Tell whether a part of a chapter or heading is named, or the whole."""
        return leaf.startswith(self.prefix) or self.prefix.startswith(leaf)


def parse_codes(texts: Iterable[str]) -> tuple[NamedCode, ...]:
    """Read the HS codes of a provision or a calendar row.

    Parameters
    ----------
    texts : iterable of str
        ``2701``, ``50-63``, ``72 (25 tariff lines)``, ``2709000000 (excl. crude)``; ``all`` names nothing.

    Raises
    ------
    DataPackageError
        If a text is none of these.
    """
    codes: list[NamedCode] = []
    for text in texts:
        if text == EVERYTHING:
            continue
        found = _CODE.match(text.strip())
        if found is None:
            raise DataPackageError(f"'{text}' is not an HS code: write 2701, 50-63 or 2709 (condensate)")
        part = found["part"] is not None
        if found["last"]:
            codes += [NamedCode(chapter, part) for chapter in chapters(text.split("(")[0].strip())]
        else:
            codes.append(NamedCode(_heading(found["first"]), part))
    return tuple(codes)


def chapters(span: str) -> tuple[str, ...]:
    """Return the chapters of ``25-27`` or ``15``."""
    first, _, last = span.partition("-")
    return tuple(f"{chapter:02d}" for chapter in range(int(first), int(last or first) + 1))


def _heading(digits: str) -> str:
    """Return a national ten-digit code without the zeros that mean 'all of it'."""
    shown = digits
    while len(shown) > 4 and shown.endswith("00"):
        shown = shown[:-2]
    return shown


@dataclass(frozen=True, slots=True)
class Scope:
    """What a row of goods is made of.

    Attributes
    ----------
    leaves : tuple of str
        Chapters and headings, each wholly in it but for `without`.
    without : tuple of str
        Finer codes that have rows of their own.
    """

    leaves: tuple[str, ...]
    without: tuple[str, ...] = ()

    def named(self, codes: Sequence[NamedCode], leaf: str) -> str:
        """Return how codes name one leaf: ``whole``, ``part`` or ``no``."""
        if any(code.covers(leaf) for code in codes):
            return "whole"
        taken = tuple(code for code in self.without if code.startswith(leaf))
        if any(code.touches(leaf) and not code.prefix.startswith(taken or ("-",)) for code in codes):
            return "part"
        return "no"

    def less(self, code: str) -> Scope:
        """Return the scope without a finer code: a leaf goes, a part of a leaf is noted."""
        if code in self.leaves:
            return Scope(tuple(leaf for leaf in self.leaves if leaf != code), self.without)
        return Scope(self.leaves, (*self.without, code))

    @property
    def text(self) -> str:
        """The codes in words: ``01, 02, 04, 05`` or ``25-27 less 2601, 2701``."""
        shown = _ranges(self.leaves)
        return f"{shown} less {', '.join(self.without)}" if self.without else shown


def _ranges(leaves: Sequence[str]) -> str:
    parts: list[list[str]] = []
    for leaf in leaves:
        if parts and len(leaf) == CHAPTER_DIGITS and int(leaf) == int(parts[-1][-1]) + 1:
            parts[-1].append(leaf)
        else:
            parts.append([leaf])
    return ", ".join(p[0] if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
