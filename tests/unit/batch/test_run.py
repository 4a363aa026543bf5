"""A batch from file to file: contract, bad series, order of rows, resumption, Parquet, other lenses."""

import csv
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.batch import parts as parts_module
from analysis.batch import run as run_module
from analysis.batch import run_batch
from analysis.batch.chunk import fit_chunk
from analysis.batch.regroup import regroup
from analysis.errors import InputError, UsageError
from analysis.interventions import fit_interventions
from tests.unit.batch import panels

PRINTED = 1e-11
"""Relative: the output carries 12 significant digits."""


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Chunks of four series, fitted without worker processes; `test_workers` starts real ones."""
    monkeypatch.setattr(run_module, "CHUNK_SERIES", 4)

    def run_chunks(chunks, finished, given_up, *, jobs, scheduler):
        for number, payload in chunks():
            finished(number, fit_chunk(payload))

    monkeypatch.setattr(run_module, "run_chunks", run_chunks)


@pytest.fixture
def events(tmp_path):
    return panels.write_events(tmp_path / "events.csv")


def test_output_is_the_contract_and_the_answers_are_those_of_a_panel(tmp_path, events):
    source = panels.write_panel(tmp_path / "panel.csv", 6)
    report = analysis.batch(source, events, tmp_path / "out.csv")
    rows = panels.read(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[0] == panels.HEADER
    assert (report.series, report.rows, report.errors, report.chunks) == (6, 12, 0, 2)
    assert [row["series_id"] for row in rows] == [f"s{k:03d}" for k in range(6) for _ in range(2)]
    one = analysis.TradeSeries.from_values(panels.periods(), list(panels.values(2)), id="s002")
    for row, effect in zip(
        rows[4:6], fit_interventions(one, analysis.read_events(events)).effects, strict=True
    ):
        width = effect.upper - effect.lower
        assert row["event_id"] == effect.event_id
        assert abs(float(row["log_effect"]) - effect.estimate) < 0.03 * width
        assert abs(float(row["lower"]) - effect.lower) < 0.03 * width
    assert not (tmp_path / "out.csv.parts").exists()


def test_a_bad_series_is_one_row_with_its_reason(tmp_path, events):
    good = panels.rows_of(0)
    bad = {
        "text": [[p, v if k != 3 else "abc"] for k, (_, p, v) in enumerate(good)],
        "twice": [[p, v] for _, p, v in [*good, good[5]]],
        "hole": [[p, v] for _, p, v in good if p != "2015-03"],
        "flat": [[p, "7"] for _, p, _ in good],
        "infinite": [[p, "inf" if k == 9 else v] for k, (_, p, v) in enumerate(good)],
        "period": [[p.replace("2014-05", "Moy 2014"), v] for _, p, v in good],
        "early": [[p.replace("20", "19", 1), v] for _, p, v in good],
        "empty": [[p, ""] for _, p, _ in good],
    }
    rows = [*good] + [[name, *cells] for name, found in bad.items() for cells in found]
    rows.append(["short", "2014-01"])
    rows += panels.rows_of(1)
    report = run_batch(panels.write(tmp_path / "panel.csv", rows), events, tmp_path / "out.csv")
    found = panels.read(tmp_path / "out.csv")
    errors = {row["series_id"]: row["error"] for row in found if row["status"] == "error"}
    assert set(errors) == {*bad, "short"}
    assert report.errors == len(errors)
    assert [row["series_id"] for row in found if row["status"] == "ok"] == ["s000"] * 2 + ["s001"] * 2
    for name, words in {
        "text": "2014-04: 'abc' in the column 'value'",
        "twice": "2014-06 appears twice",
        "hole": "no row for 2015-03",
        "flat": "constant",
        "infinite": "not a number",
        "period": "'Moy 2014' in the column 'period' is not a period",
        "early": "outside the sample",
        "empty": "has no observation",
        "short": "2 cells, but the header has 3",
    }.items():
        assert words in errors[name], (name, errors[name])


def test_gaps_may_be_declared_missing(tmp_path, events):
    rows = [row for row in panels.rows_of(0) if row[1] != "2015-03"]
    source = panels.write(tmp_path / "panel.csv", rows)
    assert run_batch(source, events, tmp_path / "out.csv").errors == 1
    assert run_batch(source, events, tmp_path / "out.csv", gaps="missing", force=True).errors == 0


def test_rows_in_any_order_give_the_same_file(tmp_path, events):
    ordered = panels.write_panel(tmp_path / "ordered.csv", 6)
    rows = [row for number in range(6) for row in panels.rows_of(number)]
    first = {f"s{k:03d}": k for k in range(6)}
    mixed = sorted(rows, key=lambda row: (row[1] != "2016-07", row[1], first[row[0]]))
    shuffled = panels.write(tmp_path / "shuffled.csv", mixed)
    run_batch(ordered, events, tmp_path / "a.csv")
    run_batch(shuffled, events, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_interleaved_input_takes_the_memory_of_a_series_and_not_of_the_file():
    def rows():
        for period in range(400):
            for series in range(200):
                yield f"s{series}", f"{period}", "x" * 200, None, "", ""

    tracemalloc.start()
    try:
        found = [(own[0][0], len(own)) for own in regroup(rows())]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == [(f"s{k}", 400) for k in range(200)]
    assert peak < 400 * 200 * 200 / 10, "a tenth of the text alone"


def test_an_interrupted_run_continues_and_gives_the_same_file(tmp_path, events, monkeypatch):
    source = panels.write_panel(tmp_path / "panel.csv", 10)
    run_batch(source, events, tmp_path / "whole.csv")
    fitted = []

    def interrupted(chunks, finished, given_up, *, jobs, scheduler):
        for number, payload in chunks():
            if len(fitted) == 1:
                raise KeyboardInterrupt
            fitted.append(number)
            finished(number, fit_chunk(payload))

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "run_chunks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_batch(source, events, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    report = run_batch(source, events, tmp_path / "out.csv")
    assert (report.chunks, report.resumed) == (3, 1)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def replace_in(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("change", ["value", "option", "event", "fresh"])
def test_finished_chunks_of_another_run_are_not_used(tmp_path, events, monkeypatch, change):
    source = panels.write_panel(tmp_path / "panel.csv", 5)

    def interrupted(chunks, finished, given_up, *, jobs, scheduler):
        number, payload = next(chunks())
        finished(number, fit_chunk(payload))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "run_chunks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_batch(source, events, tmp_path / "out.csv")
    options = {}
    if change == "value":
        source.write_text(
            source.read_text(encoding="utf-8").replace("2014-01,", "2014-01,1"), encoding="utf-8"
        )
    elif change == "option":
        options = {"trend": "none"}
    elif change == "event":
        replace_in(events, "2016-05", "2016-06")
    else:
        options = {"resume": False}
    assert run_batch(source, events, tmp_path / "out.csv", **options).resumed == 0


def test_a_column_chooses_the_events(tmp_path):
    rows = [[*row, "east"] for row in panels.rows_of(0)] + [[*row, "west"] for row in panels.rows_of(1)]
    rows += [[*row, "north"] for row in panels.rows_of(2)]
    source = panels.write(tmp_path / "panel.csv", rows, "series_id,period,value,programme")
    events = panels.write(
        tmp_path / "events.csv",
        [["ban", "Ban", "2016-05-01", "east"], ["closure", "Closure", "2017-10-01", "west"]],
        "id,title,effective,programme",
    )
    run_batch(source, events, tmp_path / "out.csv", by="programme")
    found = panels.read(tmp_path / "out.csv")
    assert [(row["series_id"], row["event_id"]) for row in found[:2]] == [
        ("s000", "ban"),
        ("s001", "closure"),
    ]
    assert "'north', for which the event file has no rows" in found[2]["error"]


def test_rse_goes_into_the_model_and_other_columns_are_named(tmp_path, events):
    exact = panels.write_panel(tmp_path / "exact.csv", 1)
    noisy = panels.write(
        tmp_path / "noisy.csv",
        [[*row, "0.2", "27"] for row in panels.rows_of(0)],
        "series_id,period,value,rse,hs",
    )
    run_batch(exact, events, tmp_path / "a.csv")
    report = run_batch(noisy, events, tmp_path / "b.csv")
    assert report.unused == ("hs",)
    assert panels.read(tmp_path / "b.csv")[0]["se"] != panels.read(tmp_path / "a.csv")[0]["se"]


def test_frames_and_parquet_hold_the_same(tmp_path, events):
    source = panels.write_panel(tmp_path / "panel.csv", 5)
    run_batch(source, events, tmp_path / "out.csv", columns="all")
    frame = pd.read_csv(source)
    frame.to_parquet(tmp_path / "panel.parquet")
    run_batch(tmp_path / "panel.parquet", events, tmp_path / "out.parquet", columns="all")
    report = run_batch(frame, events, tmp_path / "framed.csv", columns="all")
    assert (tmp_path / "framed.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
    one, other = report.to_frame(), pd.read_parquet(tmp_path / "out.parquet")
    assert list(one.columns) == list(other.columns)
    for column in ("log_effect", "se", "lower", "upper", "p_sign"):
        np.testing.assert_allclose(one[column], other[column], rtol=PRINTED)
    assert list(one["grade"]) == list(other["grade"])


def test_other_lenses(tmp_path, events):
    source = panels.write_panel(tmp_path / "panel.csv", 2)
    run_batch(source, events, tmp_path / "breaks.csv", lens="breaks", max_breaks=1)
    found = panels.read(tmp_path / "breaks.csv")
    assert {row["series_id"] for row in found} == {"s000", "s001"}
    assert all(row["status"] == "ok" and int(row["n_breaks"]) >= 0 for row in found)
    windows = {"start": "2015-01..2015-12", "end": "2018-01..2018-12"}
    run_batch(source, events, tmp_path / "shares.csv", lens="attribution", **windows)
    own = [row for row in panels.read(tmp_path / "shares.csv") if row["series_id"] == "s001"]
    change = next(float(row["estimate"]) for row in own if row["kind"] == "change")
    parts = sum(float(row["estimate"]) for row in own if row["kind"] != "change")
    assert parts == pytest.approx(change, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lens": "guess"}, "lens is one of"),
        ({"colour": 1}, "no option 'colour'"),
        ({"trend": "cubic"}, "trend is one of"),
        ({"level": 2.0}, "level is a probability"),
        ({"jobs": 0}, "jobs is a number"),
        ({"gaps": "guess"}, "gaps is one of"),
        ({"lens": "attribution"}, "needs the window 'start'"),
    ],
)
def test_options_that_do_not_exist_are_refused_before_anything_runs(tmp_path, events, options, words):
    source = panels.write_panel(tmp_path / "panel.csv", 1)
    with pytest.raises(UsageError, match=words):
        run_batch(source, events, tmp_path / "out.csv", **options)
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("series,period,value\n", "no rows"),
        ("series_id,period,amount\na,2014-01,1\n", "no column 'value'"),
        ("series_id,period,value\n", "no rows"),
        ("", "is empty"),
        ("series_id,period,value,value\na,2014-01,1,1\n", "names a column twice"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path, events, text, words):
    source = tmp_path / "panel.csv"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        run_batch(source, events, tmp_path / "out.csv")


def test_absent_files_are_refused(tmp_path, events):
    source = panels.write_panel(tmp_path / "panel.csv", 1)
    with pytest.raises(InputError, match="cannot be read"):
        run_batch(tmp_path / "none.csv", events, tmp_path / "out.csv")
    with pytest.raises(InputError, match="does not exist"):
        run_batch(source, tmp_path / "none.csv", tmp_path / "out.csv")
    with pytest.raises(InputError, match="cannot be written"):
        run_batch(source, events, tmp_path / "none" / "out.csv")


def test_an_output_is_not_overwritten_unless_it_is_said(tmp_path, events):
    source = panels.write_panel(tmp_path / "panel.csv", 2)
    output = tmp_path / "out.csv"
    output.write_text("precious")
    with pytest.raises(InputError, match="--force"):
        run_batch(source, events, output)
    assert output.read_text() == "precious"
    run_batch(source, events, output, force=True)
    assert output.read_text().startswith("series_id,")


def test_two_runs_do_not_write_one_output(tmp_path, events, monkeypatch):
    source = panels.write_panel(tmp_path / "panel.csv", 2)
    refused = []

    def meanwhile(chunks, finished, given_up, *, jobs, scheduler):
        with pytest.raises(InputError, match="another run is writing") as found:
            run_batch(source, events, tmp_path / "out.csv", resume=False)
        refused.append(found.value.message)
        for number, payload in chunks():
            finished(number, fit_chunk(payload))

    monkeypatch.setattr(run_module, "run_chunks", meanwhile)
    assert run_batch(source, events, tmp_path / "out.csv").errors == 0
    assert len(refused) == 1


@pytest.mark.parametrize("where", ["chunk", "output"])
def test_a_full_disk_is_one_sentence_and_the_next_run_continues(tmp_path, events, monkeypatch, where):
    source = panels.write_panel(tmp_path / "panel.csv", 5)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        name = "_replace" if where == "chunk" else "write_output"
        module = run_module if where == "output" else parts_module
        real = getattr(module, name)

        def sometimes(path, *rest):
            return full() if where == "output" or path.name == "0000001.csv" else real(path, *rest)

        patch.setattr(module, name, sometimes)
        with pytest.raises(InputError, match=r"out\.csv cannot be written \(No space left on device\)"):
            run_batch(source, events, tmp_path / "out.csv")
    report = run_batch(source, events, tmp_path / "out.csv")
    assert report.resumed == (1 if where == "chunk" else report.chunks)


def test_no_cell_of_text_is_a_formula(tmp_path, events):
    rows = [["=1+1", *row[1:]] for row in panels.rows_of(0)] + [
        ["+ok", *row[1:]] for row in panels.rows_of(1)
    ]
    output = tmp_path / "out.csv"
    run_batch(panels.write(tmp_path / "panel.csv", rows), events, output)
    with output.open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    assert {row["series_id"] for row in cells} == {"'=1+1", "'+ok"}
    assert any(row["log_effect"].startswith("-") for row in cells), "numbers stay numbers"
