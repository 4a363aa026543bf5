"""The joint engine beside that of another commit, in one run: fits, the local trend, a panel, attributions.

    git worktree add ../base COMMIT
    python -m benchmarks.engine --base ../base [--series 2000]

Each side runs in a process of its own, in turns, so that a busy machine slows both. Fits are the least
processor seconds of several; the panel is one worker's processor seconds and peak memory, by the public
`batch`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROUNDS = 4
ATTRIBUTED = ("dprk.imports.china.m", "dprk.total.a")
PROGRAM = """
import json, resource, sys, tempfile, time
from pathlib import Path
from analysis.interventions import fit_interventions
from analysis import attribute, catalogue
from analysis.domain import EventTable, TradeSeries
from benchmarks import panel

def least(action, repeat):
    action()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)

n = panel.MONTHS
series = TradeSeries.from_values(
    [panel.FIRST + t for t in range(n)], panel.values(1, n, panel.positions()).tolist(), id="timed"
)
events = EventTable.from_rows(
    [{"id": f"e{k}", "title": f"e{k}", "effective": f"{m}-01"} for k, m in enumerate(panel.STEPS)]
)
found = {
    "linear": least(lambda: fit_interventions(series, events, trend="linear"), 8),
    "local": least(lambda: fit_interventions(series, events, trend="local"), 4),
    "regime": least(lambda: fit_interventions(series, events, trend="linear", regime="2020-02..2021-12"), 3),
}
start = time.process_time()
attribute(catalogue.series(sys.argv[2]), start="2014", end="2018", evidence="none")
found[f"attribute {sys.argv[2]}"] = time.process_time() - start
count = int(sys.argv[1])
if count:
    with tempfile.TemporaryDirectory() as folder:
        for gaps in (False, True):
            name = "panel with gaps" if gaps else "panel"
            path = Path(folder)
            panel.write_panel(path / "in.csv", count, gaps=gaps)
            panel.write_events(path / "events.csv")
            from analysis.batch.chunk import read_panel
            from analysis.batch.reading import read_events
            from analysis.interventions.panel import fit_panel
            table = next(iter(read_events(str(path / "events.csv"), None).values()))
            many, _ = read_panel(str(path / "in.csv"))
            start = time.process_time()
            for k in range(0, count, 64):
                fit_panel(many[k : k + 64], table, trend="linear")
            found[name] = time.process_time() - start
    found["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(found))
"""


def measure(folder: Path, count: int, attributed: str) -> dict[str, float]:
    """Return the seconds of one side; one series is attributed in a process, which then knows its fits."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **threads, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(count), attributed],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print the least of both sides and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--series", type=int, default=2000)
    chosen = parser.parse_args()
    sides = {"base": chosen.base.resolve(), "here": Path(__file__).resolve().parent.parent}
    best: dict[str, dict[str, float]] = {name: {} for name in sides}
    for number in range(ROUNDS):
        for name, folder in sides.items():
            count = chosen.series if number == 0 else 0
            for key, value in measure(folder, count, ATTRIBUTED[number % 2]).items():
                best[name][key] = min(best[name].get(key, value), value)
    for key, value in best["here"].items():
        before = best["base"][key]
        print(f"{key:16} base {before:9.3f}  here {value:9.3f}  ratio {value / before:.2f}")
    for name in sides:
        print(f"local over linear, {name}: {best[name]['local'] / best[name]['linear']:.2f}")


if __name__ == "__main__":
    main()
