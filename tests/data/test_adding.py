"""``data add`` on a copy: a right month is written and sealed, a wrong one is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from analysis.catalogue import Catalogue
from analysis.catalogue.adding import Release, add_release
from analysis.catalogue.differing import compare_packages
from analysis.catalogue.location import data_directory
from analysis.errors import InputError, TradebreaksError
from service.cli import main

MONTH = {
    "period": "2026-08",
    "exports": "310.524",
    "imports": "1301.270",
    "total": "1611.794",
    "unit": "CNY million",
    "publisher": "GACC",
    "address": "https://example.org/gacc/2026-08",
    "published": "2026-09-18",
    "rate": "6.7812",
}
"""An invented release of the month after the last one; the sizes are those of the months before."""

WRONG: dict[str, tuple[dict[str, str], str]] = {
    "unit that no series has": ({"unit": "USD thousand"}, "unit 'USD thousand' is none of"),
    "yuan called dollars": ({"unit": "USD million"}, "lie outside"),
    "sign": ({"exports": "-310.524"}, "below zero"),
    "decimal point": ({"exports": "3105.24", "total": ""}, "a decimal place"),
    "comma for a point": ({"imports": "1.301,270"}, "not a number with a decimal point"),
    "month left out": ({"period": "2026-09", "published": "2026-10-18"}, "2026-08 comes next"),
    "month that is not over": ({"published": "2026-08-20"}, "cannot state 2026-08"),
    "month that stands already": ({"period": "2026-07"}, "is it the right month"),
    "figure of the month before": ({"exports": "302.224536", "total": ""}, "is it the right month"),
    "flows exchanged": ({"exports": "1301.270", "imports": "310.524"}, "look exchanged"),
    "total against its flows": ({"total": "1661.794"}, "not to the total"),
    "publisher nobody knows": ({"publisher": "Customs"}, "is none of GACC"),
    "no address": ({"address": "the customs' bulletin"}, "not the address of a page"),
    "month without a rate": ({"rate": ""}, "no exchange rate for 2026-08"),
    "span from the middle of a year": ({"period": "2026-02..2026-08"}, "from January on"),
}


def release(**changes: str) -> Release:
    fields = MONTH | changes
    values = {flow: fields.pop(flow) for flow in ("exports", "imports", "total")}
    return Release({flow: text for flow, text in values.items() if text}, **fields)


def state(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in sorted(directory.rglob("*.*"))}


def test_a_right_month_is_written_sealed_and_built(copy: Path):
    old = Catalogue(copy)
    length = {name: old.builder.build(name).last for name in ("dprk.exports.china.m", "dprk.imports.china.m")}
    added = add_release(copy, release())
    new = Catalogue(copy)
    assert added.figures[:3] == (
        *("cn.exports.2026-08.cny.a", "cn.imports.2026-08.cny.a", "cn.total.2026-08.cny.a"),
    )
    for name, last in length.items():
        series = new.builder.build(name)
        assert series.last == last + 1
        assert "example-01" in {new.package.figure(f).source for f in series.observations[-1].figures}
    exports = new.builder.build("dprk.exports.china.m").observations[-1]
    assert exports.value == pytest.approx(310.524 / 6.7812)
    assert {m.name for m in added.difference.of("observation")} >= {
        *("dprk.exports.china.m 2026-08", "dprk.imports.china.m 2026-08", "dprk.total.china.m 2026-08"),
    }
    assert all("2026-08" in m.name for m in added.difference.moved), "nothing else moves"


def test_a_wrong_month_is_refused_in_a_sentence_and_nothing_is_written(copy: Path):
    before = state(copy)
    for name, (changes, reason) in WRONG.items():
        with pytest.raises(InputError, match=reason) as refused:
            add_release(copy, release(**changes))
        assert "\n" not in refused.value.message, name
    assert state(copy) == before


def test_a_running_total_must_be_what_the_months_add_to(copy: Path):
    span = {"period": "2026-01..2026-07", "published": "2026-08-18", "unit": "USD million"}
    alone = span | {"imports": "", "total": "", "rate": ""}
    months = Catalogue(copy).builder.build("dprk.exports.china.m").observations
    year = sum(o.value for o in months if o.period.year == 2026)
    with pytest.raises(
        InputError, match=r"does not fit the package: the months of 'dprk\.exports\.china\.m'"
    ):
        add_release(copy, release(**alone, exports=f"{year + 60:.2f}"))
    added = add_release(copy, release(**alone, exports=f"{year:.2f}"))
    assert added.figures == ("cn.exports.2026-01_2026-07.a",)


def test_an_unusual_value_needs_a_reason_which_is_kept(copy: Path):
    odd = {"exports": "31.052", "total": ""}
    with pytest.raises(InputError, match="--although"):
        add_release(copy, release(**odd))
    added = add_release(copy, release(**odd, although="the border was shut for three weeks"))
    assert Catalogue(copy).package.figure(added.figures[0]).note == "the border was shut for three weeks"


def test_a_later_print_stands_beside_the_first(copy: Path):
    package = Catalogue(copy).package
    first = next(
        f
        for f in package.matching(("china_monthly",), {"flow": "exports", "publisher": "GACC"})
        if str(f.window.first) == str(f.window.last) == "2025-12" and f.product == "TOTAL"
    )
    again = {"period": "2025-12", "unit": "USD million", "imports": "", "total": "", "rate": ""}
    with pytest.raises(InputError, match="--vintage later"):
        add_release(copy, release(**again, exports="53.10"))
    added = add_release(copy, release(**again, exports="53.10", vintage="later"))
    assert Catalogue(copy).package.figure(added.figures[0]).vintage == "later"
    assert Catalogue(copy).package.figure(first.id).value == first.value


def test_the_difference_of_a_package_from_itself_is_nothing(copy: Path):
    same = compare_packages(Catalogue(copy), Catalogue(data_directory()))
    assert (same.moved, same.heading()) == ((), "the two packages hold the same")


def test_the_command_says_what_it_did_and_what_the_headline_does(copy: Path):
    options = {name: text for name, text in MONTH.items() if name != "published"} | {"date": "2026-09-18"}
    arguments = [part for name, text in options.items() for part in (f"--{name}", text)]
    done = CliRunner().invoke(main, ["data", "add", *arguments, "--data", str(copy)])
    assert done.exit_code == 0, done.stderr
    assert "cn.exports.2026-08.cny.a" in done.stdout
    assert "2014 to 2018" in done.stdout
    assert "(unmoved)" in done.stdout
    assert "analysis.catalogue.report" in done.stderr
    again = CliRunner().invoke(main, ["data", "add", *arguments, "--data", str(copy)])
    assert (again.exit_code, again.stdout) == (3, "")
    assert again.stderr.count("\n") == 1
    assert "stand already" in again.stderr
    told = CliRunner().invoke(main, ["data", "diff", str(data_directory()), str(copy)])
    assert told.exit_code == 0
    assert "dprk.exports.china.m 2026-08" in told.stdout


def test_a_partner_without_a_series_is_named(copy: Path):
    with pytest.raises(TradebreaksError, match="'RU'"):
        add_release(copy, release(), "RU")
