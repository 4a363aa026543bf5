"""Charts as a browser draws them: no label leaves the drawing or meets another, and a page shows the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.e2e

TOTAL = "series=dprk.total.a&from=2014&to=2018"
CHINA = "series=dprk.exports.china.m&from=2016&to=2024"
COAL = "series=dprk.exports.china.coal.a&from=2009&to=2024"
CHARTS = (
    f"series.svg?{TOTAL}",
    f"series.svg?{CHINA}",
    "series.svg?series=dprk.imports.china.m&vintage=revised",
    f"series.svg?{TOTAL}&marks=all",
    f"waterfall.svg?{TOTAL}",
    f"waterfall.svg?{CHINA}",
    f"counterfactual.svg?{TOTAL}",
    f"counterfactual.svg?{CHINA}",
    f"posterior.svg?{TOTAL}",
    f"placebo.svg?{COAL}",
    f"curve.svg?{COAL}&row=2",
    f"series.svg?{TOTAL}&size=narrow",
    f"waterfall.svg?{TOTAL}&size=narrow",
    f"counterfactual.svg?{TOTAL}&size=narrow",
)
TOUCHING = 1.0
"""Pixels by which boxes of letters may reach into each other sideways: a box is wider than its letters."""
LEADING = 3.5
"""Pixels by which they may do so in height: lines of a label are set closer than their boxes."""

WRONG_LABELS = """([touching, leading]) => {
  const frame = document.documentElement.getBoundingClientRect();
  const boxes = [...document.querySelectorAll("text")]
    .filter((text) => text.textContent.trim())
    .map((text) => ({ box: text.getBoundingClientRect(), words: text.textContent }));
  const wrong = [];
  boxes.forEach(({ box, words }, k) => {
    if (box.left < frame.left || box.right > frame.right
        || box.top < frame.top || box.bottom > frame.bottom) {
      wrong.push(`${words} leaves the drawing`);
    }
    for (const other of boxes.slice(k + 1)) {
      const width = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const height = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (width > touching && height > leading) { wrong.push(`${words} meets ${other.words}`); }
    }
  });
  return { wrong, count: boxes.length };
}"""
MARKS = """(figure) => [...figure.querySelectorAll(".drawn g.role-mark")]
  .map((group) => [group.getAttribute("class"), group.childElementCount])"""


@pytest.mark.parametrize("chart", CHARTS)
def test_labels_stay_inside_and_apart(
    chart: str, open_page: Callable[..., Any], keep: Callable[..., None]
) -> None:
    page = open_page(f"/charts/{chart}")
    found = page.evaluate(WRONG_LABELS, [TOUCHING, LEADING])
    assert found["wrong"] == []
    assert found["count"] > 5
    kind, _, rest = chart.partition(".svg?series=")
    keep(page, f"chart-{kind}-{rest.partition('&')[0]}", whole=False)


def test_the_page_draws_the_marks_of_the_svg(open_page: Callable[..., Any]) -> None:
    page = open_page(f"/explore?{TOTAL}")
    figures = page.locator("figure.plot").all()
    assert len(figures) == 3
    for figure in figures:
        figure.scroll_into_view_if_needed()
        figure.locator(".behind").wait_for(state="attached")
        drawn = Counter(json.dumps(mark) for mark in figure.evaluate(MARKS))
        address = figure.locator("img").get_attribute("src")
        svg = ET.fromstring(page.request.get(page.url.split("/explore")[0] + address).text())
        groups = [g for g in svg.iter("{http://www.w3.org/2000/svg}g") if "role-mark" in g.get("class", "")]
        assert drawn == Counter(json.dumps([g.get("class"), len(g)]) for g in groups), address
