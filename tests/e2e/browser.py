"""Finds Debian's Chromium, or installs it where that is possible; Playwright drives it."""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")
COMMAND = "apt-get install --yes chromium"
INSTALL_SECONDS = 600

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without those on networking Chromium itself opens addresses, which the tests forbid the pages."""


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def find_or_install() -> str | None:
    """Return the path of a Chromium, installing it as root where there is apt."""
    path = find()
    if path or os.geteuid() != 0 or not shutil.which("apt-get"):
        return path
    for command in (["apt-get", "update", "-q"], COMMAND.split()):
        done = subprocess.run(command, capture_output=True, check=False, timeout=INSTALL_SECONDS)
        if done.returncode:
            return None
    return find()
