"""A rate is its mean, never a sum a year, and no sentence about it speaks of dollars or of North Korea."""

import json

import pytest
from click.testing import CliRunner

from service.cli import main

EVENTS = "begin,end,name\n2012-07,,Embargo\n2018-11-05,,Sanctions reimposed\n"
MONTHS = [(y, m) for y in range(2008, 2023) for m in range(1, 13)]
LEVELS = [2300 if (y, m) < (2012, 7) else 1500 if (y, m) < (2018, 11) else 700 for y, m in MONTHS]
ROWS = [
    f"{y}-{m:02d},{level + 37 * k % 11 * 5}"
    for k, ((y, m), level) in enumerate(zip(MONTHS, LEVELS, strict=True))
]
FORBIDDEN = ("a year", "nominal", "dollar", "self-isolation", "North Korea", "a month")


@pytest.fixture
def files(tmp_path):
    series, events = tmp_path / "crude.csv", tmp_path / "events.csv"
    series.write_text("\n".join(["period,value", *ROWS]), encoding="utf-8")
    events.write_text(EVENTS, encoding="utf-8")
    return ["--csv", str(series), "--events", str(events)]


def test_a_rate_is_answered_in_its_own_unit_and_words(files):
    asked = ["attribute", *files, "--from", "2011", "--to", "2020", "--evidence", "none"]
    named = ["--rate", "--unit", "thousand barrels a day", "--title", "Crude exports"]
    ran = CliRunner().invoke(main, [*asked, *named])
    assert ran.exit_code == 0, ran.stderr
    means = [
        sum(float(row.partition(",")[2]) for row in ROWS if row.startswith(str(year))) / 12
        for year in (2011, 2020)
    ]
    fall = means[0] - means[1]
    assert (
        f"Of the fall of {fall:,.0f} thousand barrels a day in Crude exports from 2011 to 2020" in ran.stdout
    )
    assert "180 values, 0 missing" in ran.stderr
    for words in FORBIDDEN:
        assert words not in ran.stdout, words
    record = json.loads(CliRunner().invoke(main, [*asked, *named, "--json"]).stdout)
    assert record["change"]["annualised"] is None
    assert record["change"]["rate"] is True
    flow = json.loads(CliRunner().invoke(main, [*asked, "--json"]).stdout)
    assert flow["change"]["annualised"]["from"] == pytest.approx(12 * means[0])
    assert "rate" not in flow["change"]
