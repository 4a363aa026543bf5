"""Files of offices: UN Comtrade, the IMF, the World Bank, Eurostat, the OECD, customs of China and Korea."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.reading.written import ISO, MONTHS, THOUSANDS, VALUES, Layout, lines, read

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
PAGE_MONTHS = [f"{year}-{month:02d}" for year in range(2012, 2018) for month in range(1, 13)]
PAGE_VALUES = [900 + 37 * ((7 * k) % 11) for k in range(len(PAGE_MONTHS))]
KITA_PAGE = "\r\n".join(
    [
        "국가별 수출입",
        "조회기간: 2012년 01월 ~ 2017년 12월",
        "",
        "순번," + KITA,
        '0,총계,,"9,999","77,001",800,"47,998","29,003"',
        *(
            f'{72 - k},{PAGE_MONTHS[k]},북한,{60 + k},"{PAGE_VALUES[k]:,}",{k},"{k + 900}",{-k}'
            for k in reversed(range(72))
        ),
    ]
).encode("cp949")
"""As the page of the association writes it: titles, the newest month first, marks from a thousand on."""
INSEE = (
    '"Libellé";"Exportations"\n"idBank";"010001"\n"Dernière mise à jour";"07/04/2022 12:00"\n"Période";""\n'
    + "".join(
        f'"{p}";"{f"{v:.2f}".replace(".", ",")}{" (p)" if p > "2017" else ""}"\n'
        for p, v in zip(ISO, VALUES, strict=True)
    )
).encode()
EUROSTAT_FLAGS = {5: "p", 7: "e", 9: "b"}

OFFICES: list[Layout] = [
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
    Layout(
        "Korea's customs (KITA), with titles and marks from 1,000 on",
        "kita_page.csv",
        KITA_PAGE,
        PAGE_MONTHS,
        PAGE_VALUES,
        {"value": "수출금액"},
    ),
    read("INSEE, lines of metadata above", "insee.csv", INSEE),
]
