"""The package as it ships: it validates, it says what is unverified, it builds every series."""

from __future__ import annotations

import re
import time

import pytest

from analysis import catalogue
from analysis.catalogue.location import data_directory
from analysis.catalogue.report import page
from analysis.catalogue.running_totals import difference_shares, stated_beside_difference
from analysis.catalogue.selection import UNVERIFIED_NOTE
from analysis.domain import Period
from analysis.errors import CannotEstimateError, InputError, NotFoundError

CONTRACT_SERIES = {
    "dprk.exports.china.m": ("M", "2010-01", "2026-07"),
    "dprk.imports.china.m": ("M", "2010-01", "2026-07"),
    "dprk.exports.kotra.a": ("A", "1990", "2024"),
    "dprk.imports.kotra.a": ("A", "1990", "2024"),
    "dprk.total.kotra.a": ("A", "1990", "2024"),
    "interkorean.total.a": ("A", "1989", "2024"),
    "dprk.total.a": ("A", "1991", "2024"),
}
CHINA_DESIGN = [
    *("unscr_2270", "unscr_2321", "unscr_2371", "unscr_2375", "unscr_2397", "covid_border_closure"),
    *("reopen_rail_2022_01", "rail_suspended_2022_04", "rail_resumed_2022_09", "reopen_people_2023_08"),
]
CUSTOMS_RATE = 0.004
"""Relative difference that the customs' own conversion leaves: its rate is known to three digits."""
LARGEST_FILE = 1_500_000
"""Bytes; a table that a person edits by hand should open in any editor."""


def test_the_package_holds_and_counts_what_it_examined():
    report = catalogue.check()
    assert report.ok, report.summary()
    assert report.counts["events"] == 48
    assert report.counts["provisions"] == 101
    assert report.counts["figures"] > 3000
    assert report.counts["identities of flows"] > 200
    assert len(catalogue.published_estimates()) == 54
    assert len(catalogue.enforcement_calendar()) == 14


@pytest.mark.parametrize("name", CONTRACT_SERIES)
def test_series_of_the_contract_have_their_calendars(name):
    series = catalogue.series(name)
    frequency, first, last = CONTRACT_SERIES[name]
    assert (series.frequency, str(series.first), str(series.last)) == (frequency, first, last)
    assert series.unit == "USD million"
    assert series.vintage == "first"
    assert any("nominal" in sentence.lower() for sentence in (*series.caveats, series.estimand))


def test_gaps_of_the_monthly_series_stay_gaps_and_their_sums_stand_beside_them():
    exports = catalogue.series("dprk.exports.china.m")
    missing = [str(o.period) for o in exports.observations if o.value is None]
    assert missing == [
        *("2011-08", "2011-09", "2012-11", "2012-12", "2013-11", "2013-12"),
        *("2014-09", "2014-10", "2014-11"),
    ]
    covered = {str(p) for total in exports.totals for p in total.window.periods()}
    assert set(missing) <= covered
    spans = {str(total.window): total for total in exports.totals}
    assert spans["2012-11..2012-12"].value == 385.04
    assert spans["2011-08..2011-09"].rse >= 0.05


def test_every_observation_with_a_value_names_its_figures_or_the_fact_it_rests_on():
    for name in catalogue.series_ids():
        for o in catalogue.series(name).observations:
            if o.value is None:
                assert o.status == "M"
                assert not o.figures
                continue
            assert o.figures or "the zone" in o.note or "no crude" in o.note or "adds crude" in o.note, (
                name,
                o,
            )
            assert o.rse >= 0
            for figure in catalogue.figures(o.figures):
                assert catalogue.source(figure.source).publisher


def test_copies_that_nobody_confirmed_stay_unverified_up_to_the_observation_and_the_caveat():
    series = catalogue.series("dprk.imports.china.m")
    by_period = {str(o.period): o for o in series.observations}
    assert UNVERIFIED_NOTE in by_period["2026-03"].note
    assert UNVERIFIED_NOTE not in by_period["2025-12"].note, "print confirms December 2025"
    assert any("unverified" in sentence for sentence in series.caveats)
    panel = catalogue.describe("dprk.imports.china.m")
    assert sum(year.unverified for year in panel.years) == sum(
        UNVERIFIED_NOTE in o.note for o in series.observations
    )


def test_known_press_errors_never_enter_a_series():
    corrections = catalogue.catalogue().package.corrections.values()
    errors = {c.figure for c in corrections if c.action == "exclude"}
    assert "cn.exports.2020-01.a" in errors
    for name in catalogue.series_ids():
        for vintage in ("first", "revised"):
            for o in catalogue.series(name, vintage=vintage).observations:
                assert not (set(o.figures[:1]) & errors), (name, o)
    months = {str(o.period): o for o in catalogue.series("dprk.exports.china.m").observations}
    assert months["2020-01"].value == 10.3


def test_september_2018_is_what_two_releases_print_and_the_cut_is_the_later_januarys():
    package = catalogue.catalogue().package
    months = {str(o.period): o for o in catalogue.series("dprk.exports.china.m").observations}
    september = months["2018-09"]
    assert september.value == 18.20 == pytest.approx(218.53 - 200.33)
    neighbours = (months["2018-08"].value, months["2018-10"].value)
    assert neighbours == (19.2, 17.89)
    lost = 18.20 - package.figure("cn.exports.2018-09.d").value
    assert lost == pytest.approx(7.99)
    assert september.rse * september.value > lost / 2 / 3**0.5 - 0.02, "the disagreement is in the error"
    assert "7.99" in september.note
    revised = {
        str(o.period): o for o in catalogue.series("dprk.exports.china.m", vintage="revised").observations
    }
    assert revised["2018-09"].value == 18.20
    assert revised["2018-01"].value == pytest.approx(months["2018-01"].value - lost)
    year = sum(o.value for p, o in revised.items() if p.startswith("2018"))
    assert year == pytest.approx(213.208, rel=0.001), "the year as China printed it, of the later vintage"


def test_no_month_rests_on_a_difference_that_a_release_states():
    data = catalogue.catalogue()
    assert list(stated_beside_difference(data)) == []
    shares = {share.series: share for share in difference_shares(data)}
    for name in ("dprk.exports.china.m", "dprk.imports.china.m"):
        autumn = [str(p) for p in shares[name].by_difference if p.season in (8, 9, 10)]
        assert "2018-09" not in autumn
        assert all(year < "2016" or year in ("2019", "2020") for year in (p[:4] for p in autumn))


def test_the_later_vintage_of_may_2012_is_not_in_the_first():
    first = {str(o.period): o for o in catalogue.series("dprk.imports.china.m").observations}
    revised = {
        str(o.period): o for o in catalogue.series("dprk.imports.china.m", vintage="revised").observations
    }
    assert (first["2012-05"].value, revised["2012-05"].value) == (430, 353.92)
    assert first["2012-05"].rse > 0.02, "the range of the vintages is doubt of the first print"


def test_the_copied_table_agrees_with_every_month_that_is_printed_and_says_so():
    package = catalogue.catalogue().package
    rates = package.table("exchange_rates")
    copied = {
        (f.flow, f.window): f
        for f in package.table("china_cny").values()
        if f.tier == "copy" and f.vintage == "first" and len(f.window) == 1
    }
    compared = 0
    for f in package.table("china_monthly").values():
        if f.window.first < Period.parse("2024-01") or not package.admitted(f):
            continue
        rate = rates.get(f"fx.customs.{f.window.first}") or rates.get(f"fx.market.{f.window.first}")
        flows = ("exports", "imports") if f.flow == "total" else (f.flow,)
        parts = [copied.get((flow, f.window)) for flow in flows]
        if rate is None or not all(parts):
            continue
        compared += 1
        room = CUSTOMS_RATE * f.value + f.rounding / 2
        assert sum(p.value for p in parts) / rate.value == pytest.approx(f.value, abs=room), f.id
        if f.flow != "total":
            assert parts[0].status == "checked", parts[0].id
    assert compared > 20


def test_the_trade_association_is_in_no_month_of_2017_and_2018():
    package = catalogue.catalogue().package
    for o in catalogue.series("dprk.exports.china.m").observations:
        if o.period.year in (2017, 2018):
            assert package.figure(o.figures[0]).publisher != "KITA", o
    januaries = [package.figure(f"cn.exports.{p}") for p in ("2016-01.c", "2017-01.b", "2018-01.b")]
    assert [f.value for f in januaries] == [177.52, 201.1, 36.41]


def test_kotra_takes_the_finer_print_and_says_that_2016_does_not_add_up():
    series = {flow: catalogue.series(f"dprk.{flow}.kotra.a") for flow in ("exports", "imports", "total")}

    def at(flow, year):
        return series[flow].observations[year - 1990]

    assert at("imports", 2018).value == 2601
    assert (at("exports", 2013).value, at("exports", 2014).value) == (3218, 3164)
    assert (at("total", 2014).value, at("total", 2010).value) == (7611, 4174)
    miss = at("exports", 2016).value + at("imports", 2016).value - at("total", 2016).value
    assert miss == 4
    package = catalogue.catalogue().package
    for flow in series:
        o = at(flow, 2016)
        assert (
            o.rse * o.value >= (package.quantity(o.figures[0]).sd ** 2 + (miss / 12**0.5) ** 2) ** 0.5 - 1e-9
        )


def test_coal_of_2015_lies_between_its_three_derivations_and_fell_in_price():
    package = catalogue.catalogue().package
    coal = {o.period.year: o for o in catalogue.series("dprk.exports.china.coal.a").observations}
    ways = [
        package.figure(f"cn.exports.{name}").value for name in ("2701.2015.d", "27.2015.e", "2701.2015.f")
    ]
    assert min(ways) == coal[2015].value == 1046.1
    assert max(ways) == 1055
    value, quantity = (
        1 + package.figure(f"cn.exports.2701.2015.{name}").value / 100 for name in ("growth.a", "kt.growth.a")
    )
    assert value / quantity - 1 == pytest.approx(-0.272, abs=0.0005)


def test_the_copied_exchange_rate_agrees_with_the_bank_of_korea_where_both_quote():
    copied = {str(o.period): o.value for o in catalogue.covariate("dailynk.kpw_per_usd").observations}
    quarters = {str(o.period): o.value for o in catalogue.covariate("bok.kpw_per_usd").observations}
    for year in (2015, 2016, 2017, 2018):
        assert copied[f"{year}-12"] == quarters[f"{year}-Q4"]


def test_yuan_months_are_converted_at_the_customs_rate_where_it_is_known():
    months = {str(o.period): o for o in catalogue.series("dprk.imports.china.m").observations}
    assert "fx.customs.2024-03" in months["2024-03"].figures
    assert months["2024-03"].value == pytest.approx(909.399844 / 7.104)
    assert "fx.market.2025-10" in months["2025-10"].figures
    assert months["2025-10"].rse >= 0.01
    assert months["2025-11"].rse < 0.005
    assert months["2026-07"].value == pytest.approx(184.8, abs=0.05)


def test_vintages_first_revised_and_as_known_then():
    first = catalogue.series("dprk.imports.china.m")
    revised = catalogue.series("dprk.imports.china.m", vintage="revised")
    january = first.index(first.first + 168)
    assert str(first.periods[january]) == "2024-01"
    cut = revised.values[january] / first.values[january] - 1
    assert cut == pytest.approx(-0.19, abs=0.01), "China cut January 2024 by 19 %"
    assert first.rse[january] > 0.05, "the spread of the vintages is doubt of the first print"
    then = catalogue.series("dprk.imports.china.m", vintage="2020-06-30")
    assert str(then.last) == "2020-05"
    assert then.values[then.index(then.first + 60)] == first.values[60]
    with pytest.raises(CannotEstimateError, match="1950-01-01"):
        catalogue.series("dprk.imports.china.m", vintage="1950-01-01")
    with pytest.raises(InputError, match="first, revised or a date"):
        catalogue.series("dprk.imports.china.m", vintage="newest")


def test_kotra_2016_is_6529_by_default_and_6550_as_known_in_2017():
    now = catalogue.series("dprk.total.kotra.a")
    then = catalogue.series("dprk.total.kotra.a", vintage="2017-12-31")
    assert now.values[2016 - 1990] == 6529
    assert then.values[2016 - 1990] == 6550
    assert str(then.last) == "2016"


def test_interkorean_2019_and_2020_are_missing_with_a_span():
    series = catalogue.series("interkorean.total.a")
    missing = [str(o.period) for o in series.observations if o.value is None]
    assert missing == ["1990", "1996", "2019", "2020"]
    total, early = series.totals
    known = sum(o.value for o in series.observations if 1991 <= o.period.year <= 1995)
    assert str(early.window) == "1990..1996"
    assert early.value - known == pytest.approx(265.6, abs=0.5)
    assert (str(total.window), total.value) == ("2019..2020", 11.4)
    assert total.rse == pytest.approx(4 / 12**0.5 / 11.4)


def test_headline_of_1996_lies_between_its_first_cut_and_what_the_cumulative_leaves():
    o = catalogue.series("dprk.total.a").observations[1996 - 1991]
    assert (o.status, o.lower) == ("E", 1980 + 237)
    assert o.upper == pytest.approx(1980 + 265.4, abs=0.1)
    assert o.value == pytest.approx((o.lower + o.upper) / 2)
    assert "1990 and 1996" in o.note


def test_headline_of_2019_and_2020_stands_between_none_and_all_of_the_span():
    headline = catalogue.series("dprk.total.a")
    kotra = catalogue.series("dprk.total.kotra.a")
    for year in (2019, 2020):
        o = headline.observations[year - 1991]
        base = kotra.values[year - 1990]
        assert (o.status, o.value, o.lower, o.upper) == ("E", base + 5.7, base, base + 13.4)
        assert "unknown" in o.note


def test_variant_without_crude_subtracts_stated_then_derived_and_never_splices():
    base = {str(o.period): o for o in catalogue.series("dprk.imports.kotra.a").observations}
    without = {str(o.period): o for o in catalogue.series("dprk.imports.kotra.a:crude=excluded").observations}
    assert base["2014"].value - without["2014"].value == 500, "stated"
    assert base["2017"].value - without["2017"].value == 282, "derived"
    assert base["2008"].value - without["2008"].value == pytest.approx(410.43)
    assert base["2011"].value - without["2011"].value == 518
    assert base["2013"].value - without["2013"].value == pytest.approx(598.13)
    assert {year for year, o in without.items() if o.value is None} == {"2009", "2010", "2012"}
    events = catalogue.events("dprk.imports.kotra.a:crude=excluded").ids
    assert "kotra_crude_estimate_2014" not in events
    assert base["2014"].status == "B"
    assert without["2014"].status == "A"


def test_variants_combine_and_unknown_ones_are_named():
    both = catalogue.series("dprk.total.a:crude=excluded,kaesong=excluded")
    assert both.id == "dprk.total.a:crude=excluded,kaesong=excluded"
    values = dict(zip(map(str, both.periods), both.values, strict=True))
    assert values["2015"] == pytest.approx(6252 + 2714.48 - 280 - 2714.48 * 0.996, abs=0.1)
    with pytest.raises(NotFoundError, match="crude=excluded, kaesong=excluded"):
        catalogue.series("dprk.total.a:crude=included")
    with pytest.raises(NotFoundError, match=r"did you mean 'dprk\.total\.a'"):
        catalogue.series("dprk.total.b")


def test_balance_says_that_it_mixes_valuations():
    for name in ("dprk.balance.kotra.a", "dprk.balance.china.m"):
        series = catalogue.series(name)
        assert any("CIF" in sentence and "FOB" in sentence for sentence in series.caveats)


def test_designs_are_the_lists_of_the_contract():
    assert list(catalogue.events("dprk.exports.china.m").ids) == CHINA_DESIGN
    bans_of_exports = {"unscr_2270", "unscr_2321", "unscr_2371"}
    imports = {*CHINA_DESIGN, "cn_crude_zero_2014"} - bans_of_exports
    assert set(catalogue.events("dprk.imports.china.m").ids) == imports
    core = {*CHINA_DESIGN[:6], "rail_resumed_2022_09"}
    assert set(catalogue.events("dprk.exports.kotra.a").ids) == core
    assert set(catalogue.events("dprk.total.kotra.a").ids) == core | {"kotra_crude_estimate_2014"}
    headline = core | {"kotra_crude_estimate_2014", "kic_closure_2016"}
    assert set(catalogue.events("dprk.total.a").ids) == headline
    assert catalogue.events("interkorean.total.a").ids == ("kr_may24", "kic_closure_2016")
    for name in ("dprk.exports.china.m", "dprk.imports.china.m"):
        design = catalogue.series(name).design
        assert [str(w) for w in design.regimes] == ["2020-02..2022-09"]
        assert design.lunar_new_year
    assert "russia_data_gap_2022" not in {e for n in catalogue.series_ids() for e in catalogue.events(n).ids}
    assert any("Russia" in sentence for sentence in catalogue.series("dprk.total.a").caveats)


def test_events_carry_their_clocks():
    events = catalogue.events()
    clocks = {e.id: (str(e.adopted), str(e.partial), str(e.full)) for e in events}
    assert clocks["unscr_2371"] == ("2017-08-05", "2017-08", "2017-10")
    assert clocks["unscr_2375"] == ("2017-09-11", "2017-09", "2018-01")
    assert clocks["covid_border_closure"] == ("2020-01-22", "2020-01", "2020-02")
    assert clocks["kic_closure_2016"][1:] == ("2016-02", "2016-03"), "the table has none: the day rule"
    assert clocks["cn_crude_zero_2014"][1:] == ("2014-01", "2014-01"), "a first of the month is in full force"
    assert clocks["kotra_crude_estimate_2014"][1:] == ("2014-01", "2014-01")


def test_what_was_read_in_print_is_verified_and_what_was_not_stays_recalled():
    provisions = {p.id: p for p in catalogue.provisions()}
    order = [provisions[f"CN04-{k}"] for k in (1, 2, 3, 4)]
    assert [p.fields["paragraph"] for p in order] == ["2", "1(1)", "1(2)", "1(3)"]
    assert all(p.flow == "dprk_imports" for p in order[1:]), "item 1 is exports to North Korea"
    assert ["paragraph" in p.unverified for p in order] == [True, False, False, False]
    assert "paragraph" in provisions["2397-27"].unverified
    for read in ("2371-8-coal", "2375-18", "2321-32", "2397-14", "2397-6-vessel"):
        assert "paragraph" not in provisions[read].unverified, read
    names = {e.id for e in catalogue.published_estimates()}
    assert not {"est-17", "est-18"} & names
    compared = {c.estimate for c in catalogue.comparisons()}
    same = [e.id for e in catalogue.published_estimates() if e.comparability.startswith("arithmetic")]
    assert len(same) == 6
    assert not set(same) & compared


def test_recalled_fields_stay_marked():
    assert catalogue.events()["russia_data_gap_2022"].unverified == ("adopted", "effective", "title")
    recalled = [p for p in catalogue.provisions() if "paragraph" in p.unverified]
    assert len(recalled) > 30
    assert catalogue.provisions("unscr_2397")
    with pytest.raises(NotFoundError, match="unscr_9999"):
        catalogue.provisions("unscr_9999")


def test_products_partners_covariates_and_donors_are_there():
    assert catalogue.series("dprk.exports.china.coal.tonnes.m").unit == "kt"
    coal = dict(
        zip(map(str, catalogue.series("dprk.exports.china.coal.m").periods), range(200), strict=False)
    )
    assert "2016-11" in coal
    assert {f.partner for f in catalogue.partners(2014)} >= {"CN", "RU"}
    sections = catalogue.products(flow="exports", year=2015)
    assert any(f.product == "S05" for f in sections)
    assert catalogue.covariate("wb.coal_australia").unit == "USD per tonne"
    with pytest.raises(NotFoundError, match=r"wb\.brent"):
        catalogue.covariate("wb.uranium")
    assert catalogue.lunar_new_year()[2018].isoformat() == "2018-02-16"
    economies = {e.id: e for e in catalogue.donor_economies()}
    assert economies["IR"].sanctioned
    assert not economies["MN"].sanctioned
    assert {row.economy for row in catalogue.donor_panel()} == set(economies)
    assert {row.unit for row in catalogue.neighbours()} == {"CNY million"}


def test_quality_panel_says_where_from_how_good_and_what_is_missing():
    panel = catalogue.describe("dprk.exports.china.m")
    assert panel.publishers["GACC"] > 100
    assert sum(panel.tiers.values()) == 190
    year = next(y for y in panel.years if y.year == 2014)
    assert (year.observed, year.spans) == (9, 3)
    assert any("2020-01" in reason for reason in panel.excluded)
    assert "pipeline crude" in panel.estimand
    assert "26.7-39.8%" in " ".join(panel.unknown)
    assert panel.years[-1].to_record()["printed_error"] == "1.0 %"
    headline = catalogue.describe("dprk.total.a")
    assert headline.years[0].printed_error == "under 0.1 %", "the rounding of a print is no reliability"
    assert panel.to_record()["years"][0]["year"] == 2010


def test_the_first_series_is_there_at_once():
    fresh = catalogue.Catalogue(data_directory())
    started = time.process_time()
    fresh.builder.build("dprk.imports.china.m")
    assert time.process_time() - started < 1.0, "parsing must stay lazy (about 0.1 s of processor time)"
    assert set(fresh.package._tables) <= {
        *("china_monthly", "china_derived", "china_cumulative", "china_growth"),
        *("china_cny", "exchange_rates"),
    }


def test_the_page_on_the_data_is_current():
    docs = data_directory().parent / "docs" / "data.md"
    written = docs.read_text(encoding="utf-8")
    assert written == page(catalogue.catalogue()), "run python -m analysis.catalogue.report"


def test_files_are_small_and_say_nothing_of_our_machines():
    for file in data_directory().rglob("*"):
        if file.is_file():
            assert file.stat().st_size < LARGEST_FILE, file
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"/(root|work|tmp)/|\.\./shared", text), file
            own_words = re.sub(r"https?://\S+", "", text)
            assert not re.search(r"\b(illicit|smuggl\w*|violat\w*)\b", own_words, re.IGNORECASE), file
