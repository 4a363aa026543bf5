"""How a command speaks: one document on stdout, one sentence on stderr, one exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import Any, NoReturn, TypeVar

import click

from analysis.errors import TradebreaksError, UsageError

PROGRAM = "tradebreaks"
PATIENCE = 2.0
"""Seconds without a word."""
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 plus the number of SIGINT."""

ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *range(0xD800, 0xE000))}
"""What JSON may hold as it is, but a terminal would obey or cannot show."""

Command = TypeVar("Command", bound=Callable[..., Any])


class SentenceGroup(click.Group):
    """A group whose every error is one sentence on stderr and the exit code of its class."""

    def main(  # type: ignore[override]  # standalone mode is decided here, not by the caller
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,
    ) -> NoReturn:
        """Run the command line and exit; see the exit codes in :mod:`analysis.errors`."""
        extra.pop("standalone_mode", None)
        try:
            code = super().main(args, prog_name or PROGRAM, standalone_mode=False, **extra)
            sys.stdout.flush()
        except TradebreaksError as error:
            _fail(error.message, error.exit_code)
        except click.ClickException as error:
            _fail(_usage_sentence(error), UsageError.exit_code)
        except (click.Abort, KeyboardInterrupt):
            _fail("interrupted", INTERRUPTED)
        except BrokenPipeError:
            # The reader went away; keep the interpreter from complaining when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        sys.exit(code if isinstance(code, int) else 0)


def sentence(message: str) -> str:
    """Return `message` on one line, with a capital and a full stop."""
    line = " ".join(message.split())
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "?", "!")) else ".")


def say(message: str) -> None:
    """Write one sentence to stderr: progress, a default that was chosen, a warning."""
    from analysis.domain.text import readable

    click.echo(readable(sentence(message)), err=True)


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Say on stderr what is being done once it has taken longer than `PATIENCE` seconds."""
    timer = Timer(PATIENCE, say, [f"{doing}, please wait"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def emit(record: Any, text: str, as_json: bool) -> None:
    """Write the one document of a command to stdout.

    Parameters
    ----------
    record : mapping
        JSON-ready values, written with 12 significant digits in their own key order.
    text : str
        The same for a reader.
    as_json : bool
        Which of the two.
    """
    if as_json:
        from analysis.domain.hashing import rounded

        document = json.dumps(rounded(record), indent=2, ensure_ascii=False, allow_nan=False)
        click.echo(document.translate(ESCAPED))
    else:
        from analysis.domain.text import on_terminal

        click.echo(on_terminal(text.rstrip("\n")))


def json_option(command: Command) -> Command:
    """Add ``--json``."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else on stdout."
    )(command)


def _usage_sentence(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    hint = f"; {context.command_path} --help shows the usage" if context is not None else ""
    return message.rstrip(".") + hint


def _fail(message: str, code: int) -> NoReturn:
    say(message)
    sys.exit(code)
