"""The version of the distribution, as `pyproject.toml` states it."""

VERSION = "0.1.0"
