"""Seconds that the full report takes, and pages of its brief.

    python -m benchmarks.report [none|basic|full] …

Each level is one run of the command in a process of its own. The aim is 60 seconds with evidence ``basic``
and 300 with ``full`` on two cores, and a brief of two pages; the exit code is 1 if one is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pypdf import PdfReader

AIMS = {"none": 60.0, "basic": 60.0, "full": 300.0}
"""Seconds by evidence."""
BRIEF_PAGES = 2
ROOT = Path(__file__).parents[1]


def run(evidence: str) -> bool:
    """Write the report once, print what it took, and tell whether the aims are met."""
    with tempfile.TemporaryDirectory() as out:
        before, begun = os.times(), time.perf_counter()
        command = [sys.executable, "-m", "service.cli", "report", "--out", out, "--evidence", evidence]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        seconds, after = time.perf_counter() - begun, os.times()
        processor = after.children_user + after.children_system
        processor -= before.children_user + before.children_system
        pages = [len(PdfReader(Path(out) / name).pages) for name in ("brief.pdf", "report.pdf")]
    print(
        f"evidence {evidence}: {seconds:.0f} s, {processor:.0f} s of processor, aim {AIMS[evidence]:.0f} s; "
        f"brief of {pages[0]} pages, report of {pages[1]}"
    )
    return seconds <= AIMS[evidence] and pages[0] <= BRIEF_PAGES


if __name__ == "__main__":
    met = [run(evidence) for evidence in sys.argv[1:] or ("basic", "full")]
    sys.exit(0 if all(met) else 1)
