"""The commands on citable records: record, verify, records, token."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.cli import detector_options, method_options
from analysis.cli.estimates import attribute, breaks, intervene
from analysis.cli.shell import emit, json_option, say
from analysis.errors import InputError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from service.questions import Kind
    from service.store import Store

UNRECORDED = method_options.UNRECORDED | detector_options.UNRECORDED | {"details", "guard"}
DIFFERS = 5
"""Exit code of `verify` for a record that does not hold."""


@click.group(no_args_is_help=False)
def record() -> None:
    """Compute an estimate and store it as a citable record."""


@click.command()
@click.argument("record_id", metavar="ID")
@json_option
def verify(record_id: str, as_json: bool) -> None:
    """Compute a record anew; exit 0 if it is identical or equal, 5 if it differs."""
    with _service("tradebreaks verify"):
        from analysis.catalogue.remembered import forget
        from service.commands.questions import answer
        from service.records.verification import verify as compare

        forget()
        found = compare(_store().get(record_id), answer)
    emit(found.to_record(), "\n".join(found.sentences()), as_json)
    if found.verdict == "differs":
        sys.exit(DIFFERS)


@click.group(no_args_is_help=False)
def records() -> None:
    """Work on the store of records."""


@records.command("export")
@click.option("--out", metavar="FILE", help="Default: stdout.")
def export_records(out: str | None) -> None:
    """Write every record as one line of JSON each; exit 3 if one is damaged and was left out."""
    with _service("tradebreaks records export"):
        store = _store()
        if out is None:
            from service.store.exchange import export

            for line in export(store):
                click.echo(line)
            return
        _export_to(store, out)


@records.command("import")
@click.argument("file")
@json_option
def import_records(file: str, as_json: bool) -> None:
    """Store what an export wrote, all of it or nothing; what is there already is left as it is."""
    with _service("tradebreaks records import"):
        from service.store.exchange import load

        store = _store()
        try:
            with Path(file).open(encoding="utf-8") as lines:
                new, known = load(store, lines)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the file {file} cannot be read ({error})") from None
    emit({"stored": new, "known": known}, f"{new} lines stored, {known} were there.", as_json)


@records.command("check")
@json_option
def check_records(as_json: bool) -> None:
    """Read every record and compare its hashes; exit 3 if one is damaged."""
    with _service("tradebreaks records check"):
        count, damaged = _store().check()
    emit(
        {"records": count, "damaged": [{"id": row.id, "why": row.why} for row in damaged]},
        "\n".join(
            [f"{count} records, {len(damaged)} damaged.", *(f"{row.id}: {row.why}" for row in damaged)]
        ),
        as_json,
    )
    if damaged:
        sys.exit(InputError.exit_code)


@records.command("migrate")
@click.option("--revision", default="head", show_default=True, help="A migration, head, or base.")
@click.option("--dump", metavar="FILE", help="Going back: first export every record to this new file.")
@click.option("--yes", is_flag=True, help="Going back: destroy what the older migration has no place for.")
@json_option
def migrate_records(revision: str, dump: str | None, yes: bool, as_json: bool) -> None:
    """Bring the tables of the store to those that this software needs; going back needs --dump and --yes."""
    with _service("tradebreaks records migrate"):
        from service.store import Store

        database = _database()
        down = database.destroys(revision)
        if down and not (dump and yes):
            raise UsageError(
                f"going back to migration {revision} destroys what it has no place for: give --dump FILE, "
                "where every record is exported first, and --yes"
            )
        if down and dump:
            database.require_current()
            _export_to(Store(database), dump)
        database.migrate_or_create(revision, down=down)
        found = database.revision()
    emit({"migration": found}, f"The store stands at migration {found or 'none'}.", as_json)


def _export_to(store: Store, out: str) -> None:
    from service.store.exchange import export

    try:
        with Path(out).open("x", encoding="utf-8") as file:
            for line in export(store):
                file.write(f"{line}\n")
    except OSError as error:
        raise InputError(f"the file {out} cannot be written ({error.strerror}): name a new file") from None


@records.command("withdraw")
@click.argument("record_id", metavar="ID")
@click.option("--reason", required=True, help="Shown with the date wherever the record was.")
@json_option
def withdraw_record(record_id: str, reason: str, as_json: bool) -> None:
    """Withdraw a record: its address answers 410 from now on; the row stays."""
    with _service("tradebreaks records withdraw"):
        done = _store().withdraw(record_id, reason)
    emit(
        {"record_id": done.record_id, "withdrawn_at": done.withdrawn_at, "reason": done.reason},
        f"Record {done.record_id} is withdrawn: {done.reason}",
        as_json,
    )


@click.command()
@json_option
def token(as_json: bool) -> None:
    """Print a new token, and the hash of it that the service is told."""
    with _service("tradebreaks token"):
        from service.guards import new_token

        secret, hashed = new_token()
    emit(
        {"token": secret, "sha256": hashed},
        f"Token, to be kept secret: {secret}\n"
        f"For TRADEBREAKS_PUBLISH_TOKEN_SHA256 or TRADEBREAKS_ADMIN_TOKEN_SHA256: {hashed}",
        as_json,
    )


def _record_command(kind: Kind, twin: click.Command) -> click.Command:
    """Return a command with the options of `twin` that stores what it computes."""
    words = (twin.help or "").strip().rstrip(".")
    return click.Command(
        twin.name,
        params=[p for p in twin.params if p.name not in UNRECORDED],
        callback=partial(_record, kind),
        help=f"{words}, and store the answer.",
        context_settings=twin.context_settings,
    )


def _record(kind: Kind, *, as_json: bool, **options: Any) -> None:
    with _service("tradebreaks record"):
        from service.commands.questions import answer, read_question
        from service.records.words import summary

        question = read_question(kind, method_options.take_orders(options))
        store = _store()
        if store.has(question.record_id):
            kept, new = store.get(question.record_id), False
        else:
            kept, new = store.add(question.inputs, answer(question), question.key)
    say(f"{'stored' if new else 'stored before'} as {kept.id}")
    emit(kept.document, summary(kept), as_json)


for _kind, _twin in (("breaks", breaks), ("interventions", intervene), ("attribution", attribute)):
    record.add_command(_record_command(_kind, _twin))  # type: ignore[arg-type]  # a literal of the tuple


@contextmanager
def _service(purpose: str) -> Iterator[None]:
    """Say which extra is missing if the service is not installed."""
    try:
        yield
    except ModuleNotFoundError as absent:
        if (absent.name or "").split(".")[0] in ("analysis", "service"):
            raise
        raise MissingExtraError.naming(purpose, "service") from None


def _database() -> Any:
    from service.settings import Settings
    from service.store import Database

    return Database(Settings.from_environment().database_url)


def _store() -> Store:
    from service.store import Store

    return Store(_database()).ready()


COMMANDS: tuple[click.Command, ...] = (record, verify, records, token)
"""Commands that need the extra ``service``, in the order in which ``--help`` lists them."""
