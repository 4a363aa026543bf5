"""A plain file of one series: what is read, and what is refused with row, column and remedy."""

import pytest

from analysis.errors import InputError
from analysis.reading import FileQuestion, read_series

CSV = "period,value,rse\n2016-01,1.5,0.01\n\n2016-02,,\n2016-03,3,\n"


def test_a_csv_is_read_with_its_empty_values(tmp_path):
    path = tmp_path / "trade.csv"
    path.write_text(CSV)
    series = read_series(path)
    assert (series.id, series.n_observed, series.rse[0]) == ("trade", 2, 0.01)
    assert "was read as a monthly series, 2016-01 to 2016-03: 2 values, 1 missing" in series.caveats[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("period,value\n", "no rows"),
        ("region,value\nnorth,1\n", "no column of periods"),
        ("period,note\n2016-01,red\n", "row 2 of .*'red' in the column 'note'"),
        ("period,value\n2016-01,1\n2016-02,12x\n", "row 3 of .*'12x' in the column 'value'"),
        ("period,value\n2016-01,1,2\n", "row 2 of .*3 cells"),
        ("period,value\n2016-01,1\n2016-01,2\n", "row 3 of .*appears twice"),
        ("period,value\n,1\n", "row 2 of .*'period' is empty"),
        ("period,value\n2016-01,1_000\n", "not a number"),
        ("period,value,rse\n2016-01,1,2\n", r"rse .* fraction"),
        ("period,value\n2016-01,1\n2016-13,2\n", "row 3 of .*'2016-13' in the column 'period'"),
        ("period,value,status\n2016-01,1,7\n", "row 2 of .*status '7'"),
        ("period,value\n2016-01,1\n2016-03-01,2\n", "row 3 of .*not monthly"),
        ('period,value\n2016-01,"1\n', "quotation marks"),
    ],
)
def test_a_csv_that_is_wrong_is_refused_with_row_and_column(tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_series(path)
    assert str(path) in caught.value.message, "the path stands as it was given"
    assert not isinstance(caught.value, FileQuestion)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_series(tmp_path / "absent.csv")
    for raw, words in (
        (b"\xff\xfe\x00period", "cannot be read"),
        (b"%PDF-1.4", "is a PDF"),
        (b"\xd0\xcf\x11\xe0old", "Excel file of before 2007"),
        (b"<html><table>", "is a page"),
        (b"PK\x03\x04broken", "damaged archive"),
        (b"a\0b\0\0\0c", "zero bytes"),
    ):
        (tmp_path / "binary.csv").write_bytes(raw)
        with pytest.raises(InputError, match=words):
            read_series(tmp_path / "binary.csv")
