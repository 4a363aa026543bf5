"""One call over thousands of series: `analysis.batch(input, events, output)`.

The package is callable, so that the room and the function can share the name that the contract gives them.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from analysis.batch.run import BatchReport, run_batch

__all__ = ["BatchReport", "run_batch"]


class _CallableRoom(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> BatchReport:
        """Call `run_batch`."""
        return run_batch(*arguments, **options)


sys.modules[__name__].__class__ = _CallableRoom
