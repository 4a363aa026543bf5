"""What is shipped and how it is installed: the wheel, the locks, the first command."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-test.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(\S+)(?: ; (.+?))? \\$", re.MULTILINE)


def pins(lock: str) -> set[tuple[str, ...]]:
    """Return name, version and marker of every pin of a lock."""
    return set(PIN.findall((ROOT / lock).read_text()))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from the checkout as pip builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("tradebreaks-*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_carries_the_whole_data_package(wheel: zipfile.ZipFile) -> None:
    tracked = [path.relative_to(ROOT).as_posix() for path in (ROOT / "data").rglob("*") if path.is_file()]
    assert "data/datapackage.json" in tracked
    shipped = {name for name in wheel.namelist() if name.startswith("analysis/_data/")}
    assert {f"analysis/_{path}" for path in tracked} <= shipped
    for path in tracked:
        assert wheel.read(f"analysis/_{path}") == (ROOT / path).read_bytes(), path


def test_the_wheel_carries_code_templates_and_licences_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"analysis", "service"}
    assert "service/templates/overview.html" in names
    assert "service/static/style.css" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_works_without_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    program = (
        "import analysis, pathlib; from analysis import catalogue; "
        "print(pathlib.Path(analysis.__file__).parent); print(len(catalogue.events()))"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    place, count = run.stdout.split()
    assert Path(place) == tmp_path / "analysis"
    assert int(count) == 48


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_versions_and_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert len(entries) == len(pins(lock))
    for entry in entries:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_test_lock_is_a_superset() -> None:
    assert pins("requirements.lock") < pins("requirements-test.lock")


def test_the_locks_hold_every_declared_dependency_and_the_build_backend() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    base = project["project"]["dependencies"] + project["dependency-groups"]["build"]
    for lock, wanted in (
        ("requirements.lock", base + extras["service"] + extras["charts"]),
        ("requirements-test.lock", base + [item for extra in extras.values() for item in extra]),
    ):
        locked = {pin[0].lower() for pin in pins(lock)}
        names = {re.split(r"[\[<>=;! ]", item)[0].lower() for item in wanted} - {"tradebreaks"}
        assert names <= locked, names - locked


def test_ruptures_is_left_out_where_it_has_no_release() -> None:
    markers = {pin[2] for pin in pins("requirements.lock") if pin[0] == "ruptures"}
    assert markers == {"python_full_version < '3.14'"}


def fake_python(folder: Path, body: str) -> Path:
    """Write an interpreter that behaves as `body` says."""
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def make_setup(folder: Path, *options: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `make setup` on the project's Makefile in an empty folder."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-test.lock"):
        shutil.copy(ROOT / name, folder)
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    environment.pop("PYTHON", None)
    return subprocess.run(
        ["make", "--silent", "setup", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_ensurepip_one_sentence_names_the_package(tmp_path: Path) -> None:
    body = f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"'
    run = make_setup(tmp_path, f"PYTHON={fake_python(tmp_path, body)}")
    assert run.returncode != 0
    sentence = run.stderr.splitlines()[0]
    assert f"python3.{sys.version_info.minor}-venv" in sentence
    assert not (tmp_path / ".venv").exists()


def test_without_a_new_enough_python_one_sentence_says_so(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "make", "echo", "mkdir", "touch"):
        found = shutil.which(tool)
        if found:
            (tools / tool).symlink_to(found)
    fake_python(tools, "exit 1")
    run = make_setup(tmp_path, path=str(tools))
    assert run.returncode != 0
    assert "needs Python 3.11 or newer" in run.stderr.splitlines()[0]
