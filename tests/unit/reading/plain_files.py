"""Files of plain tables: notations of periods and numbers, shapes, encodings, workbooks."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from tests.unit.reading.written import ISO, MONTHS, VALUES, YEARS, Layout, dated, lines, read

NAMES = [f"{date(2000, m, 1):%b}" for m in range(1, 13)]
RUNNING = [round(sum(VALUES[k - k % 12 : k + 1]), 2) for k in range(len(VALUES))]
TOGETHER = [
    (p, v if m != 2 or y < 2016 else round(VALUES[k - 1] + v, 2))
    for k, (p, v, (y, m)) in enumerate(zip(ISO, VALUES, MONTHS, strict=True))
    if not (m == 1 and y >= 2016)
]
WEEKS = [date.fromordinal(date(2015, 1, 7).toordinal() + 7 * k) for k in range(60)]
WEEKLY = [f"{d.isocalendar().year}-W{d.isocalendar().week:02d}" for d in WEEKS]
GERMAN = [f"{v:,.2f}".translate(str.maketrans(",.", ".,")) for v in (10 * x for x in VALUES)]
MONATE = [
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August"),
    *("September", "Oktober", "November", "Dezember"),
]
RUSSIAN = [
    *("Январь", "Февраль", "Март", "Апрель", "Май", "Июнь", "Июль", "Август"),
    *("Сентябрь", "Октябрь", "Ноябрь", "Декабрь"),
]
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")  # digits as they are written in Japan
GROUPS = [(p, v, 2 * v, 3 * v, 4 * v) for p, v in zip(ISO, VALUES, strict=True)]
TENFOLD = [10 * v for v in VALUES]


def workbook(engine: Literal["openpyxl", "odf"]) -> bytes:
    """Return an Excel or OpenDocument file with dates and numbers as such."""
    out = io.BytesIO()
    frame = pd.DataFrame({"month": [date(y, m, 1) for y, m in MONTHS], "exports": VALUES})
    with pd.ExcelWriter(out, engine=engine) as writer:
        frame.to_excel(writer, sheet_name="Data", index=False)
    return out.getvalue()


def end_of(year: int, month: int) -> date:
    """Return the last day of a month."""
    return (pd.Timestamp(year, month, 1) + pd.offsets.MonthEnd()).date()


PLAIN: list[Layout] = [
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
        "years by their last months",
        "decembers.csv",
        lines("Date,Value", [(f"Dec-{k:02d}", VALUES[k]) for k in range(20)]),
        [str(2000 + k) for k in range(20)],
        VALUES[:20],
    ),
    read(
        "names of months, titles and a footnote, in German",
        "destatis.csv",
        lines(
            "Außenhandel;;\nAusfuhr;;\nJahr;Monat;Ausfuhr",
            [
                *((y, MONATE[m - 1], g) for (y, m), g in zip(MONTHS, GERMAN, strict=True)),
                ("__________",),
                ("© Statistisches Bundesamt (Destatis), 2018",),
            ],
            by=";",
            encoding="cp1252",
        ),
        values=TENFOLD,
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
        "two lines of headers",
        "groups.csv",
        lines(",Exports,,Imports,\nMonth,Value,Weight,Value,Weight", GROUPS),
        question="value",
    ),
    read(
        "the same, decided",
        "groups2.csv",
        lines(",Exports,,Imports,\nMonth,Value,Weight,Value,Weight", GROUPS),
        choices={"value": "Imports Value"},
        values=[3 * v for v in VALUES],
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
    read(
        "UTF-16 with tabs (Excel's Unicode text)",
        "unicode.txt",
        dated("{}-{:02d}".format, by="\t", header="period\tvalue", encoding="utf-16"),
    ),
    read(
        "Shift-JIS with wide digits",
        "nihon.csv",
        lines(
            "年月,輸出額",
            [(f"{y}年{m}月", str(v).translate(WIDE)) for (y, m), v in zip(MONTHS, VALUES, strict=True)],
            encoding="cp932",
        ),
    ),
    read(
        "Windows-1251, months in Russian",
        "rossiya.csv",
        lines(
            "Период;Экспорт, млн долл.",
            [(f"{RUSSIAN[m - 1]} {y}", g) for (y, m), g in zip(MONTHS, GERMAN, strict=True)],
            by=";",
            encoding="cp1251",
        ),
        values=TENFOLD,
    ),
    Layout(
        "weeks by their last days, numbers called units",
        "units.csv",
        lines("Week ending,Units", [(f"{d + timedelta(3):%d-%b-%Y}", 100 + d.day) for d in WEEKS]),
        WEEKLY,
        [100 + d.day for d in WEEKS],
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
