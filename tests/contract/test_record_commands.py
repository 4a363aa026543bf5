"""The commands on records: store, verify, export, import, withdraw, migrate, token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main

ANNUAL = "dprk.total.a"
ATTRIBUTE = ["record", "attribute", ANNUAL, "--from", "2014", "--to", "2018", "--evidence", "none", "--json"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command on a store of its own; return its document or, on request, all of its outcome."""
    monkeypatch.setenv("TRADEBREAKS_DATABASE_URL", f"sqlite:///{tmp_path / 'records.sqlite'}")

    def command(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, list(arguments))
        assert done.exit_code == code, done.output
        return done

    return command


def document(done: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_record_verify_and_record_again(run) -> None:
    first = run(*ATTRIBUTE)
    record = document(first)
    assert record["stored"] is True
    assert "Stored as" in first.stderr
    assert document(run("verify", record["record_id"], "--json"))["verdict"] == "identical"
    again = run(*ATTRIBUTE)
    assert "Stored before" in again.stderr
    assert document(again) == record


def test_own_files_are_recorded(run, tmp_path: Path) -> None:
    trade = tmp_path / "trade.csv"
    rows = [f"{1990 + k},{(100 if k < 15 else 60) + (37 * k) % 11}" for k in range(30)]
    trade.write_text("period,value\n" + "\n".join(rows))
    events = tmp_path / "events.csv"
    events.write_text("id,title,effective\nban,Ban,2005-01-01\n")
    record = document(run("record", "intervene", "--csv", str(trade), "--events", str(events), "--json"))
    assert document(run("verify", record["record_id"], "--json"))["verdict"] == "identical"
    shuffled = tmp_path / "other.csv"
    shuffled.write_text("period,value\n" + "\n".join(reversed(rows)))
    again = run("record", "intervene", "--csv", str(shuffled), "--events", str(events), "--json")
    assert document(again)["record_id"] == record["record_id"]


def test_a_record_that_does_not_hold_exits_with_5(run, monkeypatch: pytest.MonkeyPatch) -> None:
    record = document(run(*ATTRIBUTE))
    monkeypatch.setattr("service.commands.questions.Question.answer", lambda _: {"contributions": []})
    found = document(run("verify", record["record_id"], "--json", code=5))
    assert found["verdict"] == "differs"
    assert found["reasons"]


def test_export_withdraw_import(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = document(run(*ATTRIBUTE))
    run("records", "withdraw", record["record_id"], "--reason", "a test", "--json")
    assert "a test" in run("verify", record["record_id"], code=4).stderr
    out = tmp_path / "export.jsonl"
    run("records", "export", "--out", str(out))
    assert "new file" in run("records", "export", "--out", str(out), code=3).stderr
    assert out.read_text() == run("records", "export").stdout
    monkeypatch.setenv("TRADEBREAKS_DATABASE_URL", f"sqlite:///{tmp_path / 'other.sqlite'}")
    assert document(run("records", "import", str(out), "--json")) == {"stored": 2, "known": 0}
    assert "withdrawn" in run("verify", record["record_id"], code=4).stderr
    assert "cannot be read" in run("records", "import", str(tmp_path / "none"), code=3).stderr


def test_check_names_what_is_damaged(run, tmp_path: Path) -> None:
    from sqlalchemy import text

    from service.store import Database, triggers

    record = document(run(*ATTRIBUTE))["record_id"]
    assert document(run("records", "check", "--json")) == {"records": 1, "damaged": []}
    database = Database(f"sqlite:///{tmp_path / 'records.sqlite'}")
    with database.writing() as connection:
        triggers.drop(connection, "estimates")
        connection.execute(text("UPDATE estimates SET software = '9'"))
        triggers.create(connection, "estimates")
    database.close()
    assert record in run("records", "check", code=3).stdout
    out = tmp_path / "export.jsonl"
    assert record in run("records", "export", "--out", str(out), code=3).stderr
    assert '"lines": 0' in out.read_text(), "the rest is exported"


def test_an_unknown_record_is_not_found(run) -> None:
    assert "No record" in run("verify", "0" * 32, code=4).stderr


def test_migrations_run_up_and_go_back_only_with_a_dump(run, tmp_path: Path) -> None:
    dump = tmp_path / "dump.jsonl"
    head = document(run("records", "migrate", "--json"))["migration"]
    for given in ((), ("--yes",), ("--dump", str(dump))):
        refused = run("records", "migrate", "--revision", "base", *given, code=2)
        assert "--dump FILE" in refused.stderr
    assert not dump.exists()
    down = ("records", "migrate", "--revision", "base", "--dump", str(dump), "--yes", "--json")
    assert document(run(*down))["migration"] is None
    assert '"type": "end"' in dump.read_text()
    assert document(run("records", "migrate", "--json"))["migration"] == head
    assert "No such migration" in run("records", "migrate", "--revision", "nonsense", code=2).stderr


def test_a_token_and_its_hash(run) -> None:
    import hashlib

    found = document(run("token", "--json"))
    assert hashlib.sha256(found["token"].encode()).hexdigest() == found["sha256"]
    assert len(found["token"]) >= 40
