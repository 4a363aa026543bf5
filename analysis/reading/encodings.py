"""Which encoding the bytes of a file are in: by mark, as UTF-8, then by the words that a decoding gives."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from analysis.errors import InputError
from analysis.reading.question import Alternative, FileQuestion

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
NOT_TEXT = (
    (b"PAR1", "a Parquet file: batch reads it, for the others save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel file of before 2007 (.xls): save it as .xlsx or as CSV UTF-8"),
    (b"%PDF", "a PDF: copy its table into a sheet and save that as CSV UTF-8"),
    (b"\x1f\x8b", "compressed (gzip): unpack it first"),
    (b"\x89HDF", "an HDF5 file: save it as CSV UTF-8"),
)
NAMES = {
    "gb18030": "GB18030",
    "cp949": "CP949",
    "cp932": "Shift-JIS",
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
}
KNOWN_WORDS = {
    "gb18030": re.compile(
        "[年月日]|进口|出口|进出口|贸易|总值|金额|数量|美元|人民币|国家|地区|商品|海关|累计|合计|日期|时间|数值|单位"
    ),
    "cp949": re.compile(
        "기간|수출|수입|금액|건수|무역|수지|국가|품목|중량|합계|총계|단위|[년월일]|달러|연도"
    ),
    "cp932": re.compile("輸出|輸入|年月|金額|数量|単位|国名|品目|合計|百万円|千円|貿易|期間|月次|価額"),
    "cp1251": re.compile(
        "период|экспорт|импорт|год|месяц|дата|страна|товар|стоимость|тыс|млн|январ|феврал|апрел|итого|всего",
        re.IGNORECASE,
    ),
}
_WESTERN = re.compile(
    "[\u00a0-\u00ff\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u20ac\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u2122]"
)
_RUN = re.compile(r"[^\x00-\x7f]+")
LONGEST_RUN = 2
"""Accented letters of a western language stand alone or in pairs; double-byte text stands in longer runs."""
_MARKUP = re.compile(rb"\s*(<!doctype|<html|<\?xml|<table)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """Decoded text and the name of its encoding."""

    text: str
    encoding: str


def decode(raw: bytes, name: str, encoding: str | None = None) -> Text:
    """Decode a file.

    Parameters
    ----------
    raw : bytes
    name : str
        Of the file, for messages.
    encoding : str, optional
        Decides instead of the detection.

    Raises
    ------
    FileQuestion
        If two encodings fit, or none is known by its words.
    InputError
        If it is no text, or not in `encoding`.
    """
    for start, what in NOT_TEXT:
        if raw.startswith(start):
            raise InputError(f"the file {name} is {what}")
    if _MARKUP.match(raw):
        raise InputError(
            f"the file {name} is a page or XML, whatever its name: open it in a spreadsheet and save "
            "it as CSV UTF-8"
        )
    if encoding:
        return _chosen(raw, name, encoding)
    for mark, codec, words in MARKS:
        if raw.startswith(mark):
            return Text(_strict(raw, codec, name, words), words)
    unmarked = _utf16_without_mark(raw)
    if unmarked:
        return Text(_strict(raw, unmarked, name, "UTF-16"), "UTF-16 without mark")
    if b"\0" in raw:
        raise InputError(f"the file {name} cannot be read as text: it holds zero bytes; save it as CSV UTF-8")
    try:
        return Text(raw.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return _by_words(raw, name)


def _chosen(raw: bytes, name: str, encoding: str) -> Text:
    try:
        codec = codecs.lookup(encoding).name
        text = raw.decode("utf-8-sig" if codec == "utf-8" else codec)
    except LookupError:
        raise InputError(
            f"'{encoding}' is no encoding that is known: write utf-8, gb18030, cp949, cp932, cp1251 or cp1252"
        ) from None
    except (UnicodeDecodeError, UnicodeError):
        raise InputError(f"the file {name} is not in the encoding {encoding}; leave --encoding out") from None
    return Text(text, NAMES.get(codec, encoding))


def _strict(raw: bytes, codec: str, name: str, words: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        raise InputError(
            f"the file {name} cannot be read as {words}, which it says it is: save it as CSV UTF-8"
        ) from None


def _utf16_without_mark(raw: bytes) -> str:
    """Return the codec of UTF-16 without a mark: Latin text has a zero in every other byte."""
    sample = raw[: len(raw) - len(raw) % 2][:4096]
    if len(sample) < 8:
        return ""
    half = len(sample) / 2
    first, second = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if second > 0.5 and first < 0.1:
        return "utf-16-le"
    return "utf-16-be" if first > 0.5 and second < 0.1 else ""


def _by_words(raw: bytes, name: str) -> Text:
    decoded: dict[str, str] = {}
    for codec in NAMES:
        try:
            decoded[codec] = raw.decode(codec)
        except UnicodeDecodeError:
            continue
    fitting = [
        codec for codec, words in KNOWN_WORDS.items() if len(set(words.findall(decoded.get(codec, "")))) >= 2
    ]
    if not fitting:
        fitting = [c for c, words in KNOWN_WORDS.items() if c in decoded and words.search(decoded[c])]
    if "cp1252" in decoded and _is_western(decoded["cp1252"]):
        fitting.append("cp1252")
    if len(fitting) == 1:
        return Text(decoded[fitting[0]], NAMES[fitting[0]])
    possible = fitting or list(decoded)
    if not possible:
        raise InputError(
            f"the file {name} cannot be read as text in any known encoding: save it as CSV UTF-8"
        )
    raise FileQuestion(
        f"the file {name} is not UTF-8, and its encoding cannot be told",
        [Alternative("encoding", codec, _sample(decoded[codec])) for codec in possible],
        pointer="/encoding",
    )


def _is_western(text: str) -> bool:
    runs = _RUN.findall(text)
    return bool(runs) and all(
        len(run) <= LONGEST_RUN and all(_WESTERN.fullmatch(letter) for letter in run) for run in runs
    )


def _sample(text: str) -> str:
    found = _RUN.search(text)
    return f"reads '{found.group()[:12]}'" if found else "reads it"
