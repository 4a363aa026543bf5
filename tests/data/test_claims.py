"""Claims on the real figures: every one has a computed verdict, and a flipped figure flips it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis import catalogue
from analysis.attribution.accounting.price_quantity import unit_values
from analysis.attribution.claims import ClaimsReport, evaluate_claims
from analysis.attribution.claims.outcome import (
    CONSISTENT,
    CONTRADICTED,
    FALSE,
    PARTLY,
    TRUE,
    UNTESTABLE,
    WORDS,
    LensView,
    agreed,
    all_of,
    of_interval,
    of_range,
)
from analysis.attribution.claims.page import SENTENCES, page
from analysis.attribution.limits import CANNOT_SAY
from analysis.catalogue.location import data_directory
from analysis.domain import canonical_json
from analysis.errors import DataPackageError, NotFoundError

Edit = Callable[[str, str, str], None]

ASKED_FOR = {
    "fell-2015-2018": TRUE,
    "rose-2019": TRUE,
    "kaesong-2016": CONSISTENT,
    "kaesong-peak-2015": TRUE,
    "exports-prohibited": TRUE,
    "exports-prohibited-record": CONSISTENT,
    "imports-restricted-2397": TRUE,
    "imports-2397-record": CONSISTENT,
    "closure-2020": CONSISTENT,
    "fell-sharply-2020": TRUE,
    "deficit-widened-2017": TRUE,
    "crude-from-2014": TRUE,
    "won-held-2013": CONSISTENT,
    "relations-2015": UNTESTABLE,
    "rise-2019-evasion": UNTESTABLE,
    "deficit-income": UNTESTABLE,
}
"""Verdicts that figures alone, or intervals far from a threshold, decide."""


@pytest.fixture(scope="module")
def report() -> ClaimsReport:
    return evaluate_claims()


@pytest.fixture
def edit(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Replace text in one line of a copy of the package, which is then the package in use."""
    monkeypatch.setenv("TRADEBREAKS_DATA", str(copy))

    def replace(file: str, line_starts: str, change: str) -> None:
        old, new = change.split(" -> ")
        path = copy / file
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        places = [k for k, line in enumerate(lines) if line.startswith(line_starts)]
        assert len(places) == 1
        assert old in lines[places[0]]
        lines[places[0]] = lines[places[0]].replace(old, new, 1)
        path.write_text("".join(lines), encoding="utf-8")

    yield replace
    catalogue._catalogue.cache_clear()


def verdict(claim: str) -> str:
    return evaluate_claims([claim]).verdicts[0].verdict


def test_every_claim_has_a_verdict_of_its_nature(report):
    assert len(report.verdicts) >= 15
    for v in report.verdicts:
        allowed = {TRUE, FALSE, CONSISTENT, UNTESTABLE} if v.claim.nature == "arithmetic" else set(WORDS[2:])
        assert v.verdict in allowed, v.claim.id
        assert v.outcome.why.endswith("."), v.claim.id
        assert set(v.claim.source) <= set(SENTENCES), v.claim.id
    canonical_json(report.to_record())


def test_verdicts_on_the_real_figures(report):
    found = {v.claim.id: v.verdict for v in report.verdicts}
    assert {claim: found[claim] for claim in ASKED_FOR} == ASKED_FOR


def test_a_verdict_says_what_it_does_not_mean(report):
    readings = {v.claim.id: v.to_record()["reading"] for v in report.verdicts}
    assert "does not show the cause" in readings["closure-2020"]
    assert "does not mean that a part of the statement is true" in readings["sanctions-2017"]
    assert "unconfirmed copies" in readings["exports-prohibited-record"]
    assert "neither yes nor no" in readings["relations-2015"]
    assert report.to_record()["cannot_say"] == list(CANNOT_SAY)


def test_numbers_behind_stated_limits():
    without = catalogue.series("dprk.total.a:crude=excluded")
    known = {o.period.year: o.value for o in without.observations if o.value is not None}
    assert max(known, key=known.__getitem__) == 2014
    prices = {
        u.window.first.year: float(u.price) for u in unit_values("2701") if len(u.window) == 12 and u.price
    }
    world: dict[int, list[float]] = {}
    for o in catalogue.covariate("wb.coal_australia").observations:
        world.setdefault(o.period.year, []).append(o.value)
    world_fell = (sum(world[2016]) / len(world[2016])) / (sum(world[2013]) / len(world[2013]))
    assert prices[2016] / prices[2013] < world_fell < 1


def test_coal_is_taken_at_its_own_price(report):
    found = next(v for v in report.verdicts if v.claim.id == "prices-2015")
    coal = next(n for n in found.outcome.numbers if n.label.startswith("coal"))
    assert coal.value == pytest.approx(-308, abs=0.5)
    assert "-27.2 per cent of its own price" in coal.label


def test_the_crude_of_2016_is_what_kotra_states(report):
    found = next(v for v in report.verdicts if v.claim.id == "crude-from-2014")
    excess = next(n for n in found.outcome.numbers if n.label == "excess of 2016")
    stated = catalogue.catalogue().package.figure("kotra.crude.2016.stated").value
    assert excess.lower <= stated <= excess.upper


def test_the_won_held_its_value_only_while_it_did(edit):
    edit("covariates/values.csv", "dailynk.kpw_per_usd,2019-12", "8320 -> 28320")
    assert verdict("won-held-2013") == FALSE


def test_no_verdict_is_better_than_what_it_rests_on(report):
    copies = [v for v in report.verdicts if v.outcome.rests_on_copies]
    assert copies, "the record of the banned products rests on unconfirmed copies"
    assert all(v.verdict != TRUE for v in copies)


def test_the_lenses_behind_the_fall_of_2016(report):
    record = next(v.to_record() for v in report.verdicts if v.claim.id == "kaesong-2016")
    accounting, timing = record["lenses"]["accounting"], record["lenses"]["timing"]
    assert accounting["amount"] == pytest.approx(-2372.6)
    assert accounting["share_lower"] > 1
    assert "more than the change of −2,104" in accounting["words"]
    assert "unscr_2270" not in timing["words"], "the end of the zone is a part of its own, known exactly"
    assert timing["share"] == pytest.approx(accounting["share"], rel=0.001)
    assert timing["share_lower"] < timing["share"] < timing["share_upper"]


def test_the_page_is_what_the_data_say(report):
    def stable(text: str) -> str:
        """Blank the numbers of the joint model: they move with its integration points, verdicts do not."""
        return re.sub(r"The timing lens counts[^:]*", "The timing lens counts", text)

    written = (data_directory().parent / "docs" / "claims.md").read_text(encoding="utf-8")
    assert stable(written) == stable(page(report))


def test_a_lower_total_of_2019_turns_the_rise_false(edit):
    edit("figures/kotra.csv", "kotra.total.2019.c,", ",3244, -> ,2500,")
    assert verdict("rose-2019") == FALSE


def test_more_kaesong_trade_in_2016_contradicts_the_closure(edit):
    edit("figures/interkorean.csv", "ik.kaesong.total.2016.a,", ",331, -> ,2600,")
    assert verdict("kaesong-2016") == CONTRADICTED


def test_a_smaller_total_in_2015_ends_the_peak(edit):
    edit("figures/interkorean.csv", "ik.kaesong.total.2015.d,", ",2703.6, -> ,1703.6,")
    assert verdict("kaesong-peak-2015") == FALSE


def test_imports_lower_in_2017_do_not_widen_the_deficit(edit):
    edit("figures/kotra.csv", "kotra.imports.2017.a,", ",3778, -> ,2600,")
    assert verdict("deficit-widened-2017") == FALSE


def test_a_provision_that_bans_nothing_leaves_seafood_open(edit):
    edit("events/provisions.csv", "2371-9,", ",ban, -> ,restriction,")
    assert verdict("exports-prohibited") == FALSE


def test_a_recalled_measure_is_never_better_than_consistent(edit):
    edit("events/provisions.csv", "2371-9,", ",verified,verified, -> ,recalled,recalled,")
    assert verdict("exports-prohibited") == CONSISTENT


def test_copies_that_print_confirms_may_be_true(edit):
    for code in ("2701", "2601", "03", "61", "62"):
        edit("figures/products_annual.csv", f"cn.exports.{code}.2018.a,", ",unverified, -> ,checked,")
    assert verdict("exports-prohibited-record") == TRUE


def test_coal_that_stays_in_the_record_is_not_gone(edit):
    edit("figures/products_annual.csv", "cn.exports.2701.2018.a,", ",0.0, -> ,100.0,")
    assert verdict("exports-prohibited-record") == FALSE


def test_a_figure_of_aid_ends_not_testable(edit):
    edit("figures/kotra.csv", "kotra.exports.1989.a,", ",trade, -> ,aid,")
    assert verdict("deficit-income") == PARTLY


def test_kotra_without_added_crude_is_no_excess(edit):
    edit("figures/partners.csv", "partner.cn.imports.2015.a,", ",3230, -> ,2940,")
    assert verdict("crude-from-2014") == FALSE


def test_a_threshold_is_the_files(edit):
    edit("claims.yaml", "  sharply: ", "0.25 -> 0.99")
    assert verdict("fell-sharply-2020") == FALSE


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        ("    test: {kind: peak,", "kind: peak -> kind: summit", "no test is called 'summit'"),
        ("    test: {kind: peak,", "within: 50 -> width: 50", "needs 'within'"),
        ("    test: {kind: peak,", "within: 50 -> within: 50, colour: 1", "has no 'colour'"),
        ("  share: ", "0.5 -> 1.5", "not between 0 and 1"),
        ("    test: {kind: peak,", "kind: peak, -> ", "needs a 'kind'"),
    ],
)
def test_a_claim_that_cannot_be_read_is_named(edit, line, change, message):
    edit("claims.yaml", line, change)
    with pytest.raises(DataPackageError, match=message):
        evaluate_claims(["kaesong-peak-2015"])


def test_data_check_finds_names_that_do_not_exist(edit, copy):
    edit("claims.yaml", "    test: {kind: peak,", "interkorean.kaesong.a -> interkorean.kaesong.b")
    reasons = [finding.reason for finding in catalogue.check(copy).findings]
    assert "'kaesong-peak-2015' names the unknown series 'interkorean.kaesong.b'" in reasons


def test_an_unknown_claim_is_not_found():
    with pytest.raises(NotFoundError, match="no claim 'nothing'"):
        evaluate_claims(["nothing"])


def test_words_of_intervals_and_bounds():
    assert [of_interval(*ends, 0.5) for ends in ((0.51, 2.0), (0.1, 0.49), (0.4, 0.6))] == [
        CONSISTENT,
        CONTRADICTED,
        PARTLY,
    ]
    assert [of_range(*ends, 0, 1) for ends in ((0.1, 0.9), (1.0, 1.2), (0.9, 1.1))] == [
        CONSISTENT,
        CONTRADICTED,
        PARTLY,
    ]
    assert [all_of(a) for a in ([True, True], [True, None], [None, False])] == [TRUE, UNTESTABLE, FALSE]
    views = [LensView("timing", PARTLY, ""), LensView("accounting", CONSISTENT, "")]
    assert agreed(views, "accounting") == CONSISTENT
    assert agreed(views, None) == PARTLY
    assert agreed([LensView("timing", None, ""), views[1]], None) == CONSISTENT
    assert agreed([LensView("timing", None, "")], "timing") == UNTESTABLE
