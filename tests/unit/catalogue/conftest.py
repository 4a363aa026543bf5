"""A data package of another sanctions regime, small enough to follow by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.catalogue import Catalogue
from analysis.catalogue.figures import COLUMNS
from analysis.catalogue.seal import seal

DEFAULTS = {
    "measure": "trade",
    "flow": "exports",
    "economy": "XA",
    "partner": "XB",
    "reporter": "XB",
    "product": "TOTAL",
    "unit": "EUR million",
    "rounding": "1",
    "publisher": "Office",
    "vintage": "first",
    "source": "office-1",
    "tier": "printed",
    "status": "verified",
}

RECIPES = """
series:
  xa.exports.m:
    title: Exports of Xa to Xb
    unit: EUR million
    frequency: M
    first: 2020-01
    last: 2020-06
    select:
      tables: [months]
      where: {measure: trade, flow: exports, partner: XB}
      publishers: [Office, Agency]
      release_lag: 10
      provisional: true
      convert:
        since: 2020-05
        unit: XBD million
        rates:
          - {prefix: rate.official, rse: 0.0, name: the official rate}
          - {prefix: rate.market, rse: 0.02, name: the market rate}
      spans:
        - {figure: span.1}
"""

Row = dict[str, str]
Build = Callable[..., Catalogue]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Return a function that writes figures and recipes and opens the catalogue."""

    def opened(rows: list[Row], recipes: str = RECIPES, corrections: str = "corrections: []\n") -> Catalogue:
        (tmp_path / "figures").mkdir(exist_ok=True)
        lines = [",".join(COLUMNS)]
        for row in rows:
            cells = {"end": row["start"]} | DEFAULTS | row
            lines.append(",".join(cells.get(name, "") for name in COLUMNS))
        (tmp_path / "figures" / "months.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (tmp_path / "sources.csv").write_text(
            "id,publisher,title,url,tier,note\noffice-1,Office,Bulletin,https://example.org/,official,\n",
            encoding="utf-8",
        )
        (tmp_path / "series.yaml").write_text(recipes, encoding="utf-8")
        (tmp_path / "corrections.yaml").write_text(corrections, encoding="utf-8")
        (tmp_path / "datapackage.json").write_text(json.dumps({"resources": []}), encoding="utf-8")
        seal(tmp_path)
        return Catalogue(tmp_path)

    return opened


SPAN = {"id": "span.1", "start": "2020-02", "end": "2020-03", "value": "50", "use": "span"}
RATES = [
    {
        "id": f"rate.{kind}.{month}",
        "measure": "exchange_rate",
        "flow": "",
        "unit": "XBD per EUR",
        "start": month,
        "value": "2",
        "rounding": "0.01",
    }
    for kind, month in (("official", "2020-05"), ("market", "2020-06"))
]
