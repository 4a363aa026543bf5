"""Entry point ``tradebreaks``: the library's commands and those of the service."""

from __future__ import annotations

import os

import click

from analysis import __version__
from analysis.cli import COMMANDS, SentenceGroup
from analysis.errors import MissingExtraError
from service.commands import COMMANDS as SERVICE_COMMANDS


@click.group(
    cls=SentenceGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="tradebreaks")
def main() -> None:
    """Structural breaks in North Korea's recorded trade, dated to events, with intervals."""
    # NumPy is loaded by the command that needs it, after this. One thread of linear algebra gives the digits
    # of the service and of batch workers, and does not wait for a busy core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


for _command in (*COMMANDS, *SERVICE_COMMANDS):
    main.add_command(_command)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
def serve(host: str, port: int) -> None:
    """Print the headline table and serve pages and API until interrupted."""
    try:
        from service.server import serve as run
    except ModuleNotFoundError as absent:
        if (absent.name or "").split(".")[0] in ("analysis", "service"):
            raise
        raise MissingExtraError.naming("tradebreaks serve", "service") from None
    run(host, port)


if __name__ == "__main__":
    main()
