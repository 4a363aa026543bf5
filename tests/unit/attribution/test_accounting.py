"""The accounting lens by hand-checkable arithmetic on the package's own figures (USD million)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from analysis import catalogue
from analysis.attribution.accounting import Accounting, account
from analysis.attribution.accounting.assignment import _crossing
from analysis.attribution.accounting.binding import Binder
from analysis.attribution.accounting.codes import Scope, parse_codes
from analysis.attribution.accounting.price_quantity import divide, unit_values
from analysis.domain import EventTable, TradeSeries, rounded
from analysis.errors import CannotEstimateError, DataPackageError

MILLION = 1_000_000
PRINTED = 0.5
"""The project's texts state these numbers to the million."""

WINDOWS = (
    ("dprk.exports.china.m", "2016", "2018"),
    ("dprk.exports.china.m", "2014-01..2016-12", "2018"),
    ("dprk.exports.china.m", "2018", "2012"),
    ("dprk.exports.china.m", "2019", "2020"),
    ("dprk.imports.china.m", "2014", "2018"),
    ("dprk.imports.china.m:crude=excluded", "2014", "2018"),
    ("dprk.total.china.m", "2016", "2018"),
    ("dprk.balance.china.m", "2016", "2017"),
    ("dprk.exports.kotra.a", "2016", "2018"),
    ("dprk.imports.kotra.a", "2013", "2014"),
    ("dprk.total.kotra.a:crude=excluded", "2013", "2014"),
    ("dprk.total.a", "2015", "2016"),
    ("dprk.total.a", "2014..2016", "2018"),
    ("dprk.total.a", "2018", "2019"),
    ("dprk.total.a:kaesong=excluded", "2015", "2016"),
    ("dprk.total.a", "1995", "1997"),
    ("interkorean.total.a", "2015", "2016"),
    ("dprk.exports.china.apparel.a", "2016", "2018"),
)


def lens(series: str, start: str, end: str) -> Accounting:
    return account(catalogue.series(series), start, end)


@pytest.fixture(scope="module")
def exports() -> Accounting:
    return lens("dprk.exports.china.m", "2016", "2018")


@pytest.fixture(scope="module")
def headline() -> Accounting:
    return lens("dprk.total.a", "2015", "2016")


def ends(accounting: Accounting, *codes: str) -> tuple[float, float]:
    """Return the summed ends of goods by code, USD million."""
    rows = [row for row in accounting.rows if row.code in codes]
    assert len(rows) == len(codes)
    return sum(row.start for row in rows) / MILLION, sum(row.end for row in rows) / MILLION


def section(accounting: Accounting, code: str) -> tuple[float, float]:
    """Return the ends of a whole section: its products and its rest."""
    rows = [row for row in accounting.rows if row.section == code]
    assert rows
    return sum(row.start for row in rows) / MILLION, sum(row.end for row in rows) / MILLION


@pytest.mark.parametrize(
    ("codes", "before", "after"),
    [
        (("2701",), 1187, 0),
        (("61", "62"), 561, 0),
        (("03",), 190, 0),
        (("2601",), 75, 0),
        (("2716",), 5.8, 11.4),
        (("6704",), 2.1, 22.4),
    ],
)
def test_products_of_exports_2016_to_2018(exports, codes, before, after):
    tolerance = PRINTED if before > 50 else 0.05
    assert ends(exports, *codes) == pytest.approx((before, after), abs=tolerance)


def test_coal_is_first_bound_by_2321_and_by_year_split_at_2371(exports):
    coal = next(row for row in exports.rows if row.code == "2701")
    assert coal.key == "unscr_2321"
    assert coal.change / MILLION == pytest.approx(-1187, abs=PRINTED)
    assert {step.key: step.amount / MILLION for step in coal.steps} == pytest.approx(
        {"unscr_2321": -776, "unscr_2371": -410}, abs=PRINTED
    )
    assert sum(step.amount for step in coal.steps) == coal.change


def test_no_ban_names_electricity_and_wigs(exports):
    for code in ("2716", "6704"):
        row = next(row for row in exports.rows if row.code == code)
        assert row.key == "not_named"
        assert row.binding is not None
        assert row.binding.provisions == ()


def test_first_binding_of_the_named_products(exports):
    keys = {row.code: row.key for row in exports.rows if row.kind == "product"}
    assert keys == {
        "03": "unscr_2371",
        "2601": "unscr_2371",
        "2701": "unscr_2321",
        "2716": "not_named",
        "61": "unscr_2375",
        "62": "unscr_2375",
        "6704": "not_named",
    }
    rest_of_textiles = next(row for row in exports.rows if row.code == "S11")
    assert rest_of_textiles.kind == "rest_of_section"
    assert rest_of_textiles.key == "unscr_2375", "one provision names every chapter of 50-63"
    assert next(row for row in exports.rows if row.code == "S16").key == "unscr_2397"
    assert next(row for row in exports.rows if row.code == "S05").key == "partly_named"


def test_own_total_names_its_vintage_and_meets_the_series_by_a_row(exports):
    assert exports.own is not None
    assert (exports.own.start / MILLION, exports.own.end / MILLION) == pytest.approx((2537, 213), abs=PRINTED)
    assert exports.own.vintages == ("UN Comtrade, reconciled copy",)
    difference = next(row for row in exports.rows if row.kind == "vintage_difference")
    assert exports.own.change + difference.change == exports.total.change
    series = catalogue.series("dprk.exports.china.m")
    months = [o.value for o in series.observations if o.period.year == 2016]
    assert exports.total.start == sum(Decimal(repr(v)) for v in months) * MILLION


@pytest.mark.parametrize(
    ("flow", "code", "before", "after"),
    [
        ("exports", "S05", 1535, 47),
        ("exports", "S11", 757, 0),
        ("exports", "S01", 144, 0),
        ("imports", "S16", 729, 15),
        ("imports", "S17", 237, 2),
        ("imports", "S15", 239, 2),
    ],
)
def test_sections_2014_to_2018(flow, code, before, after):
    found = lens(f"dprk.{flow}.china.m", "2014", "2018")
    assert section(found, code) == pytest.approx((before, after), abs=PRINTED)
    if flow == "imports":
        assert {row.key for row in found.rows if row.section == code} == {"unscr_2397"}


def test_sections_are_complete_from_2007_to_2018():
    for flow in ("exports", "imports"):
        years = {f.window.first.year for f in catalogue.products(flow=flow) if f.product.startswith("S")}
        assert years == set(range(2007, 2019))


def test_interkorean_trade_2015_to_2016(headline):
    assert headline.interkorean.change == round((333 - 2714.48) * MILLION)
    kaesong = next(row for row in headline.rows if row.kind == "kaesong")
    assert kaesong.change / MILLION == pytest.approx(-2373, abs=PRINTED)
    assert headline.total.change / MILLION == pytest.approx(-2104, abs=PRINTED)
    assert (headline.total.change - headline.interkorean.change) / MILLION == pytest.approx(277, abs=PRINTED)


def test_a_part_larger_than_the_whole_is_said_in_words(headline):
    words = " ".join(headline.words())
    assert "Inter-Korean trade fell by 2,381, more than the total (2,104), because everything else " in words
    assert "together rose by 277." in words
    assert "113" not in words


@pytest.mark.parametrize("asked", WINDOWS, ids=" ".join)
def test_everything_sums_to_the_last_digit(asked):
    found = lens(*asked)
    record = rounded(found.to_record())
    whole = {end: Decimal(str(record["series_total"][end])) for end in ("from", "to", "change")}
    for end, total in whole.items():
        assert sum(Decimal(str(row[end])) for row in record["rows"]) == total, end
    for assignment in ("first_binding", "in_force_by_year"):
        assert sum(Decimal(str(row["change"])) for row in record[assignment]) == whole["change"], assignment
    if record["own_total"]:
        goods = [row for row in record["rows"] if "product" in row]
        own = Decimal(str(record["own_total"]["change"]))
        assert sum(Decimal(str(row["change"])) for row in goods) == own
        for row in goods:
            steps = sum(Decimal(str(step["change"])) for step in row["in_force_by_year"])
            assert steps == Decimal(str(row["change"])), row["label"]


def test_the_lens_reversed_is_its_negative(exports):
    back = lens("dprk.exports.china.m", "2018", "2016")
    forward = {total.key: total.change for total in exports.in_force_by_year}
    assert {total.key: -total.change for total in back.in_force_by_year} == forward


def test_crude_oil_leaves_the_record_and_enters_kotras_estimate():
    found = lens("dprk.imports.kotra.a", "2013", "2014")
    assert ends(found, "2709") == pytest.approx((598.13, 0))
    added = next(row for row in found.rows if row.kind == "crude_estimate")
    assert (added.start / MILLION, added.end / MILLION) == (0, 500)
    without = lens("dprk.imports.kotra.a:crude=excluded", "2013", "2014")
    assert not [row for row in without.rows if row.code == "2709" or row.kind == "crude_estimate"]


def test_a_closure_counts_by_year_and_names_no_product():
    found = lens("dprk.exports.china.m", "2019", "2020")
    assert {t.key for t in found.in_force_by_year} >= {"covid_border_closure", "not_covered"}
    assert "covid_border_closure" not in {t.key for t in found.first_binding}
    binder = Binder("exports")
    wigs = Scope(("6704",))
    assert [binder.in_force(wigs, year) for year in (2019, 2020, 2022, 2023)] == [
        "none_in_force",
        "covid_border_closure",
        "covid_border_closure",
        "none_in_force",
    ]


def test_provisions_carry_their_basis_and_what_is_unverified(exports):
    listed = {p["id"]: p for p in exports.to_record()["provisions"]}
    assert listed["2375-16"]["hs_basis"] == "analyst"
    assert "hs" in listed["2375-16"]["unverified"]
    assert listed["2397-6-mach"]["hs_basis"] == "resolution_text"
    coal = next(row for row in exports.to_record()["rows"] if row.get("product") == "2701")
    assert set(coal["provisions"]) >= {"2270-29-coal", "2321-26b2", "2371-8-coal", "CN12-1"}
    assert coal["unverified_years"] == [2017, 2018], "the figure of 2016 is confirmed by print"


def test_a_calendar_row_that_did_not_bind_decides_nothing():
    rows = [row for row in catalogue.enforcement_calendar() if "2701" in row.hs_codes]
    assert rows[0].event_id == "unscr_2270"
    assert not rows[0].binding
    assert Binder("exports").first(Scope(("2701",))).key == "unscr_2321"
    steel = Binder("exports").first(Scope(("72",)))
    assert steel.key == "unscr_2270", "without a row in the calendar the earliest ban decides"
    assert steel.naming is not None
    assert not steel.naming.from_calendar


@pytest.mark.parametrize(
    ("series", "start", "end", "reason"),
    [
        ("dprk.exports.china.m", "2016-01..2016-06", "2018", "not of whole years"),
        ("interkorean.kaesong.a", "2015", "2016", "no figures by product or partner"),
        ("interkorean.total.a", "2018", "2019", "observed in 0 of the 1"),
    ],
)
def test_where_it_cannot_speak_it_says_why(series, start, end, reason):
    with pytest.raises(CannotEstimateError, match=reason):
        lens(series, start, end)


def test_a_callers_series_has_no_figures_on_goods():
    series = TradeSeries.from_values(["2016", "2017", "2018"], [3.0, 2.0, 1.0])
    with pytest.raises(CannotEstimateError, match="catalogue's own series"):
        account(series, "2016", "2018")


def test_price_against_quantity_of_coal_is_exact_and_checkable_by_hand():
    found = lens("dprk.exports.china.m", "2012", "2013").price_quantity
    coal = next(item for item in found if item.product == "2701")
    assert coal.by_price is not None
    assert coal.by_quantity is not None
    assert coal.by_price + coal.by_quantity == round((1373.71 - 1189.79) * MILLION)
    before, after = 1189.79 / 11807, 1373.71 / 16494
    assert coal.by_price / MILLION == pytest.approx((after - before) * (11807 + 16494) / 2)
    assert coal.start is not None
    assert coal.start.to_record()["unit_value"] == pytest.approx(100.77, abs=0.005)
    ore = next(item for item in found if item.product == "2601")
    assert ore.by_price is None
    assert "2012 and 2013" in ore.reason


def test_where_nothing_is_traded_there_is_no_price():
    coal = lens("dprk.exports.china.m", "2016", "2018").price_quantity[0]
    assert coal.by_price is None
    assert "all of the change is quantity" in coal.reason


def test_iron_ore_in_the_months_that_have_both():
    april, june = (
        next(u for u in unit_values("2601") if str(u.window) == month) for month in ("2016-04", "2017-06")
    )
    parts = divide(april, june)
    assert parts is not None
    assert sum(parts) == june.value - april.value == 6_900_000


def test_without_whole_years_the_same_months_of_both_are_divided():
    ore = lens("dprk.exports.china.m", "2016", "2017").price_quantity[1]
    assert [str(end.window) for end in (ore.start, ore.end)] == ["2016-05", "2017-05"]
    price = 13.4e6 / 233_508 - 10.0e6 / 217_897
    assert ore.by_price == pytest.approx(price * (217_897 + 233_508) / 2, abs=1)
    assert ore.by_price + ore.by_quantity == 3_400_000


def test_inter_korean_trade_fell_by_more_than_the_total(headline):
    korea = headline.interkorean
    assert [round(v / MILLION) for v in (korea.start, korea.end, korea.change)] == [2714, 333, -2381]
    rows = {row[1]: row[3:6] for row in headline.table()[1]}
    assert rows["inter-Korean trade, the zone included"] == pytest.approx([2714.48, 333.0, -2381.48])
    assert rows["of which inter-Korean trade: Kaesong zone"] == pytest.approx([2703.6, 331.0, -2372.6])
    assert rows["total"][2] == pytest.approx(-2104, abs=PRINTED)


def test_both_assignments_stand_side_by_side_and_sum_to_the_change(exports):
    columns, rows = next((s[2], s[3]) for s in exports.sections() if s[0] == "assignments")
    assert columns[1:3] == ("by what binds first", "by the newest in force each year")
    for k in (1, 2):
        assert sum(row[k] or 0.0 for row in rows) == pytest.approx(exports.total.change / MILLION)
    named = {row[0]: row[1:] for row in rows}
    assert named["UN Security Council resolution 2321 (2016)"][2] == "2017: −776"
    provisions = next(s[3] for s in exports.sections() if s[0] == "provisions")
    coal = next(row for row in provisions if row[0] == "2321-26b1")
    assert coal[6] == "national_annex"
    assert coal[8] == "paragraph"


def test_share_of_pairs_that_cross_a_step():
    assert _crossing(2016, 2017, (2014, 2015, 2016), (2018,)) == 1
    assert _crossing(2014, 2015, (2014, 2015, 2016), (2018,)) == Fraction(1, 3)
    assert _crossing(2016, 2017, (2018,), (2016,)) == -1
    assert _crossing(2018, 2019, (2016,), (2018,)) == 0


def test_codes_as_the_tables_write_them():
    assert [c.prefix for c in parse_codes(["50-52", "2709 (condensate)", "2711110000", "all"])] == [
        "50",
        "51",
        "52",
        "2709",
        "271111",
    ]
    condensate = parse_codes(["2709 (condensate)"])
    assert Scope(("2709",)).named(condensate, "2709") == "part"
    assert Scope(("67",), ("6704",)).named(parse_codes(["6704"]), "67") == "no"
    assert Scope(("26",), ("2601",)).named(parse_codes(["2601", "2607"]), "26") == "part"
    assert Scope(("25", "26", "27")).less("2601").text == "25-27 less 2601"
    with pytest.raises(DataPackageError, match="not an HS code"):
        parse_codes(["coal"])


def test_the_attribution_carries_the_lens():
    from analysis.attribution import attribute

    record = attribute(catalogue.series("dprk.total.a"), start="2015", end="2016").to_record()
    accounting = record["lenses"]["accounting"]
    assert accounting["interkorean"]["change"] == pytest.approx(-2381.48)
    assert accounting["series_total"]["change"] == pytest.approx(record["change"]["annualised"]["absolute"])
    own = TradeSeries.from_values([str(y) for y in range(1990, 2020)], [10.0 + y % 3 for y in range(30)])
    one = EventTable.from_rows([{"id": "e", "title": "e", "effective": "2005-01-01"}])
    silent = attribute(own, one, start="1995", end="2010").to_record()["lenses"]
    assert silent["accounting"] is None
    assert "catalogue" in silent["silent"]["accounting"]
