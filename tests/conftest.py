"""Fixtures for every test, and the rule that nothing touches NumPy's global random state."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# What lands is judged by the same examples every time; `make fuzz` draws others.
settings.register_profile("same_examples", derandomize=True, deadline=None)
settings.register_profile(
    "fuzz",
    max_examples=12_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same_examples"))


def pytest_configure(config: pytest.Config) -> None:
    """Let pytest-randomly shuffle the order but not reseed: reseeding would hide a global draw."""
    if hasattr(config.option, "randomly_reset_seed"):
        config.option.randomly_reset_seed = False
    # Records that a test stores go to a directory that is gone afterwards, never to the user's own.
    records = tempfile.TemporaryDirectory(prefix="tradebreaks-tests-")
    config.add_cleanup(records.cleanup)
    os.environ["XDG_DATA_HOME"] = records.name


@pytest.fixture(autouse=True)
def global_random_state_untouched() -> Iterator[None]:
    """Fail a test during which NumPy's global random state changed."""
    before = np.random.get_state(legacy=False)  # noqa: NPY002  # the very state that is guarded
    yield
    after = np.random.get_state(legacy=False)  # noqa: NPY002  # the same
    assert before["state"]["pos"] == after["state"]["pos"], "a test moved NumPy's global random state"
    assert np.array_equal(before["state"]["key"], after["state"]["key"]), (
        "a test reseeded NumPy's global random state"
    )
