"""A caller's downloads: flows turned round, breakdowns and revisions kept apart, bad rows named."""

import csv
import json
import socket

import pytest
from click.testing import CliRunner

import analysis
from analysis.errors import InputError
from analysis.reading.layouts import read_comtrade, read_imf
from analysis.reading.layouts.world import add_world
from service.cli import main

PLUS = [
    "typeCode",
    "freqCode",
    "refPeriodId",
    "refYear",
    "refMonth",
    "period",
    "reporterCode",
    "reporterISO",
    "reporterDesc",
    "flowCode",
    "flowDesc",
    "partnerCode",
    "partnerISO",
    "partnerDesc",
    "partner2Code",
    "partner2ISO",
    "partner2Desc",
    "classificationCode",
    "classificationSearchCode",
    "isOriginalClassification",
    "cmdCode",
    "cmdDesc",
    "aggrLevel",
    "isLeaf",
    "customsCode",
    "customsDesc",
    "mosCode",
    "motCode",
    "motDesc",
    "qtyUnitCode",
    "qtyUnitAbbr",
    "qty",
    "isQtyEstimated",
    "altQtyUnitCode",
    "altQtyUnitAbbr",
    "altQty",
    "isAltQtyEstimated",
    "netWgt",
    "isNetWgtEstimated",
    "grossWgt",
    "isGrossWgtEstimated",
    "cifvalue",
    "fobvalue",
    "primaryValue",
    "legacyEstimationFlag",
    "isReported",
    "isAggregate",
]
EARLIER = [
    "Classification",
    "Year",
    "Period",
    "Period Desc.",
    "Aggregate Level",
    "Is Leaf Code",
    "Trade Flow Code",
    "Trade Flow",
    "Reporter Code",
    "Reporter",
    "Reporter ISO",
    "Partner Code",
    "Partner",
    "Partner ISO",
    "2nd Partner Code",
    "Customs Proc. Code",
    "Mode of Transport Code",
    "Commodity Code",
    "Commodity",
    "Netweight (kg)",
    "Trade Value (US$)",
    "CIF Trade Value (US$)",
    "FOB Trade Value (US$)",
    "Flag",
]
CHINA = {
    "freqCode": "M",
    "reporterCode": "156",
    "reporterISO": "CHN",
    "partnerCode": "408",
    "partnerISO": "PRK",
    "partner2Code": "0",
    "customsCode": "C00",
    "motCode": "0",
    "mosCode": "0",
    "classificationCode": "H4",
    "cmdCode": "2701",
    "isReported": "True",
}


def write(path, header, rows, *, comma="", encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, lineterminator=comma + "\n")
        file.write(",".join(header) + "\n")
        writer.writerows([row.get(name, "") for name in header] for row in rows)
    return path


def imports(month, value, **changes):
    return {**CHINA, "flowCode": "M", "period": month, "cifvalue": value, "primaryValue": value, **changes}


def exports(month, value, **changes):
    return {**CHINA, "flowCode": "X", "period": month, "fobvalue": value, "primaryValue": value, **changes}


def numbers(found):
    return {
        name: {str(r.record.period): r.record.value for r in found.rows if r.series_id == name}
        for name in found.series_ids
    }


def test_partners_imports_are_the_exports_of_the_economy_and_their_exports_its_imports(tmp_path):
    rows = [imports("201601", "100.5"), imports("201602", "90"), exports("201601", "40", cmdCode="2710")]
    path = write(tmp_path / "d.csv", PLUS, rows)
    found = read_comtrade(path, mirror_of="PRK")
    assert numbers(found) == {
        "PRK.exports.CHN.H4.2701.m": {"2016-01": 100.5, "2016-02": 90.0},
        "PRK.imports.CHN.H4.2710.m": {"2016-01": 40.0},
    }
    first = dict(zip(*(found.table()[0], found.table()[1][0]), strict=True))
    assert (first["flow"], first["valuation"], first["reported_by"]) == ("exports", "CIF", "CHN")
    assert found.rows[-1].record.valuation == "FOB"
    assert "not adjusted" in found.notes()[0]
    own = read_comtrade(path)
    assert own.series_ids == ("CHN.imports.PRK.H4.2701.m", "CHN.exports.PRK.H4.2710.m")


def test_revisions_frequencies_and_products_are_series_of_their_own(tmp_path):
    rows = [
        imports("201601", "1"),
        imports("201601", "2", classificationCode="H5"),
        imports("2016", "3", freqCode="A"),
        imports("201601", "4", cmdCode="TOTAL"),
    ]
    found = read_comtrade(write(tmp_path / "d.csv", PLUS, rows))
    assert [row.record.value for row in found.rows] == [1, 2, 3, 4]
    assert len(found.series_ids) == 4


def test_breakdowns_and_parts_of_a_flow_are_passed_over_and_counted(tmp_path):
    rows = [
        imports("201601", "10"),
        imports("201601", "6", motCode="2100"),
        imports("201601", "4", customsCode="C05"),
        imports("201601", "3", partner2Code="410"),
        imports("201601", "1", flowCode="RM"),
        imports("201601", "8", partnerCode="410", partnerISO="KOR"),
        imports("201601", "99", partnerCode="0", partnerISO="W00"),
    ]
    found = read_comtrade(write(tmp_path / "d.csv", PLUS, rows), mirror_of="PRK")
    assert [row.record.value for row in found.rows] == [10.0]
    assert sum(found.ignored.values()) == 6
    assert found.ignored["the partner is not PRK"] == 2


def test_every_row_with_a_comma_at_its_end_and_windows_letters_are_read(tmp_path):
    rows = [imports("201601", "5", reporterDesc="Côte d'Ivoire", reporterISO="CIV")]
    found = read_comtrade(write(tmp_path / "d.csv", PLUS, rows, comma=",", encoding="cp1252"))
    assert found.series_ids == ("CIV.imports.PRK.H4.2701.m",)
    assert "Windows-1252" in found.warnings[0]


def test_the_earlier_sites_columns(tmp_path):
    row = {
        "Classification": "H3",
        "Period": "201201",
        "Trade Flow Code": "1",
        "Reporter Code": "156",
        "Reporter ISO": "CHN",
        "Partner Code": "408",
        "Partner ISO": "PRK",
        "Commodity Code": "26",
        "Trade Value (US$)": "7",
    }
    rows = [row, {**row, "Trade Flow Code": "4"}, {**row, "Period": "201202", "CIF Trade Value (US$)": "7"}]
    found = read_comtrade(write(tmp_path / "d.csv", EARLIER, rows), mirror_of="PRK")
    assert numbers(found) == {"PRK.exports.CHN.H3.26.m": {"2012-01": 7.0, "2012-02": 7.0}}
    assert [r.record.valuation for r in found.rows] == ["not stated", "CIF"]
    assert "change of record" in found.warnings[0]


def test_overlapping_downloads_are_read_once_and_different_figures_refused(tmp_path):
    one = write(tmp_path / "a.csv", PLUS, [imports("201601", "5"), imports("201602", "6")])
    same = write(tmp_path / "b.csv", PLUS, [imports("201602", "6"), imports("201603", "7")])
    other = write(tmp_path / "c.csv", PLUS, [imports("201602", "6.5")])
    found = read_comtrade([one, same])
    assert [row.record.value for row in found.rows] == [5, 6, 7]
    assert found.ignored == {"the same figure as another row": 1}
    with pytest.raises(InputError, match=r"row 2 of .*c\.csv: 2016-02 .* differs from row 3 of .*a\.csv"):
        read_comtrade([one, other])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"primaryValue": "12x"}, "'12x' in the column 'primaryvalue' is not a number"),
        ({"period": "2016-01"}, "the period '2016-01' is not like"),
        ({"flowCode": "Q"}, "'Q' is no trade flow"),
        ({"cmdCode": ""}, "commodity code is empty"),
        ({"reporterISO": "", "reporterCode": ""}, "the reporter has no code"),
    ],
)
def test_a_bad_row_is_named(tmp_path, changes, words):
    path = write(tmp_path / "d.csv", PLUS, [imports("201601", "5"), imports("201602", "5", **changes)])
    with pytest.raises(InputError, match="row 3 of") as caught:
        read_comtrade(path)
    assert words in caught.value.message


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "d.csv"
    with pytest.raises(InputError, match="does not exist"):
        read_comtrade(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is empty"):
        read_comtrade(path)
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="CSV download of UN Comtrade"):
        read_comtrade(path)
    with pytest.raises(InputError, match="SDMX-CSV"):
        read_imf(path)
    write(path, PLUS, [imports("201601", "5")])
    with pytest.raises(InputError, match="no partner is 'KP'; it has PRK"):
        read_comtrade(path, mirror_of="KP")
    path.write_text(path.read_text(encoding="utf-8") + "1,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match="3 cells, but the header has"):
        read_comtrade(path)


IMTS = (
    "STRUCTURE,STRUCTURE_ID,ACTION,COUNTRY,INDICATOR,COUNTERPART_COUNTRY,FREQUENCY,TIME_PERIOD,OBS_VALUE,SCALE\n"
    "dataflow,IMF.STA:IMTS(1.0.0),I,CHN,MG_CIF_USD,PRK,M,2016-M01,207.5,6\n"
    "dataflow,IMF.STA:IMTS(1.0.0),I,CHN,MG_CIF_USD,PRK,M,2016-M02,,6\n"
    "dataflow,IMF.STA:IMTS(1.0.0),I,CHN,XG_FOB_USD,PRK,M,2016-M01,183.0,6\n"
    "dataflow,IMF.STA:IMTS(1.0.0),I,CHN,TBG_USD,PRK,M,2016-M01,-24.5,6\n"
)
DOTS = (
    "DATAFLOW,FREQ:Frequency,REF_AREA:Reference area,INDICATOR:Indicator,COUNTERPART_AREA:Counterpart,"
    "TIME_PERIOD:Time,OBS_VALUE:Value,UNIT_MULT:Multiplier\n"
    "IMF:DOT(1.0),Q: Quarterly,CN: China,TMG_CIF_USD: Imports,KP: Korea,2016-Q1,400,6: Millions\n"
    "IMF:DOT(1.0),A: Annual,CN: China,TXG_FOB_USD: Exports,KP: Korea,2016,3000,6: Millions\n"
)


def test_both_forms_of_the_imfs_file(tmp_path):
    path = tmp_path / "imf.csv"
    path.write_text(IMTS, encoding="utf-8")
    found = read_imf(path, mirror_of="PRK")
    assert numbers(found) == {
        "PRK.exports.CHN.TOTAL.m": {"2016-01": 207.5, "2016-02": None},
        "PRK.imports.CHN.TOTAL.m": {"2016-01": 183.0},
    }
    assert [row.record.valuation for row in found.rows] == ["CIF", "CIF", "FOB"]
    assert found.rows[0].record.unit == "USD"
    assert list(found.ignored) == ["the indicator TBG_USD is no flow of exports or imports"]
    path.write_text(DOTS, encoding="utf-8")
    assert numbers(read_imf(path, mirror_of="KP")) == {
        "KP.exports.CN.TOTAL.q": {"2016-Q1": 400.0},
        "KP.imports.CN.TOTAL.a": {"2016": 3000.0},
    }


def test_a_series_in_two_units_is_refused(tmp_path):
    path = tmp_path / "imf.csv"
    path.write_text(
        IMTS.replace("SCALE", "UNIT_MULT").replace("2016-M02,,6", "2016-M02,1,3"), encoding="utf-8"
    )
    with pytest.raises(InputError, match="USD, millions and in USD, thousands"):
        read_imf(path)


def test_from_download_to_effects_without_a_connection(tmp_path, monkeypatch):
    """The command's table goes into the batch, and its products into the exposure; no socket is opened."""

    def refused(*_arguments, **_options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    months = [(year, month) for year in range(2012, 2020) for month in range(1, 13)]
    rows = [
        imports(f"{year}{month:02d}", f"{(50 if (year, month) < (2017, 3) else 20) + (7 * k) % 11}")
        for k, (year, month) in enumerate(months)
    ]
    source = write(tmp_path / "d.csv", PLUS, rows)
    panel = tmp_path / "panel.csv"
    ran = CliRunner().invoke(
        main, ["import", "comtrade", str(source), "--mirror-of", "PRK", "--output", str(panel), "--json"]
    )
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["rows"] == 96
    series, unread = analysis.batch.chunk.read_panel(panel)
    assert not unread
    assert series[0].id == "PRK.exports.CHN.H4.2701.m"
    events = analysis.EventTable.from_rows([{"id": "cap", "title": "Cap", "effective": "2017-03-01"}])
    (effect,) = analysis.fit_interventions(series[0], events).effects
    assert effect.upper < -0.4
    (one,) = analysis.read_comtrade(source, mirror_of="PRK").series()
    assert list(one.values) == list(series[0].values)
    assert one.valuation == "CIF"
    ran = CliRunner().invoke(
        main, ["across", "exposure", "--products", str(panel), "--event", "unscr_2321", "--json"]
    )
    assert json.loads(ran.stdout)["exposure"][0]["exposure"] == 1.0


def test_the_world_as_partners_record_it_has_no_sum_where_one_is_missing(tmp_path):
    rows = [
        imports("201601", "10", partnerCode="0", partnerISO="W00"),
        imports("201601", "4"),
        imports("201602", "6"),
        imports("201601", "3", reporterISO="RUS", reporterCode="643"),
        imports("201603", "2", reporterISO="RUS", reporterCode="643"),
    ]
    flows = add_world(read_comtrade(write(tmp_path / "d.csv", PLUS, rows), mirror_of="PRK"))
    assert numbers(flows)["PRK.exports.partners.H4.2701.m"] == {
        "2016-01": 7.0,
        "2016-02": None,
        "2016-03": None,
    }
    assert "CHN (1), RUS (1) have no sum" in flows.notes()[-2]
    (one,) = [s for s in flows.series() if s.id == "PRK.exports.partners.H4.2701.m"]
    assert one.n_observed == 1


def test_quantities_stand_beside_values_with_unit_values(tmp_path):
    row = imports("201601", "500", netWgt="250", qty="10", qtyUnitAbbr="t")
    columns, (cells,) = read_comtrade(write(tmp_path / "d.csv", PLUS, [row])).table()
    found = dict(zip(columns, cells, strict=True))
    assert (found["net_weight_kg"], found["quantity"], found["quantity_unit"]) == (250.0, 10.0, "t")
    assert found["unit_value"] == 2.0
