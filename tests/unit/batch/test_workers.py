"""Real worker processes: loky with one, two and four, and a Dask cluster on loopback that loses a worker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed
import pytest
import yaml

from analysis.batch import engine, run_batch
from analysis.batch import run as run_module
from analysis.batch.chunk import fit_chunk
from analysis.batch.request import BatchOptions, Chunk
from analysis.cli.batch import batch as batch_command
from analysis.errors import UsageError
from tests.unit.batch import panels

SERIES = 16
START_SECONDS = 60


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(run_module, "CHUNK_SERIES", 2)


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    return panels.write_panel(folder / "panel.csv", SERIES), panels.write_events(folder / "events.csv")


@pytest.fixture(scope="module")
def expected(panel, tmp_path_factory):
    output = tmp_path_factory.mktemp("expected") / "out.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "CHUNK_SERIES", 2)
        run_batch(*panel, output, jobs=1)
    return output.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [2, 4])
def test_same_bytes_for_any_number_of_workers(panel, expected, tmp_path, jobs):
    report = run_batch(*panel, tmp_path / "out.csv", jobs=jobs)
    assert report.errors == 0
    assert (tmp_path / "out.csv").read_bytes() == expected


@pytest.mark.slow
def test_a_killed_process_of_the_pool_loses_nothing(panel, expected, tmp_path):
    from joblib.externals.loky import reusable_executor

    killed = []

    def kill_one(done: int, total: int) -> None:
        if done == 2 and not killed:
            killed.append(next(iter(reusable_executor._executor._processes)))
            os.kill(killed[0], signal.SIGKILL)

    run_batch(*panel, tmp_path / "out.csv", jobs=2, progress=kill_one)
    assert killed, "no process was killed"
    assert (tmp_path / "out.csv").read_bytes() == expected


DEPLOY = Path(__file__).parents[3] / "deploy" / "dask"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]


def manifest(name: str) -> dict:
    """Return the container of a Kubernetes deployment or job."""
    found = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
    document = next(d for d in found if d["metadata"]["name"] == name and "template" in d["spec"])
    return document["spec"]["template"]["spec"]["containers"][0]


def test_both_deployments_start_the_same_scheduler_and_the_same_workers():
    assert manifest("dask-scheduler")["command"] == COMPOSE["scheduler"]["command"]
    assert manifest("dask-worker")["command"] == COMPOSE["worker"]["command"]
    variables = {one["name"]: one["value"] for one in manifest("dask-worker")["env"]}
    assert variables == COMPOSE["worker"]["environment"] == dict.fromkeys(engine.THREADS, "1")
    assert "ports" not in COMPOSE["scheduler"], "the scheduler is not published"
    batch = manifest("tradebreaks-batch")["command"]
    assert batch[:2] == ["tradebreaks", "batch"]
    options = {option.opts[0] for option in batch_command.params}
    assert {one.split("=")[0] for one in batch[2:]} <= options


def started(
    folder: Path, service: str, replaced: dict[str, str], **variables: str
) -> subprocess.Popen[bytes]:
    """Start a service with the command of the compose file, its addresses replaced by loopback."""
    program, *arguments = [replaced.get(one, one) for one in COMPOSE[service]["command"]]
    assert program == "dask"
    if service == "scheduler":
        arguments += ["--scheduler-file", str(folder / "scheduler.json")]
    else:
        arguments += ["--host", "127.0.0.1"]
    environment = {k: v for k, v in os.environ.items() if k not in engine.THREADS} | variables
    command = [sys.executable, "-m", "dask", *arguments]
    with (folder / f"{service}-{len(list(folder.glob('*.log')))}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


@contextmanager
def running(
    folder: Path, workers: int, **variables: str
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler and some workers of the compose file as processes on loopback."""
    processes = [started(folder, "scheduler", {"0.0.0.0": "127.0.0.1", "8786": "0"})]  # noqa: S104  # replaced
    try:
        file = folder / "scheduler.json"
        limit = time.monotonic() + START_SECONDS
        while not file.exists() and time.monotonic() < limit:
            time.sleep(0.1)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        own = {"tcp://scheduler:8786": address}
        processes += [started(folder, "worker", own, **variables) for _ in range(workers)]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=START_SECONDS)
        yield address, processes
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two worker processes on loopback."""
    with running(tmp_path, 2, **COMPOSE["worker"]["environment"]) as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("here", [None, "1"], ids=["unset-here", "one-thread-here"])
def test_a_lone_worker_with_many_threads_of_linear_algebra_is_refused(panel, tmp_path, monkeypatch, here):
    for name in engine.THREADS:
        monkeypatch.setenv(name, here) if here else monkeypatch.delenv(name, raising=False)
    with running(tmp_path, 1) as (address, _), pytest.raises(UsageError, match="OPENBLAS_NUM_THREADS=1"):
        run_batch(*panel, tmp_path / "out.csv", scheduler=address)


def test_a_worker_of_another_engine_is_refused(monkeypatch):
    payload = Chunk(BatchOptions(), {}, []).to_bytes()
    monkeypatch.setattr("analysis.batch.request.ENGINE", -1)
    with pytest.raises(UsageError, match="install the same version"):
        fit_chunk(payload)


@pytest.mark.slow
def test_dask_gives_the_same_bytes_though_a_worker_is_killed(panel, expected, tmp_path, cluster):
    address, processes = cluster
    killed = []

    def kill_one(done: int, total: int) -> None:
        if done == 2 and not killed:
            killed.append(processes[1].pid)
            processes[1].kill()

    report = run_batch(*panel, tmp_path / "out.csv", scheduler=address, progress=kill_one)
    assert killed, "no worker was killed"
    assert report.errors == 0
    assert (tmp_path / "out.csv").read_bytes() == expected


WAITS_AFTER_A_CHUNK = """
import importlib, runpy, signal, time

# Whoever runs the tests in the background may have handed down that it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

def wait(done, total):
    if done:
        time.sleep(600)

# By name: as an attribute of its package it would be the command.
importlib.import_module("analysis.cli.batch")._progress = lambda: wait
runpy.run_module("service.cli", run_name="__main__")
"""
"""The command, but once a chunk is finished it waits for the signal, however slow the sender is."""


@pytest.mark.slow
def test_a_run_that_is_interrupted_continues_and_writes_the_same_bytes(tmp_path):
    """The command with two processes, ended by SIGINT once a chunk is finished, and started again."""
    source, events = panels.write_panel(tmp_path / "panel.csv", 200), panels.write_events(tmp_path / "e.csv")

    def command(output: str, *program: str) -> list[str]:
        start = [
            *(program or ("-m", "service.cli")),
            "batch",
            "--input",
            str(source),
            "--events",
            str(events),
        ]
        return [sys.executable, *start, "--output", str(tmp_path / output), "--jobs", "2", "--json"]

    subprocess.run(command("whole.csv"), check=True, capture_output=True)
    parts = tmp_path / "out.csv.parts"
    first = subprocess.Popen(
        command("out.csv", "-c", WAITS_AFTER_A_CHUNK), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    limit = time.monotonic() + START_SECONDS
    while not list(parts.glob("*.csv")) and time.monotonic() < limit:
        time.sleep(0.005)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=START_SECONDS)
    assert first.returncode == 130, said
    assert not (tmp_path / "out.csv").exists()
    kept = len(list(parts.glob("*.csv")))
    assert kept == 1
    again = subprocess.run(command("out.csv"), check=True, capture_output=True)
    report = json.loads(again.stdout)
    assert (report["chunks"], report["resumed"]) == (4, kept)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_no_scheduler_at_the_address_is_one_sentence(panel, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.batch.engine.WAIT_FOR_WORKERS", 1)
    with pytest.raises(UsageError, match="no Dask scheduler answers at"):
        run_batch(*panel, tmp_path / "out.csv", scheduler="tcp://127.0.0.1:9")
