"""Text and documents that a caller might send: nearly right, wrong in one place, or nonsense."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

ODD = ["", " ", "..", "0000", "9999", "9999-12", "9999-12-31", "0001-01-01", "2016-Q5", "-1", "NaN", "1e999"]
"""Texts at the limits of what a parser takes."""

digits = st.text("0123456789-Q.TW ", max_size=12)
periods = st.one_of(
    st.integers(1, 9999).map("{:04d}".format),
    st.builds("{:04d}-{:02d}".format, st.integers(1, 9999), st.integers(0, 13)),
    st.builds("{:04d}-Q{}".format, st.integers(1, 9999), st.integers(0, 5)),
    st.builds("{:04d}-{:02d}-{:02d}".format, st.integers(1, 9999), st.integers(1, 12), st.integers(0, 31)),
)
characters = st.one_of(
    st.sampled_from(
        [*map(chr, range(0x20)), "\x7f", "\x85", "\x9b", "\ufffe", "\uffff", "\ufdd0", "\U0010ffff"]
    ),
    st.sampled_from("\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\u00ad\u200b\u200d"),
    st.characters(categories=["Mn", "Me", "Lo", "So", "Sk", "Co", "Cn", "Zs", "Cf"]),
)
"""Characters that are seldom typed: controls, directions, separators, marks, private and unassigned ones."""

texts = st.one_of(
    periods, digits, st.sampled_from(ODD), st.text(max_size=20), st.text(characters, min_size=1, max_size=6)
)
windows = st.one_of(texts, st.builds("{}..{}".format, texts, texts))

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -(10**30), 2**63]),
    st.sampled_from([1e250, -1e250, 1e-300, 5e-324, 1e15, 1.1e15, 1e-12, 9e-13, -0.0]),
    texts,
    # A lone half of a pair: JSON can say it, UTF-8 cannot.
    st.text(st.characters(codec=None, categories=["Cs", "Cc", "L", "N"]), max_size=6),
)
nonsense = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(texts, st.just("period")), inner, max_size=4)
    ),
    max_leaves=8,
)

SERIES = {
    "observations": [
        {"period": str(2010 + k), "value": 10.0 + k, "status": "A", "rse": 0.1} for k in range(5)
    ],
    "events": [{"id": "e", "title": "E", "effective": "2012-03-01", "shape": "step", "end": "2013"}],
    "gaps": "missing",
    "regime": ["2011..2012"],
    "controls": {"x": {str(2010 + k): 1.0 * k for k in range(5)}},
    "store": False,
    "options": {"scale": "level", "level": 0.9},
}
"""Five observations: well-formed, and never enough to estimate from."""

UNKNOWN = {
    "series": "nothing",
    "from": "2010",
    "to": "2012",
    "without": ["e"],
    "vintage": "2019-01-31",
    "options": {"evidence": "none", "clock": "all"},
}
"""A question on a series that is not there."""

BODIES: dict[str, dict[str, Any]] = {
    "/v1/breaks": SERIES,
    "/v1/interventions": SERIES,
    "/v1/attributions": {**SERIES, "from": "2010", "to": "2012..2013"},
    "/v1/batches": {"questions": [{"kind": "attribution", "question": UNKNOWN}]},
    "/v1/estimates/" + "0" * 32 + "/withdrawal": {"reason": 1},
}
"""A body of each address that takes one; none of them can be answered with success."""


def _places(document: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every part of a document."""
    found = [before] if before else []
    items: Any = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    for key, value in items:
        found += _places(value, (*before, key))
    return found


@st.composite
def documents(draw: st.DrawFn, base: dict[str, Any]) -> Any:
    """Return `base` with up to three parts exchanged, left out, doubled or renamed."""
    document = copy.deepcopy(base)
    for _ in range(draw(st.integers(0, 3))):
        places = _places(document)
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inside: Any = document
        for step in way:
            inside = inside[step]
        action = draw(st.sampled_from(["exchange", "exchange", "leave out", "rename", "double"]))
        if action == "exchange":
            inside[last] = draw(nonsense)
        elif action == "leave out":
            del inside[last]
        elif isinstance(inside, dict):
            inside[draw(texts)] = inside.pop(last) if action == "rename" else inside[last]
        else:
            inside.append(inside[last])
    return document


@st.composite
def bodies(draw: st.DrawFn, base: dict[str, Any]) -> bytes:
    """Return the bytes of a document like `base`, sometimes cut, with bytes changed, or wholly other ones."""
    kind = draw(st.sampled_from(["document"] * 6 + ["nonsense", "cut", "bytes", "random", "deep", "wide"]))
    if kind == "deep":
        opening, closing = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('{"observations":[', "]}")]))
        depth = draw(st.integers(1, 3000))
        return (opening * depth + "1" + closing * draw(st.sampled_from([0, depth]))).encode()
    if kind == "wide":
        count = draw(st.integers(1, 12_000))
        row = draw(st.sampled_from(["{}", "null", '{"period":"2010","value":1}', '"x"']))
        name = draw(
            st.sampled_from(["observations", "events", "controls", "without", "regime", "questions", "x"])
        )
        many = ",".join([row] * count) if draw(st.booleans()) else ""
        fields = ",".join(f'"k{k}":{row}' for k in range(count)) if not many else f'"{name}":[{many}]'
        return ("{" + fields + "}").encode()
    if kind == "random":
        return draw(st.binary(max_size=200))
    written = json.dumps(draw(nonsense if kind == "nonsense" else documents(base))).encode()
    if kind == "cut":
        return written[: draw(st.integers(0, len(written)))]
    if kind == "bytes":
        changed = bytearray(written)
        for _ in range(draw(st.integers(1, 4))):
            changed[draw(st.integers(0, len(changed) - 1))] = draw(st.integers(0, 255))
        return bytes(changed)
    return written
