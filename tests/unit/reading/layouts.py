"""Files as offices and programs write them, each with what it holds: the examples of docs/own-data.md.

``python -m tests.unit.reading.layouts`` writes the table of that page.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

YEARS = range(2014, 2018)
MONTHS = [(year, month) for year in YEARS for month in range(1, 13)]
VALUES = [round(400 + 35.55 * ((7 * k) % 11) + 0.01 * k, 2) for k in range(len(MONTHS))]
"""Two decimals, with a season of none, no rise within years."""
THOUSANDS = [1_000_000 + round(100 * value) for value in VALUES]
ISO = [f"{year}-{month:02d}" for year, month in MONTHS]
NAMES = [f"{date(2000, m, 1):%b}" for m in range(1, 13)]
PAGE = Path("docs/own-data.md")
BEGIN, END = "<!-- layouts: written by tests/unit/reading/layouts.py -->", "<!-- end of layouts -->"


@dataclass(frozen=True)
class Layout:
    """One file, and what is in it.

    Attributes
    ----------
    name, file : str
    raw : bytes
    periods : sequence of str
        ISO periods that it holds; empty where the expected answer is a question or a refusal.
    values : sequence
    choices : dict
        What a caller decides.
    question : str
        Option that the expected question asks for.
    refused : str
        Words of the expected refusal.
    sums : dict
        Sums over spans.
    unit : str
    """

    name: str
    file: str
    raw: bytes
    periods: Sequence[str] = ()
    values: Sequence[float | None] = ()
    choices: dict[str, Any] = field(default_factory=dict)
    question: str = ""
    refused: str = ""
    sums: dict[str, float] = field(default_factory=dict)
    unit: str = ""
    documented: bool = True

    @property
    def outcome(self) -> str:
        """What the table says."""
        if self.question:
            return f"asks for `--{self.question.replace('_', '-')}`"
        if self.refused:
            return "says why not"
        chosen = " ".join(
            f"--{k.replace('_', '-')} {v}" if v is not True else f"--{k}" for k, v in self.choices.items()
        )
        return f"read with `{chosen}`" if chosen else "read"


def lines(header: str, rows: Sequence[Sequence[object]], *, by: str = ",", encoding: str = "utf-8") -> bytes:
    """Return a table as bytes."""
    return "\n".join([header, *(by.join(map(str, row)) for row in rows), ""]).encode(encoding)


def dated(form: Callable[[int, int], str], *, header: str = "date,value", **how: str) -> bytes:
    """Return the months in a notation, with their values."""
    return lines(header, [(form(y, m), v) for (y, m), v in zip(MONTHS, VALUES, strict=True)], **how)


def workbook(engine: str) -> bytes:
    """Return an Excel or OpenDocument file with dates and numbers as such."""
    out = io.BytesIO()
    frame = pd.DataFrame({"month": [date(y, m, 1) for y, m in MONTHS], "exports": VALUES})
    with pd.ExcelWriter(out, engine=engine) as writer:  # type: ignore[call-overload]  # both are known
        frame.to_excel(writer, sheet_name="Data", index=False)
    return out.getvalue()


def end_of(year: int, month: int) -> date:
    """Return the last day of a month."""
    return (pd.Timestamp(year, month, 1) + pd.offsets.MonthEnd()).date()


def read(name: str, file: str, raw: bytes, **more: Any) -> Layout:
    """Return a layout that holds the months and values."""
    return Layout(name, file, raw, more.pop("periods", ISO), more.pop("values", VALUES), **more)


RUNNING = [round(sum(VALUES[k - k % 12 : k + 1]), 2) for k in range(len(VALUES))]
TOGETHER = [
    (p, v if m != 2 or y < 2016 else round(VALUES[k - 1] + v, 2))
    for k, (p, v, (y, m)) in enumerate(zip(ISO, VALUES, MONTHS, strict=True))
    if not (m == 1 and y >= 2016)
]
WEEKS = [date.fromordinal(date(2015, 1, 7).toordinal() + 7 * k) for k in range(60)]
WEEKLY = [f"{d.isocalendar().year}-W{d.isocalendar().week:02d}" for d in WEEKS]
GERMAN = [f"{v:,.2f}".translate(str.maketrans(",.", ".,")) for v in (10 * x for x in VALUES)]
TENFOLD = [10 * v for v in VALUES]
COMTRADE = (
    "freqCode,period,reporterCode,reporterISO,flowCode,partnerCode,partnerISO,partner2Code,classificationCode,cmdCode,"
    "customsCode,motCode,qtyUnitAbbr,qty,netWgt,cifvalue,fobvalue,primaryValue,isReported"
)


def comtrade(
    empty: str = "",
    zero: str = "0",
    iso: bool = True,
    month: str = "{}{:02d}",
    flow: str = "M",
    mode: str = "0",
    customs: str = "C00",
    missing: int = -1,
    code: str = "2709",
    by: str = ",",
    first: str = "",
    last: str = "",
) -> bytes:
    """Return China's imports of crude oil from Iran as Comtrade, R, pandas or a sheet write them."""
    china, iran = ("CHN", "IRN") if iso else (empty, empty)
    rows = [
        [
            "M",
            month.format(y, m),
            "156",
            china,
            flow,
            "364" if zero == "0" else "364.0",
            iran,
            zero,
            "H5",
            code,
            customs,
            mode,
            "kg",
            806,
            806,
            v if k != missing else "NA",
            empty,
            v if k != missing else "NA",
            "True",
        ]
        for k, ((y, m), v) in enumerate(zip(MONTHS, THOUSANDS, strict=True))
    ]
    text = "\n".join(by.join(map(str, row)) + last for row in [COMTRADE.split(","), *rows])
    return (first + text + "\n").encode()


IMF_LONG = (
    "STRUCTURE[;],STRUCTURE_ID,ACTION,COUNTRY,INDICATOR,COUNTERPART_COUNTRY,FREQUENCY,TIME_PERIOD,OBS_VALUE,SCALE,"
    "TRADE_FLOW,VALUATION,UNIT\n"
)
PORTAL = '"{}","CHN.MG_CIF_USD.IRN.M","China","Imports of goods, CIF, US dollar","Iran","Monthly"'


def imf(value: Callable[[int, float], object] = lambda _, v: v) -> bytes:
    """Return the IMF's SDMX-CSV: single dollars beside SCALE 6."""
    rows = [
        f"dataflow,IMF.STA:IMTS(1.0.0),R,CHN,MG_CIF_USD,IRN,M,{y}-M{m:02d},{value(k, v)},6,MG,CIF,USD"
        for k, ((y, m), v) in enumerate(zip(MONTHS, THOUSANDS, strict=True))
    ]
    return (IMF_LONG + "\n".join(rows) + "\n").encode()


def portal(wide: bool) -> bytes:
    """Return a download of the IMF's portal: names beside the code of the series, values in millions."""
    head = '"DATASET","SERIES_CODE","COUNTRY","INDICATOR","COUNTERPART_COUNTRY","FREQUENCY"'
    one = PORTAL.format("IMF.STA:IMTS(1.0.0)")
    periods = [f"{y}-M{m:02d}" for y, m in MONTHS]
    if wide:
        text = head + ',"SCALE","UNIT",' + ",".join(f'"{p}"' for p in periods)
        return f'{text}\n{one},"Millions","US dollar",{",".join(f"{v}" for v in VALUES)}\n'.encode()
    rows = [f'{one},"{p}","{v}","Millions","US dollar"' for p, v in zip(periods, VALUES, strict=True)]
    return "\n".join([head + ',"TIME_PERIOD","OBS_VALUE","SCALE","UNIT"', *rows, ""]).encode()


BULK = (
    "Country Name,Country Code,Indicator Name,Indicator Code,Counterpart Country Name,Counterpart "
    "Country Code,"
    "Time Period,Value,Status,\n"
    + "".join(
        f'"China, P.R.: Mainland",924,"Goods, Imports, CIF",TMG_CIF_USD,"Iran, I.R. of",429,{y}M{m},{v},,\n'
        for (y, m), v in zip(MONTHS, THOUSANDS, strict=True)
    )
).encode()
WORLD_BANK = (
    b'"Data Source","World Development Indicators",\n\n"Last Updated Date","2026-10-01",\n\n'
    b'"Country Name","Country Code","Indicator Name","Indicator Code","2014","2015","2016","2017",\n'
    b'"Iran, Islamic Rep.","IRN","Exports (US$)","TX.VAL","86471000000","","83978000000","107360000000",\n'
)
GACC = "数据年月,商品编码,商品名称,贸易伙伴名称,第一数量,第一计量单位,美元"
KITA = "기간,국가명,수출건수,수출금액,수입건수,수입금액,무역수지"
KITA_ROWS = [("총계", "", '"1,000"', '"9,999"', '"2,000"', '"8,888"', '"1,111"')] + [
    (f"{y}.{m:02d}", "러시아 연방", 900 + m, f'"{v:,}"', 806, f'"{2 * v:,}"', -v)
    for (y, m), v in zip(MONTHS, THOUSANDS, strict=True)
]
EUROSTAT_FLAGS = {5: "p", 7: "e", 9: "b"}

LAYOUTS: list[Layout] = [
    read("ISO months", "iso.csv", dated("{}-{:02d}".format, header="period,value")),
    read(
        "FRED",
        "FRED.csv",
        lines(
            "observation_date,XTEXVA01CNM667S",
            [(f"{p}-01", v if k != 4 else ".") for k, (p, v) in enumerate(zip(ISO, VALUES, strict=True))],
        ),
        values=[v if k != 4 else None for k, v in enumerate(VALUES)],
    ),
    read("last days of months", "ends.csv", dated(lambda y, m: end_of(y, m).isoformat())),
    read(
        "last business days, newest first",
        "bme.csv",
        lines(
            "date,value",
            [
                ((pd.Timestamp(y, m, 1) + pd.offsets.BMonthEnd()).date(), v)
                for (y, m), v in reversed(list(zip(MONTHS, VALUES, strict=True)))
            ],
        ),
    ),
    read(
        "German dates, decimal commas, semicolons",
        "de.csv",
        lines(
            "Datum;Wert",
            [(f"01.{m:02d}.{y}", g) for (y, m), g in zip(MONTHS, GERMAN, strict=True)],
            by=";",
            encoding="cp1252",
        ),
        values=TENFOLD,
    ),
    Layout(
        "day and month could be exchanged",
        "slashes.csv",
        dated(lambda y, m: f"01/{m:02d}/{y}"),
        question="date_order",
    ),
    read(
        "the same, decided",
        "slashes2.csv",
        dated(lambda y, m: f"01/{m:02d}/{y}"),
        choices={"date_order": "dmy"},
    ),
    Layout(
        "point or comma",
        "point.csv",
        lines("year,value", [(2000 + k, f"1.{210 + k}") for k in range(20)]),
        question="decimal",
    ),
    Layout(
        "the same, decided",
        "point2.csv",
        lines("year,value", [(2000 + k, f"1.{210 + k}") for k in range(20)]),
        [str(2000 + k) for k in range(20)],
        [1210.0 + k for k in range(20)],
        {"decimal": "comma"},
    ),
    Layout(
        "quarters by their first days",
        "quarters.csv",
        lines("DATE,GDP", [(date(2000 + k // 4, 3 * (k % 4) + 1, 1), VALUES[k]) for k in range(40)]),
        [f"{2000 + k // 4}-Q{k % 4 + 1}" for k in range(40)],
        VALUES[:40],
    ),
    Layout(
        "ISO weeks",
        "weeks.csv",
        lines("week,value", list(zip(WEEKLY, VALUES[:48] + VALUES[:12], strict=True))),
        WEEKLY,
        VALUES[:48] + VALUES[:12],
    ),
    Layout(
        "dates seven days apart",
        "sevens.csv",
        lines("date,value", list(zip(WEEKS, VALUES[:48] + VALUES[:12], strict=True))),
        WEEKLY,
        VALUES[:48] + VALUES[:12],
    ),
    Layout(
        "fiscal years",
        "fiscal.csv",
        lines("FY,value", [(f"{2000 + k}/{k + 1:02d}", VALUES[k]) for k in range(20)]),
        [str(2000 + k) for k in range(20)],
        VALUES[:20],
        {"period": "FY"},
    ),
    read(
        "a year a row, months across",
        "matrix.csv",
        lines(
            "year," + ",".join(NAMES) + ",Total",
            [
                (y, *VALUES[12 * k : 12 * k + 12], round(sum(VALUES[12 * k : 12 * k + 12]), 2))
                for k, y in enumerate(YEARS)
            ],
        ),
    ),
    read(
        "year and month in two columns",
        "two.csv",
        lines("year,month,exports", [(y, m, v) for (y, m), v in zip(MONTHS, VALUES, strict=True)]),
    ),
    Layout(
        "several columns of numbers",
        "several.csv",
        lines(
            "month,number,dollars",
            [(p, 900 + k, v) for k, (p, v) in enumerate(zip(ISO, VALUES, strict=True))],
        ),
        question="value",
    ),
    read(
        "the same, decided",
        "several2.csv",
        lines(
            "month,number,dollars",
            [(p, 900 + k, v) for k, (p, v) in enumerate(zip(ISO, VALUES, strict=True))],
        ),
        choices={"value": "dollars"},
    ),
    Layout(
        "no header",
        "headless.csv",
        lines(f"{ISO[0]},{VALUES[0]}", list(zip(ISO[1:], VALUES[1:], strict=True))),
        question="value",
    ),
    read(
        "the same, decided",
        "headless2.csv",
        lines(f"{ISO[0]},{VALUES[0]}", list(zip(ISO[1:], VALUES[1:], strict=True))),
        choices={"period": "1", "value": "2"},
    ),
    Layout(
        "running totals of the year",
        "ytd.csv",
        lines("period,value", list(zip(ISO, RUNNING, strict=True))),
        question="cumulative",
    ),
    read(
        "the same, decided",
        "ytd2.csv",
        lines("period,value", list(zip(ISO, RUNNING, strict=True))),
        choices={"cumulative": True},
    ),
    Layout("February with January in it", "janfeb.csv", lines("period,value", TOGETHER), question="february"),
    read(
        "the same, decided",
        "janfeb2.csv",
        lines("period,value", TOGETHER),
        values=[None if (y >= 2016 and m <= 2) else v for (y, m), v in zip(MONTHS, VALUES, strict=True)],
        choices={"february": "sum"},
        sums={f"{y}-01..{y}-02": dict(TOGETHER)[f"{y}-02"] for y in (2016, 2017)},
    ),
    read(
        "sums over spans in rows of their own",
        "spans.csv",
        lines(
            "period,value",
            [
                *((p, v) for p, v in zip(ISO, VALUES, strict=True) if not p.startswith("2015-0")),
                ("2015-01..2015-09", 3000),
            ],
        ),
        values=[None if p.startswith("2015-0") else v for p, v in zip(ISO, VALUES, strict=True)],
        sums={"2015-01..2015-09": 3000.0},
    ),
    read("UN Comtrade", "TradeData.csv", comtrade(last=","), values=THOUSANDS, unit="US dollars"),
    read("UN Comtrade, written by R", "comtrade_r.csv", comtrade(empty="NA"), values=THOUSANDS),
    read(
        "UN Comtrade, written by pandas",
        "comtrade_pd.csv",
        comtrade(zero="0.0", month="{}{:02d}.0"),
        values=THOUSANDS,
    ),
    read("UN Comtrade, by numbers alone", "comtrade_numbers.csv", comtrade(iso=False), values=THOUSANDS),
    read("UN Comtrade, flows in words", "comtrade_words.csv", comtrade(flow="Import"), values=THOUSANDS),
    read("UN Comtrade, semicolons", "comtrade_sc.csv", comtrade(by=";"), values=THOUSANDS),
    read("UN Comtrade, sep= line", "comtrade_sep.csv", comtrade(first="sep=,\n"), values=THOUSANDS),
    Layout(
        "UN Comtrade, modes of transport without total",
        "comtrade_modes.csv",
        comtrade(mode="2100"),
        refused="48 rows are a part of the trade by mode of transport",
    ),
    Layout(
        "UN Comtrade, tariff lines",
        "comtrade_lines.csv",
        comtrade(code="27090000", customs="C04"),
        refused="48 rows are a part of the trade by customs procedure; give the rows of the total",
    ),
    read(
        "UN Comtrade, a value missing in R",
        "comtrade_na.csv",
        comtrade(empty="NA", missing=6),
        values=[None if k == 6 else float(v) for k, v in enumerate(THOUSANDS)],
    ),
    Layout("UN Comtrade, a leading zero cut", "comtrade_zero.csv", comtrade(code="301"), question="codes"),
    read("IMF, SDMX-CSV", "imts.csv", imf(), values=THOUSANDS, unit="USD"),
    read(
        "IMF, a NaN",
        "imts_nan.csv",
        imf(lambda k, v: "NaN" if k == 6 else v),
        values=[None if k == 6 else float(v) for k, v in enumerate(THOUSANDS)],
    ),
    read("IMF portal, one observation a row", "portal.csv", portal(wide=False), unit="USD, millions"),
    read("IMF portal, periods across", "portal_wide.csv", portal(wide=True), unit="USD, millions"),
    read("IMF, bulk file", "dots.csv", BULK, values=THOUSANDS, unit="USD"),
    Layout(
        "World Bank",
        "API_TX.csv",
        WORLD_BANK,
        ["2014", "2015", "2016", "2017"],
        [86471000000.0, None, 83978000000.0, 107360000000.0],
    ),
    read(
        "Eurostat, SDMX-CSV",
        "eurostat.csv",
        lines(
            "DATAFLOW,LAST UPDATE,freq,indic,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG",
            [
                ("ESTAT:DS(1.0)", "01/10/26", "M", "IV", "DE", p, v, EUROSTAT_FLAGS.get(k, ""))
                for k, (p, v) in enumerate(zip(ISO, VALUES, strict=True))
            ],
        ),
    ),
    read(
        "Eurostat, TSV",
        "eurostat.tsv",
        (
            "freq,unit,geo\\TIME_PERIOD\t"
            + "\t".join(f"{p} " for p in ISO)
            + "\nM,IV,DE\t"
            + "\t".join(
                (f"{v} {EUROSTAT_FLAGS.get(k, '')}".strip() if k != 3 else ": ") for k, v in enumerate(VALUES)
            )
            + "\n"
        ).encode(),
        values=[v if k != 3 else None for k, v in enumerate(VALUES)],
    ),
    read(
        "OECD, SDMX-CSV",
        "oecd.csv",
        lines(
            "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,Reference "
            "area,UNIT_MEASURE,UNIT_MULT,TIME_PERIOD,Time period,OBS_VALUE,Observation value,OBS_STATUS",
            [
                ("DATAFLOW", "OECD.SDD", "I", "KOR", "Korea", "USD", "6", p, "", v, "", "A")
                for p, v in zip(ISO, VALUES, strict=True)
            ],
        ),
        unit="USD, millions",
    ),
    read(
        "China's customs (GACC), GB18030",
        "gacc.csv",
        lines(
            GACC,
            [
                (f"{y}{m:02d}", "27011100", "无烟煤", "朝鲜", '"4,034,288"', "千克", f'"{v:,}"')
                for (y, m), v in zip(MONTHS, THOUSANDS, strict=True)
            ],
            encoding="gb18030",
        ),
        values=THOUSANDS,
        unit="US dollars",
    ),
    Layout(
        "Korea's customs (KITA), CP949",
        "kita.csv",
        lines(KITA, KITA_ROWS, encoding="cp949"),
        question="value",
    ),
    read(
        "the same, decided",
        "kita2.csv",
        lines(KITA, KITA_ROWS, encoding="cp949"),
        values=THOUSANDS,
        choices={"value": "수출금액"},
    ),
    read(
        "UTF-16 with tabs (Excel's Unicode text)",
        "unicode.txt",
        dated("{}-{:02d}".format, by="\t", header="period\tvalue", encoding="utf-16"),
    ),
    read("Excel workbook", "book.xlsx", workbook("openpyxl")),
    read("OpenDocument sheet", "book.ods", workbook("odf")),
    Layout(
        "several series",
        "long.csv",
        lines(
            "country,period,value",
            [(c, p, v) for c in ("Iran", "Iraq") for p, v in zip(ISO, VALUES, strict=True)],
        ),
        question="series",
    ),
    read(
        "the same, decided",
        "long2.csv",
        lines(
            "country,period,value",
            [
                (c, p, v if c == "Iran" else 1)
                for c in ("Iran", "Iraq")
                for p, v in zip(ISO, VALUES, strict=True)
            ],
        ),
        choices={"series": "Iran"},
    ),
]

WAYS = ("command line", "page", "HTTP", "batch", "Python")


def table() -> str:
    """Return the table of layouts and ways in; that every cell holds is what the tests show."""
    head = f"| file | {' | '.join(WAYS)} |\n|---|{'---|' * len(WAYS)}"
    rows, before = [], ""
    for one in LAYOUTS:
        name = f"{before}, decided" if one.name == "the same, decided" else one.name
        before = before if one.name == "the same, decided" else one.name
        cells = [one.outcome if way != "batch" or one.question != "series" else "reads each" for way in WAYS]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([head, *rows])


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    PAGE.write_text(f"{page[:start]}\n{table()}\n{page[end:]}", encoding="utf-8")
