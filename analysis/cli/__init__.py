"""The library's commands; :mod:`service.cli` adds its own and is the entry point ``tradebreaks``."""

from analysis.cli.across import across
from analysis.cli.batch import batch
from analysis.cli.catalogue import events, series
from analysis.cli.claims import claims
from analysis.cli.data import data
from analysis.cli.downloads import import_
from analysis.cli.estimates import attribute, breaks, intervene
from analysis.cli.methods import methods
from analysis.cli.report import report
from analysis.cli.shell import SentenceGroup
from analysis.cli.stability import monitor, stability

COMMANDS = (
    series,
    events,
    breaks,
    stability,
    monitor,
    intervene,
    attribute,
    import_,
    batch,
    across,
    claims,
    methods,
    report,
    data,
)
"""Commands of the library, in the order in which ``--help`` lists them."""

__all__ = ["COMMANDS", "SentenceGroup"]
