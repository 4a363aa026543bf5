"""Every kind of damage to the package is found, with file, row and reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from analysis import catalogue
from analysis.catalogue.seal import seal
from analysis.errors import DataPackageError, UsageError

Damage = Callable[[Path], None]


def replace_in(file: str, old: str, new: str) -> Damage:
    def damage(directory: Path) -> None:
        path = directory / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"the test expects '{old}' in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return damage


def append(file: str, line: str) -> Damage:
    def damage(directory: Path) -> None:
        with (directory / file).open("a", encoding="utf-8") as handle:
            handle.write(line + "\n")

    return damage


def doubled_last_line(file: str) -> Damage:
    def damage(directory: Path) -> None:
        path = directory / file
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join([*lines, lines[-1]]), encoding="utf-8")

    return damage


def cell(file: str, row_id: str, column: str, value: str) -> Damage:
    """Change one cell of the row whose first cell is `row_id`."""
    import csv

    def damage(directory: Path) -> None:
        path = directory / file
        with path.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.reader(handle))
        row = next(r for r in rows if r[0] == row_id)
        row[rows[0].index(column)] = value
        with path.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, lineterminator="\n").writerows(rows)

    return damage


MONTHLY = "figures/china_monthly.csv"
CUMULATIVE = "figures/china_cumulative.csv"
DERIVED = "figures/china_derived.csv"
EVENTS = "events/events.csv"
STEM = "cn.imports.2016-05.a"

RESEALED: dict[str, tuple[Damage, str, str, str]] = {
    "missing column": (
        replace_in(MONTHLY, "id,measure,flow", "id,flow"),
        "schema",
        "datapackage.json",
        "columns",
    ),
    "row of another width": (append(MONTHLY, "a,b,c"), "schema", MONTHLY, "3 cells"),
    "text in a value": (cell(MONTHLY, STEM, "value", "about 240"), "schema", MONTHLY, "not a number"),
    "infinite value": (cell(MONTHLY, STEM, "value", "inf"), "schema", MONTHLY, "not finite"),
    "empty required cell": (cell(MONTHLY, STEM, "source", ""), "schema", MONTHLY, "'source' is empty"),
    "unreadable period": (cell(MONTHLY, STEM, "start", "2016-13"), "values", MONTHLY, "2016-13"),
    "span backwards": (cell(MONTHLY, STEM, "end", "2016-04"), "values", MONTHLY, "ends before it begins"),
    "yearly period in a month's place": (
        cell(MONTHLY, STEM, "start", "2016"),
        "values",
        MONTHLY,
        "different",
    ),
    "unknown tier": (cell(MONTHLY, STEM, "tier", "guessed"), "values", MONTHLY, "guessed"),
    "unknown vintage": (cell(MONTHLY, STEM, "vintage", "last"), "values", MONTHLY, "'last'"),
    "no rounding": (cell(MONTHLY, STEM, "rounding", "0"), "values", MONTHLY, "rounding"),
    "copy called verified": (cell(MONTHLY, STEM, "tier", "copy"), "values", MONTHLY, "never 'verified'"),
    "derived without formula": (
        cell(DERIVED, "cn.exports.2018-09.d", "formula", ""),
        "values",
        DERIVED,
        "needs its formula",
    ),
    "duplicate figure": (doubled_last_line(MONTHLY), "keys", MONTHLY, "stands already in row"),
    "duplicate source": (doubled_last_line("sources.csv"), "keys", "sources.csv", "stands already"),
    "duplicate covariate value": (
        doubled_last_line("covariates/values.csv"),
        "keys",
        "covariates/values.csv",
        "",
    ),
    "unknown source": (cell(MONTHLY, STEM, "source", "nobody-99"), "sources", MONTHLY, "'nobody-99'"),
    "orphan source": (
        append("sources.csv", "zz-01,Nobody,A page,https://example.org/,press,"),
        "sources",
        "sources.csv",
        "no figure or fact rests on 'zz-01'",
    ),
    "source without address": (
        cell("sources.csv", "frb-h10", "url", ""),
        "sources",
        "sources.csv",
        "publisher and address",
    ),
    "changed figure under a correction": (
        cell(MONTHLY, "cn.exports.2020-01.a", "value", "10.306"),
        "corrections",
        "corrections.yaml",
        "no longer 1.306",
    ),
    "correction of nothing": (
        replace_in("corrections.yaml", "figure: cn.exports.2020-01.a", "figure: cn.exports.2020-01.z"),
        "corrections",
        "corrections.yaml",
        "there is no figure",
    ),
    "formula that misses its value": (
        cell(DERIVED, "cn.exports.2018-09.d", "value", "18.2"),
        "formulas",
        DERIVED,
        "gives 10.21",
    ),
    "formula on an unknown figure": (
        cell(DERIVED, "cn.exports.2018-09.d", "formula", "=[cn.exports.nowhere]-1"),
        "formulas",
        DERIVED,
        "does not exist",
    ),
    "formula in a circle": (
        cell(DERIVED, "cn.exports.2018-09.d", "formula", "=[cn.exports.2018-09.d]-1"),
        "formulas",
        DERIVED,
        "leads back",
    ),
    "formula that cannot be read": (
        cell(DERIVED, "cn.exports.2018-09.d", "formula", "=(1+2"),
        "formulas",
        DERIVED,
        "closing bracket",
    ),
    "exports and imports beside the total": (
        cell(MONTHLY, "cn.total.2016-10.c", "value", "535.24"),
        "identities",
        MONTHLY,
        "the identity of flows misses by -10",
    ),
    "printed flows beside the total of a year": (
        cell("figures/kotra.csv", "kotra.exports.2021.a", "value", "82.96"),
        "identities",
        "figures/kotra.csv",
        "the identity of flows misses by +1",
    ),
    "share beside its part": (
        cell("figures/products_annual.csv", "w0.exports.27.2015.a", "value", "1280"),
        "identities",
        "figures/products_annual.csv",
        "the identity of share misses by",
    ),
    "running total beside its month": (
        cell("figures/china_cny.csv", "cn.exports.2026-07.cny", "value", "312.224536"),
        "identities",
        "figures/china_cny.csv",
        "exceptions.yaml states a miss of +0.74",
    ),
    "exception that is none": (
        append(
            "exceptions.yaml",
            "  - {identity: flows, gap: 1, reason: none, "
            "figures: [cn.exports.2025-12.a, cn.imports.2025-12.a, cn.total.2025-12.a]}",
        ),
        "identities",
        "exceptions.yaml",
        "that identity of flows holds",
    ),
    "exception of an unknown kind": (
        replace_in("exceptions.yaml", "identity: flows\n", "identity: weights\n"),
        "identities",
        "exceptions.yaml",
        "'identity' is one of flows",
    ),
    "month by difference that a release states": (
        replace_in(
            "corrections.yaml",
            "figure: cn.exports.2018-09.d\n    action: exclude",
            "figure: cn.exports.2018-09.e\n    action: exclude",
        ),
        "vintages",
        DERIVED,
        "although one release states it: cn.total.2018-09",
    ),
    "judgement of an unknown kind": (
        replace_in("corrections.yaml", "kind: finer_print", "kind: nicer_print"),
        "values",
        "corrections.yaml",
        "'nicer_print' is none of",
    ),
    "month against year to date": (
        cell(MONTHLY, "cn.imports.2022-05.a", "value", "41.5"),
        "cumulatives",
        CUMULATIVE,
        "2022-01..2022-06",
    ),
    "month against the reference": (
        cell(MONTHLY, "cn.imports.2021-05.a", "value", "2.814"),
        "reference",
        "reference/china_monthly.csv",
        "2021-05",
    ),
    "unknown kind of event": (cell(EVENTS, "kr_may24", "kind", "rumour"), "events", EVENTS, "rumour"),
    "full before partial": (cell(EVENTS, "unscr_2371", "full", "2017-07"), "events", EVENTS, "2017-07"),
    "event that implements nothing": (
        cell(EVENTS, "cn_mofcom_2016_11", "implements", "unscr_9999"),
        "events",
        EVENTS,
        "unscr_9999",
    ),
    "data break of no series": (
        cell(EVENTS, "cn_crude_zero_2014", "applies_to", "dprk.imports.mars.m"),
        "events",
        EVENTS,
        "dprk.imports.mars.m",
    ),
    "unreadable date": (
        cell(EVENTS, "kr_may24", "effective", "24 May 2010"),
        "values",
        EVENTS,
        "24 May 2010",
    ),
    "provision of no event": (
        cell("events/provisions.csv", "2397-4", "event_id", "unscr_9999"),
        "events",
        "events/provisions.csv",
        "unscr_9999",
    ),
    "unknown standing of a fact": (
        replace_in("events/provenance.csv", ",verified,", ",certain,"),
        "events",
        "events/provenance.csv",
        "certain",
    ),
    "event without provenance": (
        cell("events/events.csv", "kr_may24", "id", "kr_may25"),
        "events",
        EVENTS,
        "none of its fields has a provenance",
    ),
    "design with an unknown event": (
        replace_in("series.yaml", "events: [kr_may24, kic_closure_2016]", "events: [kr_may24, nothing_2016]"),
        "recipes",
        "series.yaml",
        "nothing_2016",
    ),
    "design without its data break": (
        replace_in("series.yaml", "[cn_crude_zero_2014, unscr_2270,", "[unscr_2270,"),
        "recipes",
        "series.yaml",
        "lacks the data break",
    ),
    "unknown key in a recipe": (
        replace_in("series.yaml", "lunar_new_year: true", "lunar_new_yaer: true"),
        "values",
        "series.yaml, series 'dprk.exports.china.m'",
        "lunar_new_yaer",
    ),
    "recipe on an unknown table": (
        replace_in("series.yaml", "tables: [interkorean]", "tables: [interplanetary]"),
        "recipes",
        "series.yaml",
        "interplanetary",
    ),
    "covariate value of nothing": (
        append("covariates/values.csv", "wb.uranium,2020-01,30"),
        "covariates",
        "covariates/values.csv",
        "wb.uranium",
    ),
    "donor of no economy": (
        append("donors/annual.csv", "XX,2020,1,1,imf-dots"),
        "covariates",
        "donors/annual.csv",
        "'XX'",
    ),
    "yaml that cannot be read": (
        append("corrections.yaml", "  - [unclosed"),
        "values",
        "corrections.yaml",
        "cannot be read",
    ),
}


@pytest.mark.parametrize("name", RESEALED)
def test_damage_that_was_resealed_is_still_found(copy: Path, name: str):
    damage, check, file, reason = RESEALED[name]
    damage(copy)
    seal(copy)
    report = catalogue.check(copy, only=(check,))
    assert not report.ok
    found = [f for f in report.findings if f.check == check and f.file == file and reason in f.reason]
    assert found, report.summary()
    if file.endswith(".csv"):
        assert found[0].row is not None, "the row is named"


def test_damage_of_several_kinds_is_reported_together(copy: Path):
    for name in ("unknown source", "exports and imports beside the total", "formula that misses its value"):
        RESEALED[name][0](copy)
    seal(copy)
    report = catalogue.check(copy)
    assert {"sources", "identities", "formulas"} <= {f.check for f in report.findings}
    assert report.to_record()["ok"] is False
    assert "nobody-99" in report.summary()


def test_unreadable_rows_stop_the_checks_that_need_them(copy: Path):
    RESEALED["text in a value"][0](copy)
    seal(copy)
    assert {f.check for f in catalogue.check(copy).findings} <= {"schema", "values"}


def test_an_unknown_check_is_named(copy: Path):
    with pytest.raises(UsageError, match="'vibes'"):
        catalogue.check(copy, only=("vibes",))


def test_a_changed_byte_breaks_the_hash(copy: Path):
    append(MONTHLY, "")(copy)
    findings = catalogue.check(copy, only=("files",)).findings
    assert [(f.file, "SHA-256" in f.reason) for f in findings] == [(MONTHLY, True)]


def test_a_missing_file_is_named(copy: Path):
    (copy / "figures/kaesong.csv").unlink()
    findings = catalogue.check(copy).findings
    assert any(f.file == "figures/kaesong.csv" and "missing" in f.reason for f in findings)


def test_a_file_that_nobody_listed_is_named(copy: Path):
    (copy / "figures/extra.csv").write_text("id\n", encoding="utf-8")
    findings = catalogue.check(copy).findings
    assert any(f.file == "figures/extra.csv" and "does not list" in f.reason for f in findings)


def test_an_unreadable_descriptor_is_an_error_with_its_name(copy: Path):
    (copy / "datapackage.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataPackageError, match=r"datapackage\.json"):
        catalogue.check(copy).require()


def test_no_package_at_the_path_says_so(tmp_path: Path):
    with pytest.raises(DataPackageError, match=r"datapackage\.json"):
        catalogue.check(tmp_path)


def test_the_command_ends_with_3_and_one_sentence_that_names_file_and_row(copy: Path):
    from service.cli import main

    cell(MONTHLY, STEM, "source", "nobody-99")(copy)
    seal(copy)
    result = CliRunner().invoke(main, ["data", "check", str(copy)])
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "figures/china_monthly.csv, row" in result.stderr
    assert "nobody-99" in result.stderr
    assert "Traceback" not in result.stderr


def test_resealing_an_undamaged_package_changes_nothing(copy: Path):
    before = json.loads((copy / "datapackage.json").read_text(encoding="utf-8"))
    seal(copy)
    assert json.loads((copy / "datapackage.json").read_text(encoding="utf-8")) == before
