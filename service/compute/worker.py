"""One process of the pool: a question a line on stdin, an answer a line on stdout, until stdin ends."""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from analysis.domain import rounded
from service.compute.tasks import answer

ORPHAN_SECONDS = 1.0
"""How often the process looks whether the one that started it still lives."""


def main() -> None:
    """Answer until stdin ends."""
    parent = os.getppid()
    os.nice(int(sys.argv[1]))
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    # What a library prints must not stand between two answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        task = json.loads(line)
        reply = answer(task["kind"], task["body"])
        out.write(json.dumps(rounded(reply), allow_nan=False) + "\n")
        out.flush()


def _leave_with(parent: int) -> None:
    """End this process when its parent is gone, in the middle of a computation too."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
