"""Long panels on disk, for tests of the batch."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.worlds import ar1, steps

FIRST, LENGTH = "2014-01", 60
EVENTS = {"ban": "2016-05", "closure": "2017-10"}
HEADER = "series_id,event_id,log_effect,se,lower,upper,group,status,error"


def periods() -> list[str]:
    return [f"{2014 + k // 12}-{k % 12 + 1:02d}" for k in range(LENGTH)]


def values(number: int) -> np.ndarray:
    logs = 3 + steps(FIRST, LENGTH, {"2016-05": -0.5, "2017-10": 0.3}) + ar1(700 + number, LENGTH, 0.4, 0.2)
    return np.round(np.exp(logs), 3)


def rows_of(number: int) -> list[list[str]]:
    found = zip(periods(), values(number), strict=True)
    return [[f"s{number:03d}", period, str(value)] for period, value in found]


def write(path: Path, rows: Sequence[Sequence[str]], header: str = "series_id,period,value") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(header + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def write_panel(path: Path, count: int) -> Path:
    return write(path, [row for number in range(count) for row in rows_of(number)])


def write_events(path: Path) -> Path:
    rows = [[name, name.capitalize(), f"{month}-01"] for name, month in EVENTS.items()]
    return write(path, rows, "id,title,effective")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
