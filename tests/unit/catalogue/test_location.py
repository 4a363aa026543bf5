"""Where the package is looked for, and how its files are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.catalogue import catalogue, data_digest
from analysis.catalogue.location import ENVIRONMENT, data_directory
from analysis.catalogue.measures import resolved_clocks
from analysis.catalogue.tables import read_lines, read_yaml
from analysis.errors import DataPackageError


def test_an_argument_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
        (directory / "datapackage.json").write_text('{"resources": []}', encoding="utf-8")
    shipped = data_directory()
    monkeypatch.setenv(ENVIRONMENT, str(second))
    assert data_directory() == second
    assert data_directory(first) == first
    assert catalogue(first).package.directory == first
    empty = data_digest()
    monkeypatch.delenv(ENVIRONMENT)
    assert data_directory() == shipped
    assert data_digest() != empty
    assert len(data_digest()) == 64


def test_a_place_without_a_package_is_named(tmp_path: Path):
    with pytest.raises(DataPackageError, match=r"datapackage\.json"):
        data_directory(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("a,c\n1,2\n", "header must be a,b"),
        ("a,b\n1,2,3\n", "row 2: 3 cells"),
        ('a,b\n"1,2\n', "cannot be read"),
    ],
)
def test_a_table_of_another_shape_is_refused(tmp_path: Path, content: str, reason: str):
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataPackageError, match=reason):
        read_lines(tmp_path, "t.csv", ("a", "b"))


def test_missing_and_odd_files_are_named(tmp_path: Path):
    with pytest.raises(DataPackageError, match=r"t\.csv: the table is missing"):
        read_lines(tmp_path, "t.csv", ("a",))
    with pytest.raises(DataPackageError, match=r"s\.yaml: the file is missing"):
        read_yaml(tmp_path, "s.yaml")
    (tmp_path / "s.yaml").write_text("- a list\n", encoding="utf-8")
    with pytest.raises(DataPackageError, match="mapping"):
        read_yaml(tmp_path, "s.yaml")


@pytest.mark.parametrize(
    ("effective", "partial", "full", "expected"),
    [
        ("2016-02-10", "", "", ("2016-02", "2016-03")),
        ("2018-01-01", "", "", ("2018-01", "2018-01")),
        ("2014-01", "", "", ("2014-01", "2014-01")),
        ("2022", "", "", ("2022-01", "2022-01")),
        ("2017-08-05", "2017-08", "2017-10", ("2017-08", "2017-10")),
    ],
)
def test_clocks_come_from_the_table_or_from_the_day(effective: str, partial: str, full: str, expected: tuple):
    assert tuple(map(str, resolved_clocks(effective, partial, full))) == expected
